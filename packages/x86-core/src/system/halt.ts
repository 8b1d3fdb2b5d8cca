/** HLT. [SDM 2A, "HLT"] */
import { requireSupervisor } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

/** Waits for an interrupt from the next boundary on; RIP is behind the instruction. */
export const halt: SystemRoutine = systemRoutine('halt', (p) => {
  requireSupervisor(p);
  p.set('halted', 1);
  // STI; HLT: the shadow of STI covers HLT and ends with it, or nothing would wake the processor.
  p.set('interruptShadow', 0);
  p.interruptsMayHaveChanged();
  return undefined;
});
