/**
 * A firmware ROM: it ends at 4 GiB, and its last 256 KiB are seen below 1 MiB too. The CPU starts at its reset vector in real mode, 16
 * bytes below 4 GiB. [SDM 3A §10.1.4]
 *
 * The copy below 1 MiB lies in RAM that can be written, as after firmware has unlocked it and copied itself there ("shadowing"): chipsets
 * have registers for that, and this one has it done already. Hence 256 KiB and not the 128 KiB that a chipset decodes at power-on.
 */
import { ConfigurationError } from '@paravirt/bus';
import { HIGH_MEMORY, ROM_END, ROM_MAX_SIZE } from '../memory-map.ts';
import type { BootProgram } from './boot-program.ts';

const PAGE = 4096;
/** From C0000h, where RAM goes on behind the hole for video memory. */
const SHADOWED = 0x4_0000;

export interface BiosImage {
  /** Whole pages; ends at 4 GiB. */
  readonly rom: Uint8Array;
  /** Physical address of `rom`'s first byte. */
  readonly address: number;
  readonly program: BootProgram;
}

/**
 * A file that is no whole number of pages is filled up in front with ones, so that its end stays at the end.
 * @throws ConfigurationError `rom-size` unless the file has 1 byte to 16 MiB.
 */
export function loadBios(file: Uint8Array): BiosImage {
  if (file.length === 0 || file.length > ROM_MAX_SIZE)
    throw new ConfigurationError('rom-size', `the ROM has ${file.length} bytes, not 1 to ${ROM_MAX_SIZE}`, file.length);
  const rom = new Uint8Array(Math.ceil(file.length / PAGE) * PAGE).fill(0xff);
  rom.set(file, rom.length - file.length);
  const low = rom.subarray(Math.max(0, rom.length - SHADOWED));
  return {
    rom,
    address: ROM_END - rom.length,
    program: { placements: [{ address: HIGH_MEMORY - low.length, bytes: low, size: low.length }], start: undefined },
  };
}
