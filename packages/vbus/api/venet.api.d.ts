import { Clock, TraceSink, RingEvent, Mitigation } from '@paravirt/bus';
import { PciFunction } from '@paravirt/pci';
import { a as Vbus, C as ClientMemory, b as ConnectorEvent, c as ConnectorCounters, T as SignalCounters, Y as VbusDevice, e as Attribute, k as DeviceInterface, r as IoqFault, D as DeviceClass } from './north-session.js';
import { EthernetPort } from '@paravirt/net-backend';

/** Bytes of an integer; its alignment too. */
type FieldSize = 1 | 2 | 4 | 8;
interface Structure<Name extends string> {
    /** In bytes, padding at the end included. */
    readonly size: number;
    /** Bytes from the start to each field. */
    readonly offset: Readonly<Record<Name, number>>;
}
/** @throws ConfigurationError `structure-size` unless the fields make up `size` bytes. */
declare function structure<Name extends string>(size: number, fields: Readonly<Record<Name, FieldSize>>): Structure<Name>;

/**
 * The PCI bridge: virtual-bus behind a PCI function, ABI "PCI-2". [vbus PCI-2 §2.3]
 *
 *   BAR0  MMIO, 64 bytes   0–15 a call descriptor; a 32-bit read at 0 runs the bridge call in it and gives its signed result
 *   BAR1  PIO,  32 bytes   0 event queue (write 0)   4 fast call (write the channel)   8 signal (write the handle DEVSHM gave)
 *   MSI   one vector, 32-bit address; INTA# while it is off
 *
 * Only aligned 32-bit writes count. A fast call runs within the OUT: descriptor and result are in memory that FASTCALL_ADD named, one for
 * each CPU, so that calls need no lock. Everything behind the wire is in bridge-session.ts. To compare wires, BAR1 may be MMIO instead, and
 * MSI may be missing: a driver that maps a range by its type, and asks for what interrupts there are, needs to know nothing.
 *
 * There is no register that acknowledges INTx: what says that the guest has taken an interrupt is `pending` of the event ring. The pin is
 * high while that is set, looked at again after every access and, ever less often, as time passes: a driver that rings the event queue at the
 * end of its handler has it low before the EOI. DEVIATION: the host of 2009 pulsed the pin, which loses interrupts that come while one is in
 * service.
 */

interface VbusPciBridgeOptions {
    readonly bus: Vbus;
    /** The guest's. Reached only while the guest lets the function be a bus master. */
    readonly memory: ClientMemory;
    /** Times the second look at INTx. */
    readonly clock: Clock;
    /** Runs something soon, after the present call (a tasklet). */
    readonly defer: (run: () => void) => void;
    /** For people. Default: `vbus-bridge`. */
    readonly name?: string;
    /** What BAR1 is: a range of ports, or of 32-bit memory with the same offsets. Default: port. */
    readonly doorbell?: 'port' | 'mmio';
    /** `intx`: there is no MSI capability. Default: msi. */
    readonly interrupts?: 'msi' | 'intx';
    /**
     * False: every signal of a device is an interrupt of its own, whatever the guest has not finished with; on INTx, once its pin is low
     * again. Default true.
     */
    readonly aggregation?: boolean;
    /** Told of interrupts: a message is sent, or the wire rises. */
    readonly ringTrace?: TraceSink<RingEvent>;
    readonly trace?: TraceSink<ConnectorEvent>;
}
declare class VbusPciBridge {
    #private;
    /** What is plugged into a PCI bus. */
    readonly function: PciFunction;
    constructor(options: VbusPciBridgeOptions);
    get counters(): ConnectorCounters;
    /** Everything that the guest set up is gone, as after NEGOTIATE; it is told nothing. */
    reset(): void;
}

/**
 * The numbers of venet, type "virtual-ethernet", version 1: functions of DEVCALL, ids of shared memories, groups of capabilities, and the
 * layouts of what lies in those memories. All fields are little-endian, 64-bit ones aligned to 8 bytes. [vbus PCI-2, venet]
 */

