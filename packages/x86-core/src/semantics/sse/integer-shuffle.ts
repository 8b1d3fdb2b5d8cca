/**
 * Packed integers in other places: pack, unpack, shuffle, insert, extract. [SDM 2B, "PACKSSWB/PACKSSDW", "PACKUSWB", "PEXTRW", "PINSRW",
 * "PMOVMSKB", "PSHUFD", "PSHUFHW", "PSHUFLW", "PSHUFW", "PUNPCKH…", "PUNPCKL…"]
 */
import { binary, type Instruction, ternary } from '../instruction.ts';
import type { Language, Operand } from '../language.ts';
import { resize } from '../phrases.ts';
import type { VectorOperation } from '../vector-operations.ts';
import { begin, finish, fromLanes, type LaneWidth, packed, readVector, registerWidth, writeVector } from './packed-operands.ts';

// Pack

/** The lower halves of two vectors. */
const LOWER_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23] as const;

const pack = (mnemonic: string, operation: VectorOperation): Instruction =>
  packed(mnemonic, (x, a, b, width) => {
    if (width === 128) return x.vector(operation, a, b);
    const both = x.bind(x.shuffle(a, b, LOWER_HALVES));
    return x.vector(operation, both, both);
  });

export const PACKSSWB: Instruction = pack('PACKSSWB', 'i8x16.narrow_i16x8_s');
export const PACKSSDW: Instruction = pack('PACKSSDW', 'i16x8.narrow_i32x4_s');
export const PACKUSWB: Instruction = pack('PACKUSWB', 'i8x16.narrow_i16x8_u');

// Unpack

/** Places of the bytes of lanes taken in turn from two vectors, from byte `start` of each on. */
export function interleaved(laneWidth: LaneWidth, start: number): readonly number[] {
  const bytes = laneWidth / 8;
  return Array.from({ length: 16 }, (_, i) => {
    const lane = Math.floor(i / bytes);
    return (lane % 2) * 16 + start + Math.floor(lane / 2) * bytes + (i % bytes);
  });
}

const unpackLow = (mnemonic: string, laneWidth: LaneWidth): Instruction =>
  packed(mnemonic, (x, a, b) => x.shuffle(a, b, interleaved(laneWidth, 0)));
/** The upper half of an MMX register starts at byte 4, that of an XMM register at byte 8. */
const unpackHigh = (mnemonic: string, laneWidth: LaneWidth): Instruction =>
  packed(mnemonic, (x, a, b, width) => x.shuffle(a, b, interleaved(laneWidth, width === 128 ? 8 : 4)));

export const PUNPCKLBW: Instruction = unpackLow('PUNPCKLBW', 8);
export const PUNPCKLWD: Instruction = unpackLow('PUNPCKLWD', 16);
export const PUNPCKLDQ: Instruction = unpackLow('PUNPCKLDQ', 32);
export const PUNPCKLQDQ: Instruction = unpackLow('PUNPCKLQDQ', 64);
export const PUNPCKHBW: Instruction = unpackHigh('PUNPCKHBW', 8);
export const PUNPCKHWD: Instruction = unpackHigh('PUNPCKHWD', 16);
export const PUNPCKHDQ: Instruction = unpackHigh('PUNPCKHDQ', 32);
export const PUNPCKHQDQ: Instruction = unpackHigh('PUNPCKHQDQ', 64);

// Shuffle by an immediate: two bits choose each of four lanes

/** Bits [2i+1:2i] of an immediate byte, as a value of `width`. */
function choice<V>(x: Language<V>, immediate: V, i: number, width: 32 | 64): V {
  const wide = x.zeroExtend(immediate, 8, width);
  return x.and(i === 0 ? wide : x.shr(wide, x.constant(2 * i, width), width), x.constant(3, width), width);
}

/** Places of the bytes of four chosen doublewords. */
export function doublewordPlaces<V>(x: Language<V>, immediate: V): V {
  const imm = x.bind(immediate);
  const lanes = [0, 1, 2, 3].map((i) =>
    x.add(x.mul(choice(x, imm, i, 32), x.constant(0x0404_0404, 32), 32), x.constant(0x0302_0100, 32), 32),
  );
  return x.bind(fromLanes(x, lanes, 32));
}

/** Places of the bytes of four chosen words, counted from byte `start`: 64 bits. */
function wordPlaces<V>(x: Language<V>, immediate: V, start: number): V {
  const imm = x.bind(immediate);
  const words = [0, 1, 2, 3].map((i) => x.shl(choice(x, imm, i, 64), x.constant(16 * i, 64), 64));
  const together = words.reduce((sum, word) => x.or(sum, word, 64));
  const first = 0x0100_0100_0100_0100n + BigInt(start) * 0x0101_0101_0101_0101n;
  return x.add(x.mul(together, x.constant(0x0202, 64), 64), x.constant(first, 64), 64);
}

const LOW_PLACES = 0x0706_0504_0302_0100n;
const HIGH_PLACES = 0x0f0e_0d0c_0b0a_0908n;

function shuffleBy(mnemonic: string, places: <V>(x: Language<V>, immediate: V) => V): Instruction {
  return ternary(mnemonic, (x, dest, src, immediate) => {
    const width = registerWidth(dest.width);
    begin(x, width);
    const value = readVector(x, src);
    writeVector(x, dest, x.vector('i8x16.swizzle', value, places(x, immediate.read())));
    finish(x, width);
  });
}

