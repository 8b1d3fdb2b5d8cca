/**
 * CPU budget ↔ timers ↔ events from outside. One pass: run the timers that are due; run the CPU until the next timer, the end of the
 * slice or something that ends the run; if the guest waits, wait with it; every few milliseconds let the host handle its events, which
 * is when network frames and console input reach the devices.
 *
 * In the deterministic mode the places where the host gets its turn are fixed numbers of instructions, so that input which is there from
 * the beginning is always taken at the same instruction.
 *
 * Work that a device defers to the host is done in a turn, too, as that of a thread of the event loop: after what the host has to do
 * already. The guest does not wait for that turn to come by itself: deferring ends the slice, so it comes at the next instruction boundary,
 * which is the same instruction in each deterministic run.
 */
import type { VirtualClock } from '@paravirt/bus';
import type { Stop } from '@paravirt/x86-core';
import type { Host, Sleep } from './host.ts';
import type { InstructionCounter, Pace } from './pace.ts';

/** The CPU as the loop sees it. */
export interface LoopCpu extends InstructionCounter {
  run(budget: number): Stop;
  endSlice(): void;
  /** False: an interrupt cannot end a halt. */
  readonly interruptible: boolean;
}

/** When a run ends without the guest's doing; whichever comes first. */
export interface StopCondition {
  /** Instructions retired since the machine was made. */
  readonly retired?: bigint;
  /** Virtual time in ns. */
  readonly time?: bigint;
}

/** Why a run of the machine ended. */
export type PcStop =
  | Exclude<Stop, { readonly kind: 'budget' | 'halt' }>
  /** The guest waits with interrupts off and no timer is running: nothing can wake it. */
  | { readonly kind: 'halt' }
  /** The guest wrote to the exit port; `code` is (value << 1) | 1. */
  | { readonly kind: 'exit'; readonly code: number }
  /** `stop()` was called, or the stop condition holds. */
  | { readonly kind: 'stopped' };

export interface RunLoopOptions {
  readonly cpu: LoopCpu;
  readonly clock: VirtualClock;
  readonly pace: Pace;
  readonly host: Host;
  /** Something outside may send input while the guest waits, so waiting takes real time also in the deterministic mode. */
  readonly waitsForHost: boolean;
  /** Other threads that have something to tell the guest, if there are `any`: slices are short then, and it is looked for after each. */
  readonly threads?: { readonly any: boolean; look(): void };
  /** The machine's reset, called between slices. */
  readonly reset: () => void;
  /** Called before the host gets its turn and before a run ends: buffered output is handed over. */
  readonly flush: () => void;
}

/** Host time between two turns of the host's event loop. Short: frames and keys wait as long. */
const SLICE_MS = 2;
/** The longest slice: measured often enough for the pace, and the longest that another thread waits for its interrupt to be seen. */
const LONGEST_SLICE_MS = 1;
const LONGEST_SLICE_WITH_THREADS_MS = 0.1;
/** Instructions between them in the deterministic mode. */
const SLICE_INSTRUCTIONS = 50_000;
/** Waits shorter than this are passed by polling: the platform's timers are that coarse. */
const SHORTEST_SLEEP_MS = 1;

export class RunLoop {
  readonly #options: RunLoopOptions;
  #inSlice = false;
  /** Virtual time at which the present slice ends by itself. */
  #sliceEnd = 0;
  #ended: PcStop | undefined = undefined;
  #resetWanted = false;
  #sleep: Sleep | undefined = undefined;
  #woken = false;
  #running = false;
  #deferred: (() => void)[] = [];
  #haltedAt = -1n;
  /** Times that the guest went to wait. */
  halts = 0;
  /** Runs of deferred work. */
  handOvers = 0;

