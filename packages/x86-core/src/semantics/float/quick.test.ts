/**
 * The short ways of the arithmetic against the general one: the same results and exceptions under every control word, on operands of every
 * class. (The general arithmetic is tested against models of its own, in float.test.ts.)
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReferenceEngine } from '../../engines/reference.ts';
import type { Subroutine } from '../language.ts';
import { generally, type Operation } from './arithmetic.ts';
import { WIDENED_DENORMAL } from './control.ts';
import * as convert from './convert.ts';
import * as extended from './extended-conversion.ts';
import { DOUBLE_FORMAT, EXTENDED, type Format, SINGLE_FORMAT } from './format.ts';
import * as float from './index.ts';

// Subroutines compute only: neither processor nor state is asked for.
const x = new ReferenceEngine(undefined as never, new DataView(new ArrayBuffer(8)));
const call = (subroutine: Subroutine, ...values: bigint[]): readonly bigint[] => x.call(subroutine, ...values);

const TOP = 1n << 63n;
/** Any bits, few bits, runs of ones at either end, and what lies about the middle between two numbers of fewer places. */
const significand = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n * TOP - 1n }),
  fc.bigInt({ min: TOP, max: 2n * TOP - 1n }),
  fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 0, max: 63 }))
    .map(([n, m]) => TOP | ((TOP - 1n) >> BigInt(n)) | (1n << BigInt(m))),
  fc.integer({ min: 0, max: 63 }).map((n) => BigInt.asUintN(64, (2n * TOP - 1n) << BigInt(n))),
  fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.bigInt({ min: -2n, max: 2n }))
    .map(([n, d]) => TOP | BigInt.asUintN(63, (1n << BigInt(n)) + d)),
  fc.constantFrom(0n, 1n, TOP, TOP | 1n, 3n << 62n, TOP - 1n, 2n * TOP - 1n),
);
const BIAS = 16383;
const field = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: BIAS - 3, max: BIAS + 3 }) },
  { weight: 4, arbitrary: fc.integer({ min: BIAS - 70, max: BIAS + 70 }) },
  // About the limits of double and single precision.
  fc.constantFrom(-1074, -1022, -149, -126, 127, 1023).chain((e) => fc.integer({ min: BIAS + e - 3, max: BIAS + e + 3 })),
  fc.constantFrom(0, 1, 2, 0x7ffd, 0x7ffe, 0x7fff),
  fc.integer({ min: 0, max: 0x7fff }),
);
const number = fc.tuple(significand, field, fc.boolean()).map(([s, e, negative]) => [s, BigInt(e) | (negative ? 0x8000n : 0n)] as const);
/** Mostly as programs have it; else every mask, precision and rounding, and a denormal operand from memory. */
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0x37fn) },
  fc.integer({ min: 0, max: 15 }).map((pcRc) => BigInt(0x7f | (pcRc << 8))),
  fc.tuple(fc.integer({ min: 0, max: 0xfff }), fc.boolean()).map(([w, widened]) => BigInt(w | (widened ? WIDENED_DENORMAL : 0))),
);
const OPERATIONS: readonly Operation[] = ['add', 'sub', 'mul', 'div', 'sqrt'];
type Named = Readonly<Record<string, Subroutine>>;
const named = float as unknown as Named;
const conversions = extended as unknown as Named;
const generalConversions = convert as unknown as Named;
const nameOf = (prefix: string, operation: Operation): string => prefix + operation.charAt(0).toUpperCase() + operation.slice(1);

