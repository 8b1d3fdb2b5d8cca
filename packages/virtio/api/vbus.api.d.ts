import { GuestMemory, Mitigation, Clock, TraceSink, RingEvent, Width } from '@paravirt/bus';
import { PciFunction } from '@paravirt/pci';
import { S as SplitQueue, Q as QueueCounters, L as LayoutFault, n as SplitQueueOptions, o as Suppression, g as FeatureRefusal, D as DriverSession, V as VirtioDevice, f as FeatureNegotiation, F as FeatureSet } from './virtio-net.js';
import { VbusDevice, Attribute, DeviceInterface, SignalCounters, DeviceClass } from '@paravirt/vbus';

/**
 * What a driver has written about one queue before it enables it, and the ring that comes of it. [virtio 1.2 §4.1.4.3, queue_size to
 * queue_device] While a queue is enabled none of it can be changed: the ring works with the copy that was checked.
 */

/** The areas of a queue: Descriptor Area, Driver Area, Device Area. */
type QueueArea = 'descriptors' | 'available' | 'used';
declare class QueueSetup {
    #private;
    readonly maxSize: number;
    /** As the driver reads it. */
    enabled: boolean;
    /** Reset alone after DRIVER_OK: may be enabled again. */
    wasReset: boolean;
    /** The ring, from DRIVER_OK until reset. */
    ring: SplitQueue | undefined;
    /** Of all rings that this queue had. */
    readonly counters: QueueCounters;
    constructor(maxSize: number);
    get size(): number;
    /** Ignored while enabled, and unless it is a power of two within the maximum. [virtio 1.2 §4.1.4.3.2] */
    writeSize(size: number): void;
    /** One half of an address; `half` 0 is the low 32 bits. */
    readAddress(area: QueueArea, half: 0 | 1): number;
    writeAddress(area: QueueArea, half: 0 | 1, value: number): void;
    /** Why the layout as written cannot be used, undefined if it can. */
    check(memory: GuestMemory): LayoutFault | undefined;
    /** Makes the ring; leaves it undefined if memory is out of reach by now. */
    open(memory: GuestMemory, options: Omit<SplitQueueOptions, 'counters'>): void;
    /** Everything as after power-on. */
    reset(): void;
}

/**
 * Notifications of one queue between its ring and its transport: when the device looks after a doorbell, and when the driver is told of
 * what was used. [virtio 1.2 §2.3, §2.7.7, §2.7.10]
 *
 *   doorbell → Pickup → device.notify             ring.takeInterrupt → SignalHold → transport
 *
 * What may wait follows from what the queue is for: the place and `packets` concern the data path, `timer` and `poll` what the driver
 * sends; a control queue is never kept waiting.
 */

/** How a card and its driver notify each other, and where its data path runs: the same for every transport. */
interface NotificationOptions {
    /**
     * What is offered to the driver. `none`: EVENT_IDX is not, and the device neither asks for fewer kicks nor heeds NO_INTERRUPT; on a vbus the
     * shm_signal is then the only gate. Default: event-idx.
     */
    readonly suppression?: Suppression;
    /** Default: none. */
    readonly mitigation?: Mitigation;
    /** `inline`: a kick is work for the device before it returns. `deferred`: the data path runs through `defer`. Default: inline. */
    readonly place?: 'inline' | 'deferred';
    /** Needed by a mitigation. */
    readonly clock?: Clock;
    /** Runs something soon, after the present call. */
    readonly defer?: (run: () => void) => void;
    readonly ringTrace?: TraceSink<RingEvent>;
    /** Of the card, in the trace: its rings are `${ringName}.rx` and so on. Default: the device's name. */
    readonly ringName?: string;
}

/**
 * One device and its driver, without the wires: status, features, queues, configuration, kicks in and interrupts out. A transport shows
 * these as registers and adds nothing to their meaning. [virtio 1.2 §2, §3.1]
 *
 *   transport registers → VirtioSession → VirtioDevice
 *                            ↓ SessionInterrupts (the transport again)
 */

