import { Ram, GuestMemory, TraceSink } from '@paravirt/bus';

/** Attributes of devices, as files of the administrator's tree show them: text, one value each. [vbus PCI-2, administration] */
interface Attribute {
    /** File name: `client_mac`. */
    readonly name: string;
    /** The value, without the newline that the file ends with. */
    show(): string;
    /** A new value, without the newline it may have been written with: 0, or −errno. Read-only without it. */
    store?(text: string): number;
}

/**
 * Memory that both sides of the bus use for long ("shm"). It belongs to the north side; the south side maps it once, with its bounds
 * checked then, and works on it until it is closed. Two kinds: memory of a guest in this thread, and a buffer shared with another thread.
 *
 * Plain accesses may be reordered by engine and processor as seen from another thread. What orders them are the `load…` and `store…`
 * accesses, which are sequentially consistent (a full barrier in the words of 2009): every word over which the two sides race is reached
 * through those alone, and what was written before a store is seen after the load that sees it.
 *
 * UNCHECKED: offsets are the caller's duty: [offset, offset + width) lies within `length`.
 */

/** Offsets are in bytes from the start of the region; values are unsigned and little-endian. */
interface SharedRegion {
    /** In bytes. */
    readonly length: number;
    /** Of the first byte, in the client's address space: guest-physical where the client is a guest. */
    readonly address: number;
    readU8(offset: number): number;
    readU16(offset: number): number;
    readU32(offset: number): number;
    readU64(offset: number): bigint;
    writeU8(offset: number, value: number): void;
    writeU16(offset: number, value: number): void;
    writeU32(offset: number, value: number): void;
    writeU64(offset: number, value: bigint): void;
    /** Fills `into`. */
    read(offset: number, into: Uint8Array): void;
    /** Copies `from`, which is not kept. */
    write(offset: number, from: Uint8Array): void;
    /** Sequentially consistent. */
    loadU8(offset: number): number;
    storeU8(offset: number, value: number): void;
    /** Sequentially consistent where `address + offset` is a multiple of 4, plain otherwise. */
    loadU32(offset: number): number;
    storeU32(offset: number, value: number): void;
}
/** The client's memory as the host may reach it (the "memctx" of 2009). */
interface ClientMemory extends GuestMemory {
    /** A range for long use; undefined unless it lies in one piece of memory. */
    map(address: number, length: number): SharedRegion | undefined;
}
/** A range of a guest's memory, reached in the guest's own thread, where every access is in program order. */
declare class MemoryRegion implements SharedRegion {
    #private;
    readonly address: number;
    readonly length: number;
    /** @throws ConfigurationError `bad-region`: check with `contains` first. */
    constructor(memory: GuestMemory, address: number, length: number);
    readU8(offset: number): number;
    readU16(offset: number): number;
    readU32(offset: number): number;
    readU64(offset: number): bigint;
    writeU8(offset: number, value: number): void;
    writeU16(offset: number, value: number): void;
    writeU32(offset: number, value: number): void;
    writeU64(offset: number, value: bigint): void;
    read(offset: number, into: Uint8Array): void;
    write(offset: number, from: Uint8Array): void;
    loadU8(offset: number): number;
    storeU8(offset: number, value: number): void;
    loadU32(offset: number): number;
    storeU32(offset: number, value: number): void;
}
/** A range of a buffer; of a SharedArrayBuffer, if the other side is another thread. */
declare class BufferRegion implements SharedRegion {
    #private;
    readonly address: number;
    readonly length: number;
    /**
     * @param offset of the first byte in the buffer
     * @param address the client's name for the first byte. Default: `offset`.
     * @throws ConfigurationError `bad-region` for a range outside the buffer.
     */
    constructor(buffer: ArrayBufferLike, offset?: number, length?: number, address?: number);
    readU8(offset: number): number;
    readU16(offset: number): number;
    readU32(offset: number): number;
    readU64(offset: number): bigint;
    writeU8(offset: number, value: number): void;
    writeU16(offset: number, value: number): void;
    writeU32(offset: number, value: number): void;
    writeU64(offset: number, value: bigint): void;
    read(offset: number, into: Uint8Array): void;
    write(offset: number, from: Uint8Array): void;
    loadU8(offset: number): number;
    storeU8(offset: number, value: number): void;
    loadU32(offset: number): number;
    storeU32(offset: number, value: number): void;
}
/** Any guest memory as a client's: ranges are mapped by address, and every access goes through the memory behind. */
declare class MappedMemory implements ClientMemory {
    #private;
    constructor(memory: GuestMemory);
    get size(): number;
    map(address: number, length: number): SharedRegion | undefined;
    contains(address: number, length: number): boolean;
    readU8(address: number): number;
    readU16(address: number): number;
    readU32(address: number): number;
    readU64(address: number): bigint;
    writeU8(address: number, value: number): void;
    writeU16(address: number, value: number): void;
    writeU32(address: number, value: number): void;
    writeU64(address: number, value: bigint): void;
    read(address: number, into: Uint8Array): void;
    write(address: number, from: Uint8Array): void;
}
/** A buffer as a client's memory: addresses are offsets in it. For a client in another thread the buffer is a SharedArrayBuffer. */
declare class BufferMemory extends Ram implements ClientMemory {
    constructor(buffer: ArrayBufferLike);
    map(address: number, length: number): SharedRegion | undefined;
}

