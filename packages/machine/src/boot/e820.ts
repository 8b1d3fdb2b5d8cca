/** The memory map that firmware reports: RAM as guests may use it, and what is not to be touched. [ACPI 6.5 §15] */
import { BIOS_AREA, BIOS_AREA_SIZE, EBDA_ADDRESS, HIGH_MEMORY, RAM_ABOVE_4G, VIDEO_MEMORY } from '../memory-map.ts';
import type { MemoryMapEntry } from './placement.ts';

/**
 * By address, disjoint; holes are not listed.
 * @param lowEnd End of RAM below the hole, in bytes; above 1 MiB.
 * @param highSize Bytes of RAM from 4 GiB on.
 */
export function memoryMapOf(lowEnd: number, highSize: number): readonly MemoryMapEntry[] {
  const map: MemoryMapEntry[] = [
    { address: 0, size: EBDA_ADDRESS, type: 'ram' },
    { address: EBDA_ADDRESS, size: VIDEO_MEMORY - EBDA_ADDRESS, type: 'reserved' },
    { address: BIOS_AREA, size: BIOS_AREA_SIZE, type: 'reserved' },
    { address: HIGH_MEMORY, size: lowEnd - HIGH_MEMORY, type: 'ram' },
  ];
  if (highSize > 0) map.push({ address: RAM_ABOVE_4G, size: highSize, type: 'ram' });
  return map;
}
