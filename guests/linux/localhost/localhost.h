/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vbus-localhost: both ends of a virtual-bus in one kernel, to test what one
 * processor cannot: the races of doorbells and rings on several.
 *
 *   module.c       life, and the files in debugfs
 *   wire.c         the wire and, behind it, a host with one device
 *   echo_device.c  south: sends back what it gets; a thread on the last processor
 *   echo_driver.c  north: sends numbers, checks them; a thread on the first
 *
 * Both threads poll while there is work and sleep with their doorbell enabled
 * when there is none, with pauses of random length in between, so that each
 * goes to sleep just when the other rings, again and again.
 *
 * Built with SELFTEST=1 only.  In a guest with two processors:
 *
 *   insmod vbus-localhost.ko; echo 1 > /sys/kernel/debug/vbus-localhost-plugged
 *   cat /sys/kernel/debug/vbus-localhost-report      lost and wrong stay 0
 *
 * While it runs, move the interrupts "echo-…" between processors, take one
 * off-line, plug and unplug.
 */
#ifndef _VBUS_LOCALHOST_H
#define _VBUS_LOCALHOST_H

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/random.h>
#include <linux/wait.h>
#include <vbus/ioq.h>
#include <vbus/vbus_driver.h>
#include <vbus/vbus_wire.h>

#define ECHO_TYPE	"echo"
#define ECHO_VERSION	1
#define ECHO_RING	64	/* descriptors */

/* Shm ids, from the driver's point of view; a number is in a descriptor's len. */
enum echo_shm {
	ECHO_RX,
	ECHO_TX,
	ECHO_SHMS,
};

enum echo_func {
	ECHO_START,
};

/* Counted since the module was loaded. */
struct localhost_report {
	atomic_t echoed;	/* by the device */
	atomic_t received;	/* by the driver */
	atomic_t wrong;		/* numbers that were not next, or ring errors */
	atomic_t lost;		/* sleepers that had work and were not told */
	atomic_t dropped;	/* events for which the ring had no room */
};

extern struct localhost_report localhost_report;

/* A thread that polls a ring, and sleeps until its doorbell rings. */
struct sleeper {
	struct ioq *ioq;
	struct ioq_notifier notifier;
	wait_queue_head_t queue;
	bool woken;
};

void sleeper_init(struct sleeper *s, struct ioq *ioq);
/* Returns when the doorbell has rung, or the thread is to stop. */
void sleeper_sleep(struct sleeper *s);

/* Now and then, for as long as it takes another processor to do something. */
static inline void random_pause(void)
{
	u32 random = get_random_u32();

	if (random % 8 == 0)
		ndelay((random >> 8) % 4096);
}

/* wire.c */
extern struct vbus_wire localhost_wire;
void localhost_wire_attach(struct vbus_connector *connector);
void localhost_wire_detach(void);
int localhost_plug(bool plugged);
/* Any context. */
void localhost_post(u32 eventid, u64 handle, const char *type);

/* echo_device.c */
int echo_device_call(u32 func);
int echo_device_shm(u32 id, struct ioq_ring_head *head, u64 cookie);
void echo_device_rung(u32 handle);
void echo_device_close(void);

/* echo_driver.c */
extern struct vbus_driver echo_driver;
extern unsigned int echo_inflight;

#endif /* _VBUS_LOCALHOST_H */
