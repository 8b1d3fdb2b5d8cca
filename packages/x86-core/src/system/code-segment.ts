/**
 * The checks that every transfer to another code segment makes, and the loading of CS. [SDM 2A, "JMP", "CALL", "RET"; SDM 3A §5.8]
 */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import {
  type Descriptor,
  descriptorLimit,
  isBigCode,
  isCode,
  isConforming,
  isLongCode,
  isLongMode,
  isNull,
  markAccessed,
  requireDescriptor,
  segmentContents,
  selectorError,
  writeSegment,
} from './descriptor.ts';
import { isCanonicalAddress, loadRealSegment } from './mode.ts';

/** A far transfer in real or virtual-8086 mode, after its pushes or pops were checked. */
export function enterRealCode(p: Processor, selector: number, offset: bigint): void {
  loadRealSegment(p, SEGMENT_NUMBER.CS, selector);
  p.set64('rip', offset);
  p.modeChanged();
}

/** #GP(0) unless `offset` lies within the limit of CS as it is: real and virtual-8086 mode keep it. */
export function requireWithinLimit(p: Processor, offset: bigint): void {
  if (offset > BigInt(p.get('segmentLimit', SEGMENT_NUMBER.CS))) p.fault(VECTOR.GP, 0);
}

/** The descriptor a far JMP or CALL names: code, or a gate or TSS of which the caller looks at the type. */
export function farDescriptor(p: Processor, selector: number): Descriptor {
  if (isNull(selector)) p.fault(VECTOR.GP, 0);
  return requireDescriptor(p, selector);
}

/** CONFORMING-CODE-SEGMENT and NONCONFORMING-CODE-SEGMENT of a direct far JMP or CALL. */
export function checkDirectTarget(p: Processor, selector: number, d: Descriptor): void {
  const cpl = p.get('cpl');
  if (!isCode(d)) p.fault(VECTOR.GP, selectorError(selector));
  if (isLongMode(p) && isLongCode(d) && isBigCode(d)) p.fault(VECTOR.GP, selectorError(selector));
  if (isConforming(d) ? d.dpl > cpl : (selector & 3) > cpl || d.dpl !== cpl) p.fault(VECTOR.GP, selectorError(selector));
  if (!d.present) p.fault(VECTOR.NP, selectorError(selector));
}

/** The code segment behind a call gate: #GP unless it is code that is at least as privileged as the caller (64-bit in long mode). */
export function gateTarget(p: Processor, selector: number): Descriptor {
  if (isNull(selector)) p.fault(VECTOR.GP, 0);
  const d = requireDescriptor(p, selector);
  if (!isCode(d) || d.dpl > p.get('cpl')) p.fault(VECTOR.GP, selectorError(selector));
  if (isLongMode(p) && (!isLongCode(d) || isBigCode(d))) p.fault(VECTOR.GP, selectorError(selector));
  if (!d.present) p.fault(VECTOR.NP, selectorError(selector));
  return d;
}

/** Rights to use a call gate: CPL and RPL at most its DPL; present. */
export function checkGate(p: Processor, selector: number, d: Descriptor): void {
  if (d.dpl < p.get('cpl') || d.dpl < (selector & 3)) p.fault(VECTOR.GP, selectorError(selector));
  if (!d.present) p.fault(VECTOR.NP, selectorError(selector));
}

/**
 * #GP(0) unless execution may start at `offset` of the segment. In a segment that is not 64-bit code the offset is cut to 32 bits; what
 * is left of it is the result.
 */
export function checkOffset(p: Processor, d: Descriptor, offset: bigint, errorCode = 0): bigint {
  if (isLongMode(p) && isLongCode(d)) {
    if (!isCanonicalAddress(offset)) p.fault(VECTOR.GP, errorCode);
    return offset;
  }
  const eip = BigInt.asUintN(32, offset);
  if (eip > BigInt(descriptorLimit(d))) p.fault(VECTOR.GP, errorCode);
  return eip;
}

/** CS ← selector with RPL = `cpl`, CPL ← `cpl`, RIP ← offset. `modeChanged` is the caller's. */
export function loadCode(p: Processor, selector: number, d: Descriptor, cpl: number, offset: bigint): void {
  writeSegment(p, SEGMENT_NUMBER.CS, segmentContents((selector & 0xfffc) | cpl, d));
  p.set('cpl', cpl);
  p.set64('rip', offset);
}

/** A transfer that keeps the privilege, all checks made but the accessed flag's. */
export function enterCode(p: Processor, selector: number, d: Descriptor, offset: bigint): void {
  markAccessed(p, d);
  loadCode(p, selector, d, p.get('cpl'), offset);
  p.modeChanged();
}
