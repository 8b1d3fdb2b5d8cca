import { Ram, TraceSink } from '@paravirt/bus';
import { C as ClientMemory, S as SharedRegion, a as Vbus, b as ConnectorEvent, c as ConnectorCounters, O as NorthWire, K as NorthSession, N as NorthArena } from './north-session.js';

/**
 * The life of a thread at one end of a channel: it does what there is to do, and sleeps until its bell rings. The same for host and client,
 * in a thread that may block and in one that must not. Nothing rung is missed: the bell is read before the work is looked for.
 */

/** Gives the other work of a thread a turn. */
type Pause = () => Promise<void>;

/**
 * The worker connector, host's end: a client of the bus that is no virtual machine but another thread of this program, a worker of Node or
 * of a page, as the "userspace" clients of 2009. The wire is one SharedArrayBuffer (worker-channel.ts); calls and doorbells come as words in
 * it, interrupts go as a ring of the client's bell.
 *
 *   const buffer = createChannel(16 << 20);
 *   const host = new WorkerHost({ bus, buffer });
 *   void host.serve();                               // until host.close()
 *   worker.postMessage(buffer);                      // there: new WorkerClient({ buffer })
 */

interface WorkerHostOptions {
    readonly bus: Vbus;
    /** Made by `createChannel`; one host and one client use it. */
    readonly buffer: SharedArrayBuffer;
    /** For people. Default: `vbus-worker`. */
    readonly name?: string;
    readonly trace?: TraceSink<ConnectorEvent>;
    /** How `serve` lets other work of this thread run. Default: a timer of no length. */
    readonly pause?: Pause;
}
/** The client's memory: the buffer without its first page. Addresses are offsets in it. */
declare class ChannelMemory extends Ram implements ClientMemory {
    constructor(buffer: SharedArrayBuffer);
    map(address: number, length: number): SharedRegion | undefined;
}
declare class WorkerHost {
    #private;
    /** @throws ConfigurationError `bad-channel`. */
    constructor(options: WorkerHostOptions);
    get counters(): ConnectorCounters;
    /** Carries calls, doorbells and events until `close`, without blocking this thread. */
    serve(): Promise<void>;
    /**
     * The same for a thread that may block; false: it has slept for `milliseconds`. Nothing else runs in the thread meanwhile but what the bus
     * calls.
     */
    run(milliseconds?: number): boolean;
    /** Does what there is to do now; true if there was something. */
    poll(): boolean;
    /** The client is off the bus: everything that it had is gone, and its calls are answered with −ENODEV. `serve` and `run` end. */
    close(): void;
}

interface WorkerClientOptions {
    /** The host's. */
    readonly buffer: SharedArrayBuffer;
    /** Descriptors of the event ring, 1 to 2048. Default: 1024. */
    readonly events?: number;
    /** How `serve` lets other work of this thread run. Default: a timer of no length. */
    readonly pause?: Pause;
}
declare class WorkerClient implements NorthWire {
    #private;
    readonly session: NorthSession;
    /** All of the client's memory. */
    readonly arena: NorthArena;
    /** @throws ConfigurationError `bad-channel`, `bad-event-ring`. */
    constructor(options: WorkerClientOptions);
    /** NEGOTIATE, event ring, QREG: 0, or −errno. Devices are told of from the next turn on. */
    start(): number;
    /** Takes interrupts and runs deferred work until `finished`; false: it has slept for `milliseconds`. Blocks. */
    run(finished: () => boolean, milliseconds?: number): boolean;
    /** The same for a thread that must not block, or has other work. `finished` is asked again after every turn. */
    serve(finished: () => boolean): Promise<void>;
    /** Does what there is to do now; true if there was something. */
    poll(): boolean;
    bridgeCall(vector: number, address: number, length: number): number;
    busCall(vector: number, address: number, length: number): number;
    kick(): void;
    signal(handle: number): void;
}

export { ChannelMemory as C, WorkerClient as W, WorkerHost as b };
export type { Pause as P, WorkerClientOptions as a, WorkerHostOptions as c };
