// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receive ring.  Every position has a buffer at all times: the one that was
 * filled goes up the stack only if another could be had to take its place.
 *
 * A descriptor is the buffer itself, or, with large receive, the offset of a
 * venet_sg in the pool, whose first fragment is the buffer; the host goes on in
 * pages of the page queue, and says which checksum and segmentation is missing.
 */
#include <linux/slab.h>
#include "enet.h"

/* What the host wrote, copied before it is looked at. */
struct enet_rx_frame {
	struct venet_sg sg;
	struct venet_iov iov[ENET_MAX_IOV];
};

static struct venet_sg *enet_rx_sg(struct enet *enet, u32 pos)
{
	return enet->rx.pool.mem + (size_t)pos * ENET_SG_STRIDE;
}

static u32 enet_rx_buffer_len(struct enet *enet)
{
	return READ_ONCE(enet->dev->mtu) + VLAN_ETH_HLEN;
}

/* Writes the descriptor of a position, whose slot has a buffer. */
static void enet_rx_describe(struct enet *enet, struct ioq_iterator *iter)
{
	struct enet_rx_slot *slot = &enet->rx.slots[iter->pos];
	struct ioq_ring_desc *desc = iter->desc;
	phys_addr_t buffer = virt_to_phys(slot->skb->data);

	desc->cookie = iter->pos;
	desc->valid = 1;
	if (enet_has_l4ro(enet)) {
		struct venet_sg *sg = enet_rx_sg(enet, iter->pos);

		memset(sg, 0, sizeof(*sg));
		sg->cookie = iter->pos;
		sg->len = slot->len;
		sg->count = 1;
		sg->iov[0].len = slot->len;
		sg->iov[0].pad = 0;
		sg->iov[0].ptr = buffer;
		desc->ptr = cpu_to_le64((u64)iter->pos * ENET_SG_STRIDE);
		desc->len = cpu_to_le64(ENET_SG_STRIDE);
	} else {
		desc->ptr = cpu_to_le64(buffer);
		desc->len = cpu_to_le64(slot->len);
	}
}

int enet_rx_post(struct enet *enet)
{
	u32 len = enet_rx_buffer_len(enet);
	struct ioq_iterator iter;
	int ret;

	ret = ioq_iter_init(enet->rx.ioq, &iter, IOQ_IDX_VALID, 0);
	while (!ret && !ioq_full(enet->rx.ioq, IOQ_IDX_VALID)) {
		struct enet_rx_slot *slot = &enet->rx.slots[iter.pos];

		slot->skb = __netdev_alloc_skb_ip_align(enet->dev, len,
							GFP_KERNEL);
		if (!slot->skb)
			return -ENOMEM;
		slot->len = len;
		enet_rx_describe(enet, &iter);
		ret = ioq_iter_push(&iter);
	}
	return ret;
}

/* Takes the pages out of the table: they are ours again.  -EPROTO: not all. */
static int enet_rx_add_pages(struct enet *enet, struct sk_buff *skb,
			     const struct enet_rx_frame *frame, u32 count)
{
	int ret = 0;
	u32 i;

	for (i = 1; i < count; i++) {
		u32 len = frame->iov[i].len;
		struct page *page;

		page = enet_rx_pages_take(&enet->rx.pages, frame->iov[i].ptr);
		if (!page) {
			ret = -EPROTO;
			continue;
		}
		if (!len || len > PAGE_SIZE) {
			put_page(page);
			ret = -EPROTO;
			continue;
		}
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, len,
				PAGE_SIZE);
	}
	return ret;
}

