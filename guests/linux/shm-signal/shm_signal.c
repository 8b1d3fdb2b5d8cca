// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local end of a two-way doorbell in shared memory.
 *
 * The bytes are written by two processors without a lock.  Two pairs of them
 * are each a store followed by a load of what the other side stores, in the
 * opposite order, so that each needs a full barrier, or a wake-up is lost:
 *
 *   inject: dirty = 1;   mb; load pending, enabled
 *   wakeup: pending = 0; mb; load dirty
 *
 *   inject: dirty = 1;   mb; load enabled
 *   enable: enabled = 1; mb; load dirty
 *
 * The other side may be a processor that this kernel does not know of, hence
 * virt_mb(), which is not optimised away on a kernel built for one processor.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/wait_bit.h>
#include <asm/barrier.h>
#include <vbus/shm_signal.h>

/* What we receive. */
static struct shm_signal_irq *own_irq(struct shm_signal *s)
{
	return &s->desc->irq[s->locality];
}

/* What the other side receives. */
static struct shm_signal_irq *other_irq(struct shm_signal *s)
{
	return &s->desc->irq[!s->locality];
}

static bool enabled(const struct shm_signal_irq *irq)
{
	return READ_ONCE(irq->enabled);
}

static bool has_work(const struct shm_signal_irq *irq)
{
	return READ_ONCE(irq->dirty) || READ_ONCE(irq->pending);
}

void shm_signal_desc_init(struct shm_signal_desc *desc)
{
	memset(desc, 0, sizeof(*desc));
	desc->magic = SHM_SIGNAL_MAGIC;
	desc->ver = SHM_SIGNAL_VER;
}
EXPORT_SYMBOL_GPL(shm_signal_desc_init);

void shm_signal_enable(struct shm_signal *s)
{
	struct shm_signal_irq *irq = own_irq(s);
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	WRITE_ONCE(irq->enabled, 1);
	virt_mb();
	/* A wakeup that runs looks again by itself before it ends. */
	if (s->notifier && (has_work(irq) || s->hangup_untold) &&
	    !s->in_wakeup) {
		atomic_long_inc(&s->stats.deferred);
		tasklet_schedule(&s->deferred);
	}
	spin_unlock_irqrestore(&s->lock, flags);
}
EXPORT_SYMBOL_GPL(shm_signal_enable);

void shm_signal_disable(struct shm_signal *s)
{
	WRITE_ONCE(own_irq(s)->enabled, 0);
	virt_mb();
}
EXPORT_SYMBOL_GPL(shm_signal_disable);

void shm_signal_inject(struct shm_signal *s)
{
	struct shm_signal_irq *irq = other_irq(s);

	atomic_long_inc(&s->stats.injected);
	/* What was put into the shared memory must be there before it is told. */
	virt_wmb();
	WRITE_ONCE(irq->dirty, 1);
	virt_mb();
	if (READ_ONCE(irq->enabled) && !READ_ONCE(irq->pending)) {
		WRITE_ONCE(irq->pending, 1);
		virt_wmb();
		atomic_long_inc(&s->stats.rung);
		s->ops->inject(s);
	}
}
EXPORT_SYMBOL_GPL(shm_signal_inject);

/*
 * Only one wakeup is in the loop, whoever calls: enable() and the loop's own
 * conditions are under the lock, so what a second caller came for is seen by
 * the first before it leaves.  Returns false if there was nothing to do.
 */
static bool wakeup(struct shm_signal *s)
{
	struct shm_signal_irq *irq = own_irq(s);
	struct shm_signal_notifier *notifier;
	bool notified = false;
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	if (s->in_wakeup) {
		spin_unlock_irqrestore(&s->lock, flags);
		return true;
	}
	s->in_wakeup = true;

	while ((notifier = s->notifier) &&
	       (s->hangup_untold || (enabled(irq) && has_work(irq)))) {
		do {
			s->hangup_untold = false;
			WRITE_ONCE(irq->dirty, 0);
			/* Before the notifier looks at what there is. */
			virt_mb();
			spin_unlock_irqrestore(&s->lock, flags);
			notifier->signal(notifier);
			notified = true;
			spin_lock_irqsave(&s->lock, flags);
		} while (s->notifier == notifier && enabled(irq) &&
			 READ_ONCE(irq->dirty));
		/*
		 * Only now may the other side ring again: as long as we were
		 * busy, `pending` held it back.  A notifier that disabled leaves
		 * what is dirty to enable().
		 */
		WRITE_ONCE(irq->pending, 0);
		virt_mb();
	}

	s->in_wakeup = false;
	if (!s->notifier)
		wake_up_var(&s->in_wakeup);
	spin_unlock_irqrestore(&s->lock, flags);
	return notified;
}

