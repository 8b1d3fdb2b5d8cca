import { describe, expect, it } from 'vitest';
import { VECTOR } from '../fault.ts';
import {
  CODE_0,
  CODE_3,
  CONFORMING,
  DATA_0,
  DATA_3,
  FREE,
  GDT,
  IDT,
  TestingProcessor,
  TSS,
  TSS_2,
  TSS_2_SELECTOR,
} from '../testing-processor.ts';
import { escalate } from './exception.ts';
import { breakpointTrap, enterException, enterFault, interruptReturn, softwareInterrupt } from './index.ts';
import { deliver } from './interrupt.ts';

const IF = 0x202n;

describe('[SDM 2A, "INT n"] REAL-ADDRESS-MODE', () => {
  it('pushes FLAGS, CS, IP and clears IF; IRET brings them back', () => {
    const p = new TestingProcessor();
    p.set64('idtrBase', 0n);
    p.segment(1, 0x100, 0x9b, 0xffff, 0x1000n);
    p.segment(2, 0x200, 0x93, 0xffff, 0x2000n);
    p.modeChanged();
    p.set64('gpr', 0x100n, 4);
    p.set64('rip', 0x1234n);
    p.rflags = 0x303n;
    p.u32(0x21 * 4, 0x0300_0040);
    softwareInterrupt.run(p, 0x21n);
    expect([p.selector(1), p.rip, p.get64('segmentBase', 1)]).toEqual([0x300, 0x40n, 0x3000n]);
    expect(p.stack(3, 2)).toEqual([0x1234, 0x100, 0x303]);
    expect(p.rflags).toBe(3n);
    interruptReturn.run(p, 16n);
    expect([p.selector(1), p.rip, p.rsp, p.rflags]).toEqual([0x100, 0x1234n, 0x100n, 0x303n]);
  });
});

