/**
 * The MMX registers are the significands of the x87 registers. [SDM 1 §9.2.2, §9.5, §9.6; SDM 3A, "Intel MMX Technology System Programming"]
 * An MMX instruction waits for an unmasked x87 exception, and leaves all tags valid and the top of the stack at 0. That a written register
 * has ones in its sign and exponent is the doing of the operand's `write`.
 */
import { VECTOR } from '../../fault.ts';
import type { Language } from '../language.ts';
import { requireUnit } from '../sse/availability.ts';

const FSW_ERROR_SUMMARY = 0x80;
const ALL_VALID = 0xff;

/** Raises #MF if an x87 exception is pending. */
export function requireNoPendingException<V>(x: Language<V>): void {
  const pending = x.and(x.field('fsw').read(), x.constant(FSW_ERROR_SUMMARY, 16), 16);
  x.faultIf(x.ne(pending, x.constant(0, 16), 16), VECTOR.MF);
}

/** #UD with CR0.EM, #NM with CR0.TS, #MF. [SDM 3A §2.5; SDM 1 §9.6.4] */
export function requireMmx<V>(x: Language<V>): void {
  requireUnit(x, 'mmxBlocked');
  requireNoPendingException(x);
}

/** What becomes of the x87 state: said after the last access that may fault. [SDM 1 §9.6.2] */
export function enterMmx<V>(x: Language<V>): void {
  x.field('ftags').write(x.constant(ALL_VALID, 16));
  x.field('ftop').write(x.constant(0, 32));
}
