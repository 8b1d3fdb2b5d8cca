import { GuestMemory, TraceSink, RingEvent, Width } from '@paravirt/bus';
import { EthernetPort } from '@paravirt/net-backend';

/**
 * Feature bits: what the device offers, what the driver accepts, and when the two agree. [virtio 1.2 §2.2, §3.1.1, §6]
 *
 * A feature set is a bigint of 64 bits: it is compared a few times per initialization and never while buffers flow (devices keep what
 * they need as booleans). The registers show it through two 32-bit windows.
 */
/** A set of feature bits; bit n is `1n << n`. */
type FeatureSet = bigint;
/** [virtio 1.2 §6] Bits that belong to the ring and the transport, not to a device type. */
declare const VIRTIO_F_INDIRECT_DESC = 28;
declare const VIRTIO_F_EVENT_IDX = 29;
declare const VIRTIO_F_VERSION_1 = 32;
declare const VIRTIO_F_RING_RESET = 40;
/** The set of the given bit numbers (0 to 63). */
declare const featureSet: (...bits: readonly number[]) => FeatureSet;
declare const hasFeature: (set: FeatureSet, bit: number) => boolean;
/** What the ring of this package can do; VERSION_1 is the whole of the modern interface. */
declare const RING_FEATURES: FeatureSet;
/** `bit` may be accepted only together with at least one of `needs`. [virtio 1.2 §5.1.3.1] */
interface FeatureRequirement {
    readonly bit: number;
    readonly needs: readonly number[];
}
/** Why FEATURES_OK was refused. */
type FeatureRefusal = 'not-offered' | 'version-1-missing' | 'dependency-missing';
/** The four feature registers and the decision behind FEATURES_OK. */
declare class FeatureNegotiation {
    #private;
    readonly offered: FeatureSet;
    /** Which 32 bits the windows show: 0 for bits 0–31, 1 for bits 32–63; any other value selects nothing. Unsigned 32 bits. */
    deviceSelect: number;
    driverSelect: number;
    constructor(offered: FeatureSet, requirements?: readonly FeatureRequirement[]);
    /** The agreed set; empty until `accept` succeeded. */
    get negotiated(): FeatureSet;
    /** 32 bits of the offered set; zero beyond bit 63. */
    readDeviceWindow(): number;
    /** 32 bits of what the driver has written. */
    readDriverWindow(): number;
    /** Stores 32 bits of the driver's choice; ignored beyond bit 63 and once the choice was accepted. */
    writeDriverWindow(value: number): void;
    /**
     * The driver sets FEATURES_OK: undefined if its subset is supported, which freezes it, else why it is not. [virtio 1.2 §2.2.2, §3.1.1]
     */
    accept(): FeatureRefusal | undefined;
    reset(): void;
}

/**
 * Descriptor chains. [virtio 1.2 §2.7.4, §2.7.5]
 *
 * `DescriptorChain.load` walks a chain once: every descriptor is read once, checked, and kept as (address, length), so that a driver that
 * rewrites its tables afterwards changes nothing. What remains is two lists of buffers, the readable ones before the writable ones, and a
 * reader and a writer that move bytes between them and the device's own buffers without ever leaving them.
 */

