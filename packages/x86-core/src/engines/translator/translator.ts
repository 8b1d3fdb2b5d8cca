/**
 * The translator's TypeScript side: takes code that has become hot, plans and writes regions, compiles them, and puts records before their
 * entries that send the interpreter there. Regions die when code in one of their pages is written, when another region takes over all of
 * their entries, or when all decoded code is dropped; their slots in the table are used again.
 */
import type { DecodeMode } from '../../decode/decoded.ts';
import { type FunctionTable, isShared } from '../../wasm/runtime.ts';
import type { CodePage, CodePages } from '../code-pages.ts';
import { heatOf } from '../heat.ts';
import { RECORD_SIZE, SPECIAL } from '../record.ts';
import type { RecordWriter } from '../record-writer.ts';
import type { RegionObserver } from './observer.ts';
import { type CodeView, type Plan, type PlannedInstruction, planRegion } from './plan.ts';
import { type RegionEnvironment, RegionModuleWriter } from './region-module.ts';

const LIMITS = { instructions: 300, pages: 8 } as const;
/** A region of so many instructions may be written once more, as a part of another that leads to it. */
const PARTS = 80;
/** Records that an entry takes: itself, the instruction, and what follows. */
const ENTRY_RECORDS = 3;
/** Room that installing one region may take: for every instruction an entry. */
export const REGION_ROOM: number = LIMITS.instructions * ENTRY_RECORDS * RECORD_SIZE;
/** Heat of a place with which it goes into a region that reaches it. */
const WARM = 1250;
const GROWTH = 256;
/** Regions alive at most; beyond it all are dropped. */
const MOST_REGIONS = 8192;
/** A region is made larger so many times; what becomes hot in it after that gets a region of its own. */
const MOST_GENERATIONS = 12;
/** A page is not translated when that many of its regions have died because it was written. */
const MOST_WRITES = 64;
/** Regions that died, of all pages, until what was written is forgotten: a page that held such code may hold other code now. */
const FORGIVEN_AFTER = 4096;

export interface TranslatorOptions extends RegionEnvironment {
  readonly regions: FunctionTable;
  readonly pages: CodePages;
  readonly records: RecordWriter;
  /** Also places where execution has not been go into a region. */
  readonly cold: boolean;
  /** Linear memory. */
  readonly bytes: Uint8Array;
  /** Set: keeps and counts what is made. */
  readonly observer: RegionObserver | undefined;
  /** Writes the interpreter's record of an instruction. */
  readonly writeRecord: (address: number, offset: number, instruction: PlannedInstruction) => void;
}

/** Where the code is that has become hot. */
export interface HotPlace {
  readonly mode: DecodeMode;
  /** Linear address of the page. */
  readonly address: bigint;
  readonly page: CodePage;
  readonly offset: number;
  /** TOP of the x87 now. */
  readonly top: number;
  /** The indirect call or jump that leads here from a region: its slot, the instruction's distance from the page of the hot place. */
  readonly from?: { readonly slot: number; readonly distance: number };
  /** The code page `number` pages further, if execution has been there and the page tables say so now. */
  neighbour(number: number): CodePage | undefined;
}

interface Region {
  readonly slot: number;
  /** In instructions. */
  readonly size: number;
  /** How many times it was made larger. */
  readonly generation: number;
  /** Where its blocks begin. */
  readonly blocks: { readonly page: CodePage; readonly offset: number }[];
  readonly pages: readonly CodePage[];
  readonly entries: { readonly page: CodePage; readonly offset: number; readonly record: number }[];
}

export interface TranslatorStatistics {
  /** Regions alive, and made in all. */
  readonly alive: number;
  readonly made: number;
  readonly modules: number;
  /** x86 instructions in all regions made, and bytes of WebAssembly. */
  readonly translatedInstructions: number;
  readonly codeBytes: number;
  readonly compileMilliseconds: number;
  /** Regions that died because code was written. */
  readonly invalidations: number;
}

const now = (): number => (globalThis as unknown as { performance: { now(): number } }).performance.now();

