// SPDX-License-Identifier: GPL-2.0-only
/*
 * What virtio's core and drivers ask of a device without queues: status,
 * features, configuration space.  Each is a call, which may sleep, as these
 * operations may.
 *
 * A device that the host has taken away answers with errors: its status and
 * configuration read as zero, which is what a driver of a device that was reset
 * expects.
 */
#include <linux/gfp.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/virtio_ring.h>
#include "virtio_vbus_device.h"

int virtio_vbus_call_word(struct virtio_vbus_device *vv, u32 func, u32 value)
{
	__le32 word = cpu_to_le32(value);

	return vbus_device_call(vv->proxy, func, &word, sizeof(word), 0);
}

/* ---- configuration space --------------------------------------------------- */

/* The whole call, or NULL; @data is copied in. */
static struct virtio_vbus_config *config_access(unsigned int offset,
						const void *data,
						unsigned int len)
{
	struct virtio_vbus_config *access;

	access = kzalloc(struct_size(access, data, len), GFP_KERNEL);
	if (!access)
		return NULL;
	access->offset = cpu_to_le32(offset);
	if (data)
		memcpy(access->data, data, len);
	return access;
}

void virtio_vbus_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		     unsigned int len)
{
	struct virtio_vbus_device *vv = to_virtio_vbus(vdev);
	struct virtio_vbus_config *access = config_access(offset, NULL, len);
	int ret = -ENOMEM;

	if (access)
		ret = vbus_device_call(vv->proxy, VIRTIO_VBUS_FUNC_CONFIG_GET,
				       access, struct_size(access, data, len),
				       0);
	if (ret < 0)
		memset(buf, 0, len);
	else
		memcpy(buf, access->data, len);
	kfree(access);
}

void virtio_vbus_set(struct virtio_device *vdev, unsigned int offset,
		     const void *buf, unsigned int len)
{
	struct virtio_vbus_device *vv = to_virtio_vbus(vdev);
	struct virtio_vbus_config *access = config_access(offset, buf, len);

	if (!access)
		return;
	vbus_device_call(vv->proxy, VIRTIO_VBUS_FUNC_CONFIG_SET, access,
			 struct_size(access, data, len), 0);
	kfree(access);
}

/* Comes with any byte that is read. */
u32 virtio_vbus_generation(struct virtio_device *vdev)
{
	struct virtio_vbus_device *vv = to_virtio_vbus(vdev);
	struct virtio_vbus_config *access;
	u32 generation = 0;

	if (!vv->config_size)
		return 0;
	access = config_access(0, NULL, 1);
	if (!access)
		return 0;
	if (vbus_device_call(vv->proxy, VIRTIO_VBUS_FUNC_CONFIG_GET, access,
			     struct_size(access, data, 1), 0) >= 0)
		generation = le32_to_cpu(access->generation);
	kfree(access);
	return generation;
}

/* ---- status and features --------------------------------------------------- */

u8 virtio_vbus_get_status(struct virtio_device *vdev)
{
	int ret = vbus_device_call(to_virtio_vbus(vdev)->proxy,
				   VIRTIO_VBUS_FUNC_STATUS_GET, NULL, 0, 0);

	return max(ret, 0);
}

void virtio_vbus_set_status(struct virtio_device *vdev, u8 status)
{
	/* Zero is a reset, which has an operation of its own. */
	if (WARN_ON(!status))
		return;
	virtio_vbus_call_word(to_virtio_vbus(vdev), VIRTIO_VBUS_FUNC_STATUS_SET,
			      status);
}

void virtio_vbus_reset(struct virtio_device *vdev)
{
	virtio_vbus_call_word(to_virtio_vbus(vdev), VIRTIO_VBUS_FUNC_STATUS_SET,
			      0);
	/* Callbacks that run already, in interrupts and softirqs. */
	synchronize_rcu();
}

u64 virtio_vbus_get_features(struct virtio_device *vdev)
{
	return to_virtio_vbus(vdev)->offered;
}

int virtio_vbus_finalize_features(struct virtio_device *vdev)
{
	__le64 features;

	vring_transport_features(vdev);
	/* Rings are split, and the addresses in them physical. */
	__virtio_clear_bit(vdev, VIRTIO_F_RING_PACKED);
	__virtio_clear_bit(vdev, VIRTIO_F_ACCESS_PLATFORM);
	if (!__virtio_test_bit(vdev, VIRTIO_F_VERSION_1)) {
		dev_err(&vdev->dev, "the device is not of version 1\n");
		return -EINVAL;
	}
	features = cpu_to_le64(vdev->features);
	return vbus_device_call(to_virtio_vbus(vdev)->proxy,
				VIRTIO_VBUS_FUNC_FEATURES_SET, &features,
				sizeof(features), 0);
}

/* ---- notice of changes ----------------------------------------------------- */

/* Also called, once and whether enabled or not, when the device has gone. */
static void notice_arrived(struct shm_signal_notifier *notifier)
{
	struct virtio_vbus_device *vv =
		container_of(notifier, struct virtio_vbus_device,
			     notice_notifier);

	if (shm_signal_hung_up(vv->notice))
		virtio_vbus_break(vv);
	else
		virtio_config_changed(&vv->vdev);
}

int virtio_vbus_open_notice(struct virtio_vbus_device *vv)
{
	struct virtio_vbus_notice *notice;
	char name[32];
	int ret;

	notice = alloc_pages_exact(PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	if (!notice)
		return -ENOMEM;
	shm_signal_desc_init(&notice->signal);
	snprintf(name, sizeof(name), "virtio-vbus%u-config", vv->proxy->id);
	ret = vbus_device_shm(vv->proxy, name, VIRTIO_VBUS_SHM_NOTICE, 0,
			      notice, sizeof(*notice), &notice->signal,
			      &vv->notice, 0);
	if (ret < 0) {
		free_pages_exact(notice, PAGE_SIZE);
		return ret;
	}
	shm_signal_give_memory(vv->notice, notice, PAGE_SIZE);
	vv->notice_notifier.signal = notice_arrived;
	shm_signal_set_notifier(vv->notice, &vv->notice_notifier);
	return 0;
}

void virtio_vbus_close_notice(struct virtio_vbus_device *vv)
{
	shm_signal_shutdown(vv->notice);
	shm_signal_put(vv->notice);
}
