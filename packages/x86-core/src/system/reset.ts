/** Processor state after RESET and INIT. [SDM 3A §10.1.1, Table 10-1] */
import { CR0_CD, CR0_ET, CR0_NW } from '../control-bits.ts';
import { RFLAGS_ALWAYS } from '../flags.ts';
import type { Processor } from '../processor.ts';
import { type FieldName, SEGMENT_NUMBER, STATE } from '../state.ts';
import { SIGNATURE } from './cpuid.ts';
import { DR6_FIXED, DR7_FIXED } from './debug-registers.ts';
import { writeSegment } from './descriptor.ts';
import { RSP } from './mode.ts';

/** Write-back, write-through, uncached and so on, as PAT comes up. [SDM 3A §12.12.4] */
const PAT = 0x0007_0406_0007_0406n;
/** Fast strings on; branch trace store and precise event sampling absent. */
const MISC_ENABLE = 0x1801n;
const CACHES_OFF = BigInt(CR0_CD | CR0_NW);

/** RESET leaves no state as it was; INIT keeps x87, SSE, MSRs but EFER, the time stamp counter and CR0.CD and NW. */
export function reset(p: Processor, init = false): void {
  const clear = (...names: FieldName[]): void => {
    for (const name of names) {
      for (let i = 0; i < STATE[name].count; i++) {
        if (STATE[name].size >= 8) p.set64(name, 0n, i);
        else p.set(name, 0, i);
      }
    }
  };
  clear('gpr', 'interruptShadow', 'cr2', 'cr3', 'cr4', 'pdptes', 'efer', 'dr', 'cpl', 'halted', 'nmiBlocked', 'gdtrBase', 'idtrBase');
  p.set64('gpr', BigInt(SIGNATURE), 2);
  p.set64('gpr', 0n, RSP);
  p.set64('rip', 0xfff0n);
  p.rflags = BigInt(RFLAGS_ALWAYS);
  p.set64('cr0', (init ? p.get64('cr0') & CACHES_OFF : CACHES_OFF) | BigInt(CR0_ET));
  p.set('gdtrLimit', 0xffff);
  p.set('idtrLimit', 0xffff);
  p.set64('dr', DR6_FIXED, 6);
  p.set64('dr', DR7_FIXED, 7);
  for (let n = 0; n < 6; n++) writeSegment(p, n, { selector: 0, base: 0n, limit: 0xffff, attributes: 0x93 });
  writeSegment(p, SEGMENT_NUMBER.CS, { selector: 0xf000, base: 0xffff_0000n, limit: 0xffff, attributes: 0x9b });
  writeSegment(p, SEGMENT_NUMBER.LDTR, { selector: 0, base: 0n, limit: 0xffff, attributes: 0x82 });
  writeSegment(p, SEGMENT_NUMBER.TR, { selector: 0, base: 0n, limit: 0xffff, attributes: 0x8b });
  if (!init) resetUnits(p, clear);
  p.flushTlb('all');
  p.modeChanged();
  p.interruptsMayHaveChanged();
}

function resetUnits(p: Processor, clear: (...names: FieldName[]) => void): void {
  clear('star', 'lstar', 'cstar', 'sfmask', 'kernelGsBase', 'sysenterCs', 'sysenterEsp', 'sysenterEip', 'tscAux', 'tscOffset');
  p.set64('pat', PAT);
  p.set64('miscEnable', MISC_ENABLE);
  clear('fsw', 'fop', 'ftop', 'fip', 'fdp', 'fcs', 'fds', 'fpr', 'xmm');
  p.set('fcw', 0x40);
  // Tag word 5555H: every register holds zero, none is empty.
  p.set('ftags', 0xff);
  p.set('mxcsr', 0x1f80);
}
