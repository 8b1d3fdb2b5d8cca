/**
 * A system routine: the Operation section of a long instruction as plain TypeScript on the processor. It throws GUEST_FAULT (through
 * `processor.fault`) with nothing written, or completes.
 */
import type { Processor } from '../processor.ts';
import type { CommonCase } from './common-case/language.ts';

export interface SystemRoutine {
  readonly name: string;
  readonly run: (processor: Processor, ...values: bigint[]) => bigint | undefined;
  /** What generated code does instead where it can. Its parameters have width 64. */
  readonly common?: CommonCase;
}

/** @param common body of the common case, if there is one; it names all the routine's arguments */
export const systemRoutine = (name: string, run: SystemRoutine['run'], common?: CommonCase['body']): SystemRoutine =>
  common === undefined
    ? { name, run }
    : { name, run, common: { name, parameters: new Array<64>(common.length - 1).fill(64), body: common } };
