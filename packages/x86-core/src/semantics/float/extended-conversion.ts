/**
 * Conversions to and from double extended precision as x87 code mostly has them: of normal numbers and zeros, to results far from overflow
 * and underflow, rounded to nearest (to integers also toward zero). [SDM 1 §4.8, §8.1.2] All else goes to convert.ts, whose parameters and
 * results these have.
 */
import type { Language, Operand, Subroutine } from '../language.ts';
import { ROUNDING, ROUNDING_CONTROL } from './control.ts';
import * as general from './convert.ts';
import { EXTENDED_BIAS } from './core.ts';
import { DOUBLE, type NarrowFormat, SINGLE, toNearest } from './round.ts';
import { Words } from './words.ts';

const FIELD = 0x7fff;
/** Stands for exceptions that are not known yet. */
const UNKNOWN = -1;

/** The general conversion, unless `exceptions` are known already. */
function otherwise<V>(
  x: Language<V>,
  exceptions: Operand<V>,
  into: readonly Operand<V>[],
  conversion: Subroutine,
  values: readonly V[],
): V[] {
  const d = new Words(x, 32);
  x.whenUnlikely(d.eq(exceptions.read(), UNKNOWN), () => {
    const results = x.call(conversion, ...values);
    [...into, exceptions].forEach((operand, i) => {
      operand.write(results[i] as V);
    });
  });
  return [...into, exceptions].map((operand) => operand.read());
}

/** Bits → (significand: 64, sign and exponent: 32, exceptions: 32). */
function widening(f: NarrowFormat, conversion: Subroutine): Subroutine {
  return {
    name: `${conversion.name}-quickly`,
    parameters: conversion.parameters,
    results: conversion.results,
    inPlace: true,
    body: (x, bits) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const own = f.width === 64 ? bits : x.bind(x.zeroExtend(bits, 32, 64));
      const [significand, top, exceptions] = [q.variable(0), d.variable(0), d.variable(UNKNOWN)];
      const upper = x.bind(x.truncate(q.shr(own, f.fractionBits), 64, 32));
      const field = d.and(upper, f.largestField);
      const sign = (): typeof bits => d.shl(d.shr(upper, f.width - 1 - f.fractionBits), 15);
      const normal = (): void => {
        significand.write(q.or(q.shl(own, 63 - f.fractionBits), q.constant(1n << 63n)));
        top.write(d.or(sign(), d.add(field, f.biasDifference)));
        exceptions.write(d.constant(0));
      };
      const zero = (): void => {
        top.write(sign());
        exceptions.write(d.constant(0));
      };
      x.whenLikely(d.below(d.sub(field, 1), f.largestField - 1), normal, () => x.when(q.eq(q.shl(own, 65 - f.width), 0), zero));
      return otherwise(x, exceptions, [significand, top], conversion, [bits]);
    },
  };
}

/** (significand: 64, sign and exponent: 32, control word: 32) → (bits, exceptions: 32). */
function narrowing(f: NarrowFormat, conversion: Subroutine): Subroutine {
  const drop = 63 - f.fractionBits;
  return {
    name: `${conversion.name}-quickly`,
    parameters: conversion.parameters,
    results: conversion.results,
    inPlace: true,
    body: (x, significand, top, word) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const w = new Words(x, f.width);
      const [bits, exceptions] = [w.variable(0), d.variable(UNKNOWN)];
      const field = d.and(top, FIELD);
      const own = (value: typeof top): typeof top => (f.width === 64 ? value : x.bind(x.truncate(value, 64, 32)));
      const sign = (): typeof top => q.shl(x.bind(x.zeroExtend(d.shr(top, 15), 32, 64)), f.width - 1);
      // The leading one of the significand counts the exponent up by one.
      const fieldLessOne = d.sub(field, f.biasDifference + 1);
      const normal = (): void => {
        const nearest = toNearest(x, q.shr(significand, drop), q.shl(significand, 64 - drop));
        const exponent = q.shl(x.bind(x.zeroExtend(fieldLessOne, 32, 64)), f.fractionBits);
        bits.write(own(q.add(q.or(sign(), exponent), nearest.value)));
        exceptions.write(nearest.exceptions);
      };
      const zero = (): void => {
        bits.write(own(sign()));
        exceptions.write(d.constant(0));
      };
      x.whenLikely(
        q.less(significand, 0),
        () =>
          x.whenLikely(d.eq(d.and(word, ROUNDING_CONTROL), ROUNDING.nearest), () =>
            x.whenLikely(d.below(fieldLessOne, f.largestField - 2), normal),
          ),
        () => x.when(q.eq(q.or(significand, x.bind(x.zeroExtend(field, 32, 64))), 0), zero),
      );
      return otherwise(x, exceptions, [bits], conversion, [significand, top, word]);
    },
  };
}

