/** Lane-wise vector operations on bigints, by what their names say. [WebAssembly 2.0 §4.3.3, §4.3.4] */
import type { VectorOperation } from '../semantics/vector-operations.ts';

const ALL = (1n << 128n) - 1n;
const signed = (value: bigint, width: number): bigint => BigInt.asIntN(width, value);
const clamp = (value: bigint, low: bigint, high: bigint): bigint => (value < low ? low : value > high ? high : value);
const saturateSigned = (value: bigint, width: number): bigint => clamp(value, -(1n << BigInt(width - 1)), (1n << BigInt(width - 1)) - 1n);
const saturateUnsigned = (value: bigint, width: number): bigint => clamp(value, 0n, (1n << BigInt(width)) - 1n);

/** Lanes of a vector, unsigned, lane 0 first. */
function lanes(vector: bigint, width: number): bigint[] {
  return Array.from({ length: 128 / width }, (_, i) => BigInt.asUintN(width, vector >> BigInt(i * width)));
}

function join(values: readonly bigint[], width: number): bigint {
  return values.reduce((sum, value, i) => sum | (BigInt.asUintN(width, value) << BigInt(i * width)), 0n);
}

/** What a binary lane operation does with two unsigned lanes. */
const LANE: Readonly<Record<string, (a: bigint, b: bigint, width: number) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  add_sat_s: (a, b, w) => saturateSigned(signed(a, w) + signed(b, w), w),
  add_sat_u: (a, b, w) => saturateUnsigned(a + b, w),
  sub_sat_s: (a, b, w) => saturateSigned(signed(a, w) - signed(b, w), w),
  sub_sat_u: (a, b, w) => saturateUnsigned(a - b, w),
  eq: (a, b) => (a === b ? -1n : 0n),
  gt_s: (a, b, w) => (signed(a, w) > signed(b, w) ? -1n : 0n),
  min_s: (a, b, w) => (signed(a, w) < signed(b, w) ? a : b),
  max_s: (a, b, w) => (signed(a, w) > signed(b, w) ? a : b),
  min_u: (a, b) => (a < b ? a : b),
  max_u: (a, b) => (a > b ? a : b),
  avgr_u: (a, b) => (a + b + 1n) >> 1n,
  shl: (a, count) => a << count,
  shr_u: (a, count) => a >> count,
  shr_s: (a, count, w) => signed(a, w) >> count,
};

export function vectorOperation(operation: VectorOperation, values: readonly bigint[]): bigint {
  const [a = 0n, b = 0n] = values;
  switch (operation) {
    case 'v128.and':
      return a & b;
    case 'v128.or':
      return a | b;
    case 'v128.xor':
      return a ^ b;
    case 'v128.andnot':
      return a & ~b & ALL;
    case 'v128.not':
      return ~a & ALL;
    case 'i8x16.swizzle': {
      const bytes = lanes(a, 8);
      return join(
        lanes(b, 8).map((place) => bytes[Number(place)] ?? 0n),
        8,
      );
    }
    default:
  }
  const [shape = '', name = ''] = operation.split('.');
  if (shape.startsWith('f')) {
    const width = shape === 'f32x4' ? 32 : 64;
    const second = lanes(b, width);
    return join(
      lanes(a, width).map((lane, i) => floatOperation(name as FloatOperation, lane, second[i] ?? 0n, width)),
      width,
    );
  }
  const width = Number(/^i(\d+)/.exec(shape)?.[1]);
  const bitmask = name === 'bitmask';
  if (bitmask) return lanes(a, width).reduce((sum, lane, i) => sum | ((lane >> BigInt(width - 1)) << BigInt(i)), 0n);
  if (name.startsWith('narrow')) {
    const saturate = name.endsWith('_s') ? saturateSigned : saturateUnsigned;
    const wide = [...lanes(a, width * 2), ...lanes(b, width * 2)];
    return join(
      wide.map((lane) => saturate(signed(lane, width * 2), width)),
      width,
    );
  }
  const half = width / 2;
  const from = (vector: bigint): bigint[] => {
    const all = lanes(vector, half);
    const part = name.includes('_low_') ? all.slice(0, all.length / 2) : all.slice(all.length / 2);
    return name.endsWith('_s') ? part.map((lane) => signed(lane, half)) : part;
  };
  if (name.startsWith('extmul')) {
    const second = from(b);
    return join(
      from(a).map((lane, i) => lane * (second[i] ?? 0n)),
      width,
    );
  }
  if (name.startsWith('extend')) return join(from(a), width);
  if (name.startsWith('dot')) {
    const x = lanes(a, half).map((lane) => signed(lane, half));
    const y = lanes(b, half).map((lane) => signed(lane, half));
    const products = x.map((lane, i) => lane * (y[i] ?? 0n));
    return join(
      Array.from({ length: 128 / width }, (_, i) => (products[2 * i] ?? 0n) + (products[2 * i + 1] ?? 0n)),
      width,
    );
  }
  const compute = LANE[name];
  if (compute === undefined) throw new Error(`no vector operation ${operation}`);
  const shift = name.startsWith('sh');
  const second = lanes(b, width);
  return join(
    lanes(a, width).map((lane, i) => compute(lane, shift ? b : (second[i] ?? 0n), width)),
    width,
  );
}

type FloatOperation = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';
const scratch = new DataView(new ArrayBuffer(8));

/** IEEE 754 on bit patterns, as JavaScript computes it (round to nearest even; for 32 bits one rounding more, which is innocuous for these). */
export function floatOperation(operation: FloatOperation, a: bigint, b: bigint, width: 32 | 64): bigint {
  const x = toNumber(a, width);
  const y = toNumber(b, width);
  const result =
    operation === 'add' ? x + y : operation === 'sub' ? x - y : operation === 'mul' ? x * y : operation === 'div' ? x / y : Math.sqrt(x);
  if (width === 64) {
    scratch.setFloat64(0, result);
    return scratch.getBigUint64(0);
  }
  scratch.setFloat32(0, result);
  return BigInt(scratch.getUint32(0));
}

function toNumber(bits: bigint, width: 32 | 64): number {
  if (width === 64) {
    scratch.setBigUint64(0, bits);
    return scratch.getFloat64(0);
  }
  scratch.setUint32(0, Number(bits));
  return scratch.getFloat32(0);
}
