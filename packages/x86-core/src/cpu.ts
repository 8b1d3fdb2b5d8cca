/**
 * The CPU: owns state, memory access and an engine, and decides between instructions: interrupts, NMI, HLT, single steps, the end of a
 * slice. [SDM 3A §6.9 "Priority Among Simultaneous Exceptions and Interrupts"]
 *
 * Where interrupts are taken does not depend on the engine: after a jump or a system instruction, between iterations of a repeated one,
 * when execution enters another page, and before an instruction that lies in two pages.
 */
import type { InterruptLine } from '@paravirt/bus';
import type { CpuMemory } from './cpu-memory.ts';
import type { EngineName } from './engine-name.ts';
import type { EngineStatistics } from './engines/engine-statistics.ts';
import { HOT } from './engines/heat.ts';
import { Interpreter } from './engines/interpreter.ts';
import { ReferenceEngine } from './engines/reference.ts';
import type { RegionInfo } from './engines/translator/region-info.ts';
import type { Environment, InterruptController, TimestampLine } from './environment.ts';
import { GUEST_FAULT, VECTOR } from './fault.ts';
import { RFLAGS_IF, RFLAGS_TF } from './flags.ts';
import { createRegisters, type Registers } from './registers.ts';
import { SEGMENT_NUMBER, STATE, STATE_ARCHITECTURAL_END, STATE_BASE } from './state.ts';
import type { Stop } from './stop.ts';
import { KIND, NO_ERROR_CODE } from './system/common-case/delivery.ts';
import { enterException, reset } from './system/index.ts';
import { LEAVE_RUN, SystemProcessor } from './system-processor.ts';

export type { EngineName } from './engine-name.ts';

export interface CpuOptions extends Environment {
  readonly memory: CpuMemory;
  /** Default: translator. */
  readonly engine?: EngineName;
  /** With the translator: instructions on the way to a place, up to 65535, after which the code there is translated. Default 40000; 0 translates all it can. */
  readonly hotAfter?: number;
  /** With the translator: keeps what is translated, and counts how often it runs, for `regions`. Slower. Default: false. */
  readonly observe?: boolean;
}

/** A copy of the architectural state, taken between calls of `run`; memory and the INTR pin are not part of it. */
export interface CpuState {
  readonly bytes: Uint8Array;
  readonly retired: bigint;
  readonly nmiPending: boolean;
}

/** The time stamp counter counts retired instructions. */
const RETIRED: TimestampLine = { start: 0n, from: 0, rate: 1 };

/** Instructions in one slice at most: `remaining` is a 32-bit field. */
const LONGEST_SLICE = 2 ** 30;
/** Of `deliveredAt`: no value of `remaining`, also when a slice is cut short. */
const NEVER = -LONGEST_SLICE;
/** DR6.BS: the exception came from a single step. [SDM 3B §18.2.3] */
const DR6_BS = 1n << 14n;

const REMAINING = STATE.remaining.address >>> 2;
const DELIVERED_AT = STATE.deliveredAt.address >>> 2;
const EFLAGS = STATE.eflags.address >>> 2;
const HALTED = STATE.halted.address >>> 2;
const SHADOW = STATE.interruptShadow.address >>> 2;
const SHADOW_UNTIL = STATE.shadowUntil.address >>> 2;
const TIMESTAMP_START = STATE.timestampStart.address >>> 3;
const TIMESTAMP_FROM = STATE.timestampFrom.address >>> 3;
const TIMESTAMP_RATE = STATE.timestampRate.address >>> 3;
const ATTENTION = STATE.attention.address >>> 2;
const NMI_BLOCKED = STATE.nmiBlocked.address >>> 2;

export class Cpu {
  readonly engine: EngineName;
  readonly registers: Registers;
  /** The INTR pin: high while the controller has an interrupt to deliver. */
  readonly intr: InterruptLine;

  readonly #p: SystemProcessor;
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #u64: BigUint64Array;
  readonly #state: Uint8Array;
  readonly #interrupts: InterruptController | undefined;
  readonly #interpreter: Interpreter | undefined;
  readonly #timestampLine: (() => TimestampLine | undefined) | undefined;
  /** Instructions retired where the present timestamp line starts. */
  #timestampOrigin = 0;
  readonly #reference: ReferenceEngine;
  #intrHigh = false;
  #nmiPending = false;
  #endSlice = false;
  #stop: Stop | undefined;
  /** Instructions retired before the current slice, and the length of the slice; −1, as `remaining`, outside of any. */
  #retired = 0;
  #slice = -1;
  /** Value of `retired` at which an interrupt shadow is in force. */
  #shadowAt = -1;
  /** Value of `retired` when a fault was last delivered. */
  #deliveredAt = -1;