declare const VENET_CLASS = "venet-tap";
declare const VENET_TYPE = "virtual-ethernet";
declare const VENET_VERSION = 1;
/** DEVCALL functions. */
declare const LINKUP = 0;
declare const LINKDOWN = 1;
declare const MACQUERY = 2;
declare const NEGCAP = 3;
declare const FLUSHRX = 4;
declare const PMTDQUERY = 5;
declare const EVQQUERY = 6;
declare const L4ROQUERY = 7;
/** DEVSHM ids: two rings named from the guest's view, and what queries answer. */
declare const RX_QUEUE = 0;
declare const TX_QUEUE = 1;
declare const PMTD_POOL = 100;
declare const EVENT_POOL = 101;
declare const EVENT_QUEUE = 102;
declare const L4RO_POOL = 103;
declare const L4RO_PAGES = 104;
/** Most descriptors that a ring of venet may have. */
declare const MAX_RING_COUNT = 2048;
/** Data of NEGCAP, in and out. */
declare const CAPABILITIES: Structure<'gid' | 'bits'>;
declare const GROUP_SG = 0;
declare const GROUP_EVENTQ = 1;
declare const GROUP_L4RO = 2;
/** Bits of the groups SG and, but for PMTD, L4RO. */
declare const CAP_SG: number;
declare const CAP_TSO4: number;
declare const CAP_TSO6: number;
declare const CAP_ECN: number;
/** Never offered. */
declare const CAP_UFO: number;
declare const CAP_PMTD: number;
/** Bits of the group EVENTQ. */
declare const CAP_LINKSTATE: number;
declare const CAP_TXC: number;
/** Data of EVQQUERY and of L4ROQUERY, out; what follows the named fields is reserved. */
declare const QUERY_SIZE = 32;
declare const EVENTQ_QUERY: Structure<'flags' | 'evsize' | 'dpid' | 'qid'>;
declare const L4RO_QUERY: Structure<'flags' | 'dpid' | 'pqid'>;
/** struct venet_sg up to its fragments, and one fragment. */
declare const VENET_SG: Structure<'cookie' | 'flags' | 'len' | 'csumStart' | 'csumOffset' | 'gsoType' | 'gsoHdrlen' | 'gsoSize' | 'count'>;
declare const VENET_IOV: Structure<'len' | 'ptr'>;
/** Most iovs of a descriptor: the linear part of a packet and 17 fragments, or the 18 of the kernels of 2009. */
declare const MAX_FRAGMENTS = 18;
/** Longest packet with segmentation, in bytes. */
declare const MAX_GSO_SIZE = 65536;
/** VSG_DESC_SIZE: bytes of a descriptor with `count` iovs. */
declare const sgSize: (count: number) => number;
declare const SG_FLAG_NEEDS_CSUM = 1;
declare const SG_FLAG_GSO = 2;
declare const SG_FLAG_ECN = 4;
declare const SG_FLAGS_KNOWN: number;
declare const GSO_TCPV4 = 0;
declare const GSO_UDP = 1;
declare const GSO_TCPV6 = 2;
/** Events begin with flags, size and id. A slot of the pool has room for the longest. */
declare const EVENT_SIZE = 24;
declare const EVENT_LINKSTATE = 0;
declare const EVENT_TXC = 1;
declare const LINKSTATE_EVENT: Structure<'flags' | 'size' | 'id' | 'state'>;
declare const TXC_EVENT: Structure<'flags' | 'size' | 'id' | 'txqid' | 'cookie'>;

