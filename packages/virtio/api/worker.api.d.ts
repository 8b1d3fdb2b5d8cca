import { Clock, Timer, RamRegion, Mitigation, Ram, Width } from '@paravirt/bus';
import { EthernetPort } from '@paravirt/net-backend';
import { Suppression, DriverSession, VirtioNet, FeatureSet, SplitQueue, VirtioDevice, FeatureRequirement, QueuePurpose, OffloadPolicy, NetCounters } from './index.js';

/** Time for what is in a thread without a machine: the host's own. Timers run as tasks of the thread's event loop. */

declare class HostClock implements Clock {
    #private;
    constructor();
    now(): bigint;
    schedule(at: bigint, run: () => void): Timer;
}

/**
 * The data path of a network card in a thread of its own: the device's `VirtioNet` with rings on the machine's memory, and a network behind
 * it. [vbus-abi §4, claim 15] The other end of the wire, in the machine's thread, is `VirtioNetWorker`.
 *
 *   const thread = new VirtioNetThread({ setup, port });       // `setup` came from the other end, `port` is made here
 *   await thread.serve();                                      // until the card is gone
 *
 * The card says which queues may be touched (`open`), this end which ones it touches (`using`). It says so before it looks at `gate` for the
 * last time, and the card moves `gate` before it looks at `using`: so once the card has closed a queue and sees it out of use, no ring and no
 * buffer of it is read or written any more.
 */

/** What the data path needs to know; made by `VirtioNetWorker`, and may be sent to another thread. */
interface NetThreadSetup {
    /** See net-block.ts. */
    readonly block: SharedArrayBuffer;
    /** Linear memory of the machine, and where its RAM lies in it. */
    readonly memory: SharedArrayBuffer;
    readonly regions: readonly RamRegion[];
    /** Where the bytes of `Ram.watched` begin in linear memory, if they are there. */
    readonly watched: number | undefined;
    readonly mac: Uint8Array;
    readonly mtu: number | undefined;
    readonly queueSize: number;
    readonly controlQueueSize: number;
    /** As in `NotificationOptions`. */
    readonly suppression: Suppression;
    readonly mitigation: Mitigation;
}
interface NetThreadOptions {
    readonly setup: NetThreadSetup;
    /** The far end of the cable. */
    readonly port: EthernetPort;
    /** Time of mitigations. Default: the host's. */
    readonly clock?: Clock;
    /** Lets timers and sockets of this thread run between turns that all had work. Default: a timer of no length. */
    readonly pause?: () => Promise<void>;
    /** Called when the counters were brought up to date, in the same task. */
    readonly onCounted?: () => void;
}
declare class VirtioNetThread implements DriverSession {
    #private;
    readonly device: VirtioNet;
    readonly memory: Ram;
    /** @throws ConfigurationError `bad-block`, or for what `VirtioNet` refuses. */
    constructor(options: NetThreadOptions);
    /** Carries frames until the card is gone, without blocking this thread: its timers and sockets have their turns. */
    serve(): Promise<void>;
    /** Does what there is to do now, a bounded piece of work; true if there may be more. */
    turn(): boolean;
    get features(): FeatureSet;
    queue(index: number): SplitQueue | undefined;
    interrupt(index: number): 'sent' | 'held' | 'suppressed' | 'none';
    signal(index: number): void;
    configChanged(notify?: boolean): void;
    fail(reason: string): void;
    notifyLater(queue: number): void;
}

/**
 * A network card whose data path is in another thread: here, in the machine's thread, are its features, its configuration space and what its
 * transport asks of a device; rings and frames are `VirtioNetThread`'s. [vbus-abi §4, claim 15: the hybrid that became vhost-net]
 *
 *   driver ↔ registers → VirtioSession → VirtioNetWorker ═ NetBlock ═ VirtioNetThread → network
 *          ↔ rings in shared memory ↔══════════════════════════════════╝
 *
 * A kick only rings the other thread. Its interrupts wait in the page until `look`: whoever runs the CPU calls it often, and is called by
 * `onEvents` when the CPU waits. What makes the other thread let go of the rings (reset, bus mastering off) waits until it has; the wait is
 * bounded, and a thread that does not answer is ended and its card in need of a reset that does not help.
 */