/** North is the client (a guest's driver), which owns the memory; south is the bus and its devices. */
type Side = 'north' | 'south';
interface ShmSignalOptions {
    readonly region: SharedRegion;
    /** Where the descriptor lies in the region, in bytes; it must fit. */
    readonly offset: number;
    /** The side that this object stands for. */
    readonly side: Side;
    /** Rings the wire to the other side. */
    readonly ring: () => void;
    /** Runs something soon, after the present call (a tasklet). */
    readonly defer: (run: () => void) => void;
    /**
     * Whether `pending` keeps the wire quiet, asked at each `inject`. False: the other side is rung for every one while it listens. Default:
     * always true.
     */
    readonly coalesces?: () => boolean;
}
/** Counted since the object was made. */
interface SignalCounters {
    /** Calls of `inject`. */
    injected: number;
    /** Those for which the wire was rung. */
    rung: number;
    /** Those for which it was not: the other side is busy or does not listen. */
    suppressed: number;
    /** Times that `inject` itself was put off, by whoever mitigates: it comes later, once for several. */
    held: number;
    /** Times that the wire rang for this side. */
    wakeups: number;
    /** Those at which there was nothing to do, or nobody to listen. */
    spurious: number;
    /** Calls of the notifier. */
    notified: number;
}
declare const noSignals: () => SignalCounters;
/** Adds `more` to `sum`. */
declare function addSignalCounters(sum: SignalCounters, more: Readonly<SignalCounters>): void;
/** Writes a fresh descriptor: nobody listens, nothing happened. The north side does so before it gives the memory away. */
declare function initShmSignal(region: SharedRegion, offset: number): void;
/** True if a descriptor of the known version lies wholly within the region at `offset`. */
declare function isShmSignal(region: SharedRegion, offset: number): boolean;
/** One side of a doorbell. Nobody listens at first: each side calls `enable` when it is ready. */
declare class ShmSignal {
    #private;
    /** Called when something happened, any number of things at once; may call `disable`, `enable`, `inject` and `close`. */
    onSignal: (() => void) | undefined;
    /** Called when the wire rings for this side, before `onSignal`; for who counts or traces. `heard` is what `wakeup` will answer. */
    onWakeup: ((heard: boolean) => void) | undefined;
    readonly counters: SignalCounters;
    constructor(options: ShmSignalOptions);
    get closed(): boolean;
    /** This side listens. What happened while it did not is told soon, not within this call. */
    enable(): void;
    /** This side does not want to be told. What happens is remembered in `dirty`. */
    disable(): void;
    /** The other side listens and has not been told: an `inject` now would ring. */
    get wanted(): boolean;
    /** Tells the other side that something happened. What was written to the region before is seen by it. True: the wire was rung. */
    inject(): boolean;
    /** The wire rang for this side. False: there was nothing to do, or nobody listens. */
    wakeup(): boolean;
    /** Nothing is called or written from now on. */
    close(): void;
}

/**
 * What a device on the bus is: made by a class, linked to a bus by the administrator, opened through one of its interfaces by a driver in
 * a foreign context, which then talks to the connection. [vbus PCI-2, roles] devclass → device → interface → connection.
 *
 * Nothing that is called because of a client (connect, call, shm, close) may throw; results below zero are −errno (errno.ts).
 */