declare const abi_CAPABILITIES: typeof CAPABILITIES;
declare const abi_CAP_ECN: typeof CAP_ECN;
declare const abi_CAP_LINKSTATE: typeof CAP_LINKSTATE;
declare const abi_CAP_PMTD: typeof CAP_PMTD;
declare const abi_CAP_SG: typeof CAP_SG;
declare const abi_CAP_TSO4: typeof CAP_TSO4;
declare const abi_CAP_TSO6: typeof CAP_TSO6;
declare const abi_CAP_TXC: typeof CAP_TXC;
declare const abi_CAP_UFO: typeof CAP_UFO;
declare const abi_EVENTQ_QUERY: typeof EVENTQ_QUERY;
declare const abi_EVENT_LINKSTATE: typeof EVENT_LINKSTATE;
declare const abi_EVENT_POOL: typeof EVENT_POOL;
declare const abi_EVENT_QUEUE: typeof EVENT_QUEUE;
declare const abi_EVENT_SIZE: typeof EVENT_SIZE;
declare const abi_EVENT_TXC: typeof EVENT_TXC;
declare const abi_EVQQUERY: typeof EVQQUERY;
declare const abi_FLUSHRX: typeof FLUSHRX;
declare const abi_GROUP_EVENTQ: typeof GROUP_EVENTQ;
declare const abi_GROUP_L4RO: typeof GROUP_L4RO;
declare const abi_GROUP_SG: typeof GROUP_SG;
declare const abi_GSO_TCPV4: typeof GSO_TCPV4;
declare const abi_GSO_TCPV6: typeof GSO_TCPV6;
declare const abi_GSO_UDP: typeof GSO_UDP;
declare const abi_L4ROQUERY: typeof L4ROQUERY;
declare const abi_L4RO_PAGES: typeof L4RO_PAGES;
declare const abi_L4RO_POOL: typeof L4RO_POOL;
declare const abi_L4RO_QUERY: typeof L4RO_QUERY;
declare const abi_LINKDOWN: typeof LINKDOWN;
declare const abi_LINKSTATE_EVENT: typeof LINKSTATE_EVENT;
declare const abi_LINKUP: typeof LINKUP;
declare const abi_MACQUERY: typeof MACQUERY;
declare const abi_MAX_FRAGMENTS: typeof MAX_FRAGMENTS;
declare const abi_MAX_GSO_SIZE: typeof MAX_GSO_SIZE;
declare const abi_MAX_RING_COUNT: typeof MAX_RING_COUNT;
declare const abi_NEGCAP: typeof NEGCAP;
declare const abi_PMTDQUERY: typeof PMTDQUERY;
declare const abi_PMTD_POOL: typeof PMTD_POOL;
declare const abi_QUERY_SIZE: typeof QUERY_SIZE;
declare const abi_RX_QUEUE: typeof RX_QUEUE;
declare const abi_SG_FLAGS_KNOWN: typeof SG_FLAGS_KNOWN;
declare const abi_SG_FLAG_ECN: typeof SG_FLAG_ECN;
declare const abi_SG_FLAG_GSO: typeof SG_FLAG_GSO;
declare const abi_SG_FLAG_NEEDS_CSUM: typeof SG_FLAG_NEEDS_CSUM;
declare const abi_TXC_EVENT: typeof TXC_EVENT;
declare const abi_TX_QUEUE: typeof TX_QUEUE;
declare const abi_VENET_CLASS: typeof VENET_CLASS;
declare const abi_VENET_IOV: typeof VENET_IOV;
declare const abi_VENET_SG: typeof VENET_SG;
declare const abi_VENET_TYPE: typeof VENET_TYPE;
declare const abi_VENET_VERSION: typeof VENET_VERSION;
declare const abi_sgSize: typeof sgSize;
declare namespace abi {
  export {
    abi_CAPABILITIES as CAPABILITIES,
    abi_CAP_ECN as CAP_ECN,
    abi_CAP_LINKSTATE as CAP_LINKSTATE,
    abi_CAP_PMTD as CAP_PMTD,
    abi_CAP_SG as CAP_SG,
    abi_CAP_TSO4 as CAP_TSO4,
    abi_CAP_TSO6 as CAP_TSO6,
    abi_CAP_TXC as CAP_TXC,
    abi_CAP_UFO as CAP_UFO,
    abi_EVENTQ_QUERY as EVENTQ_QUERY,
    abi_EVENT_LINKSTATE as EVENT_LINKSTATE,
    abi_EVENT_POOL as EVENT_POOL,
    abi_EVENT_QUEUE as EVENT_QUEUE,
    abi_EVENT_SIZE as EVENT_SIZE,
    abi_EVENT_TXC as EVENT_TXC,
    abi_EVQQUERY as EVQQUERY,
    abi_FLUSHRX as FLUSHRX,
    abi_GROUP_EVENTQ as GROUP_EVENTQ,
    abi_GROUP_L4RO as GROUP_L4RO,
    abi_GROUP_SG as GROUP_SG,
    abi_GSO_TCPV4 as GSO_TCPV4,
    abi_GSO_TCPV6 as GSO_TCPV6,
    abi_GSO_UDP as GSO_UDP,
    abi_L4ROQUERY as L4ROQUERY,
    abi_L4RO_PAGES as L4RO_PAGES,
    abi_L4RO_POOL as L4RO_POOL,
    abi_L4RO_QUERY as L4RO_QUERY,
    abi_LINKDOWN as LINKDOWN,
    abi_LINKSTATE_EVENT as LINKSTATE_EVENT,
    abi_LINKUP as LINKUP,
    abi_MACQUERY as MACQUERY,
    abi_MAX_FRAGMENTS as MAX_FRAGMENTS,
    abi_MAX_GSO_SIZE as MAX_GSO_SIZE,
    abi_MAX_RING_COUNT as MAX_RING_COUNT,
    abi_NEGCAP as NEGCAP,
    abi_PMTDQUERY as PMTDQUERY,
    abi_PMTD_POOL as PMTD_POOL,
    abi_QUERY_SIZE as QUERY_SIZE,
    abi_RX_QUEUE as RX_QUEUE,
    abi_SG_FLAGS_KNOWN as SG_FLAGS_KNOWN,
    abi_SG_FLAG_ECN as SG_FLAG_ECN,
    abi_SG_FLAG_GSO as SG_FLAG_GSO,
    abi_SG_FLAG_NEEDS_CSUM as SG_FLAG_NEEDS_CSUM,
    abi_TXC_EVENT as TXC_EVENT,
    abi_TX_QUEUE as TX_QUEUE,
    abi_VENET_CLASS as VENET_CLASS,
    abi_VENET_IOV as VENET_IOV,
    abi_VENET_SG as VENET_SG,
    abi_VENET_TYPE as VENET_TYPE,
    abi_VENET_VERSION as VENET_VERSION,
    abi_sgSize as sgSize,
  };
}

