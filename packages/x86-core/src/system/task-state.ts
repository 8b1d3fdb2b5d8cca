/**
 * What is read from the task-state segment besides a task switch: the stacks of inner privilege levels and the interrupt stack table.
 * [SDM 3A §8.2.1, §8.2.3, §8.6, §5.8.5, §6.14.5]
 */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import {
  ATTRIBUTE_BIG,
  type Descriptor,
  isLongMode,
  isNull,
  isWritableData,
  nullContents,
  requireDescriptor,
  segmentContents,
  selectorError,
} from './descriptor.ts';
import { isCanonicalAddress, tableAddress } from './mode.ts';
import type { Stack } from './stack.ts';

/** True for a 32-bit (or 64-bit) TSS in TR. */
export const hasLargeTss = (p: Processor): boolean => (p.get('segmentAttributes', SEGMENT_NUMBER.TR) & 8) !== 0;

/** `bytes` bytes of the TSS; #TS(TR) beyond its limit. */
function readTss(p: Processor, offset: number, bytes: 2 | 4 | 8, ext: number): bigint {
  if (offset + bytes - 1 > p.get('segmentLimit', SEGMENT_NUMBER.TR))
    p.fault(VECTOR.TS, selectorError(p.get('segmentSelector', SEGMENT_NUMBER.TR), ext));
  return p.readLinear(tableAddress(p, p.get64('segmentBase', SEGMENT_NUMBER.TR), offset), bytes, true);
}

/** A stack of privilege `level` and the descriptor to mark accessed when it is taken into use. */
export interface InnerStack {
  readonly stack: Stack;
  readonly descriptor: Descriptor | undefined;
}

/** Stack for privilege `level` (0–2), as a gate that leads there takes it from the TSS. `ext`: EXT bit of error codes. */
export function innerStack(p: Processor, level: number, ext = 0): InnerStack {
  if (isLongMode(p)) return { stack: longStack(p, readTss(p, 4 + 8 * level, 8, ext), level, ext), descriptor: undefined };
  const large = hasLargeTss(p);
  // Both are checked against the limit before either is read.
  const selector = Number(large ? readTss(p, 8 + 8 * level, 2, ext) : readTss(p, 4 + 4 * level, 2, ext));
  const pointer = large ? readTss(p, 4 + 8 * level, 4, ext) : readTss(p, 2 + 4 * level, 2, ext);
  if (isNull(selector)) p.fault(VECTOR.TS, ext);
  const descriptor = requireDescriptor(p, selector, VECTOR.TS, ext);
  if ((selector & 3) !== level || descriptor.dpl !== level || !isWritableData(descriptor)) p.fault(VECTOR.TS, selectorError(selector, ext));
  if (!descriptor.present) p.fault(VECTOR.SS, selectorError(selector, ext));
  const width = (descriptor.attributes & ATTRIBUTE_BIG) !== 0 ? 32 : 16;
  return { stack: { segment: segmentContents(selector, descriptor), pointer, width, supervisor: true }, descriptor };
}

/** Entry 1 to 7 of the interrupt stack table; SS becomes null only if the privilege changes. */
export const interruptStack = (p: Processor, entry: number, level: number, ext: number): Stack =>
  longStack(p, readTss(p, 28 + 8 * entry, 8, ext), level, ext);

/** In long mode SS of an inner level is null, with the level as its RPL. [SDM 3A §5.8.5.1] */
function longStack(p: Processor, pointer: bigint, level: number, ext: number): Stack {
  if (!isCanonicalAddress(pointer)) p.fault(VECTOR.SS, ext);
  return { segment: nullContents(level), pointer, width: 64, supervisor: level !== 3 };
}
