/**
 * Fences on memory that other threads have, too: where generated code has them, and that shared memory changes nothing else. The other tests
 * of the engines run on such memory with PARAVIRT_SHARED_MEMORY=1.
 */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, TestingCpu } from '../testing-cpu.ts';
import { differences } from '../testing-differences.ts';
import { disassembleFunction } from '../wasm/disassemble.ts';

/** next: the instruction; jmp next */
const looped = (code: readonly number[]): number[] => [...code, 0xeb, 0x100 - code.length - 2];

/** Fences in the regions of a loop around the code. */
function fences(code: readonly number[], shared: boolean): number {
  const m = new TestingCpu('long', 'translator', { hotAfter: 0, observe: true, codeBytes: 2 ** 21, shared }).load(looped(code));
  m.cpu.registers.setField('gpr', BigInt(DATA), 6);
  m.cpu.run(100);
  const text = [...m.cpu.regions()].map(({ wasm }) => disassembleFunction(wasm)).join('');
  expect(text).not.toContain('unknown');
  return text.split('atomic.fence').length - 1;
}

const FENCING: readonly (readonly [string, readonly number[]])[] = [
  ['mfence', [0x0f, 0xae, 0xf0]],
  ['lfence', [0x0f, 0xae, 0xe8]],
  ['sfence', [0x0f, 0xae, 0xf8]],
  ['lock add [rsi], eax', [0xf0, 0x01, 0x06]],
  ['lock cmpxchg [rsi], ecx', [0xf0, 0x0f, 0xb1, 0x0e]],
  ['lock xadd [rsi], ecx', [0xf0, 0x0f, 0xc1, 0x0e]],
  ['xchg [rsi], eax', [0x87, 0x06]],
];

const PLAIN: readonly (readonly [string, readonly number[]])[] = [
  ['add [rsi], eax', [0x01, 0x06]],
  ['mov [rsi], eax', [0x89, 0x06]],
  ['xchg ecx, edx', [0x87, 0xca]],
];

describe('[SDM 3A, "Memory-Ordering Instructions"] on shared memory', () => {
  it.each(FENCING)('%s fences, only there', (_, code) => {
    expect(fences(code, true)).toBe(1);
    expect(fences(code, false)).toBe(0);
  });

  it.each(PLAIN)('%s does not', (_, code) => expect(fences(code, true)).toBe(0));

  it('IRET, being serializing, fences before it returns', () => {
    // push SS; push rsp; pushfq; push CS; push CODE; iretq
    const code = [0x6a, 0x10, 0x54, 0x9c, 0x6a, 0x08, 0x68, 0, 0x80, 0, 0, 0x48, 0xcf];
    expect(fences(code, true)).toBeGreaterThan(0);
    expect(fences(code, false)).toBe(0);
  });
});

describe('A CPU on shared memory', () => {
  const engines = ['interpreter', 'translator'] as const;

  it.each(engines)('does what the reference engine does with the %s', (engine) => {
    const code = looped([
      ...FENCING.flatMap(([, bytes]) => bytes),
      ...[0x0f, 0xa2], // cpuid
      ...PLAIN.flatMap(([, bytes]) => bytes),
    ]);
    const machines = (['reference', engine] as const).map((name) => {
      const m = new TestingCpu('long', name, { hotAfter: 0, codeBytes: 2 ** 21, shared: true }).load(code, CODE);
      m.cpu.registers.setField('gpr', BigInt(DATA), 6);
      expect(m.memory.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
      return m;
    });
    for (const budget of [1, 2, 3, 50, 1000]) {
      for (const { cpu } of machines) cpu.run(budget);
      expect(differences(machines[0] as TestingCpu, machines[1] as TestingCpu, `after ${budget}`)).toEqual([]);
    }
  });
});
