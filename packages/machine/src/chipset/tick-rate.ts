/**
 * Ticks of an oscillator ↔ nanoseconds of virtual time, exactly. Both directions are integer arithmetic on doubles: the ratio is kept as
 * a reduced fraction and the whole and the broken part are converted apart, so that no product leaves 2^53. Times are exact up to 2^53 ns
 * (104 days of virtual time); beyond that they are rounded to 2 ns.
 */
import { type Clock, ConfigurationError } from '@paravirt/bus';

const NS_PER_SECOND = 1_000_000_000;

/** [8254; IBM PC/AT Technical Reference] A third of the colour burst times four: 14.31818 MHz / 12. */
export const PIT_HZ = 1_193_182;
/** [ACPI 6.5 §4.8.2.1] The power management timer. */
export const PM_TIMER_HZ = 3_579_545;
/** The watch crystal of the real-time clock. */
export const RTC_CRYSTAL_HZ = 32_768;

/** A periodic timer interrupts at most this often, in ns of virtual time: faster expiries are merged, as a guest could not serve them. */
export const MIN_SPACING_NS = 10_000;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

export class TickRate {
  readonly hz: number;
  readonly #ticks: number;
  readonly #ns: number;

  /** @throws ConfigurationError `bad-frequency` unless `hz` is a positive integer whose ratio to 1 GHz has parts below 2^53 together. */
  constructor(hz: number) {
    const common = Number.isSafeInteger(hz) && hz > 0 ? gcd(hz, NS_PER_SECOND) : 0;
    this.hz = hz;
    this.#ticks = hz / common;
    this.#ns = NS_PER_SECOND / common;
    if (common === 0 || this.#ticks * this.#ns > Number.MAX_SAFE_INTEGER)
      throw new ConfigurationError('bad-frequency', `${hz} Hz cannot be told in whole nanoseconds exactly`, hz);
  }

  /** Whole ticks that have passed at time `ns`. */
  ticksAt(ns: number): number {
    const whole = Math.floor(ns / this.#ns);
    return whole * this.#ticks + Math.floor(((ns - whole * this.#ns) * this.#ticks) / this.#ns);
  }

  /** The first nanosecond at which `ticks` ticks have passed: `ticksAt(timeOf(n)) === n`, one earlier it is less, if hz ≤ 1 GHz. */
  timeOf(ticks: number): number {
    const whole = Math.floor(ticks / this.#ticks);
    return whole * this.#ns + Math.ceil(((ticks - whole * this.#ticks) * this.#ns) / this.#ticks);
  }
}

/**
 * The time-stamp counter as a function of virtual time. [SDM 3B §18.17] The CPU asks `read`, the local APIC's deadline timer `timeOf`;
 * so both see one counter, also after the guest wrote it.
 */
export class TimeStampCounter {
  readonly hz: number;
  readonly #clock: Clock;
  readonly #ticks: bigint;
  readonly #ns: bigint;
  #offset = 0n;
  /** Called after the guest has written the counter: what was computed from `timeOf` is stale. */
  onChange: (() => void) | undefined = undefined;

  /** @throws ConfigurationError `bad-frequency` unless `hz` is a positive integer. */
  constructor(clock: Clock, hz: number) {
    if (!Number.isSafeInteger(hz) || hz <= 0)
      throw new ConfigurationError('bad-frequency', `time-stamp counter frequency ${hz} is not a positive integer`, hz);
    const common = gcd(hz, NS_PER_SECOND);
    this.hz = hz;
    this.#clock = clock;
    this.#ticks = BigInt(hz / common);
    this.#ns = BigInt(NS_PER_SECOND / common);
  }

  /** 64 bits, unsigned. */
  read(): bigint {
    return BigInt.asUintN(64, this.#ticksNow() + this.#offset);
  }

  /** Value at time `ns`, if from there on it counts nanoseconds; undefined if its frequency is not 1 GHz. */
  countsNanoseconds(ns: number): bigint | undefined {
    return this.#ns === 1n && this.#ticks === 1n ? BigInt.asUintN(64, BigInt(ns) + this.#offset) : undefined;
  }

  /** WRMSR to IA32_TIME_STAMP_COUNTER. */
  write(value: bigint): void {
    this.#offset = BigInt.asUintN(64, value) - this.#ticksNow();
    this.onChange?.();
  }

  /** Time in ns at which the counter reaches `value`; not later than now if it has. */
  timeOf(value: bigint): bigint {
    const ticks = value - this.#offset;
    return ticks <= 0n ? 0n : (ticks * this.#ns + this.#ticks - 1n) / this.#ticks;
  }

  #ticksNow(): bigint {
    const ns = this.#clock.now();
    return this.#ns === 1n ? ns * this.#ticks : (ns * this.#ticks) / this.#ns;
  }
}
