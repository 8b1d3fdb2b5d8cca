import { describe, expect, it } from 'vitest';
import type { InterruptMessage } from './interrupt-message.ts';
import { IoApic } from './ioapic.ts';

function makeIoApic(version: 0x11 | 0x20 = 0x20) {
  const sent: InterruptMessage[] = [];
  const bus = { accepts: true, deliver: (message: InterruptMessage): boolean => bus.accepts && sent.push(message) > 0 };
  const ioapic = new IoApic(bus, { id: 1, version });
  const read = (index: number): number => {
    ioapic.write(0x00, 4, index);
    return ioapic.read(0x10, 4);
  };
  const write = (index: number, value: number): void => {
    ioapic.write(0x00, 4, index);
    ioapic.write(0x10, 4, value);
  };
  const program = (pin: number, low: number, high = 0): void => {
    write(0x11 + 2 * pin, high);
    write(0x10 + 2 * pin, low);
  };
  return { ioapic, bus, sent, read, write, program };
}

const LEVEL = 0x8000;
const MASKED = 0x1_0000;
const REMOTE_IRR = 0x4000;

describe('[IOAPIC §3.2] IOAPIC registers', () => {
  it('id, version with 24 inputs, arbitration id; the id can be written', () => {
    const { read, write } = makeIoApic(0x11);
    expect([read(0), read(1), read(2)]).toEqual([0x0100_0000, 0x0017_0011, 0x0100_0000]);
    write(0, 0xffff_ffff);
    expect(read(0)).toBe(0x0f00_0000);
    write(1, 0);
    expect(read(1)).toBe(0x0017_0011);
  });

  it('entries start masked; status and remote IRR are read-only; what is beyond the table reads 0', () => {
    const { read, write } = makeIoApic();
    expect([read(0x10), read(0x3e)]).toEqual([MASKED, MASKED]);
    write(0x10, 0xffff_ffff);
    write(0x11, 0xffff_ffff);
    expect([read(0x10), read(0x11)]).toEqual([0x1_afff, 0xff00_0000]);
    write(0x40, 0xffff_ffff);
    expect([read(0x40), read(0xff), read(0x0f)]).toEqual([0, 0, 0]);
  });

  it('narrow reads see their part, narrow writes to a register are ignored', () => {
    const { ioapic, program } = makeIoApic();
    program(0, 0x1_1234);
    expect([ioapic.read(0x11, 1), ioapic.read(0x12, 2), ioapic.read(0x13, 1)]).toEqual([0x02, 1, 0]);
    ioapic.write(0x10, 2, 0);
    expect(ioapic.read(0x10, 4)).toBe(0x1_0234);
  });
});

describe('[IOAPIC §3.2.4] I/O redirection table', () => {
  it('an edge sends one message with what the entry says', () => {
    const { ioapic, sent, program } = makeIoApic();
    program(4, 0x0831, 0x0300_0000);
    const line = ioapic.line(4);
    line.raise();
    line.raise();
    line.lower();
    line.raise();
    expect(sent).toEqual([0, 1].map(() => ({ destination: 3, logical: true, deliveryMode: 0, vector: 0x31, level: false })));
  });

  it('edges on a masked input are lost', () => {
    const { ioapic, sent, program } = makeIoApic();
    program(4, MASKED | 0x31);
    ioapic.line(4).raise();
    program(4, 0x31);
    expect(sent).toEqual([]);
  });

  it('a level is sent once, and again after each end of interrupt while it lasts', () => {
    const { ioapic, sent, read, program } = makeIoApic();
    program(16, LEVEL | 0x51);
    const line = ioapic.line(16);
    line.raise();
    expect([sent.length, read(0x30) & REMOTE_IRR]).toEqual([1, REMOTE_IRR]);
    ioapic.endOfInterrupt(0x50);
    expect(sent.length).toBe(1);
    ioapic.endOfInterrupt(0x51);
    expect(sent.length).toBe(2);
    line.lower();
    ioapic.endOfInterrupt(0x51);
    expect([sent.length, read(0x30) & REMOTE_IRR]).toEqual([2, 0]);
  });

  it('a level that was high while masked is sent when unmasked', () => {
    const { ioapic, sent, program } = makeIoApic();
    program(16, MASKED | LEVEL | 0x51);
    ioapic.line(16).raise();
    program(16, LEVEL | 0x51);
    expect(sent.length).toBe(1);
  });

  it('switching to edge clears a remote IRR', () => {
    const { ioapic, sent, program, read } = makeIoApic();
    program(16, LEVEL | 0x51);
    ioapic.line(16).raise();
    program(16, MASKED | 0x51);
    expect(read(0x30)).toBe(MASKED | 0x51);
    program(16, LEVEL | 0x51);
    expect(sent.length).toBe(2);
  });

  it('a level that no local APIC takes is not in service', () => {
    const { ioapic, bus, read, program } = makeIoApic();
    bus.accepts = false;
    program(16, LEVEL | 0x51, 0x0900_0000);
    ioapic.line(16).raise();
    expect(read(0x30) & REMOTE_IRR).toBe(0);
  });

  it('ExtINT and NMI are edges whatever the trigger mode says', () => {
    const { ioapic, sent, read, program } = makeIoApic();
    program(0, LEVEL | 0x700);
    ioapic.line(0).raise();
    expect([sent[0]?.deliveryMode, sent[0]?.level, read(0x10) & REMOTE_IRR]).toEqual([7, false, 0]);
  });

  it('an end of interrupt from inside the delivery does not confuse the entry', () => {
    let count = 0;
    const ioapic: IoApic = new IoApic({
      deliver: ({ vector }) => {
        if (++count < 5) ioapic.endOfInterrupt(vector);
        return true;
      },
    });
    ioapic.write(0, 4, 0x10);
    ioapic.write(0x10, 4, LEVEL | 0x51);
    ioapic.line(0).raise();
    expect(count).toBe(5);
  });
});

describe('[ICH9 §13.5.4] EOI register', () => {
  it('ends the vector written; version 11h has none', () => {
    for (const [version, count] of [
      [0x20, 2],
      [0x11, 1],
    ] as const) {
      const { ioapic, sent, program } = makeIoApic(version);
      program(16, LEVEL | 0x51);
      ioapic.line(16).raise();
      ioapic.write(0x40, 4, 0x51);
      expect(sent.length).toBe(count);
    }
  });
});
