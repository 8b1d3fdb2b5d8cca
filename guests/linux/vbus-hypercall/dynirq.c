// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dynamic interrupt: Linux chooses a vector of a local APIC, and the host
 * injects it there.  What a message-signalled interrupt is to PCI, without PCI.
 *
 * The interrupt is in a domain on top of the one that hands out the vectors, so
 * that affinity and processor hot-unplug are those of any other: each new choice
 * is told to the host.  What is still on its way to the old processor finds the
 * old vector there until the first interrupt has come to the new one.
 */
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <asm/apic.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include "hypercall.h"

/* The event queue's, and the only one that version 1 has. */
#define DYNIRQ_EVENTQ	0

static struct fwnode_handle *fwnode;
static struct irq_domain *domain;

/* Tells the host vector and processor that the parent has chosen. */
static int tell_host(struct irq_data *data)
{
	const struct irq_cfg *cfg = irqd_cfg(data);

	return vbus_hypercall(VBUS_HC_DYNIRQ_SET, data->hwirq, cfg->vector,
			      cfg->dest_apicid,
			      apic->dest_mode_logical ?
			      VBUS_HC_DYNIRQ_LOGICAL : 0);
}

static int dynirq_set_affinity(struct irq_data *data,
			       const struct cpumask *mask, bool force)
{
	int ret = irq_chip_set_affinity_parent(data, mask, force);

	if (ret >= 0 && ret != IRQ_SET_MASK_OK_DONE)
		tell_host(data);
	return ret;
}

static void dynirq_mask(struct irq_data *data)
{
	vbus_hypercall(VBUS_HC_DYNIRQ_MASK, data->hwirq, 1, 0, 0);
}

static void dynirq_unmask(struct irq_data *data)
{
	vbus_hypercall(VBUS_HC_DYNIRQ_MASK, data->hwirq, 0, 0, 0);
}

static struct irq_chip dynirq_chip = {
	.name			= "VBUS-DYNIRQ",
	.irq_ack		= irq_chip_ack_parent,
	.irq_mask		= dynirq_mask,
	.irq_unmask		= dynirq_unmask,
	.irq_retrigger		= irq_chip_retrigger_hierarchy,
	.irq_set_affinity	= dynirq_set_affinity,
	.flags			= IRQCHIP_SKIP_SET_WAKE |
				  IRQCHIP_AFFINITY_PRE_STARTUP,
};

static int dynirq_domain_alloc(struct irq_domain *d, unsigned int virq,
			       unsigned int count, void *info)
{
	int ret = irq_domain_alloc_irqs_parent(d, virq, count, info);

	if (ret)
		return ret;
	irq_domain_set_info(d, virq, DYNIRQ_EVENTQ, &dynirq_chip, NULL,
			    handle_edge_irq, NULL, "edge");
	/* One call tells the host both words, so this needs no detour. */
	irq_set_status_flags(virq, IRQ_MOVE_PCNTXT);
	return 0;
}

/* After the parent has a vector for it. */
static int dynirq_domain_activate(struct irq_domain *d, struct irq_data *data,
				  bool reserve)
{
	return tell_host(data);
}

static void dynirq_domain_deactivate(struct irq_domain *d,
				     struct irq_data *data)
{
	vbus_hypercall(VBUS_HC_DYNIRQ_CLEAR, data->hwirq, 0, 0, 0);
}

static const struct irq_domain_ops dynirq_domain_ops = {
	.alloc		= dynirq_domain_alloc,
	.free		= irq_domain_free_irqs_common,
	.activate	= dynirq_domain_activate,
	.deactivate	= dynirq_domain_deactivate,
};

static void remove_domain(void)
{
	irq_domain_remove(domain);
	irq_domain_free_fwnode(fwnode);
}

int vbus_dynirq_create(void)
{
	struct irq_alloc_info info = { };
	int irq;

	if (!x86_vector_domain)
		return -ENXIO;
	fwnode = irq_domain_alloc_named_fwnode("VBUS-DYNIRQ");
	if (!fwnode)
		return -ENOMEM;
	domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 1, fwnode,
					     &dynirq_domain_ops, NULL);
	if (!domain) {
		irq_domain_free_fwnode(fwnode);
		return -ENOMEM;
	}
	irq = irq_domain_alloc_irqs(domain, 1, NUMA_NO_NODE, &info);
	if (irq < 0)
		remove_domain();
	return irq;
}

void vbus_dynirq_destroy(int irq)
{
	irq_dispose_mapping(irq);
	remove_domain();
}
