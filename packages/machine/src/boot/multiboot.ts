/**
 * The Multiboot specification, version 0.6.96: finding the header, loading an ELF file or by the header's own addresses (the a.out
 * kludge), the information structure, the machine state. Tags: [Multiboot §…].
 */
import { ConfigurationError } from '@paravirt/bus';
import { ACCESS_CODE, ACCESS_DATA, type BootProgram, CR0_ET, CR0_PE, FLAGS_32, flatGdt, type StartSegment } from './boot-program.ts';
import { encodeCommandLine } from './command-line.ts';
import { isElf, parseElf32, physicalEntry } from './elf.ts';
import { FileView } from './file-view.ts';
import { findLowest, findOverlap, inUnits, MEMORY_TYPES, type MemoryMapEntry, type Placement, requireUsable } from './placement.ts';

export interface MultibootOptions {
  /** Kept, not copied, as is `initrd`. */
  readonly kernel: Uint8Array;
  /** Becomes the one boot module. */
  readonly initrd?: Uint8Array;
  readonly commandLine?: string;
  /** Stands in front of the command line, with a space. */
  readonly kernelName?: string;
  readonly memoryMap: readonly MemoryMapEntry[];
}

/** "The Multiboot header must be contained completely within the first 8192 bytes of the OS image." [Multiboot §3.1] */
const SEARCH = 8192;
const HEADER_MAGIC = 0x1bad_b002;
/** What EAX holds at the entry. [Multiboot §3.2] */
const LOADER_MAGIC = 0x2bad_b002;
const FLAG_PAGE_ALIGN = 0x1;
const FLAG_MEMORY_INFO = 0x2;
const FLAG_ADDRESSES = 0x1_0000;
/** Flags 0–15 are demands: one that is not understood must be refused. */
const DEMANDS = 0xffff;
const HEADER = 12;
const HEADER_WITH_ADDRESSES = 32;

/** [Multiboot §3.3] */
const INFO = {
  flags: 0,
  memLower: 4,
  memUpper: 8,
  cmdline: 16,
  modsCount: 20,
  modsAddr: 24,
  mmapLength: 44,
  mmapAddr: 48,
  bootLoaderName: 64,
  size: 116,
} as const;
const INFO_MEMORY = 1 << 0;
const INFO_CMDLINE = 1 << 2;
const INFO_MODS = 1 << 3;
const INFO_MMAP = 1 << 6;
const INFO_LOADER_NAME = 1 << 9;
const MODULE = 16;
const MMAP_ENTRY = 24;

const PAGE = 0x1000;
const MIB = 0x10_0000;
const LOW_END = 0x9_f000;
const FOUR_GIB = 0x1_0000_0000;
/** More than any kernel's own buffer; keeps the structure in low memory. */
const COMMAND_LINE_MAX = 4095;

interface Header {
  /** File offset. */
  readonly offset: number;
  readonly flags: number;
}

/** The header's place, undefined if the file has none with a right checksum. */
function findHeader(file: Uint8Array): Header | undefined {
  const view = new FileView('the kernel', file);
  const end = Math.min(file.length, SEARCH);
  // "… and must be longword (32-bit) aligned."
  for (let offset = 0; offset + HEADER <= end; offset += 4) {
    if (view.u32(offset) !== HEADER_MAGIC) continue;
    const flags = view.u32(offset + 4);
    const size = (flags & FLAG_ADDRESSES) !== 0 ? HEADER_WITH_ADDRESSES : HEADER;
    if (offset + size > SEARCH) continue;
    // "a 32-bit unsigned value which, when added to the other magic fields, must have a 32-bit unsigned sum of zero."
    if (((HEADER_MAGIC + flags + view.u32(offset + 8)) & 0xffff_ffff) === 0) return { offset, flags };
  }
  return undefined;
}

/** True if the file has a multiboot header. */
export function isMultiboot(file: Uint8Array): boolean {
  return findHeader(file) !== undefined;
}

/**
 * @throws ConfigurationError `kernel-truncated`, `kernel-format`, `memory-too-small`, `initrd-too-large`, `command-line-too-long`,
 *   `command-line`.
 */
