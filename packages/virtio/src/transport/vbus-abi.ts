/**
 * The ABI of virtio over a virtual-bus, as numbers and tables; docs/virtio-vbus.md tells it in prose. An interface of type `virtio` is
 * opened by DEVOPEN; its functions are DEVCALLs, each queue and the notice of configuration changes a DEVSHM with a doorbell in it. All
 * fields are little-endian and aligned as on x86-64.
 */
import { type Structure, structure } from '@paravirt/vbus';

/** Type of the interface: drivers match on it. */
export const VIRTIO_VBUS_TYPE = 'virtio';
/** Version that DEVOPEN names. */
export const VIRTIO_VBUS_VERSION = 1;

/** Functions of DEVCALL. */
export const VIRTIO_VBUS_QUERY = 0;
export const VIRTIO_VBUS_STATUS_GET = 1;
export const VIRTIO_VBUS_STATUS_SET = 2;
export const VIRTIO_VBUS_FEATURES_SET = 3;
export const VIRTIO_VBUS_CONFIG_GET = 4;
export const VIRTIO_VBUS_CONFIG_SET = 5;
export const VIRTIO_VBUS_QUEUE_SIZE = 6;
export const VIRTIO_VBUS_QUEUE_ENABLE = 7;
export const VIRTIO_VBUS_QUEUE_RESET = 8;

/** Ids of DEVSHM: the notice, then the queues from 0 up. */
export const VIRTIO_VBUS_SHM_NOTICE = 0;
export const VIRTIO_VBUS_SHM_QUEUE = 1;

/** What QUERY fills in. `vendorId` is that of virtio's PCI cards. */
export const QUERY: Structure<'deviceId' | 'vendorId' | 'queues' | 'configSize' | 'features' | 'reserved'> = structure(32, {
  deviceId: 4,
  vendorId: 4,
  queues: 4,
  configSize: 4,
  features: 8,
  reserved: 8,
});

/** What comes before the bytes of CONFIG_GET and CONFIG_SET; CONFIG_GET fills in the generation. */
export const CONFIG_ACCESS: Structure<'offset' | 'generation'> = structure(8, { offset: 4, generation: 4 });

/** Bytes of the arguments of STATUS_SET, QUEUE_SIZE, QUEUE_ENABLE, QUEUE_RESET (one 32-bit number) and of FEATURES_SET (one of 64 bits). */
export const WORD_SIZE = 4;
export const FEATURES_SIZE = 8;

/** "VBVR" */
export const RING_MAGIC = 0x5256_4256;
export const RING_VERSION = 1;

/** Start of a queue's memory. The areas' offsets count from the start of the memory, in bytes; the reserved bytes are zero. */
export const RING_HEAD: Structure<
  'magic' | 'version' | 'signal' | 'signalFlags' | 'size' | 'descriptors' | 'available' | 'used' | 'reserved0' | 'reserved1' | 'reserved2'
> = structure(64, {
  magic: 4,
  version: 4,
  /** The shm_signal_desc, 16 bytes in two. */
  signal: 8,
  signalFlags: 8,
  size: 4,
  descriptors: 4,
  available: 4,
  used: 4,
  reserved0: 8,
  reserved1: 8,
  reserved2: 8,
});

/** Start of the notice's memory: the doorbell, how many changes there were (modulo 2^32), and the device status after the last one. */
export const NOTICE: Structure<'signal' | 'signalFlags' | 'changes' | 'status'> = structure(24, {
  signal: 8,
  signalFlags: 8,
  changes: 4,
  status: 4,
});

/** Offset of the doorbell in a queue's memory and in the notice. */
export const RING_SIGNAL_OFFSET: number = RING_HEAD.offset.signal;
export const NOTICE_SIGNAL_OFFSET: number = NOTICE.offset.signal;
