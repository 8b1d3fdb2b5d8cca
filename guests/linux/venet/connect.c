// SPDX-License-Identifier: GPL-2.0-only
/*
 * From DEVOPEN to DEVCLOSE.  With everything but large receive agreed on, the
 * order of calls is DEVOPEN, NEGCAP(SG), NEGCAP(EVENTQ), EVQQUERY, shm event
 * pool, shm event queue, shm rx, shm tx, PMTDQUERY, shm descriptor pool; the
 * address (MACQUERY) and LINKUP follow when the interface is made and opened.
 */
#include <linux/gfp.h>
#include <linux/slab.h>
#include "enet.h"

int enet_ids_init(struct enet_ids *ids, u32 count)
{
	ids->stack = kvmalloc_array(count, sizeof(*ids->stack), GFP_KERNEL);
	if (!ids->stack)
		return -ENOMEM;
	ids->count = count;
	ids->free = 0;
	while (ids->free < count) {
		ids->stack[ids->free] = count - 1 - ids->free;
		ids->free++;
	}
	return 0;
}

void enet_ids_free(struct enet_ids *ids)
{
	kvfree(ids->stack);
	ids->stack = NULL;
}

int enet_pool_init(struct enet_pool *pool, size_t len)
{
	pool->mem = alloc_pages_exact(len, GFP_KERNEL | __GFP_ZERO);
	if (!pool->mem)
		return -ENOMEM;
	pool->len = len;
	return 0;
}

void enet_pool_free(struct enet_pool *pool)
{
	if (pool->mem)
		free_pages_exact(pool->mem, pool->len);
	pool->mem = NULL;
}

static int enet_pool_lend(struct enet *enet, struct enet_pool *pool, u32 id)
{
	int ret = vbus_device_shm(enet->vdev, NULL, id, 0, pool->mem, pool->len,
				  NULL, NULL, 0);

	return min(ret, 0);
}

/* A ring whose interrupt is called after the interface: "eth0-rx". */
static int enet_ring(struct enet *enet, const char *what, u32 id, u32 count,
		     struct ioq **ioq)
{
	char name[IFNAMSIZ + 8];

	snprintf(name, sizeof(name), "%s-%s", enet->dev->name, what);
	return vbus_driver_ioq_alloc(enet->vdev, name, id, 0, count, ioq);
}

/* What both sides want.  A device that knows no capabilities has none. */
static u32 enet_negotiate(struct enet *enet, u32 group, u32 wanted)
{
	struct venet_capabilities caps = { .gid = group, .bits = wanted };

	if (enet_call(enet, VENET_FUNC_NEGCAP, &caps, sizeof(caps)) < 0)
		return 0;
	return caps.bits & wanted;
}

static void enet_negotiate_all(struct enet *enet,
			       const struct enet_config *config)
{
	u32 sg = VENET_CAP_SG | VENET_CAP_TSO4 | VENET_CAP_TSO6 | VENET_CAP_ECN;

	if (config->sg) {
		enet->caps.sg = enet_negotiate(enet, VENET_CAP_GROUP_SG, sg |
					       (config->pmtd ? VENET_CAP_PMTD : 0));
		/* The others mean nothing without it. */
		if (!enet_has_sg(enet))
			enet->caps.sg = 0;
	}
	if (config->evq)
		enet->caps.evq = enet_negotiate(enet, VENET_CAP_GROUP_EVENTQ,
						VENET_CAP_EVQ_LINKSTATE |
						(config->txc ? VENET_CAP_EVQ_TXC : 0));
	if (config->l4ro) {
		enet->caps.l4ro = enet_negotiate(enet, VENET_CAP_GROUP_L4RO, sg);
		if (!enet_has_l4ro(enet))
			enet->caps.l4ro = 0;
	}
}

static int enet_connect_events(struct enet *enet, u32 count)
{
	struct enet_events *events = &enet->events;
	struct venet_eventq_query query = {};
	int ret;

	ret = enet_call(enet, VENET_FUNC_EVQQUERY, &query, sizeof(query));
	if (ret < 0)
		return ret;
	if (query.evsize < sizeof(struct venet_event_txc) ||
	    query.evsize > PAGE_SIZE)
		return -EPROTO;
	events->evsize = query.evsize;

	ret = enet_pool_init(&events->pool, (size_t)count * query.evsize);
	if (!ret)
		ret = enet_pool_lend(enet, &events->pool, query.dpid);
	if (!ret)
		ret = enet_ring(enet, "event", query.qid, count, &events->ioq);
	if (ret)
		return ret;
	events->ioq->notifier = &events->notifier;
	return enet_events_post(enet);
}

