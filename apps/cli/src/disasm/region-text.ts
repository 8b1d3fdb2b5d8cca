/** Translated regions as text: what they are, which of them to show, their x86, their WebAssembly. */
import { disassembleFunction, type RegionInfo, stateName } from '@paravirt/x86-core';
import { addressDigits, listingLines } from './listing-text.ts';

/** The hottest first, at most `count`. */
export function hottest(regions: Iterable<RegionInfo>, count: number): readonly RegionInfo[] {
  return [...regions].sort((a, b) => b.executed - a.executed).slice(0, count);
}

/** Those that hold the instruction at a linear address, or a byte of it; the hottest first. */
export function holding(regions: Iterable<RegionInfo>, address: bigint): readonly RegionInfo[] {
  const all = [...regions];
  const holds = (region: RegionInfo): boolean =>
    region.instructions.some((i) => address >= i.address && address < i.address + BigInt(i.bytes.length));
  return hottest(all.filter(holds), all.length);
}

/** Head, x86 and WebAssembly of one region. */
export function regionText(region: RegionInfo): string {
  const { address, mode, instructions, wasm, origins, entries, executed, functionNames, localNames } = region;
  const texts = new Map(instructions.map((i) => [i.address, `${i.address.toString(16).padStart(addressDigits(mode), '0')}  ${i.text}`]));
  const origin = (offset: number): string | undefined => texts.get(origins.get(offset) ?? -1n);
  const count = (n: number, one: string, many: string): string => `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
  const head = [
    `region 0x${address.toString(16)}`,
    `${mode}-bit code`,
    count(instructions.length, 'instruction', 'instructions'),
    count(entries, 'entry', 'entries'),
    count(executed, 'instruction executed', 'instructions executed'),
    count(wasm.length, 'byte of WebAssembly', 'bytes of WebAssembly'),
  ];
  return [
    head.join(', '),
    '',
    'x86',
    ...[...listingLines(instructions, addressDigits(mode))].map((line) => `  ${line}`),
    '',
    'WebAssembly',
    disassembleFunction(wasm, { place: stateName, origin, functions: functionNames, locals: localNames }),
  ].join('\n');
}
