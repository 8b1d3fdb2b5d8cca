/**
 * The vocabulary in which instructions are described. A semantics function is an ordinary generic function over `Language<V>`; an engine
 * is a meaning of `V`:
 *
 *   reference   V = bigint         executes at once
 *   interpreter V = Wasm expression, operands found at run time in a decoded record
 *   translator  V = Wasm expression, operands known at decode time
 *   effects     V = void           derives what a body reads and writes
 *
 * Values. A `V` of width w holds an unsigned number below 2^w; truth values are 0 or 1. Words that compute take the width last; left out,
 * it is `x.width`. Arguments must have that width. A vector is a `V` of width 128, lane 0 lowest.
 *
 * Rules. Only `when`, `whenLikely`, `whenUnlikely`, `rarely`, `select` and `loop` branch; a TypeScript `if` looks at static facts (`width`, `addressWidth`, `stackWidth`,
 * `codeWidth`, `repeatPrefix`, an operand's `width` or `isMemory`), never at a `V`. `bind` before a second use. Accesses that may fault
 * come before the first register, flag or field write. Privileged work is `system`.
 */
import type { FieldName } from '../state.ts';
import type { SystemRoutine } from '../system/routine.ts';
import type { VectorOperation } from './vector-operations.ts';

export type BitWidth = 8 | 16 | 32 | 64 | 128;
export type SegmentName = 'ES' | 'CS' | 'SS' | 'DS' | 'FS' | 'GS';
export type FlagName = 'CF' | 'PF' | 'AF' | 'ZF' | 'SF' | 'OF' | 'DF';
export type RepeatPrefix = 'none' | 'rep' | 'repne';

/** Where an instruction reads or writes. A memory operand's address is worked out once, at its first use. */
export interface Operand<V> {
  readonly width: BitWidth;
  readonly isMemory: boolean;
  /** A memory operand that is also written in this body is read for writing: a page that may not be written faults here. */
  read(): V;
  /** A 32-bit general register is zero-extended to 64 bits; 8- and 16-bit ones keep the rest. An immediate throws at generation. */
  write(value: V): void;
}

/** A piece of arithmetic shared by many instructions (floating point): one function in every engine. */
export interface Subroutine {
  readonly name: string;
  readonly parameters: readonly BitWidth[];
  readonly results: readonly BitWidth[];
  readonly body: <V>(x: Language<V>, ...parameters: V[]) => readonly V[];
  /** Executed so often that a region has the body in place of a call. It says widths wherever a word takes one. */
  readonly inPlace?: boolean;
}

export interface Language<V> {
  /** Operand size in bits: the width of the first operand, or the effective operand size for an instruction without one. */
  readonly width: BitWidth;
  readonly addressWidth: 16 | 32 | 64;
  /** Width of SP/ESP/RSP as the stack segment says. */
  readonly stackWidth: 16 | 32 | 64;
  /** Size of the code segment: 64 in 64-bit mode. */
  readonly codeWidth: 16 | 32 | 64;
  readonly repeatPrefix: RepeatPrefix;

  // Values
  constant(value: bigint | number, width?: BitWidth): V;
  /** Names a value: it is computed here, once. Needed before a second use. */
  bind(value: V): V;
  /** A value that changes: for `loop`, and for a result that two branches of `when` give. */
  variable(initial: V, width?: BitWidth): Operand<V>;
  zeroExtend(value: V, from: BitWidth, to: BitWidth): V;
  signExtend(value: V, from: BitWidth, to: BitWidth): V;
  /** The low `to` bits. */
  truncate(value: V, from: BitWidth, to: BitWidth): V;

