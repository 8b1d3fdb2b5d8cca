/**
 * Phrases of the common cases: the mode, RFLAGS, segment registers and descriptors. Widths of values are told by each phrase.
 */
import { RFLAGS_ALWAYS, RFLAGS_IF, RFLAGS_TF, SYSTEM_FLAGS } from '../../flags.ts';
import type { FlagName } from '../../semantics/language.ts';
import { SEGMENT_NUMBER } from '../../state.ts';
import type { SystemLanguage } from './language.ts';

export const RSP = 4;

/** Constant of width 32. */
export const word = <V>(x: SystemLanguage<V>, value: number): V => x.constant(value >>> 0, 32);

/** value & mask ≠ 0, width 32. */
export const anyOf = <V>(x: SystemLanguage<V>, value: V, mask: number): V => x.ne(x.and(value, word(x, mask), 32), word(x, 0), 32);

/** value & mask = wanted, width 32. */
export const matches = <V>(x: SystemLanguage<V>, value: V, mask: number, wanted: number): V =>
  x.eq(x.and(value, word(x, mask), 32), word(x, wanted), 32);

/** Gives up unless value & mask = wanted, width 32. */
export const require = <V>(x: SystemLanguage<V>, value: V, mask: number, wanted: number): void =>
  x.giveUpIf(x.ne(x.and(value, word(x, mask), 32), word(x, wanted), 32));

/** Gives up unless `condition` holds. */
export const requireThat = <V>(x: SystemLanguage<V>, condition: V): void => x.giveUpIf(x.eq(condition, x.constant(0, 8), 8));

/** Gives up unless `commonMode` is 32 or 64, or the one that is given. */
export function requireMode<V>(x: SystemLanguage<V>, mode?: 32 | 64): void {
  const is = x.state('commonMode').read();
  x.giveUpIf(mode === undefined ? x.eq(is, word(x, 0), 32) : x.ne(is, word(x, mode), 32));
}

/** Gives up unless CPL is 0. */
export const requireCpl0 = <V>(x: SystemLanguage<V>): void => x.giveUpIf(x.ne(x.state('cpl').read(), word(x, 0), 32));

/** The low doubleword of a 64-bit value. */
export const low = <V>(x: SystemLanguage<V>, value: V): V => x.truncate(value, 64, 32);
export const high = <V>(x: SystemLanguage<V>, value: V): V => x.truncate(x.shr(value, x.constant(32, 64), 64), 64, 32);
export const wide = <V>(x: SystemLanguage<V>, value: V): V => x.zeroExtend(value, 32, 64);

/** Gives up unless bits 63 to 47 of a 64-bit value are alike. */
export function requireCanonical<V>(x: SystemLanguage<V>, address: V): void {
  const top = x.bind(x.sar(address, x.constant(47, 64), 64));
  x.giveUpIf(x.ltUnsigned(x.constant(1, 64), x.add(top, x.constant(1, 64), 64), 64));
}

// RFLAGS

/** Status flags and their places in RFLAGS. */
const STATUS: readonly (readonly [Exclude<FlagName, 'DF'>, number])[] = [
  ['CF', 0],
  ['PF', 2],
  ['AF', 4],
  ['ZF', 6],
  ['SF', 7],
  ['OF', 11],
];

/** All of RFLAGS, width 32. */
export function readRflags<V>(x: SystemLanguage<V>): V {
  const placed = STATUS.map(([name, bit]) => x.shl(x.zeroExtend(x.flag(name), 8, 32), word(x, bit), 32));
  return x.bind(placed.reduce((sum, flag) => x.or(sum, flag, 32), x.state('eflags').read()));
}

/** RFLAGS ← a value of width 32 (bound), bits that do not exist left out. */
export function writeRflags<V>(x: SystemLanguage<V>, value: V): void {
  x.state('eflags').write(x.or(x.and(value, word(x, SYSTEM_FLAGS), 32), word(x, RFLAGS_ALWAYS), 32));
  const bit = (place: number): V => x.bind(x.truncate(x.and(x.shr(value, word(x, place), 32), word(x, 1), 32), 32, 8));
  x.setFlags(Object.fromEntries(STATUS.map(([name, place]) => [name, bit(place)])));
}

