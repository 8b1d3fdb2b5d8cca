// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wire "PCI bridge": a PCI function, 11da:2000, with two BARs.
 *
 * Bridge calls are slow: a descriptor is written to BAR 0 (memory), and the
 * read of its first word executes it.  Bus calls are fast: each processor has a
 * descriptor in memory that the bridge knows by the processor's number, and one
 * write to BAR 1 executes it without any lock.  Doorbells are such writes, too.
 *
 * BAR 1 is a range of ports or of memory, as the bridge likes.  Either way a
 * write to it leaves the guest and comes back when the bridge has done its work.
 */
#include <linux/cpumask.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <vbus/vbus_pci.h>
#include <vbus/vbus_wire.h>

static bool msi = true;
module_param(msi, bool, 0444);
MODULE_PARM_DESC(msi, "use message-signalled interrupts if there are any");

struct vbus_bridge {
	struct vbus_wire wire;
	struct pci_dev *pdev;
	struct vbus_connector *connector;
	int irq;
	bool shared_irq;

	struct mutex regs_lock;			/* one call at a time */
	struct vbus_pci_regs __iomem *regs;
	struct vbus_pci_signals __iomem *signals;

	/* By processor; NULL: it has none, and makes slow calls. */
	struct vbus_pci_fastcall_desc **fastcalls;
};

static struct vbus_bridge *to_vbus_bridge(struct vbus_wire *wire)
{
	return container_of(wire, struct vbus_bridge, wire);
}

static int bridge_call(struct vbus_wire *wire, u32 call, phys_addr_t datap,
		       u32 len)
{
	struct vbus_bridge *bridge = to_vbus_bridge(wire);
	struct vbus_pci_call_desc __iomem *desc = &bridge->regs->hypercall;
	u64 address = datap;
	int ret;

	mutex_lock(&bridge->regs_lock);
	iowrite32(call, &desc->vector);
	iowrite32(len, &desc->len);
	iowrite32(lower_32_bits(address), (void __iomem *)&desc->datap);
	iowrite32(upper_32_bits(address), (void __iomem *)&desc->datap + 4);
	ret = ioread32(&desc->vector);
	mutex_unlock(&bridge->regs_lock);
	return ret;
}

/* The call goes through the bridge. */
static int slow_bus_call(struct vbus_bridge *bridge, u32 call,
			 phys_addr_t datap, u32 len)
{
	struct vbus_pci_call_desc *desc;
	int ret;

	desc = kmalloc(sizeof(*desc), GFP_KERNEL);
	if (!desc)
		return -ENOMEM;
	desc->vector = call;
	desc->len = len;
	desc->datap = datap;
	ret = vbus_connector_bridge_call(bridge->connector,
					 VBUS_PCI_BRIDGE_SLOWCALL, desc,
					 sizeof(*desc));
	kfree(desc);
	return ret;
}

static int bus_call(struct vbus_wire *wire, u32 call, phys_addr_t datap,
		    u32 len)
{
	struct vbus_bridge *bridge = to_vbus_bridge(wire);
	struct vbus_pci_fastcall_desc *fast;
	unsigned int cpu = get_cpu();
	int ret;

	fast = bridge->fastcalls[cpu];
	if (!fast) {
		put_cpu();
		return slow_bus_call(bridge, call, datap, len);
	}
	fast->call.vector = call;
	fast->call.len = len;
	fast->call.datap = datap;
	/* A bridge that does not know the channel leaves this as it is. */
	fast->result = -ENODEV;
	/* The write comes after the stores, and ends when the call has. */
	dma_wmb();
	iowrite32(cpu, &bridge->signals->fastcall);
	dma_rmb();
	ret = READ_ONCE(fast->result);
	put_cpu();
	return ret;
}

static void ring_signal(struct vbus_wire *wire, u32 handle)
{
	iowrite32(handle, &to_vbus_bridge(wire)->signals->shmsignal);
}

static void ring_eventq(struct vbus_wire *wire, u32 queue)
{
	iowrite32(queue, &to_vbus_bridge(wire)->signals->eventq);
}

static const struct vbus_wire_ops bridge_ops = {
	.bridge_call	= bridge_call,
	.bus_call	= bus_call,
	.shm_signal	= ring_signal,
	.eventq_signal	= ring_eventq,
};

/* ---- fast calls ------------------------------------------------------------ */

static int add_fastcall(struct vbus_bridge *bridge, unsigned int cpu)
{
	struct vbus_pci_fastcall_desc *fast;
	struct vbus_pci_call_desc *args;
	int ret = -ENOMEM;

	fast = kzalloc_node(sizeof(*fast), GFP_KERNEL, cpu_to_node(cpu));
	args = kzalloc(sizeof(*args), GFP_KERNEL);
	if (fast && args) {
		args->vector = cpu;
		args->len = sizeof(*fast);
		args->datap = virt_to_phys(fast);
		ret = vbus_connector_bridge_call(bridge->connector,
						 VBUS_PCI_BRIDGE_FASTCALL_ADD,
						 args, sizeof(*args));
	}
	kfree(args);
	if (ret < 0)
		kfree(fast);
	else
		bridge->fastcalls[cpu] = fast;
	return ret;
}

/* What has no fast calls makes slow ones. */
static void add_fastcalls(struct vbus_bridge *bridge)
{
	unsigned int cpu;
	int ret;

	for_each_possible_cpu(cpu) {
		ret = add_fastcall(bridge, cpu);
		if (ret < 0)
			dev_warn(&bridge->pdev->dev,
				 "no fast calls on CPU %u (%d)\n", cpu, ret);
	}
}