/* The work that the host left to us. */
static int enet_rx_set_offload(struct enet *enet, struct sk_buff *skb,
			       const struct venet_sg *sg)
{
	struct skb_shared_info *info = skb_shinfo(skb);

	if (sg->flags & VENET_SG_FLAG_NEEDS_CSUM) {
		if (!skb_partial_csum_set(skb, sg->csum.start, sg->csum.offset))
			return -EPROTO;
	} else if (sg->flags & VENET_SG_FLAG_GSO) {
		return -EPROTO;
	}
	if (!(sg->flags & VENET_SG_FLAG_GSO))
		return 0;

	switch (sg->gso.type) {
	case VENET_GSO_TYPE_TCPV4:
		info->gso_type = SKB_GSO_TCPV4;
		break;
	case VENET_GSO_TYPE_TCPV6:
		info->gso_type = SKB_GSO_TCPV6;
		break;
	default:
		return -EPROTO;
	}
	if (!sg->gso.size)
		return -EPROTO;
	if (sg->flags & VENET_SG_FLAG_ECN)
		info->gso_type |= SKB_GSO_TCP_ECN;
	/* Headers are to be checked, and segments counted, by who cuts it. */
	info->gso_type |= SKB_GSO_DODGY;
	info->gso_size = sg->gso.size;
	info->gso_segs = 0;
	enet->stats.rx_gso++;
	return 0;
}

/* Makes @skb, the buffer of @pos, the frame that the host says it holds. */
static int enet_rx_assemble_large(struct enet *enet, struct sk_buff *skb,
				  u32 pos)
{
	u32 room = enet->rx.slots[pos].len;
	struct enet_rx_frame frame;
	u32 count, first;

	memcpy(&frame, enet_rx_sg(enet, pos), sizeof(frame));
	barrier();
	count = min_t(u32, frame.sg.count, ENET_MAX_IOV);
	first = frame.iov[0].len;

	if (first <= room)
		skb_put(skb, first);
	/* All of them, also of a frame that is dropped. */
	if (enet_rx_add_pages(enet, skb, &frame, count))
		return -EPROTO;
	if (!count || count != frame.sg.count || first < ETH_HLEN ||
	    first > room || skb->len != frame.sg.len)
		return -EPROTO;
	if (count > 1)
		enet->stats.rx_large++;
	return enet_rx_set_offload(enet, skb, &frame.sg);
}

static int enet_rx_assemble(struct enet *enet, struct sk_buff *skb, u32 pos,
			    u64 len)
{
	if (enet_has_l4ro(enet))
		return enet_rx_assemble_large(enet, skb, pos);
	if (len < ETH_HLEN || len > enet->rx.slots[pos].len)
		return -EPROTO;
	skb_put(skb, len);
	return 0;
}

/* Takes back what enet_rx_assemble() did, so that the buffer can be posted. */
static void enet_rx_recycle(struct sk_buff *skb)
{
	struct skb_shared_info *info = skb_shinfo(skb);
	int i;

	for (i = 0; i < info->nr_frags; i++) {
		skb_frag_unref(skb, i);
		skb->truesize -= PAGE_SIZE;
	}
	info->nr_frags = 0;
	info->gso_type = 0;
	info->gso_size = 0;
	skb->data_len = 0;
	skb->len = 0;
	skb_reset_tail_pointer(skb);
	skb->ip_summed = CHECKSUM_NONE;
}

static void enet_rx_bad(struct enet *enet)
{
	enet->stats.rx_bad++;
	DEV_STATS_INC(enet->dev, rx_errors);
	if (net_ratelimit())
		netdev_warn(enet->dev, "received nonsense from the host\n");
}

/* One descriptor that came back; its slot has a buffer afterwards, too. */
static void enet_rx_frame(struct enet *enet, struct ioq_iterator *iter)
{
	struct enet_rx_slot *slot = &enet->rx.slots[iter->pos];
	u64 len = le64_to_cpu(READ_ONCE(iter->desc->len));
	u32 room = enet_rx_buffer_len(enet);
	struct sk_buff *skb = slot->skb;
	struct sk_buff *next;

	if (!len) {
		enet->stats.rx_flushed++;
		return;
	}
	if (enet_rx_assemble(enet, skb, iter->pos, len)) {
		enet_rx_bad(enet);
		enet_rx_recycle(skb);
		return;
	}
	next = napi_alloc_skb(&enet->rx.napi, room);
	if (!next) {
		enet->stats.rx_no_buffer++;
		DEV_STATS_INC(enet->dev, rx_dropped);
		enet_rx_recycle(skb);
		return;
	}
	slot->skb = next;
	slot->len = room;

	dev_sw_netstats_rx_add(enet->dev, skb->len);
	skb->protocol = eth_type_trans(skb, enet->dev);
	napi_gro_receive(&enet->rx.napi, skb);
}

