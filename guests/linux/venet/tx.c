// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transmit ring.  A packet in flight has a number, by which the host names
 * it when it is done with it: by giving the descriptor back, or, with transmit
 * completion, by an event, while the descriptor has long been used again.
 *
 * No number is free while the ring is full, so the numbers say when the queue
 * stops.  All that decides on that is done under tx.lock.
 */
#include <linux/slab.h>
#include <linux/tcp.h>
#include "enet.h"

/* Descriptors are reaped over "valid", unless completion comes by event. */
static enum ioq_idx_type enet_tx_index(const struct enet *enet)
{
	return enet_has_txc(enet) ? IOQ_IDX_INUSE : IOQ_IDX_BOTH;
}

static struct venet_sg *enet_tx_sg(struct enet *enet, u32 id)
{
	return enet->tx.pool.mem + (size_t)id * ENET_SG_STRIDE;
}

static void enet_tx_add_iov(struct venet_sg *sg, phys_addr_t ptr, u32 len)
{
	struct venet_iov *iov = &sg->iov[sg->count++];

	iov->len = len;
	iov->pad = 0;
	iov->ptr = ptr;
}

static void enet_tx_describe_gso(struct enet *enet, struct sk_buff *skb,
				 struct venet_sg *sg)
{
	const struct skb_shared_info *info = skb_shinfo(skb);

	sg->flags |= VENET_SG_FLAG_GSO;
	sg->gso.type = info->gso_type & SKB_GSO_TCPV6 ? VENET_GSO_TYPE_TCPV6 :
							VENET_GSO_TYPE_TCPV4;
	if (info->gso_type & SKB_GSO_TCP_ECN)
		sg->flags |= VENET_SG_FLAG_ECN;
	sg->gso.hdrlen = skb_tcp_all_headers(skb);
	sg->gso.size = info->gso_size;
	enet->stats.tx_gso++;
}

/* Where the packet is, and what is left to do.  Bytes of the descriptor. */
static size_t enet_tx_describe_sg(struct enet *enet, struct sk_buff *skb,
				  struct venet_sg *sg, u32 id)
{
	int i;

	memset(sg, 0, sizeof(*sg));
	sg->cookie = id;
	sg->len = skb->len;
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		sg->flags |= VENET_SG_FLAG_NEEDS_CSUM;
		sg->csum.start = skb_checksum_start_offset(skb);
		sg->csum.offset = skb->csum_offset;
	}
	if (skb_is_gso(skb))
		enet_tx_describe_gso(enet, skb, sg);

	if (skb_headlen(skb))
		enet_tx_add_iov(sg, virt_to_phys(skb->data), skb_headlen(skb));
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		enet_tx_add_iov(sg, page_to_phys(skb_frag_page(frag)) +
				    skb_frag_off(frag), skb_frag_size(frag));
	}
	return VSG_DESC_SIZE(sg->count);
}

static void enet_tx_describe(struct enet *enet, struct sk_buff *skb,
			     struct ioq_ring_desc *desc, u32 id)
{
	u64 ptr, len;

	if (enet_has_sg(enet)) {
		struct venet_sg *sg = enet_tx_sg(enet, id);

		len = enet_tx_describe_sg(enet, skb, sg, id);
		ptr = enet_has_pmtd(enet) ? (u64)id * ENET_SG_STRIDE :
					    virt_to_phys(sg);
	} else {
		ptr = virt_to_phys(skb->data);
		len = skb->len;
	}
	desc->cookie = id;
	desc->ptr = cpu_to_le64(ptr);
	desc->len = cpu_to_le64(len);
	desc->valid = 1;
}

/* Puts the packet on the ring.  -ENOSPC: try again later; else it is lost. */
static int enet_tx_push(struct enet *enet, struct sk_buff *skb)
{
	struct enet_tx *tx = &enet->tx;
	struct ioq_iterator iter;
	int id, ret;

	id = enet_ids_take(&tx->ids);
	if (id < 0)
		return id;
	ret = ioq_iter_init(tx->ioq, &iter, enet_tx_index(enet), 0);
	if (!ret)
		ret = ioq_iter_seek(&iter, IOQ_SEEK_TAIL, 0);
	if (ret)
		goto fail;
	enet_tx_describe(enet, skb, iter.desc, id);
	skb_tx_timestamp(skb);
	tx->skbs[id] = skb;
	ret = ioq_iter_push(&iter);
	if (ret)
		goto fail;
	dev_sw_netstats_tx_add(enet->dev, 1, skb->len);
	return 0;

fail:
	tx->skbs[id] = NULL;
	enet_ids_put(&tx->ids, id);
	return ret == -ENOSPC ? -EIO : ret;
}

