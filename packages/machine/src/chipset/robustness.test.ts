/** Whatever a guest does to any port or register of the chipset, the devices end in a state: no throw, no endless event, values in range. */
import { AddressSpace, RecordingLine, SharedLine, VirtualClock, type Width } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACPI_GPE_PORT,
  ACPI_GPE_PORTS,
  ACPI_PM_PORT,
  ACPI_PM_PORTS,
  COM1_IRQ,
  COM1_PORT,
  COM1_PORTS,
  DEBUG_CONSOLE_PORT,
  DMA_PAGE_PORT,
  DMA_PAGE_PORTS,
  DMA1_PORT,
  DMA1_PORTS,
  DMA2_PORT,
  DMA2_PORTS,
  ELCR_PORT,
  ELCR_PORTS,
  I8042_COMMAND_PORT,
  I8042_DATA_PORT,
  IOAPIC_ADDRESS,
  IOAPIC_SIZE,
  ioApicPinOfIrq,
  LOCAL_APIC_ADDRESS,
  LOCAL_APIC_SIZE,
  PIC_MASTER_PORT,
  PIC_PORTS,
  PIC_SLAVE_PORT,
  PIT_PORT,
  PIT_PORTS,
  POST_PORT,
  RTC_PORT,
  RTC_PORTS,
  SCI_IRQ,
  SYSTEM_CONTROL_A_PORT,
  SYSTEM_CONTROL_B_PORT,
} from '../memory-map.ts';
import {
  AcpiGpe,
  AcpiPm,
  DebugConsole,
  DmaRegisters,
  ExitPort,
  fanOut,
  I8042,
  IoApic,
  LocalApic,
  Pic,
  Pit,
  PostCode,
  Rtc,
  SystemControlA,
  TimeStampCounter,
  Uart,
} from './index.ts';

const EXIT_PORT = 0xf4;

/** The whole chipset, wired as on the machine. */
function makeChipset() {
  const clock = new VirtualClock();
  const intr = new RecordingLine();
  const ignore = (): void => undefined;
  const toPic: { raise(): void; lower(): void } = {
    raise: () => apic.lint0.raise(),
    lower: () => apic.lint0.lower(),
  };
  const pic = new Pic(toPic);
  const apic: LocalApic = new LocalApic({
    clock,
    intr,
    nmi: ignore,
    init: ignore,
    pic,
    endOfInterrupt: (vector) => ioapic.endOfInterrupt(vector),
    tsc: new TimeStampCounter(clock, 1_000_000_000),
    x2apic: true,
  });
  const ioapic = new IoApic(apic);
  const isa = (irq: number) => fanOut(pic.line(irq), ioapic.line(ioApicPinOfIrq(irq)));
  const pit = new Pit({ clock, irq: isa(0) });
  const rtc = new Rtc({ clock, irq: isa(8), startMs: 1_700_000_000_123, memoryBelow4G: 2 ** 29, memoryAbove4G: 0 });
  const uart = new Uart({ irq: isa(COM1_IRQ), transmit: ignore });
  const i8042 = new I8042({ keyboardIrq: isa(1), auxiliaryIrq: isa(12), reset: ignore });
  const sci = new SharedLine(isa(SCI_IRQ));
  const pm = new AcpiPm({ clock, sci: sci.source(), powerOff: ignore });
  const gpe = new AcpiGpe({ sci: sci.source() });
  const ports = new AddressSpace('ports', 0x1_0000);
  ports.map('dma1', DMA1_PORT, DMA1_PORTS, new DmaRegisters(DMA1_PORTS));
  ports.map('pic master', PIC_MASTER_PORT, PIC_PORTS, pic.master);
  ports.map('pit', PIT_PORT, PIT_PORTS, pit.ports);
  ports.map('i8042 data', I8042_DATA_PORT, 1, i8042.data);
  ports.map('control b', SYSTEM_CONTROL_B_PORT, 1, pit.systemControlB);
  ports.map('i8042 command', I8042_COMMAND_PORT, 1, i8042.command);
  ports.map('rtc', RTC_PORT, RTC_PORTS, rtc);
  ports.map('post', POST_PORT, 1, new PostCode());
  ports.map('dma page', DMA_PAGE_PORT, DMA_PAGE_PORTS, new DmaRegisters(DMA_PAGE_PORTS));
  ports.map('control a', SYSTEM_CONTROL_A_PORT, 1, new SystemControlA({ reset: ignore }));
  ports.map('pic slave', PIC_SLAVE_PORT, PIC_PORTS, pic.slave);
  ports.map('dma2', DMA2_PORT, DMA2_PORTS, new DmaRegisters(DMA2_PORTS));
  ports.map('debug', DEBUG_CONSOLE_PORT, 1, new DebugConsole(ignore));
  ports.map('exit', EXIT_PORT, 1, new ExitPort(ignore));
  ports.map('uart', COM1_PORT, COM1_PORTS, uart);
  ports.map('elcr', ELCR_PORT, ELCR_PORTS, pic.elcr);
  ports.map('pm', ACPI_PM_PORT, ACPI_PM_PORTS, pm);
  ports.map('gpe', ACPI_GPE_PORT, ACPI_GPE_PORTS, gpe);
  const mmio = new AddressSpace('memory', 2 ** 32);
  mmio.map('ioapic', IOAPIC_ADDRESS, IOAPIC_SIZE, ioapic);
  mmio.map('local apic', LOCAL_APIC_ADDRESS, LOCAL_APIC_SIZE, apic);
  return { clock, ports, mmio, apic, uart, pm, gpe };
}

