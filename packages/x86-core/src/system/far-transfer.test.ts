import { describe, expect, it } from 'vitest';
import {
  CODE_0,
  CODE_3,
  CODE_16,
  CODE_32_USER,
  CONFORMING,
  DATA_0,
  DATA_3,
  FREE,
  GDT,
  TestingProcessor,
  TSS_2,
  TSS_2_SELECTOR,
} from '../testing-processor.ts';
import { farCall, farJump, farReturn, loadSegment, systemCall, systemEnter, systemExit, systemReturn, writeMsr } from './index.ts';

describe('[SDM 2A, "JMP"] Far jumps', () => {
  it('in real mode keep the limit of CS', () => {
    const p = new TestingProcessor();
    expect(p.try(farJump, 0x1234, 0x5678, 16)).toBeUndefined();
    expect([p.get64('segmentBase', 1), p.rip, p.get('segmentLimit', 1)]).toEqual([0x1_2340n, 0x5678n, 0xffff]);
    expect(p.try(farJump, 0x1234, 0x1_0000, 32)).toEqual([13, 0]);
  });

  it.each([
    ['null', 0, 0, [13, 0]],
    ['data', DATA_0, 0, [13, DATA_0]],
    ['outer code', CODE_3, 0, [13, CODE_3]],
    ['RPL above CPL', CODE_0 | 1, 0, [13, CODE_0]],
    ['beyond the limit of the segment', CODE_16, 0x1_0000, [13, 0]],
    ['beyond the GDT', 0x1000, 0, [13, 0x1000]],
  ] as const)('fault: %s', (_, selector, offset, fault) => {
    const p = new TestingProcessor().protectedMode();
    expect(p.try(farJump, selector, offset, 32)).toEqual(fault);
    expect([p.selector(1), p.rip]).toEqual([CODE_0, 0x5000n]);
  });

  it('enter conforming code without a change of privilege, and set its accessed flag', () => {
    const p = new TestingProcessor().protectedMode(3);
    p.descriptor(CONFORMING, 0, 0xf_ffff, 0xc09e);
    p.try(farJump, CONFORMING, 0x6000, 32);
    expect([p.selector(1), p.get('cpl'), p.rip]).toEqual([CONFORMING | 3, 3, 0x6000n]);
    expect(p.ram.readU8(GDT + CONFORMING + 5)).toBe(0x9f);
  });

  it('through a TSS descriptor switch tasks without a link', () => {
    const p = new TestingProcessor().protectedMode();
    p.descriptor(TSS_2_SELECTOR, TSS_2, 0x67, 0x89);
    p.u32(TSS_2 + 0x4c, CODE_0);
    p.u32(TSS_2 + 0x50, DATA_0);
    p.u32(TSS_2 + 0x20, 0x7000);
    expect(p.try(farJump, TSS_2_SELECTOR, 0, 32)).toBeUndefined();
    expect([p.rip, p.selector(7), p.rflags & 0x4000n]).toEqual([0x7000n, TSS_2_SELECTOR, 0n]);
    expect([p.ram.readU8(GDT + 0x35), p.ram.readU8(GDT + TSS_2_SELECTOR + 5)]).toEqual([0x89, 0x8b]);
  });
});

