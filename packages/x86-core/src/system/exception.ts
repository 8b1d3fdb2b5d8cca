/**
 * Exceptions from start to end: software interrupts, the faults that other units raise, and what happens when delivering one exception
 * raises another. [SDM 3A §6.15 "Interrupt 8—Double Fault Exception", Table 6-4, 6-5; SDM 2A, "INT n/INTO/INT3/INT1"]
 */
import { CR4_OSXMMEXCPT } from '../control-bits.ts';
import { GUEST_FAULT, VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { deliverSoftware } from './common-case/delivery.ts';
import { type Delivery, deliver } from './interrupt.ts';
import { ioPrivilege, isVirtual8086 } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

const CONTRIBUTORY: ReadonlySet<number> = new Set([VECTOR.DE, VECTOR.TS, VECTOR.NP, VECTOR.SS, VECTOR.GP]);

/** What a second exception while delivering the first one becomes. */
export function escalate(first: number, second: number): 'serial' | 'double' | 'triple' {
  if (first === VECTOR.DF) return CONTRIBUTORY.has(second) || second === VECTOR.PF ? 'triple' : 'serial';
  if (first === VECTOR.PF) return CONTRIBUTORY.has(second) || second === VECTOR.PF ? 'double' : 'serial';
  return CONTRIBUTORY.has(first) && CONTRIBUTORY.has(second) ? 'double' : 'serial';
}

/** Delivers an exception or interrupt and what its delivery raises. A triple fault stops the processor. Does not throw GUEST_FAULT. */
export function enterException(p: Processor, vector: number, delivery: Delivery = {}): void {
  let current = vector;
  // An interrupt, whatever its number, is benign.
  let exception = delivery.external !== true && delivery.software !== true;
  let how = delivery;
  for (;;) {
    try {
      deliver(p, current, how);
      return;
    } catch (error) {
      if (error !== GUEST_FAULT) throw error;
    }
    let next = p.faultVector;
    let errorCode = p.faultErrorCode;
    const becomes = exception ? escalate(current, next) : 'serial';
    if (becomes === 'triple') {
      p.stop({ kind: 'shutdown', cause: 'triple-fault' });
      return;
    }
    if (becomes === 'double') {
      next = VECTOR.DF;
      errorCode = 0;
    }
    current = next;
    exception = true;
    how = errorCode < 0 ? {} : { errorCode };
  }
}

/** Delivers the fault that the processor holds, at the instruction that raised it. */
export function enterFault(p: Processor): void {
  p.set64('rip', p.instructionPointer);
  enterException(p, p.faultVector, p.faultErrorCode < 0 ? {} : { errorCode: p.faultErrorCode });
}

/** INT n: in virtual-8086 mode only with IOPL 3. */
export const softwareInterrupt: SystemRoutine = systemRoutine(
  'softwareInterrupt',
  (p, vector = 0n) => {
    if (isVirtual8086(p) && ioPrivilege(p) < 3) p.fault(VECTOR.GP, 0);
    deliver(p, Number(vector & 0xffn), { software: true });
    return undefined;
  },
  deliverSoftware,
);

const trap = (name: string, vector: number): SystemRoutine =>
  systemRoutine(
    name,
    (p) => {
      deliver(p, vector, { software: true });
      return undefined;
    },
    (x) => deliverSoftware(x, x.constant(vector, 64)),
  );

/** INT3. */
export const breakpointTrap: SystemRoutine = trap('breakpointTrap', VECTOR.BP);
/** INTO, whose caller has seen OF set. */
export const overflowTrap: SystemRoutine = trap('overflowTrap', VECTOR.OF);
/** INT1: a privileged software exception, for which the gate's DPL does not count. */
export const debugTrap: SystemRoutine = systemRoutine('debugTrap', (p) => {
  deliver(p, VECTOR.DB);
  return undefined;
});

/** Raises what `x87Blocked`, `mmxBlocked` and `sseBlocked` say: #UD or #NM. */
export const unitFault: SystemRoutine = systemRoutine('unitFault', (p: Processor, vector = 6n) => p.fault(Number(vector)));

/** #MF. DEVIATION: with CR0.NE clear a PC reports the error through IRQ 13 instead; that wiring is absent, #MF is raised in both cases. */
export const mathFault: SystemRoutine = systemRoutine('mathFault', (p) => p.fault(VECTOR.MF));

/** An unmasked SIMD floating-point exception: #XM, or #UD where the system has not asked for it. [SDM 3A §2.5 CR4.OSXMMEXCPT] */
export const simdFault: SystemRoutine = systemRoutine('simdFault', (p) =>
  p.fault((p.get64('cr4') & BigInt(CR4_OSXMMEXCPT)) !== 0n ? VECTOR.XM : VECTOR.UD),
);
