/**
 * The words of Language about flags in a region: recorded in locals in the form of lazy-flags.ts, compared and branched upon in one where
 * the kind is known.
 */
import type { BitWidth, FlagName } from '../../semantics/language.ts';
import { call, i32Const, i64Const, localGet, localSet, OP } from '../../wasm/instructions.ts';
import type { Effects, FlagKind, Statics } from '../effects.ts';
import { constantExpr, type Expr, expr, wide } from '../expression.ts';
import { WasmFlags } from '../wasm-flags.ts';
import { CARRY_MARK, carryOfAnyKind, type Kind, LOGIC, meet, numberOf, OF_SET, SETTLED, sameKind } from './lazy-flags.ts';
import type { RegionSurroundings } from './surroundings.ts';

export class TranslatorFlags extends WasmFlags {
  protected readonly around: RegionSurroundings;
  /** The body reads CF before it records a sum: there is a carry-in, for which the lazy form has no room. */
  readonly #carriesIn: boolean;

  readonly #flagsInBranch: boolean;

  constructor(statics: Statics, around: RegionSurroundings, { readsFlags, flagsInBranch }: Effects) {
    super(around.f, statics);
    this.around = around;
    this.#carriesIn = readsFlags;
    this.#flagsInBranch = flagsInBranch;
  }

  /** From here on the two words are those of state.ts. */
  settle(): void {
    const { kind, locals } = this.around;
    const number = numberOf(kind);
    if (number === 0) return;
    if (kind.carry !== true && kind.form === 'lazy' && (kind.operation === 'add' || kind.operation === 'sub')) {
      // In place: a call would cost more, and what nobody reads is dropped.
      const { operation, width } = kind;
      const x = this.bind(this.#word(locals.flagFirst, width));
      const y = this.bind(this.#word(locals.flagSecond, width));
      super.flags(operation, x, y, operation === 'add' ? this.add(x, y, width) : this.sub(x, y, width), width);
      return;
    }
    const code = number === undefined ? localGet(locals.flagKind) : i32Const(number);
    const words = [...localGet(locals.flagFirst), ...localGet(locals.flagSecond)];
    if (kind.carry === true || number === undefined)
      this.f.emit(code, words, localGet(locals.flagCarry), call(this.around.helper('settle')));
    else this.f.emit(code, words, call(this.around.helper('settleLazy')));
    this.f.emit(localSet(locals.flagSecond), localSet(locals.flagFirst));
    this.around.kind = SETTLED;
  }

  override when(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.#keepTrack(then, otherwise, (first, second) => super.when(condition, first, second));
  }

  override whenLikely(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.#keepTrack(then, otherwise, (first, second) => super.whenLikely(condition, first, second));
  }

  override whenUnlikely(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.#keepTrack(then, otherwise, (first, second) => super.whenUnlikely(condition, first, second));
  }

  /** Where one way changes the flags, the local tells afterwards which was gone; TOP is known if it is the same. */
  #keepTrack(
    then: () => void,
    otherwise: (() => void) | undefined,
    write: (then: () => void, otherwise: (() => void) | undefined) => void,
  ): void {
    const { around } = this;
    const { kind, top } = around;
    const ends: { readonly kind: Kind; readonly top: number | undefined }[] = [];
    const way = (run: (() => void) | undefined) => (): void => {
      around.kind = kind;
      around.top = top;
      run?.();
      if (!sameKind(around.kind, kind)) around.setKind();
      ends.push({ kind: around.kind, top: around.top });
    };
    // Where flags change on one way only, the other way ends with those of before.
    if (this.#flagsInBranch) around.setKind();
    write(way(then), otherwise === undefined ? undefined : way(otherwise));
    const [first, second = { kind, top }] = ends as [(typeof ends)[0], (typeof ends)[0] | undefined];
    around.kind = meet(first.kind, second.kind);
    around.top = first.top === second.top ? first.top : undefined;
  }

  override loop(condition: () => Expr, body: () => void): void {
    if (this.#flagsInBranch) this.settle();
    this.around.top = undefined;
    super.loop(condition, () => {
      body();
      if (this.#flagsInBranch) this.settle();
    });
  }

  protected override resultWord(): readonly number[] {
    this.settle();
    return localGet(this.around.locals.flagFirst);
  }

  protected override carriesWord(): readonly number[] {
    this.settle();
    return localGet(this.around.locals.flagSecond);
  }

  protected override storeWords(result: readonly number[] | undefined, carries: readonly number[]): void {
    const { flagFirst, flagSecond } = this.around.locals;
    if (result === undefined) this.settle();
    // Either code may read the words as they were.
    this.f.emit(result ?? localGet(flagFirst), carries, localSet(flagSecond), localSet(flagFirst));
    this.around.kind = SETTLED;
  }

  override flags(by: FlagKind, a: Expr, b: Expr, result: Expr, width: BitWidth = this.width): void {
    if (by === 'logic') {
      super.flags(by, a, b, result, width);
      this.around.kind = LOGIC;
      return;
    }
    if (this.#carriesIn && (by === 'add' || by === 'sub')) {
      super.flags(by, a, b, result, width);
      return;
    }
    const { flagFirst, flagSecond } = this.around.locals;
    if (by === 'add' || by === 'sub') this.f.emit(wide(a, width), wide(b, width), localSet(flagSecond), localSet(flagFirst));
    else {
      const carry = this.bind(this.flag('CF'));
      this.f.emit(wide(result, width), localSet(flagFirst), wide(carry, 8), localSet(flagSecond));
    }
    this.around.kind = { form: 'lazy', operation: by, width };
  }

  /** CF and OF set alone are kept apart until somebody wants all flags. */
  override setFlags(values: Partial<Record<FlagName, Expr>>): void {
    const { CF, OF, DF, ...others } = values;
    const { kind, locals } = this.around;
    const unknownOverflow = OF === undefined && kind.form === 'unknown' && kind.carry !== true;
    if (CF === undefined || unknownOverflow || Object.values(others).some((value) => value !== undefined)) {
      super.setFlags(values);
      return;
    }
    if (DF !== undefined) super.setFlags({ DF });
    const overflow = OF === undefined ? [] : [...OF.code, ...i32Const(1), OP.i32Shl, ...i32Const(OF_SET), OP.i32Or, OP.i32Or];
    // Without its own OF, one that was set before is kept.
    const kept = OF === undefined && kind.carry === true ? [...localGet(locals.flagCarry), ...i32Const(-2), OP.i32And, OP.i32Or] : [];
    this.f.emit(CF.code, overflow, kept, localSet(locals.flagCarry));
    if (kind.form === 'unknown') this.f.emit(localGet(locals.flagKind), i32Const(CARRY_MARK), OP.i32Or, localSet(locals.flagKind));
    this.around.kind = { ...kind, carry: true };
  }

  override flag(name: FlagName): Expr {
    if (name === 'CF') {
      const { kind, locals } = this.around;
      const known = this.#condition(1) ?? (kind.form === 'unknown' ? carryOfAnyKind(locals) : undefined);
      if (known !== undefined) return this.bind(known);
    }
    return super.flag(name);
  }

  override condition(code: number): Expr {
    const known = this.#condition(code >> 1);
    if (known === undefined) return super.condition(code);
    return (code & 1) === 0 ? known : this.#not(known);
  }

  #not(e: Expr): Expr {
    return e.constant === undefined ? expr('i32', true, e.code, OP.i32Eqz) : constantExpr(e.constant ^ 1n, 8);
  }

  /** One of the conditions O B Z BE S P L LE, where the kind makes it simple. */
  #condition(code: number): Expr | undefined {
    const { kind } = this.around;
    if (kind.carry === true) {
      if (code === 1) return expr('i32', true, localGet(this.around.locals.flagCarry), i32Const(1), OP.i32And);
      // The others need CF or OF, too.
      if (code !== 2 && code !== 4 && code !== 5) return undefined;
    }
    if (kind.form === 'logic') return this.#logicCondition(code);
    if (kind.form !== 'lazy') return undefined;
    if (kind.operation === 'sub') return this.#compared(code, kind.width);
    if (kind.operation === 'add') return this.#added(code, kind.width);
    return this.#counted(code, kind);
  }

  /** The first or second word as a value of a width. */
  #word(local: number, width: BitWidth): Expr {
    return width === 64 ? expr('i64', true, localGet(local)) : expr('i32', true, localGet(local), OP.i32WrapI64);
  }

  /** After a − b. */
  #compared(code: number, width: BitWidth): Expr | undefined {
    const { flagFirst, flagSecond } = this.around.locals;
    const a = this.#word(flagFirst, width);
    const b = this.#word(flagSecond, width);
    switch (code) {
      case 1:
        return this.ltUnsigned(a, b, width);
      case 2:
        return this.eq(a, b, width);
      case 3:
        return this.#not(this.ltUnsigned(b, a, width));
      case 4:
        return this.ltSigned(this.sub(a, b, width), constantExpr(0n, width), width);
      case 5:
        return this.#parity(this.sub(a, b, width), width);
      case 6:
        return this.ltSigned(a, b, width);
      case 7:
        return this.#not(this.ltSigned(b, a, width));
      default:
        return undefined;
    }
  }

