/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this driver share.
 *
 *   main.c    a proxy of type "virtio" becomes a device of Linux's virtio bus
 *   config.c  status, features, configuration space, by calls; the notice
 *   queues.c  virtqueues in memory that is lent to the host, and doorbells
 */
#ifndef _VIRTIO_VBUS_DEVICE_H
#define _VIRTIO_VBUS_DEVICE_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <vbus/shm_signal.h>
#include <vbus/vbus_driver.h>
#include <vbus/virtio_vbus.h>

/* The memory of a queue.  Lent to the host once, for as long as we have it open. */
struct virtio_vbus_queue {
	struct virtio_vbus_device *vv;
	/* NULL: nothing was lent yet. */
	struct virtio_vbus_ring *ring;
	struct shm_signal *signal;
	struct shm_signal_notifier notifier;
	u32 size;		/* descriptors that there is room for */
	/* While a driver uses the queue; changes under vv->lock. */
	struct virtqueue *vq;
};

struct virtio_vbus_device {
	struct virtio_device vdev;
	struct vbus_device_proxy *proxy;
	u64 offered;		/* features */
	u32 config_size;
	struct shm_signal *notice;
	struct shm_signal_notifier notice_notifier;
	/* Keeps queues' vq from going away under virtio_vbus_break(). */
	spinlock_t lock;
	bool gone;
	u32 queue_count;
	struct virtio_vbus_queue queues[];
};

static inline struct virtio_vbus_device *to_virtio_vbus(struct virtio_device *d)
{
	return container_of(d, struct virtio_vbus_device, vdev);
}

/* A call with one 32-bit number.  Result of the host, or -errno. */
int virtio_vbus_call_word(struct virtio_vbus_device *vv, u32 func, u32 value);

/* config.c */
void virtio_vbus_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		     unsigned int len);
void virtio_vbus_set(struct virtio_device *vdev, unsigned int offset,
		     const void *buf, unsigned int len);
u32 virtio_vbus_generation(struct virtio_device *vdev);
u8 virtio_vbus_get_status(struct virtio_device *vdev);
void virtio_vbus_set_status(struct virtio_device *vdev, u8 status);
void virtio_vbus_reset(struct virtio_device *vdev);
u64 virtio_vbus_get_features(struct virtio_device *vdev);
int virtio_vbus_finalize_features(struct virtio_device *vdev);
/*
 * Lends the notice.  From here on virtio_vbus_break() is called when the device
 * goes; enable vv->notice to hear of changes of the configuration too.
 */
int virtio_vbus_open_notice(struct virtio_vbus_device *vv);
void virtio_vbus_close_notice(struct virtio_vbus_device *vv);

/* queues.c */
int virtio_vbus_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
			 struct virtqueue *vqs[], vq_callback_t *callbacks[],
			 const char *const names[], const bool *ctx,
			 struct irq_affinity *desc);
void virtio_vbus_del_vqs(struct virtio_device *vdev);
/*
 * The host has taken the device away; any context.  At once, since a driver
 * that polls may keep the processor from the work that removes it.  Queues that
 * are polled are broken, which ends it.  The others are left alone, buffers just
 * do not come back: virtio_net of 6.1 polls for ever on a queue that is broken
 * before it has taken all that the host gave back (virtnet_poll_cleantx).
 */
void virtio_vbus_break(struct virtio_vbus_device *vv);
/* After the device was closed: gives the queues' memory back. */
void virtio_vbus_put_queues(struct virtio_vbus_device *vv);

#endif /* _VIRTIO_VBUS_DEVICE_H */
