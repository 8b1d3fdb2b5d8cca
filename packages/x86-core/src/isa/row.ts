/**
 * Cells of the opcode maps. A row is [instruction, operand codes…]; the other cells choose a row by what else the encoding says.
 * [SDM 2D, Appendix A.2.5 and A.3; superscripts i64, o64, d64, f64 as `not64`, `only64`, `default64`, `force64`]
 */
import type { Instruction } from '../semantics/instruction.ts';
import type { OperandCode } from './operand-codes.ts';

export type Row = readonly [Instruction, ...OperandCode[]];

export type Cell =
  | Row
  | undefined
  /** Chosen by ModRM.reg. */
  | { readonly reg: readonly Cell[] }
  /** Chosen by ModRM.rm (the whole low 3 bits, register forms). */
  | { readonly rm: readonly Cell[] }
  /** Chosen by ModRM.mod: memory or register form. */
  | { readonly memory: Cell; readonly register: Cell }
  /** Chosen by the mandatory prefix; F2 and F3 win over 66. A missing entry is undefined (#UD). */
  | { readonly none?: Cell; readonly p66?: Cell; readonly pF3?: Cell; readonly pF2?: Cell }
  /** Chosen by REX.B, where it makes another instruction of it: 90 is NOP, or XCHG with r8. */
  | { readonly extended: Cell; readonly plain: Cell }
  /** Chosen by mode. */
  | { readonly in64: Cell; readonly other: Cell }
  /** Operand size is 64 in 64-bit mode unless 66 makes it 16 (PUSH, POP …). */
  | { readonly default64: Cell }
  /** Operand size is 64 in 64-bit mode whatever the prefixes (near branches). */
  | { readonly force64: Cell }
  /** Chosen by the effective operand size where names differ and bodies are apart. */
  | { readonly size16: Cell; readonly size32: Cell; readonly size64: Cell };

export const not64 = (cell: Cell): Cell => ({ in64: undefined, other: cell });
export const only64 = (cell: Cell): Cell => ({ in64: cell, other: undefined });
export const default64 = (cell: Cell): Cell => ({ default64: cell });
export const force64 = (cell: Cell): Cell => ({ force64: cell });

export type OpcodeMap = Readonly<Record<number, Cell>>;