describe('[SDM 2A, "INT n"] PROTECTED-MODE', () => {
  it('stays on the stack at the same privilege and pushes an error code', () => {
    const p = new TestingProcessor().protectedMode();
    p.rflags = IF;
    p.gate(IDT + 14 * 8, CODE_0, 0x1_2345, 0x8e);
    deliver(p, VECTOR.PF, { errorCode: 2 });
    expect(p.stack(4, 4)).toEqual([2, 0x5000, CODE_0, 0x1_0202]);
    expect([p.rip, p.rsp, p.rflags]).toEqual([0x1_2345n, 0x7ff0n, 2n]);
  });

  it('takes SS:ESP of an inner level from the TSS; IRET returns to the outer level and drops inner data segments', () => {
    const p = new TestingProcessor().protectedMode(3);
    p.rflags = IF;
    p.gate(IDT + 0x80 * 8, CODE_0, 0x6000, 0xef);
    softwareInterrupt.run(p, 0x80n);
    expect([p.get('cpl'), p.selector(1), p.selector(2), p.rsp]).toEqual([0, CODE_0, DATA_0, 0x8fecn]);
    expect(p.stack(5, 4)).toEqual([0x5000, CODE_3 | 3, 0x202, 0x8000, DATA_3 | 3]);
    expect(p.rflags).toBe(IF);
    p.segment(3, DATA_0, 0xc093);
    interruptReturn.run(p, 32n);
    expect([p.get('cpl'), p.selector(1), p.selector(2), p.rsp, p.rip]).toEqual([3, CODE_3 | 3, DATA_3 | 3, 0x8000n, 0x5000n]);
    expect([p.selector(3), p.get('segmentAttributes', 3), p.selector(0)]).toEqual([0, 0, DATA_3 | 3]);
    expect(p.user).toBe(true);
  });

  it('IRET to an outer level clears the RPL of null selectors and keeps the bases of FS and GS', () => {
    const p = new TestingProcessor().longMode(3);
    p.gate(IDT + 0x80 * 16, CODE_0, 0x6000, 0xee);
    p.segment(3, 3, 0, 0);
    p.segment(4, 2, 0, 0, 0x7f00_1234_5000n);
    softwareInterrupt.run(p, 0x80n);
    expect([p.selector(3), p.selector(4)]).toEqual([3, 2]);
    interruptReturn.run(p, 64n);
    expect([p.get('cpl'), p.selector(3), p.selector(4), p.selector(0)]).toEqual([3, 0, 0, DATA_3 | 3]);
    expect(p.get64('segmentBase', 4)).toBe(0x7f00_1234_5000n);
  });

  it('stays at the privilege for a handler in a conforming segment', () => {
    const p = new TestingProcessor().protectedMode(3);
    p.gate(IDT + 0x80 * 8, CONFORMING, 0x6000, 0xef);
    softwareInterrupt.run(p, 0x80n);
    expect([p.get('cpl'), p.selector(1), p.rsp]).toEqual([3, CONFORMING | 3, 0x7ff4n]);
  });

  it.each([
    ['gate DPL below CPL for INT n', 0x8e, CODE_0, [13, 0x402]],
    ['gate not present', 0x6f, CODE_0, [11, 0x402]],
    ['no gate at all', 0xe9, CODE_0, [13, 0x402]],
    ['null selector', 0xee, 0, [13, 0]],
    ['data segment', 0xee, DATA_0, [13, DATA_0]],
    ['selector beyond the GDT', 0xee, 0xff8 + 8, [13, 0x1000]],
  ] as const)('faults with nothing written: %s', (_, access, selector, fault) => {
    const p = new TestingProcessor().protectedMode(3);
    p.gate(IDT + 0x80 * 8, selector, 0x6000, access);
    expect(p.try(softwareInterrupt, 0x80)).toEqual(fault);
    expect([p.rip, p.rsp, p.get('cpl')]).toEqual([0x5000n, 0x8000n, 3]);
  });

  it('faults with #TS for a wrong inner stack and #SS where it has no room', () => {
    const p = new TestingProcessor().protectedMode(3);
    p.gate(IDT + 0x80 * 8, CODE_0, 0x6000, 0xee);
    p.u32(TSS + 8, DATA_3);
    expect(p.try(softwareInterrupt, 0x80)).toEqual([VECTOR.TS, DATA_3]);
    p.descriptor(FREE, 0, 0xf, 0xc097);
    p.u32(TSS + 8, FREE);
    expect(p.try(softwareInterrupt, 0x80)).toEqual([VECTOR.SS, FREE]);
    p.u32(TSS + 8, 0);
    expect(p.faultOf(() => deliver(p, 0x80, { external: true }))).toEqual([VECTOR.TS, 1]);
  });

  it('goes out of virtual-8086 mode and back, with the segments on the stack', () => {
    const p = new TestingProcessor().protectedMode();
    p.gate(IDT + 13 * 8, CODE_0, 0x6000, 0x8e);
    p.pushAll(4, 0x60, 0x50, 0x40, 0x30, 0x20, 0x100, 0x2_3202, 0x10, 0x77);
    interruptReturn.run(p, 32n);
    expect([0, 1, 2, 3, 4, 5].map((n) => p.selector(n))).toEqual([0x30, 0x10, 0x20, 0x40, 0x50, 0x60]);
    expect([p.get('cpl'), p.rip, p.rsp, p.get('segmentLimit', 1)]).toEqual([3, 0x77n, 0x100n, 0xffff]);
    deliver(p, 13, { errorCode: 0 });
    expect(p.stack(10, 4)).toEqual([0, 0x77, 0x10, 0x3_3202, 0x100, 0x20, 0x30, 0x40, 0x50, 0x60]);
    expect([p.get('cpl'), p.selector(3), p.get('segmentAttributes', 3), p.rflags & 0x2_0000n]).toEqual([0, 0, 0, 0n]);
  });

  it('asks for IOPL 3 for INT n in virtual-8086 mode, not for INT3', () => {
    const p = new TestingProcessor().protectedMode();
    p.gate(IDT + 3 * 8, CODE_0, 0x6000, 0xee);
    p.pushAll(4, 0, 0, 0, 0, 0, 0x100, 0x2_0202, 0x10, 0x77);
    interruptReturn.run(p, 32n);
    expect(p.try(softwareInterrupt, 3)).toEqual([13, 0]);
    expect(p.try(breakpointTrap)).toBeUndefined();
    expect(p.get('cpl')).toBe(0);
  });
});

