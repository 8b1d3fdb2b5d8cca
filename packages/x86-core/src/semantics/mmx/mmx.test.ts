import { beforeEach, describe, expect, it } from 'vitest';
import { CR0_TS } from '../../control-bits.ts';
import { VECTOR } from '../../fault.ts';
import { BY_ENGINE, DATA } from '../sse/testing.ts';

const PXOR_MM3 = [0x0f, 0xef, 0xdb];
const MOVD_EAX_MM5 = [0x0f, 0x7e, 0xe8];
const EMMS = [0x0f, 0x77];
const ERROR_SUMMARY = 0x80;

describe.each(BY_ENGINE)('[SDM 3A, "Intel MMX Technology System Programming"] MMX and the x87 state: %s', (_, rig) => {
  beforeEach(() => {
    rig.reset();
    for (let i = 0; i < 8; i++) rig.bytes('fpr', i).fill(0x11 * i, 0, 10);
    rig.set('fsw', 0);
    rig.set('ftop', 5);
    rig.set('ftags', 0x21);
  });

  it('an instruction that writes a register makes its sign and exponent ones, and all tags valid with TOP 0', () => {
    expect(rig.run(...PXOR_MM3)).toBe(undefined);
    expect([...rig.bytes('fpr', 3).subarray(0, 10)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
    expect([...rig.bytes('fpr', 2).subarray(0, 10)]).toEqual(Array.from({ length: 10 }, () => 0x22));
    expect(rig.get('ftags')).toBe(0xff);
    expect(rig.get('ftop')).toBe(0);
  });

  it('an instruction that only reads leaves the register but does the same to tags and TOP', () => {
    expect(rig.run(...MOVD_EAX_MM5)).toBe(undefined);
    expect(rig.cpu.registers.rax).toBe(0x5555_5555n);
    expect([...rig.bytes('fpr', 5).subarray(0, 10)]).toEqual(Array.from({ length: 10 }, () => 0x55));
    expect(rig.get('ftags')).toBe(0xff);
    expect(rig.get('ftop')).toBe(0);
  });

  it('EMMS empties all registers', () => {
    expect(rig.run(...EMMS)).toBe(undefined);
    expect(rig.get('ftags')).toBe(0);
    expect(rig.get('ftop')).toBe(0);
    expect([...rig.bytes('fpr', 5).subarray(0, 10)]).toEqual(Array.from({ length: 10 }, () => 0x55));
  });

  it('an unmasked x87 exception that is pending is #MF before anything else happens', () => {
    rig.set('fsw', ERROR_SUMMARY);
    // CVTPS2PI mm0, xmm0; MOVQ2DQ xmm0, mm0
    for (const code of [PXOR_MM3, MOVD_EAX_MM5, EMMS, [0x0f, 0x2d, 0xc0], [0xf3, 0x0f, 0xd6, 0xc0]]) {
      expect(rig.run(...code)).toBe(VECTOR.MF);
      expect(rig.get('ftags')).toBe(0x21);
      expect(rig.get('ftop')).toBe(5);
    }
  });

  it('#NM comes before #MF', () => {
    rig.set('fsw', ERROR_SUMMARY);
    rig.cpu.registers.cr0 |= BigInt(CR0_TS);
    // CVTPI2PS xmm0, mm0
    for (const code of [PXOR_MM3, EMMS, [0x0f, 0x2a, 0xc0]]) expect(rig.run(...code)).toBe(VECTOR.NM);
  });

  it('CVTPI2PD from memory leaves the x87 state alone, from a register it does not', () => {
    expect(rig.run(0x66, 0x0f, 0x2a, 0x05, DATA & 0xff, DATA >> 8, 0, 0)).toBe(undefined);
    expect(rig.get('ftop')).toBe(5);
    expect(rig.run(0x66, 0x0f, 0x2a, 0xc1)).toBe(undefined);
    expect(rig.get('ftop')).toBe(0);
  });
});

describe.each(BY_ENGINE)('[SDM 2B, "MASKMOVDQU", "MASKMOVQ"] Masked moves: %s', (_, rig) => {
  const MASKMOVDQU = [0x66, 0x0f, 0xf7, 0xc1];
  const limit = DATA + 7;

  beforeEach(() => {
    rig.reset();
    rig.writeMemory(DATA, new Uint8Array(16));
    rig.bytes('xmm', 0).set(Uint8Array.from({ length: 16 }, (_byte, i) => i + 1));
    rig.cpu.registers.rdi = BigInt(DATA);
  });

  it('write the bytes whose mask byte has its top bit set', () => {
    rig.bytes('xmm', 1).set(Uint8Array.from({ length: 16 }, (_byte, i) => (i % 3 === 0 ? 0x80 : 0x7f)));
    expect(rig.run(...MASKMOVDQU)).toBe(undefined);
    expect([...rig.readMemory(DATA, 16)]).toEqual([1, 0, 0, 4, 0, 0, 7, 0, 0, 10, 0, 0, 13, 0, 0, 16]);
  });

  it('ask for no more of the segment than they write', () => {
    const data = rig.cpu.registers.segment('DS');
    rig.cpu.registers.setSegment('DS', { ...data, limit });
    rig.bytes('xmm', 1).fill(0).fill(0x80, 0, 8);
    expect(rig.run(...MASKMOVDQU)).toBe(undefined);
    expect([...rig.readMemory(DATA, 9)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0]);
  });

  it('write nothing if one byte may not be written', () => {
    const data = rig.cpu.registers.segment('DS');
    rig.cpu.registers.setSegment('DS', { ...data, limit });
    rig.bytes('xmm', 1).fill(0x80, 0, 9).fill(0, 9);
    expect(rig.run(...MASKMOVDQU)).toBe(VECTOR.GP);
    expect([...rig.readMemory(DATA, 16)]).toEqual(Array.from({ length: 16 }, () => 0));
  });

  it('do nothing for an empty mask', () => {
    rig.bytes('xmm', 1).fill(0);
    rig.cpu.registers.rdi = 0xffff_0000n;
    expect(rig.run(...MASKMOVDQU)).toBe(undefined);
  });
});
