/** HLT. [SDM 2A, "HLT"] */
import { requireSupervisor } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

/** Waits for an interrupt from the next boundary on; RIP is behind the instruction. */
export const halt: SystemRoutine = systemRoutine('halt', (p) => {
  requireSupervisor(p);
  p.set('halted', 1);
  p.interruptsMayHaveChanged();
  return undefined;
});