/** [virtio 1.2 §2.7.5] Descriptor flags. */
declare const VIRTQ_DESC_F_NEXT = 1;
declare const VIRTQ_DESC_F_WRITE = 2;
declare const VIRTQ_DESC_F_INDIRECT = 4;
/** What a driver did wrong in a chain; each means that the device needs a reset. */
type ChainFault = 'head-out-of-range' | 'next-out-of-range' | 'chain-too-long' | 'chain-too-large' | 'buffer-outside-memory' | 'readable-after-writable' | 'indirect-not-negotiated' | 'indirect-with-next' | 'indirect-nested' | 'indirect-length' | 'indirect-outside-memory';
/** A list of checked buffers and a position in it. Grows to the longest chain seen, which the queue size bounds. */
declare class BufferList {
    #private;
    /** Bytes in all buffers. */
    total: number;
    /** Bytes before the position. */
    position: number;
    get capacity(): number;
    clear(): void;
    rewind(): void;
    append(address: number, length: number): void;
    /** Guest-physical address of the position; only valid while `run` is above zero. */
    get address(): number;
    /** Bytes from the position to the end of its buffer; zero at the end of the list. */
    get run(): number;
    /** Moves on by at most `run` bytes. */
    advance(count: number): void;
}
/** Reads the device-readable buffers of a chain from front to back. */
declare class ChainReader {
    #private;
    constructor(memory: GuestMemory, list: BufferList);
    /** Bytes that are readable in all, up to 2^32. */
    get length(): number;
    /** Bytes not read yet. */
    get remaining(): number;
    /**
     * Gathers up to `length` bytes into `into` from `start` on and says how many there were. `into` is the caller's, meant to be reused; it
     * receives a copy that later changes in guest memory do not reach.
     */
    read(into: Uint8Array, start?: number, length?: number): number;
    /** Back to the first byte. */
    rewind(): void;
}
/** Writes the device-writable buffers of a chain from front to back. */
declare class ChainWriter {
    #private;
    constructor(memory: GuestMemory, list: BufferList);
    /** Bytes that are writable in all, up to 2^32. */
    get length(): number;
    /** Bytes not written yet. */
    get remaining(): number;
    /** Bytes written so far. */
    get written(): number;
    /** Scatters `from` from `start` to `end`, as far as there is room, and says how many bytes were written. `from` is not kept. */
    write(from: Uint8Array, start?: number, end?: number): number;
}
/** One request of the driver, from `SplitQueue.pop` until `push` or `undo`; not to be touched after these. */
declare class DescriptorChain {
    #private;
    /** What the driver gave to read. */
    readonly reader: ChainReader;
    /** Where the device may answer. */
    readonly writer: ChainWriter;
    /** Index of the first descriptor; the id of the used element. */
    head: number;
    constructor(memory: GuestMemory);
    /** Buffers that fit without growing: how much this object holds on to. */
    get capacity(): number;
    /**
     * Walks the chain that starts at `head` of the descriptor table at `table` with `size` entries. At most `size` buffers and one
     * indirection: a loop ends as a chain that is too long. [virtio 1.2 §2.7.5.3.1]
     */
    load(table: number, size: number, head: number, indirectAllowed: boolean): ChainFault | undefined;
}

/**
 * What went over one queue since its device was made, whatever rings it had: counted where it happens, read by whoever asks. From these
 * follow the figures by which two ways of notifying are compared:
 *
 *   doorbells that suppression saved = available − (doorbells − spurious): each chain alone would have had one
 *   chains that one interrupt carried = used / interrupts
 */
declare class QueueCounters {
    /** Available buffer notifications by the driver, while the queue was in use. */
    doorbells: number;
    /** Those that brought nothing: the device had seen all that was available. */
    spurious: number;
    /** Chains that the driver made available. */
    available: number;
    /** Chains that the device gave back. */
    used: number;
    /** Used buffer notifications to the driver. */
    interrupts: number;
    /** Times that the device had given chains back, and the driver did not want to be told. */
    suppressed: number;
    /** Times that the driver wanted to be told, and a mitigation put it off. */
    held: number;
}

/**
 * Where the three areas of a split virtqueue lie. [virtio 1.2 §2.7]
 *
 * The driver chooses; the device takes the layout whole or not at all, once, before the first access. After that check no access to the
 * rings can fall outside RAM.
 */

/** Guest-physical addresses of the areas; `size` is the queue size in descriptors. */
interface QueueLayout {
    readonly size: number;
    /** Descriptor area: 16 bytes a descriptor. */
    readonly descriptors: number;
    /** Driver area: the available ring. */
    readonly available: number;
    /** Device area: the used ring. */
    readonly used: number;
}
type LayoutFault = 'size' | 'alignment' | 'outside-memory' | 'overlap';
/** [virtio 1.2 §2.7] The largest queue size. */
declare const MAX_QUEUE_SIZE = 32768;
/** A power of two from 1 to 32768. [virtio 1.2 §2.7] */
declare const isQueueSize: (size: number) => boolean;
/** Bytes of each area, the event index fields included. [virtio 1.2 §2.7, "Virtqueue part" table] */
declare const descriptorAreaSize: (size: number) => number;
declare const driverAreaSize: (size: number) => number;
declare const deviceAreaSize: (size: number) => number;
/** Undefined if a device can work with this layout, else what is wrong with it. */
declare function checkLayout(memory: GuestMemory, layout: QueueLayout): LayoutFault | undefined;

