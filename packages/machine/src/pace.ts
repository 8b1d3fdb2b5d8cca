/**
 * How virtual time follows the world. [docs: ARCHITECTURE.md, "Time"] Two ways:
 *
 *  - `InstructionPace`: time is a count of retired instructions times a rate, with prices also what the host did for the guest, see prices.ts.
 *    While the guest waits, time leaps to the next timer. Nothing of the host enters, so two runs with the same input are the same.
 *  - `HostPace`: time follows the host's clock. While the guest runs, time goes on with instructions, at the rate measured before, a
 *    little faster or slower if it is behind or ahead of the host: a guest that calibrates one timer by another never sees a leap. While
 *    the guest waits, time is the host's.
 */

import { type Prices, priceOf, type Work } from './prices.ts';

/** Counts retired instructions; exact also inside callbacks of the CPU. */
export interface InstructionCounter {
  readonly retired: bigint;
}

/** Until `end`, or until something else than an instruction is paid for, `now()` is time + ⌊(retired − from) × rate⌋, in double precision. */
export interface PaceLine {
  readonly time: number;
  readonly from: number;
  /** In ns per instruction. */
  readonly rate: number;
}

/** Times in nanoseconds of virtual time since the machine was made. */
export interface Pace {
  /** Never decreases. Between `begin` and `end` it goes on with instructions. */
  now(): number;
  /** A slice of instructions begins, ends. */
  begin(): void;
  end(): void;
  /** How `now()` goes on from here with instructions, between `begin` and `end`. */
  line(): PaceLine;
  /** Instructions after which `now()` will have reached `time` at the latest, were a slice to begin now; at least 1. */
  instructionsUntil(time: number): number;
  /** The guest waits, until `begin`. */
  wait(): void;
  /** Nothing can happen before `time`, though the guest waits. */
  leapTo(time: number): void;
  /** True if waiting takes real time, and `leapTo` does nothing. */
  readonly followsHost: boolean;
}

export class InstructionPace implements Pace {
  readonly followsHost = false;
  readonly #cpu: InstructionCounter;
  readonly #work: Work | undefined;
  #rate: number;
  #prices: Prices | undefined = undefined;
  /** Where the present sum begins: instructions, and the price of the work until then. */
  #from = 0n;
  #paid = 0;
  /** Time until there, and time that leapt since. */
  #leapt = 0;

  /**
   * @param nsPerInstruction More than 0.
   * @param work What prices are for.
   */
  constructor(cpu: InstructionCounter, nsPerInstruction: number, work?: Work) {
    this.#cpu = cpu;
    this.#rate = nsPerInstruction;
    this.#work = work;
  }

  now(): number {
    return Math.floor(Number(this.#cpu.retired - this.#from) * this.#rate) + this.#price() + this.#leapt;
  }

  get prices(): Prices | undefined {
    return this.#prices;
  }

  /** From now on, between slices; undefined: only instructions are paid for, at the present rate. */
  set prices(prices: Prices | undefined) {
    this.#leapt = this.now();
    this.#from = this.#cpu.retired;
    this.#prices = prices;
    this.#rate = prices?.nsPerInstruction ?? this.#rate;
    this.#paid = prices === undefined || this.#work === undefined ? 0 : priceOf(this.#work, prices);
  }

  begin(): void {}

  end(): void {}

  line(): PaceLine {
    return { time: this.#price() + this.#leapt, from: Number(this.#from), rate: this.#rate };
  }

  instructionsUntil(time: number): number {
    return Math.max(1, Math.ceil((time - this.now()) / this.#rate));
  }

  wait(): void {}

  leapTo(time: number): void {
    this.#leapt += Math.max(0, time - this.now());
  }

  /** Of the work in the present sum, in whole ns. */
  #price(): number {
    return this.#prices === undefined || this.#work === undefined ? 0 : Math.floor(priceOf(this.#work, this.#prices) - this.#paid);
  }
}

/** Bounds of the measured rate, in ns per instruction: 10,000 million to 100 thousand a second. */
const FASTEST = 0.1;
const SLOWEST = 10_000;
/** Slices are measured together until they have lasted so long: the host's clock may be coarse. */
const MEASURABLE_NS = 200_000;
/** A measurement makes the rate at most so many times slower: the host may have been busy elsewhere. */
const STEEPEST = 2;
/** So far behind the host, time runs twice as fast; so far ahead, it nearly stands still. */
const FAR_NS = 20e6;
const SLOW_DOWN = 0.05;
/** What a host that stood still for longer (a laptop that slept) has missed is left out. */
const LONGEST_GAP_NS = 1e9;

export class HostPace implements Pace {
  readonly followsHost = true;
  readonly #cpu: InstructionCounter;
  readonly #hostMs: () => number;
  /** Host time, in ms, at virtual time 0. */
  #origin: number;
  /** Virtual time at the last boundary. */
  #time = 0;
  #state: 'between' | 'running' | 'waiting' = 'between';
  #retired = 0n;
  #startedNs = 0;
  /** Not yet measured. */
  #elapsedNs = 0;
  #executed = 0;
  /** In ns per instruction: as measured, and as used in the present slice. */
  #measured = 10;
  #rate = 10;

  /** @param hostMs The host's monotonic time in ms. */
  constructor(cpu: InstructionCounter, hostMs: () => number) {
    this.#cpu = cpu;
    this.#hostMs = hostMs;
    this.#origin = hostMs();
  }

  now(): number {
    if (this.#state === 'running') return this.#time + Math.floor(Number(this.#cpu.retired - this.#retired) * this.#rate);
    if (this.#state === 'waiting') this.#time = Math.max(this.#time, Math.floor(this.#host()));
    return this.#time;
  }

  begin(): void {
    this.#time = this.now();
    const host = this.#host();
    const behind = (host - this.#time) / FAR_NS;
    this.#rate = this.#measured * (1 + Math.min(1, Math.max(SLOW_DOWN - 1, behind)));
    this.#startedNs = host;
    this.#retired = this.#cpu.retired;
    this.#state = 'running';
  }

  end(): void {
    this.#time = this.now();
    this.#state = 'between';
    this.#measure(this.#host() - this.#startedNs, Number(this.#cpu.retired - this.#retired));
  }

  line(): PaceLine {
    return { time: this.#time, from: Number(this.#retired), rate: this.#rate };
  }

  instructionsUntil(time: number): number {
    return Math.max(1, Math.ceil((time - this.now()) / this.#rate));
  }

  wait(): void {
    this.#state = 'waiting';
  }

  leapTo(): void {}

  #measure(ns: number, instructions: number): void {
    if (instructions === 0) return;
    this.#elapsedNs += ns;
    this.#executed += instructions;
    if (this.#elapsedNs < MEASURABLE_NS) return;
    const rate = Math.min(SLOWEST, this.#measured * STEEPEST, Math.max(FASTEST, this.#elapsedNs / this.#executed));
    this.#measured += (rate - this.#measured) / 4;
    this.#elapsedNs = 0;
    this.#executed = 0;
  }

  /** Host time in ns of virtual time. */
  #host(): number {
    const host = (this.#hostMs() - this.#origin) * 1e6;
    const gap = host - this.#time;
    if (gap <= LONGEST_GAP_NS) return host;
    this.#origin += (gap - LONGEST_GAP_NS) / 1e6;
    return this.#time + LONGEST_GAP_NS;
  }
}
