/**
 * Segment selectors and descriptors: finding them in the GDT and LDT, taking them apart. [SDM 3A §3.4.2, §3.4.5, §3.5; 64-bit system
 * descriptors §3.5.2, §7.2.3] Fields are named as in the manual; error codes are those of §6.13.
 */
import { EFER_LMA } from '../control-bits.ts';
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';

const LMA = BigInt(EFER_LMA);

/** Bits of `segmentAttributes`: the second doubleword of a descriptor shifted right by 8. */
export const ATTRIBUTE_ACCESSED = 1;
/** Data: writable. Code: readable. */
export const ATTRIBUTE_READ_WRITE: number = 1 << 1;
export const ATTRIBUTE_CONFORMING: number = 1 << 2;
/** The same bit in a data segment. */
export const ATTRIBUTE_EXPAND_DOWN: number = 1 << 2;
export const ATTRIBUTE_CODE: number = 1 << 3;
/** S: code or data. */
export const ATTRIBUTE_SEGMENT: number = 1 << 4;
export const ATTRIBUTE_PRESENT: number = 1 << 7;
export const ATTRIBUTE_LONG: number = 1 << 13;
export const ATTRIBUTE_BIG: number = 1 << 14;
export const ATTRIBUTE_GRANULAR: number = 1 << 15;

/** System-segment and gate types. [SDM 3A, Table 3-2] */
export const TYPE = {
  TSS_16: 1,
  LDT: 2,
  TSS_16_BUSY: 3,
  CALL_GATE_16: 4,
  TASK_GATE: 5,
  INTERRUPT_GATE_16: 6,
  TRAP_GATE_16: 7,
  TSS: 9,
  TSS_BUSY: 11,
  CALL_GATE: 12,
  INTERRUPT_GATE: 14,
  TRAP_GATE: 15,
} as const;
/** Makes an available TSS busy. */
export const TYPE_BUSY = 2;

export interface Descriptor {
  /** Linear address of its first byte. */
  readonly address: bigint;
  readonly low: number;
  readonly high: number;
  /** Bits 0 to 15 of the attributes as the state keeps them. */
  readonly attributes: number;
  readonly type: number;
  /** S set: a code or data segment. */
  readonly segment: boolean;
  readonly dpl: number;
  readonly present: boolean;
}

/** What a segment register holds. */
export interface SegmentContents {
  readonly selector: number;
  readonly base: bigint;
  readonly limit: number;
  readonly attributes: number;
}

export const isLongMode = (p: Processor): boolean => (p.get64('efer') & LMA) !== 0n;
/** Executing 64-bit code. */
export const is64BitCode = (p: Processor): boolean =>
  isLongMode(p) && (p.get('segmentAttributes', SEGMENT_NUMBER.CS) & ATTRIBUTE_LONG) !== 0;

/** Selectors 0 to 3. */
export const isNull = (selector: number): boolean => (selector & 0xfffc) === 0;
/** Error code of a selector: its RPL replaced by the EXT bit. */
export const selectorError = (selector: number, ext = 0): number => (selector & 0xfffc) | ext;

export const isCode = (d: Descriptor): boolean => d.segment && (d.type & 8) !== 0;
export const isConforming = (d: Descriptor): boolean => (d.type & 4) !== 0;
export const isWritableData = (d: Descriptor): boolean => d.segment && (d.type & 8) === 0 && (d.type & 2) !== 0;
/** A code segment with L and D both set is reserved in long mode. */
export const isLongCode = (d: Descriptor): boolean => (d.attributes & ATTRIBUTE_LONG) !== 0;
export const isBigCode = (d: Descriptor): boolean => (d.attributes & ATTRIBUTE_BIG) !== 0;

export function descriptorAt(address: bigint, image: bigint): Descriptor {
  const low = Number(image & 0xffff_ffffn);
  const high = Number(image >> 32n);
  const attributes = (high >>> 8) & 0xf0ff;
  return {
    address,
    low,
    high,
    attributes,
    type: attributes & 15,
    segment: (attributes & ATTRIBUTE_SEGMENT) !== 0,
    dpl: (attributes >>> 5) & 3,
    present: (attributes & ATTRIBUTE_PRESENT) !== 0,
  };
}

/** Linear address of a selector's descriptor, if `bytes` bytes there lie within its table. */
function descriptorAddress(p: Processor, selector: number, bytes: number): bigint | undefined {
  const local = (selector & 4) !== 0;
  if (local && p.get('segmentAttributes', SEGMENT_NUMBER.LDTR) === 0) return undefined;
  const limit = local ? p.get('segmentLimit', SEGMENT_NUMBER.LDTR) : p.get('gdtrLimit');
  const offset = selector & 0xfff8;
  if (offset + bytes - 1 > limit) return undefined;
  const base = local ? p.get64('segmentBase', SEGMENT_NUMBER.LDTR) : p.get64('gdtrBase');
  const address = base + BigInt(offset);
  return isLongMode(p) ? BigInt.asUintN(64, address) : BigInt.asUintN(32, address);
}

