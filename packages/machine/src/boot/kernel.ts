/** Tells by a file's contents which boot protocol it speaks. */
import { ConfigurationError } from '@paravirt/bus';
import type { BootProgram } from './boot-program.ts';
import { isElf } from './elf.ts';
import { type LinuxOptions, loadLinux } from './linux.ts';
import { isLinux } from './linux-header.ts';
import { isMultiboot, loadMultiboot } from './multiboot.ts';

/** The first 0x264 bytes hold all that tells what a bzImage is. */
const SHORTEST_LINUX = 0x264;

/**
 * Linux (bzImage) or multiboot.
 * @throws ConfigurationError as `loadLinux` and `loadMultiboot` do; `kernel-format` if the file is neither, `kernel-truncated` if it is
 *   too short to be one.
 */
export function loadKernel(options: LinuxOptions): BootProgram {
  const { kernel } = options;
  if (isLinux(kernel)) return loadLinux(options);
  if (isMultiboot(kernel)) return loadMultiboot(options);
  if (kernel.length < SHORTEST_LINUX)
    throw new ConfigurationError('kernel-truncated', `the kernel has ${kernel.length} bytes: too short to be one`, kernel.length);
  const gzip = kernel[0] === 0x1f && kernel[1] === 0x8b;
  const hint = gzip
    ? ' (it is compressed with gzip; unpack it first)'
    : isElf(kernel)
      ? ' (it is an ELF file without multiboot header; of Linux, pass the bzImage or vmlinuz)'
      : '';
  throw new ConfigurationError('kernel-format', `the kernel is neither a Linux bzImage nor a multiboot image${hint}`);
}
