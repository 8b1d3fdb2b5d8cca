/**
 * The words of Language that compute: values and vectors as WebAssembly expressions. Shared by the interpreter and a translator, which
 * differ only in where operands are found.
 */
import type { BitWidth, Operand, RepeatPrefix } from '../semantics/language.ts';
import type { VectorOperation } from '../semantics/vector-operations.ts';
import { i32Const, localGet, localSet, OP, SIMD, simd, TYPE_CODE, v128Const } from '../wasm/instructions.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import type { Statics } from './effects.ts';
import { cleaned, constantExpr, type Expr, expr, join, signed32, typeOf, wide, wideSigned } from './expression.ts';

const SIMD_OPCODE: Readonly<Record<VectorOperation, number>> = {
  'v128.and': SIMD.and,
  'v128.or': SIMD.or,
  'v128.xor': SIMD.xor,
  'v128.andnot': SIMD.andnot,
  'v128.not': SIMD.not,
  'i8x16.add': SIMD.i8x16Add,
  'i8x16.sub': SIMD.i8x16Sub,
  'i8x16.add_sat_s': SIMD.i8x16AddSatS,
  'i8x16.add_sat_u': SIMD.i8x16AddSatU,
  'i8x16.sub_sat_s': SIMD.i8x16SubSatS,
  'i8x16.sub_sat_u': SIMD.i8x16SubSatU,
  'i8x16.eq': SIMD.i8x16Eq,
  'i8x16.gt_s': SIMD.i8x16GtS,
  'i8x16.min_u': SIMD.i8x16MinU,
  'i8x16.max_u': SIMD.i8x16MaxU,
  'i8x16.avgr_u': SIMD.i8x16AvgrU,
  'i8x16.narrow_i16x8_s': SIMD.i8x16NarrowS,
  'i8x16.narrow_i16x8_u': SIMD.i8x16NarrowU,
  'i8x16.bitmask': SIMD.i8x16Bitmask,
  'i8x16.swizzle': SIMD.swizzle,
  'i16x8.add': SIMD.i16x8Add,
  'i16x8.sub': SIMD.i16x8Sub,
  'i16x8.add_sat_s': SIMD.i16x8AddSatS,
  'i16x8.add_sat_u': SIMD.i16x8AddSatU,
  'i16x8.sub_sat_s': SIMD.i16x8SubSatS,
  'i16x8.sub_sat_u': SIMD.i16x8SubSatU,
  'i16x8.mul': SIMD.i16x8Mul,
  'i16x8.eq': SIMD.i16x8Eq,
  'i16x8.gt_s': SIMD.i16x8GtS,
  'i16x8.min_s': SIMD.i16x8MinS,
  'i16x8.max_s': SIMD.i16x8MaxS,
  'i16x8.avgr_u': SIMD.i16x8AvgrU,
  'i16x8.shl': SIMD.i16x8Shl,
  'i16x8.shr_s': SIMD.i16x8ShrS,
  'i16x8.shr_u': SIMD.i16x8ShrU,
  'i16x8.narrow_i32x4_s': SIMD.i16x8NarrowS,
  'i16x8.extmul_low_i8x16_u': SIMD.i16x8ExtmulLowU,
  'i16x8.extend_low_i8x16_u': SIMD.i16x8ExtendLowU,
  'i16x8.extend_high_i8x16_u': SIMD.i16x8ExtendHighU,
  'i32x4.add': SIMD.i32x4Add,
  'i32x4.sub': SIMD.i32x4Sub,
  'i32x4.mul': SIMD.i32x4Mul,
  'i32x4.eq': SIMD.i32x4Eq,
  'i32x4.gt_s': SIMD.i32x4GtS,
  'i32x4.shl': SIMD.i32x4Shl,
  'i32x4.shr_s': SIMD.i32x4ShrS,
  'i32x4.shr_u': SIMD.i32x4ShrU,
  'i32x4.dot_i16x8_s': SIMD.i32x4Dot,
  'i32x4.extmul_low_i16x8_s': SIMD.i32x4ExtmulLowS,
  'i32x4.extmul_high_i16x8_s': SIMD.i32x4ExtmulHighS,
  'i32x4.extmul_low_i16x8_u': SIMD.i32x4ExtmulLowU,
  'i32x4.extmul_high_i16x8_u': SIMD.i32x4ExtmulHighU,
  'i32x4.bitmask': SIMD.i32x4Bitmask,
  'i64x2.add': SIMD.i64x2Add,
  'i64x2.sub': SIMD.i64x2Sub,
  'i64x2.shl': SIMD.i64x2Shl,
  'i64x2.shr_u': SIMD.i64x2ShrU,
  'i64x2.bitmask': SIMD.i64x2Bitmask,
  'i64x2.extmul_low_i32x4_u': SIMD.i64x2ExtmulLowU,
  'i64x2.gt_s': SIMD.i64x2GtS,
  'f32x4.add': SIMD.f32x4Add,
  'f32x4.sub': SIMD.f32x4Sub,
  'f32x4.mul': SIMD.f32x4Mul,
  'f32x4.div': SIMD.f32x4Div,
  'f64x2.add': SIMD.f64x2Add,
  'f64x2.sub': SIMD.f64x2Sub,
  'f64x2.mul': SIMD.f64x2Mul,
  'f64x2.div': SIMD.f64x2Div,
};

