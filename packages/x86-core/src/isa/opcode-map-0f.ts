/**
 * Two-byte opcode map, first byte 0F: its integer and system rows. [SDM 2D, Table A-3] Laid out as the manual's table; MMX, SSE and SSE2 are
 * in opcode-map-sse.ts. Cells that are not listed are undefined: #UD.
 */
import { CMPXCHG, XADD } from '../semantics/atomic.ts';
import { BSF, BSR, BT, BTC, BTR, BTS, LZCNT, POPCNT, SETcc, TZCNT } from '../semantics/bit-byte.ts';
import { Jcc } from '../semantics/control-transfer.ts';
import { BSWAP, CMOVcc, MOVNTI, MOVSX, MOVZX } from '../semantics/data-transfer.ts';
import { NOP_HINT, UD0, UD1, UD2 } from '../semantics/miscellaneous.ts';
import { IMUL } from '../semantics/multiply-divide.ts';
import { LFS, LGS, LSS, POP_FS, POP_GS, PUSH_FS, PUSH_GS } from '../semantics/segment.ts';
import { SHLD, SHRD } from '../semantics/shift-rotate.ts';
import {
  CLTS,
  CPUID,
  INVD,
  LAR,
  LSL,
  MOV_FROM_CONTROL,
  MOV_FROM_DEBUG,
  MOV_TO_CONTROL,
  MOV_TO_DEBUG,
  RDMSR,
  RDPMC,
  RDTSC,
  SYSCALL,
  SYSENTER,
  SYSEXIT,
  SYSRET,
  WBINVD,
  WRMSR,
} from '../semantics/system-instructions.ts';
import { END_BRANCH, GROUP_6, GROUP_7, GROUP_8, GROUP_9, GROUP_15, GROUP_16, GROUP_P } from './opcode-groups.ts';
import { byCondition } from './opcode-map.ts';
import { SSE } from './opcode-map-sse.ts';
import { default64, force64, type OpcodeMap } from './row.ts';

export { THREE_BYTE_38 } from './opcode-map-0f38.ts';

/** The cells of general registers and of the system. */
export const INTEGER: OpcodeMap = {
  0x00: GROUP_6,
  0x01: GROUP_7,
  0x02: [LAR, 'Gv', 'Ew'],
  0x03: [LSL, 'Gv', 'Ew'],
  0x05: [SYSCALL],
  0x06: [CLTS],
  0x07: [SYSRET],
  0x08: [INVD],
  0x09: [WBINVD],
  0x0b: [UD2],
  0x0d: GROUP_P,

  // Group 16 and the hint NOPs.
  0x18: GROUP_16,
  0x19: [NOP_HINT, 'Ev'],
  0x1a: [NOP_HINT, 'Ev'],
  0x1b: [NOP_HINT, 'Ev'],
  0x1c: [NOP_HINT, 'Ev'],
  0x1d: [NOP_HINT, 'Ev'],
  0x1e: { none: [NOP_HINT, 'Ev'], p66: [NOP_HINT, 'Ev'], pF2: [NOP_HINT, 'Ev'], pF3: END_BRANCH },
  0x1f: [NOP_HINT, 'Ev'],

  0x20: [MOV_FROM_CONTROL, 'Ry', 'Cy'],
  0x21: [MOV_FROM_DEBUG, 'Ry', 'Dy'],
  0x22: [MOV_TO_CONTROL, 'Cy', 'Ry'],
  0x23: [MOV_TO_DEBUG, 'Dy', 'Ry'],

  0x30: [WRMSR],
  0x31: [RDTSC],
  0x32: [RDMSR],
  0x33: [RDPMC],
  0x34: [SYSENTER],
  0x35: [SYSEXIT],

  ...byCondition(0x40, CMOVcc, (move) => [move, 'Gv', 'Ev']),

  ...byCondition(0x80, Jcc, (jump) => force64([jump, 'Jz'])),

  ...byCondition(0x90, SETcc, (set) => [set, 'Eb']),

  0xa0: default64([PUSH_FS, 'FS']),
  0xa1: default64([POP_FS, 'FS']),
  0xa2: [CPUID],
  0xa3: [BT, 'Ev', 'Gv'],
  0xa4: [SHLD, 'Ev', 'Gv', 'Ib'],
  0xa5: [SHLD, 'Ev', 'Gv', 'CL'],
  0xa8: default64([PUSH_GS, 'GS']),
  0xa9: default64([POP_GS, 'GS']),
  // RSM is undefined outside system management mode, and there is none.
  0xaa: undefined,
  0xab: [BTS, 'Ev', 'Gv'],
  0xac: [SHRD, 'Ev', 'Gv', 'Ib'],
  0xad: [SHRD, 'Ev', 'Gv', 'CL'],
  0xae: GROUP_15,
  0xaf: [IMUL, 'Gv', 'Ev'],

  0xb0: [CMPXCHG, 'Eb', 'Gb'],
  0xb1: [CMPXCHG, 'Ev', 'Gv'],
  0xb2: [LSS, 'Gv', 'Mp'],
  0xb3: [BTR, 'Ev', 'Gv'],
  0xb4: [LFS, 'Gv', 'Mp'],
  0xb5: [LGS, 'Gv', 'Mp'],
  0xb6: [MOVZX, 'Gv', 'Eb'],
  0xb7: [MOVZX, 'Gv', 'Ew'],
  0xb8: { pF3: [POPCNT, 'Gv', 'Ev'] },
  0xb9: [UD1, 'Gv', 'Ev'],
  0xba: GROUP_8,
  0xbb: [BTC, 'Ev', 'Gv'],
  // F2 before BSF and BSR says nothing.
  0xbc: { none: [BSF, 'Gv', 'Ev'], p66: [BSF, 'Gv', 'Ev'], pF2: [BSF, 'Gv', 'Ev'], pF3: [TZCNT, 'Gv', 'Ev'] },
  0xbd: { none: [BSR, 'Gv', 'Ev'], p66: [BSR, 'Gv', 'Ev'], pF2: [BSR, 'Gv', 'Ev'], pF3: [LZCNT, 'Gv', 'Ev'] },
  0xbe: [MOVSX, 'Gv', 'Eb'],
  0xbf: [MOVSX, 'Gv', 'Ew'],

  0xc0: [XADD, 'Eb', 'Gb'],
  0xc1: [XADD, 'Ev', 'Gv'],
  0xc3: { none: [MOVNTI, 'My', 'Gy'] },
  0xc7: GROUP_9,
  0xc8: [BSWAP, 'Zv'],
  0xc9: [BSWAP, 'Zv'],
  0xca: [BSWAP, 'Zv'],
  0xcb: [BSWAP, 'Zv'],
  0xcc: [BSWAP, 'Zv'],
  0xcd: [BSWAP, 'Zv'],
  0xce: [BSWAP, 'Zv'],
  0xcf: [BSWAP, 'Zv'],

  0xff: [UD0, 'Gv', 'Ev'],
};

export const TWO_BYTE: OpcodeMap = { ...INTEGER, ...SSE };
