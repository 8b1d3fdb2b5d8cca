/** Far RET. [SDM 2B, "RET—Return From Procedure", Operation: Real-address mode to RETURN-OUTER-PRIVILEGE-LEVEL] Labels are functions. */
import type { Processor } from '../processor.ts';
import { checkOffset, enterCode, enterRealCode, loadCode, requireWithinLimit } from './code-segment.ts';
import { type Descriptor, markAccessed } from './descriptor.ts';
import { isRealOrVirtual8086, operandSizeOf, RSP, stackWidth, writeStackPointer } from './mode.ts';
import { dropInnerDataSegments, loadOuterStack, outerStack, returnTarget } from './outer-privilege.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';
import { peek, slotBytes } from './stack.ts';

/** RET far, RET far imm16: `extraBytes` are parameters to release. */
export const farReturn: SystemRoutine = systemRoutine('farReturn', (p, extraBytes = 0n, size) => {
  const slot = slotBytes(operandSizeOf(size));
  const extra = Number(extraBytes & 0xffffn);
  // The selector first: that is the address which a processor reports when neither can be read.
  const selector = Number(peek(p, slot, slot) & 0xffffn);
  const offset = peek(p, 0, slot);
  if (isRealOrVirtual8086(p)) {
    requireWithinLimit(p, offset);
    release(p, 2 * slot + extra);
    enterRealCode(p, selector, offset);
    return undefined;
  }
  const d = returnTarget(p, selector);
  if ((selector & 3) > p.get('cpl')) returnOuter(p, selector, d, offset, slot, extra);
  else {
    const target = checkOffset(p, d, offset);
    markAccessed(p, d);
    release(p, 2 * slot + extra);
    enterCode(p, selector, d, target);
  }
  return undefined;
});

function release(p: Processor, bytes: number): void {
  writeStackPointer(p, p.get64('gpr', RSP) + BigInt(bytes), stackWidth(p));
}

/** RETURN-OUTER-PRIVILEGE-LEVEL: RSP and SS are above the parameters; those of the outer stack are released too. */
function returnOuter(p: Processor, selector: number, d: Descriptor, offset: bigint, slot: 2 | 4 | 8, extra: number): void {
  const rpl = selector & 3;
  const pointer = peek(p, 2 * slot + extra, slot);
  const stackSelector = Number(peek(p, 3 * slot + extra, slot) & 0xffffn);
  const stack = outerStack(p, stackSelector, rpl, d);
  const target = checkOffset(p, d, offset);
  markAccessed(p, d);
  loadOuterStack(p, stack);
  loadCode(p, selector, d, rpl, target);
  writeStackPointer(p, pointer + BigInt(extra), stack.width);
  dropInnerDataSegments(p, rpl);
  p.modeChanged();
}