  // Arithmetic, modulo 2^width (8 to 64)
  add(a: V, b: V, width?: BitWidth): V;
  sub(a: V, b: V, width?: BitWidth): V;
  mul(a: V, b: V, width?: BitWidth): V;
  /** The high half of the double-width product. */
  mulHighUnsigned(a: V, b: V, width?: BitWidth): V;
  mulHighSigned(a: V, b: V, width?: BitWidth): V;
  /** b ≠ 0 must be known. Widths 32 and 64. */
  divUnsigned(a: V, b: V, width?: BitWidth): V;
  remUnsigned(a: V, b: V, width?: BitWidth): V;
  /** b ≠ 0 and no overflow (−2^(w−1) / −1) must be known. Widths 32 and 64. */
  divSigned(a: V, b: V, width?: BitWidth): V;
  remSigned(a: V, b: V, width?: BitWidth): V;
  and(a: V, b: V, width?: BitWidth): V;
  or(a: V, b: V, width?: BitWidth): V;
  xor(a: V, b: V, width?: BitWidth): V;
  not(a: V, width?: BitWidth): V;
  /** Counts have the width of the value and must be below max(32, width). */
  shl(a: V, count: V, width?: BitWidth): V;
  shr(a: V, count: V, width?: BitWidth): V;
  sar(a: V, count: V, width?: BitWidth): V;
  /** Leading zeros within the width; `width` for zero. Likewise trailing zeros and the number of ones. */
  clz(a: V, width?: BitWidth): V;
  ctz(a: V, width?: BitWidth): V;
  popcnt(a: V, width?: BitWidth): V;
  /** IEEE 754 on bit patterns of width 32 or 64, round to nearest even, no flags; for 'sqrt' b is ignored. NaN results have unspecified payload. */
  float(operation: 'add' | 'sub' | 'mul' | 'div' | 'sqrt', a: V, b: V, width: 32 | 64): V;

  // Truth values (width 8)
  eq(a: V, b: V, width?: BitWidth): V;
  ne(a: V, b: V, width?: BitWidth): V;
  ltUnsigned(a: V, b: V, width?: BitWidth): V;
  ltSigned(a: V, b: V, width?: BitWidth): V;

  // Branches
  /** Both values are computed; neither may have an effect. */
  select(condition: V, then: V, otherwise: V, width?: BitWidth): V;
  when(condition: V, then: () => void, otherwise?: () => void): void;
  /** As `when`, of a condition that nearly always holds, or hardly ever: machine code for the other case may lie out of the way. */
  whenLikely(condition: V, then: () => void, otherwise?: () => void): void;
  whenUnlikely(condition: V, then: () => void, otherwise?: () => void): void;
  /**
   * As `when`, of a condition that hardly ever holds: an engine may then leave the whole instruction to another one, so nothing may have
   * been written before.
   */
  rarely(condition: V, then: () => void, otherwise?: () => void): void;
  /** While `condition` holds, `body`. Must end after a number of rounds bounded by the operands' widths. */
  loop(condition: () => V, body: () => void): void;
  /**
   * REP: if `counter` is zero nothing; else one iteration of `body`, counter − 1, and again until the counter is zero or `leave` holds.
   * Each iteration but the last counts as an instruction after which an interrupt may be taken. Must be the last word of a body.
   *
   * `atOnce` does up to `limit` iterations in one go and gives how many it did; no engine need call it, and 0 is always right. Both have the
   * counter's width.
   */
  repeat(counter: Operand<V>, body: () => void, leave?: () => V, atOnce?: (limit: V) => V): void;
  /**
   * For `atOnce`: copies up to `limit` elements of `width` bits, upwards, from `source`:from to ES:to, as many as the engine finds in RAM
   * without a fault and without overlap. How many. Offsets, limit and result have `addressWidth`.
   */
  copyForward(to: V, from: V, limit: V, width: BitWidth): V;
  /** Likewise stores `value` into up to `limit` elements from ES:to on. */
  fillForward(to: V, value: V, limit: V, width: BitWidth): V;

