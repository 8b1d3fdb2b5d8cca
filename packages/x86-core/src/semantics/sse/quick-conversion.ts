/**
 * Conversions for the values that programs mostly have: normal numbers and zeros, rounded to nearest or truncated. All else goes to
 * semantics/float, whose parameters and results these have. [SDM 2A, "CVTSD2SI", "CVTSD2SS", "CVTSI2SD", "CVTSI2SS", "CVTSS2SD", "CVTTSD2SI"]
 */
import { EXCEPTION } from '../float/control.ts';
import {
  f32ToF64,
  f32ToI32,
  f32ToI32Truncated,
  f32ToI64,
  f32ToI64Truncated,
  f64ToF32,
  f64ToI32,
  f64ToI32Truncated,
  f64ToI64,
  f64ToI64Truncated,
  i32ToF32,
  i64ToF32,
  i64ToF64,
} from '../float/index.ts';
import { DOUBLE, type NarrowFormat, SINGLE, toNearest } from '../float/round.ts';
import { invoke, Words } from '../float/words.ts';
import type { Language, Operand, Subroutine } from '../language.ts';

/** Rounding control; zero is to nearest. [SDM 1, Figure 10-3] */
const MXCSR_ROUNDING = 0x6000;
/** Stands for exceptions that are not known yet. */
const UNKNOWN = -1;
/** What double precision has more than single. */
const PLACES_MORE = 29;
const BIAS_MORE = 896;

/** 2^52 + 2^31 and 2^52 + 2^51, whose last place is 1: an integer in the low bits is added. */
const BIAS_32 = 0x4330_0000_8000_0000n;
const BIAS_51 = 0x4338_0000_0000_0000n;

/** (value: 32, MXCSR: 32) → (bits: 64, exceptions: 32): always exact. */
export const i32ToF64Exactly: Subroutine = {
  name: 'i32ToF64-exactly',
  parameters: [32, 32],
  results: [64, 32],
  inPlace: true,
  body: (x, value) => {
    const q = new Words(x, 64);
    const biased = q.xor(x.bind(x.zeroExtend(value, 32, 64)), q.constant(BIAS_32));
    return [x.bind(x.float('sub', biased, q.constant(BIAS_32), 64)), x.constant(0, 32)];
  },
};

/** (value: 64, MXCSR: 32) → (bits: 64, exceptions: 32), at once from −2^51 to 2^51 − 1. */
export const i64ToF64Quickly: Subroutine = {
  name: 'i64ToF64-quickly',
  parameters: [64, 32],
  results: [64, 32],
  inPlace: true,
  body: (x, value, mxcsr) => {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const [bits, exceptions] = [q.variable(0), d.variable(0)];
    x.when(
      q.below(q.add(value, q.constant(1n << 51n)), q.constant(1n << 52n)),
      () => bits.write(x.float('sub', q.add(value, q.constant(BIAS_51)), q.constant(BIAS_51), 64)),
      () => {
        const [slowBits, raised] = invoke(x, i64ToF64, value, mxcsr);
        bits.write(slowBits);
        exceptions.write(raised);
      },
    );
    return [bits.read(), exceptions.read()];
  },
};

/** Does `then` if MXCSR rounds to nearest. */
function whenNearest<V>(x: Language<V>, mxcsr: V, then: () => void): void {
  const d = new Words(x, 32);
  x.when(d.eq(d.and(mxcsr, MXCSR_ROUNDING), 0), then);
}

/** The slow conversion, unless `exceptions` are known already: value, exceptions. */
function otherwise<V>(x: Language<V>, value: Operand<V>, exceptions: Operand<V>, slow: Subroutine, ...operands: V[]): readonly [V, V] {
  x.whenUnlikely(new Words(x, 32).eq(exceptions.read(), UNKNOWN), () => {
    const [slowValue, raised] = invoke(x, slow, ...operands);
    value.write(slowValue);
    exceptions.write(raised);
  });
  return [value.read(), exceptions.read()];
}