/** The thread that a data path runs in, as the card sees it. */
interface NetThread {
    /** Ends the thread, whatever it does. Idempotent. */
    terminate(): void;
    /** Set by the card: the thread has ended, or will not do its work; `why` is for people. */
    onEnd: ((why: string) => void) | undefined;
}
/** Makes the thread of a card, and in it what is at the other end of its cable. */
interface NetWorker {
    /** What the port in the thread takes and gives. Default: plain frames only. */
    readonly offloads?: EthernetPort['offloads'];
    /** Starts the thread, which makes a port and then `new VirtioNetThread({ setup, port }).serve()`. Does not wait for it. */
    start(setup: NetThreadSetup): NetThread;
}
interface VirtioNetWorkerOptions {
    readonly worker: NetWorker;
    /** The machine's RAM, in a SharedArrayBuffer. */
    readonly memory: Ram;
    /** As in `VirtioNetOptions`. */
    readonly mac: Uint8Array;
    readonly mtu?: number;
    readonly queueSize?: number;
    readonly controlQueueSize?: number;
    readonly offloads?: OffloadPolicy;
    /** As in `NotificationOptions`; what a mitigation does is done where the rings are. The transport gets the suppression, too. */
    readonly suppression?: Suppression;
    readonly mitigation?: Mitigation;
    /** There is something for `look`: called in a task of its own. Default: calls `look`. */
    readonly onEvents?: () => void;
    /** Milliseconds for the other thread to let go of the rings. Default: 1000. */
    readonly patience?: number;
}
declare class VirtioNetWorker implements VirtioDevice {
    #private;
    readonly name = "virtio-net";
    readonly deviceId = 1;
    readonly features: FeatureSet;
    readonly featureRequirements: readonly FeatureRequirement[];
    readonly queueSizes: readonly number[];
    readonly queuePurposes: readonly QueuePurpose[];
    readonly configSize: number;
    /** Starts the thread. @throws ConfigurationError `not-shared`, and what `VirtioNet` refuses. */
    constructor(options: VirtioNetWorkerOptions);
    /** As the other thread had counted when it last paused. */
    get counters(): NetCounters;
    /** The address that the driver uses now; a copy. */
    get mac(): Uint8Array;
    get linkUp(): boolean;
    /** Plugs the cable in or out: done when the other thread has seen it. */
    set linkUp(up: boolean);
    /** Asks the driver to tell the network where it is. [virtio 1.2 §5.1.6.5.4] */
    announce(): void;
    readConfig(offset: number, width: Width): number;
    /** All fields are read-only for a driver of VERSION_1. [virtio 1.2 §5.1.4] */
    writeConfig(): void;
    activate(session: DriverSession): boolean;
    reset(): void;
    notify(queue: number): void;
    queueReset(queue: number): void;
    /** Bus mastering is off or on: complete on return. */
    pause(paused: boolean): void;
    /** Passes on what the other thread has to say: interrupts above all. True if there was something. */
    look(): boolean;
    /** The card is gone for good, and its thread with it. */
    close(): void;
}

/** A worker thread of Node as the thread of a data path. What of it is used is written down here, so that nothing here needs Node. */

/** The part of Node's `Worker` that is used. */
interface NodeWorker {
    on(event: 'error', listener: (error: unknown) => void): unknown;
    on(event: 'exit', listener: () => void): unknown;
    terminate(): unknown;
}
/** `worker` runs a module that makes a `VirtioNetThread` and serves it. Whatever else it and this thread have to say to each other is theirs. */
declare function nodeNetThread(worker: NodeWorker): NetThread;

export { HostClock, VirtioNetThread, VirtioNetWorker, nodeNetThread };
export type { NetThread, NetThreadOptions, NetThreadSetup, NetWorker, NodeWorker, VirtioNetWorkerOptions };
