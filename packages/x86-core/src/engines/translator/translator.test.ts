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
    const m = new TestingCpu('protected32', 'translator', { hotAfter: 100, codeBytes: 2 ** 21 });
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

  it('takes straight code after as many instructions as a loop', () => {
    const m = new TestingCpu('protected32', 'translator', { hotAfter: 2000, codeBytes: 2 ** 21 });
    // mov ecx, 200; again: 100 times inc eax; loop (dec ecx; jnz again); hlt
    m.load([0xb9, ...little(200), ...new Array<number>(100).fill(0x40), 0x49, 0x0f, 0x85, ...little(-107), HLT]);
    while (m.cpu.run(1000).kind === 'budget');
    expect(made(m).made).toBeGreaterThan(0);
    expect(m.cpu.statistics?.instructions?.translator).toBeGreaterThan(5000);
  });

  it('does not rely on TOP where code runs with more than one', () => {
    const run = (engine: 'reference' | 'translator'): unknown[] => {
      const m = new TestingCpu('protected32', engine, { hotAfter: engine === 'translator' ? 0 : 50, codeBytes: 2 ** 21 });
      // fninit; mov ecx, 2000; again: fld1; fadd st0, st0; fstp st1; dec ecx; test cl, 127; jnz skip; fincstp; skip: jecxz out; jmp again
      const body = [0xd9, 0xe8, 0xd8, 0xc0, 0xdd, 0xd9, 0x49, 0xf6, 0xc1, 0x7f, 0x75, 0x02, 0xd9, 0xf7, 0xe3, 0x02];
      m.load([0xdb, 0xe3, 0xb9, ...little(2000), ...body, 0xeb, -(body.length + 2) & 0xff, HLT]);
      while (m.cpu.run(777).kind === 'budget');
      return [m.cpu.retired, m.snapshot()];
    };
    expect(run('translator')).toEqual(run('reference'));
  });

  it('goes on behind system routines, and in the region that they lead to', () => {
    const m = new TestingCpu('protected32', 'translator', { hotAfter: 0, codeBytes: 2 ** 21 });
    // mov ecx, 1000; again: pushf; cli; popf; rdtsc; dec ecx; jnz again; hlt
    m.load([0xb9, ...little(1000), 0x9c, 0xfa, 0x9d, 0x0f, 0x31, 0x49, 0x75, 0xf8, HLT]);
    while (m.cpu.run(1_000_000).kind === 'budget');
    expect(m.cpu.registers.rcx & 0xffff_ffffn).toBe(0n);
    expect(m.cpu.statistics?.exits?.interpret ?? 0).toBeLessThan(1100);
  });
});
