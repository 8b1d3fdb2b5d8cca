/** Numbers in memory as operands of x87 instructions. [SDM 1 §8.2, Table 8-3] */
import { EXCEPTION } from '../float/control.ts';
import { i64ToF80, widenDouble, widenSingle } from '../float/index.ts';
import { invoke, Words } from '../float/words.ts';
import type { Language, Operand } from '../language.ts';
import { resizeSigned } from '../phrases.ts';
import type { Extended } from './fpu.ts';

export interface Widened<V> extends Extended<V> {
  /** Invalid (a signaling NaN, which it still is) or denormal, as exceptions of a load. */
  readonly exceptions: V;
  /** The same as a computation takes it: WIDENED_DENORMAL or 0, to be ORed into the control word. */
  readonly widened: V;
}

export type MemoryNumber = <V>(x: Language<V>, operand: Operand<V>) => Widened<V>;

/** 32 or 64 bits of floating point. */
export function memoryReal<V>(x: Language<V>, operand: Operand<V>): Widened<V> {
  const d = new Words(x, 32);
  const [significand, top, exceptions] = invoke(x, operand.width === 32 ? widenSingle : widenDouble, x.bind(operand.read()));
  return { significand, top, exceptions, widened: d.shl(d.and(exceptions, EXCEPTION.denormal), 16) };
}

/** A two's complement integer of 16, 32 or 64 bits. */
export function memoryInteger<V>(x: Language<V>, operand: Operand<V>): Widened<V> {
  const value = resizeSigned(x, operand.read(), operand.width, 64);
  const [significand, top] = invoke(x, i64ToF80, value);
  return { significand, top, exceptions: x.constant(0, 32), widened: x.constant(0, 32) };
}
