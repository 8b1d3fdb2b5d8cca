/**
 * The Linux guest that the lab measures with: from the directory that the user names, or Debian's, made and kept as by `paravirt image debian`.
 * What it is, is known by what is in its files, so that results say which guest they are of, wherever it was booted.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { debianImage } from '../image/debian-image.ts';
import { ImageError } from '../image/image-error.ts';
import { Progress, type ProgressStream } from '../image/progress.ts';
import { readFile } from '../run/files.ts';
import type { Circumstances } from './circumstances.ts';
import type { Equipment } from './measure.ts';

/** Guests are 64-bit: a point says nothing else. */
const ARCHITECTURE = 'x86_64';

export interface GuestImages {
  readonly files: Equipment['images'];
  readonly identities: Circumstances['images'];
  /** Why there is no guest, or what it lacks; one line. */
  readonly notice?: string;
}

export const NO_GUEST: GuestImages = { files: {}, identities: {} };

/** @throws UsageError if a named directory has no guest. A guest that cannot be made is none, with a notice. */
export async function guestImages(directory: string | undefined, stream: ProgressStream): Promise<GuestImages> {
  if (directory !== undefined) return identified(join(directory, `vmlinuz-${ARCHITECTURE}`), join(directory, `initrd-${ARCHITECTURE}`));
  const progress = new Progress(stream);
  try {
    const { kernel, initrd, omitted } = await debianImage({ arch: ARCHITECTURE, progress });
    const images = identified(kernel, initrd);
    return omitted === undefined ? images : { ...images, notice: `the Linux guest has no modules of virtual-bus: ${omitted}` };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { ...NO_GUEST, notice: `without Linux guests: ${error.message}` };
  } finally {
    progress.end();
  }
}

/** @throws UsageError if a file cannot be read */
function identified(kernel: string, initrd: string): GuestImages {
  const bytes = readFile('--image', kernel);
  const name = kernelRelease(bytes);
  const identity = { kernel: digest(bytes), initrd: digest(readFile('--image', initrd)), name };
  return { files: { [ARCHITECTURE]: { kernel, initrd, name } }, identities: { [ARCHITECTURE]: identity } };
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** [linux boot.rst, "kernel_version"] The first word of the text that the boot header points to, less 0x200. */
export function kernelRelease(bytes: Uint8Array): string {
  const pointer = (bytes[0x20e] ?? 0) | ((bytes[0x20f] ?? 0) << 8);
  const text = Buffer.from(bytes.subarray(pointer + 0x200, pointer + 0x280)).toString('latin1');
  const isBzImage = Buffer.from(bytes.subarray(0x202, 0x206)).toString('latin1') === 'HdrS';
  return (isBzImage && pointer !== 0 ? /^[\w.+~-]{1,64}/.exec(text)?.[0] : undefined) ?? 'unknown';
}