const FLOAT_OPCODE = {
  32: { add: OP.f32Add, sub: OP.f32Sub, mul: OP.f32Mul, div: OP.f32Div, sqrt: OP.f32Sqrt },
  64: { add: OP.f64Add, sub: OP.f64Sub, mul: OP.f64Mul, div: OP.f64Div, sqrt: OP.f64Sqrt },
} as const;

/** Opcodes of one operation by value type. */
type Pair = readonly [i32: number, i64: number];

export class WasmValues {
  readonly width: BitWidth;
  readonly addressWidth: 16 | 32 | 64;
  readonly stackWidth: 16 | 32 | 64;
  readonly codeWidth: 16 | 32 | 64;
  readonly repeatPrefix: RepeatPrefix;
  /** The function that the body is written into. */
  protected readonly f: FunctionBuilder;

  constructor(builder: FunctionBuilder, statics: Statics) {
    this.f = builder;
    this.width = statics.width;
    this.addressWidth = statics.addressWidth;
    this.stackWidth = statics.stackWidth;
    this.codeWidth = statics.codeWidth;
    this.repeatPrefix = statics.repeatPrefix;
  }

  constant(value: bigint | number, width: BitWidth = this.width): Expr {
    return constantExpr(BigInt(value), width);
  }

  bind(value: Expr): Expr {
    if (value.bound === true) return value;
    const local = this.f.local(value.type);
    this.f.emit(value.code, localSet(local));
    return { type: value.type, code: localGet(local), clean: value.clean, bound: true };
  }

  variable(initial: Expr, width: BitWidth = this.width): Operand<Expr> {
    const type = typeOf(width);
    const local = this.f.local(type);
    this.f.emit(cleaned(initial, width), localSet(local));
    return {
      width,
      isMemory: false,
      read: () => this.bind({ type, code: localGet(local), clean: true }),
      write: (value) => this.f.emit(cleaned(value, width), localSet(local)),
    };
  }

  zeroExtend(value: Expr, from: BitWidth, to: BitWidth): Expr {
    if (to === 64) return expr('i64', true, wide(value, from));
    return { ...value, code: cleaned(value, from), clean: true };
  }

  signExtend(value: Expr, from: BitWidth, to: BitWidth): Expr {
    if (to === 64) return expr('i64', true, wideSigned(value, from));
    return expr('i32', to === 32, signed32(value, from));
  }

  truncate(value: Expr, from: BitWidth, to: BitWidth): Expr {
    if (from === to) return value;
    if (value.constant !== undefined) return constantExpr(value.constant, to);
    const code = from === 64 ? join([value.code, OP.i32WrapI64]) : value.code;
    return { type: 'i32', code, clean: to === 32 };
  }

  add(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    if (a.constant !== undefined && b.constant !== undefined) return constantExpr(a.constant + b.constant, width);
    return this.#binary([OP.i32Add, OP.i64Add], a, b, width);
  }
  sub(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return this.#binary([OP.i32Sub, OP.i64Sub], a, b, width);
  }
  mul(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return this.#binary([OP.i32Mul, OP.i64Mul], a, b, width);
  }

  mulHighUnsigned(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    if (width === 64) return this.#mulHigh64(a, b);
    return expr('i32', true, wide(a, width), wide(b, width), OP.i64Mul, [OP.i64Const, width], OP.i64ShrU, OP.i32WrapI64);
  }

  mulHighSigned(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    if (width === 64) {
      // high(a, b) signed = high unsigned − (a < 0 ? b : 0) − (b < 0 ? a : 0)
      const x = this.bind(a);
      const y = this.bind(b);
      const high = this.#mulHigh64(x, y);
      const correction = (sign: Expr, other: Expr): number[] => join([other.code, sign.code, [OP.i64Const, 63], OP.i64ShrS, OP.i64And]);
      return expr('i64', true, high.code, correction(x, y), OP.i64Sub, correction(y, x), OP.i64Sub);
    }
    return expr(
      'i32',
      width === 32,
      wideSigned(a, width),
      wideSigned(b, width),
      OP.i64Mul,
      [OP.i64Const, width],
      OP.i64ShrU,
      OP.i32WrapI64,
    );
  }

