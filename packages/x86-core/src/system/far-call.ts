import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import {
  checkDirectTarget,
  checkGate,
  checkOffset,
  enterCode,
  enterRealCode,
  farDescriptor,
  gateTarget,
  loadCode,
  requireWithinLimit,
} from './code-segment.ts';
import {
  callGate,
  type Descriptor,
  type Gate,
  isConforming,
  isLongMode,
  markAccessed,
  selectorError,
  TYPE,
  writeSegment,
} from './descriptor.ts';
import { transferThrough } from './far-system-segment.ts';
import { isRealOrVirtual8086, operandSizeOf, RSP, writeStackPointer } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';
import { currentStack, Frame, peek, slotBytes } from './stack.ts';
import { innerStack } from './task-state.ts';

/** CALL ptr16:16, ptr16:32, m16:16, m16:32, m16:64. */
export const farCall: SystemRoutine = systemRoutine('farCall', (p, selectorValue = 0n, offsetValue = 0n, size) => {
  const operandSize = operandSizeOf(size);
  const selector = Number(selectorValue & 0xffffn);
  const offset = BigInt.asUintN(operandSize, offsetValue);
  if (isRealOrVirtual8086(p)) {
    requireWithinLimit(p, offset);
    pushReturn(p, slotBytes(operandSize));
    enterRealCode(p, selector, offset);
    return undefined;
  }
  const d = farDescriptor(p, selector);
  if (d.segment) {
    checkDirectTarget(p, selector, d);
    const target = checkOffset(p, d, offset);
    markAccessed(p, d);
    pushReturn(p, slotBytes(operandSize));
    enterCode(p, selector, d, target);
  } else transferThrough(p, selector, d, 'call', callThroughGate);
  return undefined;
});

/** Pushes CS and RIP on the present stack. */
function pushReturn(p: Processor, bytes: 2 | 4 | 8): void {
  const stack = currentStack(p);
  const frame = new Frame(p, stack, 0);
  frame.push(BigInt(p.get('segmentSelector', SEGMENT_NUMBER.CS)), bytes);
  frame.push(p.get64('rip'), bytes);
  frame.write();
  writeStackPointer(p, frame.pointer, stack.width);
}

/** CALL-GATE */
function callThroughGate(p: Processor, selector: number, d: Descriptor): void {
  checkGate(p, selector, d);
  const gate = callGate(p, selector, d);
  const code = gateTarget(p, gate.selector);
  const slot = isLongMode(p) ? 8 : d.type === TYPE.CALL_GATE ? 4 : 2;
  if (!isConforming(code) && code.dpl < p.get('cpl')) morePrivilege(p, gate, code, slot);
  else {
    const target = checkOffset(p, code, gate.offset);
    markAccessed(p, code);
    // A gate of 64-bit code pushes 8-byte slots also from compatibility mode.
    const stack = slot === 8 ? { ...currentStack(p), width: 64 as const } : currentStack(p);
    const frame = new Frame(p, stack, 0);
    frame.push(BigInt(p.get('segmentSelector', SEGMENT_NUMBER.CS)), slot);
    frame.push(p.get64('rip'), slot);
    frame.write();
    writeStackPointer(p, frame.pointer, stack.width);
    enterCode(p, gate.selector, code, target);
  }
}

/** MORE-PRIVILEGE: a stack of the inner level from the TSS, parameters copied from the outer one. */
function morePrivilege(p: Processor, gate: Gate, code: Descriptor, slot: 2 | 4 | 8): void {
  const { stack, descriptor } = innerStack(p, code.dpl);
  const count = slot === 8 ? 0 : gate.count;
  const parameters: bigint[] = [];
  for (let i = count - 1; i >= 0; i--) parameters.push(peek(p, i * slot, slot));

  const frame = new Frame(p, stack, selectorError(stack.segment.selector));
  frame.push(BigInt(p.get('segmentSelector', SEGMENT_NUMBER.SS)), slot);
  frame.push(p.get64('gpr', RSP), slot);
  for (const parameter of parameters) frame.push(parameter, slot);
  frame.push(BigInt(p.get('segmentSelector', SEGMENT_NUMBER.CS)), slot);
  frame.push(p.get64('rip'), slot);
  const target = checkOffset(p, code, gate.offset);

  if (descriptor !== undefined) markAccessed(p, descriptor);
  markAccessed(p, code);
  frame.write();
  writeSegment(p, SEGMENT_NUMBER.SS, stack.segment);
  writeStackPointer(p, frame.pointer, stack.width);
  loadCode(p, gate.selector, code, code.dpl, target);
  p.modeChanged();
}
