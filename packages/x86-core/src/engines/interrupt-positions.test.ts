/**
 * Interrupts arrive at the same instruction whichever engine runs, and however time is cut into slices: deterministic mode rests on it.
 * [cpu.ts, head]
 */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, TestingCpu } from '../testing-cpu.ts';

const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/**
 * Some of everything that has boundaries: a string, a call, branches, straight code over a page's end, an instruction in two pages, ports.
 *   again: mov ecx, 9; mov edi, DATA; rep stosb; call sub; in al, 60h; test al, 1; jz skip; inc ebx; skip: jmp far_part
 *   sub: push eax; pop edx; ret      far_part (at the end of the page): add esi, 12345678h across the border; jmp again
 */
function program(m: TestingCpu): void {
  const farPart = CODE + 0xffc;
  const again = [
    ...[0xb9, ...little(9), 0xbf, ...little(DATA), 0xf3, 0xaa],
    ...[0xe8, ...little(14), 0xe4, 0x60, 0xa8, 0x01, 0x74, 0x01, 0x43, 0x41],
    ...[0xe9, ...little(farPart - (CODE + 30)), 0x90, 0x50, 0x5a, 0xc3],
  ];
  m.load([0x81, 0xc6, ...little(0x1234_5678), 0x01, 0xf0, 0xe9, ...little(CODE - (farPart + 13))], farPart);
  m.load(again);
  m.cpu.registers.rflags = 0x202n;
}

/** All of its code is translated before it runs. */
const translator = (): TestingCpu => new TestingCpu('protected32', 'translator', { hotAfter: 0, codeBytes: 2 ** 21 });

/** Raises INTR whenever the count of instructions has passed a multiple of `period`, as a timer that is looked at between slices. */
function runWithTimer(m: TestingCpu, period: number, total: number): string {
  program(m);
  let next = period;
  while (m.cpu.retired < total) {
    expect(m.cpu.run(next - Number(m.cpu.retired)).kind).toBe('budget');
    if (m.cpu.retired >= next) {
      m.cpu.intr.raise();
      next += period;
    }
  }
  return m.log.join('\n');
}

describe('interrupts are taken at the same place', () => {
  it.each([1, 2, 3, 7, 10, 13, 29, 97])('by all engines, every %i instructions', (period) => {
    const log = runWithTimer(new TestingCpu('protected32', 'reference'), period, 2000);
    expect(log.match(/vector/g)?.length).toBeGreaterThan(2000 / period / 20);
    expect(runWithTimer(new TestingCpu('protected32', 'interpreter'), period, 2000)).toBe(log);
    expect(runWithTimer(translator(), period, 2000)).toBe(log);
  });

  it('when the same slices are run again', () => {
    const once = runWithTimer(new TestingCpu('protected32', 'interpreter'), 23, 5000);
    expect(runWithTimer(new TestingCpu('protected32', 'interpreter'), 23, 5000)).toBe(once);
  });

  it('when a device raises them in the middle of a slice, or ends it', () => {
    const run = (m: TestingCpu, budget: number): string => {
      // again: inc eax; test al, 0fh; jnz again; out 80h, al; inc ebx; out 82h, al; mov ecx, 3; mov esi, DATA; rep lodsb; jmp again
      const code = [
        0x40,
        0xa8,
        0x0f,
        0x75,
        0xfb,
        0xe6,
        0x80,
        0x43,
        0xe6,
        0x82,
        0xb9,
        ...little(3),
        0xbe,
        ...little(DATA),
        0xf3,
        0xac,
        0xeb,
        0xe8,
      ];
      m.load(code);
      m.cpu.registers.rflags = 0x202n;
      while (m.cpu.retired < 3000) expect(m.cpu.run(budget).kind).toBe('budget');
      return m.log.slice(0, 100).join('\n');
    };
    const log = run(new TestingCpu('protected32', 'reference'), 1000);
    expect(log).toContain('vector');
    for (const budget of [1, 17, 1000]) {
      expect(run(new TestingCpu('protected32', 'interpreter'), budget)).toBe(log);
      expect(run(translator(), budget)).toBe(log);
      expect(run(new TestingCpu('protected32', 'reference'), budget)).toBe(log);
    }
  });
});
