/** The devices of the chipset, each usable alone: they are given lines, a clock and callbacks, and answer port or memory accesses. */
export {
  AcpiPm,
  type AcpiPmOptions,
  PM_TIMER_OFFSET,
  PM1_CONTROL_OFFSET,
  PM1_EVENT_OFFSET,
  SLEEP_TYPE_S5,
} from './acpi-pm.ts';
export {
  type AcpiTablesOptions,
  buildDsdt,
  buildFacs,
  buildFadt,
  buildMadt,
  buildRsdt,
  buildXsdt,
  writeAcpiTables,
} from './acpi-tables.ts';
export { IA32_APIC_BASE, IA32_TSC_DEADLINE, type MsrHandler, X2APIC_MSRS } from './apic-msrs.ts';
export { type ByteDevice, byteWide } from './byte-registers.ts';
export { DebugConsole, ExitPort, PostCode } from './debug-ports.ts';
export { DmaRegisters } from './dma-registers.ts';
export { I8042, type I8042Options } from './i8042.ts';
export { type ApicBus, decodeMessage, fanOut, type InterruptMessage } from './interrupt-message.ts';
export { IoApic, type IoApicOptions } from './ioapic.ts';
export { type ApicMode, LocalApic, type LocalApicOptions } from './local-apic.ts';
export { Pic } from './pic.ts';
export { Pit, type PitOptions } from './pit.ts';
export { RTC_CENTURY, Rtc, type RtcOptions } from './rtc.ts';
export { SystemControlA, type SystemControlAOptions } from './system-control-a.ts';
export { PIT_HZ, PM_TIMER_HZ, TickRate, TimeStampCounter } from './tick-rate.ts';
export { UART_QUEUE_SIZE, Uart, type UartOptions } from './uart.ts';
