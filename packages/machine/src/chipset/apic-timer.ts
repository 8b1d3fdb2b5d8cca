/**
 * The local APIC's timer. [SDM 3A §11.5.4 "APIC Timer"] Modes one-shot, periodic and TSC-deadline.
 *
 * Nothing ticks: the count is worked out from the clock when it is read, and one event is scheduled for the moment at which it expires.
 * Periods are counted from the moment the count was written, so that they do not drift. Expiries closer together than
 * `MIN_SPACING_NS` are merged into one, as they would be in the interrupt request register.
 */
import type { Clock, Timer } from '@paravirt/bus';
import { MIN_SPACING_NS, TickRate, type TimeStampCounter } from './tick-rate.ts';

/** [SDM 3A Figure 11-8] Bits 18:17 of the LVT timer register. */
export type ApicTimerMode = 'one-shot' | 'periodic' | 'tsc-deadline' | 'reserved';
export const APIC_TIMER_MODES: readonly [ApicTimerMode, ApicTimerMode, ApicTimerMode, ApicTimerMode] = [
  'one-shot',
  'periodic',
  'tsc-deadline',
  'reserved',
];

export interface ApicTimerOptions {
  readonly clock: Clock;
  /** Input frequency, before the divider. */
  readonly hz: number;
  readonly tsc: TimeStampCounter | undefined;
  /** The timer expired. Called also when its LVT entry is masked. */
  readonly expired: () => void;
}

export class ApicTimer {
  readonly #clock: Clock;
  readonly #rate: TickRate;
  readonly #tsc: TimeStampCounter | undefined;
  readonly #expired: () => void;
  #mode: ApicTimerMode = 'one-shot';
  /** Divide configuration register, 4 bits. */
  #divide = 0;
  #initial = 0;
  /** Input ticks, since the clock began, at which `#remaining` counts were left of the first period. */
  #start = 0;
  #remaining = 0;
  #deadline = 0n;
  #event: Timer | undefined = undefined;

  constructor(options: ApicTimerOptions) {
    this.#clock = options.clock;
    this.#rate = new TickRate(options.hz);
    this.#tsc = options.tsc;
    this.#expired = options.expired;
    if (this.#tsc !== undefined) this.#tsc.onChange = (): void => this.#schedule();
  }

  reset(): void {
    this.#mode = 'one-shot';
    this.#divide = 0;
    this.#initial = 0;
    this.#remaining = 0;
    this.#deadline = 0n;
    this.#schedule();
  }

  /** A change from or to TSC-deadline mode disarms the timer. */
  setMode(mode: ApicTimerMode): void {
    if (mode === this.#mode) return;
    if (mode === 'tsc-deadline' || this.#mode === 'tsc-deadline') {
      this.#initial = 0;
      this.#remaining = 0;
      this.#deadline = 0n;
    } else this.#restart(this.currentCount);
    this.#mode = mode;
    this.#schedule();
  }

  get divideConfiguration(): number {
    return this.#divide;
  }

  /** Bits 3, 1, 0; the count goes on from where it is. */
  set divideConfiguration(value: number) {
    const count = this.currentCount;
    this.#divide = value & 0b1011;
    this.#restart(count);
    this.#schedule();
  }

  get initialCount(): number {
    return this.#initial;
  }

  /** Starts the timer; 0 stops it. Ignored in TSC-deadline mode. */
  set initialCount(value: number) {
    if (this.#mode === 'tsc-deadline') return;
    this.#initial = value;
    this.#restart(value);
    this.#schedule();
  }

  get currentCount(): number {
    if (this.#mode === 'tsc-deadline' || this.#initial === 0) return 0;
    const elapsed = this.#elapsed();
    if (elapsed < this.#remaining) return this.#remaining - elapsed;
    if (this.#mode !== 'periodic') return 0;
    return this.#initial - ((elapsed - this.#remaining) % this.#initial);
  }

  /** IA32_TSC_DEADLINE: 0 when not armed. */
  get deadline(): bigint {
    return this.#deadline;
  }

  /** Arms the timer, 0 disarms; a deadline that has passed expires at once. Ignored in other modes. */
  set deadline(value: bigint) {
    if (this.#mode !== 'tsc-deadline') return;
    this.#deadline = value;
    this.#schedule();
  }

  /** [SDM 3A Figure 11-10] 000 is 2, … 110 is 128, 111 is 1. */
  get #divisor(): number {
    const code = (this.#divide & 3) | ((this.#divide & 8) >> 1);
    return code === 7 ? 1 : 2 << code;
  }

  #elapsed(): number {
    return Math.floor((this.#rate.ticksAt(Number(this.#clock.now())) - this.#start) / this.#divisor);
  }

  #restart(remaining: number): void {
    this.#start = this.#rate.ticksAt(Number(this.#clock.now()));
    this.#remaining = remaining;
  }

  #schedule(): void {
    this.#event?.cancel();
    this.#event = undefined;
    if (this.#mode === 'tsc-deadline') this.#scheduleDeadline();
    else if (this.#initial !== 0) this.#scheduleCount();
  }

  #scheduleDeadline(): void {
    if (this.#deadline === 0n || this.#tsc === undefined) return;
    const at = this.#tsc.timeOf(this.#deadline);
    if (at > this.#clock.now()) {
      this.#event = this.#clock.schedule(at, () => this.#scheduleDeadline());
      return;
    }
    this.#deadline = 0n;
    this.#expired();
  }

  #scheduleCount(): void {
    const now = Number(this.#clock.now());
    const elapsed = this.#elapsed();
    let counts = this.#remaining;
    if (elapsed >= counts) {
      if (this.#mode !== 'periodic') return;
      // The first expiry that is still to come, and not too soon.
      const soonest = Math.floor((this.#rate.ticksAt(now + MIN_SPACING_NS) - this.#start) / this.#divisor);
      const next = Math.floor((elapsed - counts) / this.#initial) + 1;
      counts += Math.max(next, Math.ceil((soonest - counts) / this.#initial)) * this.#initial;
    }
    const at = this.#rate.timeOf(this.#start + counts * this.#divisor);
    this.#event = this.#clock.schedule(BigInt(at), () => {
      this.#expired();
      this.#scheduleCount();
    });
  }
}
