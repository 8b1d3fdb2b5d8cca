// SPDX-License-Identifier: GPL-2.0-only
/*
 * Iterators: the only way over a ring.
 *
 * Each word of an index has one writer, except `full`, which push sets and pop
 * clears.  What keeps the two sides apart is the ownership of the descriptor, so
 * a push or a pop writes its index first and gives the descriptor away last.
 */
#include <linux/export.h>
#include <linux/printk.h>
#include <asm/barrier.h>
#include <vbus/ioq.h>

/* Once is enough to say: nothing of the ring is used afterwards. */
static int break_ring(struct ioq *ioq, const char *why, u32 value)
{
	if (!READ_ONCE(ioq->broken)) {
		WRITE_ONCE(ioq->broken, true);
		pr_err("ioq: ring is broken: %s (%u)\n", why, value);
	}
	return -EIO;
}

/* An index that may be the other side's word: within the ring, or -EIO. */
static int read_position(struct ioq *ioq, const __le32 *from, u32 *position)
{
	u32 value = le32_to_cpu(READ_ONCE(*from));

	if (READ_ONCE(ioq->broken))
		return -EIO;
	if (value >= ioq->count)
		return break_ring(ioq, "index outside the ring", value);
	*position = value;
	return 0;
}

static u32 successor(const struct ioq *ioq, u32 position)
{
	return position + 1 == ioq->count ? 0 : position + 1;
}

static void move_to(struct ioq_iterator *iter, u32 position)
{
	iter->pos = position;
	iter->desc = &iter->ioq->head->ring[position];
}

u32 ioq_count(struct ioq *ioq, enum ioq_idx_type type)
{
	struct ioq_ring_idx *idx;
	u32 head, tail;

	idx = &ioq->head->idx[type == IOQ_IDX_BOTH ? IOQ_IDX_VALID : type];
	if (read_position(ioq, &idx->head, &head) ||
	    read_position(ioq, &idx->tail, &tail))
		return 0;
	if (head == tail)
		return READ_ONCE(idx->full) ? ioq->count : 0;
	return tail > head ? tail - head : tail + ioq->count - head;
}
EXPORT_SYMBOL_GPL(ioq_count);

int ioq_iter_init(struct ioq *ioq, struct ioq_iterator *iter,
		  enum ioq_idx_type type, u32 flags)
{
	iter->ioq = ioq;
	iter->both = type == IOQ_IDX_BOTH;
	iter->idx = &ioq->head->idx[iter->both ? IOQ_IDX_VALID : type];
	iter->flags = flags;
	move_to(iter, 0);
	return ioq_iter_seek(iter, IOQ_SEEK_HEAD, 0);
}
EXPORT_SYMBOL_GPL(ioq_iter_init);

int ioq_iter_seek(struct ioq_iterator *iter, enum ioq_seek seek, u32 offset)
{
	struct ioq *ioq = iter->ioq;
	u32 position;
	int ret = 0;

	switch (seek) {
	case IOQ_SEEK_HEAD:
		ret = read_position(ioq, &iter->idx->head, &position);
		break;
	case IOQ_SEEK_TAIL:
		ret = read_position(ioq, &iter->idx->tail, &position);
		break;
	case IOQ_SEEK_NEXT:
		position = successor(ioq, iter->pos);
		break;
	case IOQ_SEEK_SET:
		position = offset;
		if (offset >= ioq->count)
			ret = -EINVAL;
		break;
	default:
		ret = -EINVAL;
	}
	if (!ret)
		move_to(iter, position);
	return ret;
}
EXPORT_SYMBOL_GPL(ioq_iter_seek);

bool ioq_iter_ours(const struct ioq_iterator *iter)
{
	bool ours = READ_ONCE(iter->desc->sown) == iter->ioq->locality;

	virt_rmb();
	return ours;
}
EXPORT_SYMBOL_GPL(ioq_iter_ours);

/* The descriptor, and all that it stands for, belongs to the other side now. */
static void give_away(struct ioq_iterator *iter)
{
	if (iter->flags & IOQ_ITER_NOFLIPOWNER)
		return;
	virt_mb();
	WRITE_ONCE(iter->desc->sown, !iter->ioq->locality);
	virt_mb();
}

static int finish(struct ioq_iterator *iter, u32 next)
{
	give_away(iter);
	move_to(iter, next);
	if (iter->flags & IOQ_ITER_AUTOUPDATE)
		ioq_signal(iter->ioq);
	return 0;
}

/*
 * 0 if @idx has room at @position, its tail.  `full` means something only where
 * head and tail meet: a push that sees the ring become full, and a pop that has
 * just made room but looked at `full` before, leave it set in a ring that is
 * not; the next pop clears it.
 */
static int check_push(struct ioq *ioq, struct ioq_ring_idx *idx, u32 position)
{
	u32 head, tail;
	int ret;

	ret = read_position(ioq, &idx->head, &head);
	if (!ret)
		ret = read_position(ioq, &idx->tail, &tail);
	if (ret)
		return ret;
	if (tail != position)
		return -EINVAL;
	return head == tail && READ_ONCE(idx->full) ? -ENOSPC : 0;
}

/* `full` before the tail, so that head == tail is never read as empty. */
static int push_index(struct ioq *ioq, struct ioq_ring_idx *idx, u32 next)
{
	u32 head;
	int ret = read_position(ioq, &idx->head, &head);

	if (ret)
		return ret;
	if (head == next) {
		WRITE_ONCE(idx->full, 1);
		virt_wmb();
	}
	WRITE_ONCE(idx->tail, cpu_to_le32(next));
	return 0;
}

int ioq_iter_push(struct ioq_iterator *iter)
{
	struct ioq *ioq = iter->ioq;
	struct ioq_ring_idx *inuse = &ioq->head->idx[IOQ_IDX_INUSE];
	u32 next = successor(ioq, iter->pos);
	int ret;

	ret = check_push(ioq, iter->idx, iter->pos);
	if (ret)
		return ret;
	if (!ioq_iter_ours(iter))
		return -EBUSY;
	if (iter->both) {
		ret = check_push(ioq, inuse, iter->pos);
		if (ret == -EINVAL)
			return break_ring(ioq, "tails differ", iter->pos);
		if (!ret)
			ret = push_index(ioq, inuse, next);
		if (ret)
			return ret;
	}
	ret = push_index(ioq, iter->idx, next);
	return ret ? ret : finish(iter, next);
}
EXPORT_SYMBOL_GPL(ioq_iter_push);

int ioq_iter_pop(struct ioq_iterator *iter)
{
	struct ioq *ioq = iter->ioq;
	struct ioq_ring_idx *idx = iter->idx;
	u32 next = successor(ioq, iter->pos);
	u32 head, tail;
	int ret;

	ret = read_position(ioq, &idx->head, &head);
	if (!ret)
		ret = read_position(ioq, &idx->tail, &tail);
	if (ret)
		return ret;
	if (head != iter->pos)
		return -EINVAL;
	if (head == tail && !READ_ONCE(idx->full))
		return -ENOENT;
	if (!ioq_iter_ours(iter))
		return -EBUSY;

	WRITE_ONCE(idx->head, cpu_to_le32(next));
	virt_mb();
	if (READ_ONCE(idx->full))
		WRITE_ONCE(idx->full, 0);
	return finish(iter, next);
}
EXPORT_SYMBOL_GPL(ioq_iter_pop);
