/**
 * What x87 instructions have in common: the register stack, tags, the status word and how exceptions come into it. [SDM 1 §8.1, §8.5–8.7]
 *
 * A body first asks for `waiting` (which raises #NM and the #MF of an earlier exception), then reads memory, computes, and ends with
 * `settle`: that records the exceptions and says whether results may be written. An unmasked invalid operation, denormal operand or
 * division by zero leaves registers and memory as they are. [SDM 1 §8.6, §8.7]
 *
 * `settle` also keeps the pointers to the instruction and its operand. DEVIATION: the operand's selector (FDS) and the opcode (FOP) are not kept: they
 * stay what FLDENV, FRSTOR or FXRSTOR made them. [SDM 1 §8.1.8, §8.1.9: recent processors leave both out, too]
 */
import { VECTOR } from '../../fault.ts';
import { BEFORE_COMPUTING, EXCEPTION } from '../float/control.ts';
import { both, negation, Words } from '../float/words.ts';
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
  readonly #top: V;
  /** Offset of the memory operand, width 64. Found here, so that it is known on every path. */
  readonly #offset: V | undefined;

  private constructor(x: Language<V>, operand?: Operand<V>) {
    this.x = x;
    if (operand !== undefined) {
      const offset = x.effectiveAddress(operand);
      this.#offset = x.bind(x.addressWidth === 64 ? offset : x.zeroExtend(offset, x.addressWidth, 64));
    }
    this.d = new Words(x, 32);
    this.q = new Words(x, 64);
    this.control = x.bind(x.zeroExtend(x.field('fcw').read(), 16, 32));
    this.#top = x.bind(x.field('ftop').read());
  }

  /**
   * For an instruction that waits for earlier exceptions: all but the control instructions whose mnemonic starts with FN. `operand`: its
   * memory operand, whose offset becomes the data pointer.
   */
  static waiting<V>(x: Language<V>, operand?: Operand<V>): Fpu<V> {
    Fpu.#available(x);
    const status = x.field('fsw').read();
    x.faultIf(x.ne(x.and(status, x.constant(FSW.errorSummary, 16), 16), x.constant(0, 16), 16), VECTOR.MF);
    return new Fpu(x, operand);
  }

  /** For a control instruction that does not. */
  static notWaiting<V>(x: Language<V>): Fpu<V> {
    Fpu.#available(x);
    return new Fpu(x);
  }

  /** [SDM 3A, Table 2-2] */
  static #available<V>(x: Language<V>): void {
    x.faultIf(x.ne(x.field('x87Blocked').read(), x.constant(0, 32), 32), VECTOR.NM);
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

  isOccupied(slot: V): V {
    const tags = this.x.zeroExtend(this.x.field('ftags').read(), 16, 32);
    return this.x.bind(this.x.truncate(this.d.and(this.d.shr(tags, slot), 1), 32, 8));
  }

  read(slot: V): Extended<V> {
    const { x } = this;
    const significand = x.bind(x.indexedField('fpr', slot, 16, 0, 64).read());
    return { significand, top: x.bind(x.zeroExtend(x.indexedField('fpr', slot, 16, 8, 16).read(), 16, 32)) };
  }

  /** Fills a register, empty or not. */
  write(slot: V, value: Extended<V>): void {
    const { x } = this;
    this.overwrite(slot, value);
    const bit = x.truncate(this.d.shl(1, slot), 32, 16);
    x.field('ftags').write(x.or(x.field('ftags').read(), bit, 16));
  }

  /** Fills a register that is known not to be empty. */
  overwrite(slot: V, value: Extended<V>): void {
    const { x } = this;
    x.indexedField('fpr', slot, 16, 0, 64).write(value.significand);
    x.indexedField('fpr', slot, 16, 8, 16).write(x.truncate(value.top, 32, 16));
  }

  free(slot: V): void {
    const { x } = this;
    const bit = x.truncate(this.d.shl(1, slot), 32, 16);
    x.field('ftags').write(x.and(x.field('ftags').read(), x.not(bit, 16), 16));
  }

  /** Frees ST(0) and makes ST(1) the top; `twice`: frees that, too. */
  pop(twice = false): void {
    const next = this.slot(1);
    this.free(this.#top);
    if (twice) this.free(next);
    this.x.field('ftop').write(twice ? this.slot(2) : next);
  }

  /** The value, made known with its exceptions, on top of the stack. */
  push(value: Extended<V>, exceptions: V): void {
    const { x, d, q } = this;
    const slot = this.slot(-1);
    const full = this.isOccupied(slot);
    const indefinite = this.indefinite();
    const pushed = {
      significand: q.select(full, indefinite.significand, value.significand),
      top: d.select(full, indefinite.top, value.top),
    };
    x.when(this.settle(d.select(full, STACK_OVERFLOW, exceptions)), () => {
      this.write(slot, pushed);
      x.field('ftop').write(slot);
    });
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
    const cleared = conditionCode === undefined ? FSW.c1 : CONDITION_CODE;
    return this.#settle(exceptions, this.d.constant(~cleared), conditionCode);
  }

  /** As `settle`, of an instruction that leaves C1 alone unless the stack faults: FCMOVcc, FCOMI and the like. [SDM 2A, "FCMOVcc"] */
  settleKeepingC1(exceptions: V): V {
    const { d } = this;
    return this.#settle(exceptions, d.select(d.eq(d.and(exceptions, FSW.stackFault), 0), -1, ~FSW.c1), undefined);
  }

  #settle(exceptions: V, kept: V, conditionCode: V | undefined): V {
    const { x, d } = this;
    const status = x.zeroExtend(x.field('fsw').read(), 16, 32);
    const unmasked = this.unmasked(exceptions);
    const summary = d.select(d.ne(unmasked, 0), FSW.errorSummary | FSW.busy, 0);
    const told = conditionCode === undefined ? exceptions : d.or(exceptions, conditionCode);
    x.field('fsw').write(x.truncate(d.or(d.or(d.and(status, kept), told), summary), 32, 16));
    x.field('fip').write(x.thisIp());
    x.field('fcs').write(x.indexedField('segmentSelector', x.constant(CS, 32), 4, 0, 16).read());
    if (this.#offset !== undefined) x.field('fdp').write(this.#offset);
    return d.eq(d.and(unmasked, BEFORE_COMPUTING), 0);
  }

  /** Those of the exceptions that are unmasked. */
  unmasked(exceptions: V): V {
    const { d } = this;
    return d.and(d.and(exceptions, d.not(this.control)), 0x3f);
  }

  /** Nothing happened: C1 is cleared. */
  settleQuietly(): void {
    this.settle(this.d.constant(0));
  }

  /** Neither of two registers is empty. */
  areOccupied(a: V, b: V): V {
    return both(this.x, this.isOccupied(a), this.isOccupied(b));
  }

  isEmpty(slot: V): V {
    return negation(this.x, this.isOccupied(slot));
  }
}