/**
 * Who wants to be told: suppression of used buffer notifications (interrupts) and of available buffer notifications (kicks), by flags, by
 * event index or not at all. [virtio 1.2 §2.7.7, §2.7.10]
 *
 *   avail: flags, idx, ring[Q], used_event      used: flags, idx, ring[Q], avail_event
 *
 * `used_event` is the driver's: interrupt me when you have used the entry with this index. `avail_event` is the device's: kick me when
 * you have made the entry with this index available.
 */

/** [virtio 1.2 §2.7.6] In `avail.flags`: the driver does not want interrupts. Only a hint, and ignored with EVENT_IDX. */
declare const VIRTQ_AVAIL_F_NO_INTERRUPT = 1;
/** [virtio 1.2 §2.7.8] In `used.flags`: the device does not want kicks. */
declare const VIRTQ_USED_F_NO_NOTIFY = 1;
/**
 * True if an index that moved from `before` to `now` has passed `event`, all modulo 2^16: the entry numbered `event` is among those just
 * added. [virtio 1.2 §2.7.7.2, §2.7.10.1]
 */
declare const needEvent: (event: number, now: number, before: number) => boolean;
/**
 * How the two sides of a queue keep each other from telling what is known. `event-idx`: VIRTIO_F_EVENT_IDX was negotiated. `none`: every
 * buffer is told of; the device asks for nothing and heeds no flag, which is a hint only. [virtio 1.2 §2.7.7]
 */
type Suppression = 'none' | 'flags' | 'event-idx';
/** The device's side of suppression for one queue. */
declare class NotificationSuppression {
    #private;
    constructor(memory: GuestMemory, layout: QueueLayout, suppression: Suppression);
    /** Used index up to which `takeInterrupt` has answered. */
    get told(): number;
    /** True if the driver wants an interrupt for the entries used up to `usedIndex` that no earlier call answered for. */
    takeInterrupt(usedIndex: number): boolean;
    /** What `takeInterrupt` would say; nothing is taken. */
    wantsInterrupt(usedIndex: number): boolean;
    /**
     * Asks for no kicks. `seen` is the available index that the device knows. With EVENT_IDX an `avail_event` that the driver has passed says so
     * by itself; one that it has not passed is put behind.
     */
    suppressKicks(seen: number): void;
    /** Asks for a kick when the driver adds an entry beyond `availableIndex`. The caller then looks at the ring once more. */
    requestKicks(availableIndex: number): void;
}

/**
 * The device's side of a split virtqueue. [virtio 1.2 §2.7]
 *
 *   pop      takes what the driver made available (avail ring → chain)
 *   push     gives it back (chain → used ring), = fill + publish
 *   undo     puts the newest popped chain back, as if it had not been looked at
 *
 * The rings are guest memory: whatever they say is checked when it is read. A fault closes the queue for good and is told once; the owner
 * answers with DEVICE_NEEDS_RESET. Nothing here throws after construction.
 */

