/**
 * Stacks as far transfers use them: frames whose every push is checked when it is made and written when all checks have passed, and
 * reads above the stack pointer. [SDM 1 §6.2; SDM 3A §5.8.5, §6.12.1, §6.14.2]
 */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import { ATTRIBUTE_BIG, ATTRIBUTE_EXPAND_DOWN, readSegment, type SegmentContents } from './descriptor.ts';
import { isCanonicalAddress, RSP, stackWidth } from './mode.ts';

/** A stack to push on: that of now, or one that a privilege change is about to load. */
export interface Stack {
  readonly segment: SegmentContents;
  readonly pointer: bigint;
  readonly width: 16 | 32 | 64;
  /** Accessed with supervisor rights, whatever the privilege is now. */
  readonly supervisor: boolean;
}

export const currentStack = (p: Processor): Stack => ({
  segment: readSegment(p, SEGMENT_NUMBER.SS),
  pointer: p.get64('gpr', RSP),
  width: stackWidth(p),
  supervisor: p.get('cpl') !== 3,
});

interface Push {
  readonly linear: bigint;
  readonly bytes: 2 | 4 | 8;
  readonly value: bigint;
}

export class Frame {
  readonly #p: Processor;
  readonly #stack: Stack;
  readonly #errorCode: number;
  readonly #pushes: Push[] = [];
  #pointer: bigint;

  /** @param errorCode of the #SS that a push outside the segment raises */
  constructor(p: Processor, stack: Stack, errorCode: number) {
    this.#p = p;
    this.#stack = stack;
    this.#errorCode = errorCode;
    this.#pointer = BigInt.asUintN(stack.width, stack.pointer);
  }

  /** Stack pointer behind the pushes so far, of the stack's width. */
  get pointer(): bigint {
    return this.#pointer;
  }

  /** Faults now if the write could not be made. */
  push(value: bigint, bytes: 2 | 4 | 8): void {
    const { width, segment, supervisor } = this.#stack;
    this.#pointer = BigInt.asUintN(width, this.#pointer - BigInt(bytes));
    const offset = this.#pointer;
    if (width === 64) {
      if (!isCanonicalAddress(offset) || !isCanonicalAddress(BigInt.asUintN(64, offset + BigInt(bytes - 1))))
        this.#p.fault(VECTOR.SS, this.#errorCode);
    } else if (!withinStack(segment, Number(offset), bytes)) this.#p.fault(VECTOR.SS, this.#errorCode);
    const linear = width === 64 ? offset : BigInt.asUintN(32, segment.base + offset);
    this.#p.probeLinear(linear, bytes, 'write', supervisor);
    this.#pushes.push({ linear, bytes, value: BigInt.asUintN(8 * bytes, value) });
  }

  /** Writes what was pushed. Cannot fault. */
  write(): void {
    for (const { linear, bytes, value } of this.#pushes) this.#p.writeLinear(linear, bytes, value, this.#stack.supervisor);
  }
}

/** Limit check of a data segment, also an expand-down one. [SDM 3A §5.3] */
function withinStack(s: SegmentContents, offset: number, bytes: number): boolean {
  const last = offset + bytes - 1;
  if ((s.attributes & ATTRIBUTE_EXPAND_DOWN) === 0) return last <= s.limit;
  return offset > s.limit && last <= ((s.attributes & ATTRIBUTE_BIG) !== 0 ? 0xffff_ffff : 0xffff);
}

/** The value `displacement` bytes above the top of the present stack. */
export function peek(p: Processor, displacement: number, bytes: 2 | 4 | 8): bigint {
  const offset = BigInt.asUintN(stackWidth(p), p.get64('gpr', RSP) + BigInt(displacement));
  return p.readLinear(p.linear('SS', offset, bytes, 'read'), bytes);
}

/** Bytes of a stack slot for an operand size in bits. */
export const slotBytes = (operandSize: 16 | 32 | 64): 2 | 4 | 8 => (operandSize === 16 ? 2 : operandSize === 32 ? 4 : 8);
