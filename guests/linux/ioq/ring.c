// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings as objects: their memory's first state, the local end, its doorbell.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <vbus/ioq.h>

void ioq_ring_init(struct ioq_ring_head *head, u32 count)
{
	memset(head, 0, ioq_ring_size(count));
	shm_signal_desc_init(&head->signal);
	head->magic = cpu_to_le32(IOQ_RING_MAGIC);
	head->ver = cpu_to_le32(IOQ_RING_VER);
	head->count = cpu_to_le32(count);
}
EXPORT_SYMBOL_GPL(ioq_ring_init);

static void ring_signalled(struct shm_signal_notifier *notifier)
{
	struct ioq *ioq = container_of(notifier, struct ioq, shm_notifier);

	if (ioq->notifier)
		ioq->notifier->signal(ioq->notifier);
}

struct ioq *ioq_new(struct ioq_ring_head *head, u32 count,
		    enum shm_signal_locality locality,
		    struct shm_signal *signal)
{
	struct ioq *ioq = kzalloc(sizeof(*ioq), GFP_KERNEL);

	if (!ioq)
		return NULL;
	kref_init(&ioq->kref);
	ioq->locality = locality;
	ioq->head = head;
	ioq->count = count;
	ioq->signal = signal;
	ioq->shm_notifier.signal = ring_signalled;
	if (signal)
		shm_signal_set_notifier(signal, &ioq->shm_notifier);
	return ioq;
}
EXPORT_SYMBOL_GPL(ioq_new);

static void ioq_release(struct kref *kref)
{
	struct ioq *ioq = container_of(kref, struct ioq, kref);

	if (ioq->signal) {
		shm_signal_shutdown(ioq->signal);
		shm_signal_put(ioq->signal);
	}
	kfree(ioq);
}

void ioq_put(struct ioq *ioq)
{
	might_sleep();
	kref_put(&ioq->kref, ioq_release);
}
EXPORT_SYMBOL_GPL(ioq_put);

MODULE_DESCRIPTION("Rings in shared memory");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");
