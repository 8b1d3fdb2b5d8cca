/**
 * A system routine: the Operation section of a long instruction as plain TypeScript on the processor. It throws GUEST_FAULT (through
 * `processor.fault`) with nothing written, or completes.
 */
import type { Processor } from '../processor.ts';

export interface SystemRoutine {
  readonly name: string;
  readonly run: (processor: Processor, ...values: bigint[]) => bigint | undefined;
}

export const systemRoutine = (name: string, run: SystemRoutine['run']): SystemRoutine => ({ name, run });