/** A factory of devices: `venet-tap`. */
interface DeviceClass {
    readonly name: string;
    /** A device of that name, on no bus yet. Negative: −errno, there is none. */
    create(name: string): VbusDevice | number;
}
interface VbusDevice {
    /** What the administrator reads and writes under /sys/vbus/devices/NAME. */
    readonly attributes: readonly Attribute[];
    /** Each becomes a device of its own, with its own id, on the bus that the device is linked to. */
    readonly interfaces: readonly DeviceInterface[];
    /** The device is being linked to a bus: 0, or −EBUSY if it takes no further one. */
    busConnect(): number;
    /** It is unlinked. Its connections were closed before. */
    busDisconnect(): void;
    /** It is removed by the administrator, and on no bus. */
    release(): void;
}
interface DeviceInterface {
    /** Among the interfaces of the device. */
    readonly name: string;
    /** The ABI that a driver matches on, printable ASCII of at most 127 bytes: `virtual-ethernet`. */
    readonly type: string;
    /** DEVOPEN: a connection, or −errno: −EINVAL for an unknown version, −EBUSY if it takes no further one. */
    connect(context: ConnectContext): VbusConnection | number;
}
/** What a connection may use of the client behind it. */
interface ConnectContext {
    readonly memory: ClientMemory;
    /** Version of the interface that the driver speaks; 32 bits. */
    readonly version: number;
    /** Runs something soon, after the present call. */
    readonly defer: (run: () => void) => void;
}
interface VbusConnection {
    /**
     * DEVCALL: synchronous, meaning as the interface says. `data` is a copy of the client's bytes (up to 64 KiB); what is left in it is
     * copied back if the result is not negative. `flags` are as the driver gave them. ≥ 0, or −errno.
     */
    call(func: number, data: Uint8Array, flags: number): number;
    /**
     * DEVSHM: memory for long use, mapped and checked; `id` is new to this connection. `signal` is the south side of the doorbell in it, if
     * it has one; nobody listens to it yet. Both are the connection's until `close`; the signal is closed by the bus. `flags` are 0: none is
     * defined. 0, or −errno: then neither may be kept.
     */
    shm(id: number, flags: number, region: SharedRegion, signal: ShmSignal | undefined): number;
    /** Called once: the driver closed, the device was unlinked, or the client is gone. The client's memory must not be touched after. */
    close(): void;
}

/** An interface of a device on a bus. */
interface BusDevice {
    /** 32 bits, unique on the bus for ever. */
    readonly id: number;
    readonly interface: DeviceInterface;
    /** Name of the device that it belongs to. */
    readonly device: string;
}
/** Who wants to know what comes and goes. Neither call may throw. */
interface BusListener {
    added(device: BusDevice): void;
    /** It cannot be opened any more; connections to it have to be closed within the call. */
    dropped(device: BusDevice): void;
}
/** One bus. Its clients see nothing of any other. */
declare class Vbus {
    #private;
    readonly name: string;
    /** Names of the clients that are on the bus now. */
    readonly members: Set<string>;
    constructor(name: string);
    /** By id, in the order of their links. */
    get devices(): ReadonlyMap<number, BusDevice>;
    /** Calls `listener` from now on; the result ends it. */
    subscribe(listener: BusListener): () => void;
    /** Puts the interfaces of a device on the bus: for the container, which asked the device. */
    add(device: string, interfaces: readonly DeviceInterface[]): BusDevice[];
    /** Takes one off: for the container. */
    drop(id: number): void;
}
/** A device as the administrator knows it. Without a class it is a shell that can be given one. */
interface HostDevice {
    readonly name: string;
    readonly className: string | undefined;
    readonly device: VbusDevice | undefined;
    /** Where it is linked: bus and ids. */
    readonly links: ReadonlyMap<Vbus, readonly number[]>;
}
declare class VbusHost {
    #private;
    get classes(): ReadonlyMap<string, DeviceClass>;
    get devices(): ReadonlyMap<string, HostDevice>;
    get buses(): ReadonlyMap<string, Vbus>;
    /** @throws ConfigurationError `vbus-class` for a bad or taken name: classes are the program's, not the administrator's. */
    addClass(deviceClass: DeviceClass): void;
    /** −EEXIST; −EINVAL: not a name. */
    createBus(name: string): number;
    /** −ENOENT; −ENOTEMPTY: a device is linked to it; −EBUSY: a client is on it. */
    removeBus(name: string): number;
    /** A device of a class, or a shell to give a class to later. −EEXIST; −ENOENT: no such class; −EINVAL: not a name; as the class says. */
    createDevice(name: string, className?: string): number;
    /** Gives a shell its class, once. −ENOENT: no such device or class; −EBUSY: it has one; as the class says. */
    setDeviceClass(name: string, className: string): number;
    /** −ENOENT; −EBUSY: it is on a bus. */
    removeDevice(name: string): number;
    /** Hot-plug. −ENOENT: no such bus or device; −EINVAL: the device has no class; −EEXIST: linked already; as the device says. */
    link(busName: string, deviceName: string): number;
    /** Hot-unplug: its connections are closed, its drivers told. −ENOENT: no such link. */
    unlink(busName: string, deviceName: string): number;
    /** The ids that a device has on a bus; empty if it is not linked there. */
    idsOf(busName: string, deviceName: string): readonly number[];
    /** Names of the devices that are linked to a bus. */
    linksOf(bus: Vbus): string[];
}

