// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals: the local end of the doorbell that came with a DEVSHM, and an
 * interrupt of Linux for it, with a name, a count and an affinity.
 *
 * The wire has one interrupt for all of them.  Whoever drains the event ring
 * takes the signal's interrupt at once if it is meant for this processor, or
 * sends it to the one that it is meant for.
 *
 * The flow is that of an edge: what arrives while the handler runs makes it run
 * again, and what arrives while it is disabled is remembered.
 *
 * The host names a signal by its cookie, a small number of ours; one that we do
 * not know (any more) is counted and ignored.
 */
#include <linux/cpumask.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/slab.h>
#include "connector.h"

static struct vbus_signal *to_vbus_signal(struct shm_signal *s)
{
	return container_of(s, struct vbus_signal, shm);
}

/* ---- the interrupt chip "VBUS" --------------------------------------------- */

/* Nothing is held back at the source: shm_signal does that. */
static void vbus_irq_ack(struct irq_data *data)
{
}

static int vbus_irq_set_affinity(struct irq_data *data,
				 const struct cpumask *mask, bool force)
{
	struct vbus_signal *signal = irq_data_get_irq_chip_data(data);
	unsigned int cpu = cpumask_any_and(mask, cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		return -EINVAL;
	WRITE_ONCE(signal->cpu, cpu);
	irq_data_update_effective_affinity(data, cpumask_of(cpu));
	return IRQ_SET_MASK_OK;
}

static struct irq_chip vbus_irq_chip = {
	.name			= "VBUS",
	.irq_ack		= vbus_irq_ack,
	.irq_set_affinity	= vbus_irq_set_affinity,
	.flags			= IRQCHIP_SKIP_SET_WAKE,
};

static irqreturn_t signal_interrupt(int irq, void *data)
{
	struct vbus_signal *signal = data;

	shm_signal_wakeup(&signal->shm);
	return IRQ_HANDLED;
}

/* On the processor that it was sent to; has a reference. */
static void arrived(void *data)
{
	struct vbus_signal *signal = data;

	generic_handle_irq_safe(signal->irq);
	shm_signal_put(&signal->shm);
}

/* In interrupt or softirq context, so that we stay on this processor. */
static void send_to_cpu(struct vbus_signal *signal)
{
	unsigned int cpu = READ_ONCE(signal->cpu);
	int ret;

	if (cpu != smp_processor_id()) {
		shm_signal_get(&signal->shm);
		ret = smp_call_function_single_async(cpu, &signal->to_cpu);
		if (!ret)
			return;
		shm_signal_put(&signal->shm);
		/* One is on its way, and will see what there is to see. */
		if (ret == -EBUSY)
			return;
		/* That processor has gone. */
	}
	generic_handle_irq_safe(signal->irq);
}

static int create_irq(struct vbus_signal *signal)
{
	int irq = irq_alloc_desc(NUMA_NO_NODE);
	int ret;

	if (irq < 0)
		return irq;
	irq_set_chip_data(irq, signal);
	irq_set_chip_and_handler_name(irq, &vbus_irq_chip, handle_edge_irq,
				      "edge");
	/* A new affinity holds at once, it need not wait for an interrupt. */
	irq_set_status_flags(irq, IRQ_MOVE_PCNTXT);
	signal->irq = irq;
	ret = request_irq(irq, signal_interrupt, 0, signal->name, signal);
	if (ret)
		irq_free_desc(irq);
	return ret;
}

/* ---- signals --------------------------------------------------------------- */

static void inject_signal(struct shm_signal *s)
{
	struct vbus_signal *signal = to_vbus_signal(s);
	struct vbus_connector *c = signal->connector;

	atomic_long_inc(&c->stats.inject);
	c->wire->ops->shm_signal(c->wire, signal->handle);
}

static void release_signal(struct shm_signal *s)
{
	struct vbus_signal *signal = to_vbus_signal(s);

	free_irq(signal->irq, signal);
	irq_free_desc(signal->irq);
	kfree(signal);
}

static const struct shm_signal_ops signal_ops = {
	.inject = inject_signal,
	.release = release_signal,
};

struct vbus_signal *vbus_signal_create(struct vbus_connector *c, u32 devid,
				       const char *name,
				       struct shm_signal_desc *desc)
{
	struct vbus_signal *signal = kzalloc(sizeof(*signal), GFP_KERNEL);
	int ret;

	if (!signal)
		return ERR_PTR(-ENOMEM);
	shm_signal_init(&signal->shm, SHM_LOCALITY_NORTH, &signal_ops, desc);
	signal->connector = c;
	signal->devid = devid;
	INIT_CSD(&signal->to_cpu, arrived, signal);
	strscpy(signal->name, name, sizeof(signal->name));
	ret = create_irq(signal);
	if (ret) {
		kfree(signal);
		return ERR_PTR(ret);
	}
	/* From here on the host may name it. */
	shm_signal_get(&signal->shm);
	ret = xa_alloc_cyclic_irq(&c->signals, &signal->cookie, signal,
				  xa_limit_31b, &c->next_cookie, GFP_KERNEL);
	if (ret < 0) {
		shm_signal_put(&signal->shm);
		shm_signal_put(&signal->shm);
		return ERR_PTR(ret);
	}
	return signal;
}

void vbus_signal_close(struct vbus_connector *c, u64 cookie)
{
	struct vbus_signal *signal = NULL;
	unsigned long flags;

	if (cookie <= U32_MAX) {
		xa_lock_irqsave(&c->signals, flags);
		signal = __xa_erase(&c->signals, cookie);
		xa_unlock_irqrestore(&c->signals, flags);
	}
	if (signal)
		shm_signal_put(&signal->shm);
	else
		atomic_long_inc(&c->stats.stale);
}

void vbus_signal_deliver(struct vbus_connector *c, u64 cookie)
{
	struct vbus_signal *signal = NULL;
	unsigned long flags;

	if (cookie <= U32_MAX) {
		xa_lock_irqsave(&c->signals, flags);
		signal = xa_load(&c->signals, cookie);
		if (signal)
			shm_signal_get(&signal->shm);
		xa_unlock_irqrestore(&c->signals, flags);
	}
	if (!signal) {
		atomic_long_inc(&c->stats.stale);
		return;
	}
	send_to_cpu(signal);
	shm_signal_put(&signal->shm);
}

void vbus_signals_close_device(struct vbus_connector *c, u32 devid)
{
	struct vbus_signal *signal;
	unsigned long cookie, flags;

	xa_lock_irqsave(&c->signals, flags);
	xa_for_each(&c->signals, cookie, signal) {
		if (signal->devid != devid)
			continue;
		__xa_erase(&c->signals, cookie);
		shm_signal_put(&signal->shm);
	}
	xa_unlock_irqrestore(&c->signals, flags);
}

void vbus_signals_hang_up_device(struct vbus_connector *c, u64 devid)
{
	struct vbus_signal *signal;
	unsigned long cookie, flags;

	xa_lock_irqsave(&c->signals, flags);
	xa_for_each(&c->signals, cookie, signal) {
		if (signal->devid != devid)
			continue;
		shm_signal_get(&signal->shm);
		xa_unlock_irqrestore(&c->signals, flags);
		shm_signal_hangup(&signal->shm);
		shm_signal_put(&signal->shm);
		xa_lock_irqsave(&c->signals, flags);
	}
	xa_unlock_irqrestore(&c->signals, flags);
}

/* The host has been reset: what it did not close is closed now. */
void vbus_signals_destroy(struct vbus_connector *c)
{
	struct vbus_signal *signal;
	unsigned long cookie;

	xa_for_each(&c->signals, cookie, signal)
		vbus_signal_close(c, cookie);
	shm_signal_flush();
	xa_destroy(&c->signals);
}
