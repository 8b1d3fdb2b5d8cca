/**
 * Debug registers: MOV to and from DRn, and the #DB of a task switch. [SDM 3B §18.2; SDM 2B, "MOV—Move to/from Debug Registers"] DEVIATION:
 * the addresses in DR0 to DR3 are kept and match nothing.
 */
import { CR4_DE } from '../control-bits.ts';
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { requireSupervisor } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

export const DR6_BD: bigint = 1n << 13n;
export const DR6_BS: bigint = 1n << 14n;
export const DR6_BT: bigint = 1n << 15n;
const DR7_GD = 1n << 13n;
/** Bits that read as one, and those that a write stores. */
export const DR6_FIXED = 0xffff_0ff0n;
const DR6_WRITABLE = 0xe00fn;
export const DR7_FIXED = 0x400n;
const DR7_WRITABLE = 0xffff_23ffn;

/** Why #DB is raised. */
export interface Breakpoints {
  readonly task?: boolean;
  readonly singleStep?: boolean;
  readonly general?: boolean;
}

/** DR6 gets the reasons, then #DB. */
export function raiseDebug(p: Processor, reasons: Breakpoints): never {
  let status = p.get64('dr', 6);
  if (reasons.task === true) status |= DR6_BT;
  if (reasons.singleStep === true) status |= DR6_BS;
  if (reasons.general === true) status |= DR6_BD;
  p.set64('dr', status, 6);
  return p.fault(VECTOR.DB);
}

/** Number of the register meant: 4 and 5 are 6 and 7 unless CR4.DE is set. General detect comes before the access. */
function debugRegister(p: Processor, number: bigint): number {
  let n = Number(number) & 15;
  if (n > 7) p.fault(VECTOR.UD);
  if (n === 4 || n === 5) {
    if ((p.get64('cr4') & BigInt(CR4_DE)) !== 0n) p.fault(VECTOR.UD);
    n += 2;
  }
  requireSupervisor(p);
  if ((p.get64('dr', 7) & DR7_GD) !== 0n) {
    p.set64('dr', p.get64('dr', 7) & ~DR7_GD, 7);
    raiseDebug(p, { general: true });
  }
  return n;
}

export const readDebug: SystemRoutine = systemRoutine('readDebug', (p, number = 0n) => p.get64('dr', debugRegister(p, number)));

export const writeDebug: SystemRoutine = systemRoutine('writeDebug', (p, number = 0n, value = 0n) => {
  const n = debugRegister(p, number);
  if (n >= 6 && value >> 32n !== 0n) p.fault(VECTOR.GP, 0);
  if (n === 6) p.set64('dr', (value & DR6_WRITABLE) | DR6_FIXED, 6);
  else if (n === 7) p.set64('dr', (value & DR7_WRITABLE) | DR7_FIXED, 7);
  else p.set64('dr', value, n);
  p.modeChanged();
  return undefined;
});
