// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proxies: what drivers ask of a device, turned into bus calls.
 *
 * The structures of a call lie in kmalloc()ed memory, never on the stack, whose
 * physical address is nobody's business (and may be two).
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "connector.h"

/* What a driver may send along in one call. */
#define CALL_DATA_MAX	SZ_64K

static struct vbus_proxy *to_vbus_proxy(struct vbus_device_proxy *vdev)
{
	return container_of(vdev, struct vbus_proxy, vdev);
}

static int proxy_open(struct vbus_device_proxy *vdev, u32 version, u32 flags)
{
	struct vbus_proxy *proxy = to_vbus_proxy(vdev);
	struct vbus_pci_deviceopen *args;
	int ret;

	if (proxy->open)
		return -EBUSY;
	args = kzalloc(sizeof(*args), GFP_KERNEL);
	if (!args)
		return -ENOMEM;
	args->devid = vdev->id;
	args->version = version;
	ret = vbus_connector_bus_call(proxy->connector, VBUS_PCI_HC_DEVOPEN,
				      args, sizeof(*args));
	if (ret >= 0) {
		proxy->devh = args->handle;
		proxy->open = true;
		ret = 0;
	}
	kfree(args);
	return ret;
}

static int proxy_close(struct vbus_device_proxy *vdev, u32 flags)
{
	struct vbus_proxy *proxy = to_vbus_proxy(vdev);
	struct vbus_pci_deviceclose *args;
	int ret;

	if (!proxy->open)
		return -EINVAL;
	/* The host must be told: it writes to our memory until it is. */
	args = kzalloc(sizeof(*args), GFP_KERNEL | __GFP_NOFAIL);
	args->devh = proxy->devh;
	ret = vbus_connector_bus_call(proxy->connector, VBUS_PCI_HC_DEVCLOSE,
				      args, sizeof(*args));
	kfree(args);
	proxy->open = false;
	if (ret >= 0)
		return 0;
	vbus_signals_close_device(proxy->connector, vdev->id);
	return ret;
}

static int proxy_call(struct vbus_device_proxy *vdev, u32 func, void *data,
		      size_t len, u32 flags)
{
	struct vbus_proxy *proxy = to_vbus_proxy(vdev);
	struct {
		struct vbus_pci_devicecall args;
		u8 data[];
	} *call;
	int ret;

	if (!proxy->open || len > CALL_DATA_MAX || (len && !data))
		return -EINVAL;
	call = kzalloc(sizeof(*call) + len, GFP_KERNEL);
	if (!call)
		return -ENOMEM;
	if (len)
		memcpy(call->data, data, len);
	call->args.devh = proxy->devh;
	call->args.func = func;
	call->args.len = len;
	call->args.flags = flags;
	call->args.datap = len ? virt_to_phys(call->data) : 0;
	ret = vbus_connector_bus_call(proxy->connector, VBUS_PCI_HC_DEVCALL,
				      &call->args, sizeof(call->args));
	if (len)
		memcpy(data, call->data, len);
	kfree(call);
	return ret;
}

/* True if the host may be lent it: contiguous, and of the direct map. */
static bool can_be_lent(const void *ptr, size_t len)
{
	return len && len <= U32_MAX && virt_addr_valid(ptr) &&
	       virt_addr_valid(ptr + len - 1);
}

/* *@signal: NULL without @sigdesc. */
static int create_signal(struct vbus_proxy *proxy, const char *name, u32 id,
			 struct shm_signal_desc *sigdesc,
			 struct vbus_signal **signal)
{
	char unnamed[32];

	*signal = NULL;
	if (!sigdesc)
		return 0;
	if (!name) {
		snprintf(unnamed, sizeof(unnamed), "dev%u-id%u",
			 proxy->vdev.id, id);
		name = unnamed;
	}
	*signal = vbus_signal_create(proxy->connector, proxy->vdev.id, name,
				     sigdesc);
	return PTR_ERR_OR_ZERO(*signal);
}

static int proxy_shm(struct vbus_device_proxy *vdev, const char *name, u32 id,
		     u32 prio, void *ptr, size_t len,
		     struct shm_signal_desc *sigdesc,
		     struct shm_signal **result, u32 flags)
{
	struct vbus_proxy *proxy = to_vbus_proxy(vdev);
	struct vbus_pci_deviceshm *args;
	struct vbus_signal *signal;
	int ret;

	if (!proxy->open || !can_be_lent(ptr, len) || (sigdesc && !result))
		return -EINVAL;
	if (sigdesc && ((void *)sigdesc < ptr ||
			(void *)(sigdesc + 1) > ptr + len))
		return -EINVAL;
	args = kzalloc(sizeof(*args), GFP_KERNEL);
	if (!args)
		return -ENOMEM;
	ret = create_signal(proxy, name, id, sigdesc, &signal);
	if (ret)
		goto out;

	args->devh = proxy->devh;
	args->id = id;
	args->len = len;
	args->flags = flags;
	args->datap = virt_to_phys(ptr);
	args->signal.offset = VBUS_PCI_NO_SIGNAL;
	if (signal) {
		args->signal.offset = (void *)sigdesc - ptr;
		args->signal.prio = prio;
		args->signal.cookie = signal->cookie;
	}
	ret = vbus_connector_bus_call(proxy->connector, VBUS_PCI_HC_DEVSHM,
				      args, sizeof(*args));
	if (signal && ret >= 0) {
		signal->handle = ret;
		*result = &signal->shm;
	} else if (signal) {
		vbus_signal_close(proxy->connector, signal->cookie);
		shm_signal_put(&signal->shm);
	}
	ret = min(ret, 0);
out:
	kfree(args);
	return ret;
}

static void proxy_release(struct vbus_device_proxy *vdev)
{
	struct vbus_proxy *proxy = to_vbus_proxy(vdev);
	struct vbus_connector *c = proxy->connector;

	kfree(proxy);
	if (atomic_dec_and_test(&c->proxies_alive))
		wake_up_var(&c->proxies_alive);
}

static const struct vbus_device_proxy_ops proxy_ops = {
	.open		= proxy_open,
	.close		= proxy_close,
	.shm		= proxy_shm,
	.call		= proxy_call,
	.release	= proxy_release,
};

struct vbus_proxy *vbus_proxy_create(struct vbus_connector *c, u32 id,
				     const char *type)
{
	struct vbus_proxy *proxy = kzalloc(sizeof(*proxy), GFP_KERNEL);

	if (!proxy)
		return NULL;
	atomic_inc(&c->proxies_alive);
	proxy->connector = c;
	proxy->vdev.id = id;
	proxy->vdev.bus = c->index;
	proxy->vdev.ops = &proxy_ops;
	strscpy(proxy->vdev.type, type, sizeof(proxy->vdev.type));
	return proxy;
}

void vbus_proxy_remove(struct vbus_proxy *proxy)
{
	get_device(&proxy->vdev.dev);
	vbus_device_proxy_unregister(&proxy->vdev);
	if (proxy->open)
		proxy_close(&proxy->vdev, 0);
	put_device(&proxy->vdev.dev);
}