/** What a client is told. `handle` is the signal's, `cookie` the client's own name for it, `device` the id on the bus of what signals. */
type VbusEvent = {
    readonly kind: 'devadd';
    readonly id: number;
    readonly type: string;
} | {
    readonly kind: 'devdrop';
    readonly id: number;
} | {
    readonly kind: 'shmsignal';
    readonly handle: number;
    readonly cookie: bigint;
    readonly device: number;
} | {
    readonly kind: 'shmclose';
    readonly handle: number;
    readonly cookie: bigint;
};
interface WaitingEvent {
    readonly event: VbusEvent;
    /** 0 to 7, 7 goes first. */
    readonly prio: number;
    /** Called when the client can see the event, or never will. */
    readonly placed: (() => void) | undefined;
}
declare class EventBacklog {
    #private;
    get size(): number;
    /** Puts an event at the end of its queue. False if it is not needed: it waits already, or it ends what nobody has heard of. */
    add(event: VbusEvent, prio: number, placed?: () => void): boolean;
    /** The event that goes next; it stays until `take`. */
    get next(): WaitingEvent | undefined;
    /** Removes the event that goes next. */
    take(): WaitingEvent | undefined;
    /** Forgets everything. */
    clear(): void;
}

interface IoqIteratorOptions {
    /** Every push and pop tells the other side (AUTOUPDATE). Default: false, whoever pushes calls `ring.signal.inject` after a batch. */
    readonly autoUpdate?: boolean;
    /** Push and pop leave the descriptor with its owner (NOFLIPOWNER). Default: false. */
    readonly noFlipOwner?: boolean;
}
/** `set` goes to a given position. */
type IoqSeek = 'head' | 'tail' | 'next' | 'set';
declare class IoqIterator {
    #private;
    readonly ring: Ioq;
    constructor(ring: Ioq, index: IoqIndexName | 'both', options?: IoqIteratorOptions);
    /** Number of the descriptor, below `ring.count`. */
    get position(): number;
    /** False for a position beyond the ring, and in a broken one. */
    seek(where: IoqSeek, position?: number): boolean;
    /** True if the descriptor is this side's. What the other side wrote into it before it gave it away can be read then. */
    get isOwned(): boolean;
    /** True if the descriptor is this side's and the next that the index has for a consumer: `pop` would take it. */
    get isReady(): boolean;
    /** The north side's own mark; the south side leaves it alone. */
    get cookie(): bigint;
    set cookie(value: bigint);
    /** `ptr`: an address of the client, or what the protocol above says. At 2^53 and beyond it is inexact, and no address of anything. */
    get pointer(): number;
    set pointer(value: number);
    /** `len` in bytes; up to 2^64 − 1, as the other side likes. */
    get length(): number;
    set length(value: number);
    get valid(): boolean;
    set valid(value: boolean);
    /**
     * Offers the descriptor here. False unless the iterator stands at the tail and the descriptor is this side's; of two indexes, or where
     * ownership does not move, the index must have room as well (elsewhere ownership says it all).
     */
    push(): boolean;
    /** Takes out the descriptor here. False unless it is ready. */
    pop(): boolean;
}

type IoqIndexName = 'valid' | 'inuse';
/**
 * What the other side did wrong: `index`, a head or tail beyond the ring; `index-moved`, one that this side alone may write was changed;
 * `ownership`, a descriptor was taken away from this side; `out-of-step`, the two tails differ where they must agree; `descriptor`, one
 * whose contents the user of the ring cannot accept.
 */
