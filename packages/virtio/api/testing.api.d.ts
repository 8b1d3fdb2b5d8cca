import { RecordingPort } from '@paravirt/net-backend/testing';
export { RecordingPort, SentFrame, TcpFrameOptions, checksumsRight, plainFrame, pseudoHeaderSum, tcpFrame, tcpOffsets } from '@paravirt/net-backend/testing';
import { GuestMemory, TraceSink, RingEvent, AddressSpace, RecordingLine, Width, Ram } from '@paravirt/bus';
import { QueueLayout, FeatureSet, VirtioNet, VirtioNetOptions, QueueCounters, SplitQueue, QueueFault, SplitQueueOptions, DescriptorChain, VirtioDevice } from './index.js';
import { VirtioPci, VirtioEvent, VirtioPciOptions, VirtioVbus, VirtioVbusOptions } from './index.js';
import { PciFunction } from '@paravirt/pci';
import { NorthDevice, ShmSignal, VbusClient, VbusEvent, VbusHost, ClientMemory } from '@paravirt/vbus';
import '@paravirt/net-backend';

/**
 * The numbers of the network device. [virtio 1.2 §5.1] Names as in the specification; everything that this device does not implement is
 * left out.
 */

/** [virtio 1.2 §5.1.2] Queues of a device with one pair. */
declare const RECEIVE_QUEUE = 0;
declare const TRANSMIT_QUEUE = 1;
declare const CONTROL_QUEUE = 2;

declare class GuestArena {
    #private;
    readonly end: number;
    /** Guest-physical addresses [start, end). */
    constructor(start: number, end: number);
    /** First address of `size` bytes. @throws ConfigurationError `arena-full`. */
    allocate(size: number, alignment?: number): number;
}

/**
 * The driver's side of a split virtqueue. [virtio 1.2 §2.7.12 to §2.7.14] `add`, `kickNeeded` and `reap` behave as a driver must, `addBuffer`
 * and `next` are the same for one buffer at a time; the `write…` methods write anything anywhere in the rings.
 */

/** One buffer of a request, in guest memory. */
interface DriverBuffer {
    readonly address: number;
    readonly length: number;
    /** For the device to write. Default: for it to read. */
    readonly writable?: boolean;
}
/** A descriptor as it lies in memory. */
interface RawDescriptor {
    readonly address: number | bigint;
    readonly length: number;
    readonly flags?: number;
    readonly next?: number;
}
/** An element of the used ring. */
interface UsedElement {
    readonly head: number;
    readonly written: number;
}
interface SplitRingDriverOptions {
    readonly memory: GuestMemory;
    /** Where the areas come from. */
    readonly arena: GuestArena;
    /** Where tables of indirect descriptors come from. Default: `arena`. */
    readonly tables?: GuestArena;
    readonly size: number;
    /** VIRTIO_F_EVENT_IDX was negotiated. */
    readonly eventIndex?: boolean;
    /** Is told the driver's part of the life of each buffer: posted, doorbell suppressed, reaped. */
    readonly ringTrace?: TraceSink<RingEvent> | undefined;
    /** What the ring is called there. Default: `ring`. */
    readonly name?: string | undefined;
}
declare class SplitRingDriver {
    #private;
    readonly memory: GuestMemory;
    readonly layout: QueueLayout;
    readonly size: number;
    readonly eventIndex: boolean;
    /** The areas are allocated and zeroed. */
    constructor(options: SplitRingDriverOptions);
    /** Descriptors that `add` can still use. */
    get free(): number;
    /** The driver's `avail.idx`; 16 bits. */
    get availableIndex(): number;
    /** The device's `used.idx`. */
    get usedIndex(): number;
    /** The device's `used.flags`. */
    get usedFlags(): number;
    /** The device's `avail_event`. */
    get availableEvent(): number;
    /** Offers a request; its head, undefined if there are not enough descriptors. `indirect` puts the buffers into a table. */
    add(buffers: readonly DriverBuffer[], options?: {
        readonly indirect?: boolean;
    }): number | undefined;
    /** `add` for one buffer. */
    addBuffer(address: number, length: number, writable: boolean): number | undefined;
    /** Puts `head` into the available ring and moves the index. */
    offer(head: number): void;
    /** True if the device wants to hear of what was added since the last call. [virtio 1.2 §2.7.10.1] */
    kickNeeded(): boolean;
    /** For the trace: a doorbell was not rung, since the device (or the transport) did not want it. The device tells of the others. */
    doorbellSuppressed(): void;
    /** Takes what the device has used since the last call and frees the descriptors. */
    reap(): UsedElement[];
    /** `reap` for one element; undefined if there is none. */
    next(): UsedElement | undefined;
    /** True if the device has used something that was not taken yet. */
    get pending(): boolean;
    /** Asks for an interrupt with the next used buffer; true if something was used before that could be known. [virtio 1.2 §2.7.7.1] */
    enableInterrupts(): boolean;
    /** Asks for none: with EVENT_IDX by an event that lies behind. */
    disableInterrupts(): void;
    /** Writes entry `index` of the descriptor table, or of another table. */
    writeDescriptor(index: number, descriptor: RawDescriptor, table?: number): void;
    /** Writes entry `index` (modulo the size) of the available ring. */
    writeEntry(index: number, head: number): void;
    writeAvailableIndex(index: number): void;
    writeAvailableFlags(flags: number): void;
    writeUsedEvent(index: number): void;
}