export function loadMultiboot(options: MultibootOptions): BootProgram {
  const header = findHeader(options.kernel);
  if (header === undefined) throw new ConfigurationError('kernel-format', 'the kernel has no multiboot header in its first 8192 bytes');
  const unknown = header.flags & DEMANDS & ~(FLAG_PAGE_ALIGN | FLAG_MEMORY_INFO);
  if (unknown !== 0)
    throw new ConfigurationError(
      'kernel-format',
      `the multiboot kernel asks for ${(unknown & 4) !== 0 ? 'a display, which this machine does not have' : `unknown features 0x${unknown.toString(16)}`}`,
      header.flags,
    );

  const { segments, entry } =
    (header.flags & FLAG_ADDRESSES) !== 0 ? loadByAddresses(options.kernel, header.offset) : loadElf(options.kernel);
  const map = options.memoryMap;
  for (const s of segments) requireUsable(map, 'the kernel', s.address, s.size);
  const overlap = findOverlap(segments);
  if (overlap !== undefined)
    throw new ConfigurationError('kernel-format', `the kernel has overlapping segments at 0x${overlap[1].address.toString(16)}`, overlap);
  if (!segments.some((s) => entry >= s.address && entry < s.address + s.size))
    throw new ConfigurationError('kernel-format', `the kernel's entry point 0x${entry.toString(16)} is outside its code`, entry);

  const module = placeModule(options.initrd, map, segments);
  const taken = module === undefined ? segments : [...segments, module];
  const code: StartSegment = { selector: 0x10, access: ACCESS_CODE, flags: FLAGS_32 };
  const data: StartSegment = { selector: 0x18, access: ACCESS_DATA, flags: FLAGS_32 };
  const gdt = flatGdt(code, data);
  const gdtAddress = place(map, taken, gdt.length);
  const gdtPlacement: Placement = { address: gdtAddress, bytes: gdt, size: gdt.length };
  const info = information(options, module, (size) => place(map, [...taken, gdtPlacement], size));
  return {
    placements: [...taken, gdtPlacement, info],
    // [Multiboot §3.2] "EAX must contain the magic value; EBX must contain the 32-bit physical address of the information structure."
    start: {
      cr0: CR0_PE + CR0_ET,
      cr3: 0,
      cr4: 0,
      efer: 0,
      rip: entry,
      rax: LOADER_MAGIC,
      rbx: info.address,
      rsi: 0,
      code,
      data,
      gdt: { base: gdtAddress, limit: gdt.length - 1 },
    },
  };
}

interface Loaded {
  readonly segments: readonly Placement[];
  readonly entry: number;
}

function loadElf(file: Uint8Array): Loaded {
  if (!isElf(file))
    throw new ConfigurationError('kernel-format', 'the multiboot kernel is no ELF file and its header has no load addresses');
  const image = parseElf32(file);
  return {
    segments: image.segments.map((s) => ({ address: s.physicalAddress, bytes: s.bytes, size: s.memorySize })),
    entry: physicalEntry(image),
  };
}

/** [Multiboot §3.1.3] "The address fields of Multiboot header". */
function loadByAddresses(file: Uint8Array, offset: number): Loaded {
  const view = new FileView('the kernel', file);
  view.require(offset, HEADER_WITH_ADDRESSES, 'its multiboot header');
  const headerAddress = view.u32(offset + 12);
  const loadAddress = view.u32(offset + 16);
  const loadEnd = view.u32(offset + 20);
  const bssEnd = view.u32(offset + 24);
  const entry = view.u32(offset + 28);
  // "load_addr must be less than or equal to header_addr": the text begins that much before the header in the file.
  const start = offset - (headerAddress - loadAddress);
  if (headerAddress < loadAddress || start < 0)
    throw new ConfigurationError('kernel-format', 'the multiboot header lies outside of what it says to load', headerAddress);
  // "If this field is zero, the boot loader assumes that the text and data segments occupy the whole OS image file."
  const size = loadEnd === 0 ? view.length - start : loadEnd - loadAddress;
  if (size <= 0) throw new ConfigurationError('kernel-format', 'the multiboot header has nothing to load', loadEnd);
  const bytes = view.slice(start, size, 'what its multiboot header says to load');
  // "If this field is zero, the boot loader assumes that no bss segment is present."
  const total = bssEnd === 0 ? size : bssEnd - loadAddress;
  if (total < size) throw new ConfigurationError('kernel-format', 'the multiboot header ends the bss before the data', bssEnd);
  return { segments: [{ address: loadAddress, bytes, size: total }], entry };
}

