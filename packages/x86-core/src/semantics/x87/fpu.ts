/**
 * What x87 instructions have in common: the register stack, tags, the status word and how exceptions come into it. [SDM 1 §8.1, §8.5–8.7]
 *
 * A body first asks for `waiting` (which raises #NM and the #MF of an earlier exception), then reads memory, computes, and ends with
 * `conclude`: that records the exceptions and writes results, if they may be written. (`settle` is the part of it that records, for who
 * needs the answer.) An unmasked invalid operation, denormal operand or division by zero leaves registers and memory as they are.
 * [SDM 1 §8.6, §8.7] What hardly ever happens is said by `rarely`: an empty or a full stack, an unmasked exception.
 *
 * Both also keep the pointers to the instruction and its operand. DEVIATION: the operand's selector (FDS) and the opcode (FOP) are not kept: they
 * stay what FLDENV, FRSTOR or FXRSTOR made them. [SDM 1 §8.1.8, §8.1.9: recent processors leave both out, too]
 */
import { VECTOR } from '../../fault.ts';
import { BEFORE_COMPUTING, EXCEPTION, EXCEPTIONS } from '../float/control.ts';
import { negation, Words } from '../float/words.ts';
import type { Language, Operand } from '../language.ts';

/** Bits of the status word. TOP is kept apart. [SDM 1, Figure 8-4] */
export const FSW = { stackFault: 0x40, errorSummary: 0x80, c0: 0x100, c1: 0x200, c2: 0x400, c3: 0x4000, busy: 0x8000 } as const;
export const CONDITION_CODE = 0x4700;
/** Invalid operation for want of an operand (C1 = 0), and for want of a free register (C1 = 1). [SDM 1 §8.5.1.1] */
export const STACK_UNDERFLOW: number = EXCEPTION.invalid | FSW.stackFault;
export const STACK_OVERFLOW: number = STACK_UNDERFLOW | FSW.c1;

const CS = 1;

/** A number in double extended precision: significand (64), sign and exponent (32). */
export interface Extended<V> {
  readonly significand: V;
  readonly top: V;
}

export class Fpu<V> {
  readonly x: Language<V>;
  /** Words of width 32 and 64. */
  readonly d: Words<V>;
  readonly q: Words<V>;
  /** Control word, width 32. */
  readonly control: V;
  /** Status word as the instruction found it, width 32. */
  readonly #status: V;
  readonly #top: V;
  /** Offset of the memory operand, width 64. Found here, so that it is known on every path. */
  readonly #offset: V | undefined;

  private constructor(x: Language<V>, status: V, operand?: Operand<V>) {
    this.x = x;
    if (operand !== undefined) {
      const offset = x.effectiveAddress(operand);
      this.#offset = x.bind(x.addressWidth === 64 ? offset : x.zeroExtend(offset, x.addressWidth, 64));
    }
    this.d = new Words(x, 32);
    this.q = new Words(x, 64);
    this.control = x.bind(x.zeroExtend(x.field('fcw').read(), 16, 32));
    this.#status = status;
    this.#top = x.bind(x.field('ftop').read());
  }

  /**
   * For an instruction that waits for earlier exceptions: all but the control instructions whose mnemonic starts with FN. `operand`: its
   * memory operand, whose offset becomes the data pointer.
   */
  static waiting<V>(x: Language<V>, operand?: Operand<V>): Fpu<V> {
    const d = new Words(x, 32);
    const status = Fpu.#statusWord(x);
    const blocked = x.bind(x.field('x87Blocked').read());
    // Both are rare: one look is enough to see that there is neither.
    x.rarely(d.ne(d.or(blocked, d.and(status, FSW.errorSummary)), 0), () => {
      x.faultIf(d.ne(blocked, 0), VECTOR.NM);
      x.faultIf(x.constant(1, 8), VECTOR.MF);
    });
    return new Fpu(x, status, operand);
  }