export class Translator {
  readonly #options: TranslatorOptions;
  readonly #regions = new Map<number, Region>();
  readonly #byPage = new Map<CodePage, Set<Region>>();
  /** The region that a block was put into last, by the block's place. */
  readonly #owners = new Map<CodePage, Map<number, Region>>();
  /** Where indirect jumps and calls go, as a distance, by their place. */
  readonly #predictions = new Map<CodePage, Map<number, number>>();
  readonly #freeSlots: number[] = [];
  /** Deaths by writing, by host page. */
  readonly #writes = new Map<number, number>();
  /** TOP of the x87 when a place became hot; undefined: code in the page has run with more than one. */
  readonly #tops = new Map<CodePage, Map<number, number> | undefined>();
  #slots = 0;
  #made = 0;
  #modules = 0;
  #instructions = 0;
  #codeBytes = 0;
  #milliseconds = 0;
  #invalidations = 0;

  constructor(options: TranslatorOptions) {
    this.#options = options;
  }

  get statistics(): TranslatorStatistics {
    return {
      alive: this.#regions.size,
      made: this.#made,
      modules: this.#modules,
      translatedInstructions: this.#instructions,
      codeBytes: this.#codeBytes,
      compileMilliseconds: this.#milliseconds,
      invalidations: this.#invalidations,
    };
  }

  /** Makes a region for code that has become hot. There is room for REGION_ROOM bytes of records. */
  translate(place: HotPlace): void {
    const { pages, records } = this.#options;
    const { page, offset, mode } = place;
    if (mode.codeWidth === 16 || this.#isWrittenOften(page)) return;
    const here = pages.at(page, offset);
    const news = this.#predict(place);
    // A region that is called from another one may become part of that.
    if (here !== 0 && records.isEntry(here) && !news) return;
    if (!this.#tops.has(page)) this.#tops.set(page, new Map());
    this.#tops.get(page)?.set(offset, place.top);
    const start = now();
    const plan = planRegion(this.#view(place), mode, [offset], LIMITS);
    if (plan !== undefined) {
      const merged = this.#merge(place, plan);
      this.#make(place, merged?.plan ?? plan, merged?.generation ?? 0);
    }
    this.#milliseconds += now() - start;
  }

  /** Translating it would not pay. */
  #isWrittenOften(page: CodePage): boolean {
    return !this.#options.cold && (this.#writes.get(page.hostPage) ?? 0) >= MOST_WRITES;
  }

  /** Remembers where the indirect call or jump goes that leads to the place; false if there is none, or it is known. */
  #predict({ from, offset, neighbour }: HotPlace): boolean {
    const page = from && neighbour(from.distance >> 12);
    if (from === undefined || page === undefined || !this.#regions.has(from.slot)) return false;
    let predictions = this.#predictions.get(page);
    if (predictions === undefined) {
      predictions = new Map();
      this.#predictions.set(page, predictions);
    }
    const at = from.distance & 0xfff;
    if (predictions.has(at)) return false;
    predictions.set(at, offset - from.distance);
    return true;
  }

  /**
   * One region of the planned code and the regions that share code with it, if it does not get too large: most often they are parts of one
   * loop that only indirect jumps connect.
   */
  #merge(place: HotPlace, plan: Plan): { readonly plan: Plan; readonly generation: number } | undefined {
    const others = new Set<Region>();
    for (const { distance } of plan.blocks) {
      const owner = this.#owners.get(plan.pages.get(distance >> 12) as CodePage)?.get(distance & 0xfff);
      if (owner !== undefined && owner.generation < MOST_GENERATIONS) others.add(owner);
    }
    const pages = new Map(plan.pages);
    const caller = place.from && this.#regions.get(place.from.slot);
    if (place.from !== undefined && caller !== undefined && caller.generation < MOST_GENERATIONS) {
      const page = place.neighbour(place.from.distance >> 12);
      if (page !== undefined) pages.set(place.from.distance >> 12, page);
      others.add(caller);
    }
    if (others.size === 0) return undefined;
    const starts = [place.offset];
    let generation = 0;
    for (const other of others) {
      generation = Math.max(generation, other.generation + 1);
      for (const { page, offset } of other.entries) {
        for (const [number, planned] of pages) if (planned === page) starts.push(number * 4096 + offset);
      }
    }
    const view = this.#view(place);
    const merged = planRegion(view, place.mode, starts, LIMITS);
    if (merged !== undefined && merged.instructions < LIMITS.instructions) return { plan: merged, generation };
    // Too large; but what calls so often shall have at least the loop around the call in one piece with what it calls.
    const call = caller && this.#entryBefore(caller, pages, place.from?.distance ?? 0);
    const around = call === undefined ? undefined : planRegion(view, place.mode, [place.offset, call], LIMITS);
    return around && { plan: around, generation };
  }

  /** Distance of the last entry of a region that does not lie behind `distance`. */
  #entryBefore(region: Region, pages: ReadonlyMap<number, CodePage>, distance: number): number | undefined {
    let found: number | undefined;
    for (const { page, offset } of region.entries) {
      for (const [number, planned] of pages) {
        const at = number * 4096 + offset;
        if (planned === page && at <= distance && (found === undefined || at > found)) found = at;
      }
    }
    return found;
  }

