import { describe, expect, it } from 'vitest';
import { TestingCpu } from '../testing-cpu.ts';

/** CMPXCHG EDX, EBP. */
const CMPXCHG = [0x0f, 0xb1, 0xea, 0xf4];

describe('[SDM 2A, "CMPXCHG"] A 32-bit register as destination', () => {
  it.each(['reference', 'interpreter'] as const)('is written, and zero-extended, only when equal (%s)', (engine) => {
    const machine = new TestingCpu('long', engine);
    const run = (rax: bigint): bigint[] => {
      machine.reset();
      machine.load(CMPXCHG);
      const r = machine.cpu.registers;
      Object.assign(r, { rax, rdx: 0xfbca_dd99_fbca_7654n, rbp: 0x1234_fdb5_1234_5678n });
      machine.cpu.run(10);
      return [r.rax, r.rdx];
    };
    expect(run(0xfffe_5631_fffe_fdfcn)).toEqual([0xfbca_7654n, 0xfbca_dd99_fbca_7654n]);
    expect(run(0xfffe_5631_fbca_7654n)).toEqual([0xfffe_5631_fbca_7654n, 0x1234_5678n]);
  });
});
