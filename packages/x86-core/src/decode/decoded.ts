/**
 * A decoded instruction: what the bytes say, with registers as numbers and addresses as their parts. Both engines start from it.
 */

import type { Row } from '../isa/row.ts';
import type { Instruction } from '../semantics/instruction.ts';
import type { BitWidth, RepeatPrefix, SegmentName } from '../semantics/language.ts';
import type { FieldName } from '../state.ts';

export type DecodedOperand =
  /**
   * Bits of a state field: element `index` of `field`, `displacement` bytes in (AH is gpr[0] + 1). `zeroExtends`: 32-bit general register.
   * `field` fpr is an MMX register: a write makes sign and exponent of the x87 register ones. [SDM 1 §9.5.1]
   */
  | {
      readonly kind: 'register';
      readonly width: BitWidth;
      readonly field: FieldName;
      readonly index: number;
      readonly displacement: number;
      readonly zeroExtends: boolean;
    }
  | {
      readonly kind: 'memory';
      readonly width: BitWidth;
      readonly segment: SegmentName;
      readonly base: number | 'rip' | undefined;
      readonly index: number | undefined;
      readonly scale: 0 | 1 | 2 | 3 /** Sign-extended. For 'rip': relative to the next instruction. */;
      readonly displacement: bigint;
    }
  /** Already extended to the width; relative targets are a signed distance from the next instruction (width 64, two's complement). */
  | { readonly kind: 'immediate'; readonly width: BitWidth; readonly value: bigint }
  /** Number of a control, debug, segment or x87 stack register: body sees it as an immediate. */
  | { readonly kind: 'number'; readonly width: BitWidth; readonly value: bigint };

export interface Decoded {
  readonly instruction: Instruction;
  /** The cell of the opcode map: the instruction again, and the codes of its operands (Ap is two of them). */
  readonly row: Row;
  readonly operands: readonly DecodedOperand[];
  /** In bytes, 1–15. */
  readonly length: number;
  readonly width: BitWidth;
  readonly addressWidth: 16 | 32 | 64;
  readonly stackWidth: 16 | 32 | 64;
  readonly codeWidth: 16 | 32 | 64;
  readonly repeatPrefix: RepeatPrefix;
  readonly lock: boolean;
  /** Segment of `source` (string instructions, XLAT): DS or its override. */
  readonly sourceSegment: SegmentName;
}

/** Mode under which bytes are decoded. */
export interface DecodeMode {
  readonly codeWidth: 16 | 32 | 64;
  readonly stackWidth: 16 | 32 | 64;
}

/**
 * What decoding may end in besides an instruction: an exception that the bytes themselves raise. `unknown`: no cell of the maps says what
 * these bytes are, so it is #UD because this processor lacks them.
 */
export type DecodeResult = Decoded | { readonly fault: 'ud' | 'gp'; readonly length: number; readonly unknown?: boolean };
