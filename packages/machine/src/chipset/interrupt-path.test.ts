/** The way of an interrupt through the controllers together, as kernels set them up one after the other. */
import { RecordingLine, VirtualClock } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { fanOut, IoApic, LocalApic, Pic, Pit, Uart } from './index.ts';

function makeBoard() {
  const clock = new VirtualClock();
  const intr = new RecordingLine();
  const apic: LocalApic = new LocalApic({
    clock,
    intr,
    nmi: () => undefined,
    init: () => undefined,
    pic: { acknowledge: () => pic.acknowledge() },
    endOfInterrupt: (vector) => ioapic.endOfInterrupt(vector),
  });
  const ioapic = new IoApic(apic);
  const pic: Pic = new Pic(fanOut(apic.lint0, ioapic.line(0)));
  const pit = new Pit({ clock, irq: fanOut(pic.line(0), ioapic.line(2)) });
  const uart = new Uart({ irq: fanOut(pic.line(4), ioapic.line(4)), transmit: () => undefined });
  const initializePics = (): void => {
    for (const [io, base] of [
      [pic.master, 0x20],
      [pic.slave, 0x28],
    ] as const) {
      io.write(0, 1, 0x11);
      for (const value of [base, base === 0x20 ? 4 : 2, 1]) io.write(1, 1, value);
    }
  };
  const entry = (pin: number, low: number): void => {
    ioapic.write(0, 4, 0x10 + 2 * pin);
    ioapic.write(0x10, 4, low);
  };
  const startTimer = (): void => {
    for (const [port, value] of [
      [3, 0x34],
      [0, 0x9b],
      [0, 0x2e],
    ] as const)
      pit.ports.write(port, 1, value);
  };
  /** Serves interrupts for `ns`: how often each vector came. */
  const serve = (ns: bigint, endOfInterrupt: () => void): Record<number, number> => {
    const seen: Record<number, number> = {};
    const end = clock.now() + ns;
    const drain = (): void => {
      while (intr.high) {
        const vector = apic.acknowledge();
        seen[vector] = (seen[vector] ?? 0) + 1;
        endOfInterrupt();
      }
    };
    for (drain(); (clock.nextDeadline ?? end) < end; drain()) clock.advanceTo(clock.nextDeadline ?? end);
    return seen;
  };
  return { clock, intr, apic, ioapic, pic, pit, uart, initializePics, entry, startTimer, serve };
}

describe('[MP 1.4 §3.6.2.2] Virtual Wire Mode', () => {
  it('timer ticks go PIT → 8259A → LINT0 → INTR, a hundred a second', () => {
    const { apic, pic, initializePics, startTimer, serve } = makeBoard();
    apic.enterVirtualWireMode();
    initializePics();
    startTimer();
    serve(1n, () => pic.master.write(0, 1, 0x20));
    expect(serve(1_000_000_000n, () => pic.master.write(0, 1, 0x20))).toEqual({ 0x20: 100 });
  });

  it('through the IOAPIC: ExtINT on input 0', () => {
    const { apic, pic, initializePics, entry, startTimer, serve } = makeBoard();
    apic.write(0xf0, 4, 0x1ff);
    initializePics();
    entry(0, 0x700);
    startTimer();
    expect(serve(1_000_000_000n, () => pic.master.write(0, 1, 0x20))).toEqual({ 0x20: 101 });
  });
});

describe('[MP 1.4 §3.6.2.3] Symmetric I/O Mode', () => {
  it('timer ticks go PIT → IOAPIC input 2 → local APIC', () => {
    const { apic, pic, initializePics, entry, startTimer, serve } = makeBoard();
    apic.write(0xf0, 4, 0x1ff);
    initializePics();
    pic.master.write(1, 1, 0xff);
    entry(2, 0x30);
    startTimer();
    serve(1n, () => apic.write(0xb0, 4, 0));
    expect(serve(1_000_000_000n, () => apic.write(0xb0, 4, 0))).toEqual({ 0x30: 100 });
  });

  it('DEV-10: a serial port that is written from its own interrupt asks again by a new edge', () => {
    const { apic, uart, entry, serve } = makeBoard();
    apic.write(0xf0, 4, 0x1ff);
    entry(4, 0x34);
    uart.write(2, 1, 1);
    uart.write(4, 1, 0x0b);
    uart.write(1, 1, 0x02);
    let left = 3;
    const seen = serve(1n, () => {
      expect(uart.read(2, 1)).toBe(0xc2);
      if (left-- > 0) uart.write(0, 1, 0x41);
      else uart.write(1, 1, 0);
      apic.write(0xb0, 4, 0);
    });
    expect(seen).toEqual({ 0x34: 4 });
  });
});
