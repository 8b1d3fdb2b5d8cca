/** Packed integers against models on the host's typed arrays, in MMX and in XMM registers, in both engines. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RIGS, type VectorRig } from './testing.ts';

const BYTES = { XMM: 16, MMX: 8 } as const;
type Unit = keyof typeof BYTES;
type Model = (a: Uint8Array, b: Uint8Array) => Uint8Array;

const ARRAY = { u8: Uint8Array, i8: Int8Array, u16: Uint16Array, i16: Int16Array, u32: Uint32Array, i32: Int32Array } as const;
type LaneType = keyof typeof ARRAY;

const bytesOf = (lanes: ArrayBufferView): Uint8Array => new Uint8Array(lanes.buffer, lanes.byteOffset, lanes.byteLength);

/** Lane by lane; what does not fit wraps. */
const lanewise =
  (type: LaneType, compute: (a: number, b: number) => number): Model =>
  (a, b) => {
    const [x, y] = [new ARRAY[type](a.slice().buffer), new ARRAY[type](b.slice().buffer)];
    return bytesOf(x.map((lane: number, i: number) => compute(lane, y[i] as number)));
  };

const qwords =
  (compute: (a: bigint, b: bigint) => bigint): Model =>
  (a, b) => {
    const y = new BigUint64Array(b.slice().buffer);
    return bytesOf(new BigUint64Array(a.slice().buffer).map((lane, i) => BigInt.asUintN(64, compute(lane, y[i] as bigint))));
  };

const clamp = (low: number, high: number) => (value: number) => Math.min(high, Math.max(low, value));
const [u8, i8, u16, i16] = [clamp(0, 255), clamp(-128, 127), clamp(0, 65535), clamp(-32768, 32767)];

/** Lanes of `from` of both operands, one after the other, as lanes half as wide. */
const packs =
  (from: 'i16' | 'i32', to: 'u8' | 'i8' | 'i16', saturate: (value: number) => number): Model =>
  (a, b) => {
    const both = [...new ARRAY[from](a.slice().buffer), ...new ARRAY[from](b.slice().buffer)];
    return bytesOf(ARRAY[to].from(both.map(saturate)));
  };

/** Lanes in turn from the lower or upper halves. */
const unpacks =
  (bytes: number, upper: boolean): Model =>
  (a, b) => {
    const half = a.length / 2;
    const start = upper ? half : 0;
    const result = new Uint8Array(a.length);
    for (let i = 0; i < half; i += bytes) {
      result.set(a.subarray(start + i, start + i + bytes), 2 * i);
      result.set(b.subarray(start + i, start + i + bytes), 2 * i + bytes);
    }
    return result;
  };

/** Shifts of lanes by the 64-bit count in the low half of b. */
const shifts =
  (bits: 16 | 32 | 64, compute: (lane: bigint, count: bigint) => bigint): Model =>
  (a, b) => {
    const count = new BigUint64Array(b.slice().buffer)[0] as bigint;
    const value = a.slice();
    const view = new DataView(value.buffer);
    for (let at = 0; at < a.length; at += bits / 8) {
      let lane = 0n;
      for (let i = bits / 8 - 1; i >= 0; i--) lane = (lane << 8n) | BigInt(view.getUint8(at + i));
      const shifted = BigInt.asUintN(bits, compute(lane, count < BigInt(bits) ? count : BigInt(bits)));
      for (let i = 0; i < bits / 8; i++) view.setUint8(at + i, Number((shifted >> BigInt(8 * i)) & 0xffn));
    }
    return value;
  };
const left = (bits: 16 | 32 | 64): Model => shifts(bits, (lane, count) => lane << count);
const right = (bits: 16 | 32 | 64): Model => shifts(bits, (lane, count) => lane >> count);
const arithmetic = (bits: 16 | 32): Model => shifts(bits, (lane, count) => BigInt.asIntN(bits, lane) >> count);

