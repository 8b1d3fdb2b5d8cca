import { describe, expect, it } from 'vitest';
import type { EngineName } from './cpu.ts';
import { CODE, DATA, GDT, HANDLERS, IDT, STACK_TOP, TestingCpu, type TestingMode, TSS } from './testing-cpu.ts';

const IF = 0x202n;
const TF = 0x102n;
const OUT_INTR = [0xe6, 0x80];
const STI = 0xfb;
const HLT = 0xf4;
const INC_EAX = 0x40;
const MOV_SS_AX = [0x8e, 0xd0];

describe.each<EngineName>(['reference', 'interpreter'])('the %s', (engine) => {
  const machine = (code: readonly number[], mode: TestingMode = 'protected32'): TestingCpu => new TestingCpu(mode, engine).load(code);
  /** Interrupts and accesses with the count of instructions since the start. */
  const logOf = (m: TestingCpu): string[] => m.log.slice();

  describe('[SDM 3A §6.8.1] Masking Maskable Hardware Interrupts', () => {
    it('takes an interrupt after the instruction that lets it in', () => {
      const m = machine([...OUT_INTR, INC_EAX, HLT]);
      m.cpu.registers.rflags = IF;
      m.cpu.run(100);
      expect(logOf(m)).toEqual(['0 port 128 write 1 0', '1 vector 64']);
    });

    it('takes none while IF is clear', () => {
      const m = machine([...OUT_INTR, INC_EAX, HLT]);
      expect(m.cpu.run(100)).toEqual({ kind: 'halt' });
      expect(logOf(m)).toEqual(['0 port 128 write 1 0']);
      expect(m.cpu.run(100)).toEqual({ kind: 'halt' });
    });

    it('lets one more instruction complete after STI', () => {
      const m = machine([...OUT_INTR, STI, INC_EAX, INC_EAX, HLT]);
      m.cpu.run(100);
      expect(logOf(m)[1]).toBe('3 vector 64');
      expect(m.cpu.registers.rax).toBe(2n);
    });

    it('takes none between STI and CLI', () => {
      const m = machine([...OUT_INTR, STI, 0xfa, INC_EAX, HLT]);
      m.cpu.run(100);
      expect(logOf(m)).toHaveLength(1);
    });

    it('does not hold off again when STI follows STI', () => {
      const m = machine([...OUT_INTR, STI, STI, INC_EAX, HLT]);
      m.cpu.run(100);
      expect(logOf(m)[1]).toBe('3 vector 64');
    });
  });

  describe('[SDM 3A §6.8.3] Masking Exceptions and Interrupts When Switching Stacks', () => {
    it('takes no interrupt, no NMI and no single step between MOV SS and the next instruction', () => {
      const m = machine([...MOV_SS_AX, INC_EAX, HLT]);
      m.cpu.registers.rax = 0x10n;
      m.cpu.registers.rflags = IF;
      m.cpu.step();
      m.cpu.intr.raise();
      m.cpu.nmi();
      m.cpu.step();
      expect(m.cpu.registers.rax).toBe(0x11n);
      expect(m.cpu.registers.rip).toBe(BigInt(CODE + 3));
      m.cpu.step();
      // The NMI goes before the interrupt.
      expect(m.exception).toBe(2);
    });

    it('holds the trap of TF back, too', () => {
      const m = machine([...MOV_SS_AX, INC_EAX, INC_EAX, HLT]);
      m.cpu.registers.rax = 0x10n;
      m.cpu.registers.rflags = TF;
      m.cpu.run(100);
      expect(m.exception).toBe(1);
      expect(m.cpu.registers.rax).toBe(0x11n);
    });
  });

  describe('[SDM 3B §18.3.1.4] Single-Step Exception Condition', () => {
    it('traps behind the instruction, with DR6.BS and RIP of the next one', () => {
      const m = machine([INC_EAX, INC_EAX, HLT]);
      m.cpu.registers.rflags = TF;
      m.cpu.run(100);
      expect(m.exception).toBe(1);
      expect(m.cpu.registers.rax).toBe(1n);
      expect(m.cpu.registers.field('dr', 6) & 0x4000n).toBe(0x4000n);
      expect(m.memory.ram.readU32(STACK_TOP - 12)).toBe(CODE + 1);
    });

    it('traps after each iteration of a repeated instruction', () => {
      const m = machine([0xf3, 0xaa, HLT]);
      Object.assign(m.cpu.registers, { rcx: 5n, rdi: BigInt(DATA), rflags: TF });
      m.cpu.run(100);
      expect(m.cpu.registers.rcx).toBe(4n);
      expect(m.memory.ram.readU32(STACK_TOP - 12)).toBe(CODE);
    });

    it('traps behind the POPF that clears TF', () => {
      const m = machine([0x9d, INC_EAX, HLT]);
      Object.assign(m.cpu.registers, { rsp: BigInt(STACK_TOP - 4), rflags: TF });
      m.memory.ram.writeU32(STACK_TOP - 4, 2);
      m.cpu.run(100);
      expect([m.exception, m.cpu.registers.rax]).toEqual([1, 0n]);
      expect(m.memory.ram.readU32(STACK_TOP - 12)).toBe(CODE + 1);
    });

    it('traps not behind a software interrupt: its handler runs without TF', () => {
      const m = machine([0xcc, INC_EAX, HLT]);
      m.cpu.registers.rflags = TF;
      m.cpu.run(100);
      expect(m.exception).toBe(3);
      expect(m.memory.ram.readU32(STACK_TOP - 4) & 0x100).toBe(0x100);
    });

    it('starts with the instruction behind the POPF that sets TF', () => {
      const m = machine([0x9d, INC_EAX, INC_EAX, HLT]);
      m.cpu.registers.rsp = BigInt(STACK_TOP - 4);
      m.memory.ram.writeU32(STACK_TOP - 4, 0x102);
      m.cpu.run(100);
      expect(m.exception).toBe(1);
      expect(m.cpu.registers.rax).toBe(1n);
    });
  });

  describe('[SDM 2A, "HLT—Halt"]', () => {
    it('waits, without counting, until an interrupt comes, and goes on behind itself', () => {
      const m = machine([STI, HLT, INC_EAX, HLT]);
      expect(m.cpu.run(1000)).toEqual({ kind: 'halt' });
      expect(m.cpu.halted).toBe(true);
      const { retired } = m.cpu;
      expect(m.cpu.run(1000)).toEqual({ kind: 'halt' });
      expect(m.cpu.retired).toBe(retired);
      m.cpu.intr.raise();
      expect(m.cpu.run(1000)).toEqual({ kind: 'halt' });
      expect(logOf(m)).toEqual(['2 vector 64']);
      expect(m.cpu.registers.rax).toBe(1n);
      // IRET, INC, HLT.
      expect(m.cpu.retired - retired).toBe(3n);
    });

    it('is not ended by an interrupt that IF masks, but by an NMI', () => {
      const m = machine([HLT, INC_EAX, HLT]);
      m.cpu.run(10);
      m.cpu.intr.raise();
      expect(m.cpu.run(10)).toEqual({ kind: 'halt' });
      expect(m.exception).toBeUndefined();
      m.cpu.nmi();
      m.cpu.run(10);
      expect(m.exception).toBe(2);
    });

    it('halts after an STI in whose shadow it lies', () => {
      const m = machine([...OUT_INTR, STI, HLT, INC_EAX, HLT]);
      m.cpu.run(100);
      expect(logOf(m)[1]).toBe('3 vector 64');
      expect(m.cpu.registers.rax).toBe(1n);
    });
  });

  describe('[SDM 3A §6.7.1] Handling Multiple NMIs', () => {
    it('blocks NMIs until the next IRET', () => {
      const m = machine([INC_EAX, INC_EAX, INC_EAX, HLT]);
      m.memory.ram.write(HANDLERS + 32, Uint8Array.of(0x90, 0x90, 0xcf));
      const rips: number[] = [];
      m.cpu.nmi();
      for (let i = 0; i < 6; i++) {
        m.cpu.step();
        if (i === 0) m.cpu.nmi();
        rips.push(Number(m.cpu.registers.rip));
      }
      const handler = HANDLERS + 32;
      expect(rips).toEqual([handler + 1, handler + 2, CODE, handler + 1, handler + 2, CODE]);
    });
  });

  describe('run', () => {
    const LOOP = [INC_EAX, 0xeb, 0xfd];

    it('comes back at the first boundary at or after the budget', () => {
      const m = machine(LOOP);
      for (const budget of [2, 3, 1000, 1001]) {
        const before = m.cpu.retired;
        expect(m.cpu.run(budget)).toEqual({ kind: 'budget' });
        expect(m.cpu.retired - before).toBe(BigInt(budget + (budget % 2)));
      }
    });

    it('executes at least one instruction', () => {
      const m = machine(LOOP);
      m.cpu.run(0);
      expect(m.cpu.retired).toBe(2n);
    });

    it('reaches a boundary within a page where nothing jumps', () => {
      const m = machine(new Array<number>(0x1800).fill(0x90));
      m.cpu.run(10);
      expect(m.cpu.retired).toBe(0x1000n);
    });

    it('comes back after endSlice', () => {
      const m = machine([0xe6, 0x82, INC_EAX, HLT]);
      expect(m.cpu.run(1000)).toEqual({ kind: 'budget' });
      expect(m.cpu.retired).toBe(1n);
      expect(m.cpu.run(1000)).toEqual({ kind: 'halt' });
    });

    it('leaves a repeated instruction between iterations', () => {
      const m = machine([0xf3, 0xaa, HLT]);
      Object.assign(m.cpu.registers, { rcx: 100n, rdi: BigInt(DATA) });
      m.cpu.run(30);
      expect(m.cpu.registers.rcx).toBe(70n);
      expect(m.cpu.retired).toBe(30n);
      expect(m.cpu.run(1000)).toEqual({ kind: 'halt' });
      // The last iteration and HLT count as well.
      expect(m.cpu.retired).toBe(101n);
    });

    it('counts an instruction that faults not at all', () => {
      const m = machine([INC_EAX, 0x0f, 0x0b]);
      m.cpu.run(100);
      expect(m.exception).toBe(6);
      expect(m.cpu.retired).toBe(2n);
    });

    it('comes back also from a guest that does nothing but fault', () => {
      const UD2 = [0x0f, 0x0b];
      const m = machine(UD2, 'long');
      const { ram } = m.memory;
      // #UD on a stack of its own, where the handler raises it again.
      ram.writeU8(IDT + 16 * 6 + 4, 1);
      ram.writeU64(TSS + 36, BigInt(STACK_TOP));
      ram.write(HANDLERS + 16 * 6, Uint8Array.from(UD2));
      for (const budget of [1, 1000]) expect(m.cpu.run(budget)).toEqual({ kind: 'budget' });
      expect(m.cpu.retired).toBe(1001n);
    });

    it('ends with a triple fault when no handler can be entered, RIP at the instruction', () => {
      const m = machine([INC_EAX, 0x0f, 0x0b]);
      m.cpu.registers.idtr = { base: BigInt(IDT), limit: 0 };
      expect(m.cpu.run(100)).toEqual({ kind: 'shutdown', cause: 'triple-fault' });
      expect(m.cpu.registers.rip).toBe(BigInt(CODE + 1));
    });
  });

  describe('[SDM 3A §10.1.1] Processor State After Reset', () => {
    it('starts at FFFFFFF0h in real-address mode', () => {
      const m = machine([INC_EAX, HLT]);
      m.cpu.run(10);
      m.cpu.reset();
      expect(m.cpu.registers.rip).toBe(0xfff0n);
      expect(m.cpu.registers.segment('CS')).toEqual({ selector: 0xf000, base: 0xffff_0000n, limit: 0xffff, attributes: 0x9b });
      expect(m.cpu.halted).toBe(false);
      expect(m.cpu.registers.cr0 & 1n).toBe(0n);
    });
  });

  describe('unknownOpcodes', () => {
    // NOP; PSHUFB MM0, MM0 (SSSE3)
    const PROGRAM = [0x90, 0x0f, 0x38, 0x00, 0xc0];

    it('raise #UD', () => {
      const m = new TestingCpu('protected32', engine).load(PROGRAM);
      m.cpu.run(10);
      expect(m.exception).toBe(6);
    });

    it('end the run with their address and bytes where they shall', () => {
      const m = new TestingCpu('protected32', engine, { unknownOpcodes: 'stop' }).load(PROGRAM);
      const stop = { kind: 'unsupported', rip: BigInt(CODE + 1), bytes: Uint8Array.of(0x0f, 0x38, 0x00) };
      expect(m.cpu.run(10)).toEqual(stop);
      expect(m.cpu.registers.rip).toBe(BigInt(CODE + 1));
      expect(m.cpu.run(10)).toEqual(stop);
    });

    it('are not the bytes that are undefined on every processor', () => {
      const m = new TestingCpu('protected32', engine, { unknownOpcodes: 'stop' }).load([0x0f, 0x0b]);
      m.cpu.run(10);
      expect(m.exception).toBe(6);
    });
  });

  describe('saveState and restoreState', () => {
    /** Something of everything: flags, a string, a call, a far pointer, ports. */
    const PROGRAM = [
      0xb9, 0x40, 0, 0, 0, 0xbf, 0, 0xc0, 0, 0, 0xf3, 0xab, 0x05, 0x67, 0x45, 0x23, 0x01, 0xd1, 0xc0, 0x50, 0x9c, 0x5b, 0x01, 0xd8, 0xe6,
      0x90, 0x59, 0xeb, 0xe3,
    ];

    it('go on as if nothing had happened, on either engine', () => {
      const one = new TestingCpu('protected32', engine).load(PROGRAM);
      const other = new TestingCpu('protected32', engine === 'reference' ? 'interpreter' : 'reference').load([HLT]);
      one.cpu.run(777);
      const state = one.cpu.saveState();
      other.memory.ram.write(0, one.ram());
      other.cpu.restoreState(state);
      other.log.push(...one.log);
      one.cpu.run(555);
      other.cpu.run(555);
      expect(other.snapshot()).toEqual(one.snapshot());
      expect(other.ram()).toEqual(one.ram());
      // And back again.
      one.cpu.restoreState(state);
      expect(one.cpu.retired).toBe(state.retired);
    });
  });
});

describe('registers', () => {
  it('show hidden parts of segment registers as descriptors filled them', () => {
    const m = new TestingCpu('protected32', 'interpreter').load([...MOV_SS_AX, HLT]);
    m.cpu.registers.rax = 0x10n;
    m.cpu.run(10);
    expect(m.cpu.registers.segment('SS')).toEqual({ selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 });
    expect(m.cpu.registers.gdtr.base).toBe(BigInt(GDT));
  });
});
