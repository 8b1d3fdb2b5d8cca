/** Signatures of the chipset. */
import type { Clock, GuestMemory, InterruptLine, IoHandler, MessageInterrupts } from '@paravirt/bus';

/** Makes several lines of one: ISA interrupts reach PIC and IOAPIC. */
export declare function fanOut(...lines: readonly InterruptLine[]): InterruptLine;

export declare class Pic {
  /** `output` is INT of the master: fan it out to `localApic.lint0` and IOAPIC pin 0. */
  constructor(output: InterruptLine);
  readonly master: IoHandler; // 2 ports
  readonly slave: IoHandler; // 2 ports
  readonly elcr: IoHandler; // 2 ports; firmware: pic.elcr.write(0, 2, ELCR_VALUE)
  /** Input 0–15 (2 is the cascade). */
  line(irq: number): InterruptLine;
  /** INTA cycles: vector (spurious IRQ7/15 if the request is gone). */
  acknowledge(): number;
  reset(): void;
}

export interface InterruptMessage {
  readonly destination: number;
  readonly logical: boolean;
  readonly deliveryMode: number;
  readonly vector: number;
  readonly level: boolean;
}
/** What IOAPICs and MSI write to: the local APIC. */
export interface ApicBus {
  deliver(message: InterruptMessage): void;
}
export interface IoApicOptions {
  readonly id?: number;
  /** Default 0x20 (has the EOI register). */
  readonly version?: 0x11 | 0x20;
}
export declare class IoApic implements IoHandler {
  constructor(bus: ApicBus, options?: IoApicOptions);
  line(pin: number): InterruptLine;
  /** EOI broadcast from the local APIC. */
  endOfInterrupt(vector: number): void;
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
  reset(): void;
}

export interface MsrHandler {
  read(): bigint;
  write(value: bigint): boolean;
}
/** TSC as a function of virtual time: give `() => tsc.read()` to the CPU and `tsc` to the local APIC. */
export declare class TimeStampCounter {
  constructor(clock: Clock, hz: number);
  read(): bigint;
  /** Time in ns at which the counter reaches `value`. */
  timeOf(value: bigint): bigint;
}
export interface LocalApicOptions {
  readonly clock: Clock;
  /** The CPU's INTR. */
  readonly intr: InterruptLine;
  readonly nmi: () => void;
  readonly init: () => void;
  /** Answers INTA of ExtINT interrupts. */
  readonly pic: { acknowledge(): number };
  /** EOI broadcast to IOAPICs. */
  readonly endOfInterrupt: (vector: number) => void;
  /** For TSC-deadline mode; without it the mode is not offered. */
  readonly tsc?: TimeStampCounter;
  /** Timer input in Hz; default 1e9. */
  readonly timerHz?: number;
  readonly id?: number;
  readonly x2apic?: boolean;
}
/** Also the CPU's InterruptController, and where MSI are signalled. */
export declare class LocalApic implements IoHandler, ApicBus, MessageInterrupts {
  constructor(options: LocalApicOptions);
  readonly lint0: InterruptLine;
  readonly lint1: InterruptLine;
  /** IA32_APIC_BASE, IA32_TSC_DEADLINE, x2APIC registers: give to the CPU. */
  readonly msrs: ReadonlyMap<number, MsrHandler>;
  acknowledge(): number;
  readonly taskPriority: number;
  setTaskPriority(value: number): void;
  deliver(message: InterruptMessage): void;
  signal(address: bigint, data: number): void;
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
  /** What firmware leaves for a kernel: software-enabled, LINT0 = ExtINT, LINT1 = NMI. [MP 1.4 §3.6.2.2] Call before direct kernel boots. */
  enterVirtualWireMode(): void;
  reset(): void;
}

export declare class Pit {
  /** `irq0`: OUT of counter 0; `nothing else of the PC`. */
  constructor(options: { readonly clock: Clock; readonly irq: InterruptLine; readonly onSpeaker?: (hz: number) => void });
  readonly ports: IoHandler; // 0x40, 4 ports
  readonly systemControlB: IoHandler; // port 0x61
  reset(): void;
}

export declare class Rtc implements IoHandler {
  constructor(options: {
    readonly clock: Clock;
    readonly irq: InterruptLine;
    /** Time of day when the clock reads 0: ms since 1970, UTC. */
    readonly startMs: number;
    /** Bytes of RAM below and above 4 GiB, for the CMOS memory size bytes. */
    readonly memoryBelow4G: number;
    readonly memoryAbove4G: number;
  });
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
  reset(): void;
}

export declare class Uart implements IoHandler {
  constructor(options: { readonly irq: InterruptLine; readonly transmit: (byte: number) => void });
  /** Bytes from the host; returns how many were taken. When fewer than offered, `onReceivable` is called once when there is room. */
  receive(bytes: Uint8Array): number;
  onReceivable: (() => void) | undefined;
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
  reset(): void;
}

export declare class I8042 {
  constructor(options: {
    readonly keyboardIrq: InterruptLine;
    readonly auxiliaryIrq: InterruptLine;
    readonly reset: () => void;
    readonly setA20?: (enabled: boolean) => void;
  });
  readonly data: IoHandler; // port 0x60
  readonly command: IoHandler; // port 0x64
  reset(): void;
}
/** Port 0x92. */
export declare class SystemControlA implements IoHandler {
  constructor(options: { readonly reset: () => void; readonly setA20?: (enabled: boolean) => void });
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
}
/** Port 0xCF9. */
export declare class ResetControl implements IoHandler {
  constructor(reset: () => void);
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
}
/** Ports 0xE9, 0x402. */
export declare class DebugConsole implements IoHandler {
  constructor(write: (byte: number) => void);
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
}
/** isa-debug-exit. `exit` gets (value << 1) | 1. */
export declare class ExitPort implements IoHandler {
  constructor(exit: (code: number) => void);
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
}
/** Port 0x80. */
export declare class PostCode implements IoHandler {
  readonly last: number;
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
}
/** Registers of the 8237s that hold what was written; no transfer is ever made. One per block of ports. */
export declare class DmaRegisters implements IoHandler {
  constructor(size: number);
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
}

/** Ports ACPI_PM_PORT, ACPI_PM_PORTS. */
export declare class AcpiPm implements IoHandler {
  constructor(options: { readonly clock: Clock; readonly sci: InterruptLine; readonly powerOff: () => void });
  /** A press of the power button, as the guest's OS sees it. */
  pressPowerButton(): void;
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
  reset(): void;
}

export interface AcpiTablesOptions {
  /** Default ACPI_TABLES_ADDRESS. Must be RAM. */
  readonly address?: number;
  /** FADT reset register; default port 0xCF9, value 6. */
  readonly resetRegister?: { readonly port: number; readonly value: number };
  /** Describe the i8042 (default false: guests do not probe it). */
  readonly ps2?: boolean;
}
/** Writes RSDP, RSDT, XSDT, FADT, FACS, MADT, DSDT; returns the physical address of the RSDP (for boot_params.acpi_rsdp_addr). */
export declare function writeAcpiTables(memory: GuestMemory, options?: AcpiTablesOptions): number;
