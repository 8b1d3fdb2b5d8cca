/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * venet, the ABI of type "virtual-ethernet": functions of DEVCALL, groups of
 * capabilities, and what lies in its shared memories.
 *
 * 64-bit members are aligned to 8 bytes on 32-bit guests as well.
 */
#ifndef _VBUS_VENET_H
#define _VBUS_VENET_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define VENET_TYPE	"virtual-ethernet"
#define VENET_VERSION	1

/* Shm ids that are fixed; those of pools and other queues are asked for. */
#define VENET_QUEUE_RX	0
#define VENET_QUEUE_TX	1

enum venet_func {
	VENET_FUNC_LINKUP,
	VENET_FUNC_LINKDOWN,
	VENET_FUNC_MACQUERY,	/* 6 bytes, out */
	VENET_FUNC_NEGCAP,	/* struct venet_capabilities, in and out */
	VENET_FUNC_FLUSHRX,
	VENET_FUNC_PMTDQUERY,	/* result: shm id of the descriptor pool */
	VENET_FUNC_EVQQUERY,	/* struct venet_eventq_query, out */
	VENET_FUNC_L4ROQUERY,	/* struct venet_l4ro_query, out */
};

enum venet_cap_group {
	VENET_CAP_GROUP_SG,
	VENET_CAP_GROUP_EVENTQ,
	VENET_CAP_GROUP_L4RO,	/* bits of group SG */
};

struct venet_capabilities {
	__u32 gid;
	__u32 bits;
};
static_assert(sizeof(struct venet_capabilities) == 8);

#define VENET_CAP_SG		(1 << 0)
#define VENET_CAP_TSO4		(1 << 1)
#define VENET_CAP_TSO6		(1 << 2)
#define VENET_CAP_ECN		(1 << 3)
#define VENET_CAP_UFO		(1 << 4)
#define VENET_CAP_PMTD		(1 << 5)	/* pre-mapped descriptors */

#define VENET_CAP_EVQ_LINKSTATE	(1 << 0)
#define VENET_CAP_EVQ_TXC	(1 << 1)	/* transmit completion */

struct venet_iov {
	__u32 len;
	__u32 pad;
	__aligned_u64 ptr;
};
static_assert(sizeof(struct venet_iov) == 16);

#define VENET_SG_FLAG_NEEDS_CSUM	(1 << 0)
#define VENET_SG_FLAG_GSO		(1 << 1)
#define VENET_SG_FLAG_ECN		(1 << 2)

enum venet_gso_type {
	VENET_GSO_TYPE_TCPV4,
	VENET_GSO_TYPE_UDP,
	VENET_GSO_TYPE_TCPV6,
};

struct venet_sg {
	__aligned_u64 cookie;
	__u32 flags;
	__u32 len;		/* sum of the lengths in iov */
	struct {
		__u16 start;
		__u16 offset;
	} csum;
	struct {
		__u8 type;
		__u8 pad;
		__u16 hdrlen;
		__u16 size;
	} gso;
	__u16 pad;
	__u32 count;		/* of iov */
	struct venet_iov iov[];
};
static_assert(offsetof(struct venet_sg, gso.hdrlen) == 22);
static_assert(offsetof(struct venet_sg, count) == 28);
static_assert(offsetof(struct venet_sg, iov) == 32);

/* Bytes of a descriptor with @count iovs. */
#define VSG_DESC_SIZE(count)	(32 + 16 * (count))

struct venet_eventq_query {
	__u32 flags;
	__u32 evsize;		/* bytes of an event of the pool */
	__u32 dpid;		/* shm id of the pool of events */
	__u32 qid;		/* shm id of the queue */
	__u8 pad[16];
};
static_assert(sizeof(struct venet_eventq_query) == 32);

struct venet_l4ro_query {
	__u32 flags;
	__u32 dpid;		/* shm id of the pool of descriptors */
	__u32 pqid;		/* shm id of the queue of pages */
	__u8 pad[20];
};
static_assert(sizeof(struct venet_l4ro_query) == 32);

enum venet_event_id {
	VENET_EVENT_LINKSTATE,
	VENET_EVENT_TXC,
};

struct venet_event_header {
	__u32 flags;
	__u32 size;
	__u32 id;
};
static_assert(sizeof(struct venet_event_header) == 12);

struct venet_event_linkstate {
	struct venet_event_header header;
	__u8 state;
	__u8 pad[3];
};
static_assert(sizeof(struct venet_event_linkstate) == 16);

struct venet_event_txc {
	struct venet_event_header header;
	__u32 txqid;
	__aligned_u64 cookie;
};
static_assert(sizeof(struct venet_event_txc) == 24);

#endif /* _VBUS_VENET_H */
