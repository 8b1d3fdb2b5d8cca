// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtqueues.  Linux's virtio_ring runs them; it is given the memory, which
 * begins with a head that tells the host where the areas are, and a doorbell.
 *
 * The memory is lent when a driver first asks for the queue, and stays lent
 * until the device is closed: the next driver of the device finds it there.
 * What comes and goes is the struct virtqueue over it.
 *
 * A kick is an injection of the queue's doorbell, an interrupt a call of its
 * notifier.  virtio_ring decides which of them are wanted, shm_signal which of
 * these need the wire.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/virtio_ring.h>
#include "virtio_vbus_device.h"

/* The used area starts on a cache line of its own, and so does the ring. */
#define RING_ALIGN	64

/* The host takes areas to be made of whole 32-bit words. */
static size_t memory_size(u32 size)
{
	return ALIGN(sizeof(struct virtio_vbus_ring) +
		     vring_size(size, RING_ALIGN), 4);
}

/*
 * True if a driver that waits for a buffer of this queue does so by looking,
 * until the queue is broken: virtio_net for its control queue.
 */
static bool is_polled(const struct virtio_vbus_queue *queue)
{
	return !queue->vq->callback;
}

/* False: virtio_ring takes the queue for broken. */
static bool kick(struct virtqueue *vq)
{
	struct virtio_vbus_queue *queue = vq->priv;

	if (READ_ONCE(queue->vv->gone))
		return !is_polled(queue);
	shm_signal_inject(queue->signal);
	return true;
}

static void queue_interrupt(struct shm_signal_notifier *notifier)
{
	struct virtio_vbus_queue *queue =
		container_of(notifier, struct virtio_vbus_queue, notifier);

	vring_interrupt(0, queue->vq);
}

/* ---- memory ----------------------------------------------------------------- */

/* The largest ring up to @size that there is memory for. */
static struct virtio_vbus_ring *alloc_ring(u32 *size)
{
	struct virtio_vbus_ring *ring;

	for (; *size; *size /= 2) {
		gfp_t flags = GFP_KERNEL | __GFP_ZERO;

		if (*size > 1)
			flags |= __GFP_NOWARN;
		ring = alloc_pages_exact(memory_size(*size), flags);
		if (ring)
			return ring;
	}
	return NULL;
}

static int lend(struct virtio_vbus_queue *queue, u32 index, const char *name)
{
	struct virtio_vbus_device *vv = queue->vv;
	struct virtio_vbus_ring *ring;
	char irq_name[32];
	u32 size;
	int ret;

	ret = virtio_vbus_call_word(vv, VIRTIO_VBUS_FUNC_QUEUE_SIZE, index);
	if (ret < 0)
		return ret;
	size = ret;
	if (!is_power_of_2(size) || size > 32768)
		return -EINVAL;
	ring = alloc_ring(&size);
	if (!ring)
		return -ENOMEM;
	ring->magic = cpu_to_le32(VIRTIO_VBUS_RING_MAGIC);
	ring->ver = cpu_to_le32(VIRTIO_VBUS_RING_VER);
	shm_signal_desc_init(&ring->signal);

	snprintf(irq_name, sizeof(irq_name), "%s-%s", dev_name(&vv->vdev.dev),
		 name);
	ret = vbus_device_shm(vv->proxy, irq_name, VIRTIO_VBUS_SHM_QUEUE(index),
			      4, ring, memory_size(size), &ring->signal,
			      &queue->signal, 0);
	if (ret < 0) {
		free_pages_exact(ring, memory_size(size));
		return ret;
	}
	shm_signal_give_memory(queue->signal, ring, memory_size(size));
	queue->ring = ring;
	queue->size = size;
	return 0;
}

/* Where virtio_ring has put the areas. */
static void write_head(struct virtio_vbus_ring *ring, struct virtqueue *vq)
{
	const struct vring *vring = virtqueue_get_vring(vq);

	ring->size = cpu_to_le32(vring->num);
	ring->desc = cpu_to_le32((void *)vring->desc - (void *)ring);
	ring->avail = cpu_to_le32((void *)vring->avail - (void *)ring);
	ring->used = cpu_to_le32((void *)vring->used - (void *)ring);
}

