/**
 * The Linux/x86 boot protocol, entered past the real-mode code: in 64-bit mode if the kernel allows it, else in 32-bit protected mode.
 * [linux boot.rst, "32-bit Boot Protocol", "64-bit Boot Protocol"; linux zero-page.rst]
 *
 * Low memory, in this order: GDT, zero page, page tables, command line. The kernel copies what it needs before it reuses any of it.
 */
import { ConfigurationError } from '@paravirt/bus';
import {
  ACCESS_CODE,
  ACCESS_DATA,
  type BootProgram,
  CR0_ET,
  CR0_PE,
  CR0_PG,
  CR4_PAE,
  EFER_LMA,
  EFER_LME,
  FLAGS_32,
  FLAGS_64,
  flatGdt,
  type StartSegment,
} from './boot-program.ts';
import { encodeCommandLine } from './command-line.ts';
import { DEFAULT_LOAD, type LinuxHeader, parseLinuxHeader, SETUP_HEADER, XLF_KERNEL_64 } from './linux-header.ts';
import {
  findHighest,
  findLowest,
  inUnits,
  isUsable,
  MEMORY_TYPES,
  type MemoryMapEntry,
  type Placement,
  requireUsable,
  type Taken,
} from './placement.ts';

export interface LinuxOptions {
  /** A bzImage. Kept, not copied, as is `initrd`. */
  readonly kernel: Uint8Array;
  readonly initrd?: Uint8Array;
  readonly commandLine?: string;
  /** Of no use to Linux. */
  readonly kernelName?: string;
  /** At most 128 entries, by address. */
  readonly memoryMap: readonly MemoryMapEntry[];
  /** Physical address of the ACPI root pointer; without it the kernel searches for it. */
  readonly rsdp?: number;
}

const GDT = 0x6000;
const ZERO_PAGE = 0x7000;
const PAGE_TABLES = 0x9000;
const COMMAND_LINE = 0x2_0000;
/** The extended BIOS data area may begin here. */
const LOW_END = 0x9_fc00;
const PAGE = 0x1000;
const FOUR_GIB = 0x1_0000_0000;

/** Fields of the zero page that are not in the setup header, and those of the header that a loader writes. [linux zero-page.rst] */
const FIELD = {
  acpiRsdpAddr: 0x070,
  e820Entries: 0x1e8,
  typeOfLoader: 0x210,
  code32Start: 0x214,
  ramdiskImage: 0x218,
  ramdiskSize: 0x21c,
  cmdLinePtr: 0x228,
  e820Table: 0x2d0,
} as const;
const E820_ENTRY = 20;
const E820_MAX = 128;
/** "0xFF: undefined boot loader". */
const LOADER_UNDEFINED = 0xff;

/**
 * @throws ConfigurationError `kernel-truncated`, `kernel-format`, `kernel-protocol`, `memory-too-small`, `initrd-too-large`,
 *   `command-line-too-long`, `command-line`.
 */
export function loadLinux(options: LinuxOptions): BootProgram {
  const header = parseLinuxHeader(options.kernel);
  const map = options.memoryMap;
  const load = kernelAddress(header, map);
  const used: readonly Taken[] = header.relocatable
    ? [{ address: load, size: header.initSize }]
    : [
        { address: load, size: header.payload.length },
        { address: header.prefAddress, size: header.initSize },
      ];

  const commandLine = encodeCommandLine(options.commandLine ?? '', Math.min(header.cmdlineSize, LOW_END - COMMAND_LINE - 1));
  requireUsable(map, 'the loader', GDT, COMMAND_LINE + commandLine.length - GDT);
  const initrd = placeInitrd(options.initrd, header, map, used);

  const long = (header.xloadflags & XLF_KERNEL_64) !== 0;
  const entry = long ? load + 0x200 : load + (header.code32Start - DEFAULT_LOAD);
  if (entry < load || entry >= load + header.payload.length)
    throw new ConfigurationError('kernel-format', `the kernel's entry point 0x${entry.toString(16)} is outside its code`, entry);

  const code: StartSegment = { selector: 0x10, access: ACCESS_CODE, flags: long ? FLAGS_64 : FLAGS_32 };
  const data: StartSegment = { selector: 0x18, access: ACCESS_DATA, flags: FLAGS_32 };
  const gdt = flatGdt(code, data);
  const pieces: Placement[] = [
    whole(GDT, gdt),
    whole(ZERO_PAGE, zeroPage(options, header, load, initrd)),
    whole(COMMAND_LINE, commandLine),
    // Only what the file holds: the kernel clears its own bss.
    whole(load, header.payload),
  ];
  if (long) pieces.push(whole(PAGE_TABLES, identityPageTables(PAGE_TABLES)));
  if (initrd !== undefined) pieces.push(initrd);

  return {
    placements: pieces,
    start: {
      cr0: CR0_PE + CR0_ET + (long ? CR0_PG : 0),
      cr3: long ? PAGE_TABLES : 0,
      cr4: long ? CR4_PAE : 0,
      efer: long ? EFER_LME + EFER_LMA : 0,
      rip: entry,
      rax: 0,
      rbx: 0,
      rsi: ZERO_PAGE,
      code,
      data,
      gdt: { base: GDT, limit: gdt.length - 1 },
    },
  };
}

