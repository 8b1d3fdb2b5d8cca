/**
 * What RET and IRET do when they return to an outer privilege level: the stack segment that was pushed, and data segments that the outer
 * level may not keep. [SDM 2B, "RET", "RETURN-OUTER-PRIVILEGE-LEVEL"; SDM 2A, "IRET", "RETURN-TO-OUTER-PRIVILEGE-LEVEL"]
 */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import {
  ATTRIBUTE_BIG,
  ATTRIBUTE_CODE,
  ATTRIBUTE_CONFORMING,
  ATTRIBUTE_SEGMENT,
  type Descriptor,
  isBigCode,
  isCode,
  isConforming,
  isLongCode,
  isLongMode,
  isNull,
  isWritableData,
  markAccessed,
  nullContents,
  requireDescriptor,
  type SegmentContents,
  segmentContents,
  selectorError,
  writeSegment,
} from './descriptor.ts';

/** The code segment that RET and IRET return to; #GP(0) for a null selector. */
export function returnTarget(p: Processor, selector: number): Descriptor {
  if (isNull(selector)) p.fault(VECTOR.GP, 0);
  const d = requireDescriptor(p, selector);
  const rpl = selector & 3;
  const wrong =
    rpl < p.get('cpl') || !isCode(d) || (isLongMode(p) && isLongCode(d) && isBigCode(d)) || (isConforming(d) ? d.dpl > rpl : d.dpl !== rpl);
  if (wrong) p.fault(VECTOR.GP, selectorError(selector));
  if (!d.present) p.fault(VECTOR.NP, selectorError(selector));
  return d;
}

/** A stack segment to return to, checked. */
export interface OuterStack {
  readonly contents: SegmentContents;
  readonly descriptor: Descriptor | undefined;
  readonly width: 16 | 32 | 64;
}

/** Checks the stack segment for a return to `code` at privilege `rpl`. Null is allowed for 64-bit code below privilege 3. */
export function outerStack(p: Processor, selector: number, rpl: number, code: Descriptor): OuterStack {
  const to64 = isLongMode(p) && isLongCode(code);
  if (isNull(selector)) {
    if (!to64 || rpl === 3) p.fault(VECTOR.GP, 0);
    return { contents: nullContents(selector), descriptor: undefined, width: 64 };
  }
  const d = requireDescriptor(p, selector);
  if ((selector & 3) !== rpl || !isWritableData(d) || d.dpl !== rpl) p.fault(VECTOR.GP, selectorError(selector));
  if (!d.present) p.fault(VECTOR.SS, selectorError(selector));
  const width = to64 ? 64 : (d.attributes & ATTRIBUTE_BIG) !== 0 ? 32 : 16;
  return { contents: segmentContents(selector, d), descriptor: d, width };
}

/** SS ← the checked segment. */
export function loadOuterStack(p: Processor, s: OuterStack): void {
  if (s.descriptor !== undefined) markAccessed(p, s.descriptor);
  writeSegment(p, SEGMENT_NUMBER.SS, s.contents);
}

/**
 * Makes ES, FS, GS, DS null where they hold a segment that privilege `cpl` may not use. A null selector loses its RPL; its base stays: it is
 * the base of FS and GS in 64-bit mode. ["IF (SegmentSelector == NULL) OR …"]
 */
export function dropInnerDataSegments(p: Processor, cpl: number): void {
  for (const n of [SEGMENT_NUMBER.ES, SEGMENT_NUMBER.FS, SEGMENT_NUMBER.GS, SEGMENT_NUMBER.DS]) {
    if (isNull(p.get('segmentSelector', n))) {
      p.set('segmentSelector', 0, n);
      continue;
    }
    const attributes = p.get('segmentAttributes', n);
    const conforming = (attributes & ATTRIBUTE_CODE) !== 0 && (attributes & ATTRIBUTE_CONFORMING) !== 0;
    if ((attributes & ATTRIBUTE_SEGMENT) !== 0 && ((attributes >>> 5) & 3) < cpl && !conforming) {
      p.set('segmentSelector', 0, n);
      p.set('segmentAttributes', 0, n);
      p.set('segmentLimit', 0, n);
      p.set64('segmentBase', 0n, n);
    }
  }
}
