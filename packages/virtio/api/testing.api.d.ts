import { RecordingPort } from '@paravirt/net-backend/testing';
export { RecordingPort, SentFrame, TcpFrameOptions, checksumsRight, plainFrame, pseudoHeaderSum, tcpFrame, tcpOffsets } from '@paravirt/net-backend/testing';
import { QueueLayout, FeatureSet, VirtioNet, VirtioPci, VirtioEvent, VirtioNetOptions, QueueCounters, SplitQueue, QueueFault, SplitQueueOptions, DescriptorChain, VirtioVbus, VirtioDevice } from './index.js';
import { GuestMemory, AddressSpace, RecordingLine, Width, Ram } from '@paravirt/bus';
import { PciFunction } from '@paravirt/pci';
import { VbusClient, VbusEvent, ShmSignal, VbusHost, ClientMemory } from '@paravirt/vbus';
import '@paravirt/net-backend';

declare class GuestArena {
    #private;
    readonly end: number;
    /** Guest-physical addresses [start, end). */
    constructor(start: number, end: number);
    /** First address of `size` bytes. @throws ConfigurationError `arena-full`. */
    allocate(size: number, alignment?: number): number;
}

/**
 * The driver's side of a split virtqueue. [virtio 1.2 §2.7.12 to §2.7.14] `add`, `kickNeeded` and `reap` behave as a driver must; the
 * `write…` methods write anything anywhere in the rings.
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
    /** Puts `head` into the available ring and moves the index. */
    offer(head: number): void;
    /** True if the device wants to hear of what was added since the last call. [virtio 1.2 §2.7.10.1] */
    kickNeeded(): boolean;
    /** Takes what the device has used since the last call and frees the descriptors. */
    reap(): UsedElement[];
    /** Asks for an interrupt with the next used buffer. [virtio 1.2 §2.7.7.1] */
    enableInterrupts(): void;
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
}

interface NetDriverOptions {
    /** Accepted features. */
    readonly features: FeatureSet;
    /** Receive buffers posted at the start and after each `receive`. Default: as many as the queue holds. */
    readonly receiveBuffers?: number;
    /** In bytes. Default 2048. */
    readonly receiveBufferSize?: number;
    /** Of the receive and the transmit queue. Default: as the device says. */
    readonly queueSize?: number;
    /** Vectors for receive, transmit and control queue, where the transport has some. Default: none, INTx. */
    readonly vectors?: readonly [number, number, number];
}
interface SendOptions {
    readonly flags?: number;
    readonly gsoType?: number;
    readonly headerLength?: number;
    readonly gsoSize?: number;
    readonly checksumStart?: number;
    readonly checksumOffset?: number;
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
    post(count?: number): void;
    /** Sends one frame; the used element, undefined if the device has not finished with it. Frames share one buffer: one at a time. */
    send(frame: Uint8Array, options?: SendOptions): UsedElement | undefined;
    /** Sends any bytes as header and frame. */
    sendRaw(bytes: Uint8Array, options?: Pick<SendOptions, 'split' | 'indirect'>): UsedElement | undefined;
    /** Frames that the device has delivered, complete ones only; posts new buffers. */
    receive(): ReceivedFrame[];
    /** Runs a control command; its status byte, undefined if the device has not answered. */
    command(commandClass: number, command: number, data?: Uint8Array): number | undefined;
}

/**
 * The register blocks of the modern PCI transport, as the specification's structures. [virtio 1.2 §4.1.4] Offsets follow from the order;
 * 64-bit addresses are two 32-bit fields, which is how drivers must write them. [virtio 1.2 §4.1.3.1]
 */

type CommonRegister = 'deviceFeatureSelect' | 'deviceFeature' | 'driverFeatureSelect' | 'driverFeature' | 'configMsixVector' | 'numQueues' | 'deviceStatus' | 'configGeneration' | 'queueSelect' | 'queueSize' | 'queueMsixVector' | 'queueEnable' | 'queueNotifyOff' | 'queueDescLow' | 'queueDescHigh' | 'queueDriverLow' | 'queueDriverHigh' | 'queueDeviceLow' | 'queueDeviceHigh' | 'queueNotifyData' | 'queueReset';

/**
 * A slot with one function and nothing around it: guest memory, the space its ranges are placed in, and records of its interrupts.
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
    readonly intx: RecordingLine;
    readonly messages: SentMessage[];
    /** Default memory: 4 MiB. */
    constructor(pciFunction: PciFunction, memory?: GuestMemory);
}

/**
 * A driver of the modern PCI transport. [virtio 1.2 §4.1.5.1, §3.1.1] It finds the structures by the capability list, places the ranges
 * itself and reaches everything through configuration space and memory accesses, as a guest would.
 */

interface PciDriverOptions {
    /** Where BAR 0 and BAR 2 are placed. Defaults: above 4 GiB, and below. */
    readonly registerBase?: number;
    readonly msixBase?: number;
    /** Guest memory for rings and buffers. Default: all of it but the first 64 KiB. */
    readonly arena?: GuestArena;
}
declare class PciDriver implements TransportDriver {
    #private;
    readonly slot: PciSlot;
    /** Where rings and buffers come from; a test may replace it when the device was reset. */
    arena: GuestArena;
    readonly msixBase: number;
    /** Guest-physical addresses of the structures. */
    readonly common: number;
    readonly isr: number;
    readonly config: number;
    readonly notify: number;
    readonly notifyMultiplier: number;
    /** Offsets of capabilities in configuration space. */
    readonly windowCapability: number;
    readonly msixCapability: number;
    readonly queues: Map<number, SplitRingDriver>;
    /** Places the ranges, enables decoding and bus mastering, and finds the structures. @throws ConfigurationError `no-structure`. */
    constructor(slot: PciSlot, options?: PciDriverOptions);
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
    /** Fills the MSI-X table with one message for each vector (data = vector) and enables it. */
    enableMsix(address?: number): void;
}

/** A network card between a recording port and a driver: what a test of the whole device needs. */

interface NetRigOptions extends Partial<Omit<VirtioNetOptions, 'port'>> {
    readonly port?: RecordingPort;
    /** Default: 16 MiB. */
    readonly memory?: GuestMemory;
    /** Where the driver puts things. */
    readonly driver?: PciDriverOptions;
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

/** Both sides of one ring over one memory: what a test of the ring needs. */

/** Memory that counts reads of 16 and 32 bits, and lets a test act before one. */
declare class WatchedRam extends Ram {
    reads: number;
    before: ((address: number) => void) | undefined;
    readU16(address: number): number;
    readU32(address: number): number;
}
interface RingRigOptions extends Pick<SplitQueueOptions, 'indirect' | 'eventIndex'> {
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
    /** Notifies whatever the device wants; the doorbell still rings no more than it must. */
    forceKick(index: number): void;
    /** Rings the wire alone, past the doorbell's flags. */
    ringWire(index: number): void;
}

interface VbusRigOptions {
    readonly device: VirtioDevice;
    /** Default: 16 MiB. */
    readonly memory?: ClientMemory;
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
    open(): VbusDriver;
    /** Until nothing is put off, at most 1,000 pieces of work. */
    runDeferred(): void;
}

export { GuestArena, NetDriver, NetRig, PciDriver, PciSlot, RingRig, SplitRingDriver, VbusDriver, VbusRig, WatchedRam };
export type { DriverBuffer, NetDriverOptions, NetRigOptions, PciDriverOptions, QueueOptions, RawDescriptor, ReceivedFrame, RingRigOptions, SendOptions, SentMessage, SplitRingDriverOptions, TransportDriver, UsedElement, VbusDriverOptions, VbusRigOptions };
