/** The guest's RAM: allocated in one piece with the CPU's own tables, and cleared by a reset. */
import { ConfigurationError, type Ram } from '@paravirt/bus';
import { CpuMemory } from '@paravirt/x86-core';
import * as at from './memory-map.ts';

const ZEROS = new Uint8Array(4096);

/** RAM goes on here: firmware puts option ROMs and itself into it. */
const OPTION_ROMS = 0xc_0000;

/**
 * Memory of a CPU with this much RAM below and above 4 GiB, in bytes; the hole for video memory is left out. `shared`: other threads may
 * have it, too.
 * @throws ConfigurationError `memory-too-large` if the host has not as much.
 */
export function allocateMemory(below4G: number, above4G: number, shared = false): CpuMemory {
  const ram = [
    { address: 0, size: at.VIDEO_MEMORY },
    { address: OPTION_ROMS, size: below4G - OPTION_ROMS },
  ];
  if (above4G > 0) ram.push({ address: at.RAM_ABOVE_4G, size: above4G });
  try {
    return new CpuMemory({ ram, shared });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigurationError('memory-too-large', 'the host has not enough memory for this guest', below4G + above4G);
  }
}

/** Zeroes RAM. What is zero is left alone: pages that the guest never touched stay free on the host. */
export function clear(ram: Ram): void {
  for (const { address, size, offset } of ram.regions) {
    const words = new BigUint64Array(ram.buffer, offset, size / 8);
    for (let at = 0; at < size; at += ZEROS.length) {
      let word = at / 8;
      const end = word + ZEROS.length / 8;
      while (word < end && words[word] === 0n) word++;
      if (word < end) ram.write(address + at, ZEROS);
    }
  }
}
