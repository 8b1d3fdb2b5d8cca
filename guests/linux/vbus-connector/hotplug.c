// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices come and go: DEVADD and DEVDROP, carried from the event ring, which
 * is drained in interrupts, to where drivers may probe and sleep.  One worker
 * does them in the order of their arrival.
 */
#include <linux/slab.h>
#include "connector.h"

struct hotplug_event {
	struct list_head node;
	u32 eventid;
	u64 id;
	char type[VBUS_TYPE_LEN];
};

static struct vbus_proxy *find_proxy(struct vbus_connector *c, u64 id)
{
	struct vbus_proxy *proxy;

	list_for_each_entry(proxy, &c->proxies, node)
		if (proxy->vdev.id == id)
			return proxy;
	return NULL;
}

static void remove_proxy(struct vbus_proxy *proxy)
{
	list_del(&proxy->node);
	vbus_proxy_remove(proxy);
}

static void add_device(struct vbus_connector *c, u64 id, const char *type)
{
	struct vbus_proxy *proxy;
	int ret;

	/* A second DEVADD is a host's answer to a second QREG, and no news. */
	if (id > U32_MAX || find_proxy(c, id)) {
		atomic_long_inc(&c->stats.stale);
		return;
	}
	proxy = vbus_proxy_create(c, id, type);
	if (!proxy) {
		pr_err("%s: no memory for device %llu (%s)\n", c->name, id,
		       type);
		return;
	}
	ret = vbus_device_proxy_register(&proxy->vdev);
	if (ret)
		pr_err("%s: device %llu (%s): error %d\n", c->name, id, type,
		       ret);
	else
		list_add_tail(&proxy->node, &c->proxies);
}

static void drop_device(struct vbus_connector *c, u64 id)
{
	struct vbus_proxy *proxy = find_proxy(c, id);

	if (proxy)
		remove_proxy(proxy);
	else
		atomic_long_inc(&c->stats.stale);
}

static struct hotplug_event *next_event(struct vbus_connector *c)
{
	struct hotplug_event *event;

	spin_lock_irq(&c->hotplug_lock);
	event = list_first_entry_or_null(&c->hotplug_pending,
					 struct hotplug_event, node);
	if (event)
		list_del(&event->node);
	spin_unlock_irq(&c->hotplug_lock);
	return event;
}

static void hotplug_work(struct work_struct *work)
{
	struct vbus_connector *c =
		container_of(work, struct vbus_connector, hotplug_work);
	struct hotplug_event *event;

	while (!READ_ONCE(c->stopping) && (event = next_event(c))) {
		if (event->eventid == VBUS_PCI_EVENT_DEVADD)
			add_device(c, event->id, event->type);
		else
			drop_device(c, event->id);
		kfree(event);
	}
}

int vbus_hotplug_post(struct vbus_connector *c, u32 eventid, u64 id,
		      const char *type)
{
	struct hotplug_event *event;
	unsigned long flags;

	if (READ_ONCE(c->stopping))
		return 0;
	event = kzalloc(sizeof(*event), GFP_ATOMIC | __GFP_NOWARN);
	if (!event)
		return -ENOMEM;
	event->eventid = eventid;
	event->id = id;
	if (type)
		strscpy(event->type, type, sizeof(event->type));

	spin_lock_irqsave(&c->hotplug_lock, flags);
	list_add_tail(&event->node, &c->hotplug_pending);
	spin_unlock_irqrestore(&c->hotplug_lock, flags);
	/* Drivers may take their time to probe. */
	queue_work(system_long_wq, &c->hotplug_work);
	return 0;
}

void vbus_hotplug_init(struct vbus_connector *c)
{
	spin_lock_init(&c->hotplug_lock);
	INIT_LIST_HEAD(&c->hotplug_pending);
	INIT_LIST_HEAD(&c->proxies);
	INIT_WORK(&c->hotplug_work, hotplug_work);
}

void vbus_hotplug_stop(struct vbus_connector *c)
{
	struct hotplug_event *event;
	struct vbus_proxy *proxy, *next;

	WRITE_ONCE(c->stopping, true);
	cancel_work_sync(&c->hotplug_work);
	list_for_each_entry_safe(proxy, next, &c->proxies, node)
		remove_proxy(proxy);
	while ((event = next_event(c)))
		kfree(event);
}