  constructor(options: RunLoopOptions) {
    this.#options = options;
    options.clock.onEarlierDeadline = (at): void => {
      if (this.#inSlice && Number(at) < this.#sliceEnd) options.cpu.endSlice();
      this.#sleep?.wake();
    };
  }

  /** The guest may have a reason to go on: its interrupt line rose. */
  wake(): void {
    this.#woken = true;
    this.#sleep?.wake();
  }

  /** Runs something in the host's next turn, which comes soon; in the order of the calls. Bounded by who defers. */
  defer(run: () => void): void {
    this.#deferred.push(run);
    this.#leave();
  }

  /** Time has moved by more than instructions: the slice may be over. */
  timeMoved(): void {
    if (this.#inSlice && this.#options.pace.now() >= this.#sliceEnd) this.#options.cpu.endSlice();
  }

  /** Ends the run at the next instruction boundary; the first reason counts. Without a run it ends the next one. */
  end(stop: PcStop): void {
    this.#ended ??= stop;
    this.#leave();
  }

  /** Resets the machine at the next instruction boundary. */
  requestReset(): void {
    this.#resetWanted = true;
    this.#leave();
  }

  #leave(): void {
    if (this.#inSlice) this.#options.cpu.endSlice();
    this.#sleep?.wake();
  }

  get running(): boolean {
    return this.#running;
  }

  /** @throws Error if a run is under way already. */
  async run(until: StopCondition = {}): Promise<PcStop> {
    if (this.#running) throw new Error('the machine is running already');
    this.#running = true;
    try {
      return await this.#loop(until);
    } finally {
      this.#running = false;
      this.#options.flush();
    }
  }

  async #loop(until: StopCondition): Promise<PcStop> {
    const { cpu, clock, pace, host, threads } = this.#options;
    let turnMs = host.now();
    let turnAt = nextMultiple(cpu.retired);
    // What they wrote while nobody ran.
    threads?.look();
    for (;;) {
      if (this.#resetWanted) {
        this.#resetWanted = false;
        this.#options.reset();
      }
      clock.advanceTo(BigInt(pace.now()));
      if (this.#ended !== undefined) {
        const stop = this.#ended;
        this.#ended = undefined;
        return stop;
      }
      if (this.#resetWanted) continue;
      if ((until.retired !== undefined && cpu.retired >= until.retired) || (until.time !== undefined && clock.now() >= until.time))
        return { kind: 'stopped' };

      if (this.#deferred.length > 0) {
        this.#options.flush();
        await host.turn();
        turnMs = host.now();
        this.#runDeferred();
        if (this.#resetWanted || this.#ended !== undefined) continue;
      }
      const longest = threads?.any === true ? LONGEST_SLICE_WITH_THREADS_MS : LONGEST_SLICE_MS;
      const budget = pace.followsHost ? pace.instructionsUntil(pace.now() + longest * 1e6) : Number(turnAt - cpu.retired);
      const stop = this.#slice(budget, until);
      threads?.look();
      const halted = stop.kind === 'halt';
      if (halted && !this.#resetWanted && this.#ended === undefined) {
        if (!cpu.interruptible && clock.nextDeadline === undefined) return { kind: 'halt' };
        // A sleep was the host's turn, too.
        if (await this.#idle(until)) turnMs = host.now();
      } else if (stop.kind !== 'budget' && !halted) return stop;

      // Deterministic: also after each wait, since waits may follow each other without instructions.
      if (pace.followsHost ? host.now() - turnMs >= SLICE_MS : halted || cpu.retired >= turnAt) {
        this.#options.flush();
        await host.turn();
        turnMs = host.now();
        turnAt = nextMultiple(cpu.retired);
      }
    }
  }

  /** What is deferred in the meantime is for the next turn. */
  #runDeferred(): void {
    const ready = this.#deferred;
    this.#deferred = [];
    for (const run of ready) {
      this.handOvers++;
      run();
    }
  }

  /** Runs the CPU until the next timer at the latest. */
  #slice(most: number, until: StopCondition): Stop {
    const { cpu, clock, pace } = this.#options;
    const end = earliest(clock.nextDeadline, until.time);
    let budget = this.#deferred.length > 0 ? 1 : most;
    if (end !== undefined) budget = Math.min(budget, pace.instructionsUntil(end));
    if (until.retired !== undefined) budget = Math.min(budget, Number(until.retired - cpu.retired));
    this.#sliceEnd = end ?? Number.POSITIVE_INFINITY;
    this.#woken = false;
    this.#inSlice = true;
    pace.begin();
    try {
      return cpu.run(Math.max(1, budget));
    } finally {
      pace.end();
      this.#inSlice = false;
    }
  }

  /** The guest waits: until the next timer, or until something comes from outside. True if the host slept. */
  async #idle(until: StopCondition): Promise<boolean> {
    const { cpu, clock, pace, host, waitsForHost } = this.#options;
    if (this.#haltedAt !== cpu.retired) this.halts++;
    this.#haltedAt = cpu.retired;
    this.#options.flush();
    // Something happened in the slice that the CPU may not have seen yet.
    if (this.#woken || this.#deferred.length > 0) return false;
    const end = earliest(clock.nextDeadline, until.time);
    // Without a timer only the outside can end the wait, in either mode.
    if (!pace.followsHost && !waitsForHost && end !== undefined) {
      pace.leapTo(end);
      return false;
    }
    pace.wait();
    const from = pace.now();
    const started = host.now();
    const wait = end === undefined ? Number.POSITIVE_INFINITY : (end - from) / 1e6;
    if (wait <= 0) return false;
    let over = true;
    if (wait < SHORTEST_SLEEP_MS) await host.turn();
    else {
      this.#sleep = host.sleep(wait);
      over = await this.#sleep.done;
      this.#sleep = undefined;
    }
    // Deterministic: exactly to the timer if nothing came from outside, else by the time that has passed.
    const passed = over && !this.#woken ? Number.POSITIVE_INFINITY : from + Math.floor((host.now() - started) * 1e6);
    const next = earliest(clock.nextDeadline, until.time);
    const to = Math.min(passed, end ?? Number.POSITIVE_INFINITY, next ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(to)) pace.leapTo(to);
    return true;
  }
}

const nextMultiple = (retired: bigint): bigint => (retired / BigInt(SLICE_INSTRUCTIONS) + 1n) * BigInt(SLICE_INSTRUCTIONS);

const earliest = (a: bigint | undefined, b: bigint | undefined): number | undefined => {
  if (a === undefined) return b === undefined ? undefined : Number(b);
  return Number(b === undefined || a < b ? a : b);
};
