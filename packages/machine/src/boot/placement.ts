/**
 * Where things go in RAM: the memory map that firmware would report, and a search for room in it. [ACPI 6.5 §15] names the map's types.
 * All numbers are guest-physical addresses and sizes in bytes.
 */
import { ConfigurationError } from '@paravirt/bus';

/** [ACPI 6.5 §15, Table 15.4] The numbers that both INT 15h E820h and multiboot use. */
export const MEMORY_TYPES = { ram: 1, reserved: 2, acpi: 3, nvs: 4 } as const;

export interface MemoryMapEntry {
  readonly address: number;
  readonly size: number;
  readonly type: keyof typeof MEMORY_TYPES;
}

/** Bytes at an address; what lies between their end and `size` is zero. */
export interface Placement {
  readonly address: number;
  /** Not copied: belongs to whoever read the file. */
  readonly bytes: Uint8Array;
  /** At least `bytes.length`. */
  readonly size: number;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** What is taken already: [address, address + size). */
export type Taken = Pick<Placement, 'address' | 'size'>;

/** True if the whole range is usable RAM in one entry of the map. */
export function isUsable(map: readonly MemoryMapEntry[], address: number, size: number): boolean {
  return map.some((e) => e.type === 'ram' && address >= e.address && address + size <= e.address + e.size);
}

/** The two that overlap, undefined if all are disjoint. Empty ranges overlap nothing. */
export function findOverlap<T extends Taken>(items: readonly T[]): readonly [T, T] | undefined {
  const sorted = items.filter((i) => i.size > 0).sort((a, b) => a.address - b.address);
  for (let i = 1; i < sorted.length; i++) {
    const low = sorted[i - 1] as T;
    const high = sorted[i] as T;
    if (high.address < low.address + low.size) return [low, high];
  }
  return undefined;
}

/** Usable RAM within [min, max) without what is taken, by address. */
function freeRanges(map: readonly MemoryMapEntry[], taken: readonly Taken[], min: number, max: number): Range[] {
  let free: Range[] = map
    .filter((e) => e.type === 'ram')
    .map((e) => ({ start: Math.max(e.address, min), end: Math.min(e.address + e.size, max) }));
  for (const t of taken) {
    free = free.flatMap((r) => [
      { start: r.start, end: Math.min(r.end, t.address) },
      { start: Math.max(r.start, t.address + t.size), end: r.end },
    ]);
  }
  return free.filter((r) => r.start < r.end).sort((a, b) => a.start - b.start);
}

export interface Room {
  readonly size: number;
  /** A power of two. */
  readonly alignment: number;
  /** The room lies within [min, max). */
  readonly min: number;
  readonly max: number;
}

/** The lowest address with room, undefined if there is none. */
export function findLowest(map: readonly MemoryMapEntry[], taken: readonly Taken[], room: Room): number | undefined {
  for (const r of freeRanges(map, taken, room.min, room.max)) {
    const start = Math.ceil(r.start / room.alignment) * room.alignment;
    if (start + room.size <= r.end) return start;
  }
  return undefined;
}

/** The highest address with room, undefined if there is none. */
export function findHighest(map: readonly MemoryMapEntry[], taken: readonly Taken[], room: Room): number | undefined {
  for (const r of freeRanges(map, taken, room.min, room.max).reverse()) {
    const start = Math.floor((r.end - room.size) / room.alignment) * room.alignment;
    if (start >= r.start) return start;
  }
  return undefined;
}

/** "511 MiB", "300 KiB": for messages. */
export function inUnits(bytes: number): string {
  if (bytes >= 2 ** 20) return `${Math.round((bytes / 2 ** 20) * 10) / 10} MiB`;
  return bytes >= 1024 ? `${Math.round(bytes / 1024)} KiB` : `${bytes} bytes`;
}

/** @throws ConfigurationError `memory-too-small`: `what`, `size` bytes at `address`, is not usable RAM. */
export function requireUsable(map: readonly MemoryMapEntry[], what: string, address: number, size: number): void {
  if (isUsable(map, address, size)) return;
  const end = map.reduce((top, e) => (e.type === 'ram' && e.address <= address ? Math.max(top, e.address + e.size) : top), 0);
  throw new ConfigurationError(
    'memory-too-small',
    `${what} needs ${inUnits(size)} of memory at 0x${address.toString(16)}; usable memory there ends at ${inUnits(end)}`,
    address + size,
  );
}