/** What a driver of a device type needs of the transport below it. [virtio 1.2 §3.1] */

interface QueueOptions {
    /** Default: as the device says. */
    readonly size?: number;
    /** MSI-X vector. */
    readonly vector?: number;
    /** As `SplitRingDriverOptions` has them. */
    readonly ringTrace?: TraceSink<RingEvent> | undefined;
    readonly name?: string | undefined;
}
interface TransportDriver {
    readonly memory: GuestMemory;
    /** Where rings and buffers come from. */
    readonly arena: GuestArena;
    /** The device status field. */
    readonly status: number;
    /** Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK; true if the device took them. [virtio 1.2 §3.1.1, steps 1 to 6] */
    negotiate(features: FeatureSet): boolean;
    /** Makes a ring, tells the device where it is and enables it. */
    setUpQueue(index: number, options?: QueueOptions): SplitRingDriver;
    driverOk(): void;
    /** Notifies unless the device said that it need not be; true if it was. */
    kick(index: number): boolean;
    /** Whether the transport's own doorbell of queue `index` may ring for this side, if the transport has one and the driver uses it. */
    listen?(index: number, wanted: boolean): void;
}

/**
 * A driver of the network device, on any transport. [virtio 1.2 §5.1.5, §5.1.6] Two ways to use it:
 *
 *   send, receive, command               one thing at a time, for a device that answers within the call
 *   post, kick, reapTransmitted, poll    as a NAPI driver: many frames in flight each way, a kick when the device wants one, and
 *   disableInterrupts, enableInterrupts  interrupts off while it polls
 */

