/**
 * Packed integers of MMX and XMM registers: arithmetic, comparison, logic. [SDM 2B, "PADDB/PADDW/PADDD/PADDQ" and following] Most are a
 * vector word; the rest is composed of a few.
 */
import type { Instruction } from '../instruction.ts';
import type { Language } from '../language.ts';
import type { VectorOperation } from '../vector-operations.ts';
import { fromLanes, packed } from './packed-operands.ts';

const wordByWord = (mnemonic: string, operation: VectorOperation): Instruction => packed(mnemonic, (x, a, b) => x.vector(operation, a, b));

export const PADDB: Instruction = wordByWord('PADDB', 'i8x16.add');
export const PADDW: Instruction = wordByWord('PADDW', 'i16x8.add');
export const PADDD: Instruction = wordByWord('PADDD', 'i32x4.add');
export const PADDQ: Instruction = wordByWord('PADDQ', 'i64x2.add');
export const PSUBB: Instruction = wordByWord('PSUBB', 'i8x16.sub');
export const PSUBW: Instruction = wordByWord('PSUBW', 'i16x8.sub');
export const PSUBD: Instruction = wordByWord('PSUBD', 'i32x4.sub');
export const PSUBQ: Instruction = wordByWord('PSUBQ', 'i64x2.sub');
export const PADDSB: Instruction = wordByWord('PADDSB', 'i8x16.add_sat_s');
export const PADDSW: Instruction = wordByWord('PADDSW', 'i16x8.add_sat_s');
export const PADDUSB: Instruction = wordByWord('PADDUSB', 'i8x16.add_sat_u');
export const PADDUSW: Instruction = wordByWord('PADDUSW', 'i16x8.add_sat_u');
export const PSUBSB: Instruction = wordByWord('PSUBSB', 'i8x16.sub_sat_s');
export const PSUBSW: Instruction = wordByWord('PSUBSW', 'i16x8.sub_sat_s');
export const PSUBUSB: Instruction = wordByWord('PSUBUSB', 'i8x16.sub_sat_u');
export const PSUBUSW: Instruction = wordByWord('PSUBUSW', 'i16x8.sub_sat_u');

export const PCMPEQB: Instruction = wordByWord('PCMPEQB', 'i8x16.eq');
export const PCMPEQW: Instruction = wordByWord('PCMPEQW', 'i16x8.eq');
export const PCMPEQD: Instruction = wordByWord('PCMPEQD', 'i32x4.eq');
export const PCMPGTB: Instruction = wordByWord('PCMPGTB', 'i8x16.gt_s');
export const PCMPGTW: Instruction = wordByWord('PCMPGTW', 'i16x8.gt_s');
export const PCMPGTD: Instruction = wordByWord('PCMPGTD', 'i32x4.gt_s');

export const PMINUB: Instruction = wordByWord('PMINUB', 'i8x16.min_u');
export const PMAXUB: Instruction = wordByWord('PMAXUB', 'i8x16.max_u');
export const PMINSW: Instruction = wordByWord('PMINSW', 'i16x8.min_s');
export const PMAXSW: Instruction = wordByWord('PMAXSW', 'i16x8.max_s');
export const PAVGB: Instruction = wordByWord('PAVGB', 'i8x16.avgr_u');
export const PAVGW: Instruction = wordByWord('PAVGW', 'i16x8.avgr_u');

export const PAND: Instruction = wordByWord('PAND', 'v128.and');
export const POR: Instruction = wordByWord('POR', 'v128.or');
export const PXOR: Instruction = wordByWord('PXOR', 'v128.xor');
/** DEST ← NOT DEST AND SRC. */
export const PANDN: Instruction = packed('PANDN', (x, a, b) => x.vector('v128.andnot', b, a));

export const PMULLW: Instruction = wordByWord('PMULLW', 'i16x8.mul');
/** Sums of two products of words: 8000h × 8000h twice wraps to 80000000h. */
export const PMADDWD: Instruction = wordByWord('PMADDWD', 'i32x4.dot_i16x8_s');

/** The upper words of four products in `a` and four in `b`. */
const UPPER_WORDS = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31] as const;

const highProducts = (mnemonic: string, sign: 's' | 'u'): Instruction =>
  packed(mnemonic, (x, a, b, width) => {
    const low = x.bind(x.vector(`i32x4.extmul_low_i16x8_${sign}`, a, b));
    // MMX has no products in the upper half.
    const high = width === 128 ? x.bind(x.vector(`i32x4.extmul_high_i16x8_${sign}`, a, b)) : low;
    return x.shuffle(low, high, UPPER_WORDS);
  });

export const PMULHW: Instruction = highProducts('PMULHW', 's');
export const PMULHUW: Instruction = highProducts('PMULHUW', 'u');

/** The even doublewords next to each other. */
const EVEN_DOUBLEWORDS = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11] as const;

export const PMULUDQ: Instruction = packed('PMULUDQ', (x, a, b) =>
  x.vector('i64x2.extmul_low_i32x4_u', x.shuffle(a, a, EVEN_DOUBLEWORDS), x.shuffle(b, b, EVEN_DOUBLEWORDS)),
);

/** Sum of the eight bytes of a 64-bit value. */
function sumOfBytes<V>(x: Language<V>, bytes: V): V {
  const mask = x.constant(0x00ff_00ff_00ff_00ffn, 64);
  const value = x.bind(bytes);
  const pairs = x.add(x.and(value, mask, 64), x.and(x.shr(value, x.constant(8, 64), 64), mask, 64), 64);
  // The product's top word is the sum of the four words: 2040 at most.
  return x.shr(x.mul(pairs, x.constant(0x0001_0001_0001_0001n, 64), 64), x.constant(48, 64), 64);
}

/** Sum of the absolute differences of eight bytes, once or for each half. */
export const PSADBW: Instruction = packed('PSADBW', (x, a, b, width) => {
  const differences = x.bind(x.vector('v128.or', x.vector('i8x16.sub_sat_u', a, b), x.vector('i8x16.sub_sat_u', b, a)));
  const halves = width === 128 ? [0, 1] : [0];
  return fromLanes(
    x,
    halves.map((half) => sumOfBytes(x, x.lane(differences, half, 64))),
    64,
  );
});
