/**
 * Conversions between formats, and between numbers and integers. [SDM 1 §4.8, §8.1.2, §8.5.1.2; SDM 2A, "CVT…", "FILD", "FIST", "FLD", "FST",
 * "FRNDINT"]
 */
import type { Language, Subroutine } from '../language.ts';
import { BEFORE_COMPUTING, EXCEPTION, EXCEPTIONS, ROUNDING } from './control.ts';
import { EXTENDED_BIAS, shiftRightSticky } from './core.ts';
import { DOUBLE_FORMAT, EXTENDED, type Format, Held, SINGLE_FORMAT } from './format.ts';
import { DOUBLE, roundsUp, SINGLE } from './round.ts';
import { both, either, invoke, negation, Words } from './words.ts';

const NARROW = { f32: SINGLE, f64: DOUBLE } as const;
const PLACES = { f32: SINGLE.fractionBits, f64: DOUBLE.fractionBits } as const;
type NarrowName = keyof typeof NARROW;

/**
 * Bits of 32 or 64 → (significand: 64, sign and exponent: 32, exceptions: 32), exactly. A signaling NaN stays one and is told as
 * invalid; a denormal operand is told as denormal. Who loads makes the NaN quiet; who computes goes by the NaN and WIDENED_DENORMAL.
 */
function widening(format: Format): Subroutine {
  const width = format.widths[0]!;
  const fractionBits = PLACES[format.name as NarrowName];
  return {
    name: `${format.name}-widen`,
    parameters: [width],
    results: [64, 32, 32],
    body: (x, bits) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const significand = q.variable(0);
      const exponent = d.variable(0);
      const exceptions = d.variable(0);
      const sign = d.variable(0);
      x.when(
        format.isNormal(x, [bits]),
        () => {
          const n = format.normal(x, [bits]);
          sign.write(n.sign);
          significand.write(n.significand);
          exponent.write(n.exponent);
        },
        () => {
          const u = format.unpack(x, [bits], d.constant(0));
          const value = width === 64 ? bits : x.bind(x.zeroExtend(bits, 32, 64));
          const payload = q.or(q.shl(value, 63 - fractionBits), q.constant(1n << 63n));
          const special = either(x, u.nan, u.infinite);
          sign.write(u.sign);
          significand.write(q.select(u.zero, 0, q.select(special, payload, u.significand)));
          exponent.write(d.select(u.zero, 0, d.select(special, 0x7fff, u.exponent)));
          exceptions.write(d.or(d.truth(u.signaling), d.truth(u.denormal, 1)));
        },
      );
      return [significand.read(), d.or(d.shl(sign.read(), 15), exponent.read()), exceptions.read()];
    },
  };
}

export const widenSingle: Subroutine = widening(SINGLE_FORMAT);
export const widenDouble: Subroutine = widening(DOUBLE_FORMAT);

