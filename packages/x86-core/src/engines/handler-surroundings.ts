/**
 * What a handler of the interpreter is made for and in: the operands of its shape, and the module around it.
 */
import type { BitWidth, Subroutine } from '../semantics/language.ts';
import type { CommonCase } from '../system/common-case/language.ts';
import type { SystemRoutine } from '../system/routine.ts';

/** What a function handler answers. */
export const OUTCOME = {
  /** Go on with the following record. */
  next: 0,
  /** Go on at the RIP of the state. */
  jumped: 1,
  /** Leave the run; RIP is stored and everything counted. */
  leave: 2,
  /** The instruction faults: vector and error code are in the state. */
  fault: 3,
} as const;

/** Shape of an operand as a handler sees it: general, XMM or MMX register, memory, immediate. */
export type OperandKind = 'general' | 'vector' | 'mmx' | 'memory' | 'immediate';

export interface HandlerOperand {
  readonly kind: OperandKind;
  readonly width: BitWidth;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** How the surrounding module lets a body out. Function indices of the module that is being built. */
export interface Surroundings {
  /** Function index of a helper by name: see helpers.ts. */
  helper(name: string): number;
  routine(routine: SystemRoutine): number;
  /** The common case of a system routine. */
  commonCase(common: CommonCase): number;
  subroutine(subroutine: Subroutine): number;
  /** Memory is shared: fences are written. */
  readonly shared: boolean;
  /** Only for a case of the main function. */
  readonly main?: MainFunction;
}

/** Labels and locals of the main function that its cases use. */
export interface MainFunction {
  /** Branching here goes on at local `target`, after counting. */
  readonly jumped: number;
  /** Branching here goes on at the RIP of the state, after counting: a system routine was called. */
  readonly routineDone: number;
  /** Branching here ends the instruction in a fault; `record` and `runStart` of the state say where. */
  readonly fault: number;
  readonly target: number;
  readonly ripBase: number;
  readonly linearMask: number;
  readonly runStart: number;
}

/** Every handler's local 0: the address of the record under execution. */
export const RECORD_LOCAL = 0;