  /** After a + b. */
  #added(code: number, width: BitWidth): Expr | undefined {
    const { flagFirst, flagSecond } = this.around.locals;
    const a = this.#word(flagFirst, width);
    const sum = this.add(a, this.#word(flagSecond, width), width);
    const zero = constantExpr(0n, width);
    switch (code) {
      case 1:
        return this.ltUnsigned(sum, a, width);
      case 2:
        return this.eq(sum, zero, width);
      case 4:
        return this.ltSigned(sum, zero, width);
      case 5:
        return this.#parity(sum, width);
      default:
        return undefined;
    }
  }

  /** After an increment or decrement. */
  #counted(code: number, { width }: Kind & { form: 'lazy' }): Expr | undefined {
    const { flagFirst, flagSecond } = this.around.locals;
    const result = this.#word(flagFirst, width);
    const zero = constantExpr(0n, width);
    switch (code) {
      case 1:
        return this.#word(flagSecond, 8);
      case 2:
        return this.eq(result, zero, width);
      case 4:
        return this.ltSigned(result, zero, width);
      case 5:
        return this.#parity(result, width);
      default:
        return undefined;
    }
  }

  /** With CF and OF zero. */
  #logicCondition(code: number): Expr | undefined {
    const result = localGet(this.around.locals.flagFirst);
    switch (code) {
      case 0:
      case 1:
        return constantExpr(0n, 8);
      case 2:
      case 3:
        return expr('i32', true, result, OP.i64Eqz);
      case 4:
      case 6:
        return expr('i32', true, result, i64Const(0n), OP.i64LtS);
      case 5:
        return this.#parity(expr('i64', true, result), 64);
      default:
        return expr('i32', true, result, i64Const(0n), OP.i64LeS);
    }
  }

  #parity(result: Expr, width: BitWidth): Expr {
    const low = width === 64 ? [...result.code, OP.i32WrapI64] : result.code;
    return expr('i32', true, low, i32Const(0xff), OP.i32And, OP.i32Popcnt, i32Const(1), OP.i32And, OP.i32Eqz);
  }
}