describe('Double extended precision, the short way', () => {
  it.each(OPERATIONS)('gives of %s what the general arithmetic gives', (operation) => {
    const general = generally(EXTENDED, operation);
    const quick = named[nameOf('f80', operation)] as Subroutine;
    fc.assert(
      fc.property(number, number, word, (a, b, control) => {
        const values = operation === 'sqrt' ? [...a, control] : [...a, ...b, control];
        expect(call(quick, ...values)).toEqual(call(general, ...values));
      }),
      { numRuns: 3000 },
    );
  });

  it('divides significands at the limits of its estimates', () => {
    const edges = [0n, 1n, 1n << 10n, (1n << 11n) - 1n, 1n << 11n, 1n << 12n, 1n << 62n].flatMap((n) => [TOP + n, 2n * TOP - 1n - n]);
    const general = generally(EXTENDED, 'div');
    for (const a of edges) {
      for (const b of edges)
        expect(call(float.f80Div, a, 0x3fffn, b, 0x3fffn, 0x37fn)).toEqual(call(general, a, 0x3fffn, b, 0x3fffn, 0x37fn));
    }
  });

  it('gives of sums of numbers far apart what the general arithmetic gives', () => {
    const general = generally(EXTENDED, 'add');
    const apart = fc.tuple(number, significand, fc.integer({ min: -70, max: 70 }), fc.boolean());
    fc.assert(
      fc.property(apart, word, ([a, s, distance, negative], control) => {
        const e = Math.min(Math.max(Number(a[1] & 0x7fffn) + distance, 0), 0x7fff);
        const values = [...a, s, BigInt(e) | (negative ? 0x8000n : 0n), control];
        expect(call(float.f80Add, ...values)).toEqual(call(general, ...values));
      }),
      { numRuns: 3000 },
    );
  });

  it('orders numbers as their values are', () => {
    const value = ([s, top]: readonly [bigint, bigint]): bigint => {
      const size = s << (top & 0x7fffn);
      return top >> 15n === 0n ? size : -size;
    };
    const plain = fc.oneof(
      fc.tuple(
        significand.map((s) => s | TOP),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
      ),
      fc.tuple(fc.constant(0n), fc.constant(0), fc.boolean()),
    );
    const bits = plain.map(([s, e, negative]) => [s, BigInt(e) | (negative ? 0x8000n : 0n)] as const);
    const near = fc.tuple(bits, fc.bigInt({ min: -1n, max: 1n }), fc.boolean()).map(([[s, top], d, flip]) => {
      const moved = s === 0n ? s : BigInt.asUintN(64, s + d) | TOP;
      return [
        [s, top],
        [moved, flip ? top ^ 0x8000n : top],
      ] as const;
    });
    fc.assert(
      fc.property(fc.oneof(fc.tuple(bits, bits), near), fc.constantFrom(0n, 1n), ([a, b], signaling) => {
        const [va, vb] = [value(a), value(b)];
        const want = va < vb ? 1n : va > vb ? 0n : 0x40n;
        expect(call(float.f80Compare, ...a, ...b, signaling, 0x37fn)).toEqual([want, 0n]);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    'f80ToF32',
    'f80ToF64',
    'f80ToI16',
    'f80ToI32',
    'f80ToI64',
    'f80ToI16Truncated',
    'f80ToI32Truncated',
    'f80ToI64Truncated',
  ] as const)('converts by %s as the general conversion does', (name) => {
    fc.assert(
      fc.property(number, word, (a, control) => {
        expect(call(conversions[name] as Subroutine, ...a, control)).toEqual(call(generalConversions[name] as Subroutine, ...a, control));
      }),
      { numRuns: 3000 },
    );
  });
});

/** Bits of a format: any, few ones, normal numbers of exponents near each other, and those about the limits. */
function bitsOf(format: Format): fc.Arbitrary<bigint> {
  const [width, places, largest] = format === DOUBLE_FORMAT ? [64, 52, 0x7ff] : [32, 23, 0xff];
  const fraction = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << BigInt(places)) - 1n }),
    fc
      .tuple(fc.integer({ min: 0, max: places - 1 }), fc.bigInt({ min: 0n, max: 7n }))
      .map(([n, m]) => BigInt.asUintN(places, m << BigInt(n))),
    fc.constantFrom(0n, 1n, (1n << BigInt(places)) - 1n, 1n << BigInt(places - 1)),
  );
  const exponent = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: (largest >> 1) - 4, max: (largest >> 1) + 4 }) },
    fc.constantFrom(0, 1, 2, largest - 1, largest),
    fc.integer({ min: 0, max: largest }),
  );
  return fc
    .tuple(fraction, exponent, fc.boolean())
    .map(([f, e, negative]) => f | (BigInt(e) << BigInt(places)) | (negative ? 1n << BigInt(width - 1) : 0n));
}
/** With and without a precision exception recorded, and any other. */
const mxcsr = fc.oneof(fc.constantFrom(0x1f80n, 0x1fa0n), fc.bigInt({ min: 0n, max: 0xffffn }));

describe.each([
  ['f32', SINGLE_FORMAT],
  ['f64', DOUBLE_FORMAT],
] as const)('[SDM 1 §11.5] %s by the host', (prefix, format) => {
  const bits = bitsOf(format);

  it.each(OPERATIONS)('gives of %s what the general arithmetic gives, but for a precision exception that is recorded', (operation) => {
    const general = generally(format, operation);
    const quick = named[nameOf(prefix, operation)] as Subroutine;
    fc.assert(
      fc.property(bits, bits, mxcsr, (a, b, control) => {
        const values = operation === 'sqrt' ? [a, control] : [a, b, control];
        const [result, exceptions] = call(quick, ...values) as [bigint, bigint];
        const [want, raised] = call(general, ...values) as [bigint, bigint];
        const recorded = control & 0x20n;
        expect([result, exceptions | recorded]).toEqual([want, raised | recorded]);
      }),
      { numRuns: 3000 },
    );
  });

  it('widens to double extended precision as the general conversion does', () => {
    const name = format === DOUBLE_FORMAT ? 'widenDouble' : 'widenSingle';
    fc.assert(
      fc.property(bits, (a) => {
        expect(call(conversions[name] as Subroutine, a)).toEqual(call(generalConversions[name] as Subroutine, a));
      }),
      { numRuns: 3000 },
    );
  });
});