/* The bridge has been reset and does not know them any more. */
static void free_fastcalls(struct vbus_bridge *bridge)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		kfree(bridge->fastcalls[cpu]);
	kfree(bridge->fastcalls);
}

/* ---- the interrupt --------------------------------------------------------- */

static irqreturn_t bridge_interrupt(int irq, void *data)
{
	struct vbus_bridge *bridge = data;
	irqreturn_t ret = vbus_connector_interrupt(bridge->connector);

	if (!bridge->shared_irq)
		return IRQ_HANDLED;
	/*
	 * There is no status to read: the bridge looks at its pin whenever it
	 * is written to.  If nobody does, the pin is still high after the EOI.
	 */
	if (ret == IRQ_HANDLED)
		ring_eventq(&bridge->wire, 0);
	return ret;
}

static int request_interrupt(struct vbus_bridge *bridge)
{
	struct pci_dev *pdev = bridge->pdev;
	unsigned int types = PCI_IRQ_LEGACY;
	int ret;

	if (msi)
		types |= PCI_IRQ_MSI;
	ret = pci_alloc_irq_vectors(pdev, 1, 1, types);
	if (ret < 0)
		return ret;
	bridge->irq = pci_irq_vector(pdev, 0);
	bridge->shared_irq = !pci_dev_msi_enabled(pdev);
	ret = request_irq(bridge->irq, bridge_interrupt,
			  bridge->shared_irq ? IRQF_SHARED : 0,
			  "vbus-pcibridge", bridge);
	if (ret)
		pci_free_irq_vectors(pdev);
	return ret;
}

static void free_interrupt(struct vbus_bridge *bridge)
{
	free_irq(bridge->irq, bridge);
	pci_free_irq_vectors(bridge->pdev);
}

/* ---- the PCI function ------------------------------------------------------ */

static int map_bars(struct vbus_bridge *bridge)
{
	struct pci_dev *pdev = bridge->pdev;
	int ret;

	if (pci_resource_len(pdev, 0) < sizeof(struct vbus_pci_regs) ||
	    pci_resource_len(pdev, 1) < sizeof(struct vbus_pci_signals) ||
	    !(pci_resource_flags(pdev, 0) & IORESOURCE_MEM))
		return -ENODEV;
	ret = pcim_iomap_regions(pdev, BIT(0) | BIT(1), "vbus-pcibridge");
	if (ret)
		return ret;
	bridge->regs = pcim_iomap_table(pdev)[0];
	bridge->signals = pcim_iomap_table(pdev)[1];
	return 0;
}

static int bridge_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vbus_bridge *bridge;
	int ret;

	if (pdev->revision != VBUS_PCI_ABI_VERSION) {
		dev_err(&pdev->dev, "ABI version %u, not %u\n", pdev->revision,
			VBUS_PCI_ABI_VERSION);
		return -ENODEV;
	}
	bridge = devm_kzalloc(&pdev->dev, sizeof(*bridge), GFP_KERNEL);
	if (!bridge)
		return -ENOMEM;
	bridge->wire.ops = &bridge_ops;
	bridge->wire.name = "pci-to-vbus-bridge";
	bridge->pdev = pdev;
	mutex_init(&bridge->regs_lock);
	pci_set_drvdata(pdev, bridge);

	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = map_bars(bridge);
	if (ret)
		return ret;
	bridge->fastcalls = kcalloc(nr_cpu_ids, sizeof(*bridge->fastcalls),
				    GFP_KERNEL);
	if (!bridge->fastcalls)
		return -ENOMEM;
	pci_set_master(pdev);

	bridge->connector = vbus_connector_create(&bridge->wire);
	if (IS_ERR(bridge->connector)) {
		ret = PTR_ERR(bridge->connector);
		goto err_fastcalls;
	}
	ret = request_interrupt(bridge);
	if (ret)
		goto err_connector;
	add_fastcalls(bridge);
	ret = vbus_connector_start(bridge->connector);
	if (ret)
		goto err_interrupt;
	return 0;

err_interrupt:
	vbus_connector_stop(bridge->connector);
	free_interrupt(bridge);
err_connector:
	vbus_connector_destroy(bridge->connector);
err_fastcalls:
	pci_clear_master(pdev);
	free_fastcalls(bridge);
	return ret;
}

static void bridge_remove(struct pci_dev *pdev)
{
	struct vbus_bridge *bridge = pci_get_drvdata(pdev);

	vbus_connector_stop(bridge->connector);
	free_interrupt(bridge);
	vbus_connector_destroy(bridge->connector);
	pci_clear_master(pdev);
	free_fastcalls(bridge);
}

/* The next kernel finds a bridge that does not write to its memory. */
static void bridge_shutdown(struct pci_dev *pdev)
{
	struct vbus_bridge *bridge = pci_get_drvdata(pdev);

	vbus_connector_quiesce(bridge->connector);
	pci_clear_master(pdev);
}

static const struct pci_device_id bridge_ids[] = {
	{ PCI_DEVICE(VBUS_PCI_VENDOR_ID, VBUS_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, bridge_ids);

static struct pci_driver bridge_driver = {
	.name		= "vbus-pcibridge",
	.id_table	= bridge_ids,
	.probe		= bridge_probe,
	.remove		= bridge_remove,
	.shutdown	= bridge_shutdown,
};
module_pci_driver(bridge_driver);

MODULE_DESCRIPTION("virtual-bus behind a PCI bridge");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");
