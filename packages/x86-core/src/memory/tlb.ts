/**
 * The translation lookaside buffer: two direct-mapped tables in linear memory, one for supervisor and one for user accesses, which
 * generated code reads and only this file writes. An entry is 32 bytes:
 *
 *   +0  i64 tag for reads    linear address of the page, or TLB_INVALID
 *   +8  i64 tag for writes   the same when a write needs nothing more (allowed, dirty flag set, no decoded code on the page)
 *   +16 i32 address of the page in linear memory minus its linear address, modulo 2^32
 *   +20 u32 bit 0 global, bit 1 in the journal, bit 2 in the journal of global entries
 *   +24 u32 address of the page in linear memory
 *
 * Its index is (linear >> 12) & (TLB_ENTRIES − 1). Only pages of RAM are entered. [SDM 3A §4.10]
 *
 * UNCHECKED: word indices are derived from masked entry numbers and lie within the two tables.
 */
export const TLB_ENTRIES = 2048;
export const TLB_ENTRY_SIZE = 32;
export const TLB_SUPERVISOR_BASE = 0x1_0000;
export const TLB_USER_BASE = 0x2_0000;
/** Never the address of a page. */
export const TLB_INVALID = 1;

const FLAG_GLOBAL = 1;
const FLAG_JOURNALED = 2;
const FLAG_JOURNALED_GLOBAL = 4;

const WORDS = TLB_ENTRY_SIZE / 4;
const WRITE_TAG = 2;
const ADDEND = 4;
const FLAGS = 5;
const HOST = 6;

/** Word index of the entry for a page whose address has the low half `low`. */
export const tlbEntry = (low: number, user: boolean): number =>
  ((user ? TLB_USER_BASE : TLB_SUPERVISOR_BASE) >>> 2) + ((low >>> 12) & (TLB_ENTRIES - 1)) * WORDS;

/** Word indices of filled entries; an entry stands in it at most once. */
class Journal {
  readonly entries: Int32Array = new Int32Array(2 * TLB_ENTRIES);
  length = 0;

  add(entry: number): void {
    this.entries[this.length++] = entry;
  }
}

/** Large pages remembered at most; beyond it all is dropped. */
const LARGE_PAGES = 4096;

export class Tlb {
  readonly #words: Uint32Array;
  readonly #filled = new Journal();
  readonly #filledGlobal = new Journal();
  /** Large pages of which entries may exist: number of the large page times 4, plus its kind. */
  readonly #large = new Set<number>();

  /** @param words doublewords of linear memory */
  constructor(words: Uint32Array) {
    this.#words = words;
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
    if (pages > 1) this.#rememberLarge(low, high, pages);
    const words = this.#words;
    const entry = tlbEntry(low, user);
    const page = (low & ~0xfff) >>> 0;
    words[entry] = page;
    words[entry + 1] = high;
    words[entry + WRITE_TAG] = writable ? page : TLB_INVALID;
    words[entry + WRITE_TAG + 1] = writable ? high : 0;
    words[entry + ADDEND] = host - page;
    words[entry + HOST] = host;
    let flags = (words[entry + FLAGS]! & ~FLAG_GLOBAL) | (global ? FLAG_GLOBAL : 0);
    const journaled = global ? FLAG_JOURNALED_GLOBAL : FLAG_JOURNALED;
    if ((flags & journaled) === 0) {
      (global ? this.#filledGlobal : this.#filled).add(entry);
      flags |= journaled;
    }
    words[entry + FLAGS] = flags;
  }

  /** Drops all but global entries. Time goes with the number of entries filled since the last time. */
  flushNonGlobal(): void {
    const { entries, length } = this.#filled;
    for (let i = 0; i < length; i++) {
      const entry = entries[i]!;
      const flags = this.#words[entry + FLAGS]! & ~FLAG_JOURNALED;
      this.#words[entry + FLAGS] = flags;
      if ((flags & FLAG_GLOBAL) === 0) this.#drop(entry);
    }
    this.#filled.length = 0;
  }

  flushAll(): void {
    for (const journal of [this.#filled, this.#filledGlobal]) {
      for (let i = 0; i < journal.length; i++) {
        const entry = journal.entries[i]!;
        this.#words[entry + FLAGS] = 0;
        this.#drop(entry);
      }
      journal.length = 0;
    }
    this.#large.clear();
  }

  /** INVLPG: drops the page of this address, global or not; of a large page all of it. */
  invalidate(low: number, high: number): void {
    for (const user of [false, true]) {
      const entry = tlbEntry(low, user);
      if (this.#words[entry] === (low & ~0xfff) >>> 0 && this.#words[entry + 1] === high) this.#drop(entry);
    }
    for (const pages of [512, 1024, 0x4_0000]) {
      if (this.#large.delete(largeKey(low, high, pages))) this.#dropRange(low, high, pages);
    }
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

  #dropRange(low: number, high: number, pages: number): void {
    const first = largeNumber(low, high, pages);
    this.#eachFilled((entry) => {
      if (largeNumber(this.#words[entry]!, this.#words[entry + 1]!, pages) === first) this.#drop(entry);
    });
  }

  #eachFilled(run: (entry: number) => void): void {
    for (const journal of [this.#filled, this.#filledGlobal]) {
      for (let i = 0; i < journal.length; i++) run(journal.entries[i]!);
    }
  }

  #rememberLarge(low: number, high: number, pages: number): void {
    if (this.#large.size >= LARGE_PAGES) this.flushAll();
    this.#large.add(largeKey(low, high, pages));
  }
}

/** Which large page of `pages` 4-KiB pages an address lies in: its page number, exact as a double, divided. */
const largeNumber = (low: number, high: number, pages: number): number => Math.floor((high * 0x10_0000 + (low >>> 12)) / pages);
const largeKey = (low: number, high: number, pages: number): number =>
  largeNumber(low, high, pages) * 4 + (pages === 512 ? 0 : pages === 1024 ? 1 : 2);