interface NetDriverOptions {
    /** Accepted features. */
    readonly features: FeatureSet;
    /** Receive buffers posted at the start and after each `receive`. Default: as many as the queue holds. */
    readonly receiveBuffers?: number;
    /** In bytes. Default 2048. */
    readonly receiveBufferSize?: number;
    /** Of each buffer of `post`, header included, in bytes. Default 2048. */
    readonly transmitBufferSize?: number;
    /** Of the receive and the transmit queue. Default: as the device says. */
    readonly queueSize?: number;
    /** Vectors for receive, transmit and control queue, where the transport has some. Default: none, INTx. */
    readonly vectors?: readonly [number, number, number];
    readonly ringTrace?: TraceSink<RingEvent>;
    /** Of the card, in the trace: its rings are `${ringName}.rx` and so on. Default: virtio-net. */
    readonly ringName?: string;
}
/** Fields of the header. Default: 0. [virtio 1.2 §5.1.6] */
interface SendHeader {
    readonly flags?: number;
    readonly gsoType?: number;
    readonly headerLength?: number;
    readonly gsoSize?: number;
    readonly checksumStart?: number;
    readonly checksumOffset?: number;
}
interface SendOptions extends SendHeader {
    /** Lengths of the buffers that header and frame are spread over; the last takes the rest. Default: one buffer. */
    readonly split?: readonly number[];
    readonly indirect?: boolean;
}
interface ReceivedFrame {
    readonly frame: Uint8Array;
    readonly flags: number;
    readonly gsoType: number;
    readonly headerLength: number;
    readonly gsoSize: number;
    readonly checksumStart: number;
    readonly checksumOffset: number;
    readonly buffers: number;
}
declare class NetDriver {
    #private;
    readonly transport: TransportDriver;
    readonly receiveQueue: SplitRingDriver;
    readonly transmitQueue: SplitRingDriver;
    readonly controlQueue: SplitRingDriver | undefined;
    /** Initializes the device up to DRIVER_OK and posts receive buffers. */
    constructor(transport: TransportDriver, options: NetDriverOptions);
    /** Posts receive buffers up to the wanted number and kicks if asked to. */
    refill(count?: number): void;
    /**
     * Posts one frame in a buffer of its own and tells nobody; false if the ring is full. Not to be mixed with `send`.
     * @throws ConfigurationError `frame-too-large`: beyond `transmitBufferSize`.
     */
    post(frame: Uint8Array, options?: SendHeader): boolean;
    /** Tells the device of what was posted, if it wants to be told; true if it was. */
    kick(): boolean;
    /** Takes back the buffers of frames that the device has sent (or dropped), and says how many there were. */
    reapTransmitted(): number;
    /** Asks for no interrupts of queue `index`, while it is polled. */
    disableInterrupts(index: number): void;
    /** Asks for them again; true if there is something already, for which none will come: the caller polls on. */
    enableInterrupts(index: number): boolean;
    /** Sends one frame; the used element, undefined if the device has not finished with it. Frames share one buffer: one at a time. */
    send(frame: Uint8Array, options?: SendOptions): UsedElement | undefined;
    /** Sends any bytes as header and frame. */
    sendRaw(bytes: Uint8Array, options?: Pick<SendOptions, 'split' | 'indirect'>): UsedElement | undefined;
    /** Frames that the device has delivered, complete ones only; posts new buffers. */
    receive(): ReceivedFrame[];
    /** `receive` for at most `budget` frames: fewer mean that there are no more. */
    poll(budget: number): ReceivedFrame[];
    /** Runs a control command; its status byte, undefined if the device has not answered. */
    command(commandClass: number, command: number, data?: Uint8Array): number | undefined;
}

declare class NapiDriver {
    #private;
    readonly net: NetDriver;
    /** Frames that came, in order. */
    readonly received: Uint8Array[];
    /** Frames that were posted. */
    posted: number;
    /** Frames whose buffers came back. */
    reaped: number;
    /** The receive queue is being polled. */
    polling: boolean;
    /** The ring is full: an interrupt is to say when it is not. */
    stopped: boolean;
    constructor(net: NetDriver);
    /** Posts a frame and kicks; false if it has no room and waits for an interrupt. */
    transmit(frame: Uint8Array): boolean;
    /** An interrupt of queue `index`. */
    interrupt(index: number): void;
    /** A turn of the poll, if there is one under way. */
    poll(budget: number): void;
}

/**
 * The register blocks of the modern PCI transport, as the specification's structures. [virtio 1.2 §4.1.4] Offsets follow from the order;
 * 64-bit addresses are two 32-bit fields, which is how drivers must write them. [virtio 1.2 §4.1.3.1]
 */

type CommonRegister = 'deviceFeatureSelect' | 'deviceFeature' | 'driverFeatureSelect' | 'driverFeature' | 'configMsixVector' | 'numQueues' | 'deviceStatus' | 'configGeneration' | 'queueSelect' | 'queueSize' | 'queueMsixVector' | 'queueEnable' | 'queueNotifyOff' | 'queueDescLow' | 'queueDescHigh' | 'queueDriverLow' | 'queueDriverHigh' | 'queueDeviceLow' | 'queueDeviceHigh' | 'queueNotifyData' | 'queueReset';

/**
 * A slot with one function and nothing around it: guest memory, the spaces its ranges are placed in, and records of its interrupts.
 */

/** A message-signalled interrupt. */
interface SentMessage {
    readonly address: bigint;
    readonly data: number;
}
declare class PciSlot {
    readonly function: PciFunction;
    readonly memory: GuestMemory;
    /** Physical addresses that are not RAM. */
    readonly mmio: AddressSpace;
    readonly ports: AddressSpace;
    readonly intx: RecordingLine;
    readonly messages: SentMessage[];
    /** Default memory: 4 MiB. */
    constructor(pciFunction: PciFunction, memory?: GuestMemory);
}

/**
 * A driver of the modern PCI transport. [virtio 1.2 §4.1.5.1, §3.1.1] It finds the structures by the capability list, places the ranges
 * itself and reaches everything through configuration space, memory and port accesses, as a guest would.
 */

