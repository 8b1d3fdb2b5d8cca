/**
 * What an instruction is: a mnemonic, a body, and the static facts on which the body depends.
 */
import type { Language, Operand } from './language.ts';

export type MnemonicsBySize = Readonly<Record<16 | 32 | 64, string>>;

export interface InstructionOptions {
  /** LOCK may stand before it when its first operand is memory. */
  readonly lockable?: boolean;
  /** The body looks at `stackWidth`. */
  readonly stack?: boolean;
  /** The body looks at `addressWidth` beyond its memory operand (string instructions, LOOP, JCXZ). */
  readonly address?: boolean;
  /** The body looks at `repeatPrefix`. */
  readonly repeats?: boolean;
  /** The body looks at `codeWidth`. */
  readonly code?: boolean;
  /** Without operands: `width` is the effective operand size (16, 32, 64). */
  readonly sized?: boolean;
  /** A memory operand that is formed with the stack pointer sees it an operand size further on: POP. [SDM 2B, "POP"] */
  readonly popsIntoOperand?: boolean;
  /** Mnemonics at operand sizes 16, 32 and 64, where the manual has one for each: CBW, CWDE, CDQE. */
  readonly mnemonics?: MnemonicsBySize;
  /** Likewise by address size: JCXZ, JECXZ, JRCXZ. */
  readonly mnemonicsByAddress?: MnemonicsBySize;
}

export type Body = <V>(x: Language<V>, ...operands: Operand<V>[]) => void;

export interface Instruction {
  readonly mnemonic: string;
  readonly body: Body;
  readonly options: InstructionOptions;
}

export const nullary = (mnemonic: string, body: <V>(x: Language<V>) => void, options: InstructionOptions = {}): Instruction => ({
  mnemonic,
  body: body as Body,
  options,
});

export const unary = (
  mnemonic: string,
  body: <V>(x: Language<V>, a: Operand<V>) => void,
  options: InstructionOptions = {},
): Instruction => ({
  mnemonic,
  body: body as Body,
  options,
});

export const binary = (
  mnemonic: string,
  body: <V>(x: Language<V>, a: Operand<V>, b: Operand<V>) => void,
  options: InstructionOptions = {},
): Instruction => ({ mnemonic, body: body as Body, options });

export const ternary = (
  mnemonic: string,
  body: <V>(x: Language<V>, a: Operand<V>, b: Operand<V>, c: Operand<V>) => void,
  options: InstructionOptions = {},
): Instruction => ({ mnemonic, body: body as Body, options });
