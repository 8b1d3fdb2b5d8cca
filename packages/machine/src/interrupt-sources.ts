/** Where interrupts come from, as the controllers and the functions of the PCI bus have counted them. */
import type { PciBus } from '@paravirt/pci';
import type { IoApic, LocalApic } from './chipset/index.ts';
import type { NamedCount } from './exits.ts';
import * as at from './memory-map.ts';

export interface InterruptSourcesOptions {
  readonly localApic: LocalApic;
  readonly ioApic: IoApic;
  readonly pci: PciBus;
  /** Vectors that a vbus injected directly. */
  readonly injected: number;
}

/** What is wired to the inputs of the IOAPIC. */
const PINS: ReadonlyMap<number, string> = new Map([
  [at.ioApicPinOfIrq(at.PIT_IRQ), 'PIT'],
  [at.KEYBOARD_IRQ, 'keyboard'],
  [at.COM1_IRQ, 'COM1'],
  [at.RTC_IRQ, 'RTC'],
  [at.SCI_IRQ, 'ACPI'],
  [at.AUXILIARY_IRQ, 'mouse'],
  ...at.PCI_GSIS.map((gsi, index) => [gsi, `PCI INT${'ABCD'[index]}`] as const),
]);

/** In any order. Messages of PCI functions are counted when they are sent, the others when a local APIC takes them. */
export function interruptSources({ localApic, ioApic, pci, injected }: InterruptSourcesOptions): NamedCount[] {
  return [
    { name: 'local APIC timer', count: localApic.timerInterrupts },
    { name: 'vbus hypercalls', count: injected },
    { name: '8259A', count: localApic.externalInterrupts },
    ...[...ioApic.delivered].map((count, pin) => ({ name: `IOAPIC ${pin}, ${PINS.get(pin) ?? 'nothing'}`, count })),
    ...pci.functions.map(({ name, messagesSent }) => ({ name: `${name} messages`, count: messagesSent })),
  ];
}
