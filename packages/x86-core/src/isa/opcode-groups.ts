/**
 * Opcode extensions: the instruction is chosen by ModRM.reg, and in places by ModRM.mod and ModRM.rm. [SDM 2D, Table A-6] An entry is
 * undefined where the table is empty, and where it holds what this processor has not (entering virtual machines, MONITOR, XSAVE, RDRAND).
 */
import { ADC, ADD, CMP, DEC, INC, NEG, SBB, SUB } from '../semantics/arithmetic.ts';
import { CMPXCHG8B, CMPXCHG16B } from '../semantics/atomic.ts';
import { BT_IMMEDIATE, BTC_IMMEDIATE, BTR_IMMEDIATE, BTS_IMMEDIATE } from '../semantics/bit-byte.ts';
import { CALL_FAR_INDIRECT, CALL_INDIRECT, JMP_FAR_INDIRECT, JMP_INDIRECT } from '../semantics/control-transfer.ts';
import { MOV } from '../semantics/data-transfer.ts';
import type { Instruction } from '../semantics/instruction.ts';
import { AND, NOT, OR, TEST, XOR } from '../semantics/logic.ts';
import {
  CLFLUSH,
  CLFLUSHOPT,
  CLWB,
  ENDBR32,
  ENDBR64,
  LFENCE,
  MFENCE,
  NOP_HINT,
  PREFETCH,
  PREFETCHNTA,
  PREFETCHT0,
  PREFETCHT1,
  PREFETCHT2,
  PREFETCHW,
  SFENCE,
} from '../semantics/miscellaneous.ts';
import { DIV, IDIV, IMUL_WIDE, MUL } from '../semantics/multiply-divide.ts';
import { RCL, RCR, ROL, ROR, SAR, SHL, SHR } from '../semantics/shift-rotate.ts';
import { POP, PUSH } from '../semantics/stack.ts';
import {
  INVLPG,
  LGDT,
  LIDT,
  LLDT,
  LMSW,
  LTR,
  RDTSCP,
  SGDT,
  SIDT,
  SLDT,
  SMSW,
  STR,
  SWAPGS,
  VERR,
  VERW,
  VMCALL,
  VMMCALL,
} from '../semantics/system-instructions.ts';
import { GROUP_15_MEMORY } from './opcode-map-x87.ts';
import type { OperandCode } from './operand-codes.ts';
import { type Cell, default64, force64, only64, type Row } from './row.ts';

/** A cell of eight entries. */
interface Group {
  readonly reg: readonly Cell[];
}

const inEveryRow = (instructions: readonly Instruction[], ...operands: readonly OperandCode[]): Group => ({
  reg: instructions.map((instruction): Row => [instruction, ...operands]),
});

/** Group 1: 80–83. */
export const group1 = (...operands: readonly OperandCode[]): Group => inEveryRow([ADD, OR, ADC, SBB, AND, SUB, XOR, CMP], ...operands);

/** Group 1A: 8F. */
export const GROUP_1A: Group = {
  reg: [default64([POP, 'Ev']), undefined, undefined, undefined, undefined, undefined, undefined, undefined],
};

/** Group 2: C0, C1, D0–D3. /6 is SHL again, as all processors have it. */
export const group2 = (...operands: readonly OperandCode[]): Group => inEveryRow([ROL, ROR, RCL, RCR, SHL, SHR, SHL, SAR], ...operands);

/** Group 3: F6, F7. /1 is TEST again, as all processors have it. */
export const GROUP_3_BYTE: Group = {
  reg: [
    [TEST, 'Eb', 'Ib'],
    [TEST, 'Eb', 'Ib'],
    [NOT, 'Eb'],
    [NEG, 'Eb'],
    [MUL, 'Eb'],
    [IMUL_WIDE, 'Eb'],
    [DIV, 'Eb'],
    [IDIV, 'Eb'],
  ],
};
export const GROUP_3: Group = {
  reg: [
    [TEST, 'Ev', 'Iz'],
    [TEST, 'Ev', 'Iz'],
    [NOT, 'Ev'],
    [NEG, 'Ev'],
    [MUL, 'Ev'],
    [IMUL_WIDE, 'Ev'],
    [DIV, 'Ev'],
    [IDIV, 'Ev'],
  ],
};

/** Group 4: FE. */
export const GROUP_4: Group = {
  reg: [[INC, 'Eb'], [DEC, 'Eb'], undefined, undefined, undefined, undefined, undefined, undefined],
};