  /** Heat of a record so far; a region begins only where there were many. */
  #heat(record: number): number {
    const { bytes, records } = this.#options;
    if (record === 0) return 0;
    const at = heatOf(record);
    return records.isEntry(record) ? 0xffff : (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  }

  #view({ page, neighbour }: HotPlace): CodeView {
    const { pages, records, bytes, cold } = this.#options;
    return {
      page: (number) => (number === 0 ? page : neighbour(number)),
      bytes: (p) => bytes.subarray(p.hostPage, p.hostPage + 4096),
      met: (p, offset) => cold || pages.at(p, offset) !== 0,
      warm: (p, offset) => cold || this.#heat(pages.at(p, offset)) >= WARM,
      predicted: (p, offset) => this.#predictions.get(p)?.get(offset),
      standsAlone: (p, offset) => {
        const record = pages.at(p, offset);
        return record !== 0 && records.isEntry(record) && (this.#regions.get(records.slotOf(record))?.size ?? 0) > PARTS;
      },
      isEntry: (p, offset) => {
        const record = pages.at(p, offset);
        return record !== 0 && records.isEntry(record);
      },
    };
  }

  #make({ mode, address }: HotPlace, plan: Plan, generation: number): void {
    const { regions, observer, memory } = this.#options;
    const codeWidth = mode.codeWidth === 64 ? 64 : 32;
    if (this.#regions.size >= MOST_REGIONS) this.dropAll();
    const slot = this.#freeSlots.pop() ?? this.#slots++;
    if (slot >= regions.length) regions.grow(GROWTH);
    const observed = observer && { entered: (at: number, remaining: number) => observer.entered(at, remaining) };
    const writer = new RegionModuleWriter(isShared(memory), observed);
    writer.add({ plan, codeWidth, slot, tops: this.#topsOf(plan), mapOf: (number) => (plan.pages.get(number) as CodePage).map });
    const bytes = writer.encode();
    const [code] = writer.instantiate(bytes, this.#options);
    regions.set(slot, code);
    this.#made++;
    this.#modules++;
    this.#instructions += plan.instructions;
    this.#codeBytes += bytes.length;
    observer?.installed(slot, { plan, mode: codeWidth, base: address, bytesAt: this.#bytesAt(plan), ...writer.about(0) });
    this.#install(plan, slot, generation);
  }

  #topsOf({ entries, pages }: Plan): ReadonlyMap<number, number> | undefined {
    const tops = new Map<number, number>();
    for (const page of pages.values()) if (this.#tops.has(page) && this.#tops.get(page) === undefined) return undefined;
    for (const distance of entries) {
      const top = this.#tops.get(pages.get(distance >> 12) as CodePage)?.get(distance & 0xfff);
      if (top !== undefined) tops.set(distance, top);
    }
    return tops;
  }

  #install(plan: Plan, slot: number, generation: number): void {
    const { pages } = this.#options;
    const region: Region = { slot, size: plan.instructions, generation, pages: [...plan.pages.values()], entries: [], blocks: [] };
    this.#regions.set(slot, region);
    for (const page of region.pages) {
      let set = this.#byPage.get(page);
      if (set === undefined) {
        set = new Set();
        this.#byPage.set(page, set);
      }
      set.add(region);
    }
    for (const { instructions, distance: at } of plan.blocks) {
      for (const { distance, decoded } of instructions) this.#cover(plan, distance, decoded.length);
      this.#own(plan.pages.get(at >> 12) as CodePage, at & 0xfff, region);
    }
    for (const distance of plan.entries) {
      const block = plan.blocks[plan.blockAt.get(distance) as number];
      const page = plan.pages.get(distance >> 12);
      // The interpreter finds an instruction across pages in its own way.
      if (block === undefined || page === undefined || block.crosses) continue;
      const offset = distance & 0xfff;
      const instruction = block.instructions[0] as PlannedInstruction;
      const record = this.#writeEntry(page, offset, instruction, slot, block.index);
      this.#replace(page, offset);
      pages.enter(page, offset, instruction.decoded.length, record);
      region.entries.push({ page, offset, record });
    }
    if (region.entries.length === 0) this.#free(region);
  }

  /** Bytes of guest code by their distance. */
  #bytesAt(plan: Plan): (distance: number, length: number) => Uint8Array {
    const { bytes } = this.#options;
    const at = (distance: number): number => bytes[(plan.pages.get(distance >> 12)?.hostPage ?? 0) + (distance & 0xfff)] ?? 0;
    return (distance, length) => Uint8Array.from({ length }, (_, i) => at(distance + i));
  }

  #own(page: CodePage, offset: number, region: Region): void {
    let owners = this.#owners.get(page);
    if (owners === undefined) {
      owners = new Map();
      this.#owners.set(page, owners);
    }
    owners.set(offset, region);
    region.blocks.push({ page, offset });
  }

  #cover(plan: Plan, distance: number, length: number): void {
    const offset = distance & 0xfff;
    const first = plan.pages.get(distance >> 12) as CodePage;
    const inFirst = Math.min(length, 4096 - offset);
    this.#options.pages.cover(first, offset, inFirst);
    if (inFirst < length) this.#options.pages.cover(plan.pages.get((distance >> 12) + 1) as CodePage, 0, length - inFirst);
  }

  #writeEntry(page: CodePage, offset: number, instruction: PlannedInstruction, slot: number, block: number): number {
    const { pages, records, writeRecord } = this.#options;
    const [entry, copy, after] = [pages.record(), pages.record(), pages.record()];
    records.writeEntry(entry, offset, slot, block, instruction.distance);
    writeRecord(copy, offset, instruction);
    const next = offset + instruction.decoded.length;
    records.writeSpecial(after, next >= 4096 ? SPECIAL.leavePage : SPECIAL.lookAgain, next);
    pages.keep(page, copy);
    return entry;
  }

