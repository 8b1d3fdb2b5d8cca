/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the connector share.
 *
 *   connector.c    life: negotiate, start, stop
 *   event_queue.c  the event ring, drained with a budget
 *   signal.c       a shm_signal per DEVSHM, each an interrupt of Linux
 *   hotplug.c      DEVADD and DEVDROP, in process context
 *   proxy.c        the calls that drivers make
 *   statistics.c   debugfs
 */
#ifndef _VBUS_CONNECTOR_H
#define _VBUS_CONNECTOR_H

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <vbus/ioq.h>
#include <vbus/shm_signal.h>
#include <vbus/vbus_driver.h>
#include <vbus/vbus_pci.h>
#include <vbus/vbus_wire.h>

struct dentry;

/* The names of the file in debugfs. */
struct vbus_statistics {
	atomic_long_t events;		/* taken from the ring */
	atomic_long_t qnotify;		/* interrupts taken */
	atomic_long_t qinject;		/* doorbells of the ring rung */
	atomic_long_t notify;		/* SHMSIGNAL events */
	atomic_long_t inject;		/* doorbells of signals rung */
	atomic_long_t bridgecalls;
	atomic_long_t buscalls;
	atomic_long_t stale;		/* events for what is not there (any more) */
	atomic_long_t postponed;	/* drains that ran out of budget */
};

struct vbus_connector {
	struct vbus_wire *wire;
	/* Of connectors, from 0. */
	int index;
	char name[32];
	struct vbus_statistics stats;
	struct dentry *statistics_file;
	struct dentry *signals_file;

	/* The event ring: north side, its doorbell, its records. */
	struct shm_signal event_signal;
	struct ioq *eventq;
	struct ioq_notifier event_notifier;
	struct ioq_ring_head *ring;
	struct vbus_pci_event *records;
	u32 ring_count;
	struct tasklet_struct drain;
	struct delayed_work retry;

	/* Signals by cookie; each entry holds the host's reference. */
	struct xarray signals;
	u32 next_cookie;

	/* Events that wait for process context, oldest first. */
	spinlock_t hotplug_lock;
	struct list_head hotplug_pending;
	struct work_struct hotplug_work;
	bool stopping;
	/* Of vbus_proxy.  Only touched by hotplug_work, or when it cannot run. */
	struct list_head proxies;
	/* Proxies whose memory is not yet free. */
	atomic_t proxies_alive;
};

/* connector.c */
/* @data is from kmalloc(). */
int vbus_connector_bus_call(struct vbus_connector *c, u32 call, void *data,
			    u32 len);

/* event_queue.c */
int vbus_eventq_create(struct vbus_connector *c);
int vbus_eventq_register(struct vbus_connector *c);
void vbus_eventq_destroy(struct vbus_connector *c);

/* signal.c */
struct vbus_signal {
	struct shm_signal shm;
	struct vbus_connector *connector;
	u32 devid;
	u32 cookie;
	u32 handle;		/* the host's name of it */
	int irq;
	unsigned int cpu;	/* where its interrupt is to be taken */
	call_single_data_t to_cpu;
	char name[32];
};

/* A signal with two references, the caller's and, by its cookie, the host's. */
struct vbus_signal *vbus_signal_create(struct vbus_connector *c, u32 devid,
				       const char *name,
				       struct shm_signal_desc *desc);
/* The host let go of the signal, or never had it. */
void vbus_signal_close(struct vbus_connector *c, u64 cookie);
/* The host forgot the device, and will not say so for each of its signals. */
void vbus_signals_close_device(struct vbus_connector *c, u32 devid);
/* The host has taken the device away.  Interrupt or softirq context. */
void vbus_signals_hang_up_device(struct vbus_connector *c, u64 devid);
/* The host rang the signal.  Interrupt or softirq context. */
void vbus_signal_deliver(struct vbus_connector *c, u64 cookie);
void vbus_signals_destroy(struct vbus_connector *c);

/* hotplug.c */
void vbus_hotplug_init(struct vbus_connector *c);
/* Any context.  0, or -ENOMEM: come again. */
int vbus_hotplug_post(struct vbus_connector *c, u32 eventid, u64 id,
		      const char *type);
/* Removes every device. */
void vbus_hotplug_stop(struct vbus_connector *c);

/* proxy.c */
struct vbus_proxy {
	struct vbus_device_proxy vdev;
	struct vbus_connector *connector;
	struct list_head node;
	u64 devh;
	bool open;
};

struct vbus_proxy *vbus_proxy_create(struct vbus_connector *c, u32 id,
				     const char *type);
/* Unbinds its driver, and closes what the driver left open. */
void vbus_proxy_remove(struct vbus_proxy *proxy);

/* statistics.c */
/* Names the connector after its wire, with its number if that name is taken. */
void vbus_statistics_name(struct vbus_connector *c);
void vbus_statistics_create(struct vbus_connector *c);
void vbus_statistics_destroy(struct vbus_connector *c);

#endif /* _VBUS_CONNECTOR_H */
