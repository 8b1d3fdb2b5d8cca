/**
 * The shapes that get a case in the interpreter's main function: what compiled code executes most. Everything else has a handler function
 * of its own, so the list is a matter of speed only.
 */
import { ADC, ADD, CMP, DEC, INC, NEG, SBB, SUB } from '../semantics/arithmetic.ts';
import { BT_IMMEDIATE, SETcc } from '../semantics/bit-byte.ts';
import { CALL, CALL_INDIRECT, IRET, Jcc, JMP, JMP_INDIRECT, RET } from '../semantics/control-transfer.ts';
import { CBW, CMOVcc, CWD, MOV, MOVSX, MOVZX } from '../semantics/data-transfer.ts';
import { CLI, STI } from '../semantics/flag-control.ts';
import type { Instruction } from '../semantics/instruction.ts';
import type { BitWidth } from '../semantics/language.ts';
import { AND, NOT, OR, TEST, XOR } from '../semantics/logic.ts';
import { LEA, NOP, NOP_HINT } from '../semantics/miscellaneous.ts';
import { IMUL, IMUL_IMMEDIATE } from '../semantics/multiply-divide.ts';
import { ROL, ROR, SAR, SHL, SHR } from '../semantics/shift-rotate.ts';
import { XORPS } from '../semantics/sse/float-shuffle.ts';
import { PADDD, PADDQ, PAND, PCMPEQB, PMINUB, POR, PXOR } from '../semantics/sse/integer-arithmetic.ts';
import { PMOVMSKB, PSHUFD, PUNPCKLQDQ } from '../semantics/sse/integer-shuffle.ts';
import {
  MOVAPD,
  MOVAPS,
  MOVD_LOAD,
  MOVD_STORE,
  MOVDQA,
  MOVDQU,
  MOVHPS_LOAD,
  MOVHPS_STORE,
  MOVQ,
  MOVQ_STORE,
  MOVSD,
  MOVSD_LOAD,
  MOVSS,
  MOVSS_LOAD,
  MOVUPS,
} from '../semantics/sse/moves.ts';
import { LEAVE, POP, POPF, PUSH, PUSHF } from '../semantics/stack.ts';
import { RDTSC, SWAPGS, SYSCALL, SYSRET } from '../semantics/system-instructions.ts';
import type { OperandKind } from './handler-surroundings.ts';
import type { Shape } from './shape.ts';

const KIND: Readonly<Record<string, OperandKind>> = { r: 'general', v: 'vector', m: 'memory', i: 'immediate' };
const WORDS: readonly BitWidth[] = [32, 64];
const BYTES_AND_WORDS: readonly BitWidth[] = [8, 32, 64];

interface Statics {
  readonly width?: BitWidth;
  readonly stackWidth?: 32 | 64;
}

/** `form`: a letter for each operand; `widths`: of each operand. */
function shape(instruction: Instruction, form: string, widths: readonly BitWidth[], { width, stackWidth }: Statics = {}): Shape {
  const operands = Array.from(form, (letter, i) => ({ kind: KIND[letter] as OperandKind, width: widths[i] as BitWidth }));
  return {
    instruction,
    operands,
    locked: false,
    statics: { width: width ?? widths[0] ?? 32, addressWidth: 64, stackWidth: stackWidth ?? 32, codeWidth: 32, repeatPrefix: 'none' },
  };
}

/** All operands of one width. */
const even = (instruction: Instruction, forms: readonly string[], widths: readonly BitWidth[]): Shape[] =>
  widths.flatMap((w) =>
    forms.map((form) =>
      shape(
        instruction,
        form,
        Array.from(form, () => w),
      ),
    ),
  );

const ALU_FORMS = ['rr', 'ri', 'rm', 'mr', 'mi'];

/** Operand size and stack width go together: 32 and 64, and 64-bit code's default. */
const stackShapes = (instruction: Instruction, form: string, operand?: BitWidth): Shape[] =>
  ([32, 64] as const).map((w) =>
    shape(instruction, form, operand === undefined ? Array.from(form, () => w) : [operand], { width: w, stackWidth: w }),
  );

