// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus type "vbus-proxy" of the driver model: devices that connectors
 * announce, drivers by type, modalias for the autoloader.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/string.h>
#include <vbus/vbus_driver.h>

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "vbus-proxy:%s\n", to_vbus_device(dev)->type);
}
static DEVICE_ATTR_RO(modalias);

static struct attribute *vbus_device_attrs[] = {
	&dev_attr_modalias.attr,
	NULL,
};
ATTRIBUTE_GROUPS(vbus_device);

static int vbus_bus_match(struct device *dev, struct device_driver *drv)
{
	return !strcmp(to_vbus_device(dev)->type, to_vbus_driver(drv)->type);
}

static int vbus_bus_uevent(struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "MODALIAS=vbus-proxy:%s",
			      to_vbus_device(dev)->type);
}

static int vbus_bus_probe(struct device *dev)
{
	return to_vbus_driver(dev->driver)->probe(to_vbus_device(dev));
}

static void vbus_bus_remove(struct device *dev)
{
	struct vbus_driver *drv = to_vbus_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_vbus_device(dev));
}

static struct bus_type vbus_proxy_bus = {
	.name		= "vbus-proxy",
	.dev_groups	= vbus_device_groups,
	.match		= vbus_bus_match,
	.uevent		= vbus_bus_uevent,
	.probe		= vbus_bus_probe,
	.remove		= vbus_bus_remove,
};

/* /sys/devices/vbus-proxy: the parent of proxies that name no other. */
static struct device *vbus_root;

static void vbus_device_release(struct device *dev)
{
	struct vbus_device_proxy *vdev = to_vbus_device(dev);

	vdev->ops->release(vdev);
}

int vbus_device_proxy_register(struct vbus_device_proxy *vdev)
{
	int ret;

	device_initialize(&vdev->dev);
	vdev->dev.bus = &vbus_proxy_bus;
	vdev->dev.release = vbus_device_release;
	if (!vdev->dev.parent)
		vdev->dev.parent = vbus_root;
	if (vdev->bus)
		ret = dev_set_name(&vdev->dev, "%u:%u", vdev->bus, vdev->id);
	else
		ret = dev_set_name(&vdev->dev, "%u", vdev->id);
	if (!ret)
		ret = device_add(&vdev->dev);
	if (ret)
		put_device(&vdev->dev);
	return ret;
}
EXPORT_SYMBOL_GPL(vbus_device_proxy_register);

void vbus_device_proxy_unregister(struct vbus_device_proxy *vdev)
{
	device_unregister(&vdev->dev);
}
EXPORT_SYMBOL_GPL(vbus_device_proxy_unregister);

int __vbus_driver_register(struct vbus_driver *drv, struct module *owner)
{
	if (!drv->type || !drv->probe)
		return -EINVAL;
	if (!drv->drv.name)
		drv->drv.name = drv->type;
	drv->drv.owner = owner;
	drv->drv.bus = &vbus_proxy_bus;
	return driver_register(&drv->drv);
}
EXPORT_SYMBOL_GPL(__vbus_driver_register);

void vbus_driver_unregister(struct vbus_driver *drv)
{
	driver_unregister(&drv->drv);
}
EXPORT_SYMBOL_GPL(vbus_driver_unregister);

static int __init vbus_proxy_init(void)
{
	int ret = bus_register(&vbus_proxy_bus);

	if (ret)
		return ret;
	vbus_root = root_device_register("vbus-proxy");
	if (IS_ERR(vbus_root)) {
		bus_unregister(&vbus_proxy_bus);
		return PTR_ERR(vbus_root);
	}
	return 0;
}
module_init(vbus_proxy_init);

static void __exit vbus_proxy_exit(void)
{
	root_device_unregister(vbus_root);
	bus_unregister(&vbus_proxy_bus);
}
module_exit(vbus_proxy_exit);

MODULE_DESCRIPTION("The bus of virtual-bus devices");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");
