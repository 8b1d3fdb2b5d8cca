/**
 * The numbers of virtual-bus as version "PCI-2" has them: what a client's driver and the bus must agree on, byte for byte. Magic numbers,
 * verbs, events, and the structures in memory; what they mean is where they are used: bus-call.ts, event-queue.ts, shm-signal.ts, ioq.ts,
 * connectors/. All integers are little-endian. The structures of venet are in venet/.
 */
import { type Structure, structure } from './structure.ts';

/** First word of NEGOTIATE. [vbus PCI-2, calls and events] */
export const VBUS_PCI_MAGIC = 0xbf53_eef5;
/** Version in NEGOTIATE, and its result. */
export const VBUS_PCI_HC_VERSION = 1;
/** Revision id of the PCI function. */
export const VBUS_PCI_ABI_VERSION = 2;
export const VBUS_PCI_VENDOR_ID = 0x11da;
export const VBUS_PCI_DEVICE_ID = 0x2000;
/** Bridge, other. */
export const VBUS_PCI_CLASS_CODE = 0x06_8000;

/** Bridge calls: the `vector` of a call descriptor written to BAR0. [vbus PCI-2, calls and events] */
export const VBUS_BRIDGE_NEGOTIATE = 0;
export const VBUS_BRIDGE_QREG = 1;
export const VBUS_BRIDGE_SLOWCALL = 2;
export const VBUS_BRIDGE_FASTCALL_ADD = 3;
export const VBUS_BRIDGE_FASTCALL_DROP = 4;

/** Bus calls: the `vector` of a call descriptor that a fast or slow call carries. [vbus PCI-2, calls and events] */
export const VBUS_DEVOPEN = 0;
export const VBUS_DEVCLOSE = 1;
export const VBUS_DEVCALL = 2;
export const VBUS_DEVSHM = 3;

/** Event ids. [vbus PCI-2, calls and events] */
export const VBUS_EVENT_DEVADD = 0;
export const VBUS_EVENT_DEVDROP = 1;
export const VBUS_EVENT_SHMSIGNAL = 2;
export const VBUS_EVENT_SHMCLOSE = 3;
/** DEVADD and DEVDROP go at this priority, the highest. */
export const VBUS_EVENT_PRIO = 7;
export const VBUS_PRIORITIES = 8;
/** Longest type string of an interface in bytes, NUL included. */
export const VBUS_MAX_TYPE_LENGTH = 128;
/** Event rings have at most so many descriptors. */
export const VBUS_MAX_EVENTS = 2048;
/** `signal.offset` of DEVSHM: the memory has no signal. */
export const VBUS_NO_SIGNAL = 0xffff_ffff;

/** [vbus PCI-2, shm_signal] */
export const SHM_SIGNAL_MAGIC = 0x58fa_39df;
export const SHM_SIGNAL_VERSION = 1;
/** [vbus PCI-2, ioq] */
export const IOQ_MAGIC = 0x47fa_2fe4;
export const IOQ_VERSION = 4;
/** `sown` of a descriptor: whose it is. */
export const IOQ_OWNER_NORTH = 0;
export const IOQ_OWNER_SOUTH = 1;

/** A call of either kind. */
export const CALL_DESC: Structure<'vector' | 'len' | 'datap'> = structure(16, { vector: 4, len: 4, datap: 8 });
/** One per CPU for fast calls: a call descriptor and where its result goes. */
export const FASTCALL_DESC: Structure<'vector' | 'len' | 'datap' | 'result'> = structure(24, { vector: 4, len: 4, datap: 8, result: 4 });
/** Argument of NEGOTIATE, written back. */
export const BRIDGE_NEGOTIATE: Structure<'magic' | 'version' | 'capabilities'> = structure(16, { magic: 4, version: 4, capabilities: 8 });
/** Argument of QREG with its one queue. */
export const BRIDGE_QREG: Structure<'count' | 'queueCount' | 'ring' | 'data'> = structure(32, {
  count: 4,
  queueCount: 8,
  ring: 8,
  data: 8,
});

export const DEVOPEN: Structure<'devid' | 'version' | 'handle'> = structure(16, { devid: 4, version: 4, handle: 8 });
export const DEVCLOSE: Structure<'devh'> = structure(8, { devh: 8 });
export const DEVCALL: Structure<'devh' | 'func' | 'len' | 'flags' | 'datap'> = structure(32, {
  devh: 8,
  func: 4,
  len: 4,
  flags: 4,
  datap: 8,
});
export const DEVSHM: Structure<'devh' | 'id' | 'len' | 'flags' | 'pad' | 'signalOffset' | 'signalPrio' | 'signalCookie' | 'datap'> =
  structure(48, { devh: 8, id: 4, len: 4, flags: 4, pad: 4, signalOffset: 4, signalPrio: 4, signalCookie: 8, datap: 8 });

/** Start of every event record; `handle` is DEVADD's id too, whose type string follows. */
export const EVENT_HEADER: Structure<'eventid' | 'handle'> = structure(16, { eventid: 4, handle: 8 });
/** Bytes of an event record: header and room for a type string. */
export const EVENT_SIZE: number = EVENT_HEADER.size + VBUS_MAX_TYPE_LENGTH;

/** `enabled`, `pending` and `dirty` of the side that receives. */
export const SHM_SIGNAL_DESC: Structure<
  'magic' | 'ver' | 'northEnabled' | 'northPending' | 'northDirty' | 'southEnabled' | 'southPending' | 'southDirty'
> = structure(16, {
  magic: 4,
  ver: 4,
  northEnabled: 1,
  northPending: 1,
  northDirty: 1,
  southEnabled: 1,
  southPending: 1,
  southDirty: 1,
});

/** Head of a ring up to its first descriptor. `signal` is where the 16 bytes of SHM_SIGNAL_DESC lie. */
export const IOQ_HEAD: Structure<
  'magic' | 'ver' | 'signal' | 'signalRest' | 'validHead' | 'validTail' | 'validFull' | 'inuseHead' | 'inuseTail' | 'inuseFull' | 'count'
> = structure(56, {
  magic: 4,
  ver: 4,
  signal: 8,
  signalRest: 8,
  validHead: 4,
  validTail: 4,
  validFull: 1,
  inuseHead: 4,
  inuseTail: 4,
  inuseFull: 1,
  count: 4,
});
export const IOQ_DESC: Structure<'cookie' | 'ptr' | 'len' | 'valid' | 'sown'> = structure(32, {
  cookie: 8,
  ptr: 8,
  len: 8,
  valid: 1,
  sown: 1,
});