/** How a transport carries notifications to the driver. */
interface SessionInterrupts {
    /** Used buffer notification of queue `index`. */
    queue(index: number): void;
    /** Configuration change notification. */
    config(): void;
    /**
     * The device is looking at queue `index` anyway, no doorbell is wanted (false), or one is wanted again (true); what came in between may be
     * told late, but must be told. Only where virtio's own suppression says nothing (`suppression: 'none'`) and the transport has its own.
     */
    doorbell?(index: number, wanted: boolean): void;
}
/** Why a queue was not enabled. */
type QueueRefusal = 'not at this stage' | LayoutFault;
/** What happened between a driver and its device, for whoever watches. */
type VirtioEvent = {
    readonly kind: 'status';
    readonly device: string;
    readonly written: number;
    readonly value: number;
} | {
    readonly kind: 'features-refused';
    readonly device: string;
    readonly why: FeatureRefusal;
} | {
    readonly kind: 'queue-refused';
    readonly device: string;
    readonly queue: number;
    readonly why: QueueRefusal;
} | {
    readonly kind: 'needs-reset';
    readonly device: string;
    readonly why: string;
};
/** `defer` is a microtask if it is not given. */
interface VirtioSessionOptions extends NotificationOptions {
    readonly device: VirtioDevice;
    /** Guest memory as the device may reach it. */
    readonly memory: GuestMemory;
    readonly interrupts: SessionInterrupts;
    /** Ring and transport bits offered beside the device's own. Default: everything this package has. */
    readonly ringFeatures?: FeatureSet;
    readonly trace?: TraceSink<VirtioEvent>;
}
declare class VirtioSession implements DriverSession {
    #private;
    readonly device: VirtioDevice;
    readonly memory: GuestMemory;
    readonly negotiation: FeatureNegotiation;
    readonly queues: readonly QueueSetup[];
    /** @throws ConfigurationError `bad-queue-size`, `mitigation-clock`. */
    constructor(options: VirtioSessionOptions);
    get features(): FeatureSet;
    /** The device status field. */
    get status(): number;
    /** The driver writes the status field; zero resets. */
    writeStatus(value: number): void;
    /**
     * Differs from its last value once a part of the configuration that has changed was read: counted at the read, so that 256 changes in a
     * row do not look like none. 8 bits. [virtio 1.2 §4.1.4.3.1]
     */
    get configGeneration(): number;
    /** Beyond the end of the configuration space reads give zero and writes are lost, byte by byte. */
    readConfig(offset: number, width: Width): number;
    writeConfig(offset: number, width: Width, value: number): void;
    /**
     * The driver writes 1 to the enable register of a queue. Taken only between FEATURES_OK and DRIVER_OK, or after the queue was reset
     * alone; a layout that the device cannot use leaves the queue disabled. [virtio 1.2 §3.1.1, §4.1.4.3.1]
     * @returns why the queue was refused; undefined if it is enabled, or there is no such queue.
     */
    enableQueue(index: number): QueueRefusal | undefined;
    /** The driver writes 1 to the reset register of a queue; complete on return. False: it cannot be reset now. [virtio 1.2 §2.6.1] */
    resetQueue(index: number): boolean;
    /**
     * The driver kicks queue `index`; nothing happens unless the queue is usable. `rung` false: no doorbell said so, the transport has found it out
     * itself (a shm_signal that was masked meanwhile).
     */
    notify(index: number, rung?: boolean): void;
    /** The device may not (true) or may again (false) reach memory: bus mastering is off or on. */
    pause(paused: boolean): void;
    queue(index: number): SplitQueue | undefined;
    interrupt(index: number): 'sent' | 'held' | 'suppressed' | 'none';
    signal(index: number): void;
    configChanged(notify?: boolean): void;
    fail(reason: string): void;
    notifyLater(queue: number): void;
}

