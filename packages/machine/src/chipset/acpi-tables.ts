/**
 * The ACPI tables of the machine, and their place in guest memory. [ACPI 6.5 §5.2 "ACPI System Description Tables"] One function per
 * table, its fields in the order and with the names of the specification; `writeAcpiTables` at the end links them.
 */
import { ConfigurationError, type GuestMemory } from '@paravirt/bus';
import {
  ACPI_GPE_PORT,
  ACPI_GPE_PORTS,
  ACPI_PM_PORT,
  ACPI_TABLES_ADDRESS,
  IOAPIC_ADDRESS,
  IOAPIC_ID,
  ioApicPinOfIrq,
  LOCAL_APIC_ADDRESS,
  LOCAL_APIC_ID,
  PIT_IRQ,
  RESET_CONTROL_PORT,
  SCI_IRQ,
} from '../memory-map.ts';
import { PM_TIMER_OFFSET, PM1_CONTROL_OFFSET, PM1_EVENT_OFFSET } from './acpi-pm.ts';
import { littleEndian, terms } from './aml.ts';
import { definitionBlock } from './dsdt.ts';
import { RTC_CENTURY } from './rtc.ts';

export interface AcpiTablesOptions {
  /** Guest-physical address, a multiple of 64 in the BIOS area or EBDA, so that the RSDP is found; default ACPI_TABLES_ADDRESS. */
  readonly address?: number;
  /** The port and value that reset the machine; default reset control, CF9h, value 6. */
  readonly resetRegister?: { readonly port: number; readonly value: number };
}

const HEADER_SIZE = 36;
const RSDP_SIZE = 36;
const RSDP_V1_SIZE = 20;
/** [ACPI 6.5 §5.2.10] The FACS is aligned to 64 bytes; here every table is. */
const ALIGNMENT = 64;
const OEM_ID = 'PRAVRT';
const OEM_TABLE_ID = 'PARAVIRT';
const CREATOR_ID = 'PVRT';

const u8 = (value: number): Uint8Array => littleEndian(value, 1);
const u16 = (value: number): Uint8Array => littleEndian(value, 2);
const u32 = (value: number): Uint8Array => littleEndian(value, 4);
const u64 = (value: number): Uint8Array => littleEndian(value, 8);
const text = (characters: string): Uint8Array => Uint8Array.from(characters, (c) => c.charCodeAt(0));

/** Sets the byte at `at` so that bytes [0, length) add up to 0 modulo 256. */
function setChecksum(bytes: Uint8Array, at: number, length: number): void {
  let sum = 0;
  bytes[at] = 0;
  for (let i = 0; i < length; i++) sum += bytes[i] ?? 0;
  bytes[at] = -sum & 0xff;
}

/** [ACPI 6.5 §5.2.6] System description table header, then the body. */
function table(signature: string, revision: number, ...body: readonly Uint8Array[]): Uint8Array {
  const content = terms(...body);
  const bytes = terms(
    text(signature),
    u32(HEADER_SIZE + content.length),
    u8(revision),
    u8(0),
    text(OEM_ID),
    text(OEM_TABLE_ID),
    u32(1),
    text(CREATOR_ID),
    u32(1),
    content,
  );
  setChecksum(bytes, 9, bytes.length);
  return bytes;
}

/** [ACPI 6.5 §5.2.5.3] Root System Description Pointer. */
function rsdp(rsdt: number, xsdt: number): Uint8Array {
  const bytes = terms(text('RSD PTR '), u8(0), text(OEM_ID), u8(2), u32(rsdt), u32(RSDP_SIZE), u64(xsdt), u32(0));
  setChecksum(bytes, 8, RSDP_V1_SIZE);
  setChecksum(bytes, 32, RSDP_SIZE);
  return bytes;
}

/** [ACPI 6.5 §5.2.7, §5.2.8] */
export const buildRsdt = (tables: readonly number[]): Uint8Array => table('RSDT', 1, ...tables.map(u32));
export const buildXsdt = (tables: readonly number[]): Uint8Array => table('XSDT', 1, ...tables.map(u64));

/** [ACPI 6.5 §5.2.3.2] Generic address structure of a port. */
const port = (address: number, bytes: number): Uint8Array => terms([1, 8 * bytes, 0, Math.min(bytes, 3)], u64(address));
const NO_ADDRESS: Uint8Array = new Uint8Array(12);

/** [ACPI 6.5 Table 5.10] Fixed feature flags: power button and RTC wake are as in the fixed register space, no sleep button. */
const WBINVD = 1 << 0;
const PROC_C1 = 1 << 2;
const SLP_BUTTON = 1 << 5;
const TMR_VAL_EXT = 1 << 8;
const RESET_REG_SUP = 1 << 10;
/** [ACPI 6.5 Table 5.11] Boot architecture: ISA devices beyond the described; no 8042; no VGA. */
const LEGACY_DEVICES = 1 << 0;
const VGA_NOT_PRESENT = 1 << 2;
/** [ACPI 6.5 §5.2.9] Latencies above these say that C2 and C3 are not supported. */
const NO_C2 = 101;
const NO_C3 = 1001;

