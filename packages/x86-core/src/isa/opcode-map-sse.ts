/** MMX, SSE and SSE2 cells of the two-byte opcode map. [SDM 2D, Table A-3] */
import type { OpcodeMap } from './row.ts';

export const SSE: OpcodeMap = {};
