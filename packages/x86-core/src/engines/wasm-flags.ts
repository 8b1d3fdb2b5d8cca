/**
 * The words of Language about flags, on the two lazy words of state.ts (flagResult, flagCarries): recording costs a few ALU operations and
 * two stores, every condition is read from them without a table of cases. Where the two words are is for a subclass to say: here they are
 * in the state.
 */
import type { BitWidth, FlagName } from '../semantics/language.ts';
import { STATE } from '../state.ts';
import { i32Const, i64Const, load, OP, store } from '../wasm/instructions.ts';
import { type Expr, expr, join, wide, wideSigned } from './expression.ts';
import { WasmValues } from './wasm-values.ts';

const RESULT = STATE.flagResult.address;
const CARRIES = STATE.flagCarries.address;
const EFLAGS = STATE.eflags.address;
const DF = 0x400;
const ADDRESS_ZERO = i32Const(0);
const loadResult: readonly number[] = [...ADDRESS_ZERO, ...load(OP.i64Load, RESULT)];
const loadCarries: readonly number[] = [...ADDRESS_ZERO, ...load(OP.i64Load, CARRIES)];
const loadEflags: readonly number[] = [...ADDRESS_ZERO, ...load(OP.i32Load, EFLAGS)];
const TOP_BITS = i64Const(-(1n << 62n)); // bits 63 and 62
const shiftLeft = (count: number): number[] => [...i64Const(BigInt(count)), OP.i64Shl];
const shiftRight = (count: number): number[] => [...i64Const(BigInt(count)), OP.i64ShrU];

export class WasmFlags extends WasmValues {
  /** Code of the two words as they are where the code is emitted. */
  protected resultWord(): readonly number[] {
    return loadResult;
  }

  protected carriesWord(): readonly number[] {
    return loadCarries;
  }

  /** Sets both words, or `carries` alone. */
  protected storeWords(result: readonly number[] | undefined, carries: readonly number[]): void {
    if (result !== undefined) this.f.emit(ADDRESS_ZERO, result, store(OP.i64Store, RESULT));
    this.f.emit(ADDRESS_ZERO, carries, store(OP.i64Store, CARRIES));
  }

  flags(kind: 'add' | 'sub' | 'logic' | 'increment' | 'decrement', a: Expr, b: Expr, result: Expr, width: BitWidth = this.width): void {
    const r = this.bind(result);
    if (kind === 'logic') {
      this.storeWords(wideSigned(r, width), i64Const(0n));
      return;
    }
    const x = this.bind(a);
    const y = this.bind(b);
    const adds = kind === 'add' || kind === 'increment';
    // Bit i: carry (borrow) out of bit i.
    const carries = this.bind(
      adds
        ? this.or(this.and(x, y, width), this.and(this.or(x, y, width), this.not(r, width), width), width)
        : this.or(this.and(y, r, width), this.and(this.not(x, width), this.or(y, r, width), width), width),
    );
    const packed =
      width === 64
        ? expr('i64', true, carries.code, i64Const(-(1n << 62n) | 8n), OP.i64And)
        : expr(
            'i64',
            true,
            carries.code,
            OP.i64ExtendI32U,
            shiftLeft(64 - width),
            carries.code,
            i32Const(8),
            OP.i32And,
            OP.i64ExtendI32U,
            OP.i64Or,
          );
    if (kind === 'add' || kind === 'sub') {
      this.storeWords(wideSigned(r, width), packed.code);
      return;
    }
    // Keep CF: where bit 63 differs from the old one, flip bits 63 and 62 together, which keeps OF.
    const p = this.bind(packed);
    const flip = join([p.code, this.carriesWord(), OP.i64Xor, i64Const(63n), OP.i64ShrS, TOP_BITS, OP.i64And]);
    this.storeWords(wideSigned(r, width), join([p.code, flip, OP.i64Xor]));
  }