/**
 * What a driver and venet agree on, group by group. A group that was never negotiated is off, so a driver that knows nothing of
 * capabilities gets the flat device of 2009. [vbus PCI-2, venet NEGCAP]
 */

/**
 * Which segmentation the driver is offered: `port`, what the port takes or gives; `software`, all (what the port does not do is done by
 * the device); `none`. Scatter-gather and its checksums are offered always, since neither needs the port.
 */
type VenetOffloadPolicy = 'port' | 'software' | 'none';

/**
 * What a venet device did since it was made. Frames and bytes are counted as the guest sees them (`rx` goes to it, `tx` comes from it): a
 * TCP segment that was cut up for the wire is one frame.
 */

/** Why a frame went nowhere. */
type VenetDropReason = 
/** No driver has the link up. */
'rxNotReady'
/** The cable is out. */
 | 'rxLinkDown'
/** The administrator has not enabled the device, or has disabled it. */
 | 'rxDisabled'
/** Shorter than an Ethernet header. */
 | 'rxTooShort'
/** Longer than the MTU, or than the driver's buffer. */
 | 'rxTooLong'
/** Work left to the receiver that does not fit the frame. */
 | 'rxBadOffload'
/** The driver posts buffers that are no memory, a whole ring of them. */
 | 'rxBadBuffer' | 'txLinkDown' | 'txDisabled' | 'txTooShort'