/** (significand: 64, sign and exponent: 32, control word: 32) → (value, exceptions: 32); a 16-bit value sign-extended in 32. */
function toInteger(width: 16 | 32 | 64, conversion: Subroutine, truncates: boolean): Subroutine {
  const resultWidth = width === 64 ? 64 : 32;
  return {
    name: `${conversion.name}-quickly`,
    parameters: conversion.parameters,
    results: conversion.results,
    inPlace: true,
    body: (x, significand, top, word) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const [value, exceptions] = [new Words(x, resultWidth).variable(0), d.variable(UNKNOWN)];
      const exponent = d.sub(d.and(top, FIELD), EXTENDED_BIAS);
      const write = (magnitude: typeof top, raised: typeof top): void => {
        const negative = x.bind(x.zeroExtend(d.shr(top, 15), 32, 64));
        const limit = q.add(q.constant(1n << BigInt(width - 1)), negative);
        x.whenLikely(q.below(magnitude, limit), () => {
          const signed = q.add(q.xor(magnitude, q.sub(0, negative)), negative);
          value.write(width === 64 ? signed : x.truncate(signed, 64, 32));
          exceptions.write(raised);
        });
      };
      const convert = (): void => {
        // From 1 place on lies behind the binary point.
        const count = x.bind(x.zeroExtend(d.sub(63, exponent), 32, 64));
        const whole = q.shr(significand, count);
        const low = q.shl(significand, q.sub(64, count));
        const cut = (): void => write(whole, d.truth(q.ne(low, 0), 5));
        const nearest = (): void => {
          const { value: magnitude, exceptions: raised } = toNearest(x, whole, low);
          write(magnitude, raised);
        };
        if (truncates) cut();
        else {
          const mode = d.and(word, ROUNDING_CONTROL);
          x.when(d.eq(mode, ROUNDING.nearest), nearest, () => x.when(d.eq(mode, ROUNDING.zero), cut));
        }
      };
      x.whenLikely(
        q.less(significand, 0),
        () => x.whenLikely(d.below(exponent, 63), convert),
        () => x.when(q.eq(q.or(significand, x.bind(x.zeroExtend(d.and(top, FIELD), 32, 64))), 0), () => exceptions.write(d.constant(0))),
      );
      return otherwise(x, exceptions, [value], conversion, [significand, top, word]);
    },
  };
}

/** Bits → (significand: 64, sign and exponent: 32, exceptions: 32). See convert.ts for NaNs and denormals. */
export const widenSingle: Subroutine = widening(SINGLE, general.widenSingle);
export const widenDouble: Subroutine = widening(DOUBLE, general.widenDouble);
/** (significand: 64, sign and exponent: 32, control word: 32) → (bits, exceptions: 32). Denormal operands are not told. */
export const f80ToF32: Subroutine = narrowing(SINGLE, general.f80ToF32);
export const f80ToF64: Subroutine = narrowing(DOUBLE, general.f80ToF64);
/** (significand: 64, sign and exponent: 32, control word: 32) → (value, exceptions: 32); a 16-bit value sign-extended in 32. */
export const f80ToI16: Subroutine = toInteger(16, general.f80ToI16, false);
export const f80ToI32: Subroutine = toInteger(32, general.f80ToI32, false);
export const f80ToI64: Subroutine = toInteger(64, general.f80ToI64, false);
export const f80ToI16Truncated: Subroutine = toInteger(16, general.f80ToI16Truncated, true);
export const f80ToI32Truncated: Subroutine = toInteger(32, general.f80ToI32Truncated, true);
export const f80ToI64Truncated: Subroutine = toInteger(64, general.f80ToI64Truncated, true);
