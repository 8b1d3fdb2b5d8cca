// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring for a driver, in one step: memory, DEVSHM, north side.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <vbus/vbus_driver.h>

int vbus_driver_ioq_alloc(struct vbus_device_proxy *vdev, const char *name,
			  u32 id, u32 prio, u32 count, struct ioq **ioq)
{
	size_t len = PAGE_ALIGN(ioq_ring_size(count));
	struct ioq_ring_head *head;
	struct shm_signal *signal;
	struct ioq *ring;
	int ret;

	if (!count)
		return -EINVAL;
	head = alloc_pages_exact(len, GFP_KERNEL);
	if (!head)
		return -ENOMEM;
	ioq_ring_init(head, count);

	ret = vbus_device_shm(vdev, name, id, prio, head, ioq_ring_size(count),
			      &head->signal, &signal, 0);
	if (ret < 0) {
		free_pages_exact(head, len);
		return ret;
	}
	/* The host has it now, so it goes when driver and host let go of it. */
	shm_signal_give_memory(signal, head, len);

	ring = ioq_new(head, count, SHM_LOCALITY_NORTH, signal);
	if (!ring) {
		shm_signal_put(signal);
		return -ENOMEM;
	}
	*ioq = ring;
	return 0;
}
EXPORT_SYMBOL_GPL(vbus_driver_ioq_alloc);
