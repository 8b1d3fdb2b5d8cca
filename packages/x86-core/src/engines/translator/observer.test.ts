import { describe, expect, it } from 'vitest';
import { CODE, TestingCpu } from '../../testing-cpu.ts';
import { disassembleFunction } from '../../wasm/disassemble.ts';
import type { RegionInfo } from './region-info.ts';

/** next: add eax, ecx; dec ecx; jnz next; mov ecx, 1000; jmp next */
const LOOP = [0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa, 0xb9, 0xe8, 0x03, 0, 0, 0xeb, 0xf3];

/** A CPU in 64-bit mode after a number of slices of the code at CODE, and its regions. */
function ran(code: readonly number[], slices: readonly number[], observe = true): { m: TestingCpu; regions: RegionInfo[] } {
  const m = new TestingCpu('long', 'translator', { hotAfter: 0, observe, codeBytes: 2 ** 21 }).load(code);
  for (const budget of slices) m.cpu.run(budget);
  return { m, regions: [...m.cpu.regions()] };
}

const executed = (regions: readonly RegionInfo[]): number => regions.reduce((sum, region) => sum + region.executed, 0);

describe('Cpu.regions', () => {
  it('gives the instructions of a region by their addresses', () => {
    const { regions } = ran(LOOP, [5000]);
    const [region] = regions.filter(({ address }) => address === BigInt(CODE));
    const at = (offset: number): string => `0x${(CODE + offset).toString(16)}`;
    expect(region?.mode).toBe(64);
    expect(region?.instructions.map(({ address, text }) => `0x${address.toString(16)} ${text}`)).toEqual([
      `${at(0)} add eax, ecx`,
      `${at(2)} dec ecx`,
      `${at(4)} jnz ${at(0)}`,
      `${at(6)} mov ecx, 0x3e8`,
      `${at(11)} jmp ${at(0)}`,
    ]);
    expect(region?.instructions.flatMap(({ bytes }) => [...bytes])).toEqual(LOOP);
  });

  it('gives WebAssembly in which registers, state and helpers have names', () => {
    // next: mov eax, [rsi]; add eax, ecx; jmp next
    const { regions } = ran([0x8b, 0x06, 0x01, 0xc8, 0xeb, 0xfa], [5000]);
    const { wasm, functionNames, localNames } = regions[0] as RegionInfo;
    const text = disassembleFunction(wasm, { functions: functionNames, locals: localNames });
    expect(text).toMatch(/^ {2}local /);
    expect(text).not.toContain('unknown');
    for (const name of ['local.get $gpr0', 'local.get $gpr6', 'local.get $entry', 'call $fillTlb']) expect(text).toContain(name);
  });

  it('tells which instruction every piece of the WebAssembly belongs to', () => {
    const { regions } = ran(LOOP, [5000]);
    const { wasm, origins, instructions } = regions.find(({ address }) => address === BigInt(CODE)) as RegionInfo;
    const lines = disassembleFunction(wasm, { origin: (offset) => origins.get(offset)?.toString(16) }).split('\n');
    const seen = lines.flatMap((line) => /^ +; (.*)/.exec(line)?.[1] ?? []);
    expect(seen).toEqual(instructions.map(({ address }) => address.toString(16)));
  });

  it('counts entries, and every instruction that retires in translated code', () => {
    const slices = [100, 1, 2, 3, 5000, 7, 12_345];
    const { m, regions } = ran(LOOP, slices);
    expect(regions.reduce((sum, { entries }) => sum + entries, 0)).toBeGreaterThanOrEqual(slices.length);
    expect(executed(regions)).toBe(m.cpu.statistics?.instructions?.translator);
    expect(executed(regions)).toBeGreaterThan(17_000);
  });

  it('counts in each of the regions that execution goes through', () => {
    // Sixteen pages would be too many for one region: add eax, ecx; jmp to the next page, and from the last one back to the first.
    const m = new TestingCpu('protected32', 'translator', { hotAfter: 0, observe: true, codeBytes: 2 ** 22, upperRam: 2 ** 20 });
    m.cpu.registers.cr0 = 0x1_0033n; // no paging
    const pages = 16;
    for (let page = 0; page < pages; page++) {
      const distance = (page === pages - 1 ? -(pages - 1) * 0x1000 : 0x1000) - 7;
      const rel = [0, 8, 16, 24].map((bits) => (distance >> bits) & 0xff);
      m.memory.ram.write(0x10_0000 + page * 0x1000, Uint8Array.of(0x01, 0xc8, 0xe9, ...rel));
    }
    m.cpu.registers.rip = 0x10_0000n;
    const run = (slices: number): readonly [readonly RegionInfo[], number] => {
      for (let i = 0; i < slices; i++) m.cpu.run(1000);
      return [[...m.cpu.regions()], m.cpu.statistics?.instructions?.translator ?? Number.NaN];
    };
    // Regions take over from each other in the beginning, and what they had counted goes with them.
    const [first, before] = run(5);
    const [regions, after] = run(20);
    expect(regions.map(({ address }) => address)).toEqual(first.map(({ address }) => address));
    expect(regions.length).toBeGreaterThan(1);
    expect(executed(regions) - executed(first)).toBe(after - before);
    for (const region of regions) expect(region.executed).toBeGreaterThan(1000);
  });

  it('changes nothing that the guest can see', () => {
    const [watched, alone] = [ran(LOOP, [3000, 40, 500]).m, ran(LOOP, [3000, 40, 500], false).m];
    expect(watched.cpu.saveState()).toEqual(alone.cpu.saveState());
  });

  it('has nothing to give unless it was asked to observe', () => {
    expect(ran(LOOP, [5000], false).regions).toEqual([]);
    expect([...new TestingCpu('long', 'interpreter', { observe: true }).cpu.regions()]).toEqual([]);
  });

  it('forgets a region whose code is written', () => {
    const { m, regions } = ran(LOOP, [5000]);
    expect(regions).not.toEqual([]);
    m.memory.ram.write(CODE, Uint8Array.of(0xf4));
    expect([...m.cpu.regions()]).toEqual([]);
  });
});