/* ---- virtqueues ------------------------------------------------------------- */

static void set_vq(struct virtio_vbus_queue *queue, struct virtqueue *vq)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->vv->lock, flags);
	queue->vq = vq;
	spin_unlock_irqrestore(&queue->vv->lock, flags);
}

static void del_vq(struct virtio_vbus_queue *queue)
{
	struct virtqueue *vq = queue->vq;

	shm_signal_shutdown(queue->signal);
	set_vq(queue, NULL);
	vring_del_virtqueue(vq);
}

static struct virtqueue *setup_vq(struct virtio_vbus_device *vv, u32 index,
				  vq_callback_t *callback, const char *name,
				  bool ctx)
{
	struct virtio_vbus_queue *queue;
	struct virtqueue *vq;
	int ret;

	if (index >= vv->queue_count)
		return ERR_PTR(-ENOENT);
	queue = &vv->queues[index];
	if (queue->vq)
		return ERR_PTR(-EBUSY);
	if (!queue->ring) {
		ret = lend(queue, index, name);
		if (ret)
			return ERR_PTR(ret);
	}

	memset(queue->ring + 1, 0,
	       memory_size(queue->size) - sizeof(*queue->ring));
	vq = vring_new_virtqueue(index, queue->size, RING_ALIGN, &vv->vdev,
				 true, ctx, queue->ring + 1, kick, callback,
				 name);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->priv = queue;
	vq->num_max = queue->size;
	set_vq(queue, vq);
	write_head(queue->ring, vq);
	ret = virtio_vbus_call_word(vv, VIRTIO_VBUS_FUNC_QUEUE_ENABLE, index);
	if (ret < 0) {
		del_vq(queue);
		return ERR_PTR(ret);
	}
	if (callback) {
		queue->notifier.signal = queue_interrupt;
		shm_signal_set_notifier(queue->signal, &queue->notifier);
		shm_signal_enable(queue->signal);
	}
	return vq;
}

int virtio_vbus_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
			 struct virtqueue *vqs[], vq_callback_t *callbacks[],
			 const char *const names[], const bool *ctx,
			 struct irq_affinity *desc)
{
	struct virtio_vbus_device *vv = to_virtio_vbus(vdev);
	u32 index = 0;
	unsigned int i;

	for (i = 0; i < nvqs; i++) {
		/* A driver leaves out what it does not use. */
		if (!names[i]) {
			vqs[i] = NULL;
			continue;
		}
		vqs[i] = setup_vq(vv, index++, callbacks[i], names[i],
				  ctx && ctx[i]);
		if (IS_ERR(vqs[i])) {
			int ret = PTR_ERR(vqs[i]);

			virtio_vbus_del_vqs(vdev);
			return ret;
		}
	}
	return 0;
}

void virtio_vbus_del_vqs(struct virtio_device *vdev)
{
	struct virtio_vbus_device *vv = to_virtio_vbus(vdev);
	u32 i;

	for (i = 0; i < vv->queue_count; i++)
		if (vv->queues[i].vq)
			del_vq(&vv->queues[i]);
}

void virtio_vbus_break(struct virtio_vbus_device *vv)
{
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&vv->lock, flags);
	WRITE_ONCE(vv->gone, true);
	for (i = 0; i < vv->queue_count; i++)
		if (vv->queues[i].vq && is_polled(&vv->queues[i]))
			__virtqueue_break(vv->queues[i].vq);
	spin_unlock_irqrestore(&vv->lock, flags);
}

void virtio_vbus_put_queues(struct virtio_vbus_device *vv)
{
	u32 i;

	for (i = 0; i < vv->queue_count; i++)
		if (vv->queues[i].signal)
			shm_signal_put(vv->queues[i].signal);
}
