/** Numbers in XMM registers against the host's, in both engines: what does not hang on rounding. The arithmetic is tested where it is. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RIGS, type VectorRig } from './testing.ts';

const ALL_MASKED = 0x1f80;
const INVALID = 1;
const DENORMAL = 2;

const view = (rig: VectorRig, index: number): DataView => {
  const bytes = rig.bytes('xmm', index);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
const SPECIAL = [0, -0, 1, -1, Infinity, -Infinity, NaN, 2 ** -126, 2 ** -149, -(2 ** -140), 3.4e38];
const single = fc.oneof(fc.float(), fc.constantFrom(...SPECIAL));
const double = fc.oneof(fc.double(), fc.constantFrom(...SPECIAL, 2 ** -1022, 2 ** -1074, -(2 ** -1060)));
const SMALLEST = { 4: 2 ** -126, 8: 2 ** -1022 } as const;
const isDenormal = (value: number, bytes: 4 | 8): boolean => value !== 0 && Math.abs(value) < SMALLEST[bytes];

function put(rig: VectorRig, bytes: 4 | 8, a: number, b: number): void {
  if (bytes === 4) {
    view(rig, 1).setFloat32(0, a, true);
    view(rig, 2).setFloat32(0, b, true);
  } else {
    view(rig, 1).setFloat64(0, a, true);
    view(rig, 2).setFloat64(0, b, true);
  }
}

const PRECISIONS = [
  ['single', 4, single],
  ['double', 8, double],
] as const;

beforeEach(() => {
  for (const rig of RIGS) rig.reset();
});

describe.each(PRECISIONS)(
  '[SDM 2A, "CMPSS", "COMISS"; SDM 2B, "MAXSS", "MINSS", "UCOMISS"] Order: %s precision',
  (_name, bytes, number) => {
    const scalar = bytes === 4 ? 0xf3 : 0xf2;
    const PREDICATES: readonly ((a: number, b: number) => boolean)[] = [
      (a, b) => a === b,
      (a, b) => a < b,
      (a, b) => a <= b,
      (a, b) => Number.isNaN(a) || Number.isNaN(b),
      (a, b) => a !== b,
      (a, b) => !(a < b),
      (a, b) => !(a <= b),
      (a, b) => !(Number.isNaN(a) || Number.isNaN(b)),
    ];
    const SIGNALING = [1, 2, 5, 6];
    /** NaNs here are quiet. */
    const flags = (a: number, b: number, signaling: boolean): number => {
      if (Number.isNaN(a) || Number.isNaN(b)) return signaling ? INVALID : 0;
      return isDenormal(a, bytes) || isDenormal(b, bytes) ? DENORMAL : 0;
    };

    it('predicates of CMP hold as they do for the host, with the exceptions of each', () => {
      fc.assert(
        fc.property(number, number, fc.integer({ min: 0, max: 7 }), (a, b, predicate) => {
          for (const rig of RIGS) {
            put(rig, bytes, a, b);
            rig.set('mxcsr', ALL_MASKED);
            expect(rig.run(scalar, 0x0f, 0xc2, 0xca, predicate)).toBe(undefined);
            const want = PREDICATES[predicate]?.(a, b) === true ? 0xff : 0;
            expect([...rig.bytes('xmm', 1).subarray(0, bytes)]).toEqual(Array.from({ length: bytes }, () => want));
            expect(rig.get('mxcsr')).toBe(ALL_MASKED | flags(a, b, SIGNALING.includes(predicate)));
          }
        }),
        { numRuns: 500 },
      );
    });

    it('COMIS and UCOMIS leave it in ZF, PF and CF and clear OF, AF and SF', () => {
      fc.assert(
        fc.property(number, number, fc.constantFrom(0x2e, 0x2f), (a, b, opcode) => {
          for (const rig of RIGS) {
            put(rig, bytes, a, b);
            rig.set('mxcsr', ALL_MASKED);
            rig.cpu.registers.rflags = 0x8d7n;
            expect(rig.run(...(bytes === 8 ? [0x66] : []), 0x0f, opcode, 0xca)).toBe(undefined);
            const want = a > b ? 0 : a < b ? 1 : a === b ? 0x40 : 0x45;
            expect(Number(rig.cpu.registers.rflags & 0x8d5n)).toBe(want);
            expect(rig.get('mxcsr')).toBe(ALL_MASKED | flags(a, b, opcode === 0x2f));
          }
        }),
        { numRuns: 500 },
      );
    });

    it('MIN and MAX give the second operand unless the first is beyond it', () => {
      fc.assert(
        fc.property(number, number, fc.constantFrom(0x5d, 0x5f), (a, b, opcode) => {
          for (const rig of RIGS) {
            put(rig, bytes, a, b);
            const [first, second] = [rig.bytes('xmm', 1).slice(0, bytes), rig.bytes('xmm', 2).slice(0, bytes)];
            rig.set('mxcsr', ALL_MASKED);
            expect(rig.run(scalar, 0x0f, opcode, 0xca)).toBe(undefined);
            const beyond = opcode === 0x5d ? a < b : a > b;
            expect(rig.bytes('xmm', 1).slice(0, bytes)).toEqual(beyond ? first : second);
            expect(rig.get('mxcsr')).toBe(ALL_MASKED | flags(a, b, true));
          }
        }),
        { numRuns: 500 },
      );
    });
  },
);