bool shm_signal_wakeup(struct shm_signal *s)
{
	bool found = wakeup(s);

	atomic_long_inc(&s->stats.wakeups);
	if (!found)
		atomic_long_inc(&s->stats.spurious);
	return found;
}
EXPORT_SYMBOL_GPL(shm_signal_wakeup);

void shm_signal_hangup(struct shm_signal *s)
{
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	WRITE_ONCE(s->hung_up, true);
	s->hangup_untold = true;
	spin_unlock_irqrestore(&s->lock, flags);
	wakeup(s);
}
EXPORT_SYMBOL_GPL(shm_signal_hangup);

static void deferred_wakeup(struct tasklet_struct *tasklet)
{
	struct shm_signal *s = from_tasklet(s, tasklet, deferred);

	wakeup(s);
}

void shm_signal_set_notifier(struct shm_signal *s,
			     struct shm_signal_notifier *notifier)
{
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	s->notifier = notifier;
	spin_unlock_irqrestore(&s->lock, flags);
}
EXPORT_SYMBOL_GPL(shm_signal_set_notifier);

void shm_signal_shutdown(struct shm_signal *s)
{
	might_sleep();
	shm_signal_disable(s);
	shm_signal_set_notifier(s, NULL);
	wait_var_event(&s->in_wakeup, !smp_load_acquire(&s->in_wakeup));
	tasklet_kill(&s->deferred);
}
EXPORT_SYMBOL_GPL(shm_signal_shutdown);

void shm_signal_give_memory(struct shm_signal *s, void *memory, size_t len)
{
	s->memory = memory;
	s->memory_len = len;
}
EXPORT_SYMBOL_GPL(shm_signal_give_memory);

/* Releases, because the last reference may go in an interrupt. */
static struct workqueue_struct *release_wq;

static void release_work(struct work_struct *work)
{
	struct shm_signal *s = container_of(work, struct shm_signal, free);
	void *memory = s->memory;
	size_t len = s->memory_len;

	tasklet_kill(&s->deferred);
	s->ops->release(s);
	if (memory)
		free_pages_exact(memory, len);
}

static void last_reference_gone(struct kref *kref)
{
	struct shm_signal *s = container_of(kref, struct shm_signal, kref);

	queue_work(release_wq, &s->free);
}

void shm_signal_put(struct shm_signal *s)
{
	kref_put(&s->kref, last_reference_gone);
}
EXPORT_SYMBOL_GPL(shm_signal_put);

void shm_signal_flush(void)
{
	flush_workqueue(release_wq);
}
EXPORT_SYMBOL_GPL(shm_signal_flush);

void shm_signal_init(struct shm_signal *s, enum shm_signal_locality locality,
		     const struct shm_signal_ops *ops,
		     struct shm_signal_desc *desc)
{
	memset(s, 0, sizeof(*s));
	kref_init(&s->kref);
	spin_lock_init(&s->lock);
	s->locality = locality;
	s->ops = ops;
	s->desc = desc;
	tasklet_setup(&s->deferred, deferred_wakeup);
	INIT_WORK(&s->free, release_work);
}
EXPORT_SYMBOL_GPL(shm_signal_init);

static int __init shm_signal_module_init(void)
{
	release_wq = alloc_workqueue("shm-signal", 0, 0);
	return release_wq ? 0 : -ENOMEM;
}
module_init(shm_signal_module_init);

static void __exit shm_signal_module_exit(void)
{
	destroy_workqueue(release_wq);
}
module_exit(shm_signal_module_exit);

MODULE_DESCRIPTION("Two-way doorbells in shared memory");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");
