/** Time for what is in a thread without a machine: the host's own. Timers run as tasks of the thread's event loop. */
import { type Clock, type Timer, VirtualClock } from '@paravirt/bus';

/** The parts of the platform's globals that are used; the language's own library declares none of them. */
interface Platform {
  readonly performance: { now(): number };
  readonly setTimeout: (run: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
}

/** Longer timeouts overflow the platform's 32-bit milliseconds. */
const LONGEST_TIMEOUT = 0x7fff_ffff;

export class HostClock implements Clock {
  readonly #platform: Platform = globalThis as unknown as Platform;
  readonly #start: number = this.#platform.performance.now();
  readonly #events: VirtualClock = new VirtualClock(() => this.#elapsed());
  #timeout: unknown = undefined;

  constructor() {
    this.#events.onEarlierDeadline = () => this.#arm();
  }

  now(): bigint {
    return this.#events.now();
  }

  schedule(at: bigint, run: () => void): Timer {
    return this.#events.schedule(at, run);
  }

  #elapsed(): bigint {
    return BigInt(Math.floor((this.#platform.performance.now() - this.#start) * 1e6));
  }

  /** For the next event; one that was cancelled wakes for nothing. */
  #arm(): void {
    const next = this.#events.nextDeadline;
    this.#platform.clearTimeout(this.#timeout);
    this.#timeout = undefined;
    if (next === undefined) return;
    const ms = Number(next - this.#elapsed()) / 1e6;
    this.#timeout = this.#platform.setTimeout(() => this.#run(), Math.min(Math.max(Math.ceil(ms), 0), LONGEST_TIMEOUT));
  }

  #run(): void {
    this.#events.advanceTo(this.#elapsed());
    this.#arm();
  }
}