  /** For a control instruction that does not. */
  static notWaiting<V>(x: Language<V>): Fpu<V> {
    // [SDM 3A, Table 2-2]
    x.faultIf(x.ne(x.field('x87Blocked').read(), x.constant(0, 32), 32), VECTOR.NM);
    return new Fpu(x, Fpu.#statusWord(x));
  }

  static #statusWord<V>(x: Language<V>): V {
    return x.bind(x.zeroExtend(x.field('fsw').read(), 16, 32));
  }

  // Registers. A slot is the physical number of one, width 32.

  /** Slot of ST(i); −1 is where a push goes. */
  slot(i: number | V): V {
    return i === 0 ? this.#top : this.d.and(this.d.add(this.#top, i), 7);
  }

  /** Slot of the ST(i) that an operand (width 8) names. */
  slotOf(number: V): V {
    return this.slot(this.x.zeroExtend(number, 8, 32));
  }

  /** A truth value. */
  isOccupied(slot: V): V {
    return this.#lowestBit(this.d.shr(this.#tags(), slot));
  }

  /** Neither of two registers is empty. */
  areOccupied(a: V, b: V): V {
    const { d } = this;
    const tags = this.#tags();
    return this.#lowestBit(d.and(d.shr(tags, a), d.shr(tags, b)));
  }

  isEmpty(slot: V): V {
    return negation(this.x, this.isOccupied(slot));
  }

