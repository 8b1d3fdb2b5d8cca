/** What the translator does beside executing: merging, dying, bounds. That it executes rightly is for differential.test.ts. */
import { describe, expect, it } from 'vitest';
import { CODE, DEVICE_PAGE, TestingCpu } from '../../testing-cpu.ts';

const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const made = (m: TestingCpu): { alive: number; made: number; invalidations: number } => {
  const regions = m.cpu.statistics?.regions;
  if (regions === undefined) throw new Error('nothing is translated');
  return regions;
};
const HLT = 0xf4;

describe('The translator', () => {
  it('takes a loop when it is hot, and not before', () => {
    const m = new TestingCpu('protected32', 'translator', { hotAfter: 50, codeBytes: 2 ** 21 });
    // mov ecx, n; again: inc eax; loop again; hlt
    const loop = (n: number): number[] => [0xb9, ...little(n), 0x40, 0xe2, 0xfd, HLT];
    m.load(loop(40)).cpu.run(1000);
    expect(made(m).made).toBe(0);
    m.resume(CODE);
    m.load(loop(1000)).cpu.run(10_000);
    expect(made(m).made).toBe(1);
    expect(m.cpu.registers.rax & 0xffffn).toBe(1040n);
    expect(m.cpu.statistics?.instructions?.translator).toBeGreaterThan(1800);
  });

  it('lets a region die when its code is written, and stays bounded with code that is written all the time', () => {
    const m = new TestingCpu('protected32', 'translator', { hotAfter: 3, codeBytes: 2 ** 21 });
    // mov ecx, 2000; again: mov [patched + 1], cl; mov edx, 8; inner: patched: mov bl, 0; add eax, ebx; dec edx; jnz inner; loop again; hlt
    const patched = CODE + 5 + 6 + 5;
    m.load([
      ...[0xb9, ...little(2000), 0x88, 0x0d, ...little(patched + 1), 0xba, ...little(8)],
      ...[0xb3, 0, 0x01, 0xd8, 0x4a, 0x75, 0xf9, 0xe2, 0xec, HLT],
    ]);
    m.cpu.registers.rbx = 0n;
    while (m.cpu.run(1000).kind === 'budget');
    let sum = 0;
    for (let ecx = 2000; ecx > 0; ecx--) sum += 8 * (ecx & 0xff);
    expect(Number(m.cpu.registers.rax)).toBe(sum);
    expect(made(m).invalidations).toBeGreaterThan(0);
    // After that, writing is taken for this page's habit.
    expect(made(m).made).toBeLessThan(100);
    expect(made(m).alive).toBeLessThan(3);
  });

  it('puts what a loop calls indirectly into the loop’s region', () => {
    const m = new TestingCpu('protected32', 'translator', { hotAfter: 20, codeBytes: 2 ** 21 });
    const routine = CODE + 0x800;
    m.memory.ram.write(routine, Uint8Array.of(0x43, 0xc3));
    // mov ecx, 5000; mov edx, routine; again: call edx; dec ecx; jnz again; hlt
    m.load([0xb9, ...little(5000), 0xba, ...little(routine), 0xff, 0xd2, 0x49, 0x75, 0xfb, HLT]);
    m.cpu.registers.rbx = 0n;
    while (m.cpu.run(1000).kind === 'budget');
    expect(m.cpu.registers.rbx).toBe(5000n);
    expect(made(m).alive).toBe(1);
  });

  it('returns from the last byte of a page', () => {
    const m = new TestingCpu('protected32', 'translator', { hotAfter: 0, codeBytes: 2 ** 21 });
    const ret = CODE + 0xfff;
    m.memory.ram.write(ret, Uint8Array.of(0xc3));
    m.load([0xe8, ...little(ret - (CODE + 5)), 0x40, HLT]);
    const before = m.cpu.registers.rax;
    expect(m.cpu.run(100).kind).toBe('halt');
    expect(m.cpu.registers.rax).toBe(before + 1n);
  });

  it('counts right where it leaves a long block near its end', () => {
    const run = (engine: 'reference' | 'translator'): string => {
      const m = new TestingCpu('protected32', engine, { hotAfter: 0, codeBytes: 2 ** 21 });
      // 250 times inc eax, then a read from a device, which logs when it is read.
      m.load([...new Array<number>(250).fill(0x40), 0xa0, ...little(DEVICE_PAGE), HLT]);
      while (m.cpu.run(1000).kind === 'budget');
      return `${m.log.join()} ${m.cpu.retired}`;
    };
    expect(run('translator')).toBe(run('reference'));
  });
});
