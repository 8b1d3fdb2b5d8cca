/**
 * The numbers of venet, type "virtual-ethernet", version 1: functions of DEVCALL, ids of shared memories, groups of capabilities, and the
 * layouts of what lies in those memories. All fields are little-endian, 64-bit ones aligned to 8 bytes. [vbus PCI-2, venet]
 */
import { type Structure, structure } from '../structure.ts';

export const VENET_CLASS = 'venet-tap';
export const VENET_TYPE = 'virtual-ethernet';
export const VENET_VERSION = 1;

/** DEVCALL functions. */
export const LINKUP = 0;
export const LINKDOWN = 1;
export const MACQUERY = 2;
export const NEGCAP = 3;
export const FLUSHRX = 4;
export const PMTDQUERY = 5;
export const EVQQUERY = 6;
export const L4ROQUERY = 7;

/** DEVSHM ids: two rings named from the guest's view, and what queries answer. */
export const RX_QUEUE = 0;
export const TX_QUEUE = 1;
export const PMTD_POOL = 100;
export const EVENT_POOL = 101;
export const EVENT_QUEUE = 102;
export const L4RO_POOL = 103;
export const L4RO_PAGES = 104;

/** Most descriptors that a ring of venet may have. */
export const MAX_RING_COUNT = 2048;

/** Data of NEGCAP, in and out. */
export const CAPABILITIES: Structure<'gid' | 'bits'> = structure(8, { gid: 4, bits: 4 });
export const GROUP_SG = 0;
export const GROUP_EVENTQ = 1;
export const GROUP_L4RO = 2;

/** Bits of the groups SG and, but for PMTD, L4RO. */
export const CAP_SG: number = 1 << 0;
export const CAP_TSO4: number = 1 << 1;
export const CAP_TSO6: number = 1 << 2;
export const CAP_ECN: number = 1 << 3;
/** Never offered. */
export const CAP_UFO: number = 1 << 4;
export const CAP_PMTD: number = 1 << 5;
/** Bits of the group EVENTQ. */
export const CAP_LINKSTATE: number = 1 << 0;
export const CAP_TXC: number = 1 << 1;

/** Data of EVQQUERY and of L4ROQUERY, out; what follows the named fields is reserved. */
export const QUERY_SIZE = 32;
export const EVENTQ_QUERY: Structure<'flags' | 'evsize' | 'dpid' | 'qid'> = structure(16, { flags: 4, evsize: 4, dpid: 4, qid: 4 });
export const L4RO_QUERY: Structure<'flags' | 'dpid' | 'pqid'> = structure(12, { flags: 4, dpid: 4, pqid: 4 });

/** struct venet_sg up to its fragments, and one fragment. */
export const VENET_SG: Structure<'cookie' | 'flags' | 'len' | 'csumStart' | 'csumOffset' | 'gsoType' | 'gsoHdrlen' | 'gsoSize' | 'count'> =
  structure(32, { cookie: 8, flags: 4, len: 4, csumStart: 2, csumOffset: 2, gsoType: 1, gsoHdrlen: 2, gsoSize: 2, count: 4 });
export const VENET_IOV: Structure<'len' | 'ptr'> = structure(16, { len: 4, ptr: 8 });

/** Most iovs of a descriptor: the linear part of a packet and 17 fragments, or the 18 of the kernels of 2009. */
export const MAX_FRAGMENTS = 18;
/** Longest packet with segmentation, in bytes. */
export const MAX_GSO_SIZE = 65536;

/** VSG_DESC_SIZE: bytes of a descriptor with `count` iovs. */
export const sgSize = (count: number): number => VENET_SG.size + VENET_IOV.size * count;

export const SG_FLAG_NEEDS_CSUM = 1;
export const SG_FLAG_GSO = 2;
export const SG_FLAG_ECN = 4;
export const SG_FLAGS_KNOWN: number = SG_FLAG_NEEDS_CSUM | SG_FLAG_GSO | SG_FLAG_ECN;

export const GSO_TCPV4 = 0;
export const GSO_UDP = 1;
export const GSO_TCPV6 = 2;

/** Events begin with flags, size and id. A slot of the pool has room for the longest. */
export const EVENT_SIZE = 24;
export const EVENT_LINKSTATE = 0;
export const EVENT_TXC = 1;
export const LINKSTATE_EVENT: Structure<'flags' | 'size' | 'id' | 'state'> = structure(16, { flags: 4, size: 4, id: 4, state: 1 });
export const TXC_EVENT: Structure<'flags' | 'size' | 'id' | 'txqid' | 'cookie'> = structure(24, {
  flags: 4,
  size: 4,
  id: 4,
  txqid: 4,
  cookie: 8,
});
