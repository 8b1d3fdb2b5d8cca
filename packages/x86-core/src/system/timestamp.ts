/** RDTSC, RDTSCP, RDPMC. [SDM 2B, "RDTSC", "RDTSCP", "RDPMC"; SDM 3B §18.17] */
import { CR4_TSD } from '../control-bits.ts';
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import * as common from './common-case/registers.ts';
import { isReal } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

function requireTimestamp(p: Processor): void {
  if (!isReal(p) && p.get('cpl') !== 0 && (p.get64('cr4') & BigInt(CR4_TSD)) !== 0n) p.fault(VECTOR.GP, 0);
}

export const readTimestamp: SystemRoutine = systemRoutine(
  'readTimestamp',
  (p) => {
    requireTimestamp(p);
    return p.timestamp();
  },
  common.readTimestamp,
);

/** The low 32 bits of IA32_TSC_AUX, which RDTSCP gives in ECX beside the counter. */
export const readTimestampAux: SystemRoutine = systemRoutine(
  'readTimestampAux',
  (p) => {
    requireTimestamp(p);
    return p.get64('tscAux') & 0xffff_ffffn;
  },
  common.readTimestampAux,
);

/** CPUID tells of no performance counters: every index is out of range. */
export const readPerformance: SystemRoutine = systemRoutine('readPerformance', (p) => {
  // #GP(0) for a counter that is not there, as for a privilege that CR4.PCE does not grant.
  return p.fault(VECTOR.GP, 0);
});