/** Gives up if with these flags (width 32, bound) a single step would follow, or an interrupt that waits would be let in. */
export function requireQuiet<V>(x: SystemLanguage<V>, flags: V): void {
  x.giveUpIf(anyOf(x, flags, RFLAGS_TF));
  x.giveUpIf(x.and(x.ne(x.state('attention').read(), word(x, 0), 32), anyOf(x, flags, RFLAGS_IF), 8));
}

/** Gives up when instructions are being stepped through: the trap behind this one is not for a common case to place. */
export const requireNoStep = <V>(x: SystemLanguage<V>): void => x.giveUpIf(anyOf(x, x.state('eflags').read(), RFLAGS_TF));

/** IOPL, width 32. */
export const ioPrivilege = <V>(x: SystemLanguage<V>): V => x.and(x.shr(x.state('eflags').read(), word(x, 12), 32), word(x, 3), 32);

// Segments

/** What a segment register holds, all of width 32 but `base` (64). Bound. */
export interface SegmentValues<V> {
  readonly selector: V;
  readonly base: V;
  readonly limit: V;
  readonly attributes: V;
}

export function writeSegment<V>(x: SystemLanguage<V>, n: number, s: SegmentValues<V>): void {
  x.state('segmentSelector', n).write(s.selector);
  x.state('segmentBase', n).write(s.base);
  x.state('segmentLimit', n).write(s.limit);
  x.state('segmentAttributes', n).write(s.attributes);
}

/** A flat segment of 4 GiB. */
export const flatValues = <V>(x: SystemLanguage<V>, selector: V, attributes: number): SegmentValues<V> => ({
  selector,
  base: x.constant(0, 64),
  limit: word(x, 0xffff_ffff),
  attributes: word(x, attributes),
});

/** A null selector in a register: unusable. */
export const nullValues = <V>(x: SystemLanguage<V>, selector: V): SegmentValues<V> => ({
  selector,
  base: x.constant(0, 64),
  limit: word(x, 0),
  attributes: word(x, 0),
});

/** A descriptor: its doublewords, bound. */
export interface DescriptorValues<V> {
  readonly low: V;
  readonly high: V;
}

/** Bits of the second doubleword. */
export const HIGH: Readonly<Record<HighBit, number>> = {
  ACCESSED: 1 << 8,
  WRITABLE: 1 << 9,
  CONFORMING: 1 << 10,
  EXPAND_DOWN: 1 << 10,
  CODE: 1 << 11,
  SEGMENT: 1 << 12,
  PRESENT: 1 << 15,
  LONG: 1 << 21,
  BIG: 1 << 22,
};
type HighBit = 'ACCESSED' | 'WRITABLE' | 'CONFORMING' | 'EXPAND_DOWN' | 'CODE' | 'SEGMENT' | 'PRESENT' | 'LONG' | 'BIG';

/** The descriptor of a selector (width 32, bound) that is not null and lies in the GDT; else gives up. [SDM 3A §3.5.1] */
export function globalDescriptor<V>(x: SystemLanguage<V>, selector: V): DescriptorValues<V> {
  const offset = x.bind(x.and(selector, word(x, 0xfff8), 32));
  x.giveUpIf(anyOf(x, selector, 4));
  x.giveUpIf(x.eq(offset, word(x, 0), 32));
  x.giveUpIf(x.ltUnsigned(x.state('gdtrLimit').read(), x.add(offset, word(x, 7), 32), 32));
  const image = x.memory(x.add(x.state('gdtrBase').read(), wide(x, offset), 64), 8, 'read', 'supervisor');
  return { low: image(0, 32).read(), high: image(4, 32).read() };
}

/** DPL of a descriptor, width 32. */
export const dplOf = <V>(x: SystemLanguage<V>, d: DescriptorValues<V>): V => x.bind(x.and(x.shr(d.high, word(x, 13), 32), word(x, 3), 32));

/** Base, width 64. [SDM 3A, Figure 3-8] */
export const baseOf = <V>(x: SystemLanguage<V>, d: DescriptorValues<V>): V =>
  wide(
    x,
    x.or(
      x.or(x.shr(d.low, word(x, 16), 32), x.shl(x.and(d.high, word(x, 0xff), 32), word(x, 16), 32), 32),
      x.and(d.high, word(x, 0xff00_0000), 32),
      32,
    ),
  );

