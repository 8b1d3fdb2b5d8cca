/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the hypercall wire share.
 *
 *   wire.c    discovery, the calls, the module
 *   dynirq.c  an interrupt that the host injects as the vector that Linux chose
 */
#ifndef _VBUS_HYPERCALL_LOCAL_H
#define _VBUS_HYPERCALL_LOCAL_H

#include <vbus/vbus_hypercall.h>

long vbus_hypercall(enum vbus_hc call, unsigned long a, unsigned long b,
		    unsigned long c, unsigned long d);

/* The number of the interrupt, or -errno. */
int vbus_dynirq_create(void);
void vbus_dynirq_destroy(int irq);

#endif /* _VBUS_HYPERCALL_LOCAL_H */
