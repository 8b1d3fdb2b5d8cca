/**
 * The engine whose values are nothing: running a body here tells which of its operands it reads and writes, and whether it jumps or calls
 * a system routine. Both branches of `when` run, loops run once.
 */
import type { Body } from '../semantics/instruction.ts';
import type { BitWidth, FlagName, Language, Operand, RepeatPrefix, Subroutine } from '../semantics/language.ts';
import type { FieldName } from '../state.ts';
import type { SystemRoutine } from '../system/routine.ts';

/** What a body may look at while it is run. */
export interface Statics {
  readonly width: BitWidth;
  readonly addressWidth: 16 | 32 | 64;
  readonly stackWidth: 16 | 32 | 64;
  readonly codeWidth: 16 | 32 | 64;
  readonly repeatPrefix: RepeatPrefix;
}

export interface OperandShape {
  readonly width: BitWidth;
  readonly isMemory: boolean;
}

/** How a body leaves the six status flags. */
export type FlagsLeft =
  /** As they were. */
  | { readonly kind: 'kept' }
  /** All as a single `flags` on every path says. */
  | { readonly kind: 'recorded'; readonly by: FlagKind; readonly width: BitWidth }
  | { readonly kind: 'changed' };

export type FlagKind = 'add' | 'sub' | 'logic' | 'increment' | 'decrement';

export interface Effects {
  /** By operand. */
  readonly reads: readonly boolean[];
  readonly writes: readonly boolean[];
  readonly jumps: boolean;
  /** TOP, the register stack's pointer of the x87, matters to what the body does. */
  readonly usesTop: boolean;
  /** System routines that it calls. */
  readonly routines: readonly SystemRoutine[];
  /** One of them is called within `when` or `loop`. */
  readonly routinesInBranch: boolean;
  readonly repeats: boolean;
  /** Where it repeats, it can do several elements at once. */
  readonly repeatsAtOnce: boolean;
  readonly flags: FlagsLeft;
  /** A status flag matters to what the body does. */
  readonly readsFlags: boolean;
  /** Flags are read or written within `when` or `loop`. */
  readonly flagsInBranch: boolean;
}

const NOTHING = undefined;
type Nothing = undefined;

class EffectsLanguage implements Language<Nothing> {
  readonly width: BitWidth;
  readonly addressWidth: 16 | 32 | 64;
  readonly stackWidth: 16 | 32 | 64;
  readonly codeWidth: 16 | 32 | 64;
  readonly repeatPrefix: RepeatPrefix;
  jumps = false;
  readonly routines: SystemRoutine[] = [];
  routinesInBranch = false;
  usesTop = false;
  repeats = false;
  repeatsAtOnce = true;
  left: FlagsLeft = { kind: 'kept' };
  readsFlags = false;
  flagsInBranch = false;
  #branches = 0;

  constructor(statics: Statics) {
    this.width = statics.width;
    this.addressWidth = statics.addressWidth;
    this.stackWidth = statics.stackWidth;
    this.codeWidth = statics.codeWidth;
    this.repeatPrefix = statics.repeatPrefix;
  }