/** In bytes, granularity applied. Width 32. */
export function limitOf<V>(x: SystemLanguage<V>, d: DescriptorValues<V>): V {
  const limit = x.bind(x.or(x.and(d.low, word(x, 0xffff), 32), x.and(d.high, word(x, 0xf_0000), 32), 32));
  const pages = x.or(x.shl(limit, word(x, 12), 32), word(x, 0xfff), 32);
  return x.select(anyOf(x, d.high, 1 << 23), pages, limit, 32);
}

/** What loading a code or data segment, whose accessed flag is set, puts into the register. */
export const segmentValues = <V>(x: SystemLanguage<V>, selector: V, d: DescriptorValues<V>): SegmentValues<V> => ({
  selector,
  base: x.bind(baseOf(x, d)),
  limit: x.bind(limitOf(x, d)),
  attributes: x.bind(x.and(x.shr(d.high, word(x, 8), 32), word(x, 0xf0ff), 32)),
});

/** Gives up unless the segment has base 0 and limit 4 GiB. */
export function requireFlat<V>(x: SystemLanguage<V>, d: DescriptorValues<V>): void {
  x.giveUpIf(x.ne(d.low, word(x, 0xffff), 32));
  // Base, G and the upper bits of the limit.
  require(x, d.high, 0xff8f_00ff, 0x008f_0000);
}

/**
 * Gives up unless the descriptor is a present, accessed, non-conforming code segment of the current common mode: 64-bit code, or flat
 * readable 32-bit code.
 */
export function requireCode<V>(x: SystemLanguage<V>, d: DescriptorValues<V>, mode: 32 | 64): void {
  const { ACCESSED, WRITABLE, CONFORMING, CODE, SEGMENT, PRESENT, LONG, BIG } = HIGH;
  const common = ACCESSED | CODE | SEGMENT | PRESENT;
  if (mode === 64) {
    require(x, d.high, common | CONFORMING | LONG | BIG, common | LONG);
    return;
  }
  // L is no bit of a descriptor outside of long mode, but a segment that has it is not a common one. The second bit: readable.
  require(x, d.high, common | CONFORMING | WRITABLE | LONG | BIG, common | WRITABLE | BIG);
  requireFlat(x, d);
}

/** Gives up unless the descriptor is a present, accessed, writable data segment; in mode 32 also a flat one with B set. */
export function requireStack<V>(x: SystemLanguage<V>, d: DescriptorValues<V>, mode: 32 | 64): void {
  const { ACCESSED, WRITABLE, EXPAND_DOWN, CODE, SEGMENT, PRESENT, BIG } = HIGH;
  const common = ACCESSED | WRITABLE | SEGMENT | PRESENT;
  if (mode === 64) {
    require(x, d.high, common | CODE, common);
    return;
  }
  require(x, d.high, common | CODE | EXPAND_DOWN | BIG, common | BIG);
  requireFlat(x, d);
}

/** Registers that a return to an outer privilege level makes null if that level may not use them. */
const DATA_REGISTERS = [SEGMENT_NUMBER.ES, SEGMENT_NUMBER.FS, SEGMENT_NUMBER.GS, SEGMENT_NUMBER.DS] as const;

/** Gives up if a data segment register holds what privilege 3 may not use. Conforming code is not looked for. */
export function requireOuterData<V>(x: SystemLanguage<V>): void {
  for (const n of DATA_REGISTERS) {
    const attributes = x.bind(x.state('segmentAttributes', n).read());
    // S set and DPL below 3; a null selector is another matter.
    const inner = x.and(anyOf(x, attributes, 1 << 4), x.ne(x.and(attributes, word(x, 3 << 5), 32), word(x, 3 << 5), 32), 8);
    x.giveUpIf(x.and(inner, anyOf(x, x.state('segmentSelector', n).read(), 0xfffc), 8));
  }
}

/** Null selectors lose their RPL. */
export function cutNullSelectors<V>(x: SystemLanguage<V>): void {
  for (const n of DATA_REGISTERS) {
    const selector = x.state('segmentSelector', n);
    const value = x.bind(selector.read());
    selector.write(x.select(anyOf(x, value, 0xfffc), value, word(x, 0), 32));
  }
}