describe('[SDM 2A, "CALL"] Far calls and [SDM 2B, "RET"] far returns', () => {
  it('at the same privilege', () => {
    const p = new TestingProcessor().protectedMode();
    p.try(farCall, CODE_16, 0x40, 32);
    expect([p.stack(2, 4), p.rip, p.decodeMode.codeWidth]).toEqual([[0x5000, CODE_0], 0x40n, 16]);
    p.try(farReturn, 8, 32);
    expect([p.rip, p.rsp, p.selector(1)]).toEqual([0x5000n, 0x8008n, CODE_0]);
  });

  it('through a call gate to an inner level copy parameters, and return over them', () => {
    const p = new TestingProcessor().protectedMode(3);
    p.gate(GDT + FREE, CODE_0, 0x6000, 0xec, 2);
    p.pushAll(4, 0x2222, 0x1111);
    p.try(farCall, FREE | 3, 0, 32);
    expect([p.get('cpl'), p.rip, p.selector(1), p.selector(2)]).toEqual([0, 0x6000n, CODE_0, DATA_0]);
    expect(p.stack(6, 4)).toEqual([0x5000, CODE_3 | 3, 0x1111, 0x2222, 0x7ff8, DATA_3 | 3]);
    p.try(farReturn, 8, 32);
    expect([p.get('cpl'), p.rip, p.rsp, p.selector(2)]).toEqual([3, 0x5000n, 0x8000n, DATA_3 | 3]);
  });

  it('through a 64-bit call gate push 8-byte slots and load a null SS', () => {
    const p = new TestingProcessor().longMode(3);
    p.gate(GDT + FREE, CODE_0, 0x6000, 0xec);
    p.u64(GDT + FREE + 8, 0xffff_8000n);
    p.try(farCall, FREE | 3, 0, 64);
    expect([p.get('cpl'), p.rip, p.selector(2), p.rsp]).toEqual([0, 0xffff_8000_0000_6000n, 0, 0x8fe0n]);
    p.try(farReturn, 0, 64);
    expect([p.get('cpl'), p.rip, p.rsp]).toEqual([3, 0x5000n, 0x8000n]);
  });

  it('fault without a trace where the gate may not be used, is absent, or the stack has no room', () => {
    const p = new TestingProcessor().protectedMode(3);
    p.gate(GDT + FREE, CODE_0, 0x6000, 0x8c);
    expect(p.try(farCall, FREE | 3, 0, 32)).toEqual([13, FREE]);
    p.gate(GDT + FREE, CODE_0, 0x6000, 0x6c);
    expect(p.try(farCall, FREE | 3, 0, 32)).toEqual([11, FREE]);
    p.segment(2, DATA_3 | 3, 0x40f3, 0x7fff);
    p.set64('gpr', 4n, 4);
    p.modeChanged();
    expect(p.try(farCall, CODE_3 | 3, 0x6000, 32)).toEqual([12, 0]);
    expect([p.rip, p.rsp, p.get('cpl')]).toEqual([0x5000n, 4n, 3]);
  });

  it('never return to an inner level', () => {
    const p = new TestingProcessor().protectedMode(3);
    p.pushAll(4, CODE_0, 0x6000);
    expect(p.try(farReturn, 0, 32)).toEqual([13, CODE_0]);
  });
});

describe('[SDM 2B, "MOV"] Loading segment registers', () => {
  it.each([
    ['SS null', 2, 0, [13, 0]],
    ['SS of another privilege', 2, DATA_3 | 3, [13, DATA_3]],
    ['SS code', 2, CODE_0, [13, CODE_0]],
    ['SS not present', 2, FREE, [12, FREE]],
    ['DS not present', 3, FREE, [11, FREE]],
    ['DS a system segment', 3, 0x30, [13, 0x30]],
    ['CS', 1, CODE_0, [6, -1]],
  ] as const)('faults: %s', (_, n, selector, fault) => {
    const p = new TestingProcessor().protectedMode();
    p.descriptor(FREE, 0, 0xf_ffff, 0xc013);
    expect(p.try(loadSegment, n, selector)).toEqual(fault);
  });

  it('lets DS be null and faults at its use; SS holds interrupts off', () => {
    const p = new TestingProcessor().protectedMode();
    p.try(loadSegment, 3, 3);
    expect(p.selector(3)).toBe(3);
    expect(p.faultOf(() => p.linear('DS', 0n, 1, 'read'))).toEqual([13, 0]);
    expect(p.get('interruptShadow')).toBe(0);
    p.try(loadSegment, 2, DATA_0);
    expect(p.get('interruptShadow')).toBe(2);
  });

  it('turns expand-down limits round', () => {
    const p = new TestingProcessor().protectedMode();
    p.descriptor(FREE, 0x1_0000, 0xfff, 0x4097);
    p.try(loadSegment, 3, FREE);
    expect(p.faultOf(() => p.linear('DS', 0xfffn, 1, 'read'))).toEqual([13, 0]);
    expect(p.linear('DS', 0x1000n, 4, 'write')).toBe(0x1_1000n);
    expect(p.get('flatSegments')).toBe(0);
  });
});

