/** What a machine is to boot, as its options say: a kernel, Linux or multiboot, or a firmware ROM. */
import { ACPI_TABLES_ADDRESS } from '../memory-map.ts';
import type { BiosBoot, KernelBoot } from '../pc-options.ts';
import { type BiosImage, loadBios } from './bios.ts';
import type { BootProgram } from './boot-program.ts';
import { loadKernel } from './kernel.ts';
import type { MemoryMapEntry } from './placement.ts';

/** `bios` if it is a ROM. @throws ConfigurationError those of `loadKernel` and `loadBios`. */
export function load(boot: KernelBoot | BiosBoot, memoryMap: readonly MemoryMapEntry[]): BootProgram & { readonly bios?: BiosImage } {
  if ('kernel' in boot) return loadKernel({ ...boot, memoryMap, rsdp: ACPI_TABLES_ADDRESS });
  const bios = loadBios(boot.bios);
  return { ...bios.program, bios };
}
