/**
 * An address space: ranges of ports or of physical addresses, each answered by a handler. Two kinds of range:
 *
 *  - `map`: fixed wiring. Overlap is the host's mistake and throws.
 *  - `overlay`: placed by the guest (a BAR). It may overlap anything; fixed ranges win, then the overlay that was placed first. When the
 *    winner goes away, what it hid is seen again.
 *
 * Nobody answers: reads give all ones, writes are lost, as on a PC's buses.
 */
import { ConfigurationError } from './errors.ts';

/** Bytes of one access. An 8-byte access is made as two 4-byte ones, low half first. */
export type Width = 1 | 2 | 4;

/**
 * Answers accesses within one range. `offset` is relative to the range's base; the base address of an access selects the handler, so
 * `offset + width` may lie beyond the range's end. Values are unsigned, within the width. Must not throw, whatever the guest does.
 */
export interface IoHandler {
  read(offset: number, width: Width): number;
  write(offset: number, width: Width, value: number): void;
}

export interface Mapping {
  readonly name: string;
  readonly base: number;
  /** In addresses. */
  readonly size: number;
  /** Accesses since the mapping was made. */
  readonly reads: number;
  readonly writes: number;
  /** Idempotent. */
  unmap(): void;
}

/** Accesses to all ranges of one name, also those that are unmapped by now. */
export interface AccessTotal {
  readonly reads: number;
  readonly writes: number;
}

export const ALL_ONES: Readonly<Record<Width, number>> = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff };

/** A mapping with its handler; `order` tells which was placed first. */
interface Range extends Mapping {
  reads: number;
  writes: number;
  readonly handler: IoHandler;
  readonly fixed: boolean;
  readonly order: number;
}

/** A piece of the space that one range answers: [start, end). */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly range: Range;
}

export class AddressSpace {
  readonly name: string;
  /** Number of addresses. */
  readonly size: number;
  readonly #ranges: Range[] = [];
  #pieces: Piece[] = [];
  #last: Piece | undefined = undefined;
  #order = 0;
  /** Accesses to ranges that are unmapped. As many entries as there were names. */
  readonly #past: Map<string, { reads: number; writes: number }> = new Map();
  /** Accesses that nobody answered. */
  unclaimedReads = 0;
  unclaimedWrites = 0;

  /** @throws ConfigurationError `bad-size` unless 0 < size ≤ 2^52. */
  constructor(name: string, size: number) {
    if (!Number.isInteger(size) || size <= 0 || size > 2 ** 52)
      throw new ConfigurationError('bad-size', `${name}: size ${size} is not within 1 to 2^52`, size);
    this.name = name;
    this.size = size;
  }

  /** Wires a fixed range. @throws ConfigurationError `range-outside`, `range-overlap` (with another fixed range). */
  map(name: string, base: number, size: number, handler: IoHandler): Mapping {
    this.#check(name, base, size);
    const other = this.#ranges.find((r) => r.fixed && base < r.base + r.size && r.base < base + size);
    if (other !== undefined)
      throw new ConfigurationError(
        'range-overlap',
        `${this.name}: ${name} at ${hex(base)} overlaps ${other.name} at ${hex(other.base)}`,
        base,
      );
    return this.#add(name, base, size, handler, true);
  }

  /** Places a range where a guest wants it. Undefined if it does not lie within the space. */
  overlay(name: string, base: number, size: number, handler: IoHandler): Mapping | undefined {
    if (!this.#inside(base, size)) return undefined;
    return this.#add(name, base, size, handler, false);
  }

  read(address: number, width: Width): number {
    const piece = this.#find(address);
    if (piece === undefined) {
      this.unclaimedReads++;
      return ALL_ONES[width];
    }
    piece.range.reads++;
    return piece.range.handler.read(address - piece.range.base, width);
  }

  write(address: number, width: Width, value: number): void {
    const piece = this.#find(address);
    if (piece === undefined) {
      this.unclaimedWrites++;
      return;
    }
    piece.range.writes++;
    piece.range.handler.write(address - piece.range.base, width, value);
  }

  /** The range that answers at `address`, undefined if none does. */
  at(address: number): Mapping | undefined {
    return this.#find(address)?.range;
  }

  /** All ranges, by base address. */
  get mappings(): readonly Mapping[] {
    return [...this.#ranges].sort((a, b) => a.base - b.base || a.order - b.order);
  }

  /** Accesses by the name of their range, since the space was made; ranges that were never used are left out. */
  get totals(): ReadonlyMap<string, AccessTotal> {
    const totals = new Map<string, AccessTotal>();
    for (const [name, { reads, writes }] of this.#past) totals.set(name, { reads, writes });
    for (const { name, reads, writes } of this.#ranges) {
      if (reads + writes === 0) continue;
      const before = totals.get(name);
      totals.set(name, { reads: reads + (before?.reads ?? 0), writes: writes + (before?.writes ?? 0) });
    }
    return totals;
  }

  #inside(base: number, size: number): boolean {
    return Number.isInteger(base) && Number.isInteger(size) && base >= 0 && size > 0 && base + size <= this.size;
  }

  #check(name: string, base: number, size: number): void {
    if (!this.#inside(base, size))
      throw new ConfigurationError('range-outside', `${this.name}: ${name} at ${hex(base)}, ${size} long, does not fit`, base);
  }

  #add(name: string, base: number, size: number, handler: IoHandler, fixed: boolean): Mapping {
    const unmap = (): void => {
      const i = this.#ranges.indexOf(range);
      if (i < 0) return;
      this.#ranges.splice(i, 1);
      this.#retire(range);
      this.#flatten();
    };
    const range: Range = { name, base, size, handler, fixed, order: this.#order++, reads: 0, writes: 0, unmap };
    this.#ranges.push(range);
    this.#flatten();
    return range;
  }

  /** A guest moves and hides ranges; what was counted stays. */
  #retire({ name, reads, writes }: Range): void {
    if (reads + writes === 0) return;
    const past = this.#past.get(name) ?? { reads: 0, writes: 0 };
    past.reads += reads;
    past.writes += writes;
    this.#past.set(name, past);
  }

  /** Cuts the ranges, best first, into disjoint pieces sorted by address. */
  #flatten(): void {
    const pieces: Piece[] = [];
    const best = [...this.#ranges].sort((a, b) => Number(b.fixed) - Number(a.fixed) || a.order - b.order);
    for (const range of best) {
      let start = range.base;
      const end = range.base + range.size;
      const taken = pieces.filter((p) => p.start < end && start < p.end).sort((a, b) => a.start - b.start);
      for (const p of taken) {
        if (start < p.start) pieces.push({ start, end: p.start, range });
        start = Math.max(start, p.end);
      }
      if (start < end) pieces.push({ start, end, range });
    }
    this.#pieces = pieces.sort((a, b) => a.start - b.start);
    this.#last = undefined;
  }

  #find(address: number): Piece | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.start && address < last.end) return last;
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const piece = this.#pieces[middle] as Piece;
      if (address >= piece.start && address < piece.end) {
        this.#last = piece;
        return piece;
      }
      if (address < piece.start) high = middle;
      else low = middle + 1;
    }
    return undefined;
  }
}

const hex = (n: number): string => `0x${n.toString(16)}`;
