/** Far JMP. [SDM 2A, "JMP—Jump", Operation: from REAL-ADDRESS MODE to TASK-STATE-SEGMENT] Labels are functions, in the manual's order. */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import {
  checkDirectTarget,
  checkGate,
  checkOffset,
  enterCode,
  enterRealCode,
  farDescriptor,
  gateTarget,
  requireWithinLimit,
} from './code-segment.ts';
import { callGate, type Descriptor, isConforming, isLongMode, selectorError, TYPE } from './descriptor.ts';
import { isRealOrVirtual8086, operandSizeOf } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';
import { switchTask, taskGateTarget } from './task-switch.ts';

/** JMP ptr16:16, ptr16:32, m16:16, m16:32, m16:64. */
export const farJump: SystemRoutine = systemRoutine('farJump', (p, selectorValue = 0n, offsetValue = 0n, size) => {
  const selector = Number(selectorValue & 0xffffn);
  const offset = BigInt.asUintN(operandSizeOf(size), offsetValue);
  if (isRealOrVirtual8086(p)) {
    requireWithinLimit(p, offset);
    enterRealCode(p, selector, offset);
    return undefined;
  }
  const d = farDescriptor(p, selector);
  if (d.segment) {
    checkDirectTarget(p, selector, d);
    enterCode(p, selector, d, checkOffset(p, d, offset));
  } else systemSegment(p, selector, d);
  return undefined;
});

function systemSegment(p: Processor, selector: number, d: Descriptor): void {
  const long = isLongMode(p);
  if (d.type === TYPE.CALL_GATE || (d.type === TYPE.CALL_GATE_16 && !long)) jumpThroughGate(p, selector, d);
  else if (d.type === TYPE.TASK_GATE && !long) {
    checkGate(p, selector, d);
    const tss = taskGateTarget(p, d, 0);
    switchTask(p, tss.selector, tss.descriptor, 'jump');
  } else if ((d.type === TYPE.TSS || d.type === TYPE.TSS_16) && !long) {
    checkGate(p, selector, d);
    switchTask(p, selector, d, 'jump');
  } else p.fault(VECTOR.GP, selectorError(selector));
}

/** CALL-GATE: a jump does not change the privilege. */
function jumpThroughGate(p: Processor, selector: number, d: Descriptor): void {
  checkGate(p, selector, d);
  const gate = callGate(p, selector, d);
  const code = gateTarget(p, gate.selector);
  if (!isConforming(code) && code.dpl !== p.get('cpl')) p.fault(VECTOR.GP, selectorError(gate.selector));
  enterCode(p, gate.selector, code, checkOffset(p, code, gate.offset));
}