  #tags(): V {
    return this.x.bind(this.x.zeroExtend(this.x.field('ftags').read(), 16, 32));
  }

  #lowestBit(value: V): V {
    return this.x.bind(this.x.truncate(this.d.and(value, 1), 32, 8));
  }

  read(slot: V): Extended<V> {
    const { x } = this;
    const significand = x.bind(x.indexedField('fpr', slot, 16, 0, 64).read());
    return { significand, top: x.bind(x.zeroExtend(x.indexedField('fpr', slot, 16, 8, 16).read(), 16, 32)) };
  }

  /** Fills a register, empty or not. */
  write(slot: V, value: Extended<V>): void {
    this.overwrite(slot, value);
    this.#tag(slot, undefined);
  }

  /** Fills a register that is known not to be empty. */
  overwrite(slot: V, value: Extended<V>): void {
    const { x } = this;
    x.indexedField('fpr', slot, 16, 0, 64).write(value.significand);
    x.indexedField('fpr', slot, 16, 8, 16).write(x.truncate(value.top, 32, 16));
  }

  free(slot: V): void {
    this.#tag(undefined, slot);
  }

  /** One register becomes occupied, then one empty. */
  #tag(occupied: V | undefined, empty: V | undefined): void {
    const { x, d } = this;
    const bit = (slot: V): V => d.shl(1, slot);
    const tags = this.#tags();
    const more = occupied === undefined ? tags : d.or(tags, bit(occupied));
    const left = empty === undefined ? more : d.and(more, d.not(bit(empty)));
    x.field('ftags').write(x.truncate(left, 32, 16));
  }

  /** Frees ST(0) and makes ST(1) the top; `twice`: frees that, too. */
  pop(twice = false): void {
    const next = this.slot(1);
    this.free(this.#top);
    if (twice) this.free(next);
    this.x.field('ftop').write(twice ? this.slot(2) : next);
  }

  /** The value into a register, empty or not, and a pop. */
  writeAndPop(slot: V, value: Extended<V>): void {
    this.overwrite(slot, value);
    this.#tag(slot, this.#top);
    this.x.field('ftop').write(this.slot(1));
  }

  /** The value, made known with its exceptions (without them, if it has none), on top of the stack. */
  push(value: Extended<V>, exceptions?: V): void {
    const { x, d } = this;
    const slot = this.slot(-1);
    const place = (pushed: Extended<V>): void => {
      this.write(slot, pushed);
      x.field('ftop').write(slot);
    };
    x.rarely(
      this.isOccupied(slot),
      () => x.when(this.settle(d.constant(STACK_OVERFLOW)), () => place(this.indefinite())),
      () => (exceptions === undefined ? this.quietly(() => place(value)) : this.conclude(exceptions, () => place(value))),
    );
  }

  moveTop(slot: V): void {
    this.x.field('ftop').write(slot);
  }

  /** The masked answer to an invalid operation. */
  indefinite(): Extended<V> {
    return { significand: this.x.constant(3n << 62n, 64), top: this.x.constant(0xffff, 32) };
  }

  // Status

  /**
   * Records exceptions (width 32; C1 and the stack fault with them) and, if given, the rest of the condition code, and where the
   * instruction is. Answers whether results may be written (a truth value).
   */
  settle(exceptions: V, conditionCode?: V): V {
    return this.#settle(this.#statusAfter(exceptions, conditionCode), exceptions);
  }

  /** As `settle`, of an instruction that leaves C1 alone unless the stack faults: FCMOVcc, FCOMI and the like. [SDM 2A, "FCMOVcc"] */
  settleKeepingC1(exceptions: V): V {
    return this.#settle(this.#statusKeepingC1(exceptions), exceptions);
  }

  /** Records exceptions, which mostly are masked, as `settle` does, and then writes results, unless they may not be written. */
  conclude(exceptions: V, write: () => void, conditionCode?: V): void {
    this.#conclude(this.#statusAfter(exceptions, conditionCode), exceptions, write);
  }

  /** As `conclude`, and as `settleKeepingC1`. */
  concludeKeepingC1(exceptions: V, write: () => void): void {
    this.#conclude(this.#statusKeepingC1(exceptions), exceptions, write);
  }

  #statusAfter(exceptions: V, conditionCode?: V): V {
    const { d } = this;
    if (conditionCode === undefined) return d.or(d.and(this.#status, ~FSW.c1), exceptions);
    return d.or(d.or(d.and(this.#status, ~CONDITION_CODE), conditionCode), exceptions);
  }

  #statusKeepingC1(exceptions: V): V {
    const { d } = this;
    const kept = d.select(d.eq(d.and(exceptions, FSW.stackFault), 0), -1, ~FSW.c1);
    return d.or(d.and(this.#status, kept), exceptions);
  }

  #settle(status: V, exceptions: V): V {
    const { x, d } = this;
    const unmasked = this.unmasked(exceptions);
    this.#writeStatus(status);
    x.when(d.ne(unmasked, 0), () => this.#writeStatus(d.or(status, FSW.errorSummary | FSW.busy)));
    this.#point();
    return d.eq(d.and(unmasked, BEFORE_COMPUTING), 0);
  }

  #conclude(status: V, exceptions: V, write: () => void): void {
    const { x, d } = this;
    x.rarely(
      d.ne(this.unmasked(exceptions), 0),
      () => x.when(this.#settle(status, exceptions), write),
      () => {
        this.#writeStatus(status);
        this.#point();
        write();
      },
    );
  }

  /** Writes results of what raises nothing. */
  quietly(write: () => void): void {
    this.settleQuietly();
    write();
  }

  #writeStatus(status: V): void {
    this.x.field('fsw').write(this.x.truncate(status, 32, 16));
  }

  /** The pointers to the instruction and its operand. */
  #point(): void {
    const { x } = this;
    x.field('fip').write(x.thisIp());
    x.field('fcs').write(x.indexedField('segmentSelector', x.constant(CS, 32), 4, 0, 16).read());
    if (this.#offset !== undefined) x.field('fdp').write(this.#offset);
  }

  /** Those of the exceptions that are unmasked. */
  unmasked(exceptions: V): V {
    const { d } = this;
    return d.and(d.and(exceptions, d.not(this.control)), EXCEPTIONS);
  }

  /** Nothing happened: C1 is cleared. */
  settleQuietly(): void {
    this.#writeStatus(this.d.and(this.#status, ~FSW.c1));
    this.#point();
  }
}
