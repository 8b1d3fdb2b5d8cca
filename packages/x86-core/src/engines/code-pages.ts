/**
 * Decoded code in linear memory: an arena of records, and for every physical page that holds decoded instructions a map from the 4096
 * places of the page to records, one for each decode mode. A page is watched while its map is in use; a write to a part of it that was
 * decoded voids its records. When the arena is full everything is dropped, which bounds memory whatever the guest does.
 *
 * Generated code finds maps through a directory: for every page of linear memory the address of the first of its maps, 0 if it has none.
 * A header (CODE_MAP) before each map says which mode it is for, and which comes next.
 *
 * UNCHECKED: word indices come from the arena's own bump pointer and from page offsets below 4096.
 */
import { RECORD, RECORD_SIZE, SPECIAL } from './record.ts';

const MAP_BYTES = 4096 * 4;
/** Size of the header before a map, and offsets in it: u32 mode, u32 address of the page's next map or 0. */
export const CODE_MAP = { header: 32, mode: 0, next: 4 } as const;
/** In place of a mode: what is executed is in no map that generated code may use. */
export const NO_CODE_KEY = 0xffff_ffff;
/** Room that a page for one mode takes in the arena. */
export const CODE_PAGE_ROOM: number = CODE_MAP.header + MAP_BYTES;
/** Bytes of the directory for a linear memory of this size. */
export const directoryBytes = (memoryBytes: number): number => Math.ceil(memoryBytes / 4096 / 8) * 32;
/** Granularity of "this part of the page was decoded", in bytes: 64 parts in a page. */
const PART_SHIFT = 6;

export interface CodePage {
  /** Address of the page in linear memory. */
  readonly hostPage: number;
  readonly mode: number;
  /** Address of the map. */
  readonly map: number;
  /** Bit i of word i >> 5: part i holds bytes of a decoded instruction. */
  readonly parts: Uint32Array;
  /** Addresses of the records of its instructions. */
  records: number[];
}

export interface CodePagesHooks {
  /** The page now holds decoded code: writes to it must be seen. */
  watch(hostPage: number): void;
  unwatch(hostPage: number): void;
  /** All records of the page are void. */
  voided(page: CodePage): void;
  /** All maps are gone: nothing may keep an address of one. */
  dropped(): void;
}

export class CodePages {
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #directory: number;
  readonly #start: number;
  readonly #end: number;
  readonly #hooks: CodePagesHooks;
  /** By host page number: one CodePage for each mode met. */
  readonly #pages = new Map<number, CodePage[]>();
  readonly #byMap = new Map<number, CodePage>();
  #free: number;
  /** Pages whose records were voided by a write, and times everything was dropped. */
  invalidations = 0;
  drops = 0;

  /** @param directory, start, end where the directory and the arena lie in linear memory, multiples of 32 */
  constructor(buffer: ArrayBufferLike, directory: number, start: number, end: number, hooks: CodePagesHooks) {
    this.#words = new Uint32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#directory = directory >>> 2;
    this.#start = start;
    this.#end = end;
    this.#free = start;
    this.#hooks = hooks;
  }

  /** The page for a mode, made if need be. May drop everything else. */
  page(hostPage: number, mode: number): CodePage {
    const number = hostPage >>> 12;
    const found = this.#pages.get(number)?.find((p) => p.mode === mode);
    if (found !== undefined) return found;
    this.reserve(CODE_PAGE_ROOM);
    const header = this.#allocate(CODE_PAGE_ROOM);
    const map = header + CODE_MAP.header;
    this.#bytes.fill(0, map, map + MAP_BYTES);
    this.#words[(header + CODE_MAP.mode) >>> 2] = mode;
    this.#words[(header + CODE_MAP.next) >>> 2] = this.#words[this.#directory + number] as number;
    this.#words[this.#directory + number] = map;
    const page: CodePage = { hostPage, mode, map, parts: new Uint32Array(2), records: [] };
    const list = this.#pages.get(number);
    if (list === undefined) this.#pages.set(number, [page]);
    else list.push(page);
    this.#byMap.set(map, page);
    return page;
  }

