/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's view of a virtual-bus: devices that a connector announced
 * ("proxies"), and the drivers for them.
 *
 * A proxy is on the bus type "vbus-proxy", is named by its decimal id ("bus:id" on
 * a second bus, if there is one), and has a type, the name of the ABI that it
 * speaks.  A driver states the type that it is for and MODULE_VBUS_ALIAS()es it;
 * the first match by name wins.
 *
 * Life: probe -> vbus_device_open() -> any number of vbus_device_call(),
 * vbus_device_shm(), vbus_driver_ioq_alloc() -> remove -> vbus_device_close(),
 * after which the host does not touch any memory of the device, -> ioq_put(),
 * shm_signal_put().  `remove` is called on hot-unplug, too, when the host may
 * already have forgotten the device: vbus_device_close() then returns an error
 * that can be ignored.
 */
#ifndef _VBUS_VBUS_DRIVER_H
#define _VBUS_VBUS_DRIVER_H

#include <linux/device.h>
#include <linux/module.h>
#include <linux/types.h>
#include <vbus/ioq.h>
#include <vbus/shm_signal.h>

#define VBUS_TYPE_LEN	128	/* with the NUL */

#define MODULE_VBUS_ALIAS(type)	MODULE_ALIAS("vbus-proxy:" type)

struct vbus_device_proxy;

/* What a connector offers.  All of them may sleep. */
struct vbus_device_proxy_ops {
	int (*open)(struct vbus_device_proxy *vdev, u32 version, u32 flags);
	int (*close)(struct vbus_device_proxy *vdev, u32 flags);
	int (*shm)(struct vbus_device_proxy *vdev, const char *name, u32 id,
		   u32 prio, void *ptr, size_t len,
		   struct shm_signal_desc *sigdesc, struct shm_signal **signal,
		   u32 flags);
	int (*call)(struct vbus_device_proxy *vdev, u32 func, void *data,
		    size_t len, u32 flags);
	void (*release)(struct vbus_device_proxy *vdev);
};

struct vbus_device_proxy {
	char type[VBUS_TYPE_LEN];
	u32 id;
	/* Of the connector, from 0; ids count on each bus. */
	u32 bus;
	const struct vbus_device_proxy_ops *ops;
	struct device dev;
};

#define to_vbus_device(device) \
	container_of(device, struct vbus_device_proxy, dev)

static inline void vbus_set_drvdata(struct vbus_device_proxy *vdev, void *data)
{
	dev_set_drvdata(&vdev->dev, data);
}

static inline void *vbus_get_drvdata(struct vbus_device_proxy *vdev)
{
	return dev_get_drvdata(&vdev->dev);
}

struct vbus_driver {
	const char *type;
	int (*probe)(struct vbus_device_proxy *vdev);
	/* Also on hot-unplug.  Called once for each successful probe. */
	void (*remove)(struct vbus_device_proxy *vdev);
	struct device_driver drv;	/* .name may be set; the rest is ours */
};

#define to_vbus_driver(driver) \
	container_of(driver, struct vbus_driver, drv)

int __vbus_driver_register(struct vbus_driver *drv, struct module *owner);
void vbus_driver_unregister(struct vbus_driver *drv);

#define vbus_driver_register(drv) __vbus_driver_register(drv, THIS_MODULE)
#define module_vbus_driver(drv) \
	module_driver(drv, vbus_driver_register, vbus_driver_unregister)

/* DEVOPEN.  0 or -errno; -ENOENT no such device, -EINVAL version, -EBUSY. */
static inline int vbus_device_open(struct vbus_device_proxy *vdev, u32 version,
				   u32 flags)
{
	return vdev->ops->open(vdev, version, flags);
}

/* DEVCLOSE: tears down every shm of the device as well. */
static inline int vbus_device_close(struct vbus_device_proxy *vdev, u32 flags)
{
	return vdev->ops->close(vdev, flags);
}

/*
 * DEVCALL.  @data (any kernel memory, the stack too: it is copied) is read by
 * the host and written back.  Result is the device's, >= 0, or -errno.
 */
static inline int vbus_device_call(struct vbus_device_proxy *vdev, u32 func,
				   void *data, size_t len, u32 flags)
{
	return vdev->ops->call(vdev, func, data, len, flags);
}

/*
 * DEVSHM: lends [@ptr, @ptr + @len) to the host until vbus_device_close().  The
 * memory comes from kmalloc() or alloc_pages_exact(): physically contiguous and
 * directly mapped, anything else is -EINVAL.
 *
 * With @sigdesc, which lies in that memory and has been initialised, *@signal
 * becomes the local end, one reference of which is the caller's.  It is also an
 * interrupt of Linux called @name; NULL: "dev<id>-id<n>".  @prio: 0 … 7, 7 is
 * the most urgent.
 */
static inline int vbus_device_shm(struct vbus_device_proxy *vdev,
				  const char *name, u32 id, u32 prio, void *ptr,
				  size_t len, struct shm_signal_desc *sigdesc,
				  struct shm_signal **signal, u32 flags)
{
	return vdev->ops->shm(vdev, name, id, prio, ptr, len, sigdesc, signal,
			      flags);
}

/*
 * Allocates a ring, lends it to the host as shm @id and returns its north side,
 * one reference of which is the caller's.  The ring's memory lives as long as
 * driver or host want it.
 */
int vbus_driver_ioq_alloc(struct vbus_device_proxy *vdev, const char *name,
			  u32 id, u32 prio, u32 count, struct ioq **ioq);

/* ---- for connectors ----------------------------------------------------- */

/*
 * @vdev is zeroed memory with type, id, bus, ops and dev.parent (may be NULL) set.
 * It belongs to the driver core from here on, also if this fails: ops->release
 * is called when the last reference goes.
 */
int vbus_device_proxy_register(struct vbus_device_proxy *vdev);
/* Unbinds the driver (its remove runs) and drops the connector's reference. */
void vbus_device_proxy_unregister(struct vbus_device_proxy *vdev);

#endif /* _VBUS_VBUS_DRIVER_H */
