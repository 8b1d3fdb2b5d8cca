/**
 * Program headers of a 32-bit x86 executable. [ELF 1.2, Figures 1-3 and 2-1] Offsets are those of the structures there; only what a
 * loader needs is read, and notes and sections are not looked at.
 */
import { ConfigurationError } from '@paravirt/bus';
import { FileView } from './file-view.ts';

export interface ElfSegment {
  readonly physicalAddress: number;
  readonly virtualAddress: number;
  /** A view of the file. */
  readonly bytes: Uint8Array;
  /** At least `bytes.length`; the rest is zero. */
  readonly memorySize: number;
}

export interface ElfImage {
  /** As the header has it: a virtual address. */
  readonly entry: number;
  /** PT_LOAD segments that occupy memory, in the file's order. */
  readonly segments: readonly ElfSegment[];
}

const ELFCLASS32 = 1;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const EM_386 = 3;
const PT_LOAD = 1;
const PROGRAM_HEADER = 32;

/** True if the file begins with the ELF magic. */
export function isElf(file: Uint8Array): boolean {
  return file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46;
}

const malformed = (message: string, value?: unknown): ConfigurationError =>
  new ConfigurationError('kernel-format', `the kernel's ELF file ${message}`, value);

/**
 * `isElf(file)` holds.
 * @throws ConfigurationError `kernel-truncated`; `kernel-format` for anything that is no 32-bit x86 executable.
 */
export function parseElf32(file: Uint8Array): ElfImage {
  const view = new FileView('the kernel', file);
  const elfClass = view.u8(4);
  if (elfClass === ELFCLASS64) throw malformed('is 64-bit; a multiboot kernel is 32-bit (objcopy -O elf32-i386 makes one of it)', elfClass);
  if (elfClass !== ELFCLASS32 || view.u8(5) !== ELFDATA2LSB) throw malformed('is not 32-bit little-endian', elfClass);
  if (view.u16(18) !== EM_386) throw malformed(`is for machine ${view.u16(18)}, not for x86`, view.u16(18));
  const entry = view.u32(24);
  const phoff = view.u32(28);
  const phentsize = view.u16(42);
  const phnum = view.u16(44);
  if (phnum === 0) throw malformed('has no program headers');
  if (phentsize < PROGRAM_HEADER) throw malformed(`has program headers of ${phentsize} bytes`, phentsize);
  view.require(phoff, phnum * phentsize, 'its program header table');

  const segments: ElfSegment[] = [];
  for (let i = 0; i < phnum; i++) {
    const at = phoff + i * phentsize;
    if (view.u32(at) !== PT_LOAD) continue;
    const fileSize = view.u32(at + 16);
    const memorySize = view.u32(at + 20);
    if (fileSize > memorySize) throw malformed(`has a segment with more bytes in the file (${fileSize}) than in memory (${memorySize})`, i);
    if (memorySize === 0) continue;
    segments.push({
      physicalAddress: view.u32(at + 12),
      virtualAddress: view.u32(at + 8),
      bytes: view.slice(view.u32(at + 4), fileSize, `segment ${i}`),
      memorySize,
    });
  }
  if (segments.length === 0) throw malformed('has nothing to load');
  return { entry, segments };
}

/** The entry's physical address: that of the segment in which it lies as a virtual one, else unchanged. */
export function physicalEntry(image: ElfImage): number {
  const home = image.segments.find((s) => image.entry >= s.virtualAddress && image.entry < s.virtualAddress + s.memorySize);
  return home === undefined ? image.entry : image.entry - home.virtualAddress + home.physicalAddress;
}
