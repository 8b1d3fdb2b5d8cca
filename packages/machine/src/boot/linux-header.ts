/**
 * The setup header of a Linux kernel image. [linux boot.rst, "The Real-Mode Kernel Header"] Offsets are from the start of the file, as
 * the table there prints them; a field is read only if the protocol version has it.
 */
import { ConfigurationError } from '@paravirt/bus';
import { FileView } from './file-view.ts';

/** [linux boot.rst, "Details of Header Fields"] */
export interface LinuxHeader {
  /** Protocol: 0x020c is 2.12. At least 0x0206. */
  readonly version: number;
  /** From 0x1f1 to the end of the header: what a loader copies to the zero page. A view of the file. */
  readonly setupHeader: Uint8Array;
  /** The protected-mode code. A view of the file. */
  readonly payload: Uint8Array;
  readonly code32Start: number;
  /** Highest address that a byte of the initrd may have. */
  readonly initrdAddrMax: number;
  /** A power of two. */
  readonly kernelAlignment: number;
  readonly relocatable: boolean;
  readonly xloadflags: number;
  /** Most bytes of command line, without the final zero. */
  readonly cmdlineSize: number;
  readonly prefAddress: number;
  /** Bytes that the kernel needs from where it runs, before it looks at the memory map. */
  readonly initSize: number;
}

export const SETUP_HEADER = 0x1f1;
const SECTOR = 512;
const BOOT_FLAG = 0xaa55;
const MAGIC = 0x5372_6448; // "HdrS"
/** The zero page keeps this much for the header. [linux zero-page.rst] */
const SETUP_HEADER_END = 0x290;
/** First version that states the size of the command line. */
export const OLDEST_PROTOCOL = 0x0206;
const LOADED_HIGH = 0x01;
/** Where protected-mode code of a kernel without a preferred address runs. */
export const DEFAULT_LOAD = 0x10_0000;

export const XLF_KERNEL_64 = 0x01;

const versionText = (version: number): string => `${version >> 8}.${String(version & 0xff).padStart(2, '0')}`;

/** True if the file says that it is a Linux kernel. */
export function isLinux(file: Uint8Array): boolean {
  return file.length >= 0x206 && new FileView('the kernel', file).u32(0x202) === MAGIC;
}

/**
 * Reads and checks the header. `isLinux(file)` holds.
 * @throws ConfigurationError `kernel-truncated`, `kernel-format`, `kernel-protocol`.
 */
export function parseLinuxHeader(file: Uint8Array): LinuxHeader {
  const view = new FileView('the kernel', file);
  if (view.u16(0x1fe) !== BOOT_FLAG) throw new ConfigurationError('kernel-format', 'the kernel has no boot flag 0xaa55', view.u16(0x1fe));
  const version = view.u16(0x206);
  if (version < OLDEST_PROTOCOL)
    throw new ConfigurationError(
      'kernel-protocol',
      `the kernel speaks boot protocol ${versionText(version)}; ${versionText(OLDEST_PROTOCOL)} (Linux 2.6.22) or later is needed`,
      version,
    );
  if ((view.u8(0x211) & LOADED_HIGH) === 0)
    throw new ConfigurationError('kernel-format', 'the kernel is a zImage, made to run below 1 MiB; a bzImage is needed');

  // The jump at 0x200 has its displacement in its second byte: it leaps over the header.
  const headerEnd = Math.min(0x202 + view.u8(0x201), SETUP_HEADER_END);
  const needed = version >= 0x020a ? 0x264 : 0x23c;
  if (headerEnd < needed)
    throw new ConfigurationError('kernel-format', `the kernel's setup header ends at 0x${headerEnd.toString(16)}, too early`, headerEnd);
  const setupHeader = view.slice(SETUP_HEADER, headerEnd - SETUP_HEADER, 'its setup header');

  // "For backwards compatibility, if the setup_sects field contains 0, the real value is 4."
  const setupSize = ((view.u8(0x1f1) || 4) + 1) * SECTOR;
  view.require(0, setupSize, 'its setup code');
  const paragraphs = view.u32(0x1f4);
  const present = view.length - setupSize;
  // The last paragraph may be cut short, no other.
  if (paragraphs > Math.ceil(present / 16)) view.require(setupSize, paragraphs * 16, 'its protected-mode code');
  const payload = view.bytes.subarray(setupSize, setupSize + Math.min(present, paragraphs * 16));
  if (payload.length === 0) throw new ConfigurationError('kernel-truncated', 'the kernel has no protected-mode code', file.length);

  const kernelAlignment = view.u32(0x230);
  const relocatable = view.u8(0x234) !== 0;
  if (relocatable && (kernelAlignment === 0 || (kernelAlignment & (kernelAlignment - 1)) !== 0))
    throw new ConfigurationError('kernel-format', `the kernel's alignment ${kernelAlignment} is no power of two`, kernelAlignment);
  const prefAddress = version >= 0x020a ? view.u64(0x258) : BigInt(DEFAULT_LOAD);
  // Beyond 2^52 there is no memory, and numbers would lose precision.
  if (prefAddress > 2n ** 52n)
    throw new ConfigurationError('kernel-format', `the kernel's preferred address 0x${prefAddress.toString(16)} cannot be`, prefAddress);

  return {
    version,
    setupHeader,
    payload,
    code32Start: view.u32(0x214),
    initrdAddrMax: view.u32(0x22c),
    kernelAlignment,
    relocatable,
    xloadflags: version >= 0x020c ? view.u16(0x236) : 0,
    cmdlineSize: view.u32(0x238),
    prefAddress: Number(prefAddress),
    initSize: Math.max(version >= 0x020a ? view.u32(0x260) : 0, payload.length),
  };
}
