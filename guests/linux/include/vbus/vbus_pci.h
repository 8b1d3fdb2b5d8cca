/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ABI between guest and host, as numbers and layouts: the verbs of the bus,
 * the events, and the registers of the PCI bridge ("PCI-2").
 *
 * 64-bit members are aligned to 8 bytes on 32-bit guests as well: the layout is
 * that of x86-64 everywhere.
 */
#ifndef _VBUS_VBUS_PCI_H
#define _VBUS_VBUS_PCI_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define VBUS_PCI_VENDOR_ID	0x11da
#define VBUS_PCI_DEVICE_ID	0x2000
#define VBUS_PCI_ABI_VERSION	2	/* the revision id */
#define VBUS_PCI_ABI_MAGIC	0xbf53eef5
#define VBUS_PCI_HC_VERSION	1

/* A bridge call, a bus call, a fast call's channel: what, how long, where. */
struct vbus_pci_call_desc {
	__u32 vector;
	__u32 len;
	__aligned_u64 datap;
};
static_assert(sizeof(struct vbus_pci_call_desc) == 16);

/* BAR 0: write call (16 bytes), read 32 bits at 0 = execute, the result. */
struct vbus_pci_regs {
	struct vbus_pci_call_desc hypercall;
	__u8 pad[48];
};
static_assert(sizeof(struct vbus_pci_regs) == 64);

/* BAR 1, ports or memory. */
struct vbus_pci_signals {
	__u32 eventq;		/* number of the event queue */
	__u32 fastcall;		/* number of the channel */
	__u32 shmsignal;	/* handle of a signal */
	__u8 pad[20];
};
static_assert(sizeof(struct vbus_pci_signals) == 32);

enum vbus_pci_bridge_call {
	VBUS_PCI_BRIDGE_NEGOTIATE,
	VBUS_PCI_BRIDGE_QREG,
	VBUS_PCI_BRIDGE_SLOWCALL,
	VBUS_PCI_BRIDGE_FASTCALL_ADD,
	VBUS_PCI_BRIDGE_FASTCALL_DROP,
};

struct vbus_pci_bridge_negotiate {
	__u32 magic;
	__u32 version;
	__aligned_u64 capabilities;
};
static_assert(sizeof(struct vbus_pci_bridge_negotiate) == 16);

struct vbus_pci_eventqdesc {
	__u32 count;
	__aligned_u64 ring;	/* of a struct ioq_ring_head */
	__aligned_u64 data;	/* of `count` struct vbus_pci_event */
};
static_assert(sizeof(struct vbus_pci_eventqdesc) == 24);

struct vbus_pci_bridge_qreg {
	__u32 count;		/* of eventq: 1 */
	__u32 pad;
	struct vbus_pci_eventqdesc eventq[1];
};
static_assert(sizeof(struct vbus_pci_bridge_qreg) == 32);

struct vbus_pci_fastcall_desc {
	struct vbus_pci_call_desc call;
	__u32 result;
	__u32 pad;
};
static_assert(sizeof(struct vbus_pci_fastcall_desc) == 24);

enum vbus_pci_bus_call {
	VBUS_PCI_HC_DEVOPEN,
	VBUS_PCI_HC_DEVCLOSE,
	VBUS_PCI_HC_DEVCALL,
	VBUS_PCI_HC_DEVSHM,
};

struct vbus_pci_deviceopen {
	__u32 devid;
	__u32 version;
	__aligned_u64 handle;	/* out */
};
static_assert(sizeof(struct vbus_pci_deviceopen) == 16);

struct vbus_pci_deviceclose {
	__aligned_u64 devh;
};
static_assert(sizeof(struct vbus_pci_deviceclose) == 8);

struct vbus_pci_devicecall {
	__aligned_u64 devh;
	__u32 func;
	__u32 len;
	__u32 flags;
	__u32 pad;
	__aligned_u64 datap;
};
static_assert(sizeof(struct vbus_pci_devicecall) == 32);

#define VBUS_PCI_NO_SIGNAL	0xffffffff	/* as signal.offset */

struct vbus_pci_deviceshm {
	__aligned_u64 devh;
	__u32 id;
	__u32 len;
	__u32 flags;
	__u32 pad;
	struct {
		__u32 offset;	/* of the shm_signal_desc, from datap */
		__u32 prio;
		__aligned_u64 cookie;
	} signal;
	__aligned_u64 datap;
};
static_assert(offsetof(struct vbus_pci_deviceshm, signal) == 24);
static_assert(sizeof(struct vbus_pci_deviceshm) == 48);

enum vbus_pci_event_id {
	VBUS_PCI_EVENT_DEVADD,
	VBUS_PCI_EVENT_DEVDROP,
	VBUS_PCI_EVENT_SHMSIGNAL,
	VBUS_PCI_EVENT_SHMCLOSE,
};

#define VBUS_PCI_MAX_DEVTYPE_LEN	128

struct vbus_pci_event {
	__u32 eventid;
	__u32 pad;
	union {
		struct {
			__aligned_u64 id;
			char type[VBUS_PCI_MAX_DEVTYPE_LEN];
		} add;
		struct {
			__aligned_u64 handle;
		} handle;
	};
};
static_assert(sizeof(struct vbus_pci_event) == 144);

#endif /* _VBUS_VBUS_PCI_H */
