/** Escape opcodes D8–DF: the x87 FPU. [SDM 2D, Tables] */
import type { OpcodeMap } from './row.ts';

export const X87: OpcodeMap = {};
