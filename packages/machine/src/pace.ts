/**
 * How virtual time follows the world. [docs: ARCHITECTURE.md, "Time"] Two ways:
 *
 *  - `InstructionPace`: time is a count of retired instructions times a rate. While the guest waits, time leaps to the next timer. Nothing
 *    of the host enters, so two runs with the same input are the same.
 *  - `HostPace`: time follows the host's clock. Within a slice it goes on with instructions, at the rate measured before; at the end of a
 *    slice it is set to the host's time, unless that would move it back: then the guest runs slower until the host has caught up.
 */

/** Counts retired instructions; exact also inside callbacks of the CPU. */
export interface InstructionCounter {
  readonly retired: bigint;
}

/** Times in nanoseconds of virtual time since the machine was made. */
export interface Pace {
  /** Never decreases. Between `begin` and `end` it goes on with instructions. */
  now(): number;
  /** A slice of instructions begins, ends. */
  begin(): void;
  end(): void;
  /** Instructions after which `now()` will have reached `time`, were a slice to begin now; at least 1. */
  instructionsUntil(time: number): number;
  /** The guest waits and nothing else can happen before `time`. */
  leapTo(time: number): void;
  /** True if waiting takes real time: `leapTo` then only ever rounds up. */
  readonly followsHost: boolean;
}

export class InstructionPace implements Pace {
  readonly followsHost = false;
  readonly #cpu: InstructionCounter;
  readonly #rate: number;
  /** Time that did not come from instructions. */
  #leapt = 0;

  /** @param nsPerInstruction More than 0. */
  constructor(cpu: InstructionCounter, nsPerInstruction: number) {
    this.#cpu = cpu;
    this.#rate = nsPerInstruction;
  }

  now(): number {
    return Math.floor(Number(this.#cpu.retired) * this.#rate) + this.#leapt;
  }

  begin(): void {}

  end(): void {}

  instructionsUntil(time: number): number {
    return Math.max(1, Math.ceil((time - this.now()) / this.#rate));
  }

  leapTo(time: number): void {
    this.#leapt += Math.max(0, time - this.now());
  }
}

/** Bounds of the measured rate, in ns per instruction: 10,000 million to 100 thousand a second. */
const FASTEST = 0.1;
const SLOWEST = 10_000;
/** Slices are measured together until they have lasted so long: the host's clock may be coarse. */
const MEASURABLE_NS = 200_000;
/** A measurement makes the rate at most so many times slower: the host may have been busy elsewhere. */
const STEEPEST = 2;
/** Time goes on within a slice at this part of the measured rate. */
const SLACK = 0.95;
/** So far ahead of the host, time nearly stands still. */
const FAR_AHEAD_NS = 20e6;
/** A host that stood still for longer (a laptop that slept) does not make the guest's timers run after what was missed. */
const LONGEST_GAP_NS = 1e9;

export class HostPace implements Pace {
  readonly followsHost = true;
  readonly #cpu: InstructionCounter;
  readonly #hostMs: () => number;
  /** Host time, in ms, at virtual time 0. */
  #origin: number;
  /** Virtual time at the last boundary. */
  #time = 0;
  #running = false;
  #retired = 0n;
  #startedNs = 0;
  /** Not yet measured. */
  #elapsedNs = 0;
  #executed = 0;
  /** As measured, and as used in the present slice. */
  #measured = 10;
  #rate = 10;

  /** @param hostMs The host's monotonic time in ms. */
  constructor(cpu: InstructionCounter, hostMs: () => number) {
    this.#cpu = cpu;
    this.#hostMs = hostMs;
    this.#origin = hostMs();
  }

  now(): number {
    if (this.#running) return this.#time + Math.floor(Number(this.#cpu.retired - this.#retired) * this.#rate);
    return this.#follow(this.#host());
  }

  begin(): void {
    const host = this.#host();
    this.#follow(host);
    this.#startedNs = host;
    this.#retired = this.#cpu.retired;
    // A little slower than measured, and the slower the further time is ahead of the host's, which then catches up.
    const ahead = Math.max(0, this.#time - host);
    this.#rate = this.#measured * Math.max(0.05, SLACK * (1 - ahead / FAR_AHEAD_NS));
    this.#running = true;
  }

  end(): void {
    const instructions = Number(this.#cpu.retired - this.#retired);
    this.#time = this.now();
    this.#running = false;
    const host = this.#host();
    this.#measure(host - this.#startedNs, instructions);
    this.#follow(host);
  }

  instructionsUntil(time: number): number {
    return Math.max(1, Math.ceil((time - this.now()) / (this.#measured * SLACK)));
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

  #host(): number {
    return (this.#hostMs() - this.#origin) * 1e6;
  }

  /** Moves to the host's time, never back. */
  #follow(host: number): number {
    const gap = host - this.#time;
    if (gap > LONGEST_GAP_NS) this.#origin += (gap - LONGEST_GAP_NS) / 1e6;
    if (gap > 0) this.#time = Math.floor(this.#time + Math.min(gap, LONGEST_GAP_NS));
    return this.#time;
  }
}
