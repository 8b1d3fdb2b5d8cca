/** The arithmetic against an exact model (80 bits) and against the host's (64 and 32 bits). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReferenceEngine } from '../../engines/reference.ts';
import type { Subroutine } from '../language.ts';
import { type Exactly, exactly, type ModelNumber, product, ratio, rounded, sum } from './exact-model.ts';
import * as float from './index.ts';

// Subroutines compute only: neither processor nor state is asked for.
const x = new ReferenceEngine(undefined as never, new DataView(new ArrayBuffer(8)));
const call = (subroutine: Subroutine, ...values: bigint[]): readonly bigint[] => x.call(subroutine, ...values);

const TOP = 1n << 63n;
const significand = fc.oneof(
  fc.bigInt({ min: TOP, max: 2n * TOP - 1n }),
  // Few bits, or runs of ones: ties and carries.
  fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.boolean())
    .map(([n, ones]) => (ones ? ((TOP - 1n) >> BigInt(n)) << BigInt(n) : TOP >> BigInt(n)) | TOP),
  fc.bigInt({ min: 0n, max: 255n }).map((low) => TOP | low),
  fc.bigInt({ min: 0n, max: 4095n }).map((high) => TOP | (high << 51n)),
);
const near = fc.integer({ min: 16383 - 70, max: 16383 + 70 });
const field = fc.oneof(
  near,
  near,
  fc.integer({ min: 1, max: 140 }),
  fc.integer({ min: 0x7f00, max: 0x7ffe }),
  fc.integer({ min: 1, max: 0x7ffe }),
);
const normal: fc.Arbitrary<ModelNumber> = fc
  .tuple(significand, field, fc.boolean())
  .map(([s, e, negative]) => ({ significand: s, top: BigInt(e) | (negative ? 0x8000n : 0n) }));
const denormal: fc.Arbitrary<ModelNumber> = fc
  .tuple(fc.bigInt({ min: 1n, max: TOP - 1n }), fc.boolean())
  .map(([s, negative]) => ({ significand: s, top: negative ? 0x8000n : 0n }));
const finite = fc.oneof({ weight: 5, arbitrary: normal }, { weight: 1, arbitrary: denormal });
const control = fc.integer({ min: 0, max: 15 }).map((pcRc) => 0x7f | (pcRc << 8));

const isDenormal = (n: ModelNumber): boolean => (n.top & 0x7fffn) === 0n;

describe('[SDM 1 §4.8.4, §8.1.5] Rounding to double extended precision', () => {
  const operations: [string, Subroutine, (a: Exactly, b: Exactly) => Exactly][] = [
    ['sums', float.f80Add, sum],
    ['differences', float.f80Sub, (a, b) => sum(a, { ...b, numerator: -b.numerator })],
    ['products', float.f80Mul, product],
    ['quotients', float.f80Div, ratio],
  ];
  it.each(operations)('gives %s as the exact result rounded once, under every precision and rounding control', (_, subroutine, model) => {
    fc.assert(
      fc.property(finite, finite, control, (a, b, word) => {
        const exact = model(exactly(a), exactly(b));
        const denormalOperand = isDenormal(a) || isDenormal(b) ? 2n : 0n;
        const down = ((word >> 10) & 3) === 1;
        const want = exact.numerator === 0n ? [0n, down ? 0x8000n : 0n, 0n] : rounded(exact, word);
        want[2] = (want[2] as bigint) | denormalOperand;
        expect(call(subroutine, a.significand, a.top, b.significand, b.top, BigInt(word))).toEqual(want);
      }),
      { numRuns: 4000 },
    );
  });

  it('gives square roots to the nearest, exactly where they are exact', () => {
    fc.assert(
      fc.property(significand, field, (s, e) => {
        const [root, top, flags] = call(float.f80Sqrt, s, BigInt(e), 0x37fn) as [bigint, bigint, bigint];
        // root² against the number, both as integers of one scale: within half a unit of the root.
        const odd = (e - 16383) & 1;
        const square = s << BigInt(63 + odd);
        expect(root * root - root <= square && square <= root * root + root).toBe(true);
        expect((flags & 0x20n) === 0n).toBe(root * root === square);
        expect(Number(top)).toBe(((e - 16383 - odd) >> 1) + 16383);
      }),
      { numRuns: 4000 },
    );
  });

  it('rounds to integers by rounding control', () => {
    const range = fc.tuple(significand, fc.integer({ min: 16383 - 4, max: 16383 + 63 }), fc.boolean());
    fc.assert(
      fc.property(range, control, ([s, e, negative], word) => {
        const top = BigInt(e) | (negative ? 0x8000n : 0n);
        const [value, flags] = call(float.f80ToI64, s, top, BigInt(word)) as [bigint, bigint];
        const shift = BigInt(16383 + 63 - e);
        const scaled = negative ? -s : s;
        const floor = scaled >> shift;
        const twice = 2n * (scaled - (floor << shift));
        const unit = 1n << shift;
        const mode = (word >> 10) & 3;
        const up = [twice > unit || (twice === unit && (floor & 1n) === 1n), false, twice !== 0n, negative && twice !== 0n][mode];
        const want = up === true ? floor + 1n : floor;
        const fits = BigInt.asIntN(64, want) === want;
        expect(BigInt.asIntN(64, value)).toBe(fits ? want : -(1n << 63n));
        expect(flags & 0x21n).toBe(fits ? (twice === 0n ? 0n : 0x20n) : 1n);
      }),
      { numRuns: 4000 },
    );
  });
});

const view = new DataView(new ArrayBuffer(8));
const double = (bits: bigint): number => {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
};
const doubleBits = (value: number): bigint => {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};
const single = (bits: bigint): number => {
  view.setUint32(0, Number(bits));
  return view.getFloat32(0);
};
const singleBits = (value: number): bigint => {
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
};

/** Bits of a format with `fraction` places: any, and with exponents close to each other. */
const bitsOf = (width: number, fraction: number, bias: number): fc.Arbitrary<bigint> => {
  const any = fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n });
  const close = fc
    .tuple(fc.integer({ min: bias - 40, max: bias + 40 }), fc.bigInt({ min: 0n, max: (1n << BigInt(fraction)) - 1n }), fc.boolean())
    .map(([e, f, s]) => (BigInt(e) << BigInt(fraction)) | f | (s ? 1n << BigInt(width - 1) : 0n));
  const small = fc.bigInt({ min: 0n, max: (2n << BigInt(fraction)) - 1n });
  return fc.oneof(any, close, close, small);
};