const sadOf: Model = (a, b) =>
  bytesOf(
    BigUint64Array.from({ length: a.length / 8 }, (_, half) => {
      let sum = 0;
      for (let i = 8 * half; i < 8 * half + 8; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
      return BigInt(sum);
    }),
  );

const maddOf: Model = (a, b) => {
  const [x, y] = [new Int16Array(a.slice().buffer), new Int16Array(b.slice().buffer)];
  const product = (i: number): number => (x[i] as number) * (y[i] as number);
  return bytesOf(Int32Array.from({ length: x.length / 2 }, (_, i) => product(2 * i) + product(2 * i + 1)));
};

const all = (condition: boolean): number => (condition ? -1 : 0);

/** Second opcode byte, name, model, and the units that have it if not both. */
const TABLE: readonly (readonly [number, string, Model, (readonly Unit[])?])[] = [
  [0x60, 'PUNPCKLBW', unpacks(1, false)],
  [0x61, 'PUNPCKLWD', unpacks(2, false)],
  [0x62, 'PUNPCKLDQ', unpacks(4, false)],
  [0x63, 'PACKSSWB', packs('i16', 'i8', i8)],
  [0x64, 'PCMPGTB', lanewise('i8', (a, b) => all(a > b))],
  [0x65, 'PCMPGTW', lanewise('i16', (a, b) => all(a > b))],
  [0x66, 'PCMPGTD', lanewise('i32', (a, b) => all(a > b))],
  [0x67, 'PACKUSWB', packs('i16', 'u8', u8)],
  [0x68, 'PUNPCKHBW', unpacks(1, true)],
  [0x69, 'PUNPCKHWD', unpacks(2, true)],
  [0x6a, 'PUNPCKHDQ', unpacks(4, true)],
  [0x6b, 'PACKSSDW', packs('i32', 'i16', i16)],
  [0x6c, 'PUNPCKLQDQ', unpacks(8, false), ['XMM']],
  [0x6d, 'PUNPCKHQDQ', unpacks(8, true), ['XMM']],
  [0x74, 'PCMPEQB', lanewise('u8', (a, b) => all(a === b))],
  [0x75, 'PCMPEQW', lanewise('u16', (a, b) => all(a === b))],
  [0x76, 'PCMPEQD', lanewise('u32', (a, b) => all(a === b))],
  [0xd1, 'PSRLW', right(16)],
  [0xd2, 'PSRLD', right(32)],
  [0xd3, 'PSRLQ', right(64)],
  [0xd4, 'PADDQ', qwords((a, b) => a + b)],
  [0xd5, 'PMULLW', lanewise('i16', (a, b) => a * b)],
  [0xd8, 'PSUBUSB', lanewise('u8', (a, b) => u8(a - b))],
  [0xd9, 'PSUBUSW', lanewise('u16', (a, b) => u16(a - b))],
  [0xda, 'PMINUB', lanewise('u8', Math.min)],
  [0xdb, 'PAND', lanewise('u8', (a, b) => a & b)],
  [0xdc, 'PADDUSB', lanewise('u8', (a, b) => u8(a + b))],
  [0xdd, 'PADDUSW', lanewise('u16', (a, b) => u16(a + b))],
  [0xde, 'PMAXUB', lanewise('u8', Math.max)],
  [0xdf, 'PANDN', lanewise('u8', (a, b) => ~a & b)],
  [0xe0, 'PAVGB', lanewise('u8', (a, b) => (a + b + 1) >> 1)],
  [0xe1, 'PSRAW', arithmetic(16)],
  [0xe2, 'PSRAD', arithmetic(32)],
  [0xe3, 'PAVGW', lanewise('u16', (a, b) => (a + b + 1) >> 1)],
  [0xe4, 'PMULHUW', lanewise('u16', (a, b) => (a * b) / 65536)],
  [0xe5, 'PMULHW', lanewise('i16', (a, b) => (a * b) >> 16)],
  [0xe8, 'PSUBSB', lanewise('i8', (a, b) => i8(a - b))],
  [0xe9, 'PSUBSW', lanewise('i16', (a, b) => i16(a - b))],
  [0xea, 'PMINSW', lanewise('i16', Math.min)],
  [0xeb, 'POR', lanewise('u8', (a, b) => a | b)],
  [0xec, 'PADDSB', lanewise('i8', (a, b) => i8(a + b))],
  [0xed, 'PADDSW', lanewise('i16', (a, b) => i16(a + b))],
  [0xee, 'PMAXSW', lanewise('i16', Math.max)],
  [0xef, 'PXOR', lanewise('u8', (a, b) => a ^ b)],
  [0xf1, 'PSLLW', left(16)],
  [0xf2, 'PSLLD', left(32)],
  [0xf3, 'PSLLQ', left(64)],
  [0xf4, 'PMULUDQ', qwords((a, b) => BigInt.asUintN(32, a) * BigInt.asUintN(32, b))],
  [0xf5, 'PMADDWD', maddOf],
  [0xf6, 'PSADBW', sadOf],
  [0xf8, 'PSUBB', lanewise('u8', (a, b) => a - b)],
  [0xf9, 'PSUBW', lanewise('u16', (a, b) => a - b)],
  [0xfa, 'PSUBD', lanewise('u32', (a, b) => a - b)],
  [0xfb, 'PSUBQ', qwords((a, b) => a - b)],
  [0xfc, 'PADDB', lanewise('u8', (a, b) => a + b)],
  [0xfd, 'PADDW', lanewise('u16', (a, b) => a + b)],
  [0xfe, 'PADDD', lanewise('u32', (a, b) => a + b)],
];

const OPERATIONS = TABLE.map(([opcode, name, model, units = ['XMM', 'MMX']]) => ({ opcode, name, model, units }));

const COUNT_SHIFTS = new Set([0xd1, 0xd2, 0xd3, 0xe1, 0xe2, 0xf1, 0xf2, 0xf3]);

const edge = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff);
const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), edge);
const register = fc.array(byte, { minLength: 16, maxLength: 16 }).map((bytes) => Uint8Array.from(bytes));
const smallCount = fc
  .integer({ min: 0, max: 70 })
  .map((count) => Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? count : i > 7 ? 0xee : 0)));

