/**
 * Three-byte opcode map, first two bytes 0F 38. [SDM 2D, Table A-4] Of it this processor has MOVBE; the rest is undefined.
 */
import { MOVBE } from '../semantics/data-transfer.ts';
import type { OpcodeMap } from './row.ts';

export const THREE_BYTE_38: OpcodeMap = {
  0xf0: { none: [MOVBE, 'Gv', 'Mv'], p66: [MOVBE, 'Gv', 'Mv'] },
  0xf1: { none: [MOVBE, 'Mv', 'Gv'], p66: [MOVBE, 'Mv', 'Gv'] },
};
