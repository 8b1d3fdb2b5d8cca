import { AddressSpace, Ram, VirtualClock, RecordingLine, TraceSink, RingEvent } from '@paravirt/bus';
import { PciFunction } from '@paravirt/pci';
import { NorthWire, NorthSession, NorthArena, VbusDevice, Attribute, DeviceInterface, VbusConnection, SharedRegion, ShmSignal, ConnectContext, VbusHost, Vbus, MappedMemory, ConnectorEvent, Ioq, ClientMemory, EventQueue, BufferMemory, VbusTrace, VbusClient } from './index.js';
import { VbusPciBridge, VbusPciBridgeOptions, Venet, VenetEvent, VenetOptions } from './index.js';
export { o as venet } from './venet.js';
import { RecordingPort } from '@paravirt/net-backend/testing';
import '@paravirt/net-backend';

/**
 * A driver of the PCI bridge, as a guest's kernel has one. [vbus PCI-2 §2.3, "Bring-up order"] It checks the ids, places the ranges, turns
 * on decoding and bus mastering, then NEGOTIATE, MSI (or INTx), FASTCALL_ADD for each CPU, the event ring and QREG. Everything goes through
 * configuration space, memory and ports; BAR1 says itself which of the two it is.
 */

interface BridgeDriverOptions {
    readonly function: PciFunction;
    /** Where the function's ranges are placed: physical addresses that are not RAM, and ports. */
    readonly mmio: AddressSpace;
    readonly ports: AddressSpace;
    readonly arena: NorthArena;
    readonly defer: (run: () => void) => void;
    /** How configuration space is reached. Default: directly, without any mechanism of a machine. */
    readonly configuration?: Pick<PciFunction['config'], 'read' | 'write'>;
    /** Default: MSI if the function has it. */
    readonly interrupts?: 'msi' | 'intx';
    /** Fast-call channels, one for each; 0: all bus calls are slow. Default: 1. */
    readonly cpus?: number;
    /** Descriptors of the event ring. Default: 1024. */
    readonly events?: number;
}
declare const BRIDGE_MMIO_BASE = 4026531840;
declare const BRIDGE_PORT_BASE = 49408;
/** Of BAR1, where it is memory. */
declare const BRIDGE_DOORBELL_BASE = 4026535936;
declare class BridgeDriver implements NorthWire {
    #private;
    readonly session: NorthSession;
    /** The CPU whose channel the next bus call takes; beyond the channels: a slow call. */
    cpu: number;
    constructor(options: BridgeDriverOptions);
    /** The whole bring-up: 0, or −errno; −ENODEV: not this function, or not this revision of it. */
    probe(): number;
    /** Ids, ranges, command register; false: another function. */
    enable(): boolean;
    /** Offset of the capability in configuration space, 0 if there is none. */
    get msiCapability(): number;
    /** False: there is no such capability. */
    enableMsi(): boolean;
    /**
     * The bridge's interrupt has come: takes the events. On INTx the event queue is rung then, so that the pin is low before the handler ends.
     * False: there was nothing, a shared line has another source.
     */
    interrupt(): boolean;
    /** FASTCALL_ADD of `channel`: 0, or −errno. */
    addChannel(channel: number): number;
    /** FASTCALL_DROP of `channel`: 0, or −errno. Calls of that CPU are slow from now on. */
    dropChannel(channel: number): number;
    bridgeCall(vector: number, address: number, length: number): number;
    busCall(vector: number, address: number, length: number): number;
    kick(): void;
    signal(handle: number): void;
}

/**
 * A device for tests of what lies between a driver and a device: it answers calls with what they carried, and every doorbell with one.
 *
 *   call 0   its data, reversed; the result is their length        call 1   rings the doorbell of every memory
 *   call 2   the number of doorbells heard                          others   −EINVAL
 */

/** What is done with memory that the driver gives; by default its doorbell is answered. */
type EchoUse = (id: number, region: SharedRegion, signal: ShmSignal | undefined, context: ConnectContext) => void;
declare class EchoConnection implements VbusConnection {
    #private;
    /** Memory by its id. */
    readonly shms: Map<number, {
        readonly region: SharedRegion;
        readonly signal: ShmSignal | undefined;
    }>;
    /** Doorbells heard. */
    heard: number;
    closed: boolean;
    constructor(context: ConnectContext, use: EchoUse | undefined, onClose: () => void);
    call(func: number, data: Uint8Array): number;
    shm(id: number, _flags: number, region: SharedRegion, signal: ShmSignal | undefined): number;
    close(): void;
}
declare class EchoDevice implements VbusDevice {
    #private;
    readonly attributes: readonly Attribute[];
    readonly interfaces: readonly DeviceInterface[];
    /** Of all drivers that opened it, the last one last. */
    readonly connections: EchoConnection[];
    constructor(use?: EchoUse);
    /** Of the driver that opened it last. */
    get connection(): EchoConnection | undefined;
    busConnect(): number;
    busDisconnect(): void;
    release(): void;
}

