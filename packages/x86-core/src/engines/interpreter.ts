/**
 * The fast interpreter: decoded records in linear memory, executed by one large WebAssembly function and by handlers beside it, all made
 * from the one description of the instructions. This file is its TypeScript side: finding and decoding code, slow memory accesses,
 * faults, and keeping records true to memory.
 *
 * UNCHECKED: state words by the offsets of state.ts.
 */
import type { Ram } from '@paravirt/bus';
import type { Decoded } from '../decode/decoded.ts';
import { decode, MAX_LENGTH } from '../decode/decoder.ts';
import { VECTOR } from '../fault.ts';
import type { Bytes } from '../memory/mmu.ts';
import { ACCESS } from '../memory/paging.ts';
import { SEGMENT_NUMBER, STATE } from '../state.ts';
import type { DeliveryKind } from '../system/common-case/delivery.ts';
import type { SystemProcessor } from '../system-processor.ts';
import type { LinearMemory } from '../wasm/runtime.ts';
import { CODE_PAGE_ROOM, type CodePage, CodePages, directoryBytes, NO_CODE_KEY } from './code-pages.ts';
import { CodeTlb } from './code-tlb.ts';
import type { EngineStatistics } from './engine-statistics.ts';
import { routineByNumber } from './handler-module.ts';
import { HandlerTable, type Imports } from './handler-table.ts';
import { NEVER_HOT } from './heat.ts';
import { FOR_WRITING } from './interpreter-helpers.ts';
import { RECORD, RECORD_SHIFT, RECORD_SIZE, SPECIAL } from './record.ts';
import { RecordWriter } from './record-writer.ts';
import { NO_PAGE } from './system-case-language.ts';
import { RegionObserver, type RegionTotals } from './translator/observer.ts';
import type { RegionInfo } from './translator/region-info.ts';
import { REGION_ROOM, Translator } from './translator/translator.ts';

const word = (name: keyof typeof STATE): number => STATE[name].address >>> 2;
const W = {
  remaining: word('remaining'),
  record: word('record'),
  runStart: word('runStart'),
  faulted: word('faulted'),
  deliversFaults: word('deliversFaults'),
  pageMap: word('pageMap'),
  codeDirectory: word('codeDirectory'),
  codeKey: word('codeKey'),
  hotAfter: word('hotAfter'),
  callTo: word('callTo'),
  callSlot: word('callSlot'),
  codeTlb: word('codeTlb'),
  flat: word('flatSegments'),
  codeBase: word('linearBase') + 2 * SEGMENT_NUMBER.CS,
  codeLimit: word('segmentLimit') + SEGMENT_NUMBER.CS,
};
/** Bytes that a call within a region bridges at most. */
const CALL_REACH = 2n ** 30n;
/** More than there are values of `#mode`. */
const MODES = 64;
/** Instructions decoded in one go. */
const RUN_LENGTH = 32;
/** Records that one decoding may write: a run, its end, and a map. */
const ROOM = CODE_PAGE_ROOM + (RUN_LENGTH + 2) * RECORD_SIZE;

export interface InterpreterOptions {
  readonly memory: LinearMemory;
  readonly ram: Ram;
  readonly processor: SystemProcessor;
  /** The arena for decoded code in linear memory. */
  readonly arenaStart: number;
  readonly arenaEnd: number;
  /** Makes `remaining` negative, so that the run ends at the next boundary. */
  readonly leave: () => void;
  /** Instructions on the way to a place after which it is translated; 0: also what a run begins with; undefined: never. */
  readonly hotAfter: number | undefined;
  /** Keeps what is translated, and counts how often it runs. */
  readonly observe: boolean;
}

export class Interpreter {
  readonly #p: SystemProcessor;
  readonly #ram: Ram;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #u64: BigUint64Array;
  readonly #handlers: HandlerTable;
  readonly #pages: CodePages;
  readonly #records: RecordWriter;
  readonly #codeTlb: CodeTlb;
  readonly #bytes = new Uint8Array(MAX_LENGTH);
  /** Decoded instructions that cross a page, by the physical address of their first byte and mode. */
  readonly #crossings = new Map<number, { readonly second: number; readonly record: number }>();
  /** Records of the last single step: an instruction and the end of the run. */
  readonly #stepRecords: number;
  /** A record map without entries. */
  readonly #emptyMap: number;
  #mode = 0;
  /** Linear address of what lies behind the code segment. */
  #codeEnd = 0;
  /** A system routine runs. */
  #inSystem = false;
  #routines = 0;
  readonly #leave: () => void;
  #observer: RegionObserver | undefined;
  readonly #translator: Translator | undefined;
  /** Also what a run begins with, however cold. */
  readonly #translatesAll: boolean;

