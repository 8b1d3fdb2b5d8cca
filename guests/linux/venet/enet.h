/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vbus-enet: network interfaces on devices of type "virtual-ethernet".
 *
 *  main.c      module, probe and remove, the net_device's operations
 *  connect.c   from DEVOPEN to DEVCLOSE: capabilities, rings, pools
 *  rx.c        receive ring; rx_pages.c: pages that large frames go on in
 *  tx.c        transmit ring, and what becomes of packets that were sent
 *  events.c    event queue: link state, transmit completion
 *  ethtool.c
 *
 * There are two NAPI contexts.  One takes what was received.  The other reaps
 * what was sent: from the transmit ring, or from the event queue if the device
 * reports completion by events.  While one of them runs, the doorbells that
 * start it are masked.
 *
 * The host is not believed: what it names (packets, pages) are small numbers
 * that are looked up here, and every length is checked.
 */
#ifndef _VBUS_ENET_H
#define _VBUS_ENET_H

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <vbus/ioq.h>
#include <vbus/vbus_driver.h>
#include <vbus/venet.h>

/* The most that a device takes, and the least that makes sense. */
#define ENET_RING_MAX	2048
#define ENET_RING_MIN	8

/* The linear part of a packet and its fragments. */
#define ENET_MAX_IOV	(MAX_SKB_FRAGS + 1)
#define ENET_SG_STRIDE	VSG_DESC_SIZE(ENET_MAX_IOV)

struct enet;

/* How a device is asked to work: the parameters of the module. */
struct enet_config {
	u32 rx_ringlen;
	u32 tx_ringlen;
	u32 page_ringlen;
	bool sg;
	bool pmtd;
	bool evq;
	bool txc;
	bool l4ro;
};

/* Numbers 0 … count-1 by which the host knows what is lent to it. */
struct enet_ids {
	u32 *stack;
	u32 count;
	u32 free;
};

/* Memory that descriptors lie in; lent to the host as one shm, or not at all. */
struct enet_pool {
	void *mem;
	size_t len;
};

struct enet_rx_slot {
	struct sk_buff *skb;
	u32 len;		/* that the host may write */
};

struct enet_rx_pages {
	struct ioq *ioq;
	struct enet_ids ids;
	struct page **pages;	/* by id; NULL: not lent */
};

struct enet_rx {
	struct ioq *ioq;
	struct ioq_notifier notifier;
	struct napi_struct napi;
	u32 count;
	struct enet_rx_slot *slots;	/* by position in the ring */
	/* Large receive: a descriptor for each position. */
	struct enet_pool pool;
	struct enet_rx_pages pages;
};

struct enet_tx {
	struct ioq *ioq;
	struct ioq_notifier notifier;
	struct napi_struct napi;
	/*
	 * Guards ids and skbs, the reaping end of the ring and the event queue,
	 * and when the queue stops and wakes.
	 */
	spinlock_t lock;
	struct enet_ids ids;
	struct sk_buff **skbs;		/* by id; NULL: not in flight */
	/* Scatter-gather: a descriptor for each id. */
	struct enet_pool pool;
};

struct enet_events {
	struct ioq *ioq;
	struct ioq_notifier notifier;
	struct enet_pool pool;
	u32 evsize;
};

/* Beside what net_device counts.  Each has one writer at a time. */
struct enet_stats {
	unsigned long rx_polls;
	unsigned long rx_flushed;	/* buffers that came back empty */
	unsigned long rx_large;		/* frames with pages */
	unsigned long rx_gso;
	unsigned long rx_no_buffer;	/* dropped for want of memory */
	unsigned long rx_no_page;
	unsigned long rx_bad;		/* the host's description made no sense */
	unsigned long tx_polls;
	unsigned long tx_gso;
	unsigned long tx_kicks;
	unsigned long tx_stops;
	unsigned long tx_wakes;
	unsigned long tx_timeouts;
	unsigned long tx_bad_completions;
	unsigned long events;
	unsigned long tx_completion_events;
	unsigned long link_events;
	unsigned long bad_events;
};