/**
 * A bridge between a bus and a driver, with nothing of a machine but memory, ports, interrupts and time: what tests of the wire need.
 * Deferred work and interrupts wait until `settle`, so that a test sees what was done at once and what later.
 */

interface BridgeRigOptions extends Partial<Pick<BridgeDriverOptions, 'interrupts' | 'cpus' | 'events'>> {
    /** Options of the bridge. */
    readonly bridge?: Pick<VbusPciBridgeOptions, 'doorbell' | 'interrupts' | 'aggregation' | 'ringTrace'>;
    /** What the echo devices do with memory. */
    readonly use?: EchoUse;
}
declare class BridgeRig {
    readonly host: VbusHost;
    readonly bus: Vbus;
    readonly ram: Ram;
    readonly memory: MappedMemory;
    readonly clock: VirtualClock;
    readonly mmio: AddressSpace;
    readonly ports: AddressSpace;
    readonly intx: RecordingLine;
    readonly events: ConnectorEvent[];
    readonly bridge: VbusPciBridge;
    readonly driver: BridgeDriver;
    /** The echo devices, by name. */
    readonly devices: Map<string, EchoDevice>;
    readonly deferred: (() => void)[];
    /** Messages that the driver has not taken yet. */
    messages: number;
    constructor(options?: BridgeRigOptions);
    /** Makes an echo device and links it. */
    plug(name: string): EchoDevice;
    /** Runs deferred work and takes interrupts until there are none; false if that does not end. */
    settle(): boolean;
}

/** One event as it lay in its record. */
interface ReadEvent {
    readonly id: number;
    /** Device id or cookie. */
    readonly handle: bigint;
    /** DEVADD's type, empty for others. */
    readonly type: string;
}
interface EventRingDriverOptions {
    readonly memory: ClientMemory;
    /** Address of the ring, a multiple of 8; the records follow it. */
    readonly address: number;
    readonly count: number;
    /** The doorbell towards the south: default nobody hears it. */
    readonly ring?: () => void;
}
declare class EventRingDriver {
    #private;
    readonly ioq: Ioq;
    readonly signal: ShmSignal;
    /** Addresses of ring and records. */
    readonly ring: number;
    readonly data: number;
    /** The ring is set up with every record given to the south side, and listens to events. */
    constructor(options: EventRingDriverOptions);
    /** Names the ring to the queue: what QREG does. */
    register(queue: EventQueue, memory: ClientMemory): number;
    /** Takes out up to `limit` events as a driver does on an interrupt, or on coming back to what it left, then tells the south side once. */
    drain(limit?: number): ReadEvent[];
    /** Takes out up to `limit` events whether an interrupt came or not, and tells nobody. */
    take(limit?: number): ReadEvent[];
}

declare const CLIENT_FREE = 65536;
declare class ClientRig {
    #private;
    readonly host: VbusHost;
    readonly bus: Vbus;
    readonly memory: BufferMemory;
    readonly trace: VbusTrace[];
    readonly deferred: (() => void)[];
    /** The echo devices, by name. */
    readonly devices: Map<string, EchoDevice>;
    readonly events: EventQueue;
    readonly client: VbusClient;
    readonly ring: EventRingDriver;
    interrupts: number;
    /** @param events descriptors of the event ring; @param shared the bus `b` of another rig, for a second client */
    constructor(events?: number, shared?: ClientRig);
    /** Registers the ring and is READY. */
    ready(): this;
    /** Makes an echo device and links it; its id on the bus. */
    plug(name: string): number;
    /** DEVOPEN as a structure in memory: the handle, or −errno. */
    open(id: number, version?: number): bigint | number;
    /** A fresh doorbell at `address`, as DEVSHM wants it, and its north side. */
    doorbell(address: number, ring: () => void): ShmSignal;
    /** Runs what was deferred, and what that defers. */
    settle(): void;
}

/**
 * A device as its driver holds it, over whatever wire: what the drivers for tests and measurements need, and no more. `NorthDevice` is one
 * (with the session's arena), `DirectDevice` is one without any bus.
 */