  /** Four 32-bit products. */
  #mulHigh64(a: Expr, b: Expr): Expr {
    const LOW = [OP.i64Const, 0xff, 0xff, 0xff, 0xff, 0x0f];
    const SHIFT = [OP.i64Const, 32];
    const value = (...parts: (number | readonly number[])[]): Expr => this.bind(expr('i64', true, ...parts));
    const x = this.bind(a);
    const y = this.bind(b);
    const x0 = value(x.code, LOW, OP.i64And);
    const x1 = value(x.code, SHIFT, OP.i64ShrU);
    const y0 = value(y.code, LOW, OP.i64And);
    const y1 = value(y.code, SHIFT, OP.i64ShrU);
    const p01 = value(x0.code, y1.code, OP.i64Mul);
    const middle = value(x0.code, y0.code, OP.i64Mul, SHIFT, OP.i64ShrU, x1.code, y0.code, OP.i64Mul, OP.i64Add);
    const carry = [middle.code, LOW, OP.i64And, p01.code, LOW, OP.i64And, OP.i64Add, SHIFT, OP.i64ShrU];
    return expr(
      'i64',
      true,
      x1.code,
      y1.code,
      OP.i64Mul,
      middle.code,
      SHIFT,
      OP.i64ShrU,
      OP.i64Add,
      p01.code,
      SHIFT,
      OP.i64ShrU,
      OP.i64Add,
      ...carry,
      OP.i64Add,
    );
  }

  divUnsigned(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return this.#binary([OP.i32DivU, OP.i64DivU], a, b, width);
  }
  remUnsigned(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return this.#binary([OP.i32RemU, OP.i64RemU], a, b, width);
  }
  divSigned(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return this.#binary([OP.i32DivS, OP.i64DivS], a, b, width);
  }
  remSigned(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return this.#binary([OP.i32RemS, OP.i64RemS], a, b, width);
  }

  and(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    if (a.constant !== undefined && b.constant !== undefined) return constantExpr(a.constant & b.constant, width);
    return expr(typeOf(width), a.clean || b.clean || width >= 32, a.code, b.code, width === 64 ? OP.i64And : OP.i32And);
  }
  or(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return expr(typeOf(width), (a.clean && b.clean) || width >= 32, a.code, b.code, width === 64 ? OP.i64Or : OP.i32Or);
  }
  xor(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return expr(typeOf(width), (a.clean && b.clean) || width >= 32, a.code, b.code, width === 64 ? OP.i64Xor : OP.i32Xor);
  }
  not(a: Expr, width: BitWidth = this.width): Expr {
    if (a.constant !== undefined) return constantExpr(~a.constant, width);
    return width === 64
      ? expr('i64', true, a.code, [OP.i64Const, 0x7f], OP.i64Xor)
      : expr('i32', width === 32, a.code, [OP.i32Const, 0x7f], OP.i32Xor);
  }

  shl(a: Expr, count: Expr, width: BitWidth = this.width): Expr {
    if (a.constant !== undefined && count.constant !== undefined) return constantExpr(a.constant << count.constant, width);
    return expr(typeOf(width), width >= 32, a.code, cleaned(count, width), width === 64 ? OP.i64Shl : OP.i32Shl);
  }
  shr(a: Expr, count: Expr, width: BitWidth = this.width): Expr {
    return expr(typeOf(width), true, cleaned(a, width), cleaned(count, width), width === 64 ? OP.i64ShrU : OP.i32ShrU);
  }
  sar(a: Expr, count: Expr, width: BitWidth = this.width): Expr {
    if (width === 64) return expr('i64', true, a.code, count.code, OP.i64ShrS);
    return expr('i32', width === 32, signed32(a, width), cleaned(count, width), OP.i32ShrS);
  }

  clz(a: Expr, width: BitWidth = this.width): Expr {
    if (width === 64) return expr('i64', true, a.code, OP.i64Clz);
    return expr('i32', true, cleaned(a, width), OP.i32Clz, i32Const(32 - width), OP.i32Sub);
  }
  ctz(a: Expr, width: BitWidth = this.width): Expr {
    if (width === 64) return expr('i64', true, a.code, OP.i64Ctz);
    // A one just above the width bounds the count.
    const guard = width === 32 ? [] : [...i32Const(2 ** width), OP.i32Or];
    return expr('i32', true, a.code, guard, OP.i32Ctz);
  }
  popcnt(a: Expr, width: BitWidth = this.width): Expr {
    if (width === 64) return expr('i64', true, a.code, OP.i64Popcnt);
    return expr('i32', true, cleaned(a, width), OP.i32Popcnt);
  }

  float(operation: 'add' | 'sub' | 'mul' | 'div' | 'sqrt', a: Expr, b: Expr, width: 32 | 64): Expr {
    const into = width === 32 ? OP.f32ReinterpretI32 : OP.f64ReinterpretI64;
    const back = width === 32 ? OP.i32ReinterpretF32 : OP.i64ReinterpretF64;
    const second = operation === 'sqrt' ? [] : [...b.code, into];
    return expr(typeOf(width), true, a.code, into, second, FLOAT_OPCODE[width][operation], back);
  }

  eq(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    if (b.constant === 0n) return expr('i32', true, cleaned(a, width), width === 64 ? OP.i64Eqz : OP.i32Eqz);
    return this.#compare([OP.i32Eq, OP.i64Eq], a, b, width);
  }
  ne(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return this.#compare([OP.i32Ne, OP.i64Ne], a, b, width);
  }
  ltUnsigned(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    return this.#compare([OP.i32LtU, OP.i64LtU], a, b, width);
  }
  ltSigned(a: Expr, b: Expr, width: BitWidth = this.width): Expr {
    if (width === 64) return expr('i32', true, a.code, b.code, OP.i64LtS);
    return expr('i32', true, signed32(a, width), signed32(b, width), OP.i32LtS);
  }

  select(condition: Expr, then: Expr, otherwise: Expr, width: BitWidth = this.width): Expr {
    const code = [then.code, otherwise.code, condition.code];
    // The typed form is needed for vectors only, but is right for all. [WebAssembly 2.0 §5.4.1]
    if (width === 128) return expr('v128', true, ...code, [0x1c, 1, TYPE_CODE.v128]);
    return expr(typeOf(width), then.clean && otherwise.clean, ...code, OP.select);
  }

  when(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.f.emit(condition.code);
    this.f.open(OP.if);
    this.#branches(then, otherwise);
  }

  whenLikely(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.f.emit(condition.code);
    this.f.openLikely();
    this.#branches(then, otherwise);
  }

  whenUnlikely(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.f.emit(condition.code);
    this.f.openUnlikely();
    this.#branches(then, otherwise);
  }

  #branches(then: () => void, otherwise: (() => void) | undefined): void {
    then();
    if (otherwise !== undefined) {
      this.f.else();
      otherwise();
    }
    this.f.close();
  }

  rarely(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.when(condition, then, otherwise);
  }

  loop(condition: () => Expr, body: () => void): void {
    const out = this.f.open(OP.block);
    const again = this.f.open(OP.loop);
    this.f.emit(condition().code, OP.i32Eqz);
    this.f.branchIf(out);
    body();
    this.f.branch(again);
    this.f.close();
    this.f.close();
  }

  vector(operation: VectorOperation, ...values: Expr[]): Expr {
    const type = operation.endsWith('bitmask') ? 'i32' : 'v128';
    return expr(type, true, ...values.map((v) => v.code), simd(SIMD_OPCODE[operation]));
  }

  toVector(value: Expr, width: 32 | 64): Expr {
    return expr('v128', true, v128Const(0n), value.code, simd(width === 64 ? SIMD.i64x2Replace : SIMD.i32x4Replace), 0);
  }

  lane(vector: Expr, lane: number, width: 8 | 16 | 32 | 64): Expr {
    const opcode = { 8: SIMD.i8x16ExtractU, 16: SIMD.i16x8ExtractU, 32: SIMD.i32x4Extract, 64: SIMD.i64x2Extract }[width];
    return expr(typeOf(width), true, vector.code, simd(opcode), lane);
  }

  withLane(vector: Expr, lane: number, value: Expr, width: 8 | 16 | 32 | 64): Expr {
    const opcode = { 8: SIMD.i8x16Replace, 16: SIMD.i16x8Replace, 32: SIMD.i32x4Replace, 64: SIMD.i64x2Replace }[width];
    return expr('v128', true, vector.code, value.code, simd(opcode), lane);
  }

  shuffle(a: Expr, b: Expr, places: readonly number[]): Expr {
    return expr('v128', true, a.code, b.code, simd(SIMD.shuffle), places);
  }

  #binary(opcodes: Pair, a: Expr, b: Expr, width: BitWidth): Expr {
    return expr(typeOf(width), width >= 32, a.code, b.code, width === 64 ? opcodes[1] : opcodes[0]);
  }

  #compare(opcodes: Pair, a: Expr, b: Expr, width: BitWidth): Expr {
    return expr('i32', true, cleaned(a, width), cleaned(b, width), width === 64 ? opcodes[1] : opcodes[0]);
  }
}
