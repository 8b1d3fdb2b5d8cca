/**
 * The formats: which numbers the bits stand for, and which bits zeros, infinities and NaNs have. [SDM 1 §4.2.2, §4.8.3, §4.8.4, §8.2]
 *
 * Double extended precision takes two values: significand (64) and sign with exponent (32, the upper half zero). The others take one.
 */
import type { BitWidth, Language, Operand, Subroutine } from '../language.ts';
import { controlOfMxcsr, denormalsAreZeros } from './control.ts';
import type { Finite } from './core.ts';
import { DOUBLE, type NarrowFormat, packDouble, packExtended, packSingle, SINGLE } from './round.ts';
import { both, either, negation, Words } from './words.ts';

/** What bits stand for. Exponent and significand are meant only for finite numbers other than zero. */
export interface Unpacked<V> extends Finite<V> {
  // Truth values: exactly one of these, or none for a finite number other than zero.
  readonly zero: V;
  readonly infinite: V;
  readonly nan: V;
  /** No number at all: an encoding that the x87 does not support. Never in other formats. */
  readonly unsupported: V;
  /** A NaN that signals. */
  readonly signaling: V;
  /** Finite, not zero, and too small for its format's exponent. */
  readonly denormal: V;
}

export interface Format {
  readonly name: string;
  /** Widths of the values that a number takes. */
  readonly widths: readonly BitWidth[];
  /** `word` is what rounding and masks come from: x87 control word or MXCSR. */
  unpack<V>(x: Language<V>, bits: readonly V[], word: V): Unpacked<V>;
  /** Whether the bits are a normal number. A truth value. */
  isNormal<V>(x: Language<V>, bits: readonly V[]): V;
  /** Sign, exponent and significand of a normal number. */
  normal<V>(x: Language<V>, bits: readonly V[]): Finite<V>;
  zero<V>(x: Language<V>, sign: V): readonly V[];
  infinity<V>(x: Language<V>, sign: V): readonly V[];
  /** The QNaN that stands for the result of an invalid operation. */
  indefinite<V>(x: Language<V>): readonly V[];
  /** The NaN that results when a or b or both are NaNs. */
  chooseNan<V>(x: Language<V>, a: readonly V[], b: readonly V[], ua: Unpacked<V>, ub: Unpacked<V>): readonly V[];
  /** A NaN made quiet. */
  quiet<V>(x: Language<V>, bits: readonly V[]): readonly V[];
  control<V>(x: Language<V>, word: V): V;
  readonly pack: Subroutine;
}

const QUIET_BIT = 1n << 62n;

export const EXTENDED: Format = {
  name: 'f80',
  widths: [64, 32],
  unpack<V>(x: Language<V>, bits: readonly V[]): Unpacked<V> {
    const [significand, top] = bits as [V, V];
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const field = d.and(top, 0x7fff);
    const fieldZero = d.eq(field, 0);
    const fieldOnes = d.eq(field, 0x7fff);
    const leading = q.less(significand, 0);
    const noFraction = q.eq(q.shl(significand, 1), 0);
    const empty = q.eq(significand, 0);
    const unsupported = both(x, negation(x, fieldZero), negation(x, leading));
    const nan = both(x, fieldOnes, leading, negation(x, noFraction));
    const zeros = q.clz(significand);
    // Denormal numbers, with or without a leading one, have the exponent of field 1.
    const exponent = d.sub(d.add(field, d.truth(fieldZero)), x.bind(x.truncate(zeros, 64, 32)));
    return {
      sign: d.shr(top, 15),
      exponent,
      significand: q.shl(significand, q.and(zeros, 63)),
      zero: both(x, fieldZero, empty),
      infinite: both(x, fieldOnes, leading, noFraction),
      nan,
      unsupported,
      signaling: both(x, nan, q.eq(q.and(significand, q.constant(QUIET_BIT)), 0)),
      denormal: both(x, fieldZero, negation(x, empty)),
    };
  },
  isNormal(x, [significand, top]) {
    const d = new Words(x, 32);
    const field = d.and(top!, 0x7fff);
    return both(x, d.below(d.sub(field, 1), 0x7ffe), new Words(x, 64).less(significand!, 0));
  },
  normal(x, [significand, top]) {
    const d = new Words(x, 32);
    return { sign: d.shr(top!, 15), exponent: d.and(top!, 0x7fff), significand: significand! };
  },
  zero: (x, sign) => [x.constant(0, 64), new Words(x, 32).shl(sign, 15)],
  infinity(x, sign) {
    const d = new Words(x, 32);
    return [x.constant(1n << 63n, 64), d.or(d.shl(sign, 15), 0x7fff)];
  },
  indefinite: (x) => [x.constant(3n << 62n, 64), x.constant(0xffff, 32)],
  /** The larger significand wins; of equal ones the positive. The choice is made before a signaling NaN is made quiet. [SDM 1, Table 4-7] */
  chooseNan(x, a, b, ua, ub) {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const same = q.eq(a[0]!, b[0]!);
    const smaller = either(x, q.below(a[0]!, b[0]!), both(x, same, d.below(b[1]!, a[1]!)));
    // A signaling NaN beside a quiet one: the quiet one.
    const quietOther = both(x, ua.signaling, ub.nan, negation(x, ub.signaling));
    const quietOwn = both(x, ub.signaling, ua.nan, negation(x, ua.signaling));
    const second = either(x, negation(x, ua.nan), both(x, ub.nan, negation(x, quietOwn), either(x, quietOther, smaller)));
    return EXTENDED.quiet(x, [q.select(second, b[0]!, a[0]!), d.select(second, b[1]!, a[1]!)]);
  },
  quiet: (x, [significand, top]) => [new Words(x, 64).or(significand!, x.constant(QUIET_BIT, 64)), top!],
  control: (_x, word) => word,
  pack: packExtended,
};