/** Accesses to the configuration space of one function; offsets in bytes. */
interface ConfigurationPath {
    read(offset: number, width: Width): number;
    write(offset: number, width: Width, value: number): void;
}
/** What a driver sees of its machine. */
type PciWiring = Pick<PciSlot, 'function' | 'memory' | 'mmio' | 'ports'>;
interface PciDriverOptions {
    /** Where BAR 0, BAR 2 and BAR 4 are placed. Defaults: above 4 GiB, below it, and at port C000h. */
    readonly registerBase?: number;
    readonly msixBase?: number;
    readonly doorbellBase?: number;
    /** How configuration space is reached. Default: directly, without any mechanism of a machine. */
    readonly configuration?: ConfigurationPath;
    /** Guest memory for rings and buffers. Default: all of it but the first 64 KiB. */
    readonly arena?: GuestArena;
}
declare class PciDriver implements TransportDriver {
    #private;
    readonly slot: PciWiring;
    /** Where rings and buffers come from; a test may replace it when the device was reset. */
    arena: GuestArena;
    readonly msixBase: number;
    /** Guest-physical addresses of the structures. */
    readonly common: number;
    readonly isr: number;
    readonly config: number;
    readonly notify: number;
    readonly notifyMultiplier: number;
    /** The space that `notify` lies in: memory or ports. */
    readonly doorbells: AddressSpace;
    /** Offsets of capabilities in configuration space; 0: there is none. */
    readonly windowCapability: number;
    readonly msixCapability: number;
    readonly msiCapability: number;
    readonly queues: Map<number, SplitRingDriver>;
    /** Places the ranges, enables decoding and bus mastering, and finds the structures. @throws ConfigurationError `no-structure`. */
    constructor(slot: PciWiring, options?: PciDriverOptions);
    get memory(): GuestMemory;
    /** Writes the base addresses and the command register, as after a reset of the function. */
    place(): void;
    readPci(offset: number, width: Width): number;
    writePci(offset: number, width: Width, value: number): void;
    read(address: number, width: Width): number;
    write(address: number, width: Width, value: number): void;
    /** A field of the common configuration, in one access of its size. */
    get(register: CommonRegister): number;
    set(register: CommonRegister, value: number): void;
    /** All fields of the common configuration but the feature window, for the selected queue. */
    snapshot(): Record<string, number>;
    get status(): number;
    /** The device's feature bits. */
    offered(): FeatureSet;
    /** Zero to the status field, and every queue forgotten. */
    reset(): void;
    /** Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK; true if the device took them. [virtio 1.2 §3.1.1, steps 1 to 6] */
    negotiate(features: FeatureSet): boolean;
    writeFeatures(features: FeatureSet): void;
    /** What the driver has written as its features. */
    chosen(): FeatureSet;
    /** Makes a ring, tells the device where it is and enables it. [virtio 1.2 §4.1.5.1.3] */
    setUpQueue(index: number, options?: QueueOptions): SplitRingDriver;
    /** Writes the addresses of a ring for the selected queue. */
    writeLayout({ layout }: Pick<SplitRingDriver, 'layout'>): void;
    driverOk(): void;
    /** Notifies unless the device said that it need not be; true if it was. */
    kick(index: number): boolean;
    /** Notifies whatever the device wants. */
    forceKick(index: number): void;
    /** Reads the ISR status, which clears it. */
    readIsr(): number;
    /** Fills the MSI-X table with one message for each vector (data = firstData + vector) and enables it. */
    enableMsix(address?: number, firstData?: number): void;
    /** Enables MSI with one message, and acknowledges what was pending: the message tells of what comes after. [PCI 3.0 §6.8.1] */
    enableMsi(data?: number, address?: number): void;
}

/** A network card between a recording port and a driver: what a test of the whole device needs. */

interface NetRigOptions extends Partial<Omit<VirtioNetOptions, 'port'>> {
    readonly port?: RecordingPort;
    /** Default: 16 MiB. */
    readonly memory?: GuestMemory;
    /** Where the driver puts things. */
    readonly driver?: PciDriverOptions;
    /** How the card notifies, and where its data path runs. */
    readonly card?: Omit<VirtioPciOptions, 'device' | 'classCode' | 'trace' | 'defer'>;
}
declare class NetRig {
    readonly port: RecordingPort;
    readonly device: VirtioNet;
    readonly card: VirtioPci;
    readonly slot: PciSlot;
    readonly pci: PciDriver;
    readonly events: VirtioEvent[];
    /** Work that the session put off; run it with `runDeferred`. */
    readonly deferred: (() => void)[];
    constructor(options?: NetRigOptions);
    /** A driver that is up and running. Default features: VERSION_1 and `bits`. */
    start(bits?: readonly number[], options?: Partial<NetDriverOptions>): NetDriver;
    /** A copy of what was counted at a queue so far. */
    counters(queue: number): QueueCounters;
    runDeferred(): void;
}

