/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio over virtual-bus, the ABI of type "virtio": functions of DEVCALL, and
 * what lies in its shared memories.  docs/virtio-vbus.md tells what they mean.
 *
 * 64-bit members are aligned to 8 bytes on 32-bit guests as well.
 */
#ifndef _VBUS_VIRTIO_VBUS_H
#define _VBUS_VIRTIO_VBUS_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <vbus/shm_signal.h>

#define VIRTIO_VBUS_TYPE	"virtio"
#define VIRTIO_VBUS_VERSION	1

enum virtio_vbus_func {
	VIRTIO_VBUS_FUNC_QUERY,		/* struct virtio_vbus_query, out */
	VIRTIO_VBUS_FUNC_STATUS_GET,	/* result: the device status */
	VIRTIO_VBUS_FUNC_STATUS_SET,	/* __le32; result: what comes of it */
	VIRTIO_VBUS_FUNC_FEATURES_SET,	/* __le64 */
	VIRTIO_VBUS_FUNC_CONFIG_GET,	/* struct virtio_vbus_config */
	VIRTIO_VBUS_FUNC_CONFIG_SET,	/* struct virtio_vbus_config */
	VIRTIO_VBUS_FUNC_QUEUE_SIZE,	/* __le32 queue; result: at most */
	VIRTIO_VBUS_FUNC_QUEUE_ENABLE,	/* __le32 queue */
	VIRTIO_VBUS_FUNC_QUEUE_RESET,	/* __le32 queue */
};

struct virtio_vbus_query {
	__le32 device_id;
	__le32 vendor_id;
	__le32 queues;
	__le32 config_size;
	__le64 features __aligned(8);
	__le64 reserved __aligned(8);
};
static_assert(sizeof(struct virtio_vbus_query) == 32);

struct virtio_vbus_config {
	__le32 offset;
	__le32 generation;	/* out, of CONFIG_GET */
	__u8 data[];
};
static_assert(sizeof(struct virtio_vbus_config) == 8);

/* Ids of DEVSHM: the notice, then queue n. */
#define VIRTIO_VBUS_SHM_NOTICE		0
#define VIRTIO_VBUS_SHM_QUEUE(n)	(1 + (n))

#define VIRTIO_VBUS_RING_MAGIC	0x52564256	/* "VBVR" */
#define VIRTIO_VBUS_RING_VER	1

/* The start of a queue's memory; offsets count from here, in bytes. */
struct virtio_vbus_ring {
	__le32 magic;
	__le32 ver;
	struct shm_signal_desc signal;
	__le32 size;		/* descriptors */
	__le32 desc;
	__le32 avail;
	__le32 used;
	__u8 reserved[24];	/* zero */
};
static_assert(sizeof(struct virtio_vbus_ring) == 64);

struct virtio_vbus_notice {
	struct shm_signal_desc signal;
	__le32 changes;		/* of the configuration, modulo 2^32 */
	__le32 status;		/* the device status */
};
static_assert(sizeof(struct virtio_vbus_notice) == 24);

#endif /* _VBUS_VIRTIO_VBUS_H */