/** A number of one format in another, narrower or wider, by control word or MXCSR. */
function between(name: string, from: Format, to: Format, tellsDenormal: boolean): Subroutine {
  const toWidth = to.widths[0]!;
  const fractionBits = PLACES[to.name as NarrowName];
  const parameters = [...from.widths, 32] as const;
  const unusual: Subroutine = {
    name: `${name}-unusual`,
    parameters,
    results: [toWidth, 32],
    body: (x, ...values) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const bits = values.slice(0, -1);
      const word = values[values.length - 1]!;
      const control = from.control(x, word);
      const u = from.unpack(x, bits, word);
      const result = new Held(x, to);
      const exceptions = d.variable(0);
      const finite = (): void => {
        if (tellsDenormal) exceptions.write(d.truth(u.denormal, 1));
        const stop = d.ne(d.and(d.and(exceptions.read(), d.not(control)), BEFORE_COMPUTING), 0);
        x.when(negation(x, stop), () => {
          const [packed, raised] = invoke(x, to.pack, u.sign, u.exponent, u.significand, q.constant(0), control);
          result.write([packed]);
          exceptions.write(d.or(exceptions.read(), raised));
        });
      };
      const nan = (): void => {
        // The payload keeps its leading bits.
        const own = bits[0]!;
        const left =
          from === EXTENDED
            ? own
            : q.shl(from.widths[0] === 64 ? own : x.bind(x.zeroExtend(own, 32, 64)), 63 - PLACES[from.name as NarrowName]);
        const fraction = q.shr(q.shl(left, 1), 64 - fractionBits);
        const base = to.infinity(x, u.sign)[0]!;
        const payload = toWidth === 64 ? fraction : x.bind(x.truncate(fraction, 64, 32));
        result.write(to.quiet(x, [new Words(x, toWidth).or(base, payload)]));
        exceptions.write(d.truth(u.signaling));
      };
      const otherwise = (): void => {
        x.when(
          u.infinite,
          () => result.write(to.infinity(x, u.sign)),
          () => x.when(u.zero, () => result.write(to.zero(x, u.sign)), finite),
        );
      };
      x.when(
        u.unsupported,
        () => {
          result.write(to.indefinite(x));
          exceptions.write(d.constant(EXCEPTION.invalid));
        },
        () => x.when(u.nan, nan, otherwise),
      );
      return [...result.read(), from === EXTENDED ? exceptions.read() : d.and(exceptions.read(), EXCEPTIONS)];
    },
  };
  return {
    name,
    parameters,
    results: [toWidth, 32],
    body: (x, ...values) => {
      const d = new Words(x, 32);
      const bits = values.slice(0, -1);
      const word = values[values.length - 1]!;
      const result = new Held(x, to);
      const exceptions = d.variable(0);
      const normal = from.normal(x, bits);
      x.when(
        both(x, from.isNormal(x, bits), d.below(d.sub(normal.exponent, 1 + NARROW[to.name as NarrowName].biasDifference), usualFields(to))),
        () => {
          // The exponent fits, and does after rounding up, too.
          const [packed, raised] = invoke(
            x,
            to.pack,
            normal.sign,
            normal.exponent,
            normal.significand,
            x.constant(0, 64),
            from.control(x, word),
          );
          result.write([packed]);
          exceptions.write(from === EXTENDED ? raised : d.and(raised, EXCEPTIONS));
        },
        () => {
          const [packed, raised] = invoke(x, unusual, ...values);
          result.write([packed]);
          exceptions.write(raised);
        },
      );
      return [...result.read(), exceptions.read()];
    },
  };
}

/** How many exponent fields of a format, from 1 on, belong to numbers that cannot become infinite by rounding. */
const usualFields = (to: Format): number => NARROW[to.name as NarrowName].largestField - 2;

/** (significand: 64, sign and exponent: 32, control word: 32) → (bits, exceptions: 32). Denormal operands are not told. */
export const f80ToF32: Subroutine = between('f80ToF32', EXTENDED, SINGLE_FORMAT, false);
export const f80ToF64: Subroutine = between('f80ToF64', EXTENDED, DOUBLE_FORMAT, false);
/** (bits, MXCSR) → (bits, exceptions). */
export const f32ToF64: Subroutine = between('f32ToF64', SINGLE_FORMAT, DOUBLE_FORMAT, true);
export const f64ToF32: Subroutine = between('f64ToF32', DOUBLE_FORMAT, SINGLE_FORMAT, true);

/** A two's complement integer → sign: 32, exponent: 32, significand: 64 with its top bit set (all zero for 0). */
function ofInteger<V>(x: Language<V>, value: V): { sign: V; exponent: V; significand: V; zero: V } {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const negative = q.sar(value, 63);
  const magnitude = q.sub(q.xor(value, negative), negative);
  const zeros = q.clz(magnitude);
  return {
    sign: x.bind(x.truncate(q.and(negative, 1), 64, 32)),
    exponent: d.sub(EXTENDED_BIAS + 63, x.bind(x.truncate(zeros, 64, 32))),
    significand: q.shl(magnitude, q.and(zeros, 63)),
    zero: q.eq(magnitude, 0),
  };
}