/**
 * The modern PCI transport. [virtio 1.2 §4.1] One function with up to three ranges:
 *
 *   BAR 0 (64-bit, 16 KiB)   0000h common configuration   1000h ISR status   2000h device configuration   3000h notifications
 *   BAR 2 (32-bit, 4 KiB)    MSI-X table and pending bits
 *   BAR 4 (I/O)              notifications, if the doorbell is a port
 *
 * Capabilities point to the structures; a last one is a window for software that cannot map memory. All meaning is in `VirtioSession`; this
 * file has the registers and the choice between MSI-X, MSI and INTx with its ISR status.
 */

/**
 * What the card can interrupt with beside INTx. `msix`: a vector for the configuration and for each queue. `msix-shared`: two vectors, so
 * that drivers put all queues on one. `msi`: one message. `intx`: nothing.
 */
type VirtioPciInterrupts = 'msix' | 'msix-shared' | 'msi' | 'intx';
/** `defer` is a microtask if it is not given. */
interface VirtioPciOptions extends NotificationOptions {
    readonly device: VirtioDevice;
    /** 24 bits, what kind of card the guest sees: 020000h is an Ethernet controller. [PCI 3.0 Appendix D] */
    readonly classCode: number;
    /** For people. Default: the device's name. */
    readonly name?: string;
    readonly trace?: TraceSink<VirtioEvent>;
    /** Default: msix. */
    readonly interrupts?: VirtioPciInterrupts;
    /** Where the notification registers lie: in memory, or in an I/O range. Default: mmio. */
    readonly doorbell?: 'mmio' | 'port';
}
declare class VirtioPci {
    #private;
    /** What is plugged into a PCI bus. */
    readonly function: PciFunction;
    readonly session: VirtioSession;
    /** @throws ConfigurationError `too-many-queues`, and those of `PciFunction` and `VirtioSession`. */
    constructor(options: VirtioPciOptions);
}

/**
 * The vbus transport: any device of this package as a device of a virtual-bus, unchanged. [vbus §1.1] The device has one interface, of type
 * `virtio`, and one driver at a time; what that driver does is in vbus-connection.ts.
 *
 *   const host = new VbusHost();
 *   host.addClass(virtioClass('virtio-net', () => new VirtioNet({ port, mac })));
 *   host.createDevice('net0', 'virtio-net');
 *   host.link('guest', 'net0');
 */

/** `defer` is that of the connector of the client that has the device open, if it is not given. */
interface VirtioVbusOptions extends NotificationOptions {
    readonly device: VirtioDevice;
    readonly trace?: TraceSink<VirtioEvent>;
    /** What the administrator sees beside the attributes that every virtio device has. */
    readonly attributes?: readonly Attribute[];
}
declare class VirtioVbus implements VbusDevice {
    #private;
    readonly session: VirtioSession;
    readonly attributes: readonly Attribute[];
    readonly interfaces: readonly DeviceInterface[];
    /** @throws ConfigurationError those of `VirtioSession`. */
    constructor(options: VirtioVbusOptions);
    /** A driver has the device open. */
    get open(): boolean;
    /**
     * The doorbells of each queue as the shm_signals saw them, over all drivers that there were: kicks that arrived (`wakeups`) and were for
     * nothing (`spurious`), interrupts that were wanted (`injected`), rung and suppressed. What virtio's own suppression did is in
     * `session.queues[n].counters`.
     */
    get signals(): readonly SignalCounters[];
    /** That of the configuration change notice. */
    get noticeSignal(): SignalCounters;
    busConnect(): number;
    busDisconnect(): void;
    release(): void;
}
/**
 * A class of virtio devices for a container.
 * @param create makes the device model for a device of the given name; what it throws is the caller's mistake and comes through.
 */
declare function virtioClass(name: string, create: (name: string) => VirtioVbusOptions): DeviceClass;

export { QueueSetup as b, VirtioPci as c, VirtioSession as f, VirtioVbus as h, virtioClass as v };
export type { NotificationOptions as N, QueueArea as Q, SessionInterrupts as S, VirtioEvent as V, QueueRefusal as a, VirtioPciInterrupts as d, VirtioPciOptions as e, VirtioSessionOptions as g, VirtioVbusOptions as i };
