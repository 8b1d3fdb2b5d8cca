/**
 * Every fixed physical address, port and interrupt of the machine, in one table. The layout is that of a PC/AT-compatible with one PCI
 * bus: what lies where it does by tradition cites the document that fixed it; what was free to choose says so.
 *
 * How to read: memory from 0 up, then ports from 0 up, then interrupt numbers. Addresses and sizes are in bytes.
 */

// ---- Physical memory ------------------------------------------------------------------------------------------------------------

/** End of conventional memory, as INT 12h reports it; the extended BIOS data area lies from here to 640 KiB. [ACPI 6.5 §15.1] */
export const EBDA_ADDRESS = 0x9_fc00;
/** The hole for video memory and option ROMs. */
export const VIDEO_MEMORY = 0xa_0000;
/** System BIOS area, where RSDP and SMBIOS entry points are searched on 16-byte boundaries. [ACPI 6.5 §5.2.5.1] */
export const BIOS_AREA = 0xe_0000;
export const BIOS_AREA_SIZE = 0x2_0000;
/** Where the ACPI tables are placed when no firmware ROM builds its own: the start of the system BIOS area. */
export const ACPI_TABLES_ADDRESS: number = BIOS_AREA;
/** Extended memory starts here. */
export const HIGH_MEMORY = 0x10_0000;

/** RAM ends here at the latest; what does not fit continues at 4 GiB. Everything in [hole, 4 GiB) is device memory or ROM. */
export const RAM_HOLE = 0xc000_0000;
/** Where RAM continues. */
export const RAM_ABOVE_4G = 0x1_0000_0000;

/** 32-bit PCI memory window: BARs are placed in here. Chosen. */
export const PCI_MMIO_BASE = 0xc000_0000;
/** In bytes; ends at the IOAPIC. There is no window above 4 GiB: 64-bit BARs are placed in here too. */
export const PCI_MMIO_SIZE = 0x3ec0_0000;
/** [IOAPIC §3.1] IOAPIC registers at their default address. */
export const IOAPIC_ADDRESS = 0xfec0_0000;
export const IOAPIC_SIZE = 0x1000;
/** [SDM 3A §11.4.1] Local APIC registers at their default address; MSI messages are written to the same megabyte. */
export const LOCAL_APIC_ADDRESS = 0xfee0_0000;
export const LOCAL_APIC_SIZE = 0x1000;

/** A firmware ROM ends at 4 GiB; its last 256 KiB are seen below 1 MiB too. */
export const ROM_END = 0x1_0000_0000;
/** Largest ROM accepted. */
export const ROM_MAX_SIZE = 0x100_0000;
/** [SDM 3A §10.1.4] First instruction: 16 bytes below 4 GiB. */
export const RESET_VECTOR = 0xffff_fff0;

// ---- Ports ----------------------------------------------------------------------------------------------------------------------

export const DMA1_PORT = 0x00;
export const DMA1_PORTS = 0x10;
export const PIC_MASTER_PORT = 0x20;
export const PIC_SLAVE_PORT = 0xa0;
export const PIC_PORTS = 2;
/** Counters 0 to 2 and the control word. */
export const PIT_PORT = 0x40;
export const PIT_PORTS = 4;
/** i8042 data; status and command are at `I8042_COMMAND_PORT`. */
export const I8042_DATA_PORT = 0x60;
/** NMI status and control, gate of PIT counter 2, its output. */
export const SYSTEM_CONTROL_B_PORT = 0x61;
export const I8042_COMMAND_PORT = 0x64;
/** CMOS index (bit 7: NMI mask) and data. */
export const RTC_PORT = 0x70;
export const RTC_PORTS = 2;
/** Power-on self test codes; guests write it to wait a microsecond. */
export const POST_PORT = 0x80;
/** DMA page registers; the first address of their block is the POST port. */
export const DMA_PAGE_PORT = 0x81;
export const DMA_PAGE_PORTS = 0xf;
/** Fast A20 and fast reset. */
export const SYSTEM_CONTROL_A_PORT = 0x92;
export const DMA2_PORT = 0xc0;
export const DMA2_PORTS = 0x20;
/** Debug console: reads 0xE9, writes are text. */
export const DEBUG_CONSOLE_PORT = 0xe9;
/** Debug output of SeaBIOS; same device. */
export const FIRMWARE_DEBUG_PORT = 0x402;
export const COM1_PORT = 0x3f8;
export const COM1_PORTS = 8;
/** Edge/level control of both PICs. */
export const ELCR_PORT = 0x4d0;
export const ELCR_PORTS = 2;
/** PM1a event, PM1a control and PM timer. Chosen: as firmware places it on PIIX4. */
export const ACPI_PM_PORT = 0x600;
export const ACPI_PM_PORTS = 0x10;
/** General-purpose event status and enable. Chosen, as the next. */
export const ACPI_GPE_PORT = 0x620;
export const ACPI_GPE_PORTS = 2;
/** Hot-plug registers of the PCI slots, for the DSDT's methods. */
export const PCI_HOTPLUG_PORT = 0x630;
export const PCI_HOTPLUG_PORTS = 0x10;
/** [PCI 3.0 §3.2.2.3.2] Configuration mechanism #1. CONFIG_ADDRESS answers 4-byte accesses at its first byte only. */
export const PCI_CONFIG_ADDRESS_PORT = 0xcf8;
/** Reset control: byte accesses within CONFIG_ADDRESS's dword are another register. The FADT names it. */
export const RESET_CONTROL_PORT = 0xcf9;
/** PCI I/O windows as ACPI describes them: below and above the configuration ports. BARs go into the upper one. */
export const PCI_IO_BASE = 0xd00;
export const PCI_IO_SIZE = 0xf300;
/** I/O BARs are placed from here. Chosen: above everything that a PC decodes by tradition. */
export const PCI_IO_BAR_BASE = 0xc000;

// ---- Interrupts -----------------------------------------------------------------------------------------------------------------

export const PIT_IRQ = 0;
export const KEYBOARD_IRQ = 1;
export const COM1_IRQ = 4;
export const RTC_IRQ = 8;
/** ACPI's system control interrupt, level-triggered. */
export const SCI_IRQ = 9;
export const AUXILIARY_IRQ = 12;
/** PIRQ A–D (index 0–3) as IOAPIC inputs. */
export const PCI_GSIS: readonly [number, number, number, number] = [16, 17, 18, 19];
/** PIRQ A–D as inputs of the PICs, for guests that do not use the IOAPIC. Level-triggered: firmware sets their bits in the ELCR. */
export const PCI_PIC_IRQS: readonly [number, number, number, number] = [10, 11, 10, 11];
/** The ELCR value that goes with `SCI_IRQ` and `PCI_PIC_IRQS`. */
export const ELCR_VALUE: number = (1 << SCI_IRQ) | (1 << PCI_PIC_IRQS[0]) | (1 << PCI_PIC_IRQS[1]);
/** IOAPIC input of an ISA interrupt: equal, but for the timer. */
export const ioApicPinOfIrq = (irq: number): number => (irq === PIT_IRQ ? 2 : irq);

/** APIC ids: the one processor, and the IOAPIC. */
export const LOCAL_APIC_ID = 0;
export const IOAPIC_ID = 1;
