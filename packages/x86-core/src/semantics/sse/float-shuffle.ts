/**
 * Logic on the bits of packed numbers, and numbers in other places. [SDM 2A, "ANDPS", "ANDNPS"; SDM 2B, "MOVMSKPS", "ORPS", "SHUFPS",
 * "UNPCKHPS", "UNPCKLPS", "XORPS"] None of it looks at what the bits mean, so there are no exceptions.
 */
import { binary, type Instruction } from '../instruction.ts';
import { bitAt, resize } from '../phrases.ts';
import type { VectorOperation } from '../vector-operations.ts';
import { requireSse } from './availability.ts';
import { doublewordPlaces, interleaved } from './integer-shuffle.ts';
import { fromLanes, packed, packedByImmediate } from './packed-operands.ts';

const logic = (mnemonic: string, operation: VectorOperation): Instruction => packed(mnemonic, (x, a, b) => x.vector(operation, a, b));
/** DEST ← NOT DEST AND SRC. */
const andNot = (mnemonic: string): Instruction => packed(mnemonic, (x, a, b) => x.vector('v128.andnot', b, a));

export const ANDPS: Instruction = logic('ANDPS', 'v128.and');
export const ANDPD: Instruction = logic('ANDPD', 'v128.and');
export const ANDNPS: Instruction = andNot('ANDNPS');
export const ANDNPD: Instruction = andNot('ANDNPD');
export const ORPS: Instruction = logic('ORPS', 'v128.or');
export const ORPD: Instruction = logic('ORPD', 'v128.or');
export const XORPS: Instruction = logic('XORPS', 'v128.xor');
export const XORPD: Instruction = logic('XORPD', 'v128.xor');

const unpack = (mnemonic: string, width: 32 | 64, start: 0 | 8): Instruction =>
  packed(mnemonic, (x, a, b) => x.shuffle(a, b, interleaved(width, start)));

export const UNPCKLPS: Instruction = unpack('UNPCKLPS', 32, 0);
export const UNPCKLPD: Instruction = unpack('UNPCKLPD', 64, 0);
export const UNPCKHPS: Instruction = unpack('UNPCKHPS', 32, 8);
export const UNPCKHPD: Instruction = unpack('UNPCKHPD', 64, 8);

/** The lower half of one vector and the upper half of another. */
const HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31] as const;

/** Two numbers of DEST, then two of SRC, each chosen by two bits of the immediate. */
export const SHUFPS: Instruction = packedByImmediate('SHUFPS', (x, a, b, immediate) => {
  const places = doublewordPlaces(x, immediate);
  return x.shuffle(x.vector('i8x16.swizzle', a, places), x.vector('i8x16.swizzle', b, places), HALVES);
});

/** A number of DEST, then one of SRC, each chosen by a bit. */
export const SHUFPD: Instruction = packedByImmediate('SHUFPD', (x, a, b, immediate) => {
  const imm = x.bind(immediate);
  const chosen = (vector: typeof a, bit: number): typeof a =>
    x.select(bitAt(x, imm, bit, 8), x.lane(vector, 1, 64), x.lane(vector, 0, 64), 64);
  return fromLanes(x, [chosen(a, 0), chosen(b, 1)], 64);
});

const signs = (mnemonic: string, operation: VectorOperation): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    dest.write(resize(x, x.vector(operation, src.read()), 32, dest.width));
  });

export const MOVMSKPS: Instruction = signs('MOVMSKPS', 'i32x4.bitmask');
export const MOVMSKPD: Instruction = signs('MOVMSKPD', 'i64x2.bitmask');