/** What OP register 1, register 2 leaves in register 1. */
function execute(rig: VectorRig, unit: Unit, code: readonly number[], a: Uint8Array, b: Uint8Array): Uint8Array {
  const field = unit === 'XMM' ? 'xmm' : 'fpr';
  rig.bytes(field, 1).set(a);
  rig.bytes(field, 2).set(b);
  expect(rig.run(...(unit === 'XMM' ? [0x66] : []), ...code)).toBe(undefined);
  return rig.bytes(field, 1).slice(0, BYTES[unit]);
}

beforeEach(() => {
  for (const rig of RIGS) rig.reset();
});

describe('[SDM 2B] Packed integers', () => {
  it.each(OPERATIONS)('$name', ({ opcode, model, units }) => {
    const second = COUNT_SHIFTS.has(opcode) ? fc.oneof(smallCount, register) : register;
    fc.assert(
      fc.property(register, second, (a, b) => {
        for (const unit of units) {
          const want = model(a.slice(0, BYTES[unit]), b.slice(0, BYTES[unit]));
          for (const rig of RIGS) expect(execute(rig, unit, [0x0f, opcode, 0xca], a, b)).toEqual(want);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('shift by an immediate as by a register', () => {
    const forms = [
      [0x71, 2, right(16)],
      [0x71, 4, arithmetic(16)],
      [0x71, 6, left(16)],
      [0x72, 2, right(32)],
      [0x72, 4, arithmetic(32)],
      [0x72, 6, left(32)],
      [0x73, 2, right(64)],
      [0x73, 6, left(64)],
    ] as const;
    fc.assert(
      fc.property(register, fc.integer({ min: 0, max: 255 }), fc.constantFrom(...forms), (a, count, [opcode, reg, model]) => {
        const b = new Uint8Array(16).fill(count, 0, 1);
        for (const unit of ['XMM', 'MMX'] as const) {
          const want = model(a.slice(0, BYTES[unit]), b.slice(0, BYTES[unit]));
          for (const rig of RIGS) expect(execute(rig, unit, [0x0f, opcode, 0xc1 | (reg << 3), count], a, b)).toEqual(want);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('PSLLDQ and PSRLDQ move all bytes', () => {
    fc.assert(
      fc.property(register, fc.integer({ min: 0, max: 20 }), (a, count) => {
        for (const rig of RIGS) {
          const up = Uint8Array.from(a, (_, i) => a[i - count] ?? 0);
          expect(execute(rig, 'XMM', [0x0f, 0x73, 0xf9, count], a, a)).toEqual(up);
          const down = Uint8Array.from(a, (_, i) => a[i + count] ?? 0);
          expect(execute(rig, 'XMM', [0x0f, 0x73, 0xd9, count], a, a)).toEqual(down);
        }
      }),
    );
  });
});

describe('[SDM 2B, "PSHUFD", "PSHUFHW", "PSHUFLW", "PSHUFW"] Shuffles by an immediate', () => {
  /** Four lanes of `bytes` bytes from `start` on, chosen by two bits each. */
  const chosen = (b: Uint8Array, immediate: number, bytes: number, start: number): Uint8Array => {
    const result = b.slice();
    for (let i = 0; i < 4; i++) {
      const from = start + bytes * ((immediate >> (2 * i)) & 3);
      result.set(b.subarray(from, from + bytes), start + bytes * i);
    }
    return result;
  };
  const forms = [
    ['PSHUFD', [0x66], 4, 0],
    ['PSHUFHW', [0xf3], 2, 8],
    ['PSHUFLW', [0xf2], 2, 0],
  ] as const;

  it.each(forms)('%s', (_name, prefix, bytes, start) => {
    fc.assert(
      fc.property(register, register, fc.integer({ min: 0, max: 255 }), (a, b, immediate) => {
        for (const rig of RIGS) {
          rig.bytes('xmm', 1).set(a);
          rig.bytes('xmm', 2).set(b);
          expect(rig.run(...prefix, 0x0f, 0x70, 0xca, immediate)).toBe(undefined);
          expect(rig.bytes('xmm', 1).slice()).toEqual(chosen(b, immediate, bytes, start));
        }
      }),
    );
  });

  it('PSHUFW', () => {
    fc.assert(
      fc.property(register, register, fc.integer({ min: 0, max: 255 }), (a, b, immediate) => {
        for (const rig of RIGS)
          expect(execute(rig, 'MMX', [0x0f, 0x70, 0xca, immediate], a, b)).toEqual(chosen(b.slice(0, 8), immediate, 2, 0));
      }),
    );
  });
});

describe('[SDM 2B, "PEXTRW", "PINSRW", "PMOVMSKB"] Words and sign bits', () => {
  it('go to and come from general registers', () => {
    fc.assert(
      fc.property(register, byte, (a, immediate) => {
        for (const rig of RIGS) {
          for (const unit of ['XMM', 'MMX'] as const) {
            const words = BYTES[unit] / 2;
            const place = 2 * (immediate % words);
            rig.cpu.registers.rax = 0x1234_5678n;
            const inserted = a.slice(0, BYTES[unit]);
            inserted.set([0x78, 0x56], place);
            expect(execute(rig, unit, [0x0f, 0xc4, 0xc8, immediate], a, a)).toEqual(inserted);
            execute(rig, unit, [0x0f, 0xc5, 0xc2, immediate], a, a);
            expect(Number(rig.cpu.registers.rax)).toBe((a[place] as number) | ((a[place + 1] as number) << 8));
            execute(rig, unit, [0x0f, 0xd7, 0xc2], a, a);
            const signs = a.slice(0, BYTES[unit]).reduce((sum, value, i) => sum | ((value >> 7) << i), 0);
            expect(Number(rig.cpu.registers.rax)).toBe(signs);
          }
        }
      }),
    );
  });
});
