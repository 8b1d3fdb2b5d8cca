/**
 * The mitigation `packets`: signals wait until so many buffers were completed, or until so much time has passed since the first of them.
 * Each direction of a card has one of these; whether the driver still wants the signal when it comes is the caller's to ask.
 */
import type { Clock, Timer } from './clock.ts';

export interface SignalHoldOptions {
  readonly clock: Clock;
  /** Completed buffers that make a signal; at least 1. */
  readonly count: number;
  /** The longest that the first of them waits, in nanoseconds. */
  readonly ns: number;
  /** Signals the driver. May call `ask` again. */
  readonly signal: () => void;
}

export class SignalHold {
  readonly #clock: Clock;
  readonly #count: number;
  readonly #ns: bigint;
  readonly #signal: () => void;
  #held = 0;
  #timer: Timer | undefined = undefined;

  constructor({ clock, count, ns, signal }: SignalHoldOptions) {
    this.#clock = clock;
    this.#count = count;
    this.#ns = BigInt(ns);
    this.#signal = signal;
  }

  /** Completed buffers whose signal waits. */
  get held(): number {
    return this.#held;
  }

  /** True while a signal waits. */
  get holding(): boolean {
    return this.#held > 0;
  }

  /** `buffers` more were completed and want a signal: now, if they are enough, else later. */
  ask(buffers = 1): void {
    this.#held += buffers;
    if (this.#held >= this.#count) this.flush();
    else if (this.#held > 0) this.#timer ??= this.#clock.schedule(this.#clock.now() + this.#ns, () => this.flush());
  }

  /** Signals now, if anything waits for it. */
  flush(): void {
    if (!this.holding) return;
    this.stop();
    this.#signal();
  }

  /** Forgets what waits. */
  stop(): void {
    this.#held = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