interface DriverDevice {
    /** DEVCALL; `data` goes there and back. ≥ 0, or −errno. */
    call(func: number, data?: Uint8Array): number;
    /** DEVSHM of `length` bytes without a doorbell: the memory, or −errno. */
    shm(id: number, length: number): SharedRegion | number;
    /** DEVSHM of a fresh ring; its `signal` is the north side of its doorbell. The ring, or −errno. */
    ioq(id: number, count: number): Ioq | number;
    /** DEVCLOSE: 0, or −errno. */
    close(): number;
}
/** Memory of the client that nobody else uses, aligned to 16 bytes; undefined if there is none left. */
type DriverMemory = (length: number) => SharedRegion | undefined;

interface DirectDeviceOptions {
    /** Default: 16 MiB. */
    readonly memory?: BufferMemory;
    /** Where memory is given out. Default: 1 MiB, so that a little below it is free for a test. */
    readonly start?: number;
    /** Default 1. */
    readonly version?: number;
    /** Carries the device's signals to the driver, as an interrupt does: `run` is its handler. Default: runs it at once. */
    readonly interrupt?: (run: () => void) => void;
}
declare class DirectDevice implements DriverDevice {
    #private;
    readonly memory: BufferMemory;
    readonly connection: VbusConnection;
    /** Work that was put off. */
    readonly deferred: (() => void)[];
    /** Calls of each verb, as a bus would count them. */
    calls: number;
    /** @throws ConfigurationError `refused`: the interface did not connect. */
    constructor(target: DeviceInterface, options?: DirectDeviceOptions);
    defer(run: () => void): void;
    /** Runs deferred work until there is none. @throws ConfigurationError `endless` */
    settle(): void;
    call(func: number, data?: Uint8Array): number;
    shm(id: number, length: number): SharedRegion | number;
    ioq(id: number, count: number): Ioq | number;
    /** Both sides of a doorbell, joined. */
    signals(region: SharedRegion, offset: number): [north: ShmSignal, south: ShmSignal];
    /** Bytes that `allocate` can still give. */
    get free(): number;
    /** @throws ConfigurationError `arena-full` */
    allocate(length: number): SharedRegion;
    close(): number;
}

/**
 * The driver's part of the trace of one ring of venet. Both sides number buffers alike: in the order of the ring, beginning anew after two
 * rounds (see `RingEnd.number` of the device).
 */

declare class RingTeller {
    #private;
    /** @param count descriptors of the ring */
    constructor(trace: TraceSink<RingEvent> | undefined, ring: string, count: number);
    /** The name of the buffer that is posted, or taken, as number `order`, counted from 0. */
    numberOf(order: number): number;
    posted(buffer: number, bytes: number): void;
    reaped(buffer: number, bytes: number): void;
    /** Tells the device of what was posted; true: it was rung. What it hears is its to tell. */
    kick(signal: ShmSignal | undefined): boolean;
    /** Tells of signals that come for nothing: nobody listens, or there is nothing to take. */
    watch(signal: ShmSignal | undefined, waiting: () => boolean): void;
}

/** The driver's side of venet's event queue. [vbus PCI-2, venet EVENTQ] Every slot names its own 24 bytes of the pool. */

declare class VenetEvents {
    #private;
    readonly ring: Ioq;
    readonly pool: SharedRegion;
    /** LINKSTATE events so far; the last is the state. */
    readonly linkStates: boolean[];
    /** Cookies of TXC events so far, unless `onCompletion` takes them. */
    onCompletion: ((cookie: bigint) => void) | undefined;
    completions: number;
    /** Events that are none. */
    bad: number;
    constructor(ring: Ioq, pool: SharedRegion, teller: RingTeller);
    /** There are events to take. */
    get pending(): boolean;
    /** Posts slots for the first time. */
    post(count?: number): void;
    /** Tells the trace of signals that come for nothing. */
    watch(): void;
    /** Takes up to `most` events; how many there were. */
    drain(most?: number): number;
}

/**
 * The driver's side of venet's RX ring, and with L4RO of its page queue. [vbus PCI-2, venet] Every slot has one buffer, for good; a frame
 * is copied out of it, and the slot is given back.
 */