/** What a driver did wrong with a queue. */
type QueueFault = ChainFault | 'available-index' | 'head-in-flight';
interface SplitQueueOptions {
    /** VIRTIO_F_INDIRECT_DESC was negotiated. Default: false. */
    readonly indirect?: boolean;
    /** Default: flags. */
    readonly suppression?: Suppression;
    /** Called once, when the queue closes because of a fault. */
    readonly onFault?: (fault: QueueFault) => void;
    /** What the queue counts in: those of earlier rings of the same queue go on. Default: of its own. */
    readonly counters?: QueueCounters;
    /**
     * Orders what was written to the rings before what is read from them next, for a driver in another thread. [virtio 1.2 §2.7.7.2, §2.7.10.2,
     * §2.7.13.4] Default: the driver's accesses are never between two of the device.
     */
    readonly fence?: () => void;
    /**
     * With suppression `none`, for a transport whose doorbells have a gate of their own: kicks are not wanted (false), since the device looks
     * anyway, or wanted again (true). What is kicked in between may be told late, but must be told.
     */
    readonly onKicksWanted?: ((wanted: boolean) => void) | undefined;
    /** Is told the device's part of the life of each buffer and notification. */
    readonly ringTrace?: TraceSink<RingEvent> | undefined;
    /** What the ring is called there. Default: `ring`. */
    readonly name?: string;
}
declare class SplitQueue {
    #private;
    readonly layout: QueueLayout;
    readonly size: number;
    readonly counters: QueueCounters;
    /** While true (bus mastering is off) the queue touches no memory: nothing is popped and what is pushed is lost. */
    paused: boolean;
    /** @throws ConfigurationError `bad-queue-layout`: check the driver's values with `checkLayout` first. */
    constructor(memory: GuestMemory, layout: QueueLayout, options?: SplitQueueOptions);
    /** What closed the queue, undefined if nothing did. */
    get fault(): QueueFault | undefined;
    /** Chains popped and not yet given back; at most `size`. */
    get inFlight(): number;
    /** The `idx` of the used ring as published; 16 bits. */
    get usedIndex(): number;
    /** How far the available ring was taken; 16 bits. */
    get takenIndex(): number;
    /** Next chain of the driver, undefined if there is none (or the queue is paused or closed). One call does work bounded by `size`. */
    pop(): DescriptorChain | undefined;
    /** Puts back `chain`, the newest popped one that is still in flight (and then the one before it, and so on). */
    undo(chain: DescriptorChain): void;
    /** For the trace: `bytes` went between a chain and the device's own memory. */
    copied(chain: DescriptorChain, bytes: number): void;
    /**
     * Returns a chain with `written` bytes written into its writable part (more than fits is cut). Entry first, index second. [virtio 1.2
     * §2.7.8.2]
     */
    push(chain: DescriptorChain, written: number): void;
    /** Writes the used element of a chain without showing it: several chains that belong together are shown by one `publish`. */
    fill(chain: DescriptorChain, written: number): void;
    /** Shows the filled elements to the driver by moving `used.idx`. */
    publish(): void;
    /** The driver kicked: counts it, and whether there is anything that the device had not seen. Takes nothing. */
    countDoorbell(): void;
    /** True if something was published since the last `takeInterrupt`. */
    get hasNews(): boolean;
    /** Chains that were published since then; below 65536. */
    get untold(): number;
    /** True if the driver wants an interrupt for these as things are now. Takes nothing. */
    get wantsInterrupt(): boolean;
    /** An interrupt that the driver wants is given later. */
    heldInterrupt(): void;
    /** True if the driver wants an interrupt for what was published since the last call. [virtio 1.2 §2.7.7.2] */
    takeInterrupt(): boolean;
    /** The device is going to look at the ring anyway: no kicks, please. [virtio 1.2 §2.7.10.2] */
    suppressKicks(): void;
    /**
     * Asks for a kick when the driver adds a buffer, then looks once more: true if one arrived in between, which must be processed without
     * waiting for a kick. [virtio 1.2 §2.7.10.2, §2.7.13.4]
     */
    requestKicks(): boolean;
    /** Ends the use of the rings: nothing is popped, and late completions of chains in flight touch nothing. */
    close(): void;
}

/**
 * What a virtio device is, whatever transport it hangs on: a type, feature bits, queues, a configuration space, and what to do when a
 * driver is ready or kicks. [virtio 1.2 §2] The other direction, what a device may ask of its transport, is `DriverSession`.
 */