struct enet {
	struct vbus_device_proxy *vdev;
	struct net_device *dev;
	bool opened;
	/* Bits that both sides agreed on. */
	struct {
		u32 sg;
		u32 evq;
		u32 l4ro;
	} caps;
	struct enet_rx rx;
	struct enet_tx tx;
	struct enet_events events;
	struct enet_stats stats;
};

static inline bool enet_has_sg(const struct enet *enet)
{
	return enet->caps.sg & VENET_CAP_SG;
}

static inline bool enet_has_pmtd(const struct enet *enet)
{
	return enet->caps.sg & VENET_CAP_PMTD;
}

static inline bool enet_has_linkstate(const struct enet *enet)
{
	return enet->caps.evq & VENET_CAP_EVQ_LINKSTATE;
}

static inline bool enet_has_txc(const struct enet *enet)
{
	return enet->caps.evq & VENET_CAP_EVQ_TXC;
}

static inline bool enet_has_l4ro(const struct enet *enet)
{
	return enet->caps.l4ro & VENET_CAP_SG;
}

static inline int enet_call(struct enet *enet, u32 func, void *data, size_t len)
{
	return vbus_device_call(enet->vdev, func, data, len, 0);
}

/* ---- connect.c -------------------------------------------------------------- */

/* On failure everything is undone. */
int enet_connect(struct enet *enet, const struct enet_config *config);
/* The netdev is not running. */
void enet_disconnect(struct enet *enet);

int enet_ids_init(struct enet_ids *ids, u32 count);
void enet_ids_free(struct enet_ids *ids);

static inline int enet_ids_take(struct enet_ids *ids)
{
	return ids->free ? ids->stack[--ids->free] : -ENOSPC;
}

static inline void enet_ids_put(struct enet_ids *ids, u32 id)
{
	ids->stack[ids->free++] = id;
}

int enet_pool_init(struct enet_pool *pool, size_t len);
void enet_pool_free(struct enet_pool *pool);

/* ---- rx.c ------------------------------------------------------------------ */

void enet_rx_setup(struct enet *enet);		/* before connecting */
/* Gives the host a buffer for every descriptor. */
int enet_rx_post(struct enet *enet);
/*
 * Drops what was received, and posts anew, with buffers for the MTU that is in
 * force, all that the host has given back.  NAPI is off.
 */
void enet_rx_discard(struct enet *enet);
void enet_rx_free(struct enet *enet);		/* after DEVCLOSE */

/* ---- rx_pages.c -------------------------------------------------------------- */

int enet_rx_pages_init(struct enet_rx_pages *pages, u32 count);
/* Lends pages until the queue is full, or memory is short. */
void enet_rx_pages_refill(struct enet *enet, gfp_t gfp);
/* The page called @id, which the host has used; NULL if it is not lent. */
struct page *enet_rx_pages_take(struct enet_rx_pages *pages, u64 id);
void enet_rx_pages_free(struct enet_rx_pages *pages);

/* ---- tx.c ------------------------------------------------------------------ */

void enet_tx_setup(struct enet *enet);		/* before connecting */
netdev_tx_t enet_start_xmit(struct sk_buff *skb, struct net_device *dev);
void enet_tx_timeout(struct net_device *dev, unsigned int txqueue);
/* The host does not need packet @id any more.  Under tx.lock. */
void enet_tx_complete(struct enet *enet, u64 id, int budget);
/* Frees all that came back.  NAPI is off. */
void enet_tx_reap(struct enet *enet);
void enet_tx_free(struct enet *enet);		/* after DEVCLOSE */

/* ---- events.c -------------------------------------------------------------- */

/* Gives the host a slot for every descriptor. */
int enet_events_post(struct enet *enet);
/* Handles at most @limit events and returns how many.  Under tx.lock. */
int enet_events_drain(struct enet *enet, int limit, int budget);

/* ---- ethtool.c ------------------------------------------------------------- */

extern const struct ethtool_ops enet_ethtool_ops;

#endif /* _VBUS_ENET_H */
