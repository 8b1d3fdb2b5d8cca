/**
 * Shifts of packed integers, by a count in a register, in memory or in an immediate. [SDM 2B, "PSLLW/PSLLD/PSLLQ", "PSRAW/PSRAD", "PSRLW/…",
 * "PSLLDQ", "PSRLDQ"] The count is 64 bits wide; one beyond the lane leaves nothing but copies of the sign.
 */
import { binary, type Instruction } from '../instruction.ts';
import type { Language, Operand } from '../language.ts';
import type { VectorOperation } from '../vector-operations.ts';
import { begin, finish, readVector, registerWidth, splat, writeVector } from './packed-operands.ts';

/** Count as a value of width 64. */
function readCount<V>(x: Language<V>, operand: Operand<V>): V {
  if (operand.width === 8) return x.bind(x.zeroExtend(operand.read(), 8, 64));
  return x.bind(operand.width === 128 ? x.lane(readVector(x, operand), 0, 64) : operand.read());
}

function shift(mnemonic: string, operation: VectorOperation, laneWidth: 16 | 32 | 64, arithmetic = false): Instruction {
  return binary(mnemonic, (x, dest, count) => {
    const width = registerWidth(dest.width);
    begin(x, width);
    const wanted = readCount(x, count);
    const inside = x.bind(x.ltUnsigned(wanted, x.constant(laneWidth, 64), 64));
    const places = x.and(x.truncate(wanted, 64, 32), x.constant(laneWidth - 1, 32), 32);
    const value = readVector(x, dest);
    if (arithmetic) {
      const bounded = x.select(inside, places, x.constant(laneWidth - 1, 32), 32);
      writeVector(x, dest, x.vector(operation, value, bounded));
    } else {
      writeVector(x, dest, x.select(inside, x.vector(operation, value, places), x.constant(0, 128), 128));
    }
    finish(x, width);
  });
}

export const PSLLW: Instruction = shift('PSLLW', 'i16x8.shl', 16);
export const PSLLD: Instruction = shift('PSLLD', 'i32x4.shl', 32);
export const PSLLQ: Instruction = shift('PSLLQ', 'i64x2.shl', 64);
export const PSRLW: Instruction = shift('PSRLW', 'i16x8.shr_u', 16);
export const PSRLD: Instruction = shift('PSRLD', 'i32x4.shr_u', 32);
export const PSRLQ: Instruction = shift('PSRLQ', 'i64x2.shr_u', 64);
export const PSRAW: Instruction = shift('PSRAW', 'i16x8.shr_s', 16, true);
export const PSRAD: Instruction = shift('PSRAD', 'i32x4.shr_s', 32, true);

/** Byte i has the value i. */
const PLACES = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100n;
const EVERY_BYTE = 0x0101_0101_0101_0101n;

/** Moves all 16 bytes: a place outside 0–15 gives zero. */
function byteShift(mnemonic: string, operation: 'i8x16.add' | 'i8x16.sub'): Instruction {
  return binary(mnemonic, (x, dest, count) => {
    begin(x, 128);
    const wanted = x.bind(count.read());
    const bytes = x.select(x.ltUnsigned(wanted, x.constant(16, 8), 8), wanted, x.constant(16, 8), 8);
    const distance = splat(x, x.mul(x.zeroExtend(bytes, 8, 64), x.constant(EVERY_BYTE, 64), 64));
    const places = x.vector(operation, x.constant(PLACES, 128), distance);
    dest.write(x.vector('i8x16.swizzle', dest.read(), places));
  });
}

export const PSLLDQ: Instruction = byteShift('PSLLDQ', 'i8x16.sub');
export const PSRLDQ: Instruction = byteShift('PSRLDQ', 'i8x16.add');