/** (value: 64, two's complement) → (significand: 64, sign and exponent: 32), always exact. */
export const i64ToF80: Subroutine = {
  name: 'i64ToF80',
  parameters: [64],
  results: [64, 32],
  inPlace: true,
  body: (x, value) => {
    const d = new Words(x, 32);
    const n = ofInteger(x, value);
    return [n.significand, d.select(n.zero, 0, d.or(d.shl(n.sign, 15), n.exponent))];
  },
};

function fromInteger(name: string, width: 32 | 64, to: Format): Subroutine {
  const toWidth = to.widths[0]!;
  return {
    name,
    parameters: [width, 32],
    results: [toWidth, 32],
    body: (x, value, mxcsr) => {
      const d = new Words(x, 32);
      const n = ofInteger(x, width === 64 ? value : x.bind(x.signExtend(value, 32, 64)));
      const control = to.control(x, mxcsr);
      const [packed, raised] = invoke(x, to.pack, n.sign, n.exponent, n.significand, x.constant(0, 64), control);
      return [new Words(x, toWidth).select(n.zero, 0, packed), d.select(n.zero, 0, d.and(raised, EXCEPTION.precision))];
    },
  };
}

/** (value, MXCSR) → (bits, exceptions). */
export const i32ToF32: Subroutine = fromInteger('i32ToF32', 32, SINGLE_FORMAT);
export const i32ToF64: Subroutine = fromInteger('i32ToF64', 32, DOUBLE_FORMAT);
export const i64ToF32: Subroutine = fromInteger('i64ToF32', 64, SINGLE_FORMAT);
export const i64ToF64: Subroutine = fromInteger('i64ToF64', 64, DOUBLE_FORMAT);

interface Integral<V> {
  /** Magnitude, rounded. */
  readonly magnitude: V;
  /** The magnitude is 2^64 or more. */
  readonly huge: V;
  readonly inexact: V;
  readonly up: V;
}

/** A finite number other than zero to an integer, by rounding control. */
function integralOf<V>(x: Language<V>, sign: V, exponent: V, significand: V, control: V): Integral<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const below = d.sub(EXTENDED_BIAS + 63, exponent);
  const tooLarge = d.less(below, 0);
  const moved = shiftRightSticky(x, significand, q.constant(0), d.select(tooLarge, 0, below));
  const up = roundsUp(x, moved.low, q.and(moved.high, 1), sign, control);
  const magnitude = q.add(moved.high, q.truth(up));
  return { magnitude, huge: either(x, tooLarge, both(x, up, q.eq(magnitude, 0))), inexact: q.ne(moved.low, 0), up };
}

function toInteger(name: string, from: Format, width: 16 | 32 | 64, truncated: boolean): Subroutine {
  const resultWidth = width === 64 ? 64 : 32;
  return {
    name,
    parameters: [...from.widths, 32],
    results: [resultWidth, 32],
    body: (x, ...values) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const bits = values.slice(0, -1);
      const word = values[values.length - 1]!;
      const u = from.unpack(x, bits, word);
      const control = truncated ? d.constant(ROUNDING.zero) : from.control(x, word);
      const n = integralOf(x, u.sign, u.exponent, u.significand, control);
      const limit = q.sub(q.add(q.constant(1n << BigInt(width - 1)), q.truth(d.ne(u.sign, 0))), 1);
      const outside = both(x, negation(x, u.zero), either(x, n.huge, q.below(limit, n.magnitude)));
      const invalid = either(x, u.nan, u.infinite, u.unsupported, outside);
      const signed = q.select(d.ne(u.sign, 0), q.sub(0, n.magnitude), n.magnitude);
      const value = q.select(invalid, q.constant(-(1n << BigInt(width - 1))), q.select(u.zero, 0, signed));
      const inexact = d.truth(n.inexact, 5);
      const rounding = from === EXTENDED ? d.or(inexact, d.truth(n.up, 9)) : inexact;
      const exceptions = d.select(invalid, EXCEPTION.invalid, d.select(u.zero, 0, rounding));
      return [resultWidth === 64 ? value : x.bind(x.truncate(value, 64, 32)), exceptions];
    },
  };
}