type IoqFault = 'index' | 'index-moved' | 'ownership' | 'out-of-step' | 'descriptor';
interface IoqOptions {
    readonly side: Side;
    /** Rings with more descriptors are refused. Default: 2048. */
    readonly maxCount?: number;
    /** The doorbell of this ring, of the same side. */
    readonly signal?: ShmSignal | undefined;
}
/** Where the doorbell lies in every ring, in bytes. */
declare const IOQ_SIGNAL_OFFSET: number;
/** Bytes of a ring with `count` descriptors: 88 + 32·(count − 1). */
declare const ioqLength: (count: number) => number;
/** One of the two indexes as it is at this moment. Both numbers below `count`; reading may find the ring broken, then all is 0. */
declare class IoqIndex {
    #private;
    constructor(ring: Ioq, name: IoqIndexName);
    get head(): number;
    get tail(): number;
    /** Descriptors between head and tail. */
    get count(): number;
    /** Descriptors that may still be pushed. */
    get room(): number;
    get isEmpty(): boolean;
    /** The mark that tells a full ring from an empty one where head and tail meet; elsewhere it means nothing. */
    get isFull(): boolean;
    /** Moves the tail from `at`, which it must equal, over one descriptor. */
    advanceTail(at: number): void;
    /** Moves the head from `at`, which it must equal, over one descriptor. */
    advanceHead(at: number): void;
}
declare class Ioq {
    #private;
    readonly region: SharedRegion;
    readonly side: Side;
    /** Descriptors; read once. */
    readonly count: number;
    readonly signal: ShmSignal | undefined;
    /** What `sown` says of a descriptor that this side owns. */
    readonly owner: number;
    readonly valid: IoqIndex;
    readonly inuse: IoqIndex;
    /** 1 for a descriptor that this side was seen to own and has not given away: only this side can. */
    readonly claimed: Uint8Array;
    /** Called once, when the ring breaks. */
    onBroken: ((fault: IoqFault) => void) | undefined;
    private constructor();
    /**
     * A ring that the other side (or an earlier life of this one) set up; undefined unless magic, version and count are right, all
     * descriptors lie within the region, and its address is a multiple of 8.
     */
    static attach(region: SharedRegion, options: IoqOptions): Ioq | undefined;
    /**
     * Sets up an empty ring whose descriptors are all the north side's; its doorbell is fresh too. North only: the memory is its own.
     * Undefined where `attach` would refuse the result.
     */
    static init(region: SharedRegion, count: number, options: IoqOptions): Ioq | undefined;
    /** Why nothing moves any more; undefined while the ring is sound. */
    get broken(): IoqFault | undefined;
    /** The user of the ring finds it broken. */
    fail(fault: IoqFault): void;
    /**
     * An iterator over one index, or over both in step (`both`: valid and inuse are pushed together; it cannot pop). It stands at
     * descriptor 0: seek first.
     */
    iterator(index: IoqIndexName | 'both', options?: IoqIteratorOptions): IoqIterator;
}

/**
 * The event ring, south side: how a client is told of devices and signals, any number of them with one interrupt. [vbus PCI-2, calls and events] The
 * ring is an ioq whose descriptors point to records of 144 bytes, which the client gave away (pushed on `valid`, owned by the south). An
 * event is written into the record at `inuse.tail` and pushed; the client takes it at `inuse.head` and pops. When there is no room events
 * wait (event-backlog.ts), and the doorbell towards this side is enabled until they have gone.
 *
 * The records' memory is checked once; where a descriptor points and how long it says it is, each time.
 */

/** Where a client of the bus has its events sent. */
interface EventSink {
    /**
     * Tells the client, now or when there is room; in order within a priority, 7 before 0. `placed` is called once, when the client can see
     * the event or never will; not if everything is forgotten by a reset.
     */
    post(event: VbusEvent, prio: number, placed?: () => void): void;
}
/** What went wrong with an event ring, for whoever watches. */
type EventQueueTrace = {
    readonly kind: 'event-ring-broken';
    readonly why: IoqFault;
};
interface EventQueueOptions {
    /** Interrupts the client. */
    readonly interrupt: () => void;
    /** Runs something soon, after the present call. */
    readonly defer: (run: () => void) => void;
    /** False: every event is an interrupt of its own, whether or not the client has finished with the last one. Default true. */
    readonly aggregation?: boolean;
    /**
     * An interrupt is on its way that cannot be asked for again (a pin that is high): also without aggregation no other one is asked for
     * until the client has finished with it. Default: there is none.
     */
    readonly isRaised?: () => boolean;
    readonly trace?: TraceSink<EventQueueTrace> | undefined;
}
/** Counted since the queue was made. */
interface EventCounters {
    /** Events that went into the ring. */
    events: number;
    /** Of those, signals. */
    signals: number;
    /** Interrupts. */
    interrupts: number;
    /** Events that did not need one: the client was busy with earlier ones, or polls. `events` = `interrupts` + `suppressed`. */
    suppressed: number;
    /**
     * Of those, signals, by what had been told since the last interrupt: a signal of the same device, too, for which an interrupt of its own
     * would not have come again either; or others only (signals of other devices, hot-plug), where sharing one has saved it.
     */
    coalescedSame: number;
    coalescedOther: number;
    /** Events that had to wait for room. */
    delayed: number;
    /** Events that were not needed: a signal that waited already, a device that came and went. */
    merged: number;
    /** Times that the client rang because it made room. */
    kicks: number;
}
/** Until `open` all events wait. */
declare class EventQueue implements EventSink {
    #private;
    readonly counters: EventCounters;
    constructor(options: EventQueueOptions);
    /** True between `open` and the end of the ring, also if it is broken. */
    get isOpen(): boolean;
    /** Why the ring takes no events any more; undefined while it is sound or not there. */
    get broken(): IoqFault | undefined;
    /** Events that wait for room. */
    get waiting(): number;
    /**
     * QREG: the client's ring and its records. `count` descriptors at `ring`, as many records of 144 bytes at `data`. 0; −EINVAL for a ring
     * that is none, a second one, or a wrong count; −EFAULT if either is not memory.
     */
    open(memory: ClientMemory, count: number, ring: number, data: number): number;
    /** The client rang: it made room. Nothing happens unless it was asked to. */
    kick(): void;
    post(event: VbusEvent, prio: number, placed?: () => void): void;
    /** The client is gone: the ring, and everything that waits. */
    reset(): void;
}