const whole = (address: number, bytes: Uint8Array): Placement => ({ address, bytes, size: bytes.length });

/** A relocatable kernel at its preferred address if memory is there, else at the lowest aligned one; any other at 1 MiB. */
function kernelAddress(header: LinuxHeader, map: readonly MemoryMapEntry[]): number {
  if (!header.relocatable) {
    requireUsable(map, 'the kernel', DEFAULT_LOAD, header.payload.length);
    // It moves itself to where it prefers to run.
    requireUsable(map, 'the kernel', header.prefAddress, header.initSize);
    return DEFAULT_LOAD;
  }
  const fits = header.prefAddress >= DEFAULT_LOAD && isUsable(map, header.prefAddress, header.initSize);
  if (fits && header.prefAddress + header.initSize <= FOUR_GIB) return header.prefAddress;
  const room = { size: header.initSize, alignment: header.kernelAlignment, min: DEFAULT_LOAD, max: FOUR_GIB };
  const found = findLowest(map, [], room);
  if (found === undefined) {
    requireUsable(map, 'the kernel', DEFAULT_LOAD, header.initSize);
    throw new ConfigurationError('memory-too-small', `the kernel needs ${inUnits(header.initSize)} of memory in one piece`);
  }
  return found;
}

/** "As high as possible", page aligned, not above initrd_addr_max. [linux boot.rst, "Loading The Rest of The Kernel"] */
function placeInitrd(
  bytes: Uint8Array | undefined,
  header: LinuxHeader,
  map: readonly MemoryMapEntry[],
  taken: readonly Taken[],
): Placement | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const room = { size: bytes.length, alignment: PAGE, min: DEFAULT_LOAD, max: Math.min(header.initrdAddrMax + 1, FOUR_GIB) };
  const address = findHighest(map, taken, room);
  if (address === undefined)
    throw new ConfigurationError(
      'initrd-too-large',
      `the initrd (${inUnits(bytes.length)}) does not fit into memory beside the kernel, below ${inUnits(room.max)}`,
      bytes.length,
    );
  return whole(address, bytes);
}

function zeroPage(options: LinuxOptions, header: LinuxHeader, load: number, initrd: Placement | undefined): Uint8Array {
  const page = new Uint8Array(PAGE);
  const view = new DataView(page.buffer);
  page.set(header.setupHeader, SETUP_HEADER);
  view.setUint8(FIELD.typeOfLoader, LOADER_UNDEFINED);
  view.setUint32(FIELD.code32Start, load + (header.code32Start - DEFAULT_LOAD), true);
  view.setUint32(FIELD.ramdiskImage, initrd?.address ?? 0, true);
  view.setUint32(FIELD.ramdiskSize, initrd?.size ?? 0, true);
  view.setUint32(FIELD.cmdLinePtr, COMMAND_LINE, true);
  view.setBigUint64(FIELD.acpiRsdpAddr, BigInt(options.rsdp ?? 0), true);
  const entries = options.memoryMap.slice(0, E820_MAX);
  view.setUint8(FIELD.e820Entries, entries.length);
  entries.forEach((entry, i) => {
    const at = FIELD.e820Table + i * E820_ENTRY;
    view.setBigUint64(at, BigInt(entry.address), true);
    view.setBigUint64(at + 8, BigInt(entry.size), true);
    view.setUint32(at + 16, MEMORY_TYPES[entry.type], true);
  });
  return page;
}

/** One PML4, one page-directory-pointer table, four directories of 2-MiB pages: the first 4 GiB. [SDM 3A §4.5] */
function identityPageTables(base: number): Uint8Array {
  const tables = new Uint8Array(6 * PAGE);
  const view = new DataView(tables.buffer);
  const PRESENT_WRITABLE = 0x3n;
  const PAGE_SIZE = 0x80n;
  view.setBigUint64(0, BigInt(base + PAGE) | PRESENT_WRITABLE, true);
  for (let i = 0; i < 4; i++) view.setBigUint64(PAGE + 8 * i, BigInt(base + (2 + i) * PAGE) | PRESENT_WRITABLE, true);
  for (let i = 0; i < 4 * 512; i++) view.setBigUint64(2 * PAGE + 8 * i, (BigInt(i) << 21n) | PRESENT_WRITABLE | PAGE_SIZE, true);
  return tables;
}