/**
 * A driver of the vbus transport on an opened `NorthDevice`, as a guest has it behind the PCI bridge or by hypercalls: the same protocol as
 * vbus-driver.ts speaks [docs/virtio-vbus.md], but every call and doorbell goes over the session's wire, and interrupts come by its events.
 */

interface NorthDriverOptions {
    readonly device: NorthDevice;
    readonly memory: GuestMemory;
    /** For buffers; rings lie in the session's memory. */
    readonly arena: GuestArena;
    /** `listen` switches the queue's shm_signal. Default: it listens always, as Linux's driver does. */
    readonly signalGates?: boolean;
}
declare class NorthDriver implements TransportDriver {
    #private;
    readonly memory: GuestMemory;
    readonly arena: GuestArena;
    readonly queues: Map<number, SplitRingDriver>;
    /** A queue's doorbell told this side. */
    onInterrupt: ((queue: number) => void) | undefined;
    constructor(options: NorthDriverOptions);
    /** The north side of the doorbell of a queue. */
    signal(queue: number): ShmSignal | undefined;
    /** The device's feature bits. */
    offered(): FeatureSet;
    get status(): number;
    negotiate(features: FeatureSet): boolean;
    /** @throws ConfigurationError `vbus-shm`: the device does not take the ring's memory. */
    setUpQueue(index: number, options?: QueueOptions): SplitRingDriver;
    driverOk(): void;
    /** True if the wire was rung: both gates were open. */
    kick(index: number): boolean;
    /** Notifies whatever virtio's suppression says; the shm_signal's still holds. */
    forceKick(index: number): void;
    listen(index: number, wanted: boolean): void;
}

/** Both sides of one ring over one memory: what a test of the ring needs. */

/** Memory that counts reads of 16 and 32 bits, and lets a test act before one. */
declare class WatchedRam extends Ram {
    reads: number;
    before: ((address: number) => void) | undefined;
    readU16(address: number): number;
    readU32(address: number): number;
}
interface RingRigOptions extends Pick<SplitQueueOptions, 'indirect' | 'suppression' | 'ringTrace' | 'name'> {
    /** Default 8. */
    readonly size?: number;
    /** At least 1 MiB, which is the default. */
    readonly memory?: WatchedRam;
}
declare class RingRig {
    readonly memory: WatchedRam;
    readonly size: number;
    readonly driver: SplitRingDriver;
    readonly queue: SplitQueue;
    /** What the queue reported. */
    readonly faults: QueueFault[];
    /** The rings lie below 0x80000; above it memory is free for buffers. */
    constructor(options?: RingRigOptions);
    /** Writes descriptors from 0 on (default: 16 bytes at 0x80000), offers `head`, and says what the device makes of it. */
    offer(descriptors: readonly Partial<RawDescriptor>[], head?: number): DescriptorChain | undefined;
}

/**
 * A driver of the vbus transport, the north side of docs/virtio-vbus.md: it opens an interface of type `virtio` through a client of the
 * bus, lends it memory for rings, and rings and answers doorbells. Every call can also be made wrong: `call` and `lend` take anything.
 */