export const COMMON_SHAPES: readonly Shape[] = [
  ...even(MOV, ALU_FORMS, [8, 16, 32, 64]),
  ...WORDS.flatMap((w) => [shape(LEA, 'rm', [w, 8]), shape(LEA, 'rm', [w, w])]),
  ...[ADD, SUB, AND, OR, XOR].flatMap((i) => even(i, ALU_FORMS, BYTES_AND_WORDS)),
  ...[ADC, SBB].flatMap((i) => even(i, ['rr', 'ri', 'rm'], WORDS)),
  ...even(CMP, ALU_FORMS, [8, 16, 32, 64]),
  ...even(TEST, ['rr', 'ri', 'mr', 'mi'], [8, 16, 32, 64]),
  ...[INC, DEC].flatMap((i) => even(i, ['r', 'm'], WORDS)),
  ...[NEG, NOT].flatMap((i) => even(i, ['r'], WORDS)),
  ...[MOVZX, MOVSX].flatMap((i) =>
    WORDS.flatMap((w) => ([8, 16] as const).flatMap((from) => [shape(i, 'rr', [w, from]), shape(i, 'rm', [w, from])])),
  ),
  shape(MOVSX, 'rr', [64, 32]),
  shape(MOVSX, 'rm', [64, 32]),
  ...[SHL, SHR, SAR, ROL, ROR].flatMap((i) => WORDS.flatMap((w) => [shape(i, 'ri', [w, 8]), shape(i, 'rr', [w, 8])])),
  ...even(IMUL, ['rr', 'rm'], WORDS),
  ...even(IMUL_IMMEDIATE, ['rri'], WORDS),
  ...WORDS.map((w) => shape(BT_IMMEDIATE, 'ri', [w, 8])),
  ...WORDS.flatMap((w) => [shape(CBW, '', [], { width: w }), shape(CWD, '', [], { width: w })]),
  ...SETcc.map((i) => shape(i, 'r', [8])),
  ...CMOVcc.flatMap((i) => even(i, ['rr', 'rm'], WORDS)),
  ...Jcc.flatMap((i) => WORDS.map((w) => shape(i, 'i', [64], { width: w }))),
  ...WORDS.map((w) => shape(JMP, 'i', [64], { width: w })),
  ...even(JMP_INDIRECT, ['r', 'm'], WORDS),
  ...stackShapes(CALL, 'i', 64),
  ...stackShapes(CALL_INDIRECT, 'r'),
  ...stackShapes(CALL_INDIRECT, 'm'),
  ...stackShapes(RET, ''),
  ...stackShapes(PUSH, 'r'),
  ...stackShapes(PUSH, 'i'),
  ...stackShapes(PUSH, 'm'),
  ...stackShapes(POP, 'r'),
  ...stackShapes(LEAVE, ''),
  shape(NOP, '', []),
  ...WORDS.map((w) => shape(NOP_HINT, 'm', [w])),

  // What a kernel does at its borders.
  ...[SYSCALL, SWAPGS, CLI, STI, RDTSC].map((i) => shape(i, '', [])),
  shape(SYSRET, '', [], { width: 64 }),
  ...WORDS.map((w) => shape(IRET, '', [], { width: w })),
  ...stackShapes(PUSHF, ''),
  ...stackShapes(POPF, ''),

  // What memory and string functions, and the copying of structures, are made of.
  ...[MOVAPS, MOVUPS, MOVDQA, MOVDQU].flatMap((i) => even(i, ['vv', 'vm', 'mv'], [128])),
  shape(MOVQ, 'vm', [128, 64]),
  shape(MOVQ_STORE, 'mv', [64, 64]),
  shape(MOVHPS_LOAD, 'vm', [128, 64]),
  shape(MOVHPS_STORE, 'mv', [64, 128]),
  ...WORDS.flatMap((w) => [shape(MOVD_LOAD, 'vr', [128, w]), shape(MOVD_STORE, 'rv', [w, 64])]),
  ...[PXOR, POR, PAND, PCMPEQB, PMINUB, PADDD, PADDQ].flatMap((i) => even(i, ['vv', 'vm'], [128])),
  ...even(PUNPCKLQDQ, ['vv'], [128]),
  shape(PSHUFD, 'vvi', [128, 128, 8]),
  shape(PMOVMSKB, 'rv', [32, 128]),
  // Around scalar arithmetic.
  ...[MOVAPD, XORPS].flatMap((i) => even(i, ['vv'], [128])),
  shape(MOVSD_LOAD, 'vm', [128, 64]),
  shape(MOVSS_LOAD, 'vm', [128, 32]),
  ...[shape(MOVSD, 'mv', [64, 64]), shape(MOVSS, 'mv', [32, 32])],
];
