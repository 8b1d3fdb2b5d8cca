/**
 * Operands of packed instructions. Those that exist for MMX and for XMM registers are described once: the width of the destination says
 * which it is, and both compute on vectors of 128 bits, of which MMX uses the lower half.
 */
import { binary, type Instruction, ternary } from '../instruction.ts';
import type { BitWidth, Language, Operand } from '../language.ts';
import { enterMmx, requireMmx } from '../mmx/state.ts';
import { requireAligned, requireSse } from './availability.ts';

export type LaneWidth = 8 | 16 | 32 | 64;

/** Computes on vectors; for MMX (`width` 64) only the lower half counts, and above it is zero in the operands. */
export type PackedOperation = <V>(x: Language<V>, a: V, b: V, width: 64 | 128) => V;

/** The width of the registers that an operand of this width belongs to. */
export const registerWidth = (width: BitWidth): 64 | 128 => (width === 128 ? 128 : 64);

/** The checks of the unit whose registers are so wide. */
export function begin<V>(x: Language<V>, width: 64 | 128): void {
  if (width === 128) requireSse(x);
  else requireMmx(x);
}

/** To be said after the last access that may fault. */
export function finish<V>(x: Language<V>, width: 64 | 128): void {
  if (width === 64) enterMmx(x);
}

/** A whole operand as a vector: 128 bits, aligned in memory, or fewer with zeros above. */
export function readVector<V>(x: Language<V>, operand: Operand<V>): V {
  if (operand.width === 128) {
    requireAligned(x, operand);
    return x.bind(operand.read());
  }
  return x.bind(x.toVector(operand.read(), operand.width === 32 ? 32 : 64));
}

/** Writes a register: all of it, or its lower 64 bits. */
export function writeVector<V>(x: Language<V>, register: Operand<V>, value: V): void {
  register.write(register.width === 128 ? value : x.lane(value, 0, 64));
}

/** A vector of these lanes, lane 0 first, with zeros above. */
export function fromLanes<V>(x: Language<V>, lanes: readonly V[], width: 32 | 64): V {
  const [first, ...rest] = lanes as [V, ...V[]];
  return rest.reduce((vector, lane, i) => x.withLane(vector, i + 1, lane, width), x.toVector(first, width));
}

/** The same 64 bits in both halves. */
export function splat<V>(x: Language<V>, value: V): V {
  const half = x.bind(value);
  return x.withLane(x.toVector(half, 64), 1, half, 64);
}

/** DEST ← DEST op SRC, for MMX and XMM registers. */
export const packed = (mnemonic: string, operation: PackedOperation): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    const width = registerWidth(dest.width);
    begin(x, width);
    const b = readVector(x, src);
    const a = readVector(x, dest);
    writeVector(x, dest, operation(x, a, b, width));
    finish(x, width);
  });

/** DEST ← DEST op SRC by an immediate byte. */
export const packedByImmediate = (mnemonic: string, operation: <V>(x: Language<V>, a: V, b: V, immediate: V) => V): Instruction =>
  ternary(mnemonic, (x, dest, src, immediate) => {
    const width = registerWidth(dest.width);
    begin(x, width);
    const b = readVector(x, src);
    const a = readVector(x, dest);
    writeVector(x, dest, operation(x, a, b, immediate.read()));
    finish(x, width);
  });
