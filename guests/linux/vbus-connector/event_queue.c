// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event ring: everything that the host has to say, in one ring with one
 * interrupt.
 *
 * North pushes every slot on `valid` once.  South fills a record, pushes it on
 * `inuse` and rings; north takes it, zeroes the record and pops the slot back.
 *
 * The interrupt takes at most `budget` events; if there are more, the doorbell
 * stays masked and a tasklet goes on, so that a flood of signals cannot keep a
 * processor in its interrupt handler.  There is one drainer at a time: the
 * notifier never runs twice, and it masks the doorbell before it leaves the rest
 * to the tasklet, which unmasks it as the last thing it does.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "connector.h"

static unsigned int budget = 64;
module_param(budget, uint, 0644);
MODULE_PARM_DESC(budget, "events taken at a time");

/* Slots of the ring, less if memory is too fragmented. */
#define RING_COUNT_MAX	1024
#define RING_COUNT_MIN	64

/* How long to wait if there is no memory for a hot-plug event. */
#define RETRY_DELAY	(HZ / 50)

static size_t ring_bytes(const struct vbus_connector *c)
{
	return PAGE_ALIGN(ioq_ring_size(c->ring_count));
}

static size_t record_bytes(const struct vbus_connector *c)
{
	return PAGE_ALIGN(c->ring_count * sizeof(struct vbus_pci_event));
}

/* 0, or -ENOMEM if the event must be seen again later. */
static int handle_event(struct vbus_connector *c,
			const struct vbus_pci_event *event)
{
	switch (event->eventid) {
	case VBUS_PCI_EVENT_DEVADD:
		return vbus_hotplug_post(c, event->eventid, event->add.id,
					 event->add.type);
	case VBUS_PCI_EVENT_DEVDROP:
		/*
		 * At once: who waits for the device may keep the processor
		 * from the work that removes it.
		 */
		vbus_signals_hang_up_device(c, event->handle.handle);
		return vbus_hotplug_post(c, event->eventid,
					 event->handle.handle, NULL);
	case VBUS_PCI_EVENT_SHMSIGNAL:
		atomic_long_inc(&c->stats.notify);
		vbus_signal_deliver(c, event->handle.handle);
		return 0;
	case VBUS_PCI_EVENT_SHMCLOSE:
		vbus_signal_close(c, event->handle.handle);
		return 0;
	default:
		/* Of a later version of the host. */
		atomic_long_inc(&c->stats.stale);
		return 0;
	}
}

enum drained {
	DRAINED_ALL,
	DRAINED_BUDGET,		/* there is more */
	DRAINED_NO_MEMORY,	/* there is more, but not now */
};

static enum drained drain_events(struct vbus_connector *c)
{
	unsigned int left = max(READ_ONCE(budget), 1u);
	enum drained result = DRAINED_ALL;
	struct ioq_iterator iter;
	bool popped = false;

	if (ioq_iter_init(c->eventq, &iter, IOQ_IDX_INUSE, 0))
		return DRAINED_ALL;
	while (ioq_iter_ours(&iter) && !ioq_empty(c->eventq, IOQ_IDX_INUSE)) {
		struct vbus_pci_event *event = &c->records[iter.pos];

		if (!left--) {
			result = DRAINED_BUDGET;
			break;
		}
		if (handle_event(c, event)) {
			result = DRAINED_NO_MEMORY;
			break;
		}
		memset(event, 0, sizeof(*event));
		atomic_long_inc(&c->stats.events);
		if (ioq_iter_pop(&iter))
			break;
		popped = true;
	}
	if (popped)
		ioq_signal(c->eventq);
	return result;
}

/* Returns with the doorbell masked if there is more. */
static void drain_some(struct vbus_connector *c)
{
	switch (drain_events(c)) {
	case DRAINED_ALL:
		break;
	case DRAINED_BUDGET:
		atomic_long_inc(&c->stats.postponed);
		ioq_notify_disable(c->eventq);
		tasklet_schedule(&c->drain);
		break;
	case DRAINED_NO_MEMORY:
		ioq_notify_disable(c->eventq);
		schedule_delayed_work(&c->retry, RETRY_DELAY);
		break;
	}
}

static void events_came(struct ioq_notifier *notifier)
{
	drain_some(container_of(notifier, struct vbus_connector,
				event_notifier));
}

static void drain_tasklet(struct tasklet_struct *tasklet)
{
	struct vbus_connector *c = from_tasklet(c, tasklet, drain);

	switch (drain_events(c)) {
	case DRAINED_ALL:
		/* What came since is found by this. */
		ioq_notify_enable(c->eventq);
		break;
	case DRAINED_BUDGET:
		tasklet_schedule(&c->drain);
		break;
	case DRAINED_NO_MEMORY:
		schedule_delayed_work(&c->retry, RETRY_DELAY);
		break;
	}
}

