/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shm_signal: a two-way doorbell whose state lives in shared memory.
 *
 * Sixteen bytes, struct shm_signal_desc, are shared by the guest ("north") and
 * the host ("south").  Each side has three bytes in it that say what it
 * *receives*: whether it wants to be told at all (enabled), whether it has been
 * told already (pending), and whether there is something new (dirty).  A side
 * rings the wire only if the other is enabled and not pending, so that there is
 * at most one notification in flight, and none while the receiver is busy.
 *
 * Locality is a property of the local end: north in every driver of a guest.
 */
#ifndef _VBUS_SHM_SIGNAL_H
#define _VBUS_SHM_SIGNAL_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* ---- what is in shared memory -------------------------------------------- */

#define SHM_SIGNAL_MAGIC	0x58fa39df
#define SHM_SIGNAL_VER		1

struct shm_signal_irq {
	__u8 enabled;
	__u8 pending;
	__u8 dirty;
};

enum shm_signal_locality {
	SHM_LOCALITY_NORTH = 0,
	SHM_LOCALITY_SOUTH = 1,
};

struct shm_signal_desc {
	__u32 magic;
	__u32 ver;
	struct shm_signal_irq irq[2];	/* by locality of the receiver */
	__u8 pad[2];
};
static_assert(sizeof(struct shm_signal_desc) == 16);

/* ---- the local end --------------------------------------------------------- */

struct shm_signal;

struct shm_signal_ops {
	/* Rings the wire.  Any context. */
	void (*inject)(struct shm_signal *s);
	/*
	 * The last reference is gone: free what @s is embedded in.  Process
	 * context, local interrupts on.
	 */
	void (*release)(struct shm_signal *s);
};

/*
 * Embedded in what wants to be told.  @signal runs with no lock held, never
 * twice at a time for one shm_signal, in hard interrupt or softirq context.
 */
struct shm_signal_notifier {
	void (*signal)(struct shm_signal_notifier *notifier);
};

struct shm_signal_stats {
	atomic_long_t injected;		/* shm_signal_inject() called */
	atomic_long_t rung;		/* ... and the wire was rung */
	atomic_long_t wakeups;		/* notifications that arrived */
	atomic_long_t spurious;		/* ... and found nothing to do */
	atomic_long_t deferred;		/* found by shm_signal_enable() */
};

struct shm_signal {
	struct kref kref;
	/* Guards what follows up to `hangup_untold`. */
	spinlock_t lock;
	enum shm_signal_locality locality;
	struct shm_signal_desc *desc;
	const struct shm_signal_ops *ops;
	struct shm_signal_notifier *notifier;
	bool in_wakeup;
	bool hung_up;
	bool hangup_untold;
	struct tasklet_struct deferred;
	struct work_struct free;
	/* The memory that @desc lies in, if it goes with the signal. */
	void *memory;
	size_t memory_len;
	struct shm_signal_stats stats;
};

/* Writes an idle descriptor, both sides disabled: what north does first. */
void shm_signal_desc_init(struct shm_signal_desc *desc);

/* Sets up the local end with one reference.  @desc must hold a descriptor. */
void shm_signal_init(struct shm_signal *s, enum shm_signal_locality locality,
		     const struct shm_signal_ops *ops,
		     struct shm_signal_desc *desc);

/* Asks to be told, and sees to what came in the meantime.  Any context. */
void shm_signal_enable(struct shm_signal *s);
/* Asks not to be told.  A notifier that runs already goes on.  Any context. */
void shm_signal_disable(struct shm_signal *s);
/* Tells the other side that there is something new.  Any context. */
void shm_signal_inject(struct shm_signal *s);
/*
 * A notification arrived.  For connectors; interrupt or softirq context, or
 * process context with bottom halves off.  False if there was nothing to do, or
 * nobody who wanted to know.
 */
bool shm_signal_wakeup(struct shm_signal *s);

/*
 * The other side has gone and will never ring again: the notifier is called
 * once more, whatever the flags in memory say, so that nobody waits in vain.
 * For connectors; context as shm_signal_wakeup().
 */
void shm_signal_hangup(struct shm_signal *s);

static inline bool shm_signal_hung_up(const struct shm_signal *s)
{
	return READ_ONCE(s->hung_up);
}

/*
 * Sets who is told.  Set it before shm_signal_enable(); @notifier is called
 * until shm_signal_shutdown().
 */
void shm_signal_set_notifier(struct shm_signal *s,
			     struct shm_signal_notifier *notifier);
/*
 * Disables, takes the notifier away and waits until it does not run.  Does not
 * drop a reference.  May sleep.
 */
void shm_signal_shutdown(struct shm_signal *s);

/*
 * Hands over memory of alloc_pages_exact(): freed after the last reference has
 * gone, that is when driver and host both have let go of it.
 */
void shm_signal_give_memory(struct shm_signal *s, void *memory, size_t len);

static inline struct shm_signal *shm_signal_get(struct shm_signal *s)
{
	kref_get(&s->kref);
	return s;
}

/* Any context: the release is put off to a work queue. */
void shm_signal_put(struct shm_signal *s);

/* Waits for the releases that have been put off.  For connectors that unload. */
void shm_signal_flush(void);

#endif /* _VBUS_SHM_SIGNAL_H */