export const PSHUFD: Instruction = shuffleBy('PSHUFD', doublewordPlaces);
export const PSHUFW: Instruction = shuffleBy('PSHUFW', (x, immediate) => x.toVector(wordPlaces(x, immediate, 0), 64));
export const PSHUFLW: Instruction = shuffleBy('PSHUFLW', (x, immediate) =>
  fromLanes(x, [wordPlaces(x, immediate, 0), x.constant(HIGH_PLACES, 64)], 64),
);
export const PSHUFHW: Instruction = shuffleBy('PSHUFHW', (x, immediate) =>
  fromLanes(x, [x.constant(LOW_PLACES, 64), wordPlaces(x, immediate, 8)], 64),
);

// Single words and bits

/** Bits 0–1 of the immediate choose a word of 64 bits: how far it lies up. Width 64. */
const wordShift = <V>(x: Language<V>, immediate: V): V =>
  x.bind(x.shl(x.and(x.zeroExtend(immediate, 8, 64), x.constant(3, 64), 64), x.constant(4, 64), 64));
/** Bit 2 of the immediate chooses the half of an XMM register. Truth value. */
const upperHalf = <V>(x: Language<V>, immediate: V): V => x.bind(x.ne(x.and(immediate, x.constant(4, 8), 8), x.constant(0, 8), 8));

/** The low word of `src` (a general register, or 16 bits in memory) into a place of DEST. */
export const PINSRW: Instruction = ternary('PINSRW', (x, dest, src, immediate) => {
  const width = registerWidth(dest.width);
  begin(x, width);
  const word = x.zeroExtend(resize(x, src.read(), src.width, 16), 16, 64);
  const imm = x.bind(immediate.read());
  const places = wordShift(x, imm);
  const hole = x.bind(x.not(x.shl(x.constant(0xffff, 64), places, 64), 64));
  const inserted = x.bind(x.shl(word, places, 64));
  const insert = (half: typeof word): typeof word => x.or(x.and(half, hole, 64), inserted, 64);
  if (width === 64) dest.write(insert(dest.read()));
  else {
    const value = x.bind(dest.read());
    const [low, high] = [x.bind(x.lane(value, 0, 64)), x.bind(x.lane(value, 1, 64))];
    const upper = upperHalf(x, imm);
    dest.write(fromLanes(x, [x.select(upper, low, insert(low), 64), x.select(upper, insert(high), high, 64)], 64));
  }
  finish(x, width);
});

export const PEXTRW: Instruction = ternary('PEXTRW', (x, dest, src, immediate) => {
  const width = registerWidth(src.width);
  begin(x, width);
  const imm = x.bind(immediate.read());
  const value = x.bind(src.read());
  const half = width === 64 ? value : x.select(upperHalf(x, imm), x.lane(value, 1, 64), x.lane(value, 0, 64), 64);
  const word = x.and(x.shr(half, wordShift(x, imm), 64), x.constant(0xffff, 64), 64);
  dest.write(resize(x, word, 64, dest.width));
  finish(x, width);
});

/** The sign bits of all bytes. */
export const PMOVMSKB: Instruction = binary('PMOVMSKB', (x, dest, src) => {
  const width = registerWidth(src.width);
  begin(x, width);
  dest.write(resize(x, x.vector('i8x16.bitmask', readVector(x, src)), 32, dest.width));
  finish(x, width);
});

const PAGE = 4096;

/** Writes the bytes of `value` whose byte in `mask` has its top bit set to DS:(E/R)DI; all of them may be written, or none is. */
function maskedMove<V>(x: Language<V>, value: Operand<V>, mask: Operand<V>): void {
  const width = registerWidth(value.width);
  begin(x, width);
  const address = x.addressWidth;
  const base = x.bind(x.gpr(7, address).read());
  const data = readVector(x, value);
  const lower = x.bind(x.lane(data, 0, 64));
  const upper = x.bind(x.lane(data, 1, 64));
  const bits = x.variable(x.vector('i8x16.bitmask', readVector(x, mask)), 32);
  const byteAt = (place: V): Operand<V> => x.memory('source', x.add(base, resize(x, place, 32, address), address), 8);
  const zero = x.constant(0, 32);
  const any = (): V => x.ne(bits.read(), x.constant(0, 32), 32);
  // The fault is that of the operand's first byte in a page that has bytes to be written.
  x.when(any(), () => {
    const offset = x.and(x.truncate(x.linearAddress(byteAt(zero)), 64, 32), x.constant(PAGE - 1, 32), 32);
    const nextPage = x.bind(x.sub(x.constant(PAGE, 32), offset, 32));
    const firstOfPage = (place: V): V => x.select(x.ltUnsigned(place, nextPage, 32), zero, nextPage, 32);
    const first = x.bind(x.ctz(bits.read(), 32));
    const last = x.bind(x.sub(x.constant(31, 32), x.clz(bits.read(), 32), 32));
    x.probe(byteAt(firstOfPage(first)), 1, 'write');
    x.probe(byteAt(firstOfPage(last)), 1, 'write');
    // A segment may end within a page.
    x.probe(byteAt(last), 1, 'write');
  });
  x.loop(any, () => {
    const left = x.bind(bits.read());
    const place = x.bind(x.ctz(left, 32));
    const half = x.select(x.ltUnsigned(place, x.constant(8, 32), 32), lower, upper, 64);
    const places = x.zeroExtend(x.shl(x.and(place, x.constant(7, 32), 32), x.constant(3, 32), 32), 32, 64);
    byteAt(place).write(x.truncate(x.shr(half, places, 64), 64, 8));
    bits.write(x.and(left, x.sub(left, x.constant(1, 32), 32), 32));
  });
  finish(x, width);
}

export const MASKMOVQ: Instruction = binary('MASKMOVQ', maskedMove, { address: true });
export const MASKMOVDQU: Instruction = binary('MASKMOVDQU', maskedMove, { address: true });