  resultFlags(result: Expr, carry: Expr, overflow: Expr, width: BitWidth = this.width): void {
    this.storeWords(wideSigned(result, width), this.#topBits(this.bind(carry), overflow));
  }

  setFlags(values: Partial<Record<FlagName, Expr>>): void {
    const direction = values.DF;
    if (direction !== undefined) {
      this.f.emit(
        ADDRESS_ZERO,
        loadEflags,
        i32Const(~DF),
        OP.i32And,
        direction.code,
        i32Const(10),
        OP.i32Shl,
        OP.i32Or,
        store(OP.i32Store, EFLAGS),
      );
    }
    const { CF, OF, ZF, SF, PF, AF } = values;
    if (ZF !== undefined || SF !== undefined || PF !== undefined || AF !== undefined) {
      this.#storeAll({ CF, OF, ZF, SF, PF, AF });
    } else if (CF !== undefined || OF !== undefined) {
      const carry = this.bind(CF ?? this.flag('CF'));
      const overflow = this.bind(OF ?? this.flag('OF'));
      const rest = [...this.carriesWord(), ...i64Const((1n << 62n) - 1n), OP.i64And];
      this.storeWords(undefined, join([rest, this.#topBits(carry, overflow), OP.i64Or]));
    }
  }

  flag(name: FlagName): Expr {
    switch (name) {
      case 'CF':
        return this.bind(expr('i32', true, this.carriesWord(), i64Const(63n), OP.i64ShrU, OP.i32WrapI64));
      case 'OF':
        return this.bind(this.#sign(join([this.carriesWord(), this.carriesWord(), shiftLeft(1), OP.i64Xor])));
      case 'ZF':
        return this.bind(expr('i32', true, this.resultWord(), OP.i64Eqz));
      case 'SF':
        return this.bind(this.#sign(this.#signWord()));
      case 'AF':
        return this.bind(expr('i32', true, this.carriesWord(), OP.i32WrapI64, i32Const(3), OP.i32ShrU, i32Const(1), OP.i32And));
      case 'PF': {
        const byte = [
          ...this.resultWord(),
          ...this.carriesWord(),
          ...shiftRight(8),
          OP.i64Xor,
          OP.i32WrapI64,
          ...i32Const(0xff),
          OP.i32And,
        ];
        return this.bind(expr('i32', true, byte, OP.i32Popcnt, i32Const(1), OP.i32And, OP.i32Eqz));
      }
      case 'DF':
        return this.bind(expr('i32', true, loadEflags, i32Const(10), OP.i32ShrU, i32Const(1), OP.i32And));
    }
  }

  condition(code: number): Expr {
    const base = this.#positive(code >> 1);
    return (code & 1) === 0 ? base : expr('i32', true, base.code, OP.i32Eqz);
  }

  /** Conditions O B Z BE S P L LE. */
  #positive(code: number): Expr {
    const zero = [...this.resultWord(), OP.i64Eqz];
    const overflowWord = [...this.carriesWord(), ...this.carriesWord(), ...shiftLeft(1), OP.i64Xor];
    const less = [...this.#signWord(), ...overflowWord, OP.i64Xor, ...i64Const(0n), OP.i64LtS];
    switch (code) {
      case 0:
        return expr('i32', true, overflowWord, i64Const(0n), OP.i64LtS);
      case 1:
        return expr('i32', true, this.carriesWord(), i64Const(0n), OP.i64LtS);
      case 2:
        return expr('i32', true, zero);
      case 3:
        return expr('i32', true, this.carriesWord(), i64Const(0n), OP.i64LtS, zero, OP.i32Or);
      case 4:
        return expr('i32', true, this.#signWord(), i64Const(0n), OP.i64LtS);
      case 5:
        return this.flag('PF');
      case 6:
        return expr('i32', true, less);
      default:
        return expr('i32', true, less, zero, OP.i32Or);
    }
  }

  /** An i64 whose sign is SF. */
  #signWord(): number[] {
    return [...this.resultWord(), ...this.carriesWord(), ...shiftLeft(47), OP.i64Xor];
  }

  #sign(word: readonly number[]): Expr {
    return expr('i32', true, word, i64Const(63n), OP.i64ShrU, OP.i32WrapI64);
  }

  /** CF at bit 63, CF xor OF at bit 62. */
  #topBits(carry: Expr, overflow: Expr): number[] {
    const c = carry.constant === 0n ? undefined : carry;
    if (c === undefined) return overflow.constant === 0n ? i64Const(0n) : [...wide(overflow, 8), ...shiftLeft(62)];
    return [...wide(c, 8), ...shiftLeft(63), ...wide(c, 8), ...wide(overflow, 8), OP.i64Xor, ...shiftLeft(62), OP.i64Or];
  }

  /** Stores all six flags, those not given as they are now. */
  #storeAll(values: Partial<Record<FlagName, Expr | undefined>>): void {
    const now = (name: FlagName): Expr => this.bind(values[name] ?? this.flag(name));
    const [carry, overflow, zero, sign, parity, adjust] = [now('CF'), now('OF'), now('ZF'), now('SF'), now('PF'), now('AF')] as [
      Expr,
      Expr,
      Expr,
      Expr,
      Expr,
      Expr,
    ];
    // The result is 0 or 1; its low byte has even parity if it is 0.
    const result = this.bind(expr('i32', true, zero.code, i32Const(1), OP.i32Xor));
    const parityDelta = expr('i32', true, result.code, parity.code, i32Const(1), OP.i32Xor, OP.i32Xor);
    const low = [
      ...wide(adjust, 8),
      ...shiftLeft(3),
      ...wide(parityDelta, 8),
      ...shiftLeft(8),
      OP.i64Or,
      ...wide(sign, 8),
      ...shiftLeft(16),
      OP.i64Or,
    ];
    this.storeWords(wide(result, 8), join([low, this.#topBits(carry, overflow), OP.i64Or]));
  }
}