  // Flags: recorded, derived when read
  /**
   * All six status flags of result = a + b (+ carry) or a − b (− borrow); 'logic' clears CF OF AF; 'increment' and 'decrement' keep CF
   * (b is one). Any carry-in works, because carries are derived from a, b and result.
   */
  flags(kind: 'add' | 'sub' | 'logic' | 'increment' | 'decrement', a: V, b: V, result: V, width?: BitWidth): void;
  /** SF, ZF, PF of `result`; CF and OF as given; AF cleared. */
  resultFlags(result: V, carry: V, overflow: V, width?: BitWidth): void;
  /** Only the flags named. */
  setFlags(values: Partial<Record<FlagName, V>>): void;
  flag(name: FlagName): V;
  /** Condition code 0–15 as in the low four bits of Jcc. [SDM 2D, B.1.4.7 "tttn"] */
  condition(code: number): V;

  // State
  /** General register by number (0 = rAX … 15 = r15); widths 8 (low byte) to 64. */
  gpr(number: number, width?: BitWidth): Operand<V>;
  /** A field of the CPU state table. */
  field(name: FieldName): Operand<V>;
  /** Part of a state array: at byte `index * stride + displacement` from the field, index of width 32 and within the array. */
  indexedField(name: FieldName, index: V, stride: number, displacement: number, width: BitWidth): Operand<V>;

  // Memory
  /** Memory at segment:offset. 'source' is DS or its override. The offset has `addressWidth` (for SS: `stackWidth`) unless `offsetWidth` says otherwise. */
  memory(segment: SegmentName | 'source', offset: V, width: BitWidth, offsetWidth?: BitWidth): Operand<V>;
  /** Offset of a memory operand within its segment, of width `addressWidth`. */
  effectiveAddress(operand: Operand<V>): V;
  /** Linear address of a memory operand, nothing checked. Width 64. */
  linearAddress(operand: Operand<V>): V;
  /** A piece of a memory operand, `displacement` bytes behind its start (a V of `addressWidth`, or a number). */
  part(operand: Operand<V>, displacement: V | number, width: BitWidth): Operand<V>;
  /**
   * Faults unless all of the operand's first `bytes` bytes may be written (or read); with `alignment`, also #GP(0) unless its linear
   * address is a multiple of it.
   */
  probe(operand: Operand<V>, bytes: number, access: 'read' | 'write', alignment?: number): void;

  // Control
  /** Address of the next instruction. */
  nextIp(): V;
  /** Address of this instruction. */
  thisIp(): V;
  /** Raises #GP(0) unless execution may go to `target` (code segment limit, canonical). Width 64. */
  checkTarget(target: V): void;
  /** Next is `target` (width 64, checked by the engine). The last word of its path. */
  jump(target: V): void;
  /** Raises an exception without error code, or with error code 0 where the vector has one. */
  faultIf(condition: V, vector: number): void;
  /**
   * Calls a system routine: plain TypeScript on the processor. Arguments are widened to 64 bits. RIP already points behind the
   * instruction, the routine may change it, and the body may go on afterwards with the result (width 64). Ends the block.
   */
  system(routine: SystemRoutine, ...values: V[]): V;
  call(subroutine: Subroutine, ...values: V[]): readonly V[];
  /** What was written before is seen by other threads before what follows is read. Nothing where memory is not shared. */
  fence(): void;

  // Vectors
  vector(operation: VectorOperation, ...values: V[]): V;
  /** Vector with `value` (32 or 64 bits) in its low lane, zero above. */
  toVector(value: V, width: 32 | 64): V;
  /** Lane `lane` of lanes of `width` bits. */
  lane(vector: V, lane: number, width: 8 | 16 | 32 | 64): V;
  /** `vector` with one lane replaced. */
  withLane(vector: V, lane: number, value: V, width: 8 | 16 | 32 | 64): V;
  /** The 16 bytes at the given places (0–15 of `a`, 16–31 of `b`). */
  shuffle(a: V, b: V, places: readonly number[]): V;
}
