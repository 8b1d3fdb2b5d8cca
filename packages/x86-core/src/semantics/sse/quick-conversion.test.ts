/** The short ways of conversions against the general ones: the same results and exceptions under every MXCSR, on operands of every class. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReferenceEngine } from '../../engines/reference.ts';
import * as float from '../float/index.ts';
import type { Subroutine } from '../language.ts';
import * as quick from './quick-conversion.ts';

// Subroutines compute only: neither processor nor state is asked for.
const x = new ReferenceEngine(undefined as never, new DataView(new ArrayBuffer(8)));
const call = (subroutine: Subroutine, ...values: bigint[]): readonly bigint[] => x.call(subroutine, ...values);

/** Rounded to nearest or not, exceptions recorded and masked or not. */
const mxcsr = fc.oneof(fc.constantFrom(0x1f80n, 0x1fa0n), fc.bigInt({ min: 0n, max: 0xffffn }));

/** Integers of a width by their lengths, and about powers of two. */
const integer = (width: number): fc.Arbitrary<bigint> => {
  const any = fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n });
  const short = fc.tuple(any, fc.integer({ min: 0, max: width - 1 })).map(([n, places]) => n >> BigInt(places));
  const nearPower = fc
    .tuple(fc.integer({ min: 0, max: width - 1 }), fc.bigInt({ min: -2n, max: 2n }))
    .map(([n, d]) => (1n << BigInt(n)) + d);
  return fc.tuple(fc.oneof(any, short, nearPower), fc.boolean()).map(([n, negative]) => BigInt.asUintN(width, negative ? -n : n));
};

/** Bits of a format: exponents about those of integers and of the limits of single precision, few or many ones. */
const number = (width: 32 | 64): fc.Arbitrary<bigint> => {
  const [places, largest] = width === 64 ? [52, 0x7ff] : [23, 0xff];
  const bias = largest >> 1;
  const about = (e: number): fc.Arbitrary<number> =>
    fc.integer({ min: e - 3, max: e + 3 }).map((n) => Math.min(Math.max(bias + n, 0), largest));
  const exponent = fc.oneof(
    fc.integer({ min: bias - 3, max: bias + 66 }),
    fc.constantFrom(-149, -126, 0, 31, 52, 63, 127).chain(about),
    fc.constantFrom(0, 1, largest - 1, largest),
    fc.integer({ min: 0, max: largest }),
  );
  const fraction = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << BigInt(places)) - 1n }),
    fc.tuple(fc.integer({ min: 0, max: places }), fc.bigInt({ min: -1n, max: 7n })).map(([n, m]) => BigInt.asUintN(places, m << BigInt(n))),
  );
  return fc
    .tuple(fraction, exponent, fc.boolean())
    .map(([f, e, negative]) => f | (BigInt(e) << BigInt(places)) | (negative ? 1n << BigInt(width - 1) : 0n));
};

const CONVERSIONS: readonly (readonly [Subroutine, Subroutine, fc.Arbitrary<bigint>])[] = [
  [quick.i64ToF64Quickly, float.i64ToF64, integer(64)],
  [quick.i32ToF64Exactly, float.i32ToF64, integer(32)],
  [quick.i32ToF32Quickly, float.i32ToF32, integer(32)],
  [quick.i64ToF32Quickly, float.i64ToF32, integer(64)],
  [quick.f32ToF64Quickly, float.f32ToF64, number(32)],
  [quick.f64ToF32Quickly, float.f64ToF32, number(64)],
  [quick.f32ToI32Quickly, float.f32ToI32, number(32)],
  [quick.f32ToI64Quickly, float.f32ToI64, number(32)],
  [quick.f64ToI32Quickly, float.f64ToI32, number(64)],
  [quick.f64ToI64Quickly, float.f64ToI64, number(64)],
  [quick.f32ToI32TruncatedQuickly, float.f32ToI32Truncated, number(32)],
  [quick.f32ToI64TruncatedQuickly, float.f32ToI64Truncated, number(32)],
  [quick.f64ToI32TruncatedQuickly, float.f64ToI32Truncated, number(64)],
  [quick.f64ToI64TruncatedQuickly, float.f64ToI64Truncated, number(64)],
];

describe('[SDM 1 §11.4.1.6, §11.4.2.2] Conversions, the short way', () => {
  it.each(CONVERSIONS.map(([short, general, operand]) => [general.name, short, general, operand] as const))(
    '%s gives what the general conversion gives',
    (_, short, general, operand) => {
      fc.assert(
        fc.property(operand, mxcsr, (value, control) => {
          expect(call(short, value, control)).toEqual(call(general, value, control));
        }),
        { numRuns: 3000 },
      );
    },
  );
});