/** Above the kernel, on a page boundary whether the kernel asks for it or not. */
function placeModule(bytes: Uint8Array | undefined, map: readonly MemoryMapEntry[], segments: readonly Placement[]): Placement | undefined {
  if (bytes === undefined) return undefined;
  const end = segments.reduce((top, s) => Math.max(top, s.address + s.size), MIB);
  const address = findLowest(map, segments, { size: bytes.length, alignment: PAGE, min: end, max: FOUR_GIB });
  if (address === undefined)
    throw new ConfigurationError(
      'initrd-too-large',
      `the initrd (${inUnits(bytes.length)}) does not fit into memory above the kernel`,
      bytes.length,
    );
  return { address, bytes, size: bytes.length };
}

/** Room that a kernel does not expect to be its own: below 640 KiB if there is some. */
function place(map: readonly MemoryMapEntry[], taken: readonly Placement[], size: number): number {
  const room = { size, alignment: 16, min: PAGE, max: LOW_END };
  const found = findLowest(map, taken, room) ?? findAbove(map, taken, size);
  if (found === undefined) throw new ConfigurationError('memory-too-small', `no room for ${size} bytes of boot information`, size);
  return found;
}

const findAbove = (map: readonly MemoryMapEntry[], taken: readonly Placement[], size: number): number | undefined =>
  findLowest(map, taken, { size, alignment: 16, min: MIB, max: FOUR_GIB });

/** The information structure and all that it points to, in one piece. [Multiboot §3.3] */
function information(options: MultibootOptions, module: Placement | undefined, allocate: (size: number) => number): Placement {
  const words = [options.kernelName, options.commandLine].filter((word) => word !== undefined && word !== '');
  const cmdline = encodeCommandLine(words.join(' '), COMMAND_LINE_MAX);
  const moduleName = encodeCommandLine('initrd', COMMAND_LINE_MAX);
  const loaderName = encodeCommandLine('paravirt', COMMAND_LINE_MAX);
  const map = options.memoryMap;
  const offsets = { module: INFO.size + 4, map: 0, cmdline: 0, moduleName: 0, loaderName: 0 };
  offsets.map = offsets.module + MODULE;
  offsets.cmdline = offsets.map + map.length * MMAP_ENTRY;
  offsets.moduleName = offsets.cmdline + cmdline.length;
  offsets.loaderName = offsets.moduleName + moduleName.length;

  const bytes = new Uint8Array(offsets.loaderName + loaderName.length);
  const view = new DataView(bytes.buffer);
  const base = allocate(bytes.length);
  const put = (at: number, value: number): void => view.setUint32(at, value, true);
  put(INFO.flags, INFO_MEMORY | INFO_CMDLINE | INFO_MMAP | INFO_LOADER_NAME | (module === undefined ? 0 : INFO_MODS));
  // "mem_lower and mem_upper indicate the amount of lower and upper memory, respectively, in kilobytes."
  put(INFO.memLower, usableFrom(map, 0) / 1024);
  put(INFO.memUpper, usableFrom(map, MIB) / 1024);
  put(INFO.cmdline, base + offsets.cmdline);
  bytes.set(cmdline, offsets.cmdline);
  if (module !== undefined) {
    put(INFO.modsCount, 1);
    put(INFO.modsAddr, base + offsets.module);
    put(offsets.module, module.address);
    put(offsets.module + 4, module.address + module.size);
    put(offsets.module + 8, base + offsets.moduleName);
    bytes.set(moduleName, offsets.moduleName);
  }
  put(INFO.mmapLength, map.length * MMAP_ENTRY);
  put(INFO.mmapAddr, base + offsets.map);
  map.forEach((entry, i) => {
    const at = offsets.map + i * MMAP_ENTRY;
    // "The 'size' value is the size of the associated structure in bytes", itself not counted.
    put(at, MMAP_ENTRY - 4);
    view.setBigUint64(at + 4, BigInt(entry.address), true);
    view.setBigUint64(at + 12, BigInt(entry.size), true);
    put(at + 20, MEMORY_TYPES[entry.type]);
  });
  put(INFO.bootLoaderName, base + offsets.loaderName);
  bytes.set(loaderName, offsets.loaderName);
  return { address: base, bytes, size: bytes.length };
}

/** Bytes of usable memory from an address to the first hole. */
function usableFrom(map: readonly MemoryMapEntry[], address: number): number {
  const entry = map.find((e) => e.type === 'ram' && address >= e.address && address < e.address + e.size);
  return entry === undefined ? 0 : Math.floor((entry.address + entry.size - address) / 1024) * 1024;
}
