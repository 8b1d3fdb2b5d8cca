// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtio transport over virtual-bus: a proxy of type "virtio" becomes a
 * device on Linux's virtio bus, where the kernel's own drivers (virtio_net and
 * its like) find it.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "virtio_vbus_device.h"

/* More than any device has, and less than would hurt. */
#define MAX_QUEUES	1024

static const char *virtio_vbus_bus_name(struct virtio_device *vdev)
{
	return dev_name(&to_virtio_vbus(vdev)->proxy->dev);
}

static const struct virtio_config_ops config_ops = {
	.get			= virtio_vbus_get,
	.set			= virtio_vbus_set,
	.generation		= virtio_vbus_generation,
	.get_status		= virtio_vbus_get_status,
	.set_status		= virtio_vbus_set_status,
	.reset			= virtio_vbus_reset,
	.find_vqs		= virtio_vbus_find_vqs,
	.del_vqs		= virtio_vbus_del_vqs,
	.get_features		= virtio_vbus_get_features,
	.finalize_features	= virtio_vbus_finalize_features,
	.bus_name		= virtio_vbus_bus_name,
};

static void release_device(struct device *dev)
{
	kfree(to_virtio_vbus(dev_to_virtio(dev)));
}

static struct virtio_vbus_device *
create_device(struct vbus_device_proxy *proxy,
	      const struct virtio_vbus_query *query)
{
	u32 queues = le32_to_cpu(query->queues);
	struct virtio_vbus_device *vv;
	u32 i;

	if (queues > MAX_QUEUES)
		return ERR_PTR(-EINVAL);
	vv = kzalloc(struct_size(vv, queues, queues), GFP_KERNEL);
	if (!vv)
		return ERR_PTR(-ENOMEM);
	vv->proxy = proxy;
	vv->offered = le64_to_cpu(query->features);
	vv->config_size = le32_to_cpu(query->config_size);
	vv->queue_count = queues;
	for (i = 0; i < queues; i++)
		vv->queues[i].vv = vv;
	spin_lock_init(&vv->lock);
	vv->vdev.dev.parent = &proxy->dev;
	vv->vdev.dev.release = release_device;
	vv->vdev.config = &config_ops;
	vv->vdev.id.device = le32_to_cpu(query->device_id);
	vv->vdev.id.vendor = le32_to_cpu(query->vendor_id);
	return vv;
}

static int virtio_vbus_probe(struct vbus_device_proxy *proxy)
{
	struct virtio_vbus_query query = {};
	struct virtio_vbus_device *vv;
	int ret;

	ret = vbus_device_open(proxy, VIRTIO_VBUS_VERSION, 0);
	if (ret < 0)
		return ret;
	ret = vbus_device_call(proxy, VIRTIO_VBUS_FUNC_QUERY, &query,
			       sizeof(query), 0);
	if (ret < 0)
		goto close;
	vv = create_device(proxy, &query);
	if (IS_ERR(vv)) {
		ret = PTR_ERR(vv);
		goto close;
	}
	vbus_set_drvdata(proxy, vv);
	ret = virtio_vbus_open_notice(vv);
	if (ret < 0) {
		kfree(vv);
		goto close;
	}
	ret = register_virtio_device(&vv->vdev);
	if (ret) {
		vbus_device_close(proxy, 0);
		virtio_vbus_close_notice(vv);
		put_device(&vv->vdev.dev);
		return ret;
	}
	/* What has changed meanwhile is told now. */
	shm_signal_enable(vv->notice);
	return 0;

close:
	vbus_device_close(proxy, 0);
	return ret;
}

static void virtio_vbus_remove(struct vbus_device_proxy *proxy)
{
	struct virtio_vbus_device *vv = vbus_get_drvdata(proxy);

	get_device(&vv->vdev.dev);
	shm_signal_disable(vv->notice);
	unregister_virtio_device(&vv->vdev);
	vbus_device_close(proxy, 0);
	virtio_vbus_close_notice(vv);
	virtio_vbus_put_queues(vv);
	put_device(&vv->vdev.dev);
}

static struct vbus_driver virtio_vbus_driver = {
	.type	= VIRTIO_VBUS_TYPE,
	.probe	= virtio_vbus_probe,
	.remove	= virtio_vbus_remove,
	.drv	= {
		.name = "virtio-vbus",
	},
};
module_vbus_driver(virtio_vbus_driver);

MODULE_VBUS_ALIAS(VIRTIO_VBUS_TYPE);
MODULE_DESCRIPTION("virtio over virtual-bus");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");