describe('[SDM 3A §6.14] Exception and interrupt handling in 64-bit mode', () => {
  const gate = (p: TestingProcessor, vector: number, ist: number, access = 0x8e): void => {
    p.gate(IDT + vector * 16, CODE_0, 0x6000, access, ist);
    p.u64(IDT + vector * 16 + 8, 0xffff_8000n);
  };

  it('pushes SS:RSP always, aligns the stack, and takes the IST', () => {
    const p = new TestingProcessor().longMode();
    p.set64('gpr', 0x7ffdn, 4);
    gate(p, 14, 0);
    deliver(p, 14, { errorCode: 9 });
    expect(p.rip).toBe(0xffff_8000_0000_6000n);
    expect(p.rsp).toBe(0x7fc0n);
    expect(p.stack(6, 8)).toEqual([9, 0x5000, CODE_0, 0x1_0002, 0x7ffd, DATA_0]);
    gate(p, 8, 1);
    deliver(p, 8, { errorCode: 0 });
    expect(p.rsp).toBe(0xa000n - 48n);
  });

  it('loads a null SS on the way in; IRETQ goes back out', () => {
    const p = new TestingProcessor().longMode(3);
    gate(p, 0x80, 0, 0xee);
    softwareInterrupt.run(p, 0x80n);
    expect([p.get('cpl'), p.selector(2), p.get('segmentAttributes', 2), p.rsp]).toEqual([0, 0, 0, 0x8fd8n]);
    gate(p, 0x20, 0);
    deliver(p, 0x20, { external: true });
    expect(p.stack(5, 8).slice(4)).toEqual([0]);
    interruptReturn.run(p, 64n);
    expect([p.get('cpl'), p.selector(2), p.rsp]).toEqual([0, 0, 0x8fd8n]);
    interruptReturn.run(p, 64n);
    expect([p.get('cpl'), p.selector(1), p.selector(2), p.rsp, p.rip]).toEqual([3, CODE_3 | 3, DATA_3 | 3, 0x8000n, 0x5000n]);
  });

  it('faults for a 32-bit code segment behind the gate and a non-canonical return', () => {
    const p = new TestingProcessor().longMode();
    gate(p, 0x20, 0);
    p.descriptor(CODE_0, 0, 0xf_ffff, 0xc09b);
    expect(p.faultOf(() => deliver(p, 0x20, { external: true }))).toEqual([13, CODE_0 | 1]);
    p.descriptor(CODE_0, 0, 0xf_ffff, 0xa09b);
    p.pushAll(8, DATA_0, 0x7000, 2, CODE_0, 0x8000_0000_0000n);
    expect(p.try(interruptReturn, 64)).toEqual([13, 0]);
  });
});

describe('[SDM 3A §6.15] Double fault', () => {
  it('follows Table 6-5', () => {
    expect(escalate(VECTOR.GP, VECTOR.NP)).toBe('double');
    expect(escalate(VECTOR.GP, VECTOR.PF)).toBe('serial');
    expect(escalate(VECTOR.PF, VECTOR.PF)).toBe('double');
    expect(escalate(VECTOR.PF, VECTOR.GP)).toBe('double');
    expect(escalate(VECTOR.UD, VECTOR.GP)).toBe('serial');
    expect(escalate(VECTOR.DF, VECTOR.PF)).toBe('triple');
  });

  it('is delivered when a handler cannot be reached, and a third fault shuts down', () => {
    const p = new TestingProcessor().protectedMode();
    p.gate(IDT + 8 * 8, CODE_0, 0x6000, 0x8e);
    p.faultOf(() => p.fault(VECTOR.GP, 0x10));
    enterFault(p);
    expect([p.rip, p.stack(2, 4)]).toEqual([0x6000n, [0, 0x4ffe]]);
    expect(p.stops).toEqual([]);
    p.set('idtrLimit', 0);
    enterException(p, VECTOR.GP, { errorCode: 0 });
    expect(p.stops).toEqual([{ kind: 'shutdown', cause: 'triple-fault' }]);
  });
});