  /** What stood there sends whoever comes to it to the map, where the entry will stand. */
  #replace(page: CodePage, offset: number): void {
    const { pages, records } = this.#options;
    const old = pages.at(page, offset);
    if (old === 0) return;
    const owner = records.isEntry(old) ? this.#regions.get(records.slotOf(old)) : undefined;
    pages.remove(page, offset, old);
    if (owner === undefined) return;
    const index = owner.entries.findIndex(({ record }) => record === old);
    if (index >= 0) owner.entries.splice(index, 1);
    if (owner.entries.length === 0) this.#free(owner);
  }

  /** A region was written for another TOP of the x87: its pages are not translated like that any more. */
  topMissed(slot: number): void {
    const region = this.#regions.get(slot);
    if (region === undefined) return;
    for (const page of region.pages) this.#tops.set(page, undefined);
    this.#free(region);
  }

  /** Code in a page was written: its records are void already. */
  voided(page: CodePage): void {
    this.#predictions.delete(page);
    this.#tops.delete(page);
    const regions = this.#byPage.get(page);
    if (regions === undefined) return;
    this.#writes.set(page.hostPage, (this.#writes.get(page.hostPage) ?? 0) + regions.size);
    for (const region of [...regions]) {
      this.#invalidations++;
      if (this.#invalidations % FORGIVEN_AFTER === 0) this.#writes.clear();
      this.#free(region);
    }
  }

  #free(region: Region): void {
    const { pages, regions, observer } = this.#options;
    for (const { page, offset, record } of region.entries) pages.remove(page, offset, record);
    for (const page of region.pages) {
      const set = this.#byPage.get(page);
      set?.delete(region);
      if (set?.size === 0) this.#byPage.delete(page);
    }
    for (const { page, offset } of region.blocks) {
      const owners = this.#owners.get(page);
      if (owners?.get(offset) === region) owners.delete(offset);
      if (owners?.size === 0) this.#owners.delete(page);
    }
    this.#regions.delete(region.slot);
    observer?.removed(region.slot);
    regions.set(region.slot, null);
    this.#freeSlots.push(region.slot);
  }

  /** All records are gone, or shall have no regions any more. */
  dropAll(): void {
    for (const region of [...this.#regions.values()]) this.#free(region);
    this.#writes.clear();
    this.#predictions.clear();
    this.#tops.clear();
  }
}
