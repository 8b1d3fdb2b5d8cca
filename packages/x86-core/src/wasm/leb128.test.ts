import { describe, expect, it } from 'vitest';
import { signed32, signed64, unsigned } from './leb128.ts';

/** Values from bytes, by the definition. */
function decoded(bytes: readonly number[], isSigned: boolean): bigint {
  let value = 0n;
  bytes.forEach((byte, i) => {
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
  });
  return isSigned ? BigInt.asIntN(7 * bytes.length, value) : value;
}

/** All but the last byte have bit 7 set, and no byte could be left out. */
function isShortest(bytes: readonly number[], isSigned: boolean): boolean {
  const wellFormed = bytes.every((byte, i) => byte >= 0x80 === i < bytes.length - 1);
  return wellFormed && (bytes.length === 1 || decoded(bytes.slice(0, -1), isSigned) !== decoded(bytes, isSigned));
}

const EDGES = Array.from({ length: 33 }, (_, bit) => [2 ** bit - 1, 2 ** bit, 2 ** bit + 1]).flat();

describe('[WebAssembly 2.0 §5.2.2] Integers', () => {
  it('encodes unsigned numbers of 32 bits', () => {
    expect(unsigned(624_485)).toEqual([0xe5, 0x8e, 0x26]);
    for (const value of EDGES.filter((v) => v < 2 ** 32)) {
      const bytes = unsigned(value);
      expect([decoded(bytes, false), isShortest(bytes, false)]).toEqual([BigInt(value), true]);
    }
  });

  it('encodes signed numbers of 32 bits, and takes unsigned ones modulo 2^32', () => {
    expect(signed32(-123_456)).toEqual([0xc0, 0xbb, 0x78]);
    for (const value of EDGES.flatMap((v) => [v, -v])) {
      const bytes = signed32(value);
      expect([decoded(bytes, true), isShortest(bytes, true)]).toEqual([BigInt(value | 0), true]);
    }
  });

  it('encodes signed numbers of 64 bits', () => {
    for (let bit = 0n; bit < 64n; bit++) {
      for (const value of [1n << bit, (1n << bit) - 1n, -(1n << bit), -(1n << bit) - 1n].map((v) => BigInt.asIntN(64, v))) {
        const bytes = signed64(value);
        expect([BigInt.asIntN(64, decoded(bytes, true)), isShortest(bytes, true)]).toEqual([value, true]);
      }
    }
  });
});