describe.each(PRECISIONS)('[SDM 1 §11.5] Scalar arithmetic: %s precision', (_name, bytes, number) => {
  const PRECISION = 0x20;
  const scalar = bytes === 4 ? 0xf3 : 0xf2;
  const OPERATIONS: readonly (readonly [number, (a: number, b: number) => number])[] = [
    [0x58, (a, b) => a + b],
    [0x5c, (a, b) => a - b],
    [0x59, (a, b) => a * b],
    [0x5e, (a, b) => a / b],
  ];
  const read = (rig: VectorRig): number => (bytes === 4 ? view(rig, 1).getFloat32(0, true) : view(rig, 1).getFloat64(0, true));
  /** MXCSR afterwards. */
  const compute = (rig: VectorRig, opcode: number, a: number, b: number, mxcsr: number): number => {
    put(rig, bytes, a, b);
    rig.set('mxcsr', mxcsr);
    expect(rig.run(scalar, 0x0f, opcode, 0xca)).toBe(undefined);
    return rig.get('mxcsr');
  };
  const near = fc.oneof(number, fc.double({ min: SMALLEST[bytes] / 4, max: SMALLEST[bytes] * 4 }), fc.double({ min: -2, max: 2 }));

  it('gives what the host gives, and the same exceptions whether a precision exception was recorded before or not', () => {
    fc.assert(
      fc.property(near, near, fc.constantFrom(...OPERATIONS), (a, b, [opcode, model]) => {
        for (const rig of RIGS) {
          const before = compute(rig, opcode, a, b, ALL_MASKED);
          const value = read(rig);
          expect(compute(rig, opcode, a, b, ALL_MASKED | PRECISION)).toBe(before | PRECISION);
          expect(read(rig)).toBe(value);
          const [x, y] = bytes === 4 ? [Math.fround(a), Math.fround(b)] : [a, b];
          expect(value).toBe(bytes === 4 ? Math.fround(model(x, y)) : model(x, y));
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('of all lanes gives what it gives of one, and the exceptions of all', () => {
    const lanes = 16 / bytes;
    const numbers = fc.array(near, { minLength: lanes, maxLength: lanes });
    const before = fc.constantFrom(ALL_MASKED, ALL_MASKED | PRECISION);
    fc.assert(
      fc.property(numbers, numbers, before, fc.constantFrom(...OPERATIONS), (a, b, mxcsr, [opcode]) => {
        for (const rig of RIGS) {
          let exceptions = mxcsr;
          const want = a.map((x, i) => {
            exceptions |= compute(rig, opcode, x, b[i] as number, mxcsr);
            return read(rig);
          });
          const store = (register: number, values: readonly number[]): void =>
            values.forEach((value, i) => {
              if (bytes === 4) view(rig, register).setFloat32(4 * i, value, true);
              else view(rig, register).setFloat64(8 * i, value, true);
            });
          store(1, a);
          store(2, b);
          rig.set('mxcsr', mxcsr);
          expect(rig.run(...(bytes === 8 ? [0x66] : []), 0x0f, opcode, 0xca)).toBe(undefined);
          expect(rig.get('mxcsr')).toBe(exceptions);
          const got = want.map((_value, i) => (bytes === 4 ? view(rig, 1).getFloat32(4 * i, true) : view(rig, 1).getFloat64(8 * i, true)));
          expect(got).toEqual(want);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('obeys rounding control', () => {
    const DOWN = 0x2000;
    const UP = 0x4000;
    for (const rig of RIGS) {
      compute(rig, 0x5e, 1, 3, ALL_MASKED | PRECISION | DOWN);
      const low = read(rig);
      compute(rig, 0x5e, 1, 3, ALL_MASKED | PRECISION | UP);
      expect(read(rig)).toBeGreaterThan(low);
      compute(rig, 0x5c, 1, 1, ALL_MASKED | PRECISION | DOWN);
      expect(read(rig)).toBe(-0);
    }
  });
});

describe('[SDM 2A, "CVTSI2SD", "CVTTSD2SI", "CVTTSS2SI"] Conversions of 32-bit integers', () => {
  const INEXACT = 0x20;
  const integer = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1));

  it('to double precision are exact', () => {
    fc.assert(
      fc.property(integer, (value) => {
        for (const rig of RIGS) {
          rig.cpu.registers.rax = BigInt(value >>> 0);
          rig.set('mxcsr', ALL_MASKED);
          expect(rig.run(0xf2, 0x0f, 0x2a, 0xc8)).toBe(undefined);
          expect(view(rig, 1).getFloat64(0, true)).toBe(value);
          expect(rig.get('mxcsr')).toBe(ALL_MASKED);
        }
      }),
    );
  });

  it.each(PRECISIONS)(
    'cut %s precision towards zero, say when something was lost, and give 80000000h for what is too large',
    (_name, bytes, number) => {
      const near = fc.oneof(
        number,
        fc.double({ min: -(2 ** 32), max: 2 ** 32, noNaN: true }),
        fc.double({ min: -4, max: 4, noNaN: true }),
        integer,
      );
      fc.assert(
        fc.property(near, (given) => {
          const value = bytes === 4 ? Math.fround(given) : given;
          const cut = Math.trunc(value);
          const fits = cut >= -(2 ** 31) && cut < 2 ** 31;
          for (const rig of RIGS) {
            put(rig, bytes, 0, value);
            rig.set('mxcsr', ALL_MASKED);
            expect(rig.run(bytes === 4 ? 0xf3 : 0xf2, 0x0f, 0x2c, 0xc2)).toBe(undefined);
            expect(Number(rig.cpu.registers.rax) | 0).toBe(fits ? cut | 0 : -(2 ** 31));
            expect(rig.get('mxcsr')).toBe(ALL_MASKED | (!fits ? INVALID : cut === value ? 0 : INEXACT));
          }
        }),
        { numRuns: 500 },
      );
    },
  );
});

describe('[SDM 2B, "RCPPS", "RSQRTPS"] Estimates', () => {
  const RCPSS = 0x53;
  const RSQRTSS = 0x52;
  const estimate = (rig: VectorRig, opcode: number, value: number): number => {
    put(rig, 4, 0, value);
    rig.set('mxcsr', 0);
    expect(rig.run(0xf3, 0x0f, opcode, 0xca)).toBe(undefined);
    expect(rig.get('mxcsr')).toBe(0);
    return view(rig, 1).getFloat32(0, true);
  };
  const normal = fc.float({ min: 2 ** -125, max: 2 ** 125, noNaN: true });

  it('lie within 1.5 · 2^-12 of the truth', () => {
    fc.assert(
      fc.property(normal, (value) => {
        for (const rig of RIGS) {
          for (const [opcode, truth] of [
            [RCPSS, 1 / value],
            [RSQRTSS, 1 / Math.sqrt(value)],
          ] as const)
            expect(Math.abs(estimate(rig, opcode, value) - truth)).toBeLessThanOrEqual(1.5 * 2 ** -12 * truth);
        }
      }),
    );
  });

  it('take denormal numbers for zeros, make zeros of results that would be denormal, and raise nothing', () => {
    for (const rig of RIGS) {
      expect(estimate(rig, RCPSS, -0)).toBe(-Infinity);
      expect(estimate(rig, RCPSS, 2 ** -149)).toBe(Infinity);
      expect(estimate(rig, RCPSS, -(2 ** 127))).toBe(-0);
      expect(estimate(rig, RCPSS, Infinity)).toBe(0);
      expect(estimate(rig, RCPSS, NaN)).toBe(NaN);
      expect(estimate(rig, RSQRTSS, -0)).toBe(-Infinity);
      expect(estimate(rig, RSQRTSS, -(2 ** -149))).toBe(-Infinity);
      expect(estimate(rig, RSQRTSS, -1)).toBe(NaN);
      expect(estimate(rig, RSQRTSS, Infinity)).toBe(0);
    }
  });
});