/** Group 5: FF. */
export const GROUP_5: Group = {
  reg: [
    [INC, 'Ev'],
    [DEC, 'Ev'],
    force64([CALL_INDIRECT, 'Ev']),
    [CALL_FAR_INDIRECT, 'Mp'],
    force64([JMP_INDIRECT, 'Ev']),
    [JMP_FAR_INDIRECT, 'Mp'],
    default64([PUSH, 'Ev']),
    undefined,
  ],
};

/** Group 6: 0F 00. */
export const GROUP_6: Group = {
  reg: [
    { memory: [SLDT, 'Mw'], register: [SLDT, 'Rv'] },
    { memory: [STR, 'Mw'], register: [STR, 'Rv'] },
    [LLDT, 'Ew'],
    [LTR, 'Ew'],
    [VERR, 'Ew'],
    [VERW, 'Ew'],
    undefined,
    undefined,
  ],
};

/** Group 7: 0F 01. */
export const GROUP_7: Group = {
  reg: [
    {
      memory: [SGDT, 'Ms'],
      register: { rm: [undefined, [VMCALL], undefined, undefined, undefined, undefined, undefined, undefined] },
    },
    { memory: [SIDT, 'Ms'], register: undefined },
    { memory: [LGDT, 'Ms'], register: undefined },
    {
      memory: [LIDT, 'Ms'],
      // AMD's half of the table: the virtual machine instructions of SVM.
      register: { rm: [undefined, [VMMCALL], undefined, undefined, undefined, undefined, undefined, undefined] },
    },
    { memory: [SMSW, 'Mw'], register: [SMSW, 'Rv'] },
    undefined,
    [LMSW, 'Ew'],
    {
      memory: [INVLPG, 'Mb'],
      register: { rm: [only64([SWAPGS]), [RDTSCP], undefined, undefined, undefined, undefined, undefined, undefined] },
    },
  ],
};

/** Group 8: 0F BA. */
export const GROUP_8: Group = {
  reg: [
    undefined,
    undefined,
    undefined,
    undefined,
    [BT_IMMEDIATE, 'Ev', 'Ib'],
    [BTS_IMMEDIATE, 'Ev', 'Ib'],
    [BTR_IMMEDIATE, 'Ev', 'Ib'],
    [BTC_IMMEDIATE, 'Ev', 'Ib'],
  ],
};

/** Group 9: 0F C7. */
export const GROUP_9: Group = {
  reg: [
    undefined,
    { size16: [CMPXCHG8B, 'Mq'], size32: [CMPXCHG8B, 'Mq'], size64: [CMPXCHG16B, 'Mdq'] },
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ],
};

/** Group 11: C6, C7. */
export const GROUP_11_BYTE: Group = {
  reg: [[MOV, 'Eb', 'Ib'], undefined, undefined, undefined, undefined, undefined, undefined, undefined],
};
export const GROUP_11: Group = {
  reg: [[MOV, 'Ev', 'Iz'], undefined, undefined, undefined, undefined, undefined, undefined, undefined],
};

/** Group 15: 0F AE. */
export const GROUP_15: Group = {
  reg: [
    ...GROUP_15_MEMORY.map((cell): Cell => ({ memory: { none: cell }, register: undefined })),
    undefined,
    { memory: undefined, register: { none: [LFENCE] } },
    { memory: { p66: [CLWB, 'Mb'] }, register: { none: [MFENCE] } },
    { memory: { none: [CLFLUSH, 'Mb'], p66: [CLFLUSHOPT, 'Mb'] }, register: { none: [SFENCE] } },
  ],
};

/** A hint for memory; with a register it says nothing. */
const hint = (instruction: Instruction): Cell => ({ memory: [instruction, 'Mb'], register: [NOP_HINT, 'Ev'] });
const NO_HINT: Cell = [NOP_HINT, 'Ev'];

/** Group 16: 0F 18. */
export const GROUP_16: Group = {
  reg: [hint(PREFETCHNTA), hint(PREFETCHT0), hint(PREFETCHT1), hint(PREFETCHT2), NO_HINT, NO_HINT, NO_HINT, NO_HINT],
};

/** Group P: 0F 0D. All but /1 are PREFETCH, as on AMD's processors. */
export const GROUP_P: Group = {
  reg: [PREFETCH, PREFETCHW, PREFETCH, PREFETCH, PREFETCH, PREFETCH, PREFETCH, PREFETCH].map(hint),
};

/** F3 0F 1E: marks where an indirect branch may go, which is nothing to a processor that does not watch it. */
export const END_BRANCH: Cell = {
  memory: NO_HINT,
  register: {
    reg: [
      ...[0, 1, 2, 3, 4, 5, 6].map((): Cell => NO_HINT),
      { rm: [NO_HINT, NO_HINT, [ENDBR64], [ENDBR32], NO_HINT, NO_HINT, NO_HINT, NO_HINT] },
    ],
  },
};