/**
 * One client of one bus, whatever wire it is on: the verbs DEVOPEN, DEVCLOSE, DEVCALL and DEVSHM with their arguments decoded, the handles
 * it holds, and the doorbells between it and its devices. [vbus PCI-2, vbus_client] A connector drives it; bus-call.ts decodes.
 *
 * Everything a client names is looked up in tables of its own: a handle of another client, an old or a made-up one is −ENOENT. Handles
 * are numbers mixed from a counter; no address of the host is in them.
 */

/** What a client did, for whoever watches. `result` below zero is −errno. */
type VbusTrace = {
    readonly kind: 'devopen';
    readonly client: string;
    readonly id: number;
    readonly version: number;
    readonly result: number;
} | {
    readonly kind: 'devclose';
    readonly client: string;
    readonly id: number;
} | {
    readonly kind: 'devcall';
    readonly client: string;
    readonly id: number;
    readonly func: number;
    readonly result: number;
} | {
    readonly kind: 'devshm';
    readonly client: string;
    readonly id: number;
    readonly shm: number;
    readonly result: number;
} | {
    readonly kind: 'bad-handle';
    readonly client: string;
    readonly handle: bigint;
} | {
    readonly kind: 'bad-signal';
    readonly client: string;
    readonly handle: number;
};
interface VbusClientOptions {
    readonly bus: Vbus;
    readonly memory: ClientMemory;
    /** Runs something soon, after the present call. */
    readonly defer: (run: () => void) => void;
    /** Where the client hears of devices and signals: an `EventQueue`, which may be opened later. */
    readonly events: EventSink;
    /** Its name among the members of the bus, which has no other of it at the same time. Default: `client`, numbered. */
    readonly name?: string;
    readonly trace?: TraceSink<VbusTrace> | undefined;
}
/** Where the doorbell lies in the memory of DEVSHM, its priority, and the client's name for it. */
interface SignalRequest {
    readonly offset: number;
    readonly prio: number;
    readonly cookie: bigint;
}
/** Counted since the client was made. */
interface ClientCounters {
    opens: number;
    closes: number;
    calls: number;
    shms: number;
    /** Calls of all kinds that were refused before the device saw them. */
    refused: number;
    /** Doorbells that the client rang. */
    signals: number;
    /** Those that name nothing. */
    strays: number;
}
/** Bytes of a DEVCALL at most. */
declare const MAX_CALL_LENGTH = 65536;
/** Bytes of a DEVSHM at most: 512 pages, as the original's. */
declare const MAX_SHM_LENGTH: number;
declare class VbusClient {
    #private;
    readonly name: string;
    readonly bus: Vbus;
    readonly memory: ClientMemory;
    readonly counters: ClientCounters;
    constructor(options: VbusClientOptions);
    /** Handles that are open. */
    get openCount(): number;
    /** Doorbells that exist. */
    get signalCount(): number;
    /** READY: the client hears of every device on the bus, and from now on of all that come and go. [vbus PCI-2, guest side] */
    ready(): void;
    /** DEVOPEN: a handle, or −errno as a number. −ENOENT: no such id on this bus; −ENOMEM: too many are open; as the device says. */
    deviceOpen(id: number, version: number): bigint | number;
    /** DEVCLOSE: the device lets go of all memory; for each doorbell the client hears SHMCLOSE. −ENOENT. */
    deviceClose(handle: bigint): number;
    /**
     * DEVCALL: the device's answer. `length` bytes at `address` go to the device and back. −ENOENT; −ENODEV: the device was unlinked;
     * −E2BIG: more than 64 KiB; −EFAULT: not memory.
     */
    deviceCall(handle: bigint, func: number, address: number, length: number, flags: number): number;
    /**
     * DEVSHM: gives memory to the device until DEVCLOSE. The number of its doorbell, 0 without one. −ENOENT; −ENODEV: the device was
     * unlinked; −EEXIST: it has memory `id`; −EINVAL: no bytes, a flag, a doorbell that is none; −E2BIG: more than 512 pages; −EFAULT: not
     * in one piece of memory; −ENOSPC: too many pieces or doorbells; as the device says.
     */
    deviceShm(handle: bigint, id: number, flags: number, address: number, length: number, signal: SignalRequest | undefined): number;
    /** The client rang doorbell `handle`. */
    signal(handle: number): void;
    /** The client starts anew: every handle, memory and doorbell is gone, and it is not READY. Reset its events as well, after this. */
    reset(): void;
    /** Reset, and off the bus for good. */
    close(): void;
}

