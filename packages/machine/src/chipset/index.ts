/** The devices of the chipset, each usable alone: they are given lines, a clock and callbacks, and answer port or memory accesses. */
export { AcpiGpe, type AcpiGpeOptions } from './acpi-gpe.ts';
export { AcpiPm, type AcpiPmOptions } from './acpi-pm.ts';
export { type AcpiTablesOptions, writeAcpiTables } from './acpi-tables.ts';
export { IA32_APIC_BASE, IA32_TIME_STAMP_COUNTER, IA32_TSC_DEADLINE, type MsrHandler } from './apic-msrs.ts';
export { DebugConsole, ExitPort, PostCode } from './debug-ports.ts';
export { DmaRegisters } from './dma-registers.ts';
export { HOTPLUG_EVENT } from './dsdt-hotplug.ts';
export { I8042, type I8042Options } from './i8042.ts';
export { type ApicBus, DELIVERY_FIXED, fanOut, type InterruptMessage } from './interrupt-message.ts';
export { IoApic, type IoApicOptions } from './ioapic.ts';
export { type ApicMode, LocalApic, type LocalApicOptions } from './local-apic.ts';
export { Pic } from './pic.ts';
export { Pit, type PitOptions } from './pit.ts';
export { Rtc, type RtcOptions } from './rtc.ts';
export { SystemControlA, type SystemControlAOptions } from './system-control-a.ts';
export { TimeStampCounter } from './tick-rate.ts';
export { Uart, type UartOptions } from './uart.ts';