function narrow(name: string, f: NarrowFormat, pack: Subroutine): Format {
  const quietBit = 1n << BigInt(f.fractionBits - 1);
  const infinityBits = BigInt(f.largestField) << BigInt(f.fractionBits);
  const format: Format = {
    name,
    widths: [f.width],
    unpack<V>(x: Language<V>, bits: readonly V[], word: V): Unpacked<V> {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const byte = new Words(x, 8);
      const own = bits[0] as V;
      const value = f.width === 64 ? own : x.bind(x.zeroExtend(own, 32, 64));
      const magnitude = q.and(value, q.constant((1n << BigInt(f.width - 1)) - 1n));
      const field = x.bind(x.truncate(q.shr(magnitude, f.fractionBits), 64, 32));
      const fieldZero = d.eq(field, 0);
      const small = both(x, fieldZero, q.ne(magnitude, 0));
      const flushed = both(x, small, denormalsAreZeros(x, word));
      const fraction = q.shl(magnitude, 63 - f.fractionBits);
      const significand = q.variable(q.or(fraction, q.constant(1n << 63n)));
      const exponent = d.variable(d.add(field, f.biasDifference));
      x.when(small, () => {
        const zeros = q.clz(fraction);
        significand.write(q.shl(fraction, zeros));
        exponent.write(d.sub(f.biasDifference + 1, x.bind(x.truncate(zeros, 64, 32))));
      });
      const nan = q.below(q.constant(infinityBits), magnitude);
      return {
        sign: x.bind(x.truncate(q.shr(value, f.width - 1), 64, 32)),
        exponent: exponent.read(),
        significand: significand.read(),
        zero: either(x, q.eq(magnitude, 0), flushed),
        infinite: q.eq(magnitude, q.constant(infinityBits)),
        nan,
        unsupported: byte.constant(0),
        signaling: both(x, nan, q.eq(q.and(magnitude, q.constant(quietBit)), 0)),
        denormal: both(x, small, negation(x, flushed)),
      };
    },
    isNormal(x, [own]) {
      const w = new Words(x, f.width);
      const field = w.and(w.shr(own!, f.fractionBits), f.largestField);
      return w.below(w.sub(field, 1), f.largestField - 1);
    },
    normal(x, [own]) {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const value = f.width === 64 ? own! : x.bind(x.zeroExtend(own!, 32, 64));
      const field = x.bind(x.truncate(q.and(q.shr(value, f.fractionBits), f.largestField), 64, 32));
      return {
        sign: x.bind(x.truncate(q.shr(value, f.width - 1), 64, 32)),
        exponent: d.add(field, f.biasDifference),
        significand: q.or(q.shl(value, 63 - f.fractionBits), q.constant(1n << 63n)),
      };
    },
    zero: (x, sign) => [withSign(x, sign, 0n)],
    infinity: (x, sign) => [withSign(x, sign, infinityBits)],
    indefinite: (x) => [x.constant((1n << BigInt(f.width - 1)) | infinityBits | quietBit, f.width)],
    /** The first operand if it is a NaN, else the second. [SDM 1, Table 4-7] */
    chooseNan: (x, a, b, ua) => format.quiet(x, [new Words(x, f.width).select(ua.nan, a[0]!, b[0]!)]),
    quiet: (x, [own]) => [new Words(x, f.width).or(own!, x.constant(quietBit, f.width))],
    control: controlOfMxcsr,
    pack,
  };
  const withSign = <V>(x: Language<V>, sign: V, bits: bigint): V => {
    const w = new Words(x, f.width);
    const wide = f.width === 64 ? x.bind(x.zeroExtend(sign, 32, 64)) : sign;
    return w.or(w.shl(wide, f.width - 1), w.constant(bits));
  };
  return format;
}

export const SINGLE_FORMAT: Format = narrow('f32', SINGLE, packSingle);
export const DOUBLE_FORMAT: Format = narrow('f64', DOUBLE, packDouble);

/** Variables that hold a number of a format. */
export class Held<V> {
  readonly #parts: readonly Operand<V>[];

  constructor(x: Language<V>, format: Format) {
    this.#parts = format.widths.map((width) => x.variable(x.constant(0, width), width));
  }

  write(bits: readonly V[]): void {
    this.#parts.forEach((part, i) => {
      part.write(bits[i]!);
    });
  }

  read(): V[] {
    return this.#parts.map((part) => part.read());
  }
}
