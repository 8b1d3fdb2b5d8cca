/**
 * The machine's Differentiated System Description Table, written as one would write its ASL. [ACPI 6.5 §5.2.11.1] Read it from
 * `definitionBlock` down.
 */
import {
  ACPI_GPE_PORT,
  ACPI_GPE_PORTS,
  ACPI_PM_PORT,
  ACPI_PM_PORTS,
  COM1_IRQ,
  COM1_PORT,
  COM1_PORTS,
  ELCR_PORT,
  ELCR_PORTS,
  PCI_CONFIG_ADDRESS_PORT,
  PCI_GSIS,
  PCI_HOTPLUG_PORT,
  PCI_HOTPLUG_PORTS,
  PCI_IO_BASE,
  PCI_IO_SIZE,
  PCI_MMIO_BASE,
  PCI_MMIO_SIZE,
  PCI_PIC_IRQS,
  RTC_IRQ,
  RTC_PORT,
  RTC_PORTS,
} from '../memory-map.ts';
import { SLEEP_TYPE_S5 } from './acpi-pm.ts';
import {
  type Aml,
  arg,
  device,
  eisaId,
  integer,
  method,
  name,
  namePath,
  otherwise,
  packageOf,
  returns,
  scope,
  store,
  string,
  terms,
  when,
} from './aml.ts';
import { busWindow, ioPorts, ioWindow, isaInterrupt, memoryWindow, resourceTemplate } from './aml-resources.ts';
import { hotplugEvent, hotplugSlots } from './dsdt-hotplug.ts';

const DEVICES = 32;
const PINS = 4;

/** The body of the DSDT, after its header. */
export function definitionBlock(): Aml {
  return terms(
    // [ACPI 6.5 §5.8.1] 0: the PICs; 1: the IOAPIC.
    name('\\PICF', integer(0)),
    method('\\_PIC', 1, store(arg(0), namePath('\\PICF'))),
    // [ACPI 6.5 §7.4.2.6] Soft off: SLP_TYPa, SLP_TYPb and two reserved.
    name('\\_S5', packageOf(integer(SLEEP_TYPE_S5), integer(SLEEP_TYPE_S5), integer(0), integer(0))),
    scope('\\_SB', processor(), hostBridge(), motherboard(), serialPort(), realTimeClock()),
    hotplugEvent(),
  );
}

/** [ACPI 6.5 §8.4] The unique id is the one of the MADT's local APIC entry. */
const processor = (): Aml => device('CPU0', name('_HID', string('ACPI0007')), name('_UID', integer(0)));

function hostBridge(): Aml {
  return device(
    'PCI0',
    name('_HID', eisaId('PNP0A03')),
    name('_UID', integer(0)),
    name('_BBN', integer(0)),
    name(
      '_CRS',
      resourceTemplate(
        busWindow(0, 0xff),
        ioPorts(PCI_CONFIG_ADDRESS_PORT, 8),
        ioWindow(0, PCI_CONFIG_ADDRESS_PORT - 1),
        ioWindow(PCI_IO_BASE, PCI_IO_BASE + PCI_IO_SIZE - 1),
        memoryWindow(PCI_MMIO_BASE, PCI_MMIO_BASE + PCI_MMIO_SIZE - 1),
      ),
    ),
    name('APIR', routingTable(PCI_GSIS)),
    name('PICR', routingTable(PCI_PIC_IRQS)),
    method('_PRT', 0, when(namePath('\\PICF'), returns(namePath('APIR'))), otherwise(returns(namePath('PICR')))),
    hotplugSlots(),
  );
}

/**
 * [ACPI 6.5 §6.2.13] One row for every device and pin: address, pin, no link device, interrupt. Pin n of device d is wired to PIRQ
 * (d + n) mod 4, so that single-pin devices share as little as can be. [PCI 3.0 §2.2.6]
 */
function routingTable(interrupts: readonly number[]): Aml {
  const rows: Aml[] = [];
  for (let number = 0; number < DEVICES; number++) {
    for (let pin = 0; pin < PINS; pin++) {
      const interrupt = interrupts[(number + pin) % PINS] ?? 0;
      rows.push(packageOf(integer(number * 0x1_0000 + 0xffff), integer(pin), integer(0), integer(interrupt)));
    }
  }
  return packageOf(...rows);
}

/** Ports that belong to no other device of this table. */
const motherboard = (): Aml =>
  device(
    'MBRD',
    name('_HID', eisaId('PNP0C02')),
    name(
      '_CRS',
      resourceTemplate(
        ioPorts(ACPI_PM_PORT, ACPI_PM_PORTS),
        ioPorts(ACPI_GPE_PORT, ACPI_GPE_PORTS),
        ioPorts(PCI_HOTPLUG_PORT, PCI_HOTPLUG_PORTS),
        ioPorts(ELCR_PORT, ELCR_PORTS),
      ),
    ),
  );

const serialPort = (): Aml =>
  device(
    'COM1',
    name('_HID', eisaId('PNP0501')),
    name('_UID', integer(1)),
    name('_CRS', resourceTemplate(ioPorts(COM1_PORT, COM1_PORTS), isaInterrupt(COM1_IRQ))),
  );

const realTimeClock = (): Aml =>
  device('RTC0', name('_HID', eisaId('PNP0B00')), name('_CRS', resourceTemplate(ioPorts(RTC_PORT, RTC_PORTS), isaInterrupt(RTC_IRQ))));