  constructor(options: InterpreterOptions) {
    const { buffer } = options.memory;
    this.#p = options.processor;
    this.#leave = options.leave;
    this.#ram = options.ram;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    this.#u64 = new BigUint64Array(buffer, 0, buffer.byteLength >>> 3);
    this.#records = new RecordWriter(buffer);
    this.#codeTlb = new CodeTlb(this.#u32);
    const directory = options.arenaStart;
    this.#u32[W.codeDirectory] = directory;
    this.#stepRecords = directory + directoryBytes(buffer.byteLength);
    this.#emptyMap = this.#stepRecords + 4 * RECORD_SIZE;
    this.#pages = new CodePages(buffer, directory, this.#emptyMap + 4096 * 4, options.arenaEnd, {
      watch: (hostPage) => {
        this.#ram.watched[hostPage >>> 12] = 1;
        this.#p.mmu.tlb.protectPage(hostPage);
      },
      unwatch: (hostPage) => {
        this.#ram.watched[hostPage >>> 12] = 0;
      },
      voided: (page) => this.#translator?.voided(page),
      dropped: () => {
        this.#translator?.dropAll();
        this.#crossings.clear();
        this.flushCodeTlb('all');
      },
    });
    this.#handlers = new HandlerTable(options.memory, this.#imports());
    this.#u32[W.hotAfter] = Math.max(1, options.hotAfter ?? NEVER_HOT);
    this.#translatesAll = options.hotAfter === 0;
    if (options.hotAfter !== undefined) this.#translator = this.#makeTranslator(options);
    const written = (start: number, length: number): void => this.#pages.written(start, length);
    this.#p.mmu.onCodeWrite = written;
    this.#ram.onWatchedWrite = written;
    this.#forgetPage();
  }

  /** What generated code calls. [IMPORTS in interpreter-helpers.ts] */
  #imports(): Imports {
    const p = this.#p;
    const { mmu } = p;
    const kind = (flags: number) => ((flags & FOR_WRITING) !== 0 ? ACCESS.write : ACCESS.read);
    return {
      raise: (vector = 0): undefined => {
        p.recordFault(vector);
      },
      segmentFault: (segment = 0): undefined => {
        p.recordFault(segment === SEGMENT_NUMBER.SS ? VECTOR.SS : VECTOR.GP, 0);
      },
      slowLoad: (flags = 0) => {
        const bytes = (flags & 0xffff) as Bytes;
        if ((flags & FOR_WRITING) !== 0 && !mmu.probeSlow(bytes, ACCESS.write, p.user)) return 1;
        return mmu.readSlow(bytes, p.user) ? 0 : 1;
      },
      slowStore: (bytes = 0) => (mmu.writeSlow(bytes as Bytes, p.user) ? 0 : 1),
      slowProbe: (flags = 0) => (mmu.probeSlow(flags & 0xffff, kind(flags), p.user) ? 0 : 1),
      system: (number = 0, count = 0): undefined => {
        this.#system(number, count);
      },
      find: () => this.#find(),
      hot: (): undefined => {
        this.#hot();
      },
      topMissed: (slot = 0): undefined => {
        this.#translator?.topMissed(slot);
      },
      cross: () => this.#cross(),
    };
  }

  #makeTranslator({ memory, hotAfter, observe }: InterpreterOptions): Translator {
    const { helpers, regions } = this.#handlers;
    if (observe) this.#observer = new RegionObserver(() => this.#regionTotals());
    return new Translator({
      memory,
      helpers,
      regions,
      subroutine: (subroutine) => this.#handlers.subroutine(subroutine),
      bytes: this.#u8,
      pages: this.#pages,
      records: this.#records,
      cold: hotAfter === 0,
      observer: this.#observer,
      writeRecord: (address, offset, { decoded }) => this.#write(decoded, offset, address),
    });
  }

  /** Execution has often jumped to RIP. */
  #hot(): void {
    if (this.#translator === undefined || this.#u32[W.flat] === 0) return;
    // This may drop all code.
    this.#pages.reserve(REGION_ROOM);
    const number = this.#linearHigh() * 2 ** 20 + (this.#linearLow() >>> 12);
    const page = this.#executedPage(number);
    if (page === undefined) return;
    const from = this.#calledFrom(BigInt(number) << 12n);
    this.#translator.translate({
      ...(from && { from }),
      mode: this.#p.decodeMode,
      address: BigInt(number) << 12n,
      page,
      offset: this.#linearLow() & 0xfff,
      top: this.#u32[STATE.ftop.address >>> 2]!,
      neighbour: (distance) => this.#executedPage(number + distance),
    });
  }

  /** The last indirect call out of a region, if it went to RIP; its distance from the linear address `page`. */
  #calledFrom(page: bigint): { slot: number; distance: number } | undefined {
    const u = this.#u32;
    const [to, rip] = [W.callTo, STATE.rip.address >>> 2];
    if (u[to] !== u[rip] || u[to + 1] !== u[rip + 1]) return undefined;
    const distance = BigInt.asIntN(64, this.#u64[STATE.callFrom.address >>> 3]! - page);
    return distance > -CALL_REACH && distance < CALL_REACH ? { slot: u[W.callSlot]!, distance: Number(distance) } : undefined;
  }

  /** The code page at a linear page number, if execution has been there lately; whole ones of the present mode only. */
  #executedPage(number: number): CodePage | undefined {
    const map = this.#codeTlb.find(this.#u32[W.codeTlb]!, (number * 4096) >>> 0, Math.floor(number / 2 ** 20));
    const page = map === 0 ? undefined : this.#pages.withMap(map);
    return page?.mode === this.#mode ? page : undefined;
  }

  /**
   * Runs from RIP on until `remaining` is below zero at a boundary, or until a fault, which is written down: false. RIP is stored on return.
   * Faults of system routines are thrown: `settle` comes next.
   */
  run(): boolean {
    let record = this.#find();
    // Code that is not in RAM was read from a device, which must not see a second read.
    if (this.#translatesAll && record !== 0 && record !== this.#stepRecords) {
      this.#hot();
      record = this.#find();
    }
    if (record === 0) return false;
    this.#u32[W.deliversFaults] = 1;
    return this.#runFrom(record);
  }

  /** Runs the one instruction at RIP (one iteration of a repeated one). `remaining` must be 0. */
  step(): boolean {
    this.#forgetRecord();
    const offset = this.#setPage();
    // Nothing of a handler is executed.
    this.#u32[W.deliversFaults] = 0;
    return this.#runFrom(this.#writeStep(this.#decodeAtRip(), offset, SPECIAL.leaveRun));
  }

  #runFrom(record: number): boolean {
    this.#u32[W.faulted] = 0;
    this.#handlers.run(record);
    this.#forgetRecord();
    return this.#u32[W.faulted] === 0;
  }

  /** Delivers an interrupt or exception by its common case; false: it is none, and nothing has happened. `errorCode` −1: none. */
  deliver(vector: number, errorCode: number, kind: DeliveryKind): boolean {
    return this.#handlers.deliver(vector, errorCode, kind) !== 0;
  }

  /** Instructions executed in the current slice that `remaining` does not show yet: those of the run under execution. */
  get pending(): number {
    return (this.#u32[W.record]! - this.#u32[W.runStart]!) >>> RECORD_SHIFT;
  }

  /** After a fault was thrown: RIP of the instruction that faulted, with the run before it counted. */
  settle(): void {
    const record = this.#u32[W.record]!;
    if (record === 0) return;
    this.#u32[W.remaining] = this.#u32[W.remaining]! - this.pending;
    // A system routine may have changed the mode, or switched the task, before it faulted.
    this.#u64[STATE.rip.address >>> 3] = this.#inSystem ? this.#p.instructionPointer : this.#ipOf(record);
    this.#inSystem = false;
    this.#forgetRecord();
  }

  #forgetRecord(): void {
    this.#u32[W.record] = 0;
    this.#u32[W.runStart] = 0;
  }

  #ipOf(record: number): bigint {
    return this.#p.addLinear(this.#u64[STATE.ripBase.address >>> 3]!, this.#records.offsetOf(record));
  }

  /** Decode mode, privilege or the code segment may have changed. Common cases of routines change privilege and code segment without this. */
  modeChanged(): void {
    const { codeWidth, stackWidth } = this.#p.decodeMode;
    const mode = (codeWidth >> 5) * 8 + (stackWidth >> 5) * 2 + this.#u32[W.flat]!;
    const base = this.#u32[W.codeBase]!;
    const end = codeWidth === 64 ? 0 : (base + this.#u32[W.codeLimit]! + 1) >>> 0;
    if (mode !== this.#mode || (end !== this.#codeEnd && ((end | this.#codeEnd) & 0xfff) !== 0)) {
      this.#crossings.clear();
      this.flushCodeTlb('all');
      if (mode !== this.#mode) this.#leave();
      this.#mode = mode;
    } else this.#forgetPage();
    this.#codeEnd = end;
    // Where the segment ends within a page, the map depends on the page.
    this.#u32[W.codeKey] = (end & 0xfff) === 0 ? mode : NO_CODE_KEY;
  }

  /** The next jump must look its page up. */
  #forgetPage(): void {
    this.#u64[STATE.ripBase.address >>> 3] = NO_PAGE;
  }

  /** As `flushTlb` of the processor. */
  flushCodeTlb(what: 'non-global' | 'all' | bigint): void {
    this.#codeTlb.flush(what);
    this.#forgetPage();
  }

  /** @param retired instructions in all */
  statistics(retired: number): EngineStatistics {
    const counts = {
      handlers: this.#handlers.count,
      routines: this.#routines,
      invalidations: this.#pages.invalidations,
      drops: this.#pages.drops,
    };
    if (this.#translator === undefined) return counts;
    const count = (at: number): number => Number(this.#u64[at >>> 3]!);
    const translated = count(STATE.translated.address);
    const exits = STATE.regionExits.address;
    return {
      ...counts,
      instructions: { interpreter: retired - translated, translator: translated },
      regions: this.#translator.statistics,
      exits: { goOn: count(exits), usedUp: count(exits + 8), interpret: count(exits + 16) },
    };
  }

  #regionTotals(): RegionTotals {
    const count = (at: number): number => Number(this.#u64[at >>> 3]!);
    const exits = STATE.regionExits.address;
    return { instructions: count(STATE.translated.address), returns: count(exits) + count(exits + 8) + count(exits + 16) };
  }

  /** The regions in force; none unless they are observed. */
  regions(): Iterable<RegionInfo> {
    return this.#observer?.regions() ?? [];
  }

  #system(number: number, count: number): void {
    const a = STATE.systemArguments.address >>> 3;
    const u = this.#u64;
    const { run } = routineByNumber(number);
    const p = this.#p;
    p.instructionPointer = this.#ipOf(this.#u32[W.record]!);
    this.#inSystem = true;
    this.#routines++;
    let result: bigint | undefined;
    if (count === 0) result = run(p);
    else if (count === 1) result = run(p, u[a]!);
    else if (count === 2) result = run(p, u[a]!, u[a + 1]!);
    else result = run(p, ...u.subarray(a, a + count));
    u[STATE.systemResult.address >>> 3] = result ?? 0n;
    this.#inSystem = false;
  }

  // Finding code

  /** Low and high half of the linear address of RIP. */
  #linearLow(): number {
    return (this.#u32[STATE.rip.address >>> 2]! + this.#u32[W.codeBase]!) >>> 0;
  }

  #linearHigh(): number {
    return this.#p.decodeMode.codeWidth === 64 ? this.#u32[(STATE.rip.address >>> 2) + 1]! : 0;
  }

  /** Sets ripBase for the page of RIP; gives the place in the page. */
  #setPage(): number {
    const offset = this.#linearLow() & 0xfff;
    this.#u64[STATE.ripBase.address >>> 3] = BigInt.asUintN(64, this.#u64[STATE.rip.address >>> 3]! - BigInt(offset));
    return offset;
  }

  /** Record of the instruction at RIP; 0 after a page fault of its fetch was written down. Other faults of fetching are thrown. */
  #find(): number {
    const u = this.#u32;
    u[W.record] = 0;
    u[W.runStart] = 0;
    this.#pages.reserve(ROOM);
    const low = this.#linearLow();
    const high = this.#linearHigh();
    const offset = this.#setPage();
    const { mmu } = this.#p;
    if (this.#beyondCode()) this.#p.fault(VECTOR.GP, 0);
    if (!this.#fetches(low, high)) return 0;
    if (mmu.host < 0) return this.#uncached(offset);
    const hostPage = (mmu.host & ~0xfff) >>> 0;
    const limit = this.#codeLimitInPage(offset);
    // Where the code segment ends within a page, its records are kept apart from those of segments that go on.
    const page = this.#pages.page(hostPage, limit < 4096 ? this.#mode + MODES * limit : this.#mode);
    this.#codeTlb.enter(u[W.codeTlb]!, low, high, page.map, mmu.walker);
    u[W.pageMap] = page.map;
    const found = this.#pages.at(page, offset);
    return found !== 0 ? found : this.#decodeRun(page, offset, limit);
  }

  /** Translates for a fetch; false after a page fault was written down. */
  #fetches(low: number, high: number): boolean {
    const { mmu } = this.#p;
    if (mmu.lookUp(low, high, ACCESS.execute, this.#p.user) >= 0) return true;
    this.#p.recordPageFault(low, high, mmu.walker.errorCode);
    return false;
  }

  #beyondCode(): boolean {
    const u = this.#u64;
    return BigInt.asUintN(64, u[STATE.rip.address >>> 3]! + u[STATE.codeBias.address >>> 3]!) > u[STATE.codeRange.address >>> 3]!;
  }

  /** Code that is not in RAM is decoded anew each time. */
  #uncached(offset: number): number {
    const decoded = this.#decodeAtRip((this.#u32[W.remaining]! | 0) < 0);
    if (decoded === undefined) {
      this.#records.writeSpecial(this.#stepRecords, SPECIAL.leaveRun, offset);
      return this.#stepRecords;
    }
    return this.#writeStep(decoded, offset, offset + decoded.length >= 4096 ? SPECIAL.leavePage : SPECIAL.lookAgain);
  }

  /**
   * The instruction at RIP, fetched through the processor; faults as a fetch does. Undefined: with `stopAtCrossing`, it goes on in the next
   * page.
   */
  #decodeAtRip(stopAtCrossing?: false): Decoded;
  #decodeAtRip(stopAtCrossing: boolean): Decoded | undefined;
  #decodeAtRip(stopAtCrossing = false): Decoded | undefined {
    const p = this.#p;
    const ip = p.get64('rip');
    p.instructionPointer = ip;
    const available = p.fetch(ip, this.#bytes, 0);
    let result = decode(this.#bytes, available, p.decodeMode);
    if (result === undefined) {
      if (stopAtCrossing && (this.#linearLow() & 0xfff) + available === 4096) return undefined;
      const next = BigInt.asUintN(p.decodeMode.codeWidth === 64 ? 64 : 32, ip + BigInt(available));
      result = decode(this.#bytes, available + p.fetch(next, this.#bytes, available), p.decodeMode);
    }
    if (result === undefined) return p.fault(VECTOR.GP, 0);
    if ('fault' in result) {
      if (result.unknown === true) return p.unknownOpcode(this.#bytes.slice(0, result.length));
      return result.fault === 'ud' ? p.fault(VECTOR.UD) : p.fault(VECTOR.GP, 0);
    }
    return result;
  }

  /** Decodes from `start` on into a run of records, up to place `limit`; gives the first. */
  #decodeRun(page: CodePage, start: number, limit: number): number {
    const p = this.#p;
    const bytes = this.#u8.subarray(page.hostPage, page.hostPage + 4096);
    let offset = start;
    let first = 0;
    for (let i = 0; i < RUN_LENGTH; i++) {
      const known = i > 0 ? this.#pages.at(page, offset) : 0;
      if (known !== 0) break;
      const result = decode(bytes.subarray(offset, Math.min(4096, offset + MAX_LENGTH)), limit - offset, p.decodeMode);
      if (result === undefined) {
        if (limit < 4096) break; // the code segment ends here
        const address = this.#pages.record();
        this.#records.writeCrossing(address, offset, 0, 0, 0, 0);
        this.#pages.enter(page, offset, 1, address);
        return first === 0 ? address : first;
      }
      if (!('instruction' in result)) {
        if (i === 0) this.#decodeAtRip(); // raises what the bytes raise
        break;
      }
      const address = this.#pages.record();
      this.#write(result, offset, address);
      this.#pages.enter(page, offset, result.length, address);
      if (first === 0) first = address;
      offset += result.length;
      if (offset >= 4096) {
        this.#records.writeSpecial(this.#pages.record(), SPECIAL.leavePage, offset);
        return first;
      }
      if (ENDS_RUN.has(result.instruction.mnemonic)) break;
    }
    if (first === 0) this.#p.fault(VECTOR.GP, 0);
    this.#records.writeSpecial(this.#pages.record(), SPECIAL.lookAgain, offset);
    return first;
  }

  /** First place of this page that the code segment does not reach, at most 4096. */
  #codeLimitInPage(offset: number): number {
    if (this.#p.decodeMode.codeWidth === 64) return 4096;
    const left = this.#u32[W.codeLimit]! - this.#u32[STATE.rip.address >>> 2]! + 1;
    return Math.min(4096, offset + left);
  }

  /** The code segment reaches to the end of the instruction at RIP, whose record this is. */
  #isInSegment(record: number): boolean {
    if (this.#p.decodeMode.codeWidth === 64) return true;
    return this.#u8[record + RECORD.length]! <= this.#u32[W.codeLimit]! - this.#u32[STATE.rip.address >>> 2]! + 1;
  }

  /** Record of the instruction at RIP, which starts in this page and ends in the next. */
  #cross(): number {
    const u = this.#u32;
    u[W.record] = 0;
    u[W.runStart] = 0;
    this.#pages.reserve(2 * ROOM);
    const offset = this.#setPage();
    const p = this.#p;
    const { mmu } = p;
    const low = this.#linearLow();
    const high = this.#linearHigh();
    if (!this.#fetches(low, high)) return 0;
    const host = mmu.host;
    if (host < 0) return this.#uncached(offset);
    const nextLow = ((low | 0xfff) + 1) >>> 0;
    const nextHigh = nextLow === 0 && p.decodeMode.codeWidth === 64 ? (high + 1) >>> 0 : high;
    const readable = mmu.lookUp(nextLow, nextHigh, ACCESS.execute, p.user) >= 0;
    const second = readable ? mmu.host : -1;
    const key = host * MODES + this.#mode;
    const found = this.#crossings.get(key);
    if (found !== undefined && found.second === second && !this.#records.isVoid(found.record) && this.#isInSegment(found.record)) {
      u[W.pageMap] = this.#pages.page((host & ~0xfff) >>> 0, this.#mode).map;
      return found.record;
    }
    const decoded = this.#decodeAtRip();
    if (second < 0) return this.#writeStep(decoded, offset);
    const page = this.#pages.page((host & ~0xfff) >>> 0, this.#mode);
    const nextPage = this.#pages.page((second & ~0xfff) >>> 0, this.#mode);
    const record = this.#pages.record();
    this.#write(decoded, offset, record);
    this.#records.writeSpecial(this.#pages.record(), SPECIAL.leavePage, offset + decoded.length);
    // The crossing instruction lives with its first page's records; a write to its tail in the second page voids it as well.
    this.#pages.enterTail(page, offset, nextPage, offset + decoded.length - 4096, record);
    this.#crossings.set(key, { second, record });
    const place = this.#pages.at(page, offset);
    if (place !== 0 && this.#records.isCrossing(place))
      this.#records.writeCrossing(place, offset, record, page.hostPage, nextPage.hostPage, page.map);
    u[W.pageMap] = page.map;
    return record;
  }

  /** Records for one execution of an instruction: no jump finds a record in its page, so what follows is looked up. */
  #writeStep(decoded: Decoded, offset: number, end: number = SPECIAL.leavePage): number {
    this.#u32[W.pageMap] = this.#emptyMap;
    this.#write(decoded, offset, this.#stepRecords);
    this.#records.writeSpecial(this.#stepRecords + RECORD_SIZE, end, offset + decoded.length);
    return this.#stepRecords;
  }

  #write(decoded: Decoded, offset: number, address: number): void {
    this.#records.write(decoded, this.#handlers.numberOf(decoded, this.#u32[W.flat] !== 0), offset, address);
  }
}

/** After these the next bytes are rarely executed in sequence. */
const ENDS_RUN: ReadonlySet<string> = new Set(['JMP', 'RET', 'RETF', 'IRET', 'HLT', 'UD0', 'UD1', 'UD2', 'SYSRET', 'SYSEXIT']);
