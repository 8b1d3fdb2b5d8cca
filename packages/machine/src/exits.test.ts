import { AddressSpace } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { ExitCounters } from './exits.ts';

describe('ExitCounters', () => {
  it('adds up accesses by device, most first, and those that nobody answered', () => {
    const ports = new AddressSpace('ports', 0x100);
    const mmio = new AddressSpace('memory', 0x100);
    const handler = { read: () => 0, write: () => {} };
    ports.map('PIC', 0x20, 2, handler);
    ports.map('PIC', 0xa0, 2, handler);
    ports.map('PIT', 0x40, 4, handler);
    for (const port of [0x20, 0xa0, 0xa1, 0x40, 0x99]) ports.write(port, 1, 0);
    ports.read(0x20, 1);
    const exits = new ExitCounters({ ports, mmio, instructions: () => 7n, now: () => 1_500_000_000n, halts: () => 3 });
    exits.interrupts = 2;
    expect(JSON.parse(JSON.stringify(exits))).toEqual({
      instructions: 7,
      virtualSeconds: 1.5,
      ports: [
        { device: 'PIC', reads: 1, writes: 3 },
        { device: 'PIT', reads: 0, writes: 1 },
        { device: 'nothing', reads: 0, writes: 1 },
      ],
      mmio: [],
      halts: 3,
      interrupts: 2,
      resets: 0,
    });
  });
});