/** (bits, MXCSR) → (value, exceptions). */
export const f32ToI32: Subroutine = toInteger('f32ToI32', SINGLE_FORMAT, 32, false);
export const f32ToI64: Subroutine = toInteger('f32ToI64', SINGLE_FORMAT, 64, false);
export const f64ToI32: Subroutine = toInteger('f64ToI32', DOUBLE_FORMAT, 32, false);
export const f64ToI64: Subroutine = toInteger('f64ToI64', DOUBLE_FORMAT, 64, false);
export const f32ToI32Truncated: Subroutine = toInteger('f32ToI32Truncated', SINGLE_FORMAT, 32, true);
export const f32ToI64Truncated: Subroutine = toInteger('f32ToI64Truncated', SINGLE_FORMAT, 64, true);
export const f64ToI32Truncated: Subroutine = toInteger('f64ToI32Truncated', DOUBLE_FORMAT, 32, true);
export const f64ToI64Truncated: Subroutine = toInteger('f64ToI64Truncated', DOUBLE_FORMAT, 64, true);
/** (significand: 64, sign and exponent: 32, control word: 32) → (value, exceptions: 32); a 16-bit value sign-extended in 32. */
export const f80ToI16: Subroutine = toInteger('f80ToI16', EXTENDED, 16, false);
export const f80ToI32: Subroutine = toInteger('f80ToI32', EXTENDED, 32, false);
export const f80ToI64: Subroutine = toInteger('f80ToI64', EXTENDED, 64, false);
export const f80ToI16Truncated: Subroutine = toInteger('f80ToI16Truncated', EXTENDED, 16, true);
export const f80ToI32Truncated: Subroutine = toInteger('f80ToI32Truncated', EXTENDED, 32, true);
export const f80ToI64Truncated: Subroutine = toInteger('f80ToI64Truncated', EXTENDED, 64, true);

/** (significand: 64, sign and exponent: 32, control word: 32) → (the same, rounded to an integer, exceptions: 32). FRNDINT. */
export const f80RoundToIntegral: Subroutine = {
  name: 'f80RoundToIntegral',
  parameters: [64, 32, 32],
  results: [64, 32, 32],
  body: (x, significand, top, control) => {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const u = EXTENDED.unpack(x, [significand, top], control);
    const result = new Held(x, EXTENDED);
    const exceptions = d.variable(0);
    result.write([significand, top]);
    const finite = (): void => {
      exceptions.write(d.truth(u.denormal, 1));
      // From 2^63 on every number is an integer.
      const whole = d.less(EXTENDED_BIAS + 62, u.exponent);
      const stop = d.ne(d.and(d.and(exceptions.read(), d.not(control)), BEFORE_COMPUTING), 0);
      x.when(negation(x, either(x, whole, stop)), () => {
        const n = integralOf(x, u.sign, u.exponent, u.significand, control);
        const zeros = q.clz(n.magnitude);
        const exponent = d.sub(EXTENDED_BIAS + 63, x.bind(x.truncate(zeros, 64, 32)));
        const empty = q.eq(n.magnitude, 0);
        result.write([q.shl(n.magnitude, q.and(zeros, 63)), d.or(d.shl(u.sign, 15), d.select(empty, 0, exponent))]);
        exceptions.write(d.or(exceptions.read(), d.or(d.truth(n.inexact, 5), d.truth(n.up, 9))));
      });
    };
    x.when(
      u.unsupported,
      () => {
        result.write(EXTENDED.indefinite(x));
        exceptions.write(d.constant(EXCEPTION.invalid));
      },
      () => {
        x.when(
          u.nan,
          () => {
            result.write(EXTENDED.quiet(x, [significand, top]));
            exceptions.write(d.truth(u.signaling));
          },
          () => x.when(negation(x, either(x, u.zero, u.infinite)), finite),
        );
      },
    );
    return [...result.read(), exceptions.read()];
  },
};