static void retry_work(struct work_struct *work)
{
	struct vbus_connector *c =
		container_of(work, struct vbus_connector, retry.work);

	tasklet_schedule(&c->drain);
}

irqreturn_t vbus_connector_interrupt(struct vbus_connector *c)
{
	if (!shm_signal_wakeup(&c->event_signal))
		return IRQ_NONE;
	atomic_long_inc(&c->stats.qnotify);
	return IRQ_HANDLED;
}
EXPORT_SYMBOL_GPL(vbus_connector_interrupt);

static void ring_eventq(struct shm_signal *s)
{
	struct vbus_connector *c =
		container_of(s, struct vbus_connector, event_signal);

	atomic_long_inc(&c->stats.qinject);
	c->wire->ops->eventq_signal(c->wire, 0);
}

static void event_signal_released(struct shm_signal *s)
{
	/* Embedded: goes with the connector, which flushes first. */
}

static const struct shm_signal_ops event_signal_ops = {
	.inject = ring_eventq,
	.release = event_signal_released,
};

static void free_ring(struct vbus_connector *c)
{
	if (c->records)
		free_pages_exact(c->records, record_bytes(c));
	if (c->ring)
		free_pages_exact(c->ring, ring_bytes(c));
	c->records = NULL;
	c->ring = NULL;
}

static int allocate_ring(struct vbus_connector *c)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN;

	for (c->ring_count = RING_COUNT_MAX; c->ring_count >= RING_COUNT_MIN;
	     c->ring_count /= 2) {
		c->ring = alloc_pages_exact(ring_bytes(c), gfp);
		c->records = alloc_pages_exact(record_bytes(c), gfp);
		if (c->ring && c->records)
			return 0;
		free_ring(c);
	}
	return -ENOMEM;
}

/* Gives every slot to the host, with the place of its record. */
static int post_slots(struct vbus_connector *c)
{
	struct ioq_iterator iter;
	u32 i;
	int ret;

	ret = ioq_iter_init(c->eventq, &iter, IOQ_IDX_VALID, 0);
	for (i = 0; !ret && i < c->ring_count; i++) {
		iter.desc->cookie = i;
		iter.desc->ptr = cpu_to_le64(virt_to_phys(&c->records[i]));
		iter.desc->len = cpu_to_le64(sizeof(struct vbus_pci_event));
		iter.desc->valid = 1;
		ret = ioq_iter_push(&iter);
	}
	return ret;
}

int vbus_eventq_create(struct vbus_connector *c)
{
	int ret = allocate_ring(c);

	if (ret)
		return ret;
	tasklet_setup(&c->drain, drain_tasklet);
	INIT_DELAYED_WORK(&c->retry, retry_work);
	ioq_ring_init(c->ring, c->ring_count);
	shm_signal_init(&c->event_signal, SHM_LOCALITY_NORTH,
			&event_signal_ops, &c->ring->signal);
	c->eventq = ioq_new(c->ring, c->ring_count, SHM_LOCALITY_NORTH,
			    &c->event_signal);
	if (!c->eventq) {
		free_ring(c);
		return -ENOMEM;
	}
	c->event_notifier.signal = events_came;
	c->eventq->notifier = &c->event_notifier;
	ret = post_slots(c);
	if (ret)
		vbus_eventq_destroy(c);
	return ret;
}

int vbus_eventq_register(struct vbus_connector *c)
{
	struct vbus_pci_bridge_qreg *args;
	int ret;

	args = kzalloc(sizeof(*args), GFP_KERNEL);
	if (!args)
		return -ENOMEM;
	args->count = 1;
	args->eventq[0].count = c->ring_count;
	args->eventq[0].ring = virt_to_phys(c->ring);
	args->eventq[0].data = virt_to_phys(c->records);

	ioq_notify_enable(c->eventq);
	ret = vbus_connector_bridge_call(c, VBUS_PCI_BRIDGE_QREG, args,
					 sizeof(*args));
	kfree(args);
	return ret < 0 ? ret : 0;
}

void vbus_eventq_destroy(struct vbus_connector *c)
{
	/* Nothing asks for a retry any more: no hot-plug event is kept. */
	shm_signal_shutdown(&c->event_signal);
	cancel_delayed_work_sync(&c->retry);
	tasklet_kill(&c->drain);
	ioq_put(c->eventq);
	shm_signal_flush();
	free_ring(c);
}
