import { describe, expect, it } from 'vitest';
import type { EngineName } from '../cpu.ts';
import type { HypercallHandler, HypercallState } from '../environment.ts';
import { CODE, DATA, TestingCpu, type TestingMode } from '../testing-cpu.ts';
import { differences } from '../testing-differences.ts';
import { TestingProcessor } from '../testing-processor.ts';
import { cpuid } from './index.ts';

const VMCALL = [0x0f, 0x01, 0xc1];
const VMMCALL = [0x0f, 0x01, 0xd9];
const HLT = 0xf4;
const LOCK = 0xf0;
const UD = 6;
const ENGINES: readonly EngineName[] = ['reference', 'interpreter', 'translator'];

/** RAX ← RBX + RCX + RDX + RSI, told of each call. */
class Adder implements HypercallHandler {
  readonly calls: Pick<HypercallState, 'rax' | 'cpl' | 'bits'>[] = [];

  call(s: HypercallState): void {
    this.calls.push({ rax: s.rax, cpl: s.cpl, bits: s.bits });
    s.rax = s.rbx + s.rcx + s.rdx + s.rsi;
  }
}

describe.each(ENGINES)('[SDM 3C, "VMCALL"; APM 3, "VMMCALL"] on the %s', (engine) => {
  const machine = (mode: TestingMode, hypercalls: HypercallHandler | undefined, cpl: 0 | 3 = 0): TestingCpu =>
    new TestingCpu(mode, engine, { cpl, hotAfter: 0, codeBytes: 2 ** 21, ...(hypercalls && { hypercalls }) });

  it.each(['real', 'protected16', 'protected32', 'long'] as const)('are #UD in mode %s where nobody answers', (mode) => {
    for (const code of [VMCALL, VMMCALL]) {
      const m = machine(mode, undefined).load([...code, HLT]);
      m.cpu.run(10);
      expect(m.exception).toBe(UD);
    }
  });

  it('take LOCK as no other instruction without a memory operand does', () => {
    const m = machine('long', new Adder()).load([LOCK, ...VMCALL]);
    m.cpu.run(10);
    expect(m.exception).toBe(UD);
  });

  it('show 64-bit code whole registers', () => {
    const adder = new Adder();
    const m = machine('long', adder).load([...VMCALL, HLT]);
    const r = m.cpu.registers;
    [r.rax, r.rbx, r.rcx, r.rdx, r.rsi] = [2n ** 40n, 2n ** 63n, 1n, 2n, 3n];
    expect(m.cpu.run(10)).toEqual({ kind: 'halt' });
    expect(adder.calls).toEqual([{ rax: 2n ** 40n, cpl: 0, bits: 64 }]);
    expect(r.rax).toBe(2n ** 63n + 6n);
    expect(r.rip).toBe(BigInt(CODE + 4));
  });

  it('show other code the low halves, and clear the upper half of what is written', () => {
    const adder = new Adder();
    const m = machine('protected32', adder).load([...VMMCALL, HLT]);
    const r = m.cpu.registers;
    [r.rax, r.rbx, r.rcx, r.rdx, r.rsi] = [7n, 0xffff_ffffn, 0xffff_ffffn, 0n, 1n];
    m.cpu.run(10);
    expect(adder.calls).toEqual([{ rax: 7n, cpl: 0, bits: 32 }]);
    expect(r.rax).toBe(0xffff_ffffn);
  });

  it('reach the handler from privilege level 3, which it is told', () => {
    const adder = new Adder();
    const m = machine('long', adder, 3).load([...VMCALL, 0x0f, 0x0b]);
    m.cpu.run(10);
    expect(adder.calls.map(({ cpl }) => cpl)).toEqual([3]);
    expect(m.exception).toBe(UD);
  });

  it('see memory that the handler writes at the next instruction, code as well', () => {
    const m: TestingCpu = machine('protected32', {
      call: () => m.memory.ram.write(CODE + 3, Uint8Array.of(0xb0, 0x55)),
    }).load([...VMCALL, 0xb0, 0x11, HLT]);
    m.cpu.run(10);
    expect(m.cpu.registers.rax).toBe(0x55n);
  });

  it('take an interrupt that the handler raises behind the instruction', () => {
    const m: TestingCpu = machine('long', { call: () => m.cpu.intr.raise() }).load([...VMCALL, 0xff, 0xc3, HLT]);
    m.cpu.registers.rflags = 0x202n;
    m.cpu.run(10);
    expect(m.log).toEqual(['1 vector 64']);
    expect(m.cpu.registers.rbx).toBe(1n);
  });

  it('do in a loop what the reference engine does', () => {
    // MOV ECX, 500; again: LEA EBX, [RCX+RBX]; VMCALL; MOV [DATA+RCX*4], EAX; VMMCALL; ADD ESI, EAX; DEC ECX; JNZ again; HLT
    const d = [DATA & 0xff, DATA >> 8, 0, 0];
    const body = [0x8d, 0x1c, 0x19, ...VMCALL, 0x89, 0x04, 0x8d, ...d, ...VMMCALL, 0x01, 0xc6, 0xff, 0xc9];
    const code = [0xb9, 0xf4, 1, 0, 0, ...body, 0x75, 256 - body.length - 2, HLT];
    const other = new TestingCpu('protected32', 'reference', { hypercalls: new Adder() }).load(code);
    const m = machine('protected32', new Adder()).load(code);
    for (let i = 0; i < 10; i++) {
      const stops = [other.cpu.run(700), m.cpu.run(700)];
      expect(stops[1]).toEqual(stops[0]);
      expect(differences(other, m, `after ${i}`)).toEqual([]);
    }
    expect(m.cpu.halted).toBe(true);
  });
});

describe('[SDM 2A, "CPUID"] Leaves 40000000H to 4000FFFFH', () => {
  const leaf = (p: TestingProcessor, n: number, subleaf = 0): number[] => {
    p.try(cpuid, n, subleaf);
    return [0, 3, 1, 2].map((i) => Number(p.get64('gpr', i)));
  };

  it('are what the hypercall handler says, and else what the CPU says', () => {
    const asked: [number, number][] = [];
    const p = new TestingProcessor({
      hypercalls: {
        call: () => undefined,
        cpuid: (n, subleaf) => {
          asked.push([n, subleaf]);
          return n === 0x4000_0100 ? [1, 2, 3, 0xffff_ffff] : undefined;
        },
      },
    });
    const plain = new TestingProcessor();
    expect(leaf(p, 0x4000_0100, 9)).toEqual([1, 2, 3, 0xffff_ffff]);
    for (const n of [0, 1, 0x4000_0000, 0x4000_ffff, 0x4001_0000, 0x8000_0000]) expect(leaf(p, n)).toEqual(leaf(plain, n));
    expect(asked).toEqual([
      [0x4000_0100, 9],
      [0x4000_0000, 0],
      [0x4000_ffff, 0],
    ]);
  });
});