  constructor(options: CpuOptions) {
    const { memory, interrupts } = options;
    const { buffer } = memory.memory;
    this.engine = options.engine ?? 'translator';
    this.#i32 = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
    this.#f64 = new Float64Array(buffer, 0, buffer.byteLength >>> 3);
    this.#u64 = new BigUint64Array(buffer, 0, buffer.byteLength >>> 3);
    this.#timestampLine = options.timestamp === undefined ? () => RETIRED : options.timestampLine;
    this.#state = new Uint8Array(buffer, STATE_BASE, STATE_ARCHITECTURAL_END - STATE_BASE);
    this.#interrupts = interrupts;
    const p = new SystemProcessor({ ...options, buffer, ram: memory.ram });
    this.#p = p;
    this.registers = createRegisters(p);
    this.#reference = new ReferenceEngine(p, new DataView(buffer));
    if (this.engine !== 'reference') {
      this.#interpreter = new Interpreter({
        memory: memory.memory,
        ram: memory.ram,
        processor: p,
        arenaStart: memory.arenaStart,
        arenaEnd: memory.arenaEnd,
        leave: () => this.#leave(),
        hotAfter: this.engine === 'translator' ? (options.hotAfter ?? HOT) : undefined,
        observe: options.observe === true,
      });
    }
    this.intr = {
      raise: () => {
        this.#intrHigh = true;
        this.#tellAttention();
        if ((this.#i32[EFLAGS]! & RFLAGS_IF) !== 0) this.#leave();
      },
      lower: () => {
        this.#intrHigh = false;
        this.#tellAttention();
      },
    };
    p.onRetired = () => BigInt(this.#now());
    p.onModeChanged = () => this.#interpreter?.modeChanged();
    p.onFlush = (what) => this.#interpreter?.flushCodeTlb(what);
    p.onHoldInterrupts = () => this.#holdInterrupts();
    p.onInterruptsMayHaveChanged = () => this.#interruptsMayHaveChanged();
    p.onMsrWritten = () => this.#drawTimestamp();
    p.onStop = (stop) => {
      this.#stop = stop;
      this.#leave();
    };
    this.#i32[REMAINING] = -1;
    this.reset();
  }

  /** Instructions retired since the CPU was made; exact also inside callbacks. An iteration of a repeated instruction counts as one. */
  get retired(): bigint {
    return BigInt(this.#now());
  }

  get halted(): boolean {
    return this.#i32[HALTED] !== 0;
  }

  /** RFLAGS.IF: whether an interrupt from outside could be taken. Exact also inside callbacks, but for the shadow of STI and MOV SS. */
  get interruptsEnabled(): boolean {
    return (this.#i32[EFLAGS]! & RFLAGS_IF) !== 0;
  }

  /** Counters of the interpreter; undefined with the reference engine. */
  get statistics(): EngineStatistics | undefined {
    return this.#interpreter?.statistics(this.#now());
  }

  /** The regions of translated code that are in force, for who asked to `observe` them. Not from a callback. */
  regions(): Iterable<RegionInfo> {
    return this.#interpreter?.regions() ?? [];
  }

  /** Runs for about `budget` instructions (at least one): until the first boundary at or after it. */
  run(budget: number): Stop {
    const stop = this.#run(budget);
    // A shadow that is over is no state.
    this.#shadowed();
    return stop;
  }

  #run(budget: number): Stop {
    this.#stop = undefined;
    this.#endSlice = false;
    this.#drawTimestamp();
    const end = this.#retired + Math.max(1, Math.floor(budget));
    for (;;) {
      if (this.#stop !== undefined) return this.#takeStop();
      this.#takeInterrupt();
      if (this.#stop !== undefined) return this.#takeStop();
      if (this.#i32[HALTED] !== 0) return { kind: 'halt' };
      if (this.#endSlice || this.#retired >= end) return { kind: 'budget' };
      if (this.#shadowed() || (this.#i32[EFLAGS]! & RFLAGS_TF) !== 0) this.#singleStep();
      else this.#runSlice(Math.min(end - this.#retired, LONGEST_SLICE) - 1, false);
    }
  }

  /**
   * Executes one instruction (one iteration of a repeated one) after taking what is pending; an exception is delivered and nothing of its
   * handler executed.
   */
  step(): Stop {
    this.#stop = undefined;
    this.#endSlice = false;
    this.#drawTimestamp();
    this.#takeInterrupt();
    if (this.#stop === undefined && this.#i32[HALTED] !== 0) return { kind: 'halt' };
    if (this.#stop === undefined) this.#singleStep();
    this.#shadowed();
    return this.#stop === undefined ? { kind: 'budget' } : this.#takeStop();
  }

  /** Also inside callbacks: what `timestampLine` tells has changed. */
  timestampMoved(): void {
    this.#drawTimestamp();
  }

  /** Inside callbacks: leave `run` at the next boundary with `budget`. */
  endSlice(): void {
    this.#endSlice = true;
    this.#leave();
  }

  /** A non-maskable interrupt. */
  nmi(): void {
    this.#nmiPending = true;
    this.#tellAttention();
    this.#leave();
  }

  /** INIT: as RESET, but x87, SSE, most MSRs and the cache controls stay. [SDM 3A, Table 10-1] */
  init(): void {
    this.reset(true);
  }

  /** Takes effect at the next boundary when called from a callback. */
  reset(init = false): void {
    this.#nmiPending = false;
    this.#tellAttention();
    this.#shadowAt = -1;
    reset(this.#p, init);
    this.#leave();
  }

  saveState(): CpuState {
    return { bytes: this.#state.slice(), retired: this.retired, nmiPending: this.#nmiPending };
  }

  restoreState(state: CpuState): void {
    this.#state.set(state.bytes.subarray(0, this.#state.length));
    this.#retired = Number(state.retired);
    this.#nmiPending = state.nmiPending;
    this.#tellAttention();
    this.#shadowAt = this.#i32[SHADOW] !== 0 ? this.#retired : -1;
    this.#p.flushTlb('all');
    this.#p.modeChanged();
  }

  #takeStop(): Stop {
    const stop = this.#stop as Stop;
    this.#stop = undefined;
    return stop;
  }

  #now(): number {
    const left = this.#i32[REMAINING]!;
    return this.#retired + (this.#slice - left) + (this.#interpreter?.pending ?? 0);
  }

  /** Makes the engine leave at the next boundary; what was executed stays counted right. */
  #leave(): void {
    const left = this.#i32[REMAINING]!;
    if (left < 0) return;
    this.#slice -= left + 1;
    this.#i32[SHADOW_UNTIL]! -= left + 1;
    this.#f64[TIMESTAMP_FROM]! -= left + 1;
    this.#i32[DELIVERED_AT]! -= left + 1;
    this.#i32[REMAINING] = -1;
  }

  /** Tells generated code how to work out the time stamp counter. */
  #drawTimestamp(): void {
    const line = this.#timestampLine?.();
    this.#f64[TIMESTAMP_RATE] = line?.rate ?? 0;
    if (line === undefined) return;
    this.#u64[TIMESTAMP_START] = line.start;
    this.#timestampOrigin = line.from;
    this.#f64[TIMESTAMP_FROM] = this.#retired + this.#slice - line.from;
  }

  /** Common cases of system routines look at this where they could let an interrupt in. */
  #tellAttention(): void {
    this.#i32[ATTENTION] = this.#intrHigh || this.#nmiPending ? 1 : 0;
  }

  #holdInterrupts(): void {
    this.#i32[SHADOW_UNTIL] = this.#i32[REMAINING]! - (this.#interpreter?.pending ?? 0) - 1;
  }

  #interruptsMayHaveChanged(): void {
    const flags = this.#i32[EFLAGS]!;
    const wanted = (this.#intrHigh && (flags & RFLAGS_IF) !== 0) || (this.#nmiPending && this.#i32[NMI_BLOCKED] === 0);
    if (wanted || this.#i32[HALTED] !== 0 || (flags & RFLAGS_TF) !== 0) this.#leave();
  }

  /** An interrupt shadow lasts for one instruction: it counts only if nothing has retired since. */
  #shadowed(): boolean {
    if (this.#i32[SHADOW] === 0) return false;
    if (this.#shadowAt === this.#retired) return true;
    this.#i32[SHADOW] = 0;
    return false;
  }

  #takeInterrupt(): void {
    const i32 = this.#i32;
    if (this.#nmiPending && i32[NMI_BLOCKED] === 0 && !this.#shadowed()) {
      this.#nmiPending = false;
      this.#tellAttention();
      i32[HALTED] = 0;
      i32[NMI_BLOCKED] = 1;
      this.#enter(VECTOR.NMI, NO_ERROR_CODE, KIND.external);
    } else if (this.#intrHigh && (i32[EFLAGS]! & RFLAGS_IF) !== 0 && !this.#shadowed()) {
      const vector = this.#interrupts?.acknowledge() ?? -1;
      if (vector < 0) return;
      i32[HALTED] = 0;
      this.#enter(vector, NO_ERROR_CODE, KIND.external);
    }
  }

  /** Delivers an interrupt from outside or an exception. */
  #enter(vector: number, errorCode: number, kind: typeof KIND.external | typeof KIND.exception): void {
    if (this.#interpreter?.deliver(vector, errorCode, kind) === true) return;
    const external = kind === KIND.external;
    enterException(this.#p, vector, errorCode < 0 ? { external } : { errorCode, external });
  }

  /** One instruction, and the trap that TF asks for behind it. */
  #singleStep(): void {
    const i32 = this.#i32;
    this.#p.stepTrap = (i32[EFLAGS]! & RFLAGS_TF) !== 0;
    i32[SHADOW] = 0;
    const finished = this.#runSlice(0, true);
    // HLT is not complete while it waits; MOV SS and POP SS hold the trap back.
    if (!this.#p.stepTrap || !finished || i32[SHADOW] === 2 || i32[HALTED] !== 0) return;
    this.#p.set64('dr', this.#p.get64('dr', 6) | DR6_BS, 6);
    this.#enter(VECTOR.DB, NO_ERROR_CODE, KIND.exception);
  }

  /** Runs the engine with `remaining` instructions left; false if it ended in a fault, which is then delivered. */
  #runSlice(remaining: number, single: boolean): boolean {
    const i32 = this.#i32;
    this.#slice = remaining;
    i32[REMAINING] = remaining;
    this.#f64[TIMESTAMP_FROM] = this.#retired + remaining - this.#timestampOrigin;
    let finished = true;
    i32[DELIVERED_AT] = this.#deliveredAt === this.#retired ? remaining : NEVER;
    try {
      if (this.#interpreter === undefined) this.#runReference(single);
      else finished = single ? this.#interpreter.step() : this.#interpreter.run();
      if (!finished) this.#deliverFault();
    } catch (error) {
      finished = false;
      this.#interpreter?.settle();
      if (error === GUEST_FAULT) this.#deliverFault();
      else if (error !== LEAVE_RUN) throw error;
    } finally {
      if (i32[DELIVERED_AT] === i32[REMAINING]) this.#deliveredAt = this.#now();
      if (i32[SHADOW] !== 0) this.#shadowAt = this.#retired + this.#slice - i32[SHADOW_UNTIL]!;
      this.#retired += this.#slice - i32[REMAINING]!;
      i32[REMAINING] = -1;
      this.#slice = -1;
    }
    return finished;
  }

  /** A fault where one was delivered before counts as an instruction: a guest that does nothing else uses its budget up, too. */
  #deliverFault(): void {
    const { faultVector, faultErrorCode } = this.#p;
    if (this.#i32[DELIVERED_AT] === this.#i32[REMAINING]) this.#i32[REMAINING]!--;
    this.#i32[DELIVERED_AT] = this.#i32[REMAINING]!;
    this.#enter(faultVector, faultErrorCode, KIND.exception);
  }

  #runReference(single: boolean): void {
    const i32 = this.#i32;
    for (;;) {
      const page = this.#codePage();
      if (!this.#reference.step(i32[REMAINING]! < 0)) return;
      i32[REMAINING]!--;
      if (single) return;
      if (i32[REMAINING]! < 0 && (this.#reference.branched || this.#codePage() !== page)) return;
    }
  }

  /** Number of the linear page that RIP points into. */
  #codePage(): bigint {
    const p = this.#p;
    return p.addLinear(p.get64('rip') + p.get64('linearBase', SEGMENT_NUMBER.CS), 0) >> 12n;
  }
}