/** Longer than the MTU, or than 64 KiB. */
 | 'txTooLong'
/** A descriptor that is no memory, or contradicts itself. */
 | 'txBadDescriptor' | 'txBadChecksum'
/** Segmentation that was not negotiated, is unknown, or does not fit the frame. */
 | 'txBadSegmentation';
/** The rings that have a doorbell in each direction. */
type VenetRing = 'rx' | 'tx' | 'event' | 'page';
declare class VenetCounters {
    rxFrames: number;
    rxBytes: number;
    txFrames: number;
    txBytes: number;
    /** Bytes copied between the guest's memory and the host's, by direction; descriptors are not counted. */
    rxCopied: number;
    txCopied: number;
    /** Frames whose pages were left to the guest's memory until the port took them (`zcthresh`). */
    txReferenced: number;
    /** Events posted, and those that had to wait for the guest to drain its queue. */
    events: number;
    eventsDelayed: number;
    /** Large frames cut up since the driver had no pages for them. */
    pagesMissing: number;
    /** Times that the port did not take a frame at once. */
    txStalls: number;
    /** Times that the driver had no room for a frame, which the port keeps. */
    rxStalls: number;
    /** Doorbells that started a run, how many of them did at once instead of by deferred work, and how often the budget was used up. */
    txWakeups: number;
    txDirect: number;
    txOverBudget: number;
    readonly drops: Record<VenetDropReason, number>;
    /** Doorbells of connections that are gone; `Venet.doorbells` adds those that live. */
    readonly rings: Record<VenetRing, SignalCounters>;
}

/** How a venet and its driver notify each other, and where the data path runs: words that all cards share (`@paravirt/bus`). */

/** Options of a card. */
interface VenetNotificationOptions {
    /**
     * `timer` and `poll` concern what the guest sends, `packets` what it is told in both directions (the event ring too, but for the state of
     * the link). `packets` takes the place of the attribute txmitigation. Default: none.
     */
    readonly mitigation?: Mitigation;
    /**
     * `inline`: doorbells are answered in the guest's exit, or by a tasklet of the connector: the attribute burstthresh says which.
     * `deferred`: through `defer`, all of them. Default: inline.
     */
    readonly place?: 'inline' | 'deferred';
    /** Runs something soon, after the present call. Default: as the connector of the client that has the device open. */
    readonly defer?: (run: () => void) => void;
    readonly ringTrace?: TraceSink<RingEvent>;
    /** Of the card, in the trace: its rings are `${ringName}.rx`, `.tx`, `.event` and `.page`. Default: the device's name. */
    readonly ringName?: string;
}

/** What an administrator may change while a device runs; the attributes of venet.ts show and store it. [vbus §1.2] */
interface VenetSettings {
    /**
     * Wakeups for transmission that follow each other within this many microseconds are a burst and are left to deferred work, which takes
     * what the guest adds meanwhile without further doorbells; a wakeup after a longer pause is served at once, for latency. 0: no detection,
     * all is deferred. In the place `deferred` all is, whatever this says.
     */
    burstThreshold: number;
    /** Transmitted packets after which the guest is told, if there are more to send; at the end it is told anyway. 0: after each. With the mitigation `packets` that decides instead. */
    transmitMitigation: number;
    /**
     * Large frames (with segmentation left to do) of at least this many bytes stay in the guest's memory until the port takes them, if the
     * driver wants to be told of completion. 0: every frame is copied first.
     */
    zeroCopyThreshold: number;
}

/**
 * venet, the network card of virtual-bus: type "virtual-ethernet" on one end of a cable. [vbus §1.5, §2.6]
 *
 *   guest ↔ TX ring → Transmitter → EthernetPort → Receiver → RX ring ↔ guest
 *           event ring ← EventChannel (state of the link, completion)
 *           DEVCALL, DEVSHM ↔ VenetConnection
 *
 * This file has what is left when no driver is there: the cable, the administrator's attributes, and who may open the device.
 */