const precisionOf = <V>(x: Language<V>, raised: V): V => new Words(x, 32).and(raised, EXCEPTION.precision);

/** (value, MXCSR: 32) → (bits: 32, exceptions: 32), to nearest. */
function toSingle(width: 32 | 64, slow: Subroutine): Subroutine {
  return {
    name: `${slow.name}-quickly`,
    parameters: slow.parameters,
    results: slow.results,
    inPlace: true,
    body: (x, value, mxcsr) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const [bits, exceptions] = [d.variable(0), d.variable(UNKNOWN)];
      whenNearest(x, mxcsr, () => {
        const own = width === 64 ? value : x.bind(x.signExtend(value, 32, 64));
        const negative = q.sar(own, 63);
        const magnitude = q.sub(q.xor(own, negative), negative);
        const zeros = q.clz(magnitude);
        const significand = q.shl(magnitude, q.and(zeros, 63));
        const nearest = toNearest(x, q.shr(significand, 40), q.shl(significand, 24));
        // The leading one of the significand counts the exponent up by one.
        const exponent = q.shl(q.sub(126 + 63, zeros), 23);
        const whole = x.bind(x.truncate(q.add(exponent, nearest.value), 64, 32));
        const sign = d.shl(x.bind(x.truncate(negative, 64, 32)), 31);
        bits.write(d.select(q.eq(magnitude, 0), 0, d.or(whole, sign)));
        exceptions.write(precisionOf(x, nearest.exceptions));
      });
      return otherwise(x, bits, exceptions, slow, value, mxcsr);
    },
  };
}

export const i32ToF32Quickly: Subroutine = toSingle(32, i32ToF32);
export const i64ToF32Quickly: Subroutine = toSingle(64, i64ToF32);

/** (bits: 32, MXCSR: 32) → (bits: 64, exceptions: 32), at once of normal numbers and zeros. */
export const f32ToF64Quickly: Subroutine = {
  name: 'f32ToF64-quickly',
  parameters: [32, 32],
  results: [64, 32],
  inPlace: true,
  body: (x, bits, mxcsr) => {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const [value, exceptions] = [q.variable(0), d.variable(UNKNOWN)];
    const magnitude = d.shl(bits, 1);
    const sign = () => q.shl(x.bind(x.zeroExtend(d.shr(bits, 31), 32, 64)), 63);
    const none = (): void => exceptions.write(d.constant(0));
    x.when(
      d.below(d.sub(magnitude, 0x100_0000), 0xfe00_0000),
      () => {
        const moved = q.shl(x.bind(x.zeroExtend(d.shr(magnitude, 1), 32, 64)), PLACES_MORE);
        value.write(q.or(q.add(moved, q.constant(BigInt(BIAS_MORE) << 52n)), sign()));
        none();
      },
      () => {
        x.when(d.eq(magnitude, 0), () => {
          value.write(sign());
          none();
        });
      },
    );
    return otherwise(x, value, exceptions, f32ToF64, bits, mxcsr);
  },
};

/** (bits: 64, MXCSR: 32) → (bits: 32, exceptions: 32), at once of zeros, and to nearest of normal numbers that stay so. */
export const f64ToF32Quickly: Subroutine = {
  name: 'f64ToF32-quickly',
  parameters: [64, 32],
  results: [32, 32],
  inPlace: true,
  body: (x, bits, mxcsr) => {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const [value, exceptions] = [d.variable(0), d.variable(UNKNOWN)];
    const sign = () => d.shl(x.bind(x.truncate(q.shr(bits, 63), 64, 32)), 31);
    const magnitude = q.shr(q.shl(bits, 1), 1);
    // With a field of its own that rounding up leaves finite.
    const start = q.constant(BigInt(BIAS_MORE + 1) << 52n);
    x.when(
      q.below(q.sub(magnitude, start), q.constant(BigInt(SINGLE.largestField - 2) << 52n)),
      () => {
        whenNearest(x, mxcsr, () => {
          const rebased = q.sub(magnitude, q.constant(BigInt(BIAS_MORE) << 52n));
          const nearest = toNearest(x, q.shr(rebased, PLACES_MORE), q.shl(rebased, 64 - PLACES_MORE));
          value.write(d.or(x.bind(x.truncate(nearest.value, 64, 32)), sign()));
          exceptions.write(precisionOf(x, nearest.exceptions));
        });
      },
      () => {
        x.when(q.eq(magnitude, 0), () => {
          value.write(sign());
          exceptions.write(d.constant(0));
        });
      },
    );
    return otherwise(x, value, exceptions, f64ToF32, bits, mxcsr);
  },
};