interface VbusDriverOptions {
    readonly client: VbusClient;
    /** Of the interface on the bus. */
    readonly id: number;
    /** Guest memory for rings, buffers and arguments. */
    readonly arena: GuestArena;
    /** Runs something soon, after the present call. */
    readonly defer: (run: () => void) => void;
    /**
     * Lets `listen` switch the shm_signals of queues: where virtio's suppression is off, they are what the driver can suppress interrupts with.
     * Default: false, they listen all the time, as Linux's driver has them.
     */
    readonly signalGates?: boolean;
}
declare class VbusDriver implements TransportDriver {
    #private;
    readonly client: VbusClient;
    readonly arena: GuestArena;
    readonly memory: GuestMemory;
    readonly queues: Map<number, SplitRingDriver>;
    /** Interrupts by queue: how often its doorbell told this side. */
    readonly interrupts: number[];
    /** Configuration change notices. */
    notices: number;
    /** The doorbell of a queue rang for this side. */
    onInterrupt: ((queue: number) => void) | undefined;
    /** @throws ConfigurationError `vbus-open` if DEVOPEN is refused. */
    constructor(options: VbusDriverOptions);
    /** DEVCLOSE. */
    close(): number;
    /** An event of the bus; SHMSIGNAL is for one of the doorbells. */
    event(event: VbusEvent): void;
    /** DEVCALL with `data`, which is overwritten with what comes back. */
    call(func: number, data?: Uint8Array, flags?: number): number;
    /** DEVSHM with a doorbell at `signalOffset`, without one if that is undefined. */
    lend(id: number, address: number, length: number, signalOffset: number | undefined): number;
    /** The north side of the doorbell of a queue. */
    signal(queue: number): ShmSignal | undefined;
    get noticeSignal(): ShmSignal | undefined;
    /** Address of a queue's memory, undefined if none was lent. */
    ringAddress(queue: number): number | undefined;
    query(): Record<'deviceId' | 'vendorId' | 'queues' | 'configSize', number> & {
        readonly features: FeatureSet;
    };
    get status(): number;
    /** The status that comes of it. */
    writeStatus(value: number): number;
    writeFeatures(features: FeatureSet): number;
    /** Zero to the status field; the memory stays lent. */
    reset(): void;
    negotiate(features: FeatureSet): boolean;
    driverOk(): void;
    /** Bytes of the configuration space and its generation; undefined if they do not all exist. */
    readConfig(offset: number, length: number): {
        readonly bytes: Uint8Array;
        readonly generation: number;
    } | undefined;
    writeConfig(offset: number, bytes: Uint8Array): number;
    /** Lends the notice's memory and listens; its address. */
    setUpNotice(): number;
    queueSize(index: number): number;
    setUpQueue(index: number, options?: QueueOptions): SplitRingDriver;
    /** Writes the head of a queue's memory, but for the doorbell. */
    writeHead(address: number, { layout, size }: Pick<SplitRingDriver, 'layout' | 'size'>): void;
    enableQueue(index: number): number;
    resetQueue(index: number): number;
    kick(index: number): boolean;
    listen(index: number, wanted: boolean): void;
    /** Notifies whatever the device wants; the doorbell still rings no more than it must. */
    forceKick(index: number): void;
    /** Rings the wire alone, past the doorbell's flags. */
    ringWire(index: number): void;
}

interface VbusRigOptions {
    readonly device: VirtioDevice;
    /** Default: 16 MiB. */
    readonly memory?: ClientMemory;
    /** How the card notifies, and where its data path runs. Without a `defer` it runs in `runDeferred` when it is put off. */
    readonly transport?: Omit<VirtioVbusOptions, 'device' | 'trace'>;
}
declare class VbusRig {
    #private;
    readonly host: VbusHost;
    readonly memory: ClientMemory;
    readonly client: VbusClient;
    readonly transport: VirtioVbus;
    readonly arena: GuestArena;
    /** What the client was told. */
    readonly events: VbusEvent[];
    readonly trace: VirtioEvent[];
    /** Work that was put off; run it with `runDeferred`. */
    readonly deferred: (() => void)[];
    constructor(options: VbusRigOptions);
    /** Links the device, with a new id. */
    plug(): number;
    unplug(): number;
    /** Id on the bus; −1 if it is not linked. */
    get id(): number;
    /** A driver that has the device open; the one before it hears no doorbells any more. */
    open(options?: Pick<VbusDriverOptions, 'signalGates'>): VbusDriver;
    /** Until nothing is put off, at most 1,000 pieces of work. */
    runDeferred(): void;
}

export { CONTROL_QUEUE, GuestArena, NapiDriver, NetDriver, NetRig, NorthDriver, PciDriver, PciSlot, RECEIVE_QUEUE, RingRig, SplitRingDriver, TRANSMIT_QUEUE, VbusDriver, VbusRig, WatchedRam };
export type { ConfigurationPath, DriverBuffer, NetDriverOptions, NetRigOptions, NorthDriverOptions, PciDriverOptions, PciWiring, QueueOptions, RawDescriptor, ReceivedFrame, RingRigOptions, SendHeader, SendOptions, SentMessage, SplitRingDriverOptions, TransportDriver, UsedElement, VbusDriverOptions, VbusRigOptions };
