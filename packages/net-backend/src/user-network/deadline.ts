/**
 * One moment that is moved often and reached seldom: a retransmission timer. Moving it later costs nothing, since the event in the clock
 * stays where it is and looks at the deadline when it comes.
 */
import type { Clock, Timer } from '@paravirt/bus';

export class Deadline {
  readonly #clock: Clock;
  readonly #run: () => void;
  #at = Number.POSITIVE_INFINITY;
  #scheduledAt = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined = undefined;

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  get armed(): boolean {
    return this.#at !== Number.POSITIVE_INFINITY;
  }

  /** Sets or moves the moment. Nanoseconds of the clock, as a number: exact to the microsecond for a century. */
  set(atNs: number): void {
    this.#at = atNs;
    if (atNs >= this.#scheduledAt) return;
    this.#timer?.cancel();
    this.#schedule(atNs);
  }

  clear(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }

  /** Like `clear`, and leaves nothing in the clock. */
  cancel(): void {
    this.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#scheduledAt = Number.POSITIVE_INFINITY;
  }

  #schedule(atNs: number): void {
    this.#scheduledAt = atNs;
    this.#timer = this.#clock.schedule(BigInt(Math.ceil(atNs)), () => {
      this.#timer = undefined;
      this.#scheduledAt = Number.POSITIVE_INFINITY;
      if (!this.armed) return;
      if (Number(this.#clock.now()) < this.#at) {
        this.#schedule(this.#at);
        return;
      }
      this.clear();
      this.#run();
    });
  }
}

/** Nanoseconds in a second and a millisecond. */
export const SECOND = 1e9;
export const MILLISECOND = 1e6;

/** The clock's time as a number of nanoseconds. */
export function nowNs(clock: Clock): number {
  return Number(clock.now());
}
