/**
 * The translation lookaside buffer: two direct-mapped tables in linear memory, one for supervisor and one for user accesses, which
 * generated code reads, and which this file and the page walk in WebAssembly (engines/page-walk.ts) write. An entry is 32 bytes:
 *
 *   +0  i64 tag for reads    linear address of the page, or TLB_INVALID
 *   +8  i64 tag for writes   the same when a write needs nothing more (allowed, dirty flag set, no decoded code on the page)
 *   +16 i32 address of the page in linear memory minus its linear address, modulo 2^32
 *   +20 u32 flags: TLB_FLAG
 *   +24 u32 address of the page in linear memory
 *
 * Its index is (linear >> 12) & (TLB_ENTRIES − 1). Only pages of RAM are entered. [SDM 3A §4.10]
 *
 * Beside the tables lie two journals: addresses of entries that were filled since the last flush, of pages that are global and of those
 * that are not, each entry at most once in each; their lengths are the state's tlbFilled and tlbFilledGlobal. A flush takes the time of
 * the fills that it undoes. The set tlbLargePages (bits by `largePageBit`) says of which large pages there may be entries, so that INVLPG
 * rarely has to look for any.
 *
 * UNCHECKED: word indices are derived from masked entry numbers and lie within the two tables, journals within their length.
 */
import { STATE, TLB_LARGE_PAGE_WORDS } from '../state.ts';

/** As many as gbench's arrays have pages: with 2,048, sorting 6 MiB met an entry of another page at every other access. */
export const TLB_ENTRIES = 8192;
export const TLB_ENTRY_SIZE = 32;
/** (linear >> 7) & TLB_INDEX_MASK is the distance of the entry from the start of its table. */
export const TLB_INDEX_MASK: number = (TLB_ENTRIES - 1) * TLB_ENTRY_SIZE;
export const TLB_SUPERVISOR_BASE = 0x8_0000;
export const TLB_USER_BASE = 0xc_0000;
/** Each of 2 · TLB_ENTRIES doublewords. */
export const TLB_JOURNAL_BASE = 0x10_0000;
export const TLB_GLOBAL_JOURNAL_BASE = 0x11_0000;
/** Never the address of a page. */
export const TLB_INVALID = 1;

/** Offsets within an entry. */
export const TLB_ENTRY = { readTag: 0, writeTag: 8, addend: 16, flags: 20, host: 24 } as const;

/** Flags of an entry. `size`: where the kind of the guest's page stands (see `LARGE_PAGES`). */
export const TLB_FLAG = { global: 1, journaled: 2, journaledGlobal: 4, size: 3 } as const;

/** Kinds of large pages, in the flags from bit TLB_FLAG.size on: how many 4-KiB pages, and log2 of the bytes. */
export const LARGE_PAGES: readonly { readonly kind: 1 | 2 | 3; readonly pages: number; readonly shift: 21 | 22 | 30 }[] = [
  { kind: 1, pages: 0x200, shift: 21 },
  { kind: 2, pages: 0x400, shift: 22 },
  { kind: 3, pages: 0x4_0000, shift: 30 },
];
/** Number of a large page times this, its top bits: the place in tlbLargePages. */
export const LARGE_PAGE_FACTOR = 0x9e37_79b1;
export const LARGE_PAGE_SHIFT = 20;

const ADDRESS_SHIFT = 2;
const WORDS = TLB_ENTRY_SIZE >>> ADDRESS_SHIFT;
const WRITE_TAG = TLB_ENTRY.writeTag >>> ADDRESS_SHIFT;
const ADDEND = TLB_ENTRY.addend >>> ADDRESS_SHIFT;
const FLAGS = TLB_ENTRY.flags >>> ADDRESS_SHIFT;
const HOST = TLB_ENTRY.host >>> ADDRESS_SHIFT;
const LARGE_SET = STATE.tlbLargePages.address >>> ADDRESS_SHIFT;
const { global: GLOBAL, journaled: JOURNALED, journaledGlobal: JOURNALED_GLOBAL, size: SIZE } = TLB_FLAG;

/** Word index of the entry for a page whose address has the low half `low`. */
export const tlbEntry = (low: number, user: boolean): number =>
  ((user ? TLB_USER_BASE : TLB_SUPERVISOR_BASE) >>> 2) + ((low >>> 12) & (TLB_ENTRIES - 1)) * WORDS;

/** Word indices of a journal: its first entry, and its length. */
const FILLED = { base: TLB_JOURNAL_BASE >>> ADDRESS_SHIFT, length: STATE.tlbFilled.address >>> ADDRESS_SHIFT } as const;
const FILLED_GLOBAL = { base: TLB_GLOBAL_JOURNAL_BASE >>> ADDRESS_SHIFT, length: STATE.tlbFilledGlobal.address >>> ADDRESS_SHIFT } as const;

export class Tlb {
  readonly #words: Uint32Array;

  /** @param words doublewords of linear memory */
  constructor(words: Uint32Array) {
    this.#words = words;
    words[FILLED.length] = 0;
    words[FILLED_GLOBAL.length] = 0;
    this.#forgetLarge();
    for (const base of [TLB_SUPERVISOR_BASE >>> 2, TLB_USER_BASE >>> 2]) {
      for (let entry = base; entry < base + TLB_ENTRIES * WORDS; entry += WORDS) {
        words.fill(0, entry, entry + WORDS);
        this.#drop(entry);
      }
    }
  }