describe('[SDM 3A §8.3] Task switching', () => {
  /** A second task: EIP 0x7000, ESP 0x7800, its LDT null. */
  function secondTask(p: TestingProcessor): void {
    p.descriptor(TSS_2_SELECTOR, TSS_2, 0x67, 0x89);
    p.u32(TSS_2 + 0x20, 0x7000);
    p.u32(TSS_2 + 0x24, 0x202);
    p.u32(TSS_2 + 0x28, 0xaaaa);
    p.u32(TSS_2 + 0x38, 0x7800);
    for (const [offset, selector] of [
      [0x48, DATA_0],
      [0x4c, CODE_0],
      [0x50, DATA_0],
      [0x54, DATA_0],
    ] as const)
      p.u32(TSS_2 + offset, selector);
  }

  it('through a task gate, and back by IRET', () => {
    const p = new TestingProcessor().protectedMode();
    secondTask(p);
    p.gate(IDT + 8 * 8, TSS_2_SELECTOR, 0, 0x85);
    p.set64('gpr', 0x5555n, 0);
    deliver(p, 8, { errorCode: 0 });
    expect([p.rip, p.get64('gpr', 0), p.rsp, p.stack(1, 4)]).toEqual([0x7000n, 0xaaaan, 0x77fcn, [0]]);
    expect(p.rflags & 0x4000n).toBe(0x4000n);
    expect(p.get64('cr0') & 8n).toBe(8n);
    expect(p.ram.readU16(TSS_2)).toBe(0x30);
    expect(p.ram.readU8(GDT + TSS_2_SELECTOR + 5)).toBe(0x8b);
    expect(p.ram.readU32(TSS + 0x20)).toBe(0x5000);
    interruptReturn.run(p, 32n);
    expect([p.rip, p.get64('gpr', 0), p.rsp, p.selector(7)]).toEqual([0x5000n, 0x5555n, 0x8000n, 0x30]);
    expect(p.ram.readU8(GDT + TSS_2_SELECTOR + 5)).toBe(0x89);
    expect(p.ram.readU32(TSS_2 + 0x24) & 0x4000).toBe(0);
  });

  it('raises #TS in the new task for a segment it may not have', () => {
    const p = new TestingProcessor().protectedMode();
    secondTask(p);
    p.u32(TSS_2 + 0x50, DATA_3);
    p.gate(IDT + 8 * 8, TSS_2_SELECTOR, 0, 0x85);
    expect(p.faultOf(() => deliver(p, 8, { errorCode: 0 }))).toEqual([VECTOR.TS, DATA_3 | 1]);
    expect([p.instructionPointer, p.selector(7)]).toEqual([0x7000n, TSS_2_SELECTOR]);
  });

  it('needs an available TSS that is large enough', () => {
    const p = new TestingProcessor().protectedMode();
    secondTask(p);
    p.gate(IDT + 8 * 8, TSS_2_SELECTOR, 0, 0x85);
    p.descriptor(TSS_2_SELECTOR, TSS_2, 0x66, 0x89);
    expect(p.faultOf(() => deliver(p, 8))).toEqual([VECTOR.TS, TSS_2_SELECTOR | 1]);
    p.descriptor(TSS_2_SELECTOR, TSS_2, 0x67, 0x8b);
    expect(p.faultOf(() => deliver(p, 8))).toEqual([VECTOR.GP, TSS_2_SELECTOR | 1]);
    expect(p.rip).toBe(0x5000n);
  });
});