/** A frame as the device delivered it. */
interface ReceivedFrame {
    readonly frame: Uint8Array;
    /** Work that the device left. */
    readonly checksum?: {
        readonly start: number;
        readonly offset: number;
    };
    readonly segmentation?: {
        readonly kind: 'tcp4' | 'tcp6';
        readonly size: number;
        readonly ecn: boolean;
        readonly headerLength: number;
    };
    /** Pages behind the buffer of the slot. */
    readonly pages: number;
}
/** The pages that the driver lends; each has a number, which is its cookie. */
declare class VenetPages {
    #private;
    readonly ring: Ioq;
    /** As many pages as the ring has slots and half as many again, or what memory gives. */
    constructor(memory: DriverMemory, ring: Ioq);
    /** Pages that the driver has at hand. */
    get free(): number;
    /** Puts free pages on the queue; at most `most`. */
    post(most?: number): void;
    /** The first bytes of the page that the device names; the page is free again. Undefined: there is no such page. */
    take(cookie: bigint, length: number): Uint8Array | undefined;
}
interface ReceiveMode {
    /** Of each buffer, in bytes. */
    readonly bufferSize: number;
    /** With L4RO: the pool and the pages. */
    readonly pool: SharedRegion | undefined;
    readonly pages: VenetPages | undefined;
    readonly teller: RingTeller;
}
declare class VenetReceive {
    #private;
    readonly ring: Ioq;
    /** Slots that came back empty. */
    flushed: number;
    /** Takes memory for all slots; none is posted yet. */
    constructor(memory: DriverMemory, ring: Ioq, mode: ReceiveMode);
    /** With L4RO: the descriptors that the slots name, SG_STRIDE bytes apart. */
    get pool(): SharedRegion | undefined;
    /** There is something to take. */
    get pending(): boolean;
    /** Posts slots that never were. */
    post(count?: number): void;
    /** Takes one frame and gives its slot back; undefined if there is none. The device is not told. */
    take(): ReceivedFrame | undefined;
}

/**
 * The driver's side of venet's TX ring. [vbus PCI-2, venet] Frames are copied into buffers of the client's memory; in scatter-gather mode
 * a venet_sg describes them. A buffer is used again when its slot is reaped, or with transmit completion when an event names it.
 */

/** Work that is left to the device, and how the frame lies in memory. Scatter-gather only. */
interface TransmitWork {
    readonly checksum?: {
        readonly start: number;
        readonly offset: number;
    };
    readonly segmentation?: {
        readonly kind: 'tcp4' | 'tcp6';
        readonly size: number;
        readonly ecn?: boolean;
    };
    /** Lengths of the fragments; the last takes the rest. Default: one. */
    readonly split?: readonly number[];
}
interface TransmitMode {
    readonly scatterGather: boolean;
    /** Pre-mapped descriptors. */
    readonly pool: SharedRegion | undefined;
    readonly completion: boolean;
    readonly teller: RingTeller;
}
declare class VenetTransmit {
    #private;
    readonly ring: Ioq;
    sent: number;
    /** Frames that the device is done with. */
    completed: number;
    constructor(memory: DriverMemory, ring: Ioq, mode: TransmitMode);
    get inFlight(): number;
    /** The ring has room for a frame. */
    get hasRoom(): boolean;
    /** Slots came back that were not reaped yet; never so where events tell. */
    get pending(): boolean;
    /** Offers a frame without telling the device; false: the ring is full. */
    offer(frame: Uint8Array, work?: TransmitWork): boolean;
    /** Offers anything at all as a descriptor of the ring. */
    offerRaw(pointer: number, length: number, cookie: bigint): boolean;
    /** Takes back the slots that the device is done with, unless events tell. */
    reap(): void;
    /** The device is done with a packet. False: it was with it before, or there was none of that name. */
    complete(cookie: bigint): boolean;
}
/** Bytes of each descriptor of a pool. */
declare const SG_STRIDE: number;
/** A venet_sg. `length` bytes at `address`, in as many fragments as `split` says. */
declare function sgDescriptor(address: number, length: number, cookie: bigint, work?: TransmitWork): Uint8Array;

/**
 * A driver of venet. [vbus PCI-2, venet] `VenetDriver.probe` makes the calls of a probe of 2009 in their order: with scatter-gather,
 * pre-mapped descriptors and the event queue they are, after DEVOPEN, eleven. Every mode can be chosen, and the rings and pools are open to
 * whoever wants to do it wrong. Two ways to use it:
 *
 *   send, onFrame, onRoom                each frame is told at once, and what the device signals is done in its interrupt
 *   post, kick, reap, poll, onInterrupt  as a NAPI driver: frames without telling, interrupts off while it polls, with a budget
 */