  /**
   * Enters a page of RAM. `low`, `high`: its linear address; `host`: its address in linear memory; `pages`: size of the guest's page in
   * units of 4 KiB.
   */
  fill(low: number, high: number, user: boolean, host: number, global: boolean, writable: boolean, pages: number): void {
    const words = this.#words;
    const entry = tlbEntry(low, user);
    const page = (low & ~0xfff) >>> 0;
    words[entry] = page;
    words[entry + 1] = high;
    words[entry + WRITE_TAG] = writable ? page : TLB_INVALID;
    words[entry + WRITE_TAG + 1] = writable ? high : 0;
    words[entry + ADDEND] = host - page;
    words[entry + HOST] = host;
    const large = pages === 1 ? undefined : LARGE_PAGES.find((l) => l.pages === pages);
    if (large !== undefined) {
      const bit = largePageBit(low, high, large.shift);
      words[LARGE_SET + (bit >>> 5)]! |= 1 << (bit & 31);
    }
    let flags = (words[entry + FLAGS]! & (JOURNALED | JOURNALED_GLOBAL)) | (global ? GLOBAL : 0) | ((large?.kind ?? 0) << SIZE);
    const journaled = global ? JOURNALED_GLOBAL : JOURNALED;
    if ((flags & journaled) === 0) {
      const journal = global ? FILLED_GLOBAL : FILLED;
      words[journal.base + words[journal.length]!++] = entry << ADDRESS_SHIFT;
      flags |= journaled;
    }
    words[entry + FLAGS] = flags;
  }

  /** Drops all but global entries. */
  flushNonGlobal(): void {
    const words = this.#words;
    const length = words[FILLED.length]!;
    for (let i = 0; i < length; i++) {
      const entry = words[FILLED.base + i]! >>> ADDRESS_SHIFT;
      const flags = words[entry + FLAGS]! & ~JOURNALED;
      words[entry + FLAGS] = flags;
      if ((flags & GLOBAL) === 0) this.#drop(entry);
    }
    words[FILLED.length] = 0;
  }

  flushAll(): void {
    this.#eachFilled((entry) => {
      this.#words[entry + FLAGS] = 0;
      this.#drop(entry);
    });
    this.#words[FILLED.length] = 0;
    this.#words[FILLED_GLOBAL.length] = 0;
    this.#forgetLarge();
  }

  /** INVLPG: drops the page of this address, global or not; of a large page all of it. True if there may have been a large one. */
  invalidate(low: number, high: number): boolean {
    for (const user of [false, true]) {
      const entry = tlbEntry(low, user);
      if (this.#words[entry] === (low & ~0xfff) >>> 0 && this.#words[entry + 1] === high) this.#drop(entry);
    }
    let large = false;
    for (const { shift } of LARGE_PAGES) {
      const bit = largePageBit(low, high, shift);
      if ((this.#words[LARGE_SET + (bit >>> 5)]! & (1 << (bit & 31))) === 0) continue;
      this.#dropLarge(low, high, bit);
      large = true;
    }
    return large;
  }

  /** From now on writes to the page at `host` in linear memory (any byte of it) leave generated code. */
  protectPage(host: number): void {
    const page = (host & ~0xfff) >>> 0;
    this.#eachFilled((entry) => {
      if (this.#words[entry + HOST] !== page) return;
      this.#words[entry + WRITE_TAG] = TLB_INVALID;
      this.#words[entry + WRITE_TAG + 1] = 0;
    });
  }

  #drop(entry: number): void {
    this.#words[entry] = TLB_INVALID;
    this.#words[entry + 1] = 0;
    this.#words[entry + WRITE_TAG] = TLB_INVALID;
    this.#words[entry + WRITE_TAG + 1] = 0;
  }

  /** Drops entries of the large page around an address, and the bit of the set unless another large page shares it. */
  #dropLarge(low: number, high: number, bit: number): void {
    const words = this.#words;
    let shared = false;
    this.#eachFilled((entry) => {
      const kind = words[entry + FLAGS]! >>> SIZE;
      if (kind === 0 || words[entry] === TLB_INVALID) return;
      const { shift } = LARGE_PAGES[kind - 1]!;
      const entryLow = words[entry]!;
      const entryHigh = words[entry + 1]!;
      if (entryLow >>> shift === low >>> shift && entryHigh === high) this.#drop(entry);
      else if (largePageBit(entryLow, entryHigh, shift) === bit) shared = true;
    });
    if (!shared) words[LARGE_SET + (bit >>> 5)]! &= ~(1 << (bit & 31));
  }

  #eachFilled(run: (entry: number) => void): void {
    const words = this.#words;
    for (const journal of [FILLED, FILLED_GLOBAL]) {
      const length = words[journal.length]!;
      for (let i = 0; i < length; i++) run(words[journal.base + i]! >>> ADDRESS_SHIFT);
    }
  }

  #forgetLarge(): void {
    this.#words.fill(0, LARGE_SET, LARGE_SET + TLB_LARGE_PAGE_WORDS);
  }
}

/** Place in tlbLargePages of the page of 2^shift bytes around an address. */
const largePageBit = (low: number, high: number, shift: 21 | 22 | 30): number =>
  Math.imul((low >>> shift) | (high << (32 - shift)), LARGE_PAGE_FACTOR) >>> LARGE_PAGE_SHIFT;
