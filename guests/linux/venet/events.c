// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event queue.  Each descriptor names a slot of the pool, which the host
 * writes an event to.  Its doorbell starts the transmit side's NAPI.
 */
#include "enet.h"

static void enet_event_describe(struct enet *enet, struct ioq_iterator *iter)
{
	iter->desc->cookie = iter->pos;
	iter->desc->ptr = cpu_to_le64((u64)iter->pos * enet->events.evsize);
	iter->desc->len = cpu_to_le64(enet->events.evsize);
	iter->desc->valid = 1;
}

static void enet_events_signalled(struct ioq_notifier *notifier)
{
	struct enet *enet = container_of(notifier, struct enet, events.notifier);

	ioq_notify_disable(enet->events.ioq);
	napi_schedule(&enet->tx.napi);
}

int enet_events_post(struct enet *enet)
{
	struct ioq *ioq = enet->events.ioq;
	struct ioq_iterator iter;
	int ret;

	enet->events.notifier.signal = enet_events_signalled;
	ret = ioq_iter_init(ioq, &iter, IOQ_IDX_VALID, 0);
	while (!ret && !ioq_full(ioq, IOQ_IDX_VALID)) {
		enet_event_describe(enet, &iter);
		ret = ioq_iter_push(&iter);
	}
	return ret;
}

static void enet_event_linkstate(struct enet *enet, bool up)
{
	enet->stats.link_events++;
	if (up == netif_carrier_ok(enet->dev) || !netif_running(enet->dev))
		return;
	if (up)
		netif_carrier_on(enet->dev);
	else
		netif_carrier_off(enet->dev);
}

static void enet_event(struct enet *enet, u32 pos, int budget)
{
	struct enet_events *events = &enet->events;
	const void *event = events->pool.mem + (size_t)pos * events->evsize;
	const struct venet_event_header *header = event;
	const struct venet_event_linkstate *linkstate = event;
	const struct venet_event_txc *txc = event;

	enet->stats.events++;
	switch (READ_ONCE(header->id)) {
	case VENET_EVENT_LINKSTATE:
		enet_event_linkstate(enet, READ_ONCE(linkstate->state));
		break;
	case VENET_EVENT_TXC:
		enet->stats.tx_completion_events++;
		enet_tx_complete(enet, txc->cookie, budget);
		break;
	default:
		enet->stats.bad_events++;
	}
}

int enet_events_drain(struct enet *enet, int limit, int budget)
{
	struct ioq *ioq = enet->events.ioq;
	struct ioq_iterator iter;
	int done = 0;

	if (ioq_iter_init(ioq, &iter, IOQ_IDX_INUSE, 0))
		return 0;
	while (done < limit && !ioq_empty(ioq, IOQ_IDX_INUSE) &&
	       ioq_iter_ours(&iter)) {
		/* A slot that came back empty holds no event. */
		if (iter.desc->len)
			enet_event(enet, iter.pos, budget);
		enet_event_describe(enet, &iter);
		done++;
		if (ioq_iter_pop(&iter))
			break;
	}
	/* The host may have kept events for want of slots. */
	if (done)
		ioq_signal(ioq);
	return done;
}
