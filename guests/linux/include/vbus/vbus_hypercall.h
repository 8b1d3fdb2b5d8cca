/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ABI of the hypercall wire, version 1: how a guest finds it by CPUID, and
 * the calls.  Everything above it is that of vbus_pci.h.
 *
 * The number of a call is in rAX, the arguments are in rBX, rCX, rDX and rSI,
 * the result comes in rAX.  VMCALL and VMMCALL are the same.
 */
#ifndef _VBUS_VBUS_HYPERCALL_H
#define _VBUS_VBUS_HYPERCALL_H

/* EBX, ECX, EDX of the first leaf. */
#define VBUS_HC_SIGNATURE	"VbusVbusVbus"

/* The leaf after it: EAX version, EBX features, ECX number of the first call. */
#define VBUS_HC_LEAF_FEATURES	1
#define VBUS_HC_ABI_VERSION	1
#define VBUS_HC_FEATURE_DYNIRQ	(1 << 0)

/* From the number of the first call. */
enum vbus_hc {
	VBUS_HC_BRIDGECALL,	/* call, address, length */
	VBUS_HC_BUSCALL,	/* call, address, length */
	VBUS_HC_SHMSIGNAL,	/* handle */
	VBUS_HC_EVENTQ,		/* queue */
	VBUS_HC_DYNIRQ_SET,	/* irq, vector, APIC destination, flags */
	VBUS_HC_DYNIRQ_MASK,	/* irq, 1 or 0 */
	VBUS_HC_DYNIRQ_CLEAR,	/* irq */
};

#define VBUS_HC_DYNIRQ_LOGICAL	(1 << 0)	/* the destination is a set */

#endif /* _VBUS_VBUS_HYPERCALL_H */