  /** Makes sure of room for `bytes`; drops everything if there is none. True if it did. */
  reserve(bytes: number): boolean {
    if (this.#free + bytes <= this.#end) return false;
    this.dropAll();
    return true;
  }

  /** Room for one record; `reserve` came before. */
  record(): number {
    return this.#allocate(RECORD_SIZE);
  }

  /** Record at a place of a page, 0 if none. */
  at(page: CodePage, offset: number): number {
    return this.#words[(page.map >>> 2) + offset] as number;
  }

  /** The record at `address` is the instruction of `length` bytes at `offset`. */
  enter(page: CodePage, offset: number, length: number, address: number): void {
    this.#words[(page.map >>> 2) + offset] = address;
    this.keep(page, address);
    this.cover(page, offset, length);
  }

  /** The record at `address` is void when code in the page is written. */
  keep(page: CodePage, address: number): void {
    if (page.records.push(address) === 1) this.#hooks.watch(page.hostPage);
  }

  /** A write to these bytes makes the page void. */
  cover(page: CodePage, offset: number, length: number): void {
    const last = Math.min(4095, offset + Math.max(1, length) - 1) >> PART_SHIFT;
    for (let part = offset >> PART_SHIFT; part <= last; part++)
      page.parts[part >> 5] = (page.parts[part >> 5] as number) | (1 << (part & 31));
  }

  /** Takes the record at `address` out of the map, if it is there, and makes it void. */
  remove(page: CodePage, offset: number, address: number): void {
    const at = (page.map >>> 2) + offset;
    if (this.#words[at] === address) this.#words[at] = 0;
    this.#halves[(address + RECORD.handler) >>> 1] = SPECIAL.lookAgain;
  }

  /** The page with a map at this address. */
  withMap(map: number): CodePage | undefined {
    return this.#byMap.get(map);
  }

  /**
   * The record at `address` is an instruction at the end of `page` whose last `tail` bytes lie at the start of `next`: a write to either
   * part voids it. It is in no map.
   */
  enterTail(page: CodePage, offset: number, next: CodePage, tail: number, address: number): void {
    for (const [p, first, last] of [
      [page, offset, 4095],
      [next, 0, tail - 1],
    ] as const) {
      if (p.records.push(address) === 1) this.#hooks.watch(p.hostPage);
      for (let part = first >> PART_SHIFT; part <= last >> PART_SHIFT; part++)
        p.parts[part >> 5] = (p.parts[part >> 5] as number) | (1 << (part & 31));
    }
  }

  /** Bytes [start, start + length) of linear memory were or are about to be written. */
  written(start: number, length: number): void {
    for (let host = (start & ~4095) >>> 0; host < start + length; host += 4096) {
      const pages = this.#pages.get(host >>> 12);
      if (pages === undefined) continue;
      const first = Math.max(0, start - host) >> PART_SHIFT;
      const last = Math.min(4095, start + length - 1 - host) >> PART_SHIFT;
      for (const page of pages) {
        if (page.records.length > 0 && this.#touches(page, first, last)) this.#void(page);
      }
      if (pages.every((p) => p.records.length === 0)) this.#hooks.unwatch(host);
    }
  }

  dropAll(): void {
    this.drops++;
    for (const [number, pages] of this.#pages) {
      if (pages.some((p) => p.records.length > 0)) this.#hooks.unwatch(number * 4096);
      this.#words[this.#directory + number] = 0;
    }
    this.#pages.clear();
    this.#byMap.clear();
    this.#free = this.#start;
    this.#hooks.dropped();
  }

  #touches(page: CodePage, first: number, last: number): boolean {
    for (let part = first; part <= last; part++) {
      if (((page.parts[part >> 5] as number) & (1 << (part & 31))) !== 0) return true;
    }
    return false;
  }

  /** Turns the page's records into "look again", so that a run under execution goes on correctly behind the instruction that writes. */
  #void(page: CodePage): void {
    this.invalidations++;
    for (const address of page.records) this.#halves[(address + RECORD.handler) >>> 1] = SPECIAL.lookAgain;
    this.#bytes.fill(0, page.map, page.map + MAP_BYTES);
    page.records = [];
    page.parts.fill(0);
    this.#hooks.voided(page);
  }

  #allocate(bytes: number): number {
    const at = this.#free;
    this.#free += bytes;
    return at;
  }
}