static int enet_connect_rx(struct enet *enet, u32 count)
{
	struct enet_rx *rx = &enet->rx;
	int ret;

	rx->slots = kvcalloc(count, sizeof(*rx->slots), GFP_KERNEL);
	if (!rx->slots)
		return -ENOMEM;
	rx->count = count;
	ret = enet_ring(enet, "rx", VENET_QUEUE_RX, count, &rx->ioq);
	if (ret)
		return ret;
	rx->ioq->notifier = &rx->notifier;
	return 0;
}

static int enet_connect_tx(struct enet *enet, u32 count)
{
	struct enet_tx *tx = &enet->tx;
	int ret;

	ret = enet_ids_init(&tx->ids, count);
	if (ret)
		return ret;
	tx->skbs = kvcalloc(count, sizeof(*tx->skbs), GFP_KERNEL);
	if (!tx->skbs)
		return -ENOMEM;
	ret = enet_ring(enet, "tx", VENET_QUEUE_TX, count, &tx->ioq);
	if (ret)
		return ret;
	tx->ioq->notifier = &tx->notifier;

	if (!enet_has_sg(enet))
		return 0;
	ret = enet_pool_init(&tx->pool, (size_t)count * ENET_SG_STRIDE);
	if (ret || !enet_has_pmtd(enet))
		return ret;
	ret = enet_call(enet, VENET_FUNC_PMTDQUERY, NULL, 0);
	return ret < 0 ? ret : enet_pool_lend(enet, &tx->pool, ret);
}

static int enet_connect_l4ro(struct enet *enet, u32 count, u32 pages)
{
	struct enet_rx *rx = &enet->rx;
	struct venet_l4ro_query query = {};
	int ret;

	ret = enet_call(enet, VENET_FUNC_L4ROQUERY, &query, sizeof(query));
	if (ret < 0)
		return ret;
	ret = enet_pool_init(&rx->pool, (size_t)count * ENET_SG_STRIDE);
	if (!ret)
		ret = enet_pool_lend(enet, &rx->pool, query.dpid);
	if (!ret)
		ret = enet_rx_pages_init(&rx->pages, pages);
	if (!ret)
		ret = enet_ring(enet, "page", query.pqid, pages, &rx->pages.ioq);
	if (!ret)
		enet_rx_pages_refill(enet, GFP_KERNEL);
	return ret;
}

int enet_connect(struct enet *enet, const struct enet_config *config)
{
	int ret;

	ret = vbus_device_open(enet->vdev, VENET_VERSION, 0);
	if (ret < 0)
		return ret;
	enet->opened = true;
	enet_negotiate_all(enet, config);

	ret = 0;
	if (enet->caps.evq)
		ret = enet_connect_events(enet, config->tx_ringlen);
	if (!ret)
		ret = enet_connect_rx(enet, config->rx_ringlen);
	if (!ret)
		ret = enet_connect_tx(enet, config->tx_ringlen);
	if (!ret && enet_has_l4ro(enet))
		ret = enet_connect_l4ro(enet, config->rx_ringlen,
					config->page_ringlen);
	if (!ret)
		ret = enet_rx_post(enet);
	if (ret)
		enet_disconnect(enet);
	return ret;
}

static void enet_ring_put(struct ioq **ioq)
{
	if (*ioq)
		ioq_put(*ioq);
	*ioq = NULL;
}

void enet_disconnect(struct enet *enet)
{
	/* From here on the host does not touch what was lent to it. */
	if (enet->opened)
		vbus_device_close(enet->vdev, 0);
	enet->opened = false;

	enet_ring_put(&enet->rx.ioq);
	enet_ring_put(&enet->rx.pages.ioq);
	enet_ring_put(&enet->tx.ioq);
	enet_ring_put(&enet->events.ioq);
	enet_rx_free(enet);
	enet_tx_free(enet);
	enet_pool_free(&enet->events.pool);
}