  constant(): Nothing {}
  bind(): Nothing {}
  variable(): Operand<Nothing> {
    return this.#place();
  }
  zeroExtend(): Nothing {}
  signExtend(): Nothing {}
  truncate(): Nothing {}
  add(): Nothing {}
  sub(): Nothing {}
  mul(): Nothing {}
  mulHighUnsigned(): Nothing {}
  mulHighSigned(): Nothing {}
  divUnsigned(): Nothing {}
  remUnsigned(): Nothing {}
  divSigned(): Nothing {}
  remSigned(): Nothing {}
  and(): Nothing {}
  or(): Nothing {}
  xor(): Nothing {}
  not(): Nothing {}
  shl(): Nothing {}
  shr(): Nothing {}
  sar(): Nothing {}
  clz(): Nothing {}
  ctz(): Nothing {}
  popcnt(): Nothing {}
  float(): Nothing {}
  eq(): Nothing {}
  ne(): Nothing {}
  ltUnsigned(): Nothing {}
  ltSigned(): Nothing {}
  select(): Nothing {}
  when(_condition: Nothing, then: () => void, otherwise?: () => void): void {
    this.#branches++;
    then();
    otherwise?.();
    this.#branches--;
  }
  whenLikely(condition: Nothing, then: () => void, otherwise?: () => void): void {
    this.when(condition, then, otherwise);
  }
  whenUnlikely(condition: Nothing, then: () => void, otherwise?: () => void): void {
    this.when(condition, then, otherwise);
  }
  /** What is not rare is no branch where the rest is left to another engine, and flags are recorded without branches elsewhere. */
  rarely(condition: Nothing, then: () => void, otherwise?: () => void): void {
    this.when(condition, then);
    otherwise?.();
  }
  loop(condition: () => Nothing, body: () => void): void {
    this.#branches++;
    condition();
    body();
    this.#branches--;
  }
  repeat(counter: Operand<Nothing>, body: () => void, leave?: () => Nothing, atOnce?: (limit: Nothing) => Nothing): void {
    this.repeats = true;
    if (atOnce === undefined) this.repeatsAtOnce = false;
    counter.read();
    body();
    counter.write(NOTHING);
    leave?.();
    atOnce?.(NOTHING);
  }
  copyForward(): Nothing {}
  fillForward(): Nothing {}
  flags(by: FlagKind, _a: Nothing, _b: Nothing, _result: Nothing, width: BitWidth = this.width): void {
    if (by === 'increment' || by === 'decrement') this.readsFlags = true;
    this.#write(this.left.kind === 'kept' && this.#branches === 0 ? { kind: 'recorded', by, width } : { kind: 'changed' });
  }
  resultFlags(): void {
    this.#write({ kind: 'changed' });
  }
  setFlags(values: Partial<Record<FlagName, Nothing>>): void {
    if (Object.keys(values).every((name) => name === 'DF')) return;
    this.#read();
    this.#write({ kind: 'changed' });
  }
  flag(name: FlagName): Nothing {
    if (name !== 'DF') this.#read();
  }
  condition(): Nothing {
    this.#read();
  }
  gpr(): Operand<Nothing> {
    return this.#place();
  }
  field(name: FieldName): Operand<Nothing> {
    if (name === 'ftop') this.usesTop = true;
    return this.#place();
  }
  indexedField(): Operand<Nothing> {
    return this.#place();
  }
  memory(): Operand<Nothing> {
    return this.#place();
  }
  effectiveAddress(): Nothing {}
  linearAddress(): Nothing {}
  part(): Operand<Nothing> {
    return this.#place();
  }
  probe(): void {}
  nextIp(): Nothing {}
  thisIp(): Nothing {}
  checkTarget(): void {}
  jump(): void {
    this.jumps = true;
  }
  faultIf(): void {}
  system(routine: SystemRoutine): Nothing {
    this.routines.push(routine);
    if (this.#branches > 0) this.routinesInBranch = true;
  }
  call(subroutine: Subroutine): readonly Nothing[] {
    return subroutine.results.map(() => NOTHING);
  }
  fence(): void {}
  vector(): Nothing {}
  toVector(): Nothing {}
  lane(): Nothing {}
  withLane(): Nothing {}
  shuffle(): Nothing {}

  #read(): void {
    this.readsFlags = true;
    if (this.#branches > 0) this.flagsInBranch = true;
  }

  #write(left: FlagsLeft): void {
    this.left = left;
    if (this.#branches > 0) this.flagsInBranch = true;
  }

  #place(): Operand<Nothing> {
    return { width: 64, isMemory: false, read: () => NOTHING, write: () => {} };
  }
}

/** Effects of a body under these statics and operand shapes. */
export function effectsOf(body: Body, statics: Statics, shapes: readonly OperandShape[]): Effects {
  const language = new EffectsLanguage(statics);
  const reads = shapes.map(() => false);
  const writes = shapes.map(() => false);
  const operands = shapes.map(
    (shape, i): Operand<Nothing> => ({
      ...shape,
      read: () => {
        reads[i] = true;
        return NOTHING;
      },
      write: () => {
        writes[i] = true;
      },
    }),
  );
  body<Nothing>(language, ...operands);
  return {
    reads,
    writes,
    jumps: language.jumps,
    usesTop: language.usesTop,
    routines: language.routines,
    routinesInBranch: language.routinesInBranch,
    repeats: language.repeats,
    repeatsAtOnce: language.repeatsAtOnce,
    flags: language.left,
    readsFlags: language.readsFlags,
    flagsInBranch: language.flagsInBranch,
  };
}
