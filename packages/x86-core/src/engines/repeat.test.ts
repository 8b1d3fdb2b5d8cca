/**
 * REP MOVS and REP STOS, which the interpreter does page by page where it can: each stop of a run, each fault and all of memory are as with
 * one element at a time. [SDM 2B, "REP/REPE/REPZ/REPNE/REPNZ"]
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODE, RAM_SIZE, TestingCpu, type TestingMode } from '../testing-cpu.ts';

const HLT = 0xf4;
const OPERATIONS = {
  movsb: [0xa4],
  movsw: [0x66, 0xa5],
  movsd: [0xa5],
  movsq: [0x48, 0xa5],
  stosb: [0xaa],
  stosw: [0x66, 0xab],
  stosd: [0xab],
  stosq: [0x48, 0xab],
};
type Operation = keyof typeof OPERATIONS;

interface Case {
  readonly operation: Operation;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly value: bigint;
  readonly down: boolean;
  readonly budgets: readonly number[];
}

/** Data, a page that may only be read, an absent one; code with its stack and tables stays out of the way. */
const address = fc.oneof(fc.integer({ min: 0x9000, max: 0xcfff }), fc.constantFrom(0x9ff8, 0xa000, 0xaffc, 0xcff0, 0xcfff, 0xe000));
const cases = fc.record({
  operation: fc.constantFrom(...(Object.keys(OPERATIONS) as Operation[])),
  from: address,
  to: address,
  count: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 6000 })),
  value: fc.oneof(fc.constant(0n), fc.constant(0x1212_1212_1212_1212n), fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })),
  down: fc.boolean(),
  budgets: fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5000 })), { minLength: 1, maxLength: 6 }),
});

/** What a run leaves at each of its stops. */
function stops(m: TestingCpu, c: Case): unknown[] {
  m.reset();
  m.memory.ram.write(
    0x9000,
    Uint8Array.from({ length: 0x4000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff),
  );
  m.load([0x90, 0xf3, ...OPERATIONS[c.operation], HLT], CODE);
  const r = m.cpu.registers;
  r.rsi = BigInt(c.from);
  r.rdi = BigInt(c.to);
  r.rcx = BigInt(c.count);
  r.rax = c.value;
  r.rflags = c.down ? 0x402n : 2n;
  const seen: unknown[] = [];
  for (let i = 0; i < 40 && !m.cpu.halted; i++) {
    const stop = m.cpu.run(c.budgets[i % c.budgets.length] as number);
    seen.push(stop.kind, m.snapshot());
  }
  for (let i = 0; i < 10 && !m.cpu.halted; i++) m.cpu.run(10_000);
  const memory = new Uint8Array(RAM_SIZE);
  m.memory.ram.read(0, memory);
  return [...seen, m.snapshot(), memory];
}

describe('REP MOVS, REP STOS', () => {
  it.each(['segmented', 'protected32', 'long'] as const)('stop, fault and store alike in both engines, in mode %s', (mode: TestingMode) => {
    const reference = new TestingCpu(mode, 'reference');
    const interpreter = new TestingCpu(mode, 'interpreter');
    const retiredBefore = (m: TestingCpu): bigint => m.cpu.retired;
    const property = fc.property(cases, (c) => {
      // DEC eAX stands where 64-bit mode has REX.W.
      if (mode !== 'long' && c.operation.endsWith('q')) return;
      // Downwards from 9000H lie code and tables.
      const down = { ...c, count: c.count % 40, from: Math.max(c.from, 0x9200), to: Math.max(c.to, 0x9200) };
      const from = [retiredBefore(reference), retiredBefore(interpreter)] as const;
      const relative = (m: TestingCpu, start: bigint): unknown[] =>
        stops(m, c.down ? down : c).map((s) =>
          typeof s === 'object' && s !== null && 'retired' in s ? { ...s, retired: (s.retired as bigint) - start } : s,
        );
      expect(relative(interpreter, from[1])).toEqual(relative(reference, from[0]));
    });
    fc.assert(property, { numRuns: 120, seed: 20261122 });
  });
});
