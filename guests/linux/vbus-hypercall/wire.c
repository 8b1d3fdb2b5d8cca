// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wire "hypercall": no PCI function, no BAR, no interrupt controller.  The
 * host is found by CPUID, called by VMCALL or VMMCALL, and its interrupt is a
 * vector of the local APIC that we tell it.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <asm/cpu_device_id.h>
#include <asm/processor.h>
#include <vbus/vbus_wire.h>
#include "hypercall.h"

static unsigned long first_call;
static bool use_vmmcall;

long vbus_hypercall(enum vbus_hc call, unsigned long a, unsigned long b,
		    unsigned long c, unsigned long d)
{
	long ret;

	if (use_vmmcall)
		asm volatile("vmmcall"
			     : "=a" (ret)
			     : "a" (first_call + call), "b" (a), "c" (b),
			       "d" (c), "S" (d)
			     : "memory");
	else
		asm volatile("vmcall"
			     : "=a" (ret)
			     : "a" (first_call + call), "b" (a), "c" (b),
			       "d" (c), "S" (d)
			     : "memory");
	return ret;
}

static int bridge_call(struct vbus_wire *wire, u32 call, phys_addr_t datap,
		       u32 len)
{
	return vbus_hypercall(VBUS_HC_BRIDGECALL, call, datap, len, 0);
}

static int bus_call(struct vbus_wire *wire, u32 call, phys_addr_t datap,
		    u32 len)
{
	return vbus_hypercall(VBUS_HC_BUSCALL, call, datap, len, 0);
}

static void ring_signal(struct vbus_wire *wire, u32 handle)
{
	vbus_hypercall(VBUS_HC_SHMSIGNAL, handle, 0, 0, 0);
}

static void ring_eventq(struct vbus_wire *wire, u32 queue)
{
	vbus_hypercall(VBUS_HC_EVENTQ, queue, 0, 0, 0);
}

static const struct vbus_wire_ops hypercall_ops = {
	.bridge_call	= bridge_call,
	.bus_call	= bus_call,
	.shm_signal	= ring_signal,
	.eventq_signal	= ring_eventq,
};

static struct vbus_wire hypercall_wire = {
	.ops	= &hypercall_ops,
	.name	= "vbus-hypercall",
};

static struct vbus_connector *connector;
static int irq;

static irqreturn_t hypercall_interrupt(int number, void *data)
{
	vbus_connector_interrupt(connector);
	return IRQ_HANDLED;
}

/* The next kernel, after reboot or kexec, finds nobody who writes its memory. */
static int hypercall_reboot(struct notifier_block *block, unsigned long action,
			    void *data)
{
	vbus_connector_quiesce(connector);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_block = {
	.notifier_call = hypercall_reboot,
};

/* 0 if there is a host that we can speak to. */
static int discover(void)
{
	u32 base, version, features, first, unused;

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return -ENODEV;
	base = hypervisor_cpuid_base(VBUS_HC_SIGNATURE, VBUS_HC_LEAF_FEATURES);
	if (!base)
		return -ENODEV;
	cpuid(base + VBUS_HC_LEAF_FEATURES, &version, &features, &first,
	      &unused);
	if (version != VBUS_HC_ABI_VERSION ||
	    !(features & VBUS_HC_FEATURE_DYNIRQ)) {
		pr_err("vbus-hypercall: ABI version %u, features %#x\n",
		       version, features);
		return -ENODEV;
	}
	first_call = first;
	/* Either is understood by this host; this one the processor has, too. */
	use_vmmcall = boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
		      boot_cpu_data.x86_vendor == X86_VENDOR_HYGON;
	return 0;
}

static int __init hypercall_init(void)
{
	int ret = discover();

	if (ret)
		return ret;
	connector = vbus_connector_create(&hypercall_wire);
	if (IS_ERR(connector))
		return PTR_ERR(connector);
	irq = vbus_dynirq_create();
	if (irq < 0) {
		ret = irq;
		goto err_connector;
	}
	ret = request_irq(irq, hypercall_interrupt, 0, "vbus-hypercall",
			  &hypercall_wire);
	if (ret)
		goto err_dynirq;
	ret = vbus_connector_start(connector);
	if (ret)
		goto err_irq;
	register_reboot_notifier(&reboot_block);
	return 0;

err_irq:
	vbus_connector_stop(connector);
	free_irq(irq, &hypercall_wire);
err_dynirq:
	vbus_dynirq_destroy(irq);
err_connector:
	vbus_connector_destroy(connector);
	return ret;
}
module_init(hypercall_init);

static void __exit hypercall_exit(void)
{
	unregister_reboot_notifier(&reboot_block);
	vbus_connector_stop(connector);
	free_irq(irq, &hypercall_wire);
	vbus_dynirq_destroy(irq);
	vbus_connector_destroy(connector);
}
module_exit(hypercall_exit);

/* Any guest's processor: whether it is ours is asked when we are loaded. */
static const struct x86_cpu_id __maybe_unused hypercall_cpu_ids[] = {
	X86_MATCH_FEATURE(X86_FEATURE_HYPERVISOR, NULL),
	{ }
};
MODULE_DEVICE_TABLE(x86cpu, hypercall_cpu_ids);

MODULE_DESCRIPTION("virtual-bus by hypercalls");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");