interface VenetOptions extends VenetNotificationOptions {
    /** The far end of the cable. The device sets its callbacks and keeps it for good. */
    readonly port: EthernetPort;
    /** Of the guest's card: six bytes, not multicast. */
    readonly mac: Uint8Array;
    /** Tells bursts from single packets, and times the mitigation. */
    readonly clock: Clock;
    /** Of the interface on the bus, for people. Default `venet`. */
    readonly name?: string;
    /** Of the host's end, shown only. Default: that of the guest with the last bit the other way. */
    readonly hostMac?: Uint8Array;
    /** What the attribute `ifname` shows. Default: the name. */
    readonly interfaceName?: string;
    /** Longest payload of a frame on the wire in bytes, 68 to 65535. Default 1500. */
    readonly mtu?: number;
    /** Default `port`. */
    readonly offloads?: VenetOffloadPolicy;
    /** The attribute `enabled` at the start. Default true. */
    readonly enabled?: boolean;
    readonly trace?: TraceSink<VenetEvent>;
}
type VenetEvent = {
    readonly kind: 'opened' | 'closed';
}
/** A driver took the link up or down. */
 | {
    readonly kind: 'link';
    readonly up: boolean;
}
/** The cable, or the administrator: what LINKSTATE tells. */
 | {
    readonly kind: 'carrier';
    readonly up: boolean;
}
/** A driver broke the rules of a ring; it stands still until the driver opens the device anew. */
 | {
    readonly kind: 'ring-broken';
    readonly ring: VenetRing;
    readonly why: IoqFault;
} | {
    readonly kind: 'drop';
    readonly reason: VenetDropReason;
};
declare class Venet implements VbusDevice {
    #private;
    readonly name: string;
    readonly counters: VenetCounters;
    /** May be changed at any time; the attributes do. */
    readonly settings: VenetSettings;
    readonly attributes: readonly Attribute[];
    readonly interfaces: readonly DeviceInterface[];
    /** @throws ConfigurationError `bad-mac`, `bad-mtu` */
    constructor(options: VenetOptions);
    /** The address of the guest's card; a copy. */
    get mac(): Uint8Array;
    /** A driver has the device open. */
    get opened(): boolean;
    get linkUp(): boolean;
    /** Plugs the cable in or out. While it is out frames are dropped in both directions; a driver with LINKSTATE is told. */
    set linkUp(up: boolean);
    get enabled(): boolean;
    /** The attribute `enabled`: without it there is no interface on the host's side, and so no carrier. */
    set enabled(enabled: boolean);
    /** The doorbells of each ring, of all drivers so far: `rung` to the guest, `wakeups` by it. */
    get doorbells(): Readonly<Record<VenetRing, Readonly<SignalCounters>>>;
    busConnect(): number;
    busDisconnect(): void;
    /** The device is gone for good. */
    release(): void;
}
interface VenetClassOptions extends Omit<VenetOptions, 'port' | 'mac' | 'name' | 'ringName'> {
    /** The cable of a device with this name. */
    readonly connect: (name: string) => EthernetPort;
    /** The address of a device with this name. Default: 52:54:00 and three bytes made of the name. */
    readonly mac?: (name: string) => Uint8Array;
    /** Default false: an administrator enables what he made. */
    readonly enabled?: boolean;
}
/** The device class "venet-tap". */
declare function venetClass({ connect, mac, enabled, ...rest }: VenetClassOptions): DeviceClass;

export { VENET_CLASS as V, VENET_TYPE as a, VENET_VERSION as b, VbusPciBridge as c, Venet as e, VenetCounters as g, abi as o, structure as s, venetClass as v };
export type { FieldSize as F, Structure as S, VbusPciBridgeOptions as d, VenetClassOptions as f, VenetDropReason as h, VenetEvent as i, VenetNotificationOptions as j, VenetOffloadPolicy as k, VenetOptions as l, VenetRing as m, VenetSettings as n };
