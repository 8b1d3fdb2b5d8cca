/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioq: a ring of descriptors in shared memory, version 4.
 *
 * Two indexes run over one ring.  "valid" tracks the descriptors that carry
 * resources (buffers posted, or sent and not yet reaped), "inuse" those with
 * payload in flight.  Each descriptor has an ownership byte, which is the real
 * synchroniser: a side touches a descriptor, and pushes or pops over it, only
 * while it owns it.
 *
 *  receive  north pushes every slot on valid once (now south's); south fills
 *           the slot at inuse.tail and pushes (north's); north consumes at
 *           inuse.head, refills and pops (south's).
 *  transmit north pushes at both tails (south's); south consumes at inuse.head
 *           and pops (north's); north reaps at valid.head and pops with
 *           IOQ_ITER_NOFLIPOWNER.
 *
 * Everything is done through an iterator.  An ioq has no lock: callers keep
 * those who move one index apart.  Words that the other side wrote are checked
 * before use; a ring that breaks the rules is "broken", and every operation on
 * it fails with -EIO from then on.
 */
#ifndef _VBUS_IOQ_H
#define _VBUS_IOQ_H

#include <linux/build_bug.h>
#include <linux/kref.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <vbus/shm_signal.h>

/* ---- what is in shared memory -------------------------------------------- */

#define IOQ_RING_MAGIC	0x47fa2fe4
#define IOQ_RING_VER	4

struct ioq_ring_desc {
	__aligned_u64 cookie;	/* north's own, in its own byte order */
	__le64 ptr __aligned(8);
	__le64 len __aligned(8);
	__u8 valid;
	__u8 sown;		/* 1: owned by south */
	__u8 pad[6];
};
static_assert(sizeof(struct ioq_ring_desc) == 32);

struct ioq_ring_idx {
	__le32 head;
	__le32 tail;
	__u8 full;
	__u8 pad[3];
};
static_assert(sizeof(struct ioq_ring_idx) == 12);

struct ioq_ring_head {
	__le32 magic;
	__le32 ver;
	struct shm_signal_desc signal;
	struct ioq_ring_idx idx[2];	/* by enum ioq_idx_type */
	__le32 count;
	__u8 pad[4];
	struct ioq_ring_desc ring[];
};
static_assert(offsetof(struct ioq_ring_head, ring) == 56);

/* Bytes of a ring of @count descriptors. */
static inline size_t ioq_ring_size(u32 count)
{
	return sizeof(struct ioq_ring_head) +
	       (size_t)count * sizeof(struct ioq_ring_desc);
}

/* ---- the local end --------------------------------------------------------- */

enum ioq_idx_type {
	IOQ_IDX_VALID,
	IOQ_IDX_INUSE,
	IOQ_IDX_BOTH,		/* iterate valid, push inuse in step */
};

enum ioq_seek {
	IOQ_SEEK_HEAD,
	IOQ_SEEK_TAIL,
	IOQ_SEEK_NEXT,
	IOQ_SEEK_SET,
};

#define IOQ_ITER_AUTOUPDATE	(1 << 0)  /* ioq_signal() after push and pop */
#define IOQ_ITER_NOFLIPOWNER	(1 << 1)  /* push and pop leave `sown` alone */

struct ioq;

struct ioq_notifier {
	/* As shm_signal_notifier: hard interrupt or softirq context. */
	void (*signal)(struct ioq_notifier *notifier);
};

struct ioq {
	struct kref kref;
	enum shm_signal_locality locality;
	struct ioq_ring_head *head;
	u32 count;
	bool broken;
	struct shm_signal *signal;
	struct shm_signal_notifier shm_notifier;
	/* Set it before ioq_notify_enable(). */
	struct ioq_notifier *notifier;
};

struct ioq_iterator {
	struct ioq *ioq;
	struct ioq_ring_idx *idx;
	struct ioq_ring_desc *desc;	/* at pos */
	u32 pos;
	u32 flags;
	bool both;
};

/* Writes an empty ring, all of it north's, both signals disabled. */
void ioq_ring_init(struct ioq_ring_head *head, u32 count);

/*
 * Makes the local end of the ring at @head with one reference and takes over
 * the caller's reference to @signal (NULL: a ring without doorbell).  Returns
 * NULL if memory is short; then @signal is still the caller's.
 */
struct ioq *ioq_new(struct ioq_ring_head *head, u32 count,
		    enum shm_signal_locality locality,
		    struct shm_signal *signal);

static inline struct ioq *ioq_get(struct ioq *ioq)
{
	kref_get(&ioq->kref);
	return ioq;
}

/*
 * The last one shuts the signal down, so that the notifier is not called any
 * more when it returns.  Close the device first: the memory is lent to the host
 * until then.
 * May sleep.
 */
void ioq_put(struct ioq *ioq);

static inline void ioq_notify_enable(struct ioq *ioq)
{
	if (ioq->signal)
		shm_signal_enable(ioq->signal);
}

static inline void ioq_notify_disable(struct ioq *ioq)
{
	if (ioq->signal)
		shm_signal_disable(ioq->signal);
}

/* Tells the other side that the ring has changed. */
static inline void ioq_signal(struct ioq *ioq)
{
	if (ioq->signal)
		shm_signal_inject(ioq->signal);
}

/* Descriptors between head and tail: 0 … ring's count; 0 if it is broken. */
u32 ioq_count(struct ioq *ioq, enum ioq_idx_type type);

static inline u32 ioq_remain(struct ioq *ioq, enum ioq_idx_type type)
{
	return ioq->count - ioq_count(ioq, type);
}

static inline bool ioq_empty(struct ioq *ioq, enum ioq_idx_type type)
{
	return !ioq_count(ioq, type);
}

static inline bool ioq_full(struct ioq *ioq, enum ioq_idx_type type)
{
	return !ioq_remain(ioq, type);
}

/* Starts at the head of the index.  0, or -EIO if the ring is broken. */
int ioq_iter_init(struct ioq *ioq, struct ioq_iterator *iter,
		  enum ioq_idx_type type, u32 flags);
/* @offset is for IOQ_SEEK_SET only.  0, -EINVAL, -EIO. */
int ioq_iter_seek(struct ioq_iterator *iter, enum ioq_seek seek, u32 offset);
/* 0; -ENOSPC: full; -EBUSY: not ours; -EINVAL: not at the tail; -EIO. */
int ioq_iter_push(struct ioq_iterator *iter);
/* 0; -ENOENT: empty; -EBUSY: not ours; -EINVAL: not at the head; -EIO. */
int ioq_iter_pop(struct ioq_iterator *iter);

/*
 * True if the descriptor under the iterator is owned by the local side.  What
 * the other side wrote before it gave it away is visible afterwards.
 */
bool ioq_iter_ours(const struct ioq_iterator *iter);

#endif /* _VBUS_IOQ_H */