/** What a queue is for: what the driver sends, room for what it is to receive, or what is neither and never kept waiting. */
type QueueKind = 'transmit' | 'receive' | 'control';
interface QueuePurpose {
    /** In traces: `tx`. */
    readonly name: string;
    readonly kind: QueueKind;
}
/** A device type. Nothing here may throw, whatever a driver does. */
interface VirtioDevice {
    /** For people: "virtio-net". */
    readonly name: string;
    /** [virtio 1.2 §5] Device ID: 1 is a network card, 4 an entropy source. */
    readonly deviceId: number;
    /** Feature bits of the device type that are offered; the ring's bits are added by the session. */
    readonly features: FeatureSet;
    readonly featureRequirements: readonly FeatureRequirement[];
    /** Maximum size of each queue, powers of two up to 32768; the index is the queue's number. */
    readonly queueSizes: readonly number[];
    /** What each queue is for. Default: control. */
    readonly queuePurposes?: readonly QueuePurpose[];
    /** Bytes of device-specific configuration. */
    readonly configSize: number;
    /** Within `configSize`, any width and alignment; unsigned result. */
    readConfig(offset: number, width: Width): number;
    writeConfig(offset: number, width: Width, value: number): void;
    /** DRIVER_OK: the queues may be used through `session` until `reset`. False: the device cannot work like this and needs a reset. */
    activate(session: DriverSession): boolean;
    /** The driver is gone: chains are dropped, settings are the defaults again. Also called when no driver was active. */
    reset(): void;
    /** The driver made buffers available in a queue, or the queue became usable. One call does bounded work. */
    notify(queue: number): void;
    /** One queue was reset alone: chains of it are dropped; it may come back with `notify`. [virtio 1.2 §2.6.1] */
    queueReset(queue: number): void;
    /**
     * Bus mastering goes off (true) or on. For a device whose rings are in use elsewhere: they are at rest when the call returns. Those of the
     * session are so anyway.
     */
    pause?(paused: boolean): void;
}
/** What an active device sees of its driver and its transport. */
interface DriverSession {
    /** Guest memory as this device may reach it. */
    readonly memory: GuestMemory;
    /** What driver and device agreed on. */
    readonly features: FeatureSet;
    /** Queue `index` while the driver has it enabled. Ask each time: a queue reset replaces it. */
    queue(index: number): SplitQueue | undefined;
    /**
     * Sends a used buffer notification if the driver wants one for what was published. `sent`: interrupted; `held`: a mitigation does so
     * later; `suppressed`: there was something, but the driver did not want to be told; `none`: nothing new.
     */
    interrupt(index: number): 'sent' | 'held' | 'suppressed' | 'none';
    /** Sends a used buffer notification that was decided upon where the rings are in use, elsewhere. */
    signal(index: number): void;
    /**
     * The configuration space changed: a new generation and a configuration change notification, unless the driver itself asked for the
     * change (`notify` false). [virtio 1.2 §2.5, §2.3]
     */
    configChanged(notify?: boolean): void;
    /** The device cannot go on: DEVICE_NEEDS_RESET, all queues closed. `reason` is for the trace. [virtio 1.2 §2.1.2] */
    fail(reason: string): void;
    /** Calls the device's `notify(queue)` again soon, not within this call: for work beyond what one kick may cost. */
    notifyLater(queue: number): void;
}

/**
 * What a network device did since it was made. Frames and bytes are counted as the driver sees them: a TCP segment that was cut up for
 * the wire is one frame. Doorbells and interrupts are counted by its queues, see queue/counters.ts.
 */
/** Why a frame went nowhere. `tx` is from the driver, `rx` from the port. */
type DropReason = 
/** No driver is active. */
'rxNotReady' | 'rxLinkDown'
/** Unicast, multicast, broadcast or VLAN that the driver did not ask for. */
 | 'rxFiltered'
/** Shorter than an Ethernet header. */
 | 'rxTooShort'
/** Longer than the MTU, than any frame, or than the buffers of the driver. */
 | 'rxTooLong'
/** Work left to the receiver that does not fit the frame. */
 | 'rxBadOffload' | 'txLinkDown'
/** Less than a virtio header and an Ethernet header. */
 | 'txTooShort'
/** Longer than the MTU, or than any frame. */
 | 'txTooLong'
/** `csum_start` and `csum_offset` outside the frame, or checksum offload not negotiated. */
 | 'txBadChecksum'
/** Segmentation that was not negotiated, is unknown, or does not fit the frame. */
 | 'txBadSegmentation';