/**
 * (bits, MXCSR: 32) → (value, exceptions: 32), at once from 1 up to where the integer may be too large or the last place is 1; truncated
 * also below 1.
 */
function toInteger(f: NarrowFormat, width: 32 | 64, slow: Subroutine, truncates: boolean): Subroutine {
  const bias = f.largestField >> 1;
  /** Exponents from 0 on that are served. Rounding up does not leave the range. */
  const reach = Math.min(width - (truncates ? 1 : 2), f.fractionBits + 1);
  return {
    name: `${slow.name}-quickly`,
    parameters: slow.parameters,
    results: slow.results,
    inPlace: true,
    body: (x, bits, mxcsr) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const [value, exceptions] = [new Words(x, width).variable(0), d.variable(UNKNOWN)];
      const own = f.width === 64 ? bits : x.bind(x.zeroExtend(bits, 32, 64));
      const field = q.and(q.shr(own, f.fractionBits), f.largestField);
      const exponent = q.sub(field, bias);
      const write = (magnitude: typeof bits, raised: typeof bits): void => {
        const negative = q.sub(0, q.shr(own, f.width - 1));
        const signed = q.sub(q.xor(magnitude, negative), negative);
        value.write(width === 64 ? signed : x.truncate(signed, 64, 32));
        exceptions.write(raised);
      };
      const fromOne = (): void => {
        const one = q.constant(1n << BigInt(f.fractionBits));
        const significand = q.or(q.and(own, q.constant((1n << BigInt(f.fractionBits)) - 1n)), one);
        const behind = q.sub(f.fractionBits, exponent);
        const whole = q.shr(significand, behind);
        const low = q.shl(q.shl(significand, 1), q.sub(63, behind));
        if (truncates) {
          write(whole, d.truth(q.ne(low, 0), 5));
          return;
        }
        whenNearest(x, mxcsr, () => {
          const nearest = toNearest(x, whole, low);
          write(nearest.value, precisionOf(x, nearest.exceptions));
        });
      };
      const belowOne = (): void => {
        // Zero, and what is normal.
        x.when(q.eq(q.shl(own, 65 - f.width), 0), () => exceptions.write(d.constant(0)));
        if (truncates) x.when(q.below(q.sub(field, 1), bias - 1), () => exceptions.write(d.constant(EXCEPTION.precision)));
      };
      x.when(q.below(exponent, reach), fromOne, belowOne);
      return otherwise(x, value, exceptions, slow, bits, mxcsr);
    },
  };
}

export const f32ToI32Quickly: Subroutine = toInteger(SINGLE, 32, f32ToI32, false);
export const f32ToI64Quickly: Subroutine = toInteger(SINGLE, 64, f32ToI64, false);
export const f64ToI32Quickly: Subroutine = toInteger(DOUBLE, 32, f64ToI32, false);
export const f64ToI64Quickly: Subroutine = toInteger(DOUBLE, 64, f64ToI64, false);
export const f32ToI32TruncatedQuickly: Subroutine = toInteger(SINGLE, 32, f32ToI32Truncated, true);
export const f32ToI64TruncatedQuickly: Subroutine = toInteger(SINGLE, 64, f32ToI64Truncated, true);
export const f64ToI32TruncatedQuickly: Subroutine = toInteger(DOUBLE, 32, f64ToI32Truncated, true);
export const f64ToI64TruncatedQuickly: Subroutine = toInteger(DOUBLE, 64, f64ToI64Truncated, true);
