/** IRET. [SDM 2A, "IRET/IRETD/IRETQ—Interrupt Return", Operation] Labels are functions, in the manual's order. */
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
import { SEGMENT_NUMBER } from '../state.ts';
import { checkOffset, enterRealCode, loadCode, requireWithinLimit } from './code-segment.ts';
import { interruptReturn as common } from './common-case/interrupt-return.ts';
import { type Descriptor, is64BitCode, isLongMode, markAccessed, writeSegment } from './descriptor.ts';
import { ioPrivilege, isReal, isVirtual8086, operandSizeOf, RSP, stackWidth, virtual8086Contents, writeStackPointer } from './mode.ts';
import { dropInnerDataSegments, loadOuterStack, outerStack, returnTarget } from './outer-privilege.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';
import { peek, slotBytes } from './stack.ts';
import { returnFromTask } from './task-switch.ts';

const ALWAYS = STATUS_FLAGS | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT;

/** RFLAGS ← image, the bits in `mask` only. */
function loadFlags(p: Processor, image: bigint, mask: number): void {
  const wide = BigInt(mask);
  p.rflags = (p.rflags & ~wide) | (image & wide);
}

/** Bits that a return of the present privilege to protected mode takes from the image. */
function protectedMask(p: Processor, operandSize: number): number {
  const cpl = p.get('cpl');
  let mask = ALWAYS;
  if (operandSize !== 16) mask |= RFLAGS_RF | RFLAGS_AC | RFLAGS_ID;
  if (cpl <= ioPrivilege(p)) mask |= RFLAGS_IF;
  if (cpl === 0) mask |= RFLAGS_IOPL;
  return mask;
}

/** NMIs are let in again, and interrupts may be. [SDM 3A §6.7.1] */
function finish(p: Processor): void {
  p.set('nmiBlocked', 0);
  p.modeChanged();
  p.interruptsMayHaveChanged();
}

export const interruptReturn: SystemRoutine = systemRoutine(
  'interruptReturn',
  (p, size) => {
    const operandSize = operandSizeOf(size);
    if (isReal(p)) realAddressMode(p, operandSize);
    else if (isVirtual8086(p)) returnFromVirtual8086(p, operandSize);
    else protectedMode(p, operandSize);
    return undefined;
  },
  common,
);

function realAddressMode(p: Processor, operandSize: 16 | 32 | 64): void {
  const slot = slotBytes(operandSize);
  const offset = peek(p, 0, slot);
  const selector = Number(peek(p, slot, slot) & 0xffffn);
  const image = peek(p, 2 * slot, slot);
  requireWithinLimit(p, offset);
  writeStackPointer(p, p.get64('gpr', RSP) + BigInt(3 * slot), stackWidth(p));
  const wide = operandSize === 16 ? 0 : RFLAGS_RF | RFLAGS_AC | RFLAGS_ID;
  loadFlags(p, image, ALWAYS | RFLAGS_IF | RFLAGS_IOPL | wide);
  enterRealCode(p, selector, offset);
  finish(p);
}

/** RETURN-FROM-VIRTUAL-8086-MODE: stays there; IOPL must be 3. */
function returnFromVirtual8086(p: Processor, operandSize: 16 | 32 | 64): void {
  if (ioPrivilege(p) < 3) p.fault(VECTOR.GP, 0);
  const slot = slotBytes(operandSize);
  const offset = peek(p, 0, slot);
  const selector = Number(peek(p, slot, slot) & 0xffffn);
  const image = peek(p, 2 * slot, slot);
  requireWithinLimit(p, offset);
  writeStackPointer(p, p.get64('gpr', RSP) + BigInt(3 * slot), stackWidth(p));
  const wide = operandSize === 16 ? 0 : RFLAGS_RF | RFLAGS_AC | RFLAGS_ID;
  loadFlags(p, image, ALWAYS | RFLAGS_IF | wide);
  enterRealCode(p, selector, offset);
  finish(p);
}

function protectedMode(p: Processor, operandSize: 16 | 32 | 64): void {
  if ((p.get('eflags') & RFLAGS_NT) !== 0) {
    if (isLongMode(p)) p.fault(VECTOR.GP, 0);
    returnFromTask(p);
    finish(p);
    return;
  }
  const slot = slotBytes(operandSize);
  const offset = peek(p, 0, slot);
  const selector = Number(peek(p, slot, slot) & 0xffffn);
  const image = peek(p, 2 * slot, slot);
  if ((image & BigInt(RFLAGS_VM)) !== 0n && operandSize === 32 && p.get('cpl') === 0 && !isLongMode(p)) {
    returnToVirtual8086(p, offset, selector, image);
    return;
  }
  const d = returnTarget(p, selector);
  // 64-bit mode always pops RSP and SS.
  if (is64BitCode(p) || (selector & 3) > p.get('cpl')) returnWithStack(p, selector, d, offset, image, operandSize);
  else {
    const target = checkOffset(p, d, offset);
    markAccessed(p, d);
    writeStackPointer(p, p.get64('gpr', RSP) + BigInt(3 * slot), stackWidth(p));
    loadFlags(p, image, protectedMask(p, operandSize));
    loadCode(p, selector, d, p.get('cpl'), target);
    finish(p);
  }
}

/** RETURN-TO-VIRTUAL-8086-MODE: ESP, SS, ES, DS, FS, GS follow on the stack. */
function returnToVirtual8086(p: Processor, offset: bigint, selector: number, image: bigint): void {
  const pointer = peek(p, 12, 4);
  const pop = (slot: number): number => Number(peek(p, 4 * slot, 4) & 0xffffn);
  const selectors = [
    [SEGMENT_NUMBER.SS, pop(4)],
    [SEGMENT_NUMBER.ES, pop(5)],
    [SEGMENT_NUMBER.DS, pop(6)],
    [SEGMENT_NUMBER.FS, pop(7)],
    [SEGMENT_NUMBER.GS, pop(8)],
    [SEGMENT_NUMBER.CS, selector],
  ] as const;
  if (offset > 0xffffn) p.fault(VECTOR.GP, 0);
  p.rflags = image;
  for (const [n, value] of selectors) writeSegment(p, n, virtual8086Contents(value));
  p.set('cpl', 3);
  p.set64('rip', offset);
  writeStackPointer(p, pointer, 32);
  finish(p);
}

/** RETURN-TO-OUTER-PRIVILEGE-LEVEL, and every return of 64-bit mode. */
function returnWithStack(p: Processor, selector: number, d: Descriptor, offset: bigint, image: bigint, operandSize: 16 | 32 | 64): void {
  const slot = slotBytes(operandSize);
  const rpl = selector & 3;
  const outer = rpl > p.get('cpl');
  const pointer = peek(p, 3 * slot, slot);
  const stack = outerStack(p, Number(peek(p, 4 * slot, slot) & 0xffffn), rpl, d);
  const target = checkOffset(p, d, offset);
  markAccessed(p, d);
  const mask = protectedMask(p, operandSize);
  loadOuterStack(p, stack);
  loadCode(p, selector, d, rpl, target);
  writeStackPointer(p, pointer, stack.width);
  loadFlags(p, image, mask);
  if (outer) dropInnerDataSegments(p, rpl);
  finish(p);
}
