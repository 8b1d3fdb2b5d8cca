/** Shifts where the manual leaves the result undefined and the recorded vectors say nothing. */
import { describe, expect, it } from 'vitest';
import { CODE, TestingCpu } from '../testing-cpu.ts';

/** SHLD AX, DX, CL and SHRD AX, DX, CL. */
const SHLD = [0x66, 0x0f, 0xa5, 0xd0, 0xf4];
const SHRD = [0x66, 0x0f, 0xad, 0xd0, 0xf4];

/** AX for every count. */
function results(machine: TestingCpu, code: readonly number[], dest: number, src: number): number[] {
  const { cpu } = machine;
  machine.reset();
  machine.load(code);
  return Array.from({ length: 64 }, (_, count) => {
    const r = cpu.registers;
    r.setField('halted', 0n);
    r.rip = BigInt(CODE);
    r.rax = BigInt(dest);
    r.rcx = BigInt(count);
    r.rdx = BigInt(src);
    cpu.run(10);
    return Number(r.rax);
  });
}

describe('[SDM 2B, "SHLD", "SHRD"] 16-bit operands', () => {
  it.each(['reference', 'interpreter'] as const)('bring SRC in again with counts above 16 (%s)', (engine) => {
    const machine = new TestingCpu('long', engine);
    for (const [dest, src] of [
      [0x5678, 0x3d34],
      [0x8001, 0x7ffe],
      [0xfff0, 0x0001],
    ] as const) {
      const up = (BigInt(dest) << 32n) | (BigInt(src) << 16n) | BigInt(src);
      const down = (BigInt(src) << 32n) | (BigInt(src) << 16n) | BigInt(dest);
      const counts = Array.from({ length: 64 }, (_, count) => BigInt(count % 32));
      expect(results(machine, SHLD, dest, src)).toEqual(counts.map((count) => Number(((up << count) >> 32n) & 0xffffn)));
      expect(results(machine, SHRD, dest, src)).toEqual(counts.map((count) => Number((down >> count) & 0xffffn)));
    }
  });
});
