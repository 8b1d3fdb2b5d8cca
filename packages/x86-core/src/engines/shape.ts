/**
 * The shape of an instruction: all that a handler is made for. Instructions of one shape differ only in what their record holds.
 */
import type { Decoded } from '../decode/decoded.ts';
import type { Instruction } from '../semantics/instruction.ts';
import type { BitWidth } from '../semantics/language.ts';
import type { FieldName } from '../state.ts';
import type { Statics } from './effects.ts';
import type { OperandKind } from './handler-surroundings.ts';

export interface ShapeOperand {
  readonly kind: OperandKind;
  readonly width: BitWidth;
}

export interface Shape {
  readonly instruction: Instruction;
  readonly statics: Statics;
  readonly operands: readonly ShapeOperand[];
  /** LOCK stands before it, and that matters: memory is shared. */
  readonly locked: boolean;
}

const KIND_CODE: Readonly<Record<OperandKind, number>> = { immediate: 0, general: 1, vector: 2, memory: 3, mmx: 4 };
const REGISTER_KIND: Partial<Record<FieldName, OperandKind>> = { gpr: 'general', fpr: 'mmx' };
const WIDTH_CODE: Readonly<Record<BitWidth, number>> = { 8: 0, 16: 1, 32: 2, 64: 3, 128: 4 };

/**
 * The shape with the statics on which the instruction does not depend put to their defaults, so that equal handlers have equal keys.
 * @param shared memory is shared
 */
export function shapeOf(decoded: Decoded, shared = false): Shape {
  const { options } = decoded.instruction;
  const operands = decoded.operands.map((o): ShapeOperand => {
    if (o.kind === 'memory') return { kind: 'memory', width: o.width };
    if (o.kind === 'register') return { kind: REGISTER_KIND[o.field] ?? 'vector', width: o.width };
    return { kind: 'immediate', width: o.width };
  });
  const memory = operands.some((o) => o.kind === 'memory');
  return {
    instruction: decoded.instruction,
    operands,
    locked: shared && decoded.lock,
    statics: {
      width: decoded.width,
      addressWidth: memory || options.address === true ? decoded.addressWidth : 32,
      stackWidth: options.stack === true ? decoded.stackWidth : 32,
      codeWidth: options.code === true ? decoded.codeWidth : 32,
      repeatPrefix: decoded.repeatPrefix,
    },
  };
}

/** Different for different shapes of one instruction. */
export function shapeKey({ operands, statics, locked }: Shape): number {
  let key = WIDTH_CODE[statics.width] * 2 + (locked ? 1 : 0);
  key = key * 4 + (statics.addressWidth >> 5);
  key = key * 4 + (statics.stackWidth >> 5);
  key = key * 4 + (statics.codeWidth >> 5);
  key = key * 4 + (statics.repeatPrefix === 'none' ? 0 : statics.repeatPrefix === 'rep' ? 1 : 2);
  for (const o of operands) key = key * 64 + KIND_CODE[o.kind] * 8 + WIDTH_CODE[o.width] + 1;
  return key;
}
