/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the connector (everything that any wire has: event queue, signals,
 * proxies, statistics) and a wire (how a call, a doorbell and an interrupt get
 * to the other side).  Two wires exist: the PCI bridge and hypercalls.
 *
 * What a wire does, in order:
 *
 *   vbus_connector_create()      negotiates, builds the event ring
 *   ... requests an interrupt that calls vbus_connector_interrupt() ...
 *   vbus_connector_start()       registers the ring: devices begin to come
 *   vbus_connector_stop()        removes the devices, resets the host's side
 *   ... frees the interrupt ...
 *   vbus_connector_destroy()
 */
#ifndef _VBUS_VBUS_WIRE_H
#define _VBUS_VBUS_WIRE_H

#include <linux/interrupt.h>
#include <linux/types.h>
#include <vbus/vbus_pci.h>

struct vbus_connector;
struct vbus_wire;

struct vbus_wire_ops {
	/* enum vbus_pci_bridge_call.  Result, or -errno.  May sleep. */
	int (*bridge_call)(struct vbus_wire *wire, u32 call, phys_addr_t datap,
			   u32 len);
	/* enum vbus_pci_bus_call.  Result, or -errno.  May sleep. */
	int (*bus_call)(struct vbus_wire *wire, u32 call, phys_addr_t datap,
			u32 len);
	/* Rings the signal @handle of the host.  Any context. */
	void (*shm_signal)(struct vbus_wire *wire, u32 handle);
	/* Rings event queue @queue of the host.  Any context. */
	void (*eventq_signal)(struct vbus_wire *wire, u32 queue);
};

/* Embedded in the wire's own structure. */
struct vbus_wire {
	const struct vbus_wire_ops *ops;
	/* Of messages; the statistics in debugfs have this name as well. */
	const char *name;
};

/* The connector, or ERR_PTR.  @wire must live until vbus_connector_destroy(). */
struct vbus_connector *vbus_connector_create(struct vbus_wire *wire);
int vbus_connector_start(struct vbus_connector *connector);
void vbus_connector_stop(struct vbus_connector *connector);
void vbus_connector_destroy(struct vbus_connector *connector);

/*
 * The host rang.  Hard interrupt context.  IRQ_NONE if it was somebody else,
 * who shares the line.
 */
irqreturn_t vbus_connector_interrupt(struct vbus_connector *connector);

/* Calls counted by the connector, for what a wire calls on its own. */
int vbus_connector_bridge_call(struct vbus_connector *connector, u32 call,
			       void *data, u32 len);

/*
 * Makes the host forget everything about this guest, whatever state it is in:
 * for reboot and kexec.
 */
void vbus_connector_quiesce(struct vbus_connector *connector);

#endif /* _VBUS_VBUS_WIRE_H */