const width = fc.constantFrom<Width>(1, 2, 4);
/** Bytes and whole registers, often with few bits set. */
const value = fc.oneof(
  fc.nat(0xff),
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.nat(31).map((bit) => 2 ** bit),
);
const port = fc
  .constantFrom(0, 0x20, 0x40, 0x42, 0x60, 0x64, 0x70, 0x80, 0x90, 0xa0, 0xc0, 0xe9, 0xf4, 0x3f8, 0x4d0, 0x600, 0x608, 0x620)
  .chain((base) => fc.nat(15).map((offset) => base + offset));
const register = fc.oneof(
  fc.constantFrom(0, 0x10, 0x40).map((offset) => IOAPIC_ADDRESS + offset),
  fc.nat(0x3f).map((index) => LOCAL_APIC_ADDRESS + 16 * index),
  fc.nat(0xfff).map((offset) => LOCAL_APIC_ADDRESS + offset),
);
const msr = fc.oneof(
  fc.constantFrom(0x1b, 0x6e0),
  fc.nat(0x3f).map((index) => 0x800 + index),
);
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('out' as const), port, width, value }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('in' as const), port, width }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), register, width, value }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('read' as const), register, width }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wrmsr' as const), msr, value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wrmsr' as const), msr, value: fc.constantFrom(0xfee0_0900n, 0xfee0_0d00n, 0n) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('msi' as const), address: fc.nat(0xf_ffff), value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ns: fc.oneof(fc.nat(100_000), fc.nat(20_000_000)) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'interrupt' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('type' as const), count: fc.nat(5000) }) },
);

describe('DEV-10, DEV-12: random accesses to all devices', () => {
  it('end in a state', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const { clock, ports, mmio, apic, uart, pm, gpe } = makeChipset();
        const inRange = (n: number, w: Width): void => {
          if (!Number.isInteger(n) || n < 0 || n >= 2 ** (8 * w)) throw new Error(`${n} is no value of ${w} bytes`);
        };
        for (const op of operations) {
          switch (op.do) {
            case 'out':
              ports.write(op.port, op.width, op.value % 2 ** (8 * op.width));
              break;
            case 'in':
              inRange(ports.read(op.port, op.width), op.width);
              break;
            case 'write':
              mmio.write(op.register, op.width, op.value % 2 ** (8 * op.width));
              break;
            case 'read':
              inRange(mmio.read(op.register, op.width), op.width);
              break;
            case 'wrmsr':
              apic.msrs.get(op.msr)?.write(op.value);
              apic.msrs.get(op.msr)?.read();
              break;
            case 'msi':
              apic.signal(0xfee0_0000n + BigInt(op.address), op.value);
              break;
            case 'pass':
              clock.advanceTo(clock.now() + BigInt(op.ns));
              break;
            case 'interrupt': {
              const vector = apic.acknowledge();
              expect(vector).toBeGreaterThanOrEqual(-1);
              expect(vector).toBeLessThan(256);
              break;
            }
            case 'type':
              uart.receive(new Uint8Array(op.count));
              pm.pressPowerButton();
              gpe.raise(op.count & 7);
              break;
          }
        }
        // At most some 100,000 events a second for each of the two timers, 8,192 for the clock.
        let events = 0;
        const end = clock.now() + 1_000_000n;
        for (let next = clock.nextDeadline; next !== undefined && next <= end; next = clock.nextDeadline) {
          clock.advanceTo(next);
          if (++events > 1000) throw new Error('the timers flood');
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('end in a state for one device driven at a time', () => {
    const focused = fc.constantFrom(0x20, 0xa0, 0x40, 0x70, 0x3f8, 0x60, 0x600).chain((base) =>
      fc.array(
        fc.record({ port: fc.nat(7).map((o) => base + o), write: fc.boolean(), width, value: fc.nat(0xff), ns: fc.nat(2_000_000) }),
        {
          maxLength: 100,
        },
      ),
    );
    fc.assert(
      fc.property(focused, (accesses) => {
        const { clock, ports } = makeChipset();
        for (const { port: at, write, width: w, value: v, ns } of accesses) {
          if (write) ports.write(at, w, v);
          else expect(ports.read(at, w)).toBeLessThan(2 ** (8 * w));
          clock.advanceTo(clock.now() + BigInt(ns));
        }
      }),
      { numRuns: 500 },
    );
  });
});