netdev_tx_t enet_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct enet *enet = netdev_priv(dev);
	struct enet_tx *tx = &enet->tx;
	bool stopped;
	int ret;

	spin_lock(&tx->lock);
	ret = enet_tx_push(enet, skb);
	stopped = !tx->ids.free;
	if (stopped) {
		netif_stop_queue(dev);
		enet->stats.tx_stops++;
	}
	spin_unlock(&tx->lock);

	if (!netdev_xmit_more() || stopped) {
		enet->stats.tx_kicks++;
		ioq_signal(tx->ioq);
	}
	if (ret == -ENOSPC)
		return NETDEV_TX_BUSY;
	if (ret) {
		DEV_STATS_INC(dev, tx_dropped);
		dev_kfree_skb_any(skb);
	}
	return NETDEV_TX_OK;
}

void enet_tx_timeout(struct net_device *dev, unsigned int txqueue)
{
	struct enet *enet = netdev_priv(dev);

	enet->stats.tx_timeouts++;
	netdev_warn(dev, "the host takes no packets: %u of %u in flight\n",
		    enet->tx.ids.count - enet->tx.ids.free,
		    enet->tx.ids.count);
	ioq_signal(enet->tx.ioq);
	napi_schedule(&enet->tx.napi);
}

void enet_tx_complete(struct enet *enet, u64 id, int budget)
{
	struct enet_tx *tx = &enet->tx;

	if (id < tx->ids.count && tx->skbs[id]) {
		napi_consume_skb(tx->skbs[id], budget);
		tx->skbs[id] = NULL;
		enet_ids_put(&tx->ids, id);
	} else {
		enet->stats.tx_bad_completions++;
	}
}

/* Descriptors that the host has given back, at most @limit. */
static int enet_tx_reap_ring(struct enet *enet, int limit, int budget)
{
	struct ioq *ioq = enet->tx.ioq;
	struct ioq_iterator iter;
	int done = 0;

	if (enet_has_txc(enet) ||
	    ioq_iter_init(ioq, &iter, IOQ_IDX_VALID, IOQ_ITER_NOFLIPOWNER))
		return 0;
	while (done < limit && !ioq_empty(ioq, IOQ_IDX_VALID) &&
	       READ_ONCE(iter.desc->valid) && ioq_iter_ours(&iter)) {
		u64 id = iter.desc->cookie;

		iter.desc->valid = 0;
		if (ioq_iter_pop(&iter))
			break;
		enet_tx_complete(enet, id, budget);
		done++;
	}
	return done;
}

/* Both ways of completion.  Under tx.lock. */
static int enet_tx_reap_some(struct enet *enet, int limit, int budget)
{
	struct enet_tx *tx = &enet->tx;
	int done = 0;

	if (enet->events.ioq)
		done = enet_events_drain(enet, limit, budget);
	done += enet_tx_reap_ring(enet, limit - done, budget);

	/* A quarter at once, so that the queue does not flap. */
	if (netif_queue_stopped(enet->dev) && netif_running(enet->dev) &&
	    tx->ids.free >= tx->ids.count / 4) {
		enet->stats.tx_wakes++;
		netif_wake_queue(enet->dev);
	}
	return done;
}

void enet_tx_reap(struct enet *enet)
{
	/* What can be in flight, and as much of link state. */
	int limit = 2 * enet->tx.ids.count;

	spin_lock_bh(&enet->tx.lock);
	enet_tx_reap_some(enet, limit, 0);
	spin_unlock_bh(&enet->tx.lock);
}

static int enet_tx_poll(struct napi_struct *napi, int budget)
{
	struct enet *enet = container_of(napi, struct enet, tx.napi);
	int done;

	enet->stats.tx_polls++;
	if (!budget) {
		/* netpoll, maybe on top of who holds the lock: reap only. */
		if (spin_trylock(&enet->tx.lock)) {
			enet_tx_reap_some(enet, NAPI_POLL_WEIGHT, 0);
			spin_unlock(&enet->tx.lock);
		}
		return 0;
	}
	spin_lock(&enet->tx.lock);
	done = enet_tx_reap_some(enet, budget, budget);
	spin_unlock(&enet->tx.lock);

	if (done < budget && napi_complete_done(napi, done)) {
		if (!enet_has_txc(enet))
			ioq_notify_enable(enet->tx.ioq);
		if (enet->events.ioq)
			ioq_notify_enable(enet->events.ioq);
	}
	return done;
}

static void enet_tx_signalled(struct ioq_notifier *notifier)
{
	struct enet *enet = container_of(notifier, struct enet, tx.notifier);

	ioq_notify_disable(enet->tx.ioq);
	napi_schedule(&enet->tx.napi);
}

void enet_tx_setup(struct enet *enet)
{
	spin_lock_init(&enet->tx.lock);
	enet->tx.notifier.signal = enet_tx_signalled;
	netif_napi_add_tx(enet->dev, &enet->tx.napi, enet_tx_poll);
}

void enet_tx_free(struct enet *enet)
{
	struct enet_tx *tx = &enet->tx;
	u32 i;

	for (i = 0; tx->skbs && i < tx->ids.count; i++)
		dev_kfree_skb_any(tx->skbs[i]);
	kvfree(tx->skbs);
	tx->skbs = NULL;
	enet_ids_free(&tx->ids);
	enet_pool_free(&tx->pool);
}
