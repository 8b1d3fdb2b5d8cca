// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wire, and the host behind it: the south side of the event ring, and one
 * device at most.  A doorbell is an irq_work, which is an interrupt.
 */
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "localhost.h"

/* Of the one handle that there is. */
#define DEVICE_HANDLE	0x77

static struct vbus_connector *connector;

static DEFINE_SPINLOCK(event_lock);
static struct ioq *events;
static struct shm_signal event_signal;
static struct irq_work interrupt;

static DEFINE_MUTEX(plug_lock);
static u32 next_id;
static bool is_plugged;

static void raise_interrupt(struct irq_work *work)
{
	vbus_connector_interrupt(connector);
}

static void inject_event_signal(struct shm_signal *s)
{
	irq_work_queue(&interrupt);
}

static void event_signal_released(struct shm_signal *s)
{
}

static const struct shm_signal_ops event_signal_ops = {
	.inject		= inject_event_signal,
	.release	= event_signal_released,
};

/* Under event_lock. */
static int place_event(u32 eventid, u64 handle, const char *type)
{
	struct vbus_pci_event *event;
	struct ioq_iterator iter;

	if (!events || ioq_iter_init(events, &iter, IOQ_IDX_INUSE, 0) ||
	    ioq_iter_seek(&iter, IOQ_SEEK_TAIL, 0) || !ioq_iter_ours(&iter))
		return -ENOSPC;
	event = phys_to_virt(le64_to_cpu(iter.desc->ptr));
	event->eventid = eventid;
	/* The same place in both: the id of a device, the handle of a signal. */
	event->handle.handle = handle;
	if (type)
		strscpy(event->add.type, type, sizeof(event->add.type));
	return ioq_iter_push(&iter);
}

void localhost_post(u32 eventid, u64 handle, const char *type)
{
	unsigned long flags;

	spin_lock_irqsave(&event_lock, flags);
	if (place_event(eventid, handle, type))
		atomic_inc(&localhost_report.dropped);
	else
		ioq_signal(events);
	spin_unlock_irqrestore(&event_lock, flags);
}

int localhost_plug(bool plugged)
{
	mutex_lock(&plug_lock);
	if (plugged != is_plugged) {
		is_plugged = plugged;
		if (plugged)
			localhost_post(VBUS_PCI_EVENT_DEVADD, next_id,
				       ECHO_TYPE);
		else
			localhost_post(VBUS_PCI_EVENT_DEVDROP, next_id++,
				       NULL);
	}
	mutex_unlock(&plug_lock);
	return 0;
}

static void forget_events(void)
{
	struct ioq *old;
	unsigned long flags;

	spin_lock_irqsave(&event_lock, flags);
	old = events;
	events = NULL;
	spin_unlock_irqrestore(&event_lock, flags);
	if (!old)
		return;
	ioq_put(old);
	shm_signal_flush();
}

static int register_events(const struct vbus_pci_bridge_qreg *args)
{
	struct ioq_ring_head *head = phys_to_virt(args->eventq[0].ring);
	struct ioq *ioq;

	shm_signal_init(&event_signal, SHM_LOCALITY_SOUTH, &event_signal_ops,
			&head->signal);
	ioq = ioq_new(head, args->eventq[0].count, SHM_LOCALITY_SOUTH,
		      &event_signal);
	if (!ioq)
		return -ENOMEM;
	spin_lock_irq(&event_lock);
	events = ioq;
	spin_unlock_irq(&event_lock);
	return 0;
}

static int bridge_call(struct vbus_wire *wire, u32 call, phys_addr_t datap,
		       u32 len)
{
	switch (call) {
	case VBUS_PCI_BRIDGE_NEGOTIATE:
		forget_events();
		return VBUS_PCI_HC_VERSION;
	case VBUS_PCI_BRIDGE_QREG:
		return register_events(phys_to_virt(datap));
	default:
		return -EINVAL;
	}
}

static int device_shm(const struct vbus_pci_deviceshm *args)
{
	return echo_device_shm(args->id, phys_to_virt(args->datap),
			       args->signal.cookie);
}

static int bus_call(struct vbus_wire *wire, u32 call, phys_addr_t datap,
		    u32 len)
{
	struct vbus_pci_deviceopen *open = phys_to_virt(datap);
	struct vbus_pci_devicecall *devcall = phys_to_virt(datap);

	switch (call) {
	case VBUS_PCI_HC_DEVOPEN:
		open->handle = DEVICE_HANDLE;
		return 0;
	case VBUS_PCI_HC_DEVCLOSE:
		echo_device_close();
		return 0;
	case VBUS_PCI_HC_DEVCALL:
		return echo_device_call(devcall->func);
	case VBUS_PCI_HC_DEVSHM:
		return device_shm(phys_to_virt(datap));
	default:
		return -EINVAL;
	}
}

static void ring_signal(struct vbus_wire *wire, u32 handle)
{
	echo_device_rung(handle);
}

static void ring_eventq(struct vbus_wire *wire, u32 queue)
{
	/* Room in the ring is not waited for. */
}

static const struct vbus_wire_ops localhost_ops = {
	.bridge_call	= bridge_call,
	.bus_call	= bus_call,
	.shm_signal	= ring_signal,
	.eventq_signal	= ring_eventq,
};

struct vbus_wire localhost_wire = {
	.ops	= &localhost_ops,
	.name	= "vbus-localhost",
};

void localhost_wire_attach(struct vbus_connector *c)
{
	connector = c;
	interrupt = IRQ_WORK_INIT_HARD(raise_interrupt);
}

void localhost_wire_detach(void)
{
	irq_work_sync(&interrupt);
}
