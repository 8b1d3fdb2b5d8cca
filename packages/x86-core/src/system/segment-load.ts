/** Loading a segment register by MOV, POP, LDS … LGS. [SDM 2B, "MOV", Operation; SDM 3A §5.6, §5.7, §5.4.1.1] */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import { loadSegment as common } from './common-case/segment-load.ts';
import {
  type Descriptor,
  is64BitCode,
  isConforming,
  isNull,
  isWritableData,
  markAccessed,
  nullContents,
  requireDescriptor,
  segmentContents,
  selectorError,
  writeSegment,
} from './descriptor.ts';
import { isRealOrVirtual8086, loadRealSegment } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

/**
 * Segment register by its encoding number (ES SS DS FS GS; CS and 6, 7: #UD) ← selector. SS holds interrupts and single-step traps off for
 * one instruction (shadow 2). [SDM 3A §6.8.3]
 */
export const loadSegment: SystemRoutine = systemRoutine(
  'loadSegment',
  (p, number = 0n, selectorValue = 0n) => {
    const n = Number(number);
    const selector = Number(selectorValue & 0xffffn);
    if (n === SEGMENT_NUMBER.CS || n > SEGMENT_NUMBER.GS) p.fault(VECTOR.UD);
    if (isRealOrVirtual8086(p)) loadRealSegment(p, n, selector);
    else if (n === SEGMENT_NUMBER.SS) loadStackSegment(p, selector);
    else loadDataSegment(p, n, selector);
    p.modeChanged();
    if (n === SEGMENT_NUMBER.SS) {
      p.holdInterrupts(2);
      p.interruptsMayHaveChanged();
    }
    return undefined;
  },
  common,
);

/** IF SS is loaded */
function loadStackSegment(p: Processor, selector: number): void {
  const cpl = p.get('cpl');
  if (isNull(selector)) {
    if (!is64BitCode(p) || cpl === 3 || (selector & 3) !== cpl) p.fault(VECTOR.GP, 0);
    writeSegment(p, SEGMENT_NUMBER.SS, nullContents(selector));
    return;
  }
  const d = requireDescriptor(p, selector);
  if ((selector & 3) !== cpl || !isWritableData(d) || d.dpl !== cpl) p.fault(VECTOR.GP, selectorError(selector));
  if (!d.present) p.fault(VECTOR.SS, selectorError(selector));
  load(p, SEGMENT_NUMBER.SS, selector, d);
}

/** IF DS, ES, FS, or GS is loaded with a non-null selector, or with a null one */
function loadDataSegment(p: Processor, n: number, selector: number): void {
  if (isNull(selector)) {
    writeSegment(p, n, nullContents(selector));
    return;
  }
  const d = requireDescriptor(p, selector);
  const code = (d.type & 8) !== 0;
  if (!d.segment || (code && (d.type & 2) === 0)) p.fault(VECTOR.GP, selectorError(selector));
  if (!(code && isConforming(d)) && ((selector & 3) > d.dpl || p.get('cpl') > d.dpl)) p.fault(VECTOR.GP, selectorError(selector));
  if (!d.present) p.fault(VECTOR.NP, selectorError(selector));
  load(p, n, selector, d);
}

function load(p: Processor, n: number, selector: number, d: Descriptor): void {
  markAccessed(p, d);
  writeSegment(p, n, segmentContents(selector, d));
}
