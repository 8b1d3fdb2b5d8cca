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
import { Ram, type TraceSink } from '@paravirt/bus';
import type { Vbus } from '../bus.ts';
import { EINVAL, ENODEV } from '../errno.ts';
import { BufferRegion, type ClientMemory, type SharedRegion } from '../shared-region.ts';
import { BridgeSession, type ConnectorCounters } from './bridge-session.ts';
import type { ConnectorEvent } from './trace.ts';
import { type Bell, CHANNEL_SIZE, WorkerChannel } from './worker-channel.ts';
import { type Pause, runLoop, serveLoop } from './worker-loop.ts';

export interface WorkerHostOptions {
  readonly bus: Vbus;
  /** Made by `createChannel`; one host and one client use it. */
  readonly buffer: SharedArrayBuffer;
  /** For people. Default: `vbus-worker`. */
  readonly name?: string;
  readonly trace?: TraceSink<ConnectorEvent>;
  /** How `serve` lets other work of this thread run. Default: a timer of no length. */
  readonly pause?: Pause;
}

/** Deferred calls in one turn. */
const DEFERRED_PER_TURN = 256;

/** The client's memory: the buffer without its first page. Addresses are offsets in it. */
export class ChannelMemory extends Ram implements ClientMemory {
  constructor(buffer: SharedArrayBuffer) {
    super(buffer, [{ address: CHANNEL_SIZE, size: buffer.byteLength - CHANNEL_SIZE, offset: CHANNEL_SIZE }]);
  }

  map(address: number, length: number): SharedRegion | undefined {
    return this.contains(address, length) ? new BufferRegion(this.buffer, address, length) : undefined;
  }
}

export class WorkerHost {
  readonly #session: BridgeSession;
  readonly #channel: WorkerChannel;
  readonly #bell: Bell;
  readonly #pause: Pause;
  readonly #deferred: (() => void)[] = [];
  #closed = false;

  /** @throws ConfigurationError `bad-channel`. */
  constructor(options: WorkerHostOptions) {
    const { bus, buffer, name = 'vbus-worker', trace } = options;
    this.#channel = new WorkerChannel(buffer);
    this.#bell = this.#channel.bell('host');
    this.#pause = options.pause ?? pauseOf(this.#bell);
    const client = this.#channel.bell('client');
    this.#session = new BridgeSession({
      connector: name,
      bus,
      memory: new ChannelMemory(buffer),
      defer: (run) => {
        this.#deferred.push(run);
        // It may come from outside a turn, while this thread's end of the channel sleeps.
        this.#bell.ring();
      },
      interrupt: () => client.ring(),
      trace,
    });
  }

  get counters(): ConnectorCounters {
    return this.#session.counters;
  }

  /** Carries calls, doorbells and events until `close`, without blocking this thread. */
  serve(): Promise<void> {
    return serveLoop(this.#loop, this.#pause);
  }

  /**
   * The same for a thread that may block; false: it has slept for `milliseconds`. Nothing else runs in the thread meanwhile but what the bus
   * calls.
   */
  run(milliseconds?: number): boolean {
    return runLoop(this.#loop, milliseconds);
  }

  /** Does what there is to do now; true if there was something. */
  poll(): boolean {
    let worked = false;
    this.#channel.takeSignals((handle) => {
      worked = true;
      if (handle === undefined) this.#session.kick(0);
      else this.#session.signal(handle);
    });
    const call = this.#channel.postedCall();
    if (call !== undefined) {
      worked = true;
      const { kind, vector, address, length } = call;
      if (kind === 'bus') this.#channel.answer(this.#session.busCall(vector, address, length));
      else this.#channel.answer(kind === 'bridge' ? this.#session.bridgeCall(vector, address, length) : -EINVAL);
    }
    for (let left = DEFERRED_PER_TURN; left > 0 && this.#deferred.length > 0; left--) {
      worked = true;
      this.#deferred.shift()?.();
    }
    return worked;
  }

  /** The client is off the bus: everything that it had is gone, and its calls are answered with −ENODEV. `serve` and `run` end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.close();
    this.#deferred.length = 0;
    this.#channel.hangUp(-ENODEV);
    this.#bell.ring();
    this.#channel.bell('client').ring();
  }

  get #loop(): Parameters<typeof runLoop>[0] {
    return { bell: this.#bell, turn: () => this.poll(), finished: () => this.#closed };
  }
}

/** Sleeping for no time is a task of its own, in every kind of thread. */
export function pauseOf(bell: Bell): Pause {
  return async () => {
    const waiting = bell.waitAsync(bell.count, SHORTEST_SLEEP);
    if (waiting !== true) await waiting;
  };
}

/** In milliseconds; zero would not be a sleep. */
const SHORTEST_SLEEP = 0.001;
