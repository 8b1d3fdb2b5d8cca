/**
 * The code TLB: for linear pages of code the record map of the page, in linear memory, where the interpreter's main function reads it.
 * Two tables, for supervisor and for user code; an entry is 16 bytes: an i64 tag (linear address of the page) and the address of the map.
 *
 * UNCHECKED: word indices are derived from masked entry numbers and lie within the two tables.
 */
import { CODE_TLB_SUPERVISOR_BASE } from '../system-processor.ts';

/** In each table. The user's table follows the supervisor's. */
export const CODE_TLB_ENTRIES = 1024;
/** Never the address of a page. */
const INVALID = 1;

export class CodeTlb {
  readonly #words: Uint32Array;
  /** Word indices of the entries that were filled since the last flush. */
  readonly #filled = new Uint32Array(2 * CODE_TLB_ENTRIES);
  #count = 0;

  /** @param words doublewords of linear memory */
  constructor(words: Uint32Array) {
    this.#words = words;
    for (let i = 0; i < 2 * CODE_TLB_ENTRIES; i++) words[(CODE_TLB_SUPERVISOR_BASE >>> 2) + 4 * i] = INVALID;
  }

  /** @param base address of the table; `low`, `high`: linear address; `map`: address of the page's record map */
  enter(base: number, low: number, high: number, map: number): void {
    const words = this.#words;
    const entry = (base >>> 2) + ((low >>> 12) & (CODE_TLB_ENTRIES - 1)) * 4;
    if (words[entry] === INVALID) this.#filled[this.#count++] = entry;
    words[entry] = (low & ~0xfff) >>> 0;
    words[entry + 1] = high;
    words[entry + 2] = map;
  }

  /** Address of the map that was entered for a page; 0: none is. */
  find(base: number, low: number, high: number): number {
    const entry = (base >>> 2) + ((low >>> 12) & (CODE_TLB_ENTRIES - 1)) * 4;
    return this.#words[entry] === low && this.#words[entry + 1] === high ? this.#words[entry + 2]! : 0;
  }

  /** In time proportional to what was filled. */
  flush(): void {
    for (let i = 0; i < this.#count; i++) this.#words[this.#filled[i]!] = INVALID;
    this.#count = 0;
  }
}
