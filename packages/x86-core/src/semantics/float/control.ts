/**
 * Exceptions and control words of floating point. [SDM 1 §4.9, §8.1.3, §8.1.5, §10.2.3]
 *
 * Inside the arithmetic there is one control word of width 32, laid out as the x87 control word, with two bits beside it; `controlOfMxcsr`
 * makes it from MXCSR.
 */
import type { Language } from '../language.ts';
import { Words } from './words.ts';

/** Exceptions, as in the x87 status word, in MXCSR, and, as masks, in the low bits of the control word. */
export const EXCEPTION = { invalid: 1, denormal: 2, zeroDivide: 4, overflow: 8, underflow: 0x10, precision: 0x20 } as const;
/** All of them. */
export const EXCEPTIONS = 0x3f;
/** Exceptions found before anything is computed; unmasked, they keep the rest from happening. [SDM 1 §4.9.2] */
export const BEFORE_COMPUTING = 7;
/** In what the arithmetic gives beside exceptions: the last rounding went away from zero. C1 of the status word. */
export const ROUNDED_UP = 0x200;

/** Precision control: 0 is 24 bits, 200h is 53 bits; 300h and the reserved 100h are 64 bits. [SDM 1, Table 8-2] */
export const PRECISION_CONTROL = 0x300;
/** Rounding control. [SDM 1, Table 4-8] */
export const ROUNDING_CONTROL = 0xc00;
export const ROUNDING = { nearest: 0, down: 0x400, up: 0x800, zero: 0xc00 } as const;
/** Results that would be denormal become zero: MXCSR.FTZ, at its own place. */
export const FLUSH_TO_ZERO = 0x8000;
/** An operand was denormal in memory, before it was widened: what EXCEPTION.denormal will be if no NaN is found. */
export const WIDENED_DENORMAL = 0x2_0000;

const MXCSR_DENORMALS_ARE_ZEROS = 0x40;

/** The control word that says what `mxcsr` says. */
export function controlOfMxcsr<V>(x: Language<V>, mxcsr: V): V {
  const w = new Words(x, 32);
  const masks = w.and(w.shr(mxcsr, 7), 0x3f);
  const rounding = w.and(w.shr(mxcsr, 3), ROUNDING_CONTROL);
  return w.or(w.or(masks, rounding), w.and(mxcsr, FLUSH_TO_ZERO));
}

/** Whether `mxcsr` makes denormal operands zeros. A truth value. */
export function denormalsAreZeros<V>(x: Language<V>, mxcsr: V): V {
  const w = new Words(x, 32);
  return w.ne(w.and(mxcsr, MXCSR_DENORMALS_ARE_ZEROS), 0);
}