describe('[SDM 1 §11.5] SSE arithmetic', () => {
  const functions: [string, (a: number, b: number) => number][] = [
    ['Add', (a, b) => a + b],
    ['Sub', (a, b) => a - b],
    ['Mul', (a, b) => a * b],
    ['Div', (a, b) => a / b],
    ['Sqrt', (a) => Math.sqrt(a)],
  ];
  const named = float as unknown as Readonly<Record<string, Subroutine>>;
  /** With the precision exception recorded the host computes; without, the integers do. */
  const words = [0x1f80n, 0x1fa0n];

  it.each(functions)('%s in double precision is what the host computes', (name, compute) => {
    const bits = bitsOf(64, 52, 1023);
    fc.assert(
      fc.property(bits, bits, fc.constantFrom(...words), (a, b, mxcsr) => {
        const values = name === 'Sqrt' ? [a, mxcsr] : [a, b, mxcsr];
        const [result] = call(named[`f64${name}`]!, ...values) as [bigint];
        const want = compute(double(a), double(b));
        if (Number.isNaN(want)) expect(double(result)).toBeNaN();
        else expect(result).toBe(doubleBits(want));
      }),
      { numRuns: 4000 },
    );
  });

  it.each(functions)('%s in single precision is what the host computes', (name, compute) => {
    const bits = bitsOf(32, 23, 127);
    fc.assert(
      fc.property(bits, bits, fc.constantFrom(...words), (a, b, mxcsr) => {
        const values = name === 'Sqrt' ? [a, mxcsr] : [a, b, mxcsr];
        const [result] = call(named[`f32${name}`]!, ...values) as [bigint];
        const want = Math.fround(compute(single(a), single(b)));
        if (Number.isNaN(want)) expect(single(result)).toBeNaN();
        else expect(result).toBe(singleBits(want));
      }),
      { numRuns: 4000 },
    );
  });

  it.each(['Add', 'Sub', 'Mul', 'Div'])('%s tells the same exceptions whether the host computes or not', (name) => {
    const bits = bitsOf(64, 52, 1023);
    // Few bits, so that many results are exact.
    const short = bits.map((value) => value & ~((1n << 45n) - 1n));
    const either = fc.oneof(bits, short);
    // Rounding up takes the long way; of exact results the exceptions are the same.
    fc.assert(
      fc.property(either, either, (a, b) => {
        const operation = named[`f64${name}`]!;
        const [result, exceptions] = call(operation, a, b, 0x1f80n) as [bigint, bigint];
        const [again, known] = call(operation, a, b, 0x1fa0n) as [bigint, bigint];
        expect(again).toBe(result);
        expect(known | 0x20n).toBe(exceptions | 0x20n);
        const [up, upward] = call(operation, a, b, 0x5f80n) as [bigint, bigint];
        const [down, downward] = call(operation, a, b, 0x3f80n) as [bigint, bigint];
        expect(upward & 0x20n).toBe(downward & 0x20n);
        if (!Number.isNaN(double(result)) && result << 1n !== 0n && (exceptions & 0x18n) === 0n) {
          expect((exceptions & 0x20n) !== 0n).toBe(up !== down);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('takes denormal operands for zeros under DAZ, and gives zero for denormal results under FTZ', () => {
    expect(call(float.f64Add, 1n, 0n, 0x1fc0n)).toEqual([0n, 0n]);
    expect(call(float.f64Add, 1n, 0n, 0x1f80n)).toEqual([1n, 2n]);
    const smallest = 1n << 52n;
    const half = doubleBits(0.5);
    expect(call(float.f64Mul, smallest, half, 0x9f80n)).toEqual([0n, 0x30n]);
    expect(call(float.f64Mul, smallest, half, 0x1f80n)).toEqual([smallest >> 1n, 0n]);
  });

  it('gives the second operand of MIN and MAX for NaNs and for two zeros', () => {
    const nan = doubleBits(Number.NaN);
    const one = doubleBits(1);
    expect(call(float.f64Min, nan, one, 0x1f80n)).toEqual([one, 1n]);
    expect(call(float.f64Max, one, nan, 0x1f80n)).toEqual([nan, 1n]);
    expect(call(float.f64Min, 0n, 1n << 63n, 0x1f80n)).toEqual([1n << 63n, 0n]);
  });
});

describe('[SDM 2A, "CVT…"] Conversions', () => {
  it('narrows doubles as the host does, and widens them back', () => {
    fc.assert(
      fc.property(bitsOf(64, 52, 1023), bitsOf(32, 23, 127), (wide, narrow) => {
        const value = double(wide);
        const [cut] = call(float.f64ToF32, wide, 0x1f80n) as [bigint];
        if (Number.isNaN(value)) expect(single(cut)).toBeNaN();
        else expect(cut).toBe(singleBits(value));
        const [widened] = call(float.f32ToF64, narrow, 0x1f80n) as [bigint];
        if (Number.isNaN(single(narrow))) expect(double(widened)).toBeNaN();
        else expect(widened).toBe(doubleBits(single(narrow)));
      }),
      { numRuns: 4000 },
    );
  });

  it('brings every double through the x87 unchanged', () => {
    fc.assert(
      fc.property(bitsOf(64, 52, 1023), (bits) => {
        if (Number.isNaN(double(bits))) return;
        const [s, top] = call(float.widenDouble, bits) as [bigint, bigint];
        expect(call(float.f80ToF64, s, top, 0x37fn)[0]).toBe(bits);
      }),
      { numRuns: 2000 },
    );
  });

  it('converts integers as the host does', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (value) => {
        expect(call(float.i64ToF64, BigInt.asUintN(64, value), 0x1f80n)[0]).toBe(doubleBits(Number(value)));
        const number = Number(BigInt.asIntN(40, value)) / 64;
        expect(call(float.f64ToI64Truncated, doubleBits(number), 0x1f80n)[0]).toBe(BigInt.asUintN(64, BigInt(Math.trunc(number))));
      }),
    );
  });
});

describe('[SDM 1, Table 4-7] NaNs', () => {
  const quiet = { significand: 3n << 62n, top: 0x7fffn };
  const larger = { significand: (3n << 62n) | 5n, top: 0xffffn };
  const signaling = { significand: (1n << 63n) | 9n, top: 0x7fffn };
  const add = (a: ModelNumber, b: ModelNumber): readonly bigint[] => call(float.f80Add, a.significand, a.top, b.significand, b.top, 0x37fn);

  it('gives the NaN of larger significand on the x87', () => {
    expect(add(quiet, larger)).toEqual([larger.significand, larger.top, 0n]);
    expect(add(larger, quiet)).toEqual([larger.significand, larger.top, 0n]);
  });
  it('gives the quiet one of a quiet and a signaling NaN, which is invalid', () => {
    expect(add(quiet, signaling)).toEqual([quiet.significand, quiet.top, 1n]);
  });
  it('makes a signaling NaN quiet', () => {
    const one = { significand: 1n << 63n, top: 0x3fffn };
    expect(add(one, signaling)).toEqual([signaling.significand | (1n << 62n), signaling.top, 1n]);
  });
  it('gives the first operand in SSE', () => {
    const [a, b] = [0x7ff8_0000_0000_0001n, 0xfff8_0000_0000_0007n];
    expect(call(float.f64Add, a, b, 0x1f80n)).toEqual([a, 0n]);
    expect(call(float.f64Add, b, a, 0x1f80n)).toEqual([b, 0n]);
  });
});
