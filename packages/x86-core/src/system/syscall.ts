/** SYSCALL, SYSRET, SWAPGS. [SDM 2B, "SYSCALL", "SYSRET", "SWAPGS"] As on Intel processors they exist in 64-bit mode only. */
import { EFER_SCE } from '../control-bits.ts';
import { VECTOR } from '../fault.ts';
import { RFLAGS_RF, RFLAGS_TF, RFLAGS_VM } from '../flags.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import * as common from './common-case/syscall.ts';
import { is64BitCode, writeSegment } from './descriptor.ts';
import { isCanonicalAddress, operandSizeOf, requireSupervisor } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

const RCX = 1;
const R11 = 11;
/** Flat segments of 4 GiB, accessed, as SYSCALL, SYSRET, SYSENTER and SYSEXIT load them, at DPL 0. */
const CODE_64 = 0xa09b;
const CODE_32 = 0xc09b;
const STACK = 0xc093;

/** CS and SS without a descriptor table, and CPL. */
export function loadFlatSegments(p: Processor, code: number, stack: number, cpl: number, long: boolean): void {
  const flat = { base: 0n, limit: 0xffff_ffff };
  const dpl = cpl << 5;
  writeSegment(p, SEGMENT_NUMBER.CS, { ...flat, selector: code, attributes: (long ? CODE_64 : CODE_32) | dpl });
  writeSegment(p, SEGMENT_NUMBER.SS, { ...flat, selector: stack, attributes: STACK | dpl });
  p.set('cpl', cpl);
}

function requireSyscallEnabled(p: Processor): void {
  if (!is64BitCode(p) || (p.get64('efer') & BigInt(EFER_SCE)) === 0n) p.fault(VECTOR.UD);
}

export const systemCall: SystemRoutine = systemRoutine(
  'systemCall',
  (p) => {
    requireSyscallEnabled(p);
    const flags = p.rflags;
    p.set64('gpr', p.get64('rip'), RCX);
    p.set64('gpr', flags & ~BigInt(RFLAGS_RF), R11);
    p.set64('rip', p.get64('lstar'));
    p.rflags = flags & ~(p.get64('sfmask') | BigInt(RFLAGS_RF));
    if ((p.get64('sfmask') & BigInt(RFLAGS_TF)) !== 0n) p.stepTrap = false;
    const selector = Number((p.get64('star') >> 32n) & 0xfffcn);
    loadFlatSegments(p, selector, selector + 8, 0, true);
    p.modeChanged();
    return undefined;
  },
  common.systemCall,
);

/** With operand size 64 to 64-bit code, else to compatibility mode. */
export const systemReturn: SystemRoutine = systemRoutine(
  'systemReturn',
  (p, size) => {
    requireSyscallEnabled(p);
    requireSupervisor(p);
    const long = operandSizeOf(size) === 64;
    const target = p.get64('gpr', RCX);
    if (long && !isCanonicalAddress(target)) p.fault(VECTOR.GP, 0);
    p.set64('rip', long ? target : target & 0xffff_ffffn);
    p.rflags = p.get64('gpr', R11) & ~BigInt(RFLAGS_RF | RFLAGS_VM);
    const base = Number((p.get64('star') >> 48n) & 0xffffn);
    loadFlatSegments(p, ((long ? base + 16 : base) | 3) & 0xffff, ((base + 8) | 3) & 0xffff, 3, long);
    p.modeChanged();
    p.interruptsMayHaveChanged();
    return undefined;
  },
  common.systemReturn,
);

export const swapGs: SystemRoutine = systemRoutine(
  'swapGs',
  (p) => {
    if (!is64BitCode(p)) p.fault(VECTOR.UD);
    requireSupervisor(p);
    const base = p.get64('segmentBase', SEGMENT_NUMBER.GS);
    p.set64('segmentBase', p.get64('kernelGsBase'), SEGMENT_NUMBER.GS);
    p.set64('kernelGsBase', base);
    p.modeChanged();
    return undefined;
  },
  common.swapGs,
);
