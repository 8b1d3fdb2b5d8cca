/**
 * Far CALL and far JMP to a system segment: the labels CALL-GATE, TASK-GATE and TASK-STATE-SEGMENT. [SDM 2A, "CALL—Call Procedure", "JMP—Jump",
 * Operation] Long mode has 64-bit call gates only.
 */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { checkGate } from './code-segment.ts';
import { type Descriptor, isLongMode, selectorError, TYPE } from './descriptor.ts';
import { switchTask, taskGateTarget } from './task-switch.ts';

/** `throughGate` does what the instruction does with a call gate. */
export function transferThrough(
  p: Processor,
  selector: number,
  d: Descriptor,
  how: 'call' | 'jump',
  throughGate: (p: Processor, selector: number, d: Descriptor) => void,
): void {
  const long = isLongMode(p);
  if (d.type === TYPE.CALL_GATE || (d.type === TYPE.CALL_GATE_16 && !long)) throughGate(p, selector, d);
  else if (d.type === TYPE.TASK_GATE && !long) {
    checkGate(p, selector, d);
    const tss = taskGateTarget(p, d, 0);
    switchTask(p, tss.selector, tss.descriptor, how);
  } else if ((d.type === TYPE.TSS || d.type === TYPE.TSS_16) && !long) {
    checkGate(p, selector, d);
    switchTask(p, selector, d, how);
  } else p.fault(VECTOR.GP, selectorError(selector));
}