interface VenetDriverOptions {
    /** Bits to ask for in each group. A group of 0 is not negotiated at all. Default: 0, the flat device. */
    readonly sg?: number;
    readonly eventq?: number;
    readonly l4ro?: number;
    /** Descriptors of each ring. Default 256. */
    readonly ringLength?: number;
    /** Of a receive buffer, in bytes. Default 1518. */
    readonly bufferSize?: number;
    /** Receive buffers to post. Default: a ring of them. */
    readonly buffers?: number;
    /** Leave the link down. */
    readonly down?: boolean;
    /** Is told the driver's part of the life of each buffer and notification. */
    readonly ringTrace?: TraceSink<RingEvent> | undefined;
    /** Of the card, there: its rings are `${ringName}.rx` and so on. Default: venet. */
    readonly ringName?: string;
}
/** What Linux's module asks for. (guests/linux/venet) */
declare const LINUX_MODES: Pick<VenetDriverOptions, 'sg' | 'eventq' | 'l4ro'>;
/** What interrupts: frames have come; or frames are done with, or the link has changed. */
type VenetInterrupt = 'rx' | 'tx';
/** What was agreed on. */
interface VenetAgreement {
    readonly sg: number;
    readonly eventq: number;
    readonly l4ro: number;
}
declare class VenetDriver {
    #private;
    readonly device: DriverDevice;
    readonly capabilities: VenetAgreement;
    readonly mac: Uint8Array;
    readonly receive: VenetReceive;
    readonly transmit: VenetTransmit;
    readonly events: VenetEvents | undefined;
    readonly pages: VenetPages | undefined;
    /** Called for each frame while the driver listens; without it frames wait in `received`. */
    onFrame: ((frame: ReceivedFrame) => void) | undefined;
    /** There may be room for frames again. */
    onRoom: (() => void) | undefined;
    readonly received: ReceivedFrame[];
    /** Called at an interrupt, instead of what the driver does by itself without it. */
    onInterrupt: ((source: VenetInterrupt) => void) | undefined;
    private constructor();
    /** Everything up to LINKUP; the first result below zero, if there is one. The device is the caller's to close then. */
    static probe(device: DriverDevice, memory: DriverMemory, options?: VenetDriverOptions): VenetDriver | number;
    /** LINKUP. */
    up(): number;
    /** LINKDOWN. */
    down(): number;
    /** FLUSHRX, and takes the empty slots back. */
    flush(): number;
    /** Sends one frame and tells the device; false: the ring is full. */
    send(frame: Uint8Array, work?: TransmitWork): boolean;
    /** Posts one frame, in a buffer of its own, and tells nobody; false: the ring is full, or there is no memory. */
    post(frame: Uint8Array, work?: TransmitWork): boolean;
    /** Tells the device of what was posted, if it wants to be told; true if it was. */
    kick(): boolean;
    /** Takes events, up to `most`, and buffers of frames that the device is done with: how many of these. */
    reap(most?: number): number;
    /** Takes up to `budget` frames, and tells the device that there is room again; fewer mean that there are no more. */
    poll(budget: number): ReceivedFrame[];
    /** Takes all that has come, for `onFrame` or `received`. */
    drain(): void;
    /** Asks for no interrupts from this source, while it is polled. */
    disableInterrupts(source: VenetInterrupt): void;
    /**
     * Asks for them again; true if there is something already: the caller polls on. If it does not, an interrupt tells of that soon (as
     * everywhere with shm_signals).
     */
    enableInterrupts(source: VenetInterrupt): boolean;
    close(): void;
}

/** A venet card between a recording port and a driver, without a bus: what a test of the whole device needs. */

interface VenetRigOptions extends Partial<Omit<VenetOptions, 'port' | 'clock' | 'trace'>> {
    readonly port?: RecordingPort;
}
declare class VenetRig {
    readonly port: RecordingPort;
    readonly clock: VirtualClock;
    readonly device: Venet;
    readonly trace: VenetEvent[];
    constructor(options?: VenetRigOptions);
    /** DEVOPEN. @throws ConfigurationError `refused` */
    open(options?: DirectDeviceOptions): DirectDevice;
    /** A driver that is up and running, with all deferred work done. @throws ConfigurationError `refused`: a call of the probe failed. */
    start(options?: VenetDriverOptions, clientOptions?: DirectDeviceOptions): {
        readonly client: DirectDevice;
        readonly driver: VenetDriver;
    };
}

export { BRIDGE_DOORBELL_BASE, BRIDGE_MMIO_BASE, BRIDGE_PORT_BASE, BridgeDriver, BridgeRig, CLIENT_FREE, ClientRig, DirectDevice, EchoConnection, EchoDevice, EventRingDriver, LINUX_MODES, SG_STRIDE, VenetDriver, VenetEvents, VenetPages, VenetReceive, VenetRig, VenetTransmit, sgDescriptor };
export type { BridgeDriverOptions, BridgeRigOptions, DirectDeviceOptions, DriverDevice, DriverMemory, EchoUse, EventRingDriverOptions, ReadEvent, ReceiveMode, ReceivedFrame, TransmitMode, TransmitWork, VenetAgreement, VenetDriverOptions, VenetInterrupt, VenetRigOptions };
