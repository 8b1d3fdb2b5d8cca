import { beforeEach, describe, expect, it } from 'vitest';
import { CR0_EM, CR0_TS, CR4_OSFXSR, CR4_OSXMMEXCPT } from '../../control-bits.ts';
import { VECTOR } from '../../fault.ts';
import { BY_ENGINE, DATA, RIGS } from './testing.ts';

const ADDPS = [0x0f, 0x58, 0xc1];
const PADDB_MMX = [0x0f, 0xfc, 0xc1];
const PXOR = [0x66, 0x0f, 0xef, 0xc1];
const address = (at: number): number[] => [at & 0xff, (at >> 8) & 0xff, 0, 0];

beforeEach(() => {
  for (const rig of RIGS) rig.reset();
});

describe.each(BY_ENGINE)('[SDM 3A §2.5] Availability of MMX and SSE: %s', (_, rig) => {
  const { registers } = rig.cpu;

  it('is given after reset of this rig', () => {
    for (const instruction of [ADDPS, PADDB_MMX, PXOR]) expect(rig.run(...instruction)).toBe(undefined);
  });

  it('#NM after a task switch, so that state can be saved', () => {
    registers.cr0 |= BigInt(CR0_TS);
    for (const instruction of [ADDPS, PADDB_MMX, PXOR]) expect(rig.run(...instruction)).toBe(VECTOR.NM);
  });

  it('#UD with CR0.EM, before #NM', () => {
    registers.cr0 |= BigInt(CR0_EM | CR0_TS);
    for (const instruction of [ADDPS, PADDB_MMX, PXOR]) expect(rig.run(...instruction)).toBe(VECTOR.UD);
  });

  it('#UD without CR4.OSFXSR for SSE, but not for MMX', () => {
    registers.cr4 &= BigInt(~CR4_OSFXSR);
    expect(rig.run(...ADDPS)).toBe(VECTOR.UD);
    expect(rig.run(...PXOR)).toBe(VECTOR.UD);
    expect(rig.run(...PADDB_MMX)).toBe(undefined);
  });

  it('#GP for a memory operand of 16 bytes that is not aligned, unless the instruction allows it', () => {
    const aligned = [
      [0x0f, 0x28, 0x05], // MOVAPS
      [0x66, 0x0f, 0x7f, 0x05], // MOVDQA to memory
      [0x0f, 0x58, 0x05], // ADDPS
      [0x66, 0x0f, 0xd1, 0x05], // PSRLW
      [0x0f, 0x2b, 0x05], // MOVNTPS
    ];
    for (const code of aligned) {
      expect(rig.run(...code, ...address(DATA + 8))).toBe(VECTOR.GP);
      expect(rig.run(...code, ...address(DATA + 16))).toBe(undefined);
    }
    const free = [
      [0x0f, 0x10, 0x05], // MOVUPS
      [0xf3, 0x0f, 0x7f, 0x05], // MOVDQU to memory
      [0xf3, 0x0f, 0x58, 0x05], // ADDSS
      [0x0f, 0xfc, 0x05], // PADDB of MMX
      [0x0f, 0x5a, 0x05], // CVTPS2PD
    ];
    for (const code of free) expect(rig.run(...code, ...address(DATA + 9))).toBe(undefined);
  });

  it('#UD for what came with SSE3 and for prefixes that an opcode does not have', () => {
    const undefinedCodes = [
      [0xf2, 0x0f, 0xd0, 0xc1], // ADDSUBPS
      [0x66, 0x0f, 0x7c, 0xc1], // HADDPD
      [0xf2, 0x0f, 0xf0, 0x05, ...address(DATA)], // LDDQU
      [0xf3, 0x0f, 0x12, 0xc1], // MOVSLDUP
      [0xf3, 0x0f, 0xfc, 0xc1], // F3 PADDB
      [0x0f, 0x6c, 0xc1], // PUNPCKLQDQ of MMX
      [0x0f, 0x73, 0xd8, 1], // PSRLDQ of MMX
      [0x66, 0x0f, 0x71, 0x10, 1], // PSRLW of memory by an immediate
    ];
    for (const code of undefinedCodes) expect(rig.run(...code)).toBe(VECTOR.UD);
  });
});

describe.each(BY_ENGINE)('[SDM 1 §11.5] SIMD floating-point exceptions: %s', (_, rig) => {
  const DIVSS = [0xf3, 0x0f, 0x5e, 0xc1];
  const ALL_MASKED = 0x1f80;
  const ZERO_DIVIDE_UNMASKED = 0x1d80;
  const one = [0, 0, 0x80, 0x3f];

  beforeEach(() => {
    rig.bytes('xmm', 0).set([...one, ...one, ...one, ...one]);
    rig.bytes('xmm', 1).fill(0);
  });

  it('masked, they are recorded, and stay so', () => {
    rig.set('mxcsr', ALL_MASKED | 1);
    expect(rig.run(...DIVSS)).toBe(undefined);
    expect(rig.get('mxcsr')).toBe(ALL_MASKED | 5);
    expect([...rig.bytes('xmm', 0).subarray(0, 8)]).toEqual([0, 0, 0x80, 0x7f, ...one]);
  });

  it('unmasked, they are recorded and #XM, with the destination as it was', () => {
    rig.set('mxcsr', ZERO_DIVIDE_UNMASKED);
    expect(rig.run(...DIVSS)).toBe(VECTOR.XM);
    expect(rig.get('mxcsr')).toBe(ZERO_DIVIDE_UNMASKED | 4);
    expect([...rig.bytes('xmm', 0).subarray(0, 4)]).toEqual(one);
  });

  it('are #UD without CR4.OSXMMEXCPT', () => {
    rig.cpu.registers.cr4 &= BigInt(~CR4_OSXMMEXCPT);
    rig.set('mxcsr', ZERO_DIVIDE_UNMASKED);
    expect(rig.run(...DIVSS)).toBe(VECTOR.UD);
  });

  it('found before computing in one lane, keep another lane from raising those found after', () => {
    // Lane 0: 1 / 3 is inexact. Lane 1: 1 / 0.
    rig.bytes('xmm', 1).set([0, 0, 0x40, 0x40]);
    rig.set('mxcsr', ZERO_DIVIDE_UNMASKED);
    expect(rig.run(0x0f, 0x5e, 0xc1)).toBe(VECTOR.XM);
    expect(rig.get('mxcsr')).toBe(ZERO_DIVIDE_UNMASKED | 4);
    rig.set('mxcsr', ALL_MASKED);
    expect(rig.run(0x0f, 0x5e, 0xc1)).toBe(undefined);
    expect(rig.get('mxcsr')).toBe(ALL_MASKED | 0x24);
  });
});
