/** The words of Language that compute, with V = bigint: unsigned numbers below 2^width. */
import type { BitWidth, Operand, RepeatPrefix } from '../semantics/language.ts';
import type { VectorOperation } from '../semantics/vector-operations.ts';
import { floatOperation, vectorOperation } from './reference-vector.ts';

export const mask = (width: number): bigint => (1n << BigInt(width)) - 1n;
export const truth = (value: boolean): bigint => (value ? 1n : 0n);

export class ReferenceValues {
  width: BitWidth = 32;
  addressWidth: 16 | 32 | 64 = 32;
  stackWidth: 16 | 32 | 64 = 32;
  codeWidth: 16 | 32 | 64 = 32;
  repeatPrefix: RepeatPrefix = 'none';

  constant(value: bigint | number, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, BigInt(value));
  }
  bind(value: bigint): bigint {
    return value;
  }
  variable(initial: bigint, width: BitWidth = this.width): Operand<bigint> {
    let held = initial;
    return {
      width,
      isMemory: false,
      read: () => held,
      write: (value) => {
        held = value;
      },
    };
  }
  zeroExtend(value: bigint): bigint {
    return value;
  }
  signExtend(value: bigint, from: BitWidth, to: BitWidth): bigint {
    return BigInt.asUintN(to, BigInt.asIntN(from, value));
  }
  truncate(value: bigint, _from: BitWidth, to: BitWidth): bigint {
    return BigInt.asUintN(to, value);
  }

  add(a: bigint, b: bigint, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, a + b);
  }
  sub(a: bigint, b: bigint, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, a - b);
  }
  mul(a: bigint, b: bigint, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, a * b);
  }
  mulHighUnsigned(a: bigint, b: bigint, width: BitWidth = this.width): bigint {
    return (a * b) >> BigInt(width);
  }
  mulHighSigned(a: bigint, b: bigint, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, (BigInt.asIntN(width, a) * BigInt.asIntN(width, b)) >> BigInt(width));
  }
  divUnsigned(a: bigint, b: bigint): bigint {
    return a / b;
  }
  remUnsigned(a: bigint, b: bigint): bigint {
    return a % b;
  }
  divSigned(a: bigint, b: bigint, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, BigInt.asIntN(width, a) / BigInt.asIntN(width, b));
  }
  remSigned(a: bigint, b: bigint, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, BigInt.asIntN(width, a) % BigInt.asIntN(width, b));
  }
  and(a: bigint, b: bigint): bigint {
    return a & b;
  }
  or(a: bigint, b: bigint): bigint {
    return a | b;
  }
  xor(a: bigint, b: bigint): bigint {
    return a ^ b;
  }
  not(a: bigint, width: BitWidth = this.width): bigint {
    return a ^ mask(width);
  }
  shl(a: bigint, count: bigint, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, a << count);
  }
  shr(a: bigint, count: bigint): bigint {
    return a >> count;
  }
  sar(a: bigint, count: bigint, width: BitWidth = this.width): bigint {
    return BigInt.asUintN(width, BigInt.asIntN(width, a) >> count);
  }
  clz(a: bigint, width: BitWidth = this.width): bigint {
    return BigInt(width - (a === 0n ? 0 : a.toString(2).length));
  }
  ctz(a: bigint, width: BitWidth = this.width): bigint {
    return a === 0n ? BigInt(width) : BigInt((a & -a).toString(2).length - 1);
  }
  popcnt(a: bigint): bigint {
    let count = 0n;
    for (let rest = a; rest !== 0n; rest &= rest - 1n) count++;
    return count;
  }
  float(operation: 'add' | 'sub' | 'mul' | 'div' | 'sqrt', a: bigint, b: bigint, width: 32 | 64): bigint {
    return floatOperation(operation, a, b, width);
  }

  eq(a: bigint, b: bigint): bigint {
    return truth(a === b);
  }
  ne(a: bigint, b: bigint): bigint {
    return truth(a !== b);
  }
  ltUnsigned(a: bigint, b: bigint): bigint {
    return truth(a < b);
  }
  ltSigned(a: bigint, b: bigint, width: BitWidth = this.width): bigint {
    return truth(BigInt.asIntN(width, a) < BigInt.asIntN(width, b));
  }

  select(condition: bigint, then: bigint, otherwise: bigint): bigint {
    return condition !== 0n ? then : otherwise;
  }
  when(condition: bigint, then: () => void, otherwise?: () => void): void {
    if (condition !== 0n) then();
    else otherwise?.();
  }
  whenLikely(condition: bigint, then: () => void, otherwise?: () => void): void {
    this.when(condition, then, otherwise);
  }
  whenUnlikely(condition: bigint, then: () => void, otherwise?: () => void): void {
    this.when(condition, then, otherwise);
  }
  rarely(condition: bigint, then: () => void, otherwise?: () => void): void {
    this.when(condition, then, otherwise);
  }
  loop(condition: () => bigint, body: () => void): void {
    while (condition() !== 0n) body();
  }

  vector(operation: VectorOperation, ...values: bigint[]): bigint {
    return vectorOperation(operation, values);
  }
  toVector(value: bigint): bigint {
    return value;
  }
  lane(vector: bigint, lane: number, width: 8 | 16 | 32 | 64): bigint {
    return (vector >> BigInt(lane * width)) & mask(width);
  }
  withLane(vector: bigint, lane: number, value: bigint, width: 8 | 16 | 32 | 64): bigint {
    const shift = BigInt(lane * width);
    return (vector & ~(mask(width) << shift)) | (value << shift);
  }
  shuffle(a: bigint, b: bigint, places: readonly number[]): bigint {
    const both = a | (b << 128n);
    return places.reduce((sum, place, i) => sum | (((both >> BigInt(8 * place)) & 0xffn) << BigInt(8 * i)), 0n);
  }
}
