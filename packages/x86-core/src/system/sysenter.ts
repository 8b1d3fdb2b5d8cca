/** SYSENTER and SYSEXIT. [SDM 2B, "SYSENTER", "SYSEXIT"; SDM 3A §5.8.7] */
import { VECTOR } from '../fault.ts';
import { RFLAGS_IF, RFLAGS_RF, RFLAGS_VM } from '../flags.ts';
import type { Processor } from '../processor.ts';
import * as common from './common-case/syscall.ts';
import { isLongMode } from './descriptor.ts';
import { isCanonicalAddress, isReal, operandSizeOf, RSP, requireSupervisor } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';
import { loadFlatSegments } from './syscall.ts';

const RCX = 1;
const RDX = 2;

/** IA32_SYSENTER_CS without RPL; #GP(0) in real mode and where it is null. */
function systemCodeSelector(p: Processor): number {
  const selector = Number(p.get64('sysenterCs') & 0xfffcn);
  if (isReal(p) || selector === 0) p.fault(VECTOR.GP, 0);
  return selector;
}

export const systemEnter: SystemRoutine = systemRoutine(
  'systemEnter',
  (p) => {
    const selector = systemCodeSelector(p);
    const long = isLongMode(p);
    p.set('eflags', p.get('eflags') & ~(RFLAGS_VM | RFLAGS_IF | RFLAGS_RF));
    const width = long ? 64 : 32;
    p.set64('gpr', BigInt.asUintN(width, p.get64('sysenterEsp')), RSP);
    p.set64('rip', BigInt.asUintN(width, p.get64('sysenterEip')));
    loadFlatSegments(p, selector, (selector + 8) & 0xffff, 0, long);
    p.modeChanged();
    return undefined;
  },
  common.systemEnter,
);

/** To ECX:EDX (RCX:RDX with operand size 64) at privilege 3. */
export const systemExit: SystemRoutine = systemRoutine(
  'systemExit',
  (p, size) => {
    const selector = systemCodeSelector(p);
    requireSupervisor(p);
    const long = operandSizeOf(size) === 64;
    const pointer = p.get64('gpr', RCX);
    const target = p.get64('gpr', RDX);
    if (long && (!isCanonicalAddress(pointer) || !isCanonicalAddress(target))) p.fault(VECTOR.GP, 0);
    const width = long ? 64 : 32;
    p.set64('gpr', BigInt.asUintN(width, pointer), RSP);
    p.set64('rip', BigInt.asUintN(width, target));
    const code = ((selector + (long ? 32 : 16)) | 3) & 0xffff;
    loadFlatSegments(p, code, (code + 8) & 0xffff, 3, long);
    p.modeChanged();
    p.interruptsMayHaveChanged();
    return undefined;
  },
  common.systemExit,
);