declare class NetCounters {
    rxFrames: number;
    rxBytes: number;
    txFrames: number;
    txBytes: number;
    /** Bytes copied between the guest's memory and the host's, headers included, by direction. */
    rxCopied: number;
    txCopied: number;
    /** Times that the port did not take a frame at once. */
    txStalls: number;
    /** Times that the driver had no room for a frame, which the port keeps. */
    rxStalls: number;
    readonly drops: Record<DropReason, number>;
}

/**
 * The network device. [virtio 1.2 §5.1] One pair of queues and a control queue, on one end of a cable:
 *
 *   driver ↔ transmit queue → Transmitter → EthernetPort → Receiver → receive queue ↔ driver
 *            control queue → ControlQueue → ReceiveFilter
 *
 * This file has what is left: feature bits, configuration space, link state and the order of things.
 */

/**
 * Which offloads the driver is offered: `port`, those that the port takes or gives; `software`, all of them (what the port does not do is
 * done by the device); `none`.
 */
type OffloadPolicy = 'port' | 'software' | 'none';
interface VirtioNetOptions {
    /** The far end of the cable. The device sets its callbacks and keeps it for good. */
    readonly port: EthernetPort;
    /** Six bytes, not multicast. */
    readonly mac: Uint8Array;
    /** In bytes, 68 to 65535; told to the driver and enforced. Default: not told, not enforced. */
    readonly mtu?: number;
    /** Of the receive and of the transmit queue. Default 256. */
    readonly queueSize?: number;
    readonly controlQueueSize?: number;
    /** Default `port`. */
    readonly offloads?: OffloadPolicy;
}
/** Ethernet controller. [PCI 3.0 Appendix D] */
declare const NET_CLASS_CODE = 131072;
declare class VirtioNet implements VirtioDevice {
    #private;
    readonly name = "virtio-net";
    readonly deviceId = 1;
    readonly features: FeatureSet;
    readonly featureRequirements: readonly FeatureRequirement[];
    readonly queueSizes: readonly number[];
    readonly queuePurposes: readonly QueuePurpose[];
    readonly configSize: number;
    readonly counters: NetCounters;
    /** @throws ConfigurationError `bad-mac`, `bad-mtu`; a bad queue size is the transport's to refuse. */
    constructor(options: VirtioNetOptions);
    /** The address that the driver uses now; a copy. */
    get mac(): Uint8Array;
    get linkUp(): boolean;
    /** Plugs the cable in or out. While it is out frames are dropped in both directions. */
    set linkUp(up: boolean);
    /** Asks the driver to tell the network where it is, as after a migration. [virtio 1.2 §5.1.6.5.4] */
    announce(): void;
    readConfig(offset: number, width: Width): number;
    /** All fields are read-only for a driver of VERSION_1. [virtio 1.2 §5.1.4] */
    writeConfig(): void;
    activate(session: DriverSession): boolean;
    reset(): void;
    notify(queue: number): void;
    queueReset(queue: number): void;
}

export { checkLayout as A, descriptorAreaSize as B, deviceAreaSize as E, driverAreaSize as G, featureSet as H, hasFeature as I, isQueueSize as J, needEvent as K, MAX_QUEUE_SIZE as M, NET_CLASS_CODE as N, QueueCounters as Q, RING_FEATURES as R, SplitQueue as S, ChainReader as b, ChainWriter as c, DescriptorChain as d, FeatureNegotiation as f, NetCounters as h, NotificationSuppression as i, VIRTIO_F_EVENT_IDX as p, VIRTIO_F_INDIRECT_DESC as q, VIRTIO_F_RING_RESET as r, VIRTIO_F_VERSION_1 as s, VIRTQ_AVAIL_F_NO_INTERRUPT as t, VIRTQ_DESC_F_INDIRECT as u, VIRTQ_DESC_F_NEXT as v, VIRTQ_DESC_F_WRITE as w, VIRTQ_USED_F_NO_NOTIFY as x, VirtioNet as y };
export type { ChainFault as C, DriverSession as D, FeatureSet as F, LayoutFault as L, OffloadPolicy as O, VirtioDevice as V, FeatureRequirement as a, DropReason as e, FeatureRefusal as g, QueueFault as j, QueueKind as k, QueueLayout as l, QueuePurpose as m, SplitQueueOptions as n, Suppression as o, VirtioNetOptions as z };
