/**
 * What every SSE instruction checks before anything else, and the alignment that most ask of their memory operand. [SDM 1 §11.5, §11.6;
 * SDM 3A §2.5, "System Programming for Instruction Set Extensions"]
 */
import { VECTOR } from '../../fault.ts';
import type { FieldName } from '../../state.ts';
import type { Language, Operand } from '../language.ts';

/** Bytes of an XMM register, and what its memory operand's address must be a multiple of. */
const ALIGNMENT = 16;

/** #UD or #NM as the field says: 0 for neither. */
export function requireUnit<V>(x: Language<V>, unit: Extract<FieldName, 'sseBlocked' | 'mmxBlocked'>): void {
  const blocked = x.bind(x.field(unit).read());
  x.when(x.ne(blocked, x.constant(0, 32), 32), () => {
    x.faultIf(x.eq(blocked, x.constant(VECTOR.UD, 32), 32), VECTOR.UD);
    x.faultIf(x.constant(1, 8), VECTOR.NM);
  });
}

/** #UD with CR0.EM or without CR4.OSFXSR, #NM with CR0.TS. [SDM 3A §2.5] */
export function requireSse<V>(x: Language<V>): void {
  requireUnit(x, 'sseBlocked');
}

/** #GP(0) unless a memory operand is aligned to 16 bytes. [SDM 1 §4.1.1, §10.4.1.1] */
export function requireAligned<V>(x: Language<V>, operand: Operand<V>): void {
  if (!operand.isMemory) return;
  const low = x.truncate(x.linearAddress(operand), 64, 32);
  x.faultIf(x.ne(x.and(low, x.constant(ALIGNMENT - 1, 32), 32), x.constant(0, 32), 32), VECTOR.GP);
}
