/**
 * Which of the operating modes holds, what may be done in it, and the segment loads of real and virtual-8086 mode. [SDM 3A §2.2, §5.5, ch. 20]
 */
import { CR0_PE } from '../control-bits.ts';
import { VECTOR } from '../fault.ts';
import { RFLAGS_IOPL, RFLAGS_VM } from '../flags.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import { ATTRIBUTE_BIG, ATTRIBUTE_GRANULAR, is64BitCode, isLongMode, type SegmentContents, writeSegment } from './descriptor.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

export const isReal = (p: Processor): boolean => (p.get64('cr0') & BigInt(CR0_PE)) === 0n;
export const isVirtual8086 = (p: Processor): boolean => (p.get('eflags') & RFLAGS_VM) !== 0;
/** Selectors are paragraph numbers. */
export const isRealOrVirtual8086 = (p: Processor): boolean => isReal(p) || isVirtual8086(p);
export const ioPrivilege = (p: Processor): number => (p.get('eflags') & RFLAGS_IOPL) >>> 12;

/** #GP(0) unless CPL is 0. */
export function requireSupervisor(p: Processor): void {
  if (p.get('cpl') !== 0) p.fault(VECTOR.GP, 0);
}

/** #UD in real and virtual-8086 mode. */
export const requireProtected: SystemRoutine = systemRoutine('requireProtected', (p) => {
  if (isRealOrVirtual8086(p)) p.fault(VECTOR.UD);
  return undefined;
});

/** SGDT, SIDT, SLDT, STR and SMSW may be used at any privilege: UMIP is absent, CR4.UMIP cannot be set. [SDM 3A §2.5] */
export const requireSystemDescriptorRead: SystemRoutine = systemRoutine('requireSystemDescriptorRead', () => undefined);

/** Present, writable, accessed. */
const REAL_ATTRIBUTES = 0x93;
const VIRTUAL_8086_ATTRIBUTES = 0xf3;

/** Loads a segment register as real mode (limit kept) and virtual-8086 mode (64 KiB) do. [SDM 3A §20.1.1, §20.2.1] */
export function loadRealSegment(p: Processor, n: number, selector: number): void {
  const virtual = isVirtual8086(p);
  const kept = p.get('segmentAttributes', n) & (ATTRIBUTE_BIG | ATTRIBUTE_GRANULAR);
  writeSegment(p, n, {
    selector,
    base: BigInt(selector << 4),
    limit: virtual ? 0xffff : p.get('segmentLimit', n),
    attributes: virtual ? VIRTUAL_8086_ATTRIBUTES : kept | REAL_ATTRIBUTES,
  });
}

/** The contents that virtual-8086 mode gives a segment register. */
export const virtual8086Contents = (selector: number): SegmentContents => ({
  selector,
  base: BigInt(selector << 4),
  limit: 0xffff,
  attributes: VIRTUAL_8086_ATTRIBUTES,
});

export const isCanonicalAddress = (address: bigint): boolean => BigInt.asUintN(64, BigInt.asIntN(48, address)) === address;

/** Bits of the stack pointer in use: 64-bit mode, else B of SS. */
export function stackWidth(p: Processor): 16 | 32 | 64 {
  if (is64BitCode(p)) return 64;
  return (p.get('segmentAttributes', SEGMENT_NUMBER.SS) & ATTRIBUTE_BIG) !== 0 ? 32 : 16;
}

/** base + offset for tables that the processor itself reads: 64 bits in long mode (also from compatibility mode), else 32. */
export const tableAddress = (p: Processor, base: bigint, offset: number): bigint =>
  BigInt.asUintN(isLongMode(p) ? 64 : 32, base + BigInt(offset));

export const RSP = 4;

/** Writes SP, ESP or RSP; the bits above SP are kept, those above ESP cleared. */
export function writeStackPointer(p: Processor, value: bigint, width: 16 | 32 | 64): void {
  if (width === 16) p.set64('gpr', (p.get64('gpr', RSP) & ~0xffffn) | (value & 0xffffn), RSP);
  else p.set64('gpr', BigInt.asUintN(width, value), RSP);
}

/** Operand-size word of a routine's argument: 16, 32 or 64. */
export const operandSizeOf = (value: bigint | undefined): 16 | 32 | 64 => (value === 64n ? 64 : value === 16n ? 16 : 32);