/** The descriptor of a selector, undefined beyond the table's limit. Faults only where the table's page does. */
export function findDescriptor(p: Processor, selector: number): Descriptor | undefined {
  const address = descriptorAddress(p, selector, 8);
  return address === undefined ? undefined : descriptorAt(address, p.readLinear(address, 8, true));
}

/** The descriptor of a selector; beyond the table's limit `vector`(selector + EXT). */
export function requireDescriptor(p: Processor, selector: number, vector: number = VECTOR.GP, ext = 0): Descriptor {
  return findDescriptor(p, selector) ?? p.fault(vector, selectorError(selector, ext));
}

/** [SDM 3A, Figure 3-8] */
export const descriptorBase = (d: Descriptor): bigint => BigInt(((d.low >>> 16) | ((d.high & 0xff) << 16) | (d.high & 0xff00_0000)) >>> 0);

/** In bytes, granularity applied. */
export function descriptorLimit(d: Descriptor): number {
  const limit = (d.low & 0xffff) | (d.high & 0xf_0000);
  return (d.attributes & ATTRIBUTE_GRANULAR) !== 0 ? ((limit << 12) | 0xfff) >>> 0 : limit;
}

/** What loading a code or data segment puts into the register. */
export const segmentContents = (selector: number, d: Descriptor): SegmentContents => ({
  selector,
  base: descriptorBase(d),
  limit: descriptorLimit(d),
  attributes: d.attributes | ATTRIBUTE_ACCESSED,
});

/** What loading LDTR or TR puts there; long mode has 16-byte descriptors with a 64-bit base, whose upper type field must be zero. */
export function systemContents(p: Processor, selector: number, d: Descriptor, vector: number, ext = 0): SegmentContents {
  let base = descriptorBase(d);
  if (isLongMode(p)) {
    const address = descriptorAddress(p, selector, 16);
    if (address === undefined) return p.fault(vector, selectorError(selector, ext));
    const upper = p.readLinear(address + 8n, 8, true);
    if ((upper & 0x1f00_0000_0000n) !== 0n) return p.fault(vector, selectorError(selector, ext));
    base |= (upper & 0xffff_ffffn) << 32n;
    if (BigInt.asUintN(64, BigInt.asIntN(48, base)) !== base) return p.fault(vector, selectorError(selector, ext));
  }
  return { selector, base, limit: descriptorLimit(d), attributes: d.attributes };
}

/** A gate. `offset` has 16, 32 or 64 bits as the gate has. */
export interface Gate {
  readonly selector: number;
  readonly offset: bigint;
  /** Parameters that a call gate copies. */
  readonly count: number;
}

/** [SDM 3A, Figure 5-8, 5-9] Call gate; a long-mode one reads its second half. */
export function callGate(p: Processor, gateSelector: number, d: Descriptor): Gate {
  const selector = d.low >>> 16;
  let offset = BigInt(d.low & 0xffff);
  if (d.type !== TYPE.CALL_GATE_16) offset |= BigInt((d.high & 0xffff_0000) >>> 0);
  if (isLongMode(p)) {
    const address = descriptorAddress(p, gateSelector, 16);
    if (address === undefined) return p.fault(VECTOR.GP, selectorError(gateSelector));
    const upper = p.readLinear(address + 8n, 8, true);
    if ((upper & 0x1f00_0000_0000n) !== 0n) return p.fault(VECTOR.GP, selectorError(gateSelector));
    offset |= (upper & 0xffff_ffffn) << 32n;
  }
  return { selector, offset, count: d.high & 31 };
}

/** Sets the accessed flag in the table, if it is not set. The last thing before registers are written. */
export function markAccessed(p: Processor, d: Descriptor): void {
  if ((d.type & ATTRIBUTE_ACCESSED) === 0) writeType(p, d.address, d.attributes | ATTRIBUTE_ACCESSED);
}

/** Rewrites the byte that holds the type field of a descriptor. */
export function writeType(p: Processor, address: bigint, attributes: number): void {
  p.writeLinear(address + 5n, 1, BigInt(attributes & 0xff), true);
}

export const readSegment = (p: Processor, n: number): SegmentContents => ({
  selector: p.get('segmentSelector', n),
  base: p.get64('segmentBase', n),
  limit: p.get('segmentLimit', n),
  attributes: p.get('segmentAttributes', n),
});

/** Writes a segment register; `modeChanged` is the caller's. */
export function writeSegment(p: Processor, n: number, s: SegmentContents): void {
  p.set('segmentSelector', s.selector, n);
  p.set64('segmentBase', s.base, n);
  p.set('segmentLimit', s.limit, n);
  p.set('segmentAttributes', s.attributes, n);
}

/** A null selector in a register: unusable. */
export const nullContents = (selector: number): SegmentContents => ({ selector, base: 0n, limit: 0, attributes: 0 });
