/**
 * The BIOS data area at 40:0, as far as kernels read it that start without a BIOS: where conventional memory ends and where the serial port
 * is. [IBM PC/AT Technical Reference, "BIOS Data Areas"; the segment of the extended BIOS data area: ACPI 6.5 §5.2.5.1]
 */
import type { GuestMemory } from '@paravirt/bus';
import { COM1_PORT, EBDA_ADDRESS, VIDEO_MEMORY } from '../memory-map.ts';

const SERIAL_PORTS = 0x400;
const EBDA_SEGMENT = 0x40e;
/** Number of serial ports in bits 9–11, floating-point unit in bit 1. */
const EQUIPMENT = 0x410;
/** In KiB: what INT 12h answers. */
const BASE_MEMORY = 0x413;
const KIB = 1024;

/** Fills in the data area, and the size at the start of the extended one. */
export function writeBiosDataArea(ram: GuestMemory): void {
  ram.writeU16(SERIAL_PORTS, COM1_PORT);
  ram.writeU16(EBDA_SEGMENT, EBDA_ADDRESS >> 4);
  ram.writeU16(EQUIPMENT, (1 << 9) | (1 << 1));
  ram.writeU16(BASE_MEMORY, EBDA_ADDRESS / KIB);
  ram.writeU8(EBDA_ADDRESS, (VIDEO_MEMORY - EBDA_ADDRESS) / KIB);
}
