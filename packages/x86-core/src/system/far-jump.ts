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
import { callGate, type Descriptor, isConforming, selectorError } from './descriptor.ts';
import { transferThrough } from './far-system-segment.ts';
import { isRealOrVirtual8086, operandSizeOf } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

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
  } else transferThrough(p, selector, d, 'jump', jumpThroughGate);
  return undefined;
});

/** CALL-GATE: a jump does not change the privilege. */
function jumpThroughGate(p: Processor, selector: number, d: Descriptor): void {
  checkGate(p, selector, d);
  const gate = callGate(p, selector, d);
  const code = gateTarget(p, gate.selector);
  if (!isConforming(code) && code.dpl !== p.get('cpl')) p.fault(VECTOR.GP, selectorError(gate.selector));
  enterCode(p, gate.selector, code, checkOffset(p, code, gate.offset));
}
