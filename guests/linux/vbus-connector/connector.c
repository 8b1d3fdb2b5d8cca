// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a connector, and the calls that it makes over its wire.
 */
#include <linux/export.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "connector.h"

/* Numbers of the connectors that exist. */
static DEFINE_IDA(connectors);

int vbus_connector_bridge_call(struct vbus_connector *c, u32 call, void *data,
			       u32 len)
{
	atomic_long_inc(&c->stats.bridgecalls);
	return c->wire->ops->bridge_call(c->wire, call, virt_to_phys(data),
					 len);
}
EXPORT_SYMBOL_GPL(vbus_connector_bridge_call);

int vbus_connector_bus_call(struct vbus_connector *c, u32 call, void *data,
			    u32 len)
{
	atomic_long_inc(&c->stats.buscalls);
	return c->wire->ops->bus_call(c->wire, call, virt_to_phys(data), len);
}

/* Also resets the other side: it knows nothing of this guest afterwards. */
static int negotiate(struct vbus_connector *c)
{
	struct vbus_pci_bridge_negotiate *args;
	int ret;

	args = kzalloc(sizeof(*args), GFP_KERNEL);
	if (!args)
		return -ENOMEM;
	args->magic = VBUS_PCI_ABI_MAGIC;
	args->version = VBUS_PCI_HC_VERSION;
	ret = vbus_connector_bridge_call(c, VBUS_PCI_BRIDGE_NEGOTIATE, args,
					 sizeof(*args));
	kfree(args);
	return ret;
}

static void free_connector(struct vbus_connector *c)
{
	ida_free(&connectors, c->index);
	kfree(c);
}

struct vbus_connector *vbus_connector_create(struct vbus_wire *wire)
{
	struct vbus_connector *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int ret;

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->wire = wire;
	c->index = ida_alloc(&connectors, GFP_KERNEL);
	if (c->index < 0) {
		ret = c->index;
		kfree(c);
		return ERR_PTR(ret);
	}
	vbus_statistics_name(c);
	xa_init_flags(&c->signals, XA_FLAGS_ALLOC1 | XA_FLAGS_LOCK_IRQ);
	vbus_hotplug_init(c);

	ret = negotiate(c);
	if (ret != VBUS_PCI_HC_VERSION) {
		pr_err("%s: the host speaks no version that we know (%d)\n",
		       c->name, ret);
		ret = ret < 0 ? ret : -EPROTONOSUPPORT;
		free_connector(c);
		return ERR_PTR(ret);
	}
	ret = vbus_eventq_create(c);
	if (ret) {
		free_connector(c);
		return ERR_PTR(ret);
	}
	vbus_statistics_create(c);
	return c;
}
EXPORT_SYMBOL_GPL(vbus_connector_create);

int vbus_connector_start(struct vbus_connector *c)
{
	return vbus_eventq_register(c);
}
EXPORT_SYMBOL_GPL(vbus_connector_start);

void vbus_connector_quiesce(struct vbus_connector *c)
{
	negotiate(c);
}
EXPORT_SYMBOL_GPL(vbus_connector_quiesce);

void vbus_connector_stop(struct vbus_connector *c)
{
	vbus_hotplug_stop(c);
	vbus_connector_quiesce(c);
}
EXPORT_SYMBOL_GPL(vbus_connector_stop);

void vbus_connector_destroy(struct vbus_connector *c)
{
	vbus_statistics_destroy(c);
	vbus_eventq_destroy(c);
	vbus_signals_destroy(c);
	wait_var_event(&c->proxies_alive, !atomic_read(&c->proxies_alive));
	free_connector(c);
}
EXPORT_SYMBOL_GPL(vbus_connector_destroy);

MODULE_DESCRIPTION("What every wire of a virtual-bus has in common");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");
