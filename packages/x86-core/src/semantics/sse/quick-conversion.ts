/**
 * Conversions between integers and numbers for the values that programs mostly have: exact ones by the host's arithmetic, truncated ones by
 * a shift. All else goes to semantics/float, whose parameters and results these have. [SDM 2A, "CVTSI2SD", "CVTTSD2SI"]
 */
import { EXCEPTION } from '../float/control.ts';
import { f32ToI32Truncated, f32ToI64Truncated, f64ToI32Truncated, f64ToI64Truncated, i64ToF64 } from '../float/index.ts';
import { DOUBLE, type NarrowFormat, SINGLE } from '../float/round.ts';
import { invoke, Words } from '../float/words.ts';
import type { Subroutine } from '../language.ts';

/** 2^52 + 2^31 and 2^52 + 2^51, whose last place is 1: an integer in the low bits is added. */
const BIAS_32 = 0x4330_0000_8000_0000n;
const BIAS_51 = 0x4338_0000_0000_0000n;

/** (value: 32, MXCSR: 32) → (bits: 64, exceptions: 32): always exact. */
export const i32ToF64Exactly: Subroutine = {
  name: 'i32ToF64-exactly',
  parameters: [32, 32],
  results: [64, 32],
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

/** (bits, MXCSR: 32) → (value, exceptions: 32), at once from 1 up to where the integer is too large or the last place is 1. */
function truncation(f: NarrowFormat, width: 32 | 64, slow: Subroutine): Subroutine {
  const bias = f.largestField >> 1;
  /** Exponents from 0 on that are served. */
  const reach = Math.min(width - 1, f.fractionBits + 1);
  return {
    name: `${slow.name}-quickly`,
    parameters: slow.parameters,
    results: slow.results,
    body: (x, bits, mxcsr) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const own = f.width === 64 ? bits : x.bind(x.zeroExtend(bits, 32, 64));
      const exponent = q.sub(q.and(q.shr(own, f.fractionBits), f.largestField), bias);
      const value = new Words(x, width).variable(0);
      const exceptions = d.variable(0);
      x.when(
        q.below(exponent, reach),
        () => {
          const one = q.constant(1n << BigInt(f.fractionBits));
          const significand = q.or(q.and(own, q.constant((1n << BigInt(f.fractionBits)) - 1n)), one);
          const behind = q.sub(f.fractionBits, exponent);
          const magnitude = q.shr(significand, behind);
          const negative = q.sub(0, q.shr(own, f.width - 1));
          const signed = q.sub(q.xor(magnitude, negative), negative);
          value.write(width === 64 ? signed : x.truncate(signed, 64, 32));
          exceptions.write(d.select(q.ne(q.shl(magnitude, behind), significand), EXCEPTION.precision, 0));
        },
        () => {
          const [slowValue, raised] = invoke(x, slow, bits, mxcsr);
          value.write(slowValue);
          exceptions.write(raised);
        },
      );
      return [value.read(), exceptions.read()];
    },
  };
}

export const f32ToI32Quickly: Subroutine = truncation(SINGLE, 32, f32ToI32Truncated);
export const f32ToI64Quickly: Subroutine = truncation(SINGLE, 64, f32ToI64Truncated);
export const f64ToI32Quickly: Subroutine = truncation(DOUBLE, 32, f64ToI32Truncated);
export const f64ToI64Quickly: Subroutine = truncation(DOUBLE, 64, f64ToI64Truncated);
