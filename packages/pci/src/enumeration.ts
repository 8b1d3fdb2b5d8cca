/**
 * What firmware and operating systems do to a bus through configuration accesses: find functions, size ranges, walk the capability list,
 * give addresses out. The machine runs it before a kernel that it starts without firmware; tests use it as the guest's side.
 */
import { ConfigurationError, type Width } from '@paravirt/bus';
import { BAR_IO_SPACE, BAR_MEMORY_64, BAR_PREFETCHABLE, type BarKind } from './bar.ts';
import { CAPABILITIES_END, CAPABILITIES_START } from './capability.ts';
import { type ConfigurationAccess, DEVICES, FUNCTIONS, type PciAddress } from './pci-bus.ts';
import {
  COMMAND_IO_SPACE,
  COMMAND_MEMORY_SPACE,
  HEADER_TYPE_MULTI_FUNCTION,
  STATUS_CAPABILITIES_LIST,
  TYPE_0_HEADER,
} from './type0-header.ts';

const { fields } = TYPE_0_HEADER;

/** All functions of a bus: function 0 of each device, the others only where its header says that there are some. [PCI 3.0 §6.2.1] */
export function findFunctions(access: ConfigurationAccess, bus = 0): readonly PciAddress[] {
  const found: PciAddress[] = [];
  for (let device = 0; device < DEVICES; device++) {
    for (let number = 0; number < FUNCTIONS; number++) {
      const address = { bus, device, function: number };
      const present = access.readConfig(address, fields.vendorId.offset, 2) !== 0xffff;
      if (present) found.push(address);
      if (number > 0) continue;
      const multiple = (access.readConfig(address, fields.headerType.offset, 1) & HEADER_TYPE_MULTI_FUNCTION) !== 0;
      if (!present || !multiple) break;
    }
  }
  return found;
}

/** A range as its registers tell it. */
export interface ProbedBar {
  readonly index: number;
  readonly kind: BarKind;
  /** In bytes. */
  readonly size: number;
  readonly prefetchable: boolean;
  /** Present address. */
  readonly address: number;
}

/** Sizes all ranges of a function, with decoding off meanwhile, and leaves everything as it was. [PCI 3.0 §6.2.5.1] */
export function probeBars(access: ConfigurationAccess, address: PciAddress): readonly ProbedBar[] {
  const command = access.readConfig(address, fields.command.offset, 2);
  access.writeConfig(address, fields.command.offset, 2, command & ~(COMMAND_IO_SPACE | COMMAND_MEMORY_SPACE));
  const bars: ProbedBar[] = [];
  for (let index = 0; index < 6; index++) {
    const low = probe(access, address, index);
    if (low.writable === 0) continue;
    const isIo = (low.value & BAR_IO_SPACE) !== 0;
    const attributes = isIo ? 0x3 : 0xf;
    const base = (low.value & ~attributes) >>> 0;
    if (isIo || (low.value & BAR_MEMORY_64) === 0) {
      const size = 2 ** 32 - ((low.writable & ~attributes) >>> 0);
      bars.push({
        index,
        kind: isIo ? 'io' : 'memory32',
        size,
        prefetchable: !isIo && (low.value & BAR_PREFETCHABLE) !== 0,
        address: base,
      });
      continue;
    }
    const high = probe(access, address, index + 1);
    const mask = (BigInt(high.writable) << 32n) | BigInt((low.writable & ~attributes) >>> 0);
    const size = Number((1n << 64n) - mask);
    bars.push({ index, kind: 'memory64', size, prefetchable: (low.value & BAR_PREFETCHABLE) !== 0, address: high.value * 2 ** 32 + base });
    index++;
  }
  access.writeConfig(address, fields.command.offset, 2, command);
  return bars;
}

/** What a base address register holds, and what of all ones sticks in it. */
function probe(access: ConfigurationAccess, address: PciAddress, index: number): { readonly value: number; readonly writable: number } {
  const offset = fields.baseAddress0.offset + 4 * index;
  const value = access.readConfig(address, offset, 4);
  access.writeConfig(address, offset, 4, 0xffff_ffff);
  const writable = access.readConfig(address, offset, 4);
  access.writeConfig(address, offset, 4, value);
  return { value, writable };
}

/** Writes the address of a range. */
export function moveBar(access: ConfigurationAccess, address: PciAddress, bar: Pick<ProbedBar, 'index' | 'kind'>, to: number): void {
  const offset = fields.baseAddress0.offset + 4 * bar.index;
  access.writeConfig(address, offset, 4, to % 2 ** 32);
  if (bar.kind === 'memory64') access.writeConfig(address, offset + 4, 4, Math.floor(to / 2 ** 32));
}

export interface FoundCapability {
  readonly id: number;
  readonly offset: number;
}

/** The capability list, in its order; ends at a pointer out of range and after as many as there can be. [PCI 3.0 §6.7] */
export function findCapabilities(access: ConfigurationAccess, address: PciAddress): readonly FoundCapability[] {
  const status = access.readConfig(address, fields.status.offset, 2);
  if ((status & STATUS_CAPABILITIES_LIST) === 0) return [];
  const found: FoundCapability[] = [];
  const read = (offset: number): number => access.readConfig(address, offset, 1) & 0xfc;
  const most = (CAPABILITIES_END - CAPABILITIES_START) / 4;
  for (let at = read(fields.capabilitiesPointer.offset); at >= CAPABILITIES_START && found.length < most; at = read(at + 1))
    found.push({ id: access.readConfig(address, at, 1), offset: at });
  return found;
}

/** Addresses that may be given out: [base, base + size). */
export interface Window {
  readonly base: number;
  /** In bytes. */
  readonly size: number;
}

export interface Windows {
  readonly io: Window;
  /** Below 4 GiB. */
  readonly memory32: Window;
  /** For 64-bit ranges; default: they share `memory32`. */
  readonly memory64?: Window;
}

/** A range in its place. */
export interface AssignedBar extends ProbedBar {
  readonly function: PciAddress;
}

/**
 * Gives every range of a bus an address, naturally aligned, greatest first, and turns decoding on. Bus mastering stays as it is: that is
 * the drivers' to ask for.
 * @throws ConfigurationError `pci-window` if a window is too small.
 */
export function assignAddresses(access: ConfigurationAccess, windows: Windows, bus = 0): readonly AssignedBar[] {
  const functions = findFunctions(access, bus);
  const wanted = functions.flatMap((address) => probeBars(access, address).map((bar) => ({ ...bar, function: address })));
  const next = new Map<Window, number>();
  const assigned: AssignedBar[] = [];
  for (const bar of wanted.sort((a, b) => b.size - a.size)) {
    const window = bar.kind === 'memory64' ? (windows.memory64 ?? windows.memory32) : windows[bar.kind];
    const at = Math.ceil((next.get(window) ?? window.base) / bar.size) * bar.size;
    if (at + bar.size > window.base + window.size)
      throw new ConfigurationError('pci-window', `no room for a ${bar.kind} range of ${bar.size} bytes`, bar);
    next.set(window, at + bar.size);
    moveBar(access, bar.function, bar, at);
    assigned.push({ ...bar, address: at });
  }
  for (const address of functions) setCommand(access, address, COMMAND_IO_SPACE | COMMAND_MEMORY_SPACE);
  return assigned;
}

/** Sets bits of a function's command register, and clears others. */
export function setCommand(access: ConfigurationAccess, address: PciAddress, set: number, clear = 0): void {
  const width: Width = 2;
  const command = access.readConfig(address, fields.command.offset, width);
  access.writeConfig(address, fields.command.offset, width, (command & ~clear) | set);
}