/** [ACPI 6.5 §5.2.9] Fixed ACPI Description Table, in the form of revision 4. */
export function buildFadt(facs: number, dsdt: number, resetRegister: { readonly port: number; readonly value: number }): Uint8Array {
  const event = ACPI_PM_PORT + PM1_EVENT_OFFSET;
  const control = ACPI_PM_PORT + PM1_CONTROL_OFFSET;
  const timer = ACPI_PM_PORT + PM_TIMER_OFFSET;
  return table(
    'FACP',
    4,
    u32(facs), // FIRMWARE_CTRL
    u32(dsdt), // DSDT
    u16(0), // reserved, Preferred_PM_Profile
    u16(SCI_IRQ), // SCI_INT
    u32(0), // SMI_CMD: none, ACPI mode always
    u32(0), // ACPI_ENABLE, ACPI_DISABLE, S4BIOS_REQ, PSTATE_CNT
    u32(event), // PM1a_EVT_BLK
    u32(0), // PM1b_EVT_BLK
    u32(control), // PM1a_CNT_BLK
    u32(0), // PM1b_CNT_BLK
    u32(0), // PM2_CNT_BLK
    u32(timer), // PM_TMR_BLK
    u32(ACPI_GPE_PORT), // GPE0_BLK
    u32(0), // GPE1_BLK
    terms([4, 2, 0, 4]), // PM1_EVT_LEN, PM1_CNT_LEN, PM2_CNT_LEN, PM_TMR_LEN
    terms([ACPI_GPE_PORTS, 0, 0, 0]), // GPE0_BLK_LEN, GPE1_BLK_LEN, GPE1_BASE, CST_CNT
    u16(NO_C2), // P_LVL2_LAT
    u16(NO_C3), // P_LVL3_LAT
    u32(0), // FLUSH_SIZE, FLUSH_STRIDE: WBINVD works
    u32(0), // DUTY_OFFSET, DUTY_WIDTH, DAY_ALRM, MON_ALRM
    u8(RTC_CENTURY), // CENTURY
    u16(LEGACY_DEVICES | VGA_NOT_PRESENT), // IAPC_BOOT_ARCH
    u8(0), // reserved
    u32(WBINVD | PROC_C1 | SLP_BUTTON | TMR_VAL_EXT | RESET_REG_SUP), // Flags
    port(resetRegister.port, 1), // RESET_REG
    u8(resetRegister.value), // RESET_VALUE
    u16(0), // ARM_BOOT_ARCH
    u8(0), // FADT Minor Version
    u64(0), // X_FIRMWARE_CTRL: FIRMWARE_CTRL is used
    u64(dsdt), // X_DSDT
    port(event, 4), // X_PM1a_EVT_BLK
    NO_ADDRESS, // X_PM1b_EVT_BLK
    port(control, 2), // X_PM1a_CNT_BLK
    NO_ADDRESS, // X_PM1b_CNT_BLK
    NO_ADDRESS, // X_PM2_CNT_BLK
    port(timer, 4), // X_PM_TMR_BLK
    port(ACPI_GPE_PORT, ACPI_GPE_PORTS), // X_GPE0_BLK
    NO_ADDRESS, // X_GPE1_BLK
  );
}

/** [ACPI 6.5 §5.2.10] Firmware ACPI Control Structure: no waking, no lock held. Its header is its own and has no checksum. */
export function buildFacs(): Uint8Array {
  return terms(text('FACS'), u32(64), new Uint8Array(24), u8(1), new Uint8Array(31));
}

/** [ACPI 6.5 §5.2.12.5] MPS INTI flags: active high, level-triggered. */
const ACTIVE_HIGH_LEVEL = 0x000d;
const PCAT_COMPAT = 1;

/** [ACPI 6.5 §5.2.12] Multiple APIC Description Table. */
export function buildMadt(): Uint8Array {
  const override = (irq: number, gsi: number, flags: number): Uint8Array => terms([2, 10, 0, irq], u32(gsi), u16(flags));
  return table(
    'APIC',
    3,
    u32(LOCAL_APIC_ADDRESS),
    u32(PCAT_COMPAT),
    terms([0, 8, 0, LOCAL_APIC_ID], u32(1)), // processor local APIC, enabled
    terms([1, 12, IOAPIC_ID, 0], u32(IOAPIC_ADDRESS), u32(0)), // IOAPIC, GSIs from 0
    override(PIT_IRQ, ioApicPinOfIrq(PIT_IRQ), 0), // conforms to the bus: edge, active high
    override(SCI_IRQ, ioApicPinOfIrq(SCI_IRQ), ACTIVE_HIGH_LEVEL),
    terms([4, 6, 0xff], u16(0), [1]), // local APIC NMI: LINT1 of all processors
  );
}

/** [ACPI 6.5 §5.2.11.1] Revision 2: integers have 64 bits. */
export const buildDsdt = (): Uint8Array => table('DSDT', 2, definitionBlock());

/**
 * Writes all tables and returns the address of the RSDP.
 * @throws ConfigurationError `acpi-outside-ram` if the place is not RAM, `bad-address` if it is not a multiple of 64.
 */
export function writeAcpiTables(memory: GuestMemory, options: AcpiTablesOptions = {}): number {
  const base = options.address ?? ACPI_TABLES_ADDRESS;
  if (base % ALIGNMENT !== 0)
    throw new ConfigurationError('bad-address', `ACPI tables at 0x${base.toString(16)} are not on a 64-byte boundary`, base);
  // The RSDP comes first; its contents are known last.
  let next = base + ALIGNMENT;
  const place = (bytes: Uint8Array): number => {
    const address = next;
    if (!memory.contains(base, address + bytes.length - base))
      throw new ConfigurationError('acpi-outside-ram', `no RAM for ACPI tables at 0x${address.toString(16)}`, address);
    memory.write(address, bytes);
    next = Math.ceil((address + bytes.length) / ALIGNMENT) * ALIGNMENT;
    return address;
  };
  const facs = place(buildFacs());
  const dsdt = place(buildDsdt());
  const fadt = place(buildFadt(facs, dsdt, options.resetRegister ?? { port: RESET_CONTROL_PORT, value: 6 }));
  const madt = place(buildMadt());
  const rsdt = place(buildRsdt([fadt, madt]));
  const xsdt = place(buildXsdt([fadt, madt]));
  memory.write(base, rsdp(rsdt, xsdt));
  return base;
}
