/**
 * The worker connector, client's end: the north side of a bus in a thread of its own.
 *
 *   const client = new WorkerClient({ buffer });
 *   client.session.onAdded = ({ id, type }) => …;
 *   client.start();                                  // NEGOTIATE, event ring, QREG
 *   client.run(() => finished);                      // blocks between interrupts; or await client.serve(() => finished)
 *
 * A call blocks the thread until the host has answered; where a thread must not block (the main thread of a page) it spins, so that host and
 * client must not be one thread.
 */
import { ENODEV } from '../errno.ts';
import { NorthArena } from '../north/north-arena.ts';
import { NorthSession } from '../north/north-session.ts';
import type { NorthWire } from '../north/north-wire.ts';
import { ChannelMemory, pauseOf } from './worker.ts';
import { type Bell, type CallKind, CHANNEL_SIZE, WorkerChannel } from './worker-channel.ts';
import { type LoopOptions, type Pause, runLoop, serveLoop } from './worker-loop.ts';

export interface WorkerClientOptions {
  /** The host's. */
  readonly buffer: SharedArrayBuffer;
  /** Descriptors of the event ring, 1 to 2048. Default: 1024. */
  readonly events?: number;
  /** How `serve` lets other work of this thread run. Default: a timer of no length. */
  readonly pause?: Pause;
}

/** Deferred calls in one turn. */
const DEFERRED_PER_TURN = 256;

export class WorkerClient implements NorthWire {
  readonly session: NorthSession;
  /** All of the client's memory. */
  readonly arena: NorthArena;
  readonly #channel: WorkerChannel;
  readonly #bell: Bell;
  readonly #host: Bell;
  readonly #pause: Pause;
  readonly #deferred: (() => void)[] = [];
  /** Count of the bell when the last interrupt was taken. */
  #taken: number;

  /** @throws ConfigurationError `bad-channel`, `bad-event-ring`. */
  constructor(options: WorkerClientOptions) {
    const { buffer } = options;
    this.#channel = new WorkerChannel(buffer);
    this.#bell = this.#channel.bell('client');
    this.#host = this.#channel.bell('host');
    this.#pause = options.pause ?? pauseOf(this.#bell);
    this.#taken = this.#bell.count;
    this.arena = new NorthArena(new ChannelMemory(buffer), CHANNEL_SIZE, buffer.byteLength - CHANNEL_SIZE);
    this.session = new NorthSession({
      wire: this,
      arena: this.arena,
      defer: (run) => void this.#deferred.push(run),
      ...(options.events === undefined ? {} : { events: options.events }),
    });
  }

  /** NEGOTIATE, event ring, QREG: 0, or −errno. Devices are told of from the next turn on. */
  start(): number {
    const result = this.session.negotiate();
    return result < 0 ? result : this.session.register();
  }

  /** Takes interrupts and runs deferred work until `finished`; false: it has slept for `milliseconds`. Blocks. */
  run(finished: () => boolean, milliseconds?: number): boolean {
    return runLoop(this.#loop(finished), milliseconds);
  }

  /** The same for a thread that must not block, or has other work. `finished` is asked again after every turn. */
  serve(finished: () => boolean): Promise<void> {
    return serveLoop(this.#loop(finished), this.#pause);
  }

  /** Does what there is to do now; true if there was something. */
  poll(): boolean {
    let worked = false;
    const { count } = this.#bell;
    if (count !== this.#taken) {
      this.#taken = count;
      this.session.interrupt();
      worked = true;
    }
    for (let left = DEFERRED_PER_TURN; left > 0 && this.#deferred.length > 0; left--) {
      this.#deferred.shift()?.();
      worked = true;
    }
    return worked;
  }

  // The wire

  bridgeCall(vector: number, address: number, length: number): number {
    return this.#call('bridge', vector, address, length);
  }

  busCall(vector: number, address: number, length: number): number {
    return this.#call('bus', vector, address, length);
  }

  kick(): void {
    this.#ring(undefined);
  }

  signal(handle: number): void {
    this.#ring(handle);
  }

  #ring(handle: number | undefined): void {
    if (this.#channel.markSignal(handle)) this.#host.ring();
  }

  #call(kind: CallKind, vector: number, address: number, length: number): number {
    // One at a time: only a host that is gone is not idle here.
    if (!this.#channel.post(kind, vector, address, length)) return -ENODEV;
    this.#host.ring();
    for (;;) {
      const result = this.#channel.takeResult();
      if (result !== undefined) return result;
      this.#channel.waitForResult();
    }
  }

  #loop(finished: () => boolean): LoopOptions {
    return { bell: this.#bell, turn: () => this.poll(), finished };
  }
}
