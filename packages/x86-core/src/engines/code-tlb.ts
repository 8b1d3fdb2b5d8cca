/**
 * The code TLB: for linear pages of code the record map of the page, in linear memory, where generated code reads it. Two tables, for
 * supervisor and for user code; an entry is 16 bytes:
 *
 *   +0  i64 tag   linear address of the page, or 1
 *   +8  u32 address of the map
 *   +12 u32 address of the entry that was filled before it, 0 at the end, and LINK flags
 *
 * Filled entries are linked into two lists, of pages that are not global and of those that are (state fields codeTlbFilled and
 * codeTlbFilledGlobal), so that a flush takes the time of the fills that it undoes. An entry of the second list that a page takes which is not
 * global stays there; then a flush drops both lists (codeTlbMixed).
 *
 * UNCHECKED: word indices are derived from masked entry numbers and from links, and lie within the two tables.
 */
import { LARGE_PAGES } from '../memory/tlb.ts';
import { STATE } from '../state.ts';
import { CODE_TLB_SUPERVISOR_BASE, CODE_TLB_USER_BASE } from '../system-processor.ts';
import { i32Const, load, localGet, localSet, OP, store } from '../wasm/instructions.ts';
import type { FunctionBuilder, Signature } from '../wasm/module.ts';

/** In each table. The user's table follows the supervisor's. */
export const CODE_TLB_ENTRIES = 1024;
/** Never the address of a page. */
const INVALID = 1;
/** Flags of a link, below its address: in a list; in that of global pages; kind of the guest's page (0: 4 KiB; see LARGE_PAGES). */
export const LINK: { readonly listed: number; readonly global: number; readonly kind: number; readonly address: number } = {
  listed: 1,
  global: 2,
  kind: 2,
  address: ~15,
};
/** Offsets within an entry, behind the tag. */
export const CODE_TLB_ENTRY = { map: 8, next: 12 } as const;
const { map: MAP, next: NEXT } = CODE_TLB_ENTRY;

const word = (name: 'codeTlbFilled' | 'codeTlbFilledGlobal' | 'codeTlbMixed'): number => STATE[name].address >>> 2;
const FILLED = word('codeTlbFilled');
const FILLED_GLOBAL = word('codeTlbFilledGlobal');
const MIXED = word('codeTlbMixed');

/** What the page walk has found out about a page. */
export interface WalkedPage {
  readonly global: boolean;
  /** 4-KiB pages in the guest's page. */
  readonly pages: number;
}

export class CodeTlb {
  readonly #words: Uint32Array;

  /** @param words doublewords of linear memory */
  constructor(words: Uint32Array) {
    this.#words = words;
    words[FILLED] = 0;
    words[FILLED_GLOBAL] = 0;
    words[MIXED] = 0;
    const start = CODE_TLB_SUPERVISOR_BASE >>> 2;
    for (let entry = start; entry < start + 8 * CODE_TLB_ENTRIES; entry += 4) {
      words.fill(0, entry, entry + 4);
      words[entry] = INVALID;
    }
  }

  /** @param base address of the table; `low`, `high`: linear address; `map`: address of the page's record map */
  enter(base: number, low: number, high: number, map: number, { global, pages }: WalkedPage): void {
    const words = this.#words;
    const entry = this.#entry(base, low);
    words[entry] = (low & ~0xfff) >>> 0;
    words[entry + 1] = high;
    words[entry + (MAP >>> 2)] = map;
    const kind = (pages === 1 ? 0 : (LARGE_PAGES.find((l) => l.pages === pages)?.kind ?? 0)) << LINK.kind;
    const link = words[entry + (NEXT >>> 2)]!;
    if ((link & LINK.listed) === 0) {
      const head = global ? FILLED_GLOBAL : FILLED;
      words[entry + (NEXT >>> 2)] = words[head]! | LINK.listed | (global ? LINK.global : 0) | kind;
      words[head] = entry << 2;
      return;
    }
    words[entry + (NEXT >>> 2)] = (link & (LINK.address | LINK.listed | LINK.global)) | kind;
    if (!global && (link & LINK.global) !== 0) words[MIXED] = 1;
  }

