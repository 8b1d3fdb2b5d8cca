/**
 * CLI, STI, PUSHF, POPF. [SDM 2A, "CLI"; SDM 2B, "STI", "PUSHF", "POPF"] Virtual-8086 mode extensions and protected-mode virtual
 * interrupts are absent: CR4.VME and CR4.PVI cannot be set.
 */
import { VECTOR } from '../fault.ts';
import {
  RFLAGS_AC,
  RFLAGS_DF,
  RFLAGS_ID,
  RFLAGS_IF,
  RFLAGS_IOPL,
  RFLAGS_NT,
  RFLAGS_RF,
  RFLAGS_TF,
  RFLAGS_VM,
  STATUS_FLAGS,
} from '../flags.ts';
import type { Processor } from '../processor.ts';
import * as common from './common-case/interrupt-flag.ts';
import { ioPrivilege, isReal, isVirtual8086, operandSizeOf } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

/** #GP(0) unless IF may be changed here: CPL ≤ IOPL (CPL is 3 in virtual-8086 mode, 0 in real mode). */
function requireInterruptFlag(p: Processor): void {
  if (!isReal(p) && p.get('cpl') > ioPrivilege(p)) p.fault(VECTOR.GP, 0);
}

export const disableInterrupts: SystemRoutine = systemRoutine(
  'disableInterrupts',
  (p) => {
    requireInterruptFlag(p);
    p.set('eflags', p.get('eflags') & ~RFLAGS_IF);
    return undefined;
  },
  common.disableInterrupts,
);

/** When IF was clear, interrupts stay off for one more instruction. */
export const enableInterrupts: SystemRoutine = systemRoutine(
  'enableInterrupts',
  (p) => {
    requireInterruptFlag(p);
    const eflags = p.get('eflags');
    if ((eflags & RFLAGS_IF) !== 0) return undefined;
    p.set('eflags', eflags | RFLAGS_IF);
    p.holdInterrupts(1);
    p.interruptsMayHaveChanged();
    return undefined;
  },
  common.enableInterrupts,
);

/** POPF, after its pop; the caller releases the stack. RF is cleared, VM never changes. */
export const popFlags: SystemRoutine = systemRoutine(
  'popFlags',
  (p, value = 0n, size) => {
    if (isVirtual8086(p) && ioPrivilege(p) < 3) p.fault(VECTOR.GP, 0);
    const cpl = p.get('cpl');
    let mask = STATUS_FLAGS | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT;
    if (operandSizeOf(size) !== 16) mask |= RFLAGS_AC | RFLAGS_ID;
    if (cpl === 0) mask |= RFLAGS_IOPL;
    if (cpl <= ioPrivilege(p)) mask |= RFLAGS_IF;
    const wide = BigInt(mask);
    p.rflags = (p.rflags & ~wide & ~BigInt(RFLAGS_RF)) | (value & wide);
    p.interruptsMayHaveChanged();
    return undefined;
  },
  common.popFlags,
);

/** The image that PUSHF pushes: VM and RF clear. */
export const readFlags: SystemRoutine = systemRoutine(
  'readFlags',
  (p) => {
    if (isVirtual8086(p) && ioPrivilege(p) < 3) p.fault(VECTOR.GP, 0);
    return p.rflags & ~BigInt(RFLAGS_VM | RFLAGS_RF);
  },
  common.readFlags,
);