describe('[SDM 2B, "SYSCALL", "SYSRET"] Fast system calls', () => {
  const prepared = (): TestingProcessor => {
    const p = new TestingProcessor().longMode();
    writeMsr.run(p, 0xc000_0081n, ((BigInt(CODE_32_USER) | 3n) << 48n) | (BigInt(CODE_0) << 32n));
    writeMsr.run(p, 0xc000_0082n, 0xffff_8000_0000_1000n);
    writeMsr.run(p, 0xc000_0084n, 0x4_7700n);
    p.segment(1, CODE_3 | 3, 0xa0fb);
    p.set('cpl', 3);
    p.rflags = 0x247n;
    p.modeChanged();
    return p;
  };

  it('go in with RCX and R11 and come back', () => {
    const p = prepared();
    expect(p.try(systemCall)).toBeUndefined();
    expect([p.rip, p.get('cpl'), p.selector(1), p.selector(2)]).toEqual([0xffff_8000_0000_1000n, 0, CODE_0, DATA_0]);
    expect([p.get64('gpr', 1), p.get64('gpr', 11), p.rflags]).toEqual([0x5000n, 0x247n, 0x47n]);
    p.try(systemReturn, 64);
    expect([p.rip, p.get('cpl'), p.rflags, p.selector(1), p.selector(2)]).toEqual([
      0x5000n,
      3,
      0x247n,
      (CODE_32_USER + 16) | 3,
      (CODE_32_USER + 8) | 3,
    ]);
    expect(p.decodeMode.codeWidth).toBe(64);
  });

  it('go in without a single-step trap if IA32_FMASK masks TF', () => {
    for (const [mask, trap] of [
      [0x4_7700n, false],
      [0x200n, true],
    ] as const) {
      const p = prepared();
      p.set64('sfmask', mask);
      p.stepTrap = true;
      p.try(systemCall);
      expect(p.stepTrap).toBe(trap);
    }
  });

  it('return to compatibility mode with 32-bit operand size', () => {
    const p = prepared();
    p.try(systemCall);
    p.set64('gpr', 0xffff_ffff_0000_5000n, 1);
    p.try(systemReturn, 32);
    expect([p.rip, p.decodeMode.codeWidth, p.selector(1)]).toEqual([0x5000n, 32, CODE_32_USER | 3]);
    expect(p.try(systemCall)).toEqual([6, -1]);
  });

  it('fault: non-canonical RCX, user privilege, SCE clear', () => {
    const p = prepared();
    expect(p.try(systemReturn, 64)).toEqual([13, 0]);
    p.try(systemCall);
    p.set64('gpr', 0x8000_0000_0000n, 1);
    expect(p.try(systemReturn, 64)).toEqual([13, 0]);
    p.set64('efer', 0xd00n);
    expect(p.try(systemReturn, 64)).toEqual([6, -1]);
  });

  it('SYSENTER and SYSEXIT in 32-bit protected mode', () => {
    const p = new TestingProcessor().protectedMode(3);
    expect(p.try(systemEnter)).toEqual([13, 0]);
    p.set64('sysenterCs', BigInt(CODE_0));
    p.set64('sysenterEip', 0x6000n);
    p.set64('sysenterEsp', 0x9000n);
    p.rflags = 0x202n;
    p.try(systemEnter);
    expect([p.rip, p.rsp, p.get('cpl'), p.selector(1), p.selector(2), p.rflags]).toEqual([0x6000n, 0x9000n, 0, CODE_0, DATA_0, 2n]);
    p.set64('gpr', 0x8000n, 1);
    p.set64('gpr', 0x5000n, 2);
    p.try(systemExit, 32);
    expect([p.rip, p.rsp, p.get('cpl'), p.selector(1), p.selector(2)]).toEqual([0x5000n, 0x8000n, 3, CODE_3 | 3, DATA_3 | 3]);
  });
});