/* True if the descriptor at the head came back from the host. */
static bool enet_rx_ready(struct enet *enet, const struct ioq_iterator *iter)
{
	return !ioq_empty(enet->rx.ioq, IOQ_IDX_INUSE) && ioq_iter_ours(iter);
}

static int enet_rx_poll(struct napi_struct *napi, int budget)
{
	struct enet *enet = container_of(napi, struct enet, rx.napi);
	struct ioq *ioq = enet->rx.ioq;
	struct ioq_iterator iter;
	int done = 0;

	enet->stats.rx_polls++;
	if (!ioq_iter_init(ioq, &iter, IOQ_IDX_INUSE, 0)) {
		while (done < budget && enet_rx_ready(enet, &iter)) {
			enet_rx_frame(enet, &iter);
			enet_rx_describe(enet, &iter);
			done++;
			if (ioq_iter_pop(&iter))
				break;
		}
	}
	if (done) {
		if (enet_has_l4ro(enet))
			enet_rx_pages_refill(enet, GFP_ATOMIC | __GFP_NOWARN);
		/* The host may have waited for buffers. */
		ioq_signal(ioq);
	}
	if (done < budget && napi_complete_done(napi, done))
		ioq_notify_enable(ioq);
	return done;
}

void enet_rx_discard(struct enet *enet)
{
	u32 len = enet_rx_buffer_len(enet);
	struct ioq *ioq = enet->rx.ioq;
	struct ioq_iterator iter;
	u32 left = ioq->count;

	if (ioq_iter_init(ioq, &iter, IOQ_IDX_INUSE, 0))
		return;
	for (; left && enet_rx_ready(enet, &iter); left--) {
		struct enet_rx_slot *slot = &enet->rx.slots[iter.pos];
		u64 got = le64_to_cpu(READ_ONCE(iter.desc->len));
		struct sk_buff *next;

		if (got) {
			/* So that its pages are ours again. */
			enet_rx_assemble(enet, slot->skb, iter.pos, got);
			enet_rx_recycle(slot->skb);
			DEV_STATS_INC(enet->dev, rx_dropped);
		} else {
			enet->stats.rx_flushed++;
		}
		if (slot->len != len) {
			next = __netdev_alloc_skb_ip_align(enet->dev, len,
							   GFP_KERNEL);
			/* Else the old one goes on, with its old length. */
			if (next) {
				kfree_skb(slot->skb);
				slot->skb = next;
				slot->len = len;
			}
		}
		enet_rx_describe(enet, &iter);
		if (ioq_iter_pop(&iter))
			break;
	}
	if (enet_has_l4ro(enet))
		enet_rx_pages_refill(enet, GFP_KERNEL);
	ioq_signal(ioq);
}

static void enet_rx_signalled(struct ioq_notifier *notifier)
{
	struct enet *enet = container_of(notifier, struct enet, rx.notifier);

	ioq_notify_disable(enet->rx.ioq);
	napi_schedule(&enet->rx.napi);
}

void enet_rx_setup(struct enet *enet)
{
	enet->rx.notifier.signal = enet_rx_signalled;
	netif_napi_add(enet->dev, &enet->rx.napi, enet_rx_poll);
}

void enet_rx_free(struct enet *enet)
{
	struct enet_rx *rx = &enet->rx;
	u32 i;

	for (i = 0; rx->slots && i < rx->count; i++)
		kfree_skb(rx->slots[i].skb);
	kvfree(rx->slots);
	rx->slots = NULL;
	enet_rx_pages_free(&rx->pages);
	enet_pool_free(&rx->pool);
}