/** What connectors tell whoever watches: guests' nonsense above all, which has no other effect. Results below zero are −errno. */
type ConnectorEvent = VbusTrace | (EventQueueTrace & {
    readonly connector: string;
}) | {
    readonly kind: 'bridge-call';
    readonly connector: string;
    readonly vector: number;
    readonly result: number;
} | {
    readonly kind: 'bus-call';
    readonly connector: string;
    readonly vector: number;
    readonly result: number;
}
/** An access, a channel or a call that the wire does not have. */
 | {
    readonly kind: 'ignored';
    readonly connector: string;
    readonly why: string;
    readonly value: number;
} | {
    readonly kind: 'reset';
    readonly connector: string;
    readonly why: string;
};

/**
 * What is behind every wire: one client of one bus, its event queue, and the two bridge calls that all wires have. [vbus PCI-2 §2.3] A
 * connector carries calls and doorbells here, and interrupts away.
 *
 *   (nothing)  NEGOTIATE→  negotiated  QREG→  events flow
 *
 * NEGOTIATE begins anew whatever was there before: a guest that was rebooted, a kernel that was started by another (kexec).
 */

/** Counted since the connector was made. */
interface ConnectorCounters {
    /** Calls of the bridge and of the bus, refused ones too. */
    bridgeCalls: number;
    busCalls: number;
    /** Times that the client rang the event ring, and a device. */
    kicks: number;
    signals: number;
    /** Times that the client was interrupted. */
    interrupts: number;
    /** What the wire does not have. */
    ignored: number;
    /** Times that everything was forgotten. */
    resets: number;
    /** Of the event queue: signals per interrupt, what was suppressed, what had to wait. */
    readonly events: EventCounters;
    readonly client: ClientCounters;
}

declare class NorthArena {
    #private;
    readonly memory: ClientMemory;
    /**
     * @param start address of the first byte to hand out; @param length in bytes
     * @throws ConfigurationError `bad-region` unless the range is memory.
     */
    constructor(memory: ClientMemory, start: number, length: number);
    /** Bytes that are free, not necessarily in one piece. */
    get free(): number;
    /** Address of `length` bytes, all zero; undefined if there is no such piece. `alignment` is a power of two, at least 8. */
    allocate(length: number, alignment?: number): number | undefined;
    /** The same, mapped. */
    region(length: number, alignment?: number): SharedRegion | undefined;
    /** Gives back what `allocate` gave. An address that it did not give, or that was given back, is ignored. */
    release(address: number): void;
}

declare class NorthDevice {
    #private;
    readonly id: number;
    /** Opaque; what DEVOPEN gave. */
    readonly handle: bigint;
    constructor(session: NorthSession, id: number, handle: bigint);
    /** DEVCALL: `data` goes to the device, and what it left comes back. ≥ 0, or −errno. */
    call(func: number, data?: Uint8Array, flags?: number): number;
    /** DEVSHM of `length` bytes of fresh memory without a doorbell: the memory, or −errno. It stays until `close`. */
    shm(id: number, length: number): SharedRegion | number;
    /** DEVSHM of memory with a doorbell at `offset`: both, or −errno. Freed when the host says SHMCLOSE. */
    shmWithSignal(id: number, length: number, offset: number, priority?: number): {
        readonly region: SharedRegion;
        readonly signal: ShmSignal;
    } | number;
    /** A ring of `count` descriptors as memory `id`: the ring, or −errno. Its doorbell is `ring.signal`. */
    ioq(id: number, count: number, priority?: number): Ioq | number;
    /** DEVCLOSE: 0, or −errno. No doorbell is heard any more, also none that is on its way; the device is not to be used again. */
    close(): number;
}