  /** Address of the map that was entered for a page; 0: none is. */
  find(base: number, low: number, high: number): number {
    const entry = this.#entry(base, low);
    return this.#words[entry] === low && this.#words[entry + 1] === high ? this.#words[entry + (MAP >>> 2)]! : 0;
  }

  /** What `flushTlb` of the processor says: all but global pages, all, or the page of one linear address with all of a large page. */
  flush(what: 'non-global' | 'all' | bigint): void {
    if (typeof what === 'bigint') {
      this.#invalidate(Number(what & 0xffff_ffffn), Number((what >> 32n) & 0xffff_ffffn));
      return;
    }
    this.#drop(FILLED);
    if (what === 'all' || this.#words[MIXED] !== 0) this.#drop(FILLED_GLOBAL);
    this.#words[MIXED] = 0;
  }

  #entry(base: number, low: number): number {
    return (base >>> 2) + ((low >>> 12) & (CODE_TLB_ENTRIES - 1)) * 4;
  }

  #drop(head: number): void {
    const words = this.#words;
    for (let entry = words[head]! >>> 2; entry !== 0; ) {
      const link = words[entry + (NEXT >>> 2)]!;
      words[entry] = INVALID;
      words[entry + (NEXT >>> 2)] = 0;
      entry = (link & LINK.address) >>> 2;
    }
    words[head] = 0;
  }

  #invalidate(low: number, high: number): void {
    const words = this.#words;
    for (const base of [CODE_TLB_SUPERVISOR_BASE, CODE_TLB_USER_BASE]) {
      const entry = this.#entry(base, low);
      if (words[entry] === (low & ~0xfff) >>> 0 && words[entry + 1] === high) words[entry] = INVALID;
    }
    for (const head of [FILLED, FILLED_GLOBAL]) {
      for (let entry = words[head]! >>> 2; entry !== 0; entry = (words[entry + (NEXT >>> 2)]! & LINK.address) >>> 2) {
        const kind = (words[entry + (NEXT >>> 2)]! >>> LINK.kind) & 3;
        if (kind !== 0 && inSamePage(kind, words[entry]!, words[entry + 1]!, low, high)) words[entry] = INVALID;
      }
    }
  }
}

/** The addresses lie in one large page. Of an entry that is invalid already the answer does not matter. */
function inSamePage(kind: number, low: number, high: number, otherLow: number, otherHigh: number): boolean {
  const shift = LARGE_PAGES[kind - 1]?.shift ?? 12;
  return high === otherHigh && low >>> shift === otherLow >>> shift;
}

/** () → (): flushes all but global pages, as `CodeTlb.flush` does. */
export const FLUSH_CODE_TLB: Signature = { parameters: [], results: [] };

export function writeCodeTlbFlush(f: FunctionBuilder): void {
  const zero = i32Const(0);
  const entry = f.local('i32');
  const link = f.local('i32');
  const get = (name: 'codeTlbFilled' | 'codeTlbFilledGlobal' | 'codeTlbMixed'): number[] => [
    ...zero,
    ...load(OP.i32Load, STATE[name].address),
  ];
  const drop = (head: 'codeTlbFilled' | 'codeTlbFilledGlobal'): void => {
    f.emit(get(head), localSet(entry));
    const out = f.open(OP.block);
    const again = f.open(OP.loop);
    f.emit(localGet(entry), OP.i32Eqz);
    f.branchIf(out);
    f.emit(localGet(entry), load(OP.i32Load, NEXT), localSet(link));
    f.emit(localGet(entry), i32Const(INVALID), store(OP.i32Store, 0), localGet(entry), zero, store(OP.i32Store, NEXT));
    f.emit(localGet(link), i32Const(LINK.address), OP.i32And, localSet(entry));
    f.branch(again);
    f.close();
    f.close();
    f.emit(zero, zero, store(OP.i32Store, STATE[head].address));
  };
  drop('codeTlbFilled');
  f.emit(get('codeTlbMixed'));
  f.open(OP.if);
  drop('codeTlbFilledGlobal');
  f.emit(zero, zero, store(OP.i32Store, STATE.codeTlbMixed.address));
  f.close();
}
