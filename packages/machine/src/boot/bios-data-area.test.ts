import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { writeBiosDataArea } from './bios-data-area.ts';

describe('[IBM PC/AT Technical Reference, "BIOS Data Areas"]', () => {
  it('tells of the first serial port, 639 KiB of base memory and an extended data area of 1 KiB behind them', () => {
    const ram = new Ram(new ArrayBuffer(0xa_0000));
    writeBiosDataArea(ram);
    expect([ram.readU16(0x400), ram.readU16(0x402), ram.readU16(0x410)]).toEqual([0x3f8, 0, 0x202]);
    expect([ram.readU16(0x40e), ram.readU16(0x413), ram.readU8(0x9_fc00)]).toEqual([0x9fc0, 639, 1]);
  });
});