/**
 * What carries the north side's verbs to its host: registers of a PCI function, hypercalls, or a page shared with another thread. All
 * calls are synchronous.
 */
interface NorthWire {
    /** A bridge call: its result, or −errno. `address` and `length` are of its structure in the client's memory. */
    bridgeCall(vector: number, address: number, length: number): number;
    /** A bus call, likewise. */
    busCall(vector: number, address: number, length: number): number;
    /** Rings the event ring's doorbell. */
    kick(): void;
    /** Rings the doorbell with a handle that DEVSHM gave. */
    signal(handle: number): void;
}

interface NorthSessionOptions {
    readonly wire: NorthWire;
    readonly arena: NorthArena;
    /** Runs something soon, after the present call (a tasklet). */
    readonly defer: (run: () => void) => void;
    /** Descriptors of the event ring, 1 to 2048. Default: 1024. */
    readonly events?: number;
}
/** A device as DEVADD told of it. */
interface AddedDevice {
    readonly id: number;
    readonly type: string;
}
/** Events and calls since the session began. */
interface NorthCounters {
    /** Events of any kind. */
    events: number;
    /** SHMSIGNAL events. */
    signals: number;
    /** Interrupts taken. */
    interrupts: number;
    bridgeCalls: number;
    busCalls: number;
    /** Doorbells of devices that were rung. */
    doorbells: number;
}
declare class NorthSession {
    #private;
    readonly arena: NorthArena;
    readonly counters: NorthCounters;
    /** DEVADD and DEVDROP. */
    onAdded: ((device: AddedDevice) => void) | undefined;
    onDropped: ((id: number) => void) | undefined;
    /** What the host has said that is there. */
    readonly devices: Map<number, AddedDevice>;
    constructor(options: NorthSessionOptions);
    /** NEGOTIATE: the host forgets what a client before this one set up. 0, or −errno; −EIO: it speaks another version. */
    negotiate(): number;
    /** Builds the event ring and names it to the host: 0, or −errno. Events come from within this call on. */
    register(): number;
    /** The wire's interrupt has come. False: there was nothing to do. */
    interrupt(): boolean;
    /** DEVOPEN: the device, or −errno. */
    open(id: number, version: number): NorthDevice | number;
    bridgeCall(vector: number, address: number, length: number): number;
    busCall(vector: number, address: number, length: number): number;
    /** A doorbell in `region`, and the cookie by which the host will name it. `handle` gives what DEVSHM answered. */
    lend(region: SharedRegion, offset: number, handle: () => number): {
        readonly signal: ShmSignal;
        readonly cookie: bigint;
    };
    /** The host never took it, or has let it go. */
    takeBack(cookie: bigint): void;
}

export { BufferMemory as B, EventBacklog as E, MemoryRegion as F, IOQ_SIGNAL_OFFSET as I, NorthDevice as J, NorthSession as K, MAX_CALL_LENGTH as M, NorthArena as N, ShmSignal as P, VbusClient as V, Vbus as a, addSignalCounters as a0, initShmSignal as a1, ioqLength as a2, isShmSignal as a3, noSignals as a4, VbusHost as d, BufferRegion as f, EventQueue as m, Ioq as q, IoqIndex as s, IoqIterator as u, MAX_SHM_LENGTH as y, MappedMemory as z };
export type { WaitingEvent as $, AddedDevice as A, ClientMemory as C, DeviceClass as D, NorthCounters as G, HostDevice as H, NorthSessionOptions as L, NorthWire as O, ShmSignalOptions as Q, Side as R, SharedRegion as S, SignalCounters as T, SignalRequest as U, VbusClientOptions as W, VbusConnection as X, VbusDevice as Y, VbusEvent as Z, VbusTrace as _, ConnectorEvent as b, ConnectorCounters as c, Attribute as e, BusDevice as g, BusListener as h, ClientCounters as i, ConnectContext as j, DeviceInterface as k, EventCounters as l, EventQueueOptions as n, EventQueueTrace as o, EventSink as p, IoqFault as r, IoqIndexName as t, IoqIteratorOptions as v, IoqOptions as w, IoqSeek as x };
