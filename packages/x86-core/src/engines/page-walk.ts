/**
 * The page walk in WebAssembly: what memory/paging.ts and memory/tlb.ts do, for the common case. A walk goes on only while everything is
 * as usual: tables and page in RAM, every entry present, no reserved bit, the access allowed, no decoded code on a table that needs an
 * accessed or dirty flag. Otherwise it gives 0 and has changed nothing; then TypeScript walks again and says what is the case.
 *
 *   hostPage(physical page) → address in linear memory, 0 if it is not RAM
 *   walkPages(linear, access) → address of the page in linear memory with the bits of PAGE, 0 if TypeScript must walk
 *   fillTlb(linear, access) → 1 if the TLB now has the page for this access
 *   flushTlb() drops the entries of pages that are not global
 *
 * [SDM 3A §4.3 32-bit, §4.4 PAE, §4.5 4-level, §4.6 access rights, §4.8 accessed and dirty flags, §4.10 TLB]
 */
import { CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, EFER_LMA, EFER_NXE } from '../control-bits.ts';
import {
  ADDRESS_HIGH,
  ENTRY_A,
  ENTRY_D,
  ENTRY_G,
  ENTRY_P,
  ENTRY_PS,
  ENTRY_RW,
  ENTRY_US,
  ENTRY_XD,
  PSE_36_RESERVED,
  RESERVED_HIGH,
  RESERVED_HIGH_PAE,
} from '../memory/paging.ts';
import {
  LARGE_PAGE_FACTOR,
  LARGE_PAGE_SHIFT,
  LARGE_PAGES,
  TLB_ENTRIES,
  TLB_ENTRY,
  TLB_ENTRY_SIZE,
  TLB_FLAG,
  TLB_GLOBAL_JOURNAL_BASE,
  TLB_INVALID,
  TLB_JOURNAL_BASE,
  TLB_SUPERVISOR_BASE,
} from '../memory/tlb.ts';
import { RAM_REGIONS, STATE } from '../state.ts';
import { call, i32Const, i64Const, load, OP } from '../wasm/instructions.ts';
import type { FunctionBuilder, ModuleBuilder, Signature } from '../wasm/module.ts';
import { type Expr, expr } from './expression.ts';
import { Words } from './words.ts';

/**
 * What an access wants, besides reading data. `supervisor`: whatever the current privilege; `unseen`: to leave no trace in the tables, so it
 * gets nothing where an accessed or dirty flag is missing.
 */
export const WALK = { write: 1, supervisor: 2, execute: 4, unseen: 8 } as const;

/** What `walkPages` tells of a page beside its address; `size` as in TLB_FLAG. */
export const PAGE: { readonly global: number; readonly writable: number; readonly size: number } = {
  global: TLB_FLAG.global,
  writable: 2,
  size: TLB_FLAG.size,
};
const PAGE_FLAGS = 0xfff;

/** Functions of this file as others import them. */
export const PAGE_WALK: Readonly<Record<string, Signature>> = {
  hostPage: { parameters: ['i32'], results: ['i32'] },
  walkPages: { parameters: ['i64', 'i32'], results: ['i32'] },
  fillTlb: { parameters: ['i64', 'i32'], results: ['i32'] },
  flushTlb: { parameters: [], results: [] },
};

/** Adds the functions to a module under their names; `index` learns where they are. */
export function buildPageWalk(module: ModuleBuilder, index: Map<string, number>): void {
  const define = (name: keyof typeof PAGE_WALK, write: (f: FunctionBuilder) => void): void => {
    const made = module.function(PAGE_WALK[name] as Signature, name);
    write(made.builder);
    index.set(name, made.index);
  };
  const indexOf = (name: string): number => index.get(name) as number;
  define('hostPage', (f) => new Physical(f).hostPage());
  define('walkPages', (f) => new Walk(f, indexOf('hostPage')).write());
  define('fillTlb', (f) => new Fill(f).write(indexOf('walkPages')));
  define('flushTlb', (f) => new Fill(f).flush());
}

/** RAM as the page walk sees it. */
class Physical extends Words {
  /** Whether the page at an address in linear memory holds decoded code. */
  watched(host: Expr): Expr {
    const address = this.add(this.field('watchedPages'), this.shr(host, this.constant(12)));
    return expr('i32', true, address.code, load(OP.i32Load8U));
  }

  hostPage(): void {
    const page = this.parameter(0, 'i32');
    for (let i = 0; i < RAM_REGIONS; i++) {
      const distance = this.bind(this.sub(page, this.field('ramFirstPage', i)));
      this.when(this.ltUnsigned(distance, this.field('ramPages', i)), () =>
        this.leave(this.add(this.field('ramHost', i), this.shl(distance, this.constant(12)))),
      );
    }
    this.f.emit(i32Const(0));
  }
}

/** An entry that a walk has used: its address in linear memory and its low doubleword. */
interface Used {
  readonly address: Expr;
  readonly low: Expr;
}

class Walk extends Physical {
  readonly #hostPage: number;
  readonly #linear: Expr = this.parameter(0, 'i64');
  readonly #access: Expr = this.parameter(1, 'i32');
  /** Low half of the linear address. */
  readonly #low: Expr;

  constructor(f: FunctionBuilder, hostPage: number) {
    super(f);
    this.#hostPage = hostPage;
    this.#low = this.bind(this.truncate(this.#linear, 64, 32));
  }

  write(): void {
    this.when(this.isNot(this.field('cr0'), CR0_PG), () => {
      const host = this.#hostOf(this.shr(this.#low, this.constant(12)));
      this.leave(this.or(host, this.#writableBit(host)));
    });
    this.when(this.isNot(this.field('cr4'), CR4_PAE), () => this.#walk32());
    this.when(
      this.is(this.field('efer'), EFER_LMA),
      () => {
        const bits = this.bind(expr('i64', true, this.#linear.code, i64Const(47n), OP.i64ShrS));
        // Neither all zeros nor all ones: not canonical.
        const above = expr('i64', true, bits.code, i64Const(1n), OP.i64Add);
        this.giveUpIf(this.ltUnsigned(this.constant(1, 64), above, 64));
        this.#walk8(4, this.#frameOf(this.field('cr3'), this.word(this.constant(0), STATE.cr3.address + 4)), RESERVED_HIGH);
      },
      () => {
        const pdpte = this.bind(this.shl(this.shr(this.#low, this.constant(30)), this.constant(3)));
        const low = this.bind(this.word(pdpte, STATE.pdptes.address));
        this.giveUpIf(this.isNot(low, ENTRY_P));
        this.#walk8(2, this.#frameOf(low, this.word(pdpte, STATE.pdptes.address + 4)), RESERVED_HIGH_PAE);
      },
    );
    this.f.emit(i32Const(0));
  }

  #walk32(): void {
    const pde = this.#use(this.shr(this.field('cr3'), this.constant(12)), this.shr(this.#low, this.constant(22)), 2);
    this.when(
      this.and(this.ne(this.is(pde.low, ENTRY_PS), this.constant(0)), this.ne(this.is(this.field('cr4'), CR4_PSE), this.constant(0))),
      () => {
        this.giveUpIf(this.is(pde.low, PSE_36_RESERVED));
        // Bits 13 to 20 are bits 32 to 39 of the address.
        const high = this.shl(this.and(this.shr(pde.low, this.constant(13)), this.constant(0xff)), this.constant(20));
        const within = this.and(this.shr(this.#low, this.constant(12)), this.constant(0x3ff));
        const frame = this.or(this.or(this.shl(this.shr(pde.low, this.constant(22)), this.constant(10)), within), high);
        this.#finish(frame, 2, [pde], pde.low, undefined);
      },
    );
    const index = this.and(this.shr(this.#low, this.constant(12)), this.constant(0x3ff));
    const pte = this.#use(this.shr(pde.low, this.constant(12)), index, 2);
    this.#finish(this.shr(pte.low, this.constant(12)), 0, [pde, pte], this.bind(this.and(pde.low, pte.low)), undefined);
  }

  /** Tables of 8-byte entries, from the one at page `table`. Levels are numbered as in the names of 4-level paging: 4 is PML4. */
  #walk8(top: 4 | 2, table: Expr, reservedHigh: number): void {
    const noExecute = this.and(this.shl(this.field('efer'), this.constant(31 - Math.log2(EFER_NXE))), this.constant(ENTRY_XD));
    const reserved = this.bind(this.or(this.xor(noExecute, this.constant(ENTRY_XD)), this.constant(reservedHigh)));
    const used: Used[] = [];
    let rights: Expr | undefined;
    let disabled: Expr | undefined;
    let page = table;
    for (let level: number = top; level > 0; level--) {
      const shift = this.constant(12 + 9 * (level - 1), 64);
      const index = this.and(this.truncate(this.shr(this.#linear, shift, 64), 64, 32), this.constant(0x1ff));
      const entry = this.#use(page, index, 3);
      used.push(entry);
      const high = this.bind(this.word(entry.address, 4));
      this.giveUpIf(this.and(high, reserved));
      rights = this.bind(rights === undefined ? entry.low : this.and(rights, entry.low));
      disabled = this.bind(disabled === undefined ? high : this.or(disabled, high));
      page = this.bind(this.#frameOf(entry.low, high));
      if (level === 1) this.#finish(page, 0, used, rights, disabled);
      else if (level === 4) this.giveUpIf(this.is(entry.low, ENTRY_PS));
      else this.#largePage(level, page, used, rights, disabled);
    }
  }

  /** The end of the walk if the last entry maps a page of 2 MiB or 1 GiB. */
  #largePage(level: number, page: Expr, used: readonly Used[], rights: Expr, disabled: Expr): void {
    const { low } = used.at(-1) as Used;
    const within = level === 3 ? 0x3_ffff : 0x1ff;
    this.when(this.is(low, ENTRY_PS), () => {
      // Bit 12 is PAT; the bits between it and the address of the page are reserved. [SDM 3A, Table 4-16, 4-18]
      this.giveUpIf(this.is(low, (within << 12) & ~0x1000));
      const inside = this.and(this.shr(this.#low, this.constant(12)), this.constant(within));
      this.#finish(this.or(this.and(page, this.constant(~within)), inside), level === 3 ? 3 : 1, used, rights, disabled);
    });
  }

  /** Number of the physical page that an entry of two doublewords points to. */
  #frameOf(low: Expr, high: Expr): Expr {
    const above = this.shl(this.and(high, this.constant(ADDRESS_HIGH)), this.constant(20));
    return this.or(this.shr(low, this.constant(12)), above);
  }

  #hostOf(page: Expr): Expr {
    const host = this.bind(expr('i32', true, page.code, call(this.#hostPage)));
    this.giveUpIf(this.eq(host, this.constant(0)));
    return host;
  }

  /** Entry `index`, of 2^shift bytes, of the table at a physical page; gives up if it is not present. */
  #use(table: Expr, index: Expr, shift: 2 | 3): Used {
    const host = this.#hostOf(table);
    const address = this.bind(this.add(host, this.shl(index, this.constant(shift))));
    const low = this.bind(this.word(address));
    this.giveUpIf(this.isNot(low, ENTRY_P));
    return { address, low };
  }

  /** PAGE.writable unless the page is watched. */
  #writableBit(host: Expr): Expr {
    return this.shl(this.eq(this.watched(host), this.constant(0)), this.constant(1));
  }

  /**
   * Access rights, then accessed and dirty flags, then the result. `kind`: as in LARGE_PAGES; `rights`: R/W and U/S of all levels together;
   * `disabled`: XD of all levels in bit 31.
   */
  #finish(frame: Expr, kind: number, used: readonly Used[], rights: Expr, disabled: Expr | undefined): void {
    const { write, supervisor, execute } = WALK;
    const isUser = this.ne(this.field('tlb'), this.constant(TLB_SUPERVISOR_BASE));
    const user = this.bind(this.and(isUser, this.isNot(this.#access, supervisor)));
    const protects = this.or(user, this.ne(this.is(this.field('cr0'), CR0_WP), this.constant(0)));
    const mayWrite = this.bind(this.or(this.ne(this.is(rights, ENTRY_RW), this.constant(0)), this.eq(protects, this.constant(0))));
    const writes = this.bind(this.is(this.#access, write));
    this.giveUpIf(this.and(user, this.isNot(rights, ENTRY_US)));
    this.giveUpIf(this.and(writes, this.eq(mayWrite, this.constant(0))));
    if (disabled !== undefined) {
      const executes = this.ne(this.is(this.#access, execute), this.constant(0));
      this.giveUpIf(this.and(executes, this.shr(disabled, this.constant(31))));
    }
    const host = this.#hostOf(frame);

    const dirty = this.mul(writes, this.constant(ENTRY_D));
    const wanted = used.map((_, i) => this.bind(i === used.length - 1 ? this.or(dirty, this.constant(ENTRY_A)) : this.constant(ENTRY_A)));
    const missing = used.map(({ low }, i) => this.ne(this.and(low, wanted[i] as Expr), wanted[i] as Expr));
    const updates = used.map(({ address, low }, i) => ({
      address,
      missing: this.bind(missing[i] as Expr),
      low: this.bind(this.or(low, wanted[i] as Expr)),
    }));
    this.when(
      updates.map((u) => u.missing).reduce((a, b) => this.or(a, b)),
      () => {
        this.giveUpIf(this.is(this.#access, WALK.unseen));
        for (const { address, missing } of updates) this.giveUpIf(this.and(missing, this.ne(this.watched(address), this.constant(0))));
        for (const { address, low, missing } of updates) this.when(missing, () => this.setWord(address, 0, low));
      },
    );

    const leaf = updates.at(-1) as { readonly low: Expr };
    const isDirty = this.ne(this.is(leaf.low, ENTRY_D), this.constant(0));
    const writable = this.and(this.and(mayWrite, isDirty), this.eq(this.watched(host), this.constant(0)));
    const keepsGlobal = this.ne(this.is(this.field('cr4'), CR4_PGE), this.constant(0));
    const global = this.and(this.ne(this.is(leaf.low, ENTRY_G), this.constant(0)), keepsGlobal);
    const flags = this.or(this.or(global, this.shl(writable, this.constant(1))), this.constant(kind << PAGE.size));
    this.leave(this.or(host, flags));
  }
}

class Fill extends Words {
  write(walkPages: number): void {
    const linear = this.parameter(0, 'i64');
    const access = this.parameter(1, 'i32');
    const found = this.bind(expr('i32', true, linear.code, access.code, call(walkPages)));
    this.giveUpIf(this.eq(found, this.constant(0)));
    const writable = this.bind(this.ne(this.is(found, PAGE.writable), this.constant(0)));
    // A page that is watched may be written, but not by generated code.
    this.giveUpIf(this.and(this.is(access, WALK.write), this.eq(writable, this.constant(0))));

    const isSupervisor = this.is(access, WALK.supervisor);
    const base = this.select(isSupervisor, this.constant(TLB_SUPERVISOR_BASE), this.field('tlb'));
    const low = this.bind(this.truncate(linear, 64, 32));
    const number = this.and(this.shr(low, this.constant(12)), this.constant(TLB_ENTRIES - 1));
    const entry = this.bind(this.add(base, this.mul(number, this.constant(TLB_ENTRY_SIZE))));
    const page = this.bind(this.and(linear, this.constant(-4096n, 64), 64));
    const host = this.bind(this.and(found, this.constant(~PAGE_FLAGS)));
    this.setQuad(entry, TLB_ENTRY.readTag, page);
    this.setQuad(entry, TLB_ENTRY.writeTag, this.select(writable, page, this.constant(TLB_INVALID, 64), 64));
    this.setWord(entry, TLB_ENTRY.addend, this.sub(host, this.truncate(page, 64, 32)));
    this.setWord(entry, TLB_ENTRY.host, host);
    const kind = this.bind(this.and(this.shr(found, this.constant(PAGE.size)), this.constant(3)));
    this.when(kind, () => this.#rememberLarge(linear, kind));

    const { journaled, journaledGlobal } = TLB_FLAG;
    const global = this.bind(this.is(found, PAGE.global));
    const mine = this.bind(this.select(global, this.constant(journaledGlobal), this.constant(journaled)));
    const before = this.bind(this.and(this.word(entry, TLB_ENTRY.flags), this.constant(journaled | journaledGlobal)));
    this.when(this.eq(this.and(before, mine), this.constant(0)), () => {
      this.when(
        global,
        () => this.#enter('tlbFilledGlobal', TLB_GLOBAL_JOURNAL_BASE, entry),
        () => this.#enter('tlbFilled', TLB_JOURNAL_BASE, entry),
      );
    });
    const size = this.shl(kind, this.constant(TLB_FLAG.size));
    this.setWord(entry, TLB_ENTRY.flags, this.or(this.or(before, mine), this.or(global, size)));
    this.f.emit(i32Const(1));
  }

  #enter(length: 'tlbFilled' | 'tlbFilledGlobal', base: number, entry: Expr): void {
    const count = this.bind(this.field(length));
    this.setWord(this.shl(count, this.constant(2)), base, entry);
    this.setField(length, this.add(count, this.constant(1)));
  }

  #rememberLarge(linear: Expr, kind: Expr): void {
    const [two, four, giga] = LARGE_PAGES.map(({ shift }) => this.constant(shift)) as [Expr, Expr, Expr];
    const shift = this.select(this.eq(kind, this.constant(1)), two, this.select(this.eq(kind, this.constant(2)), four, giga));
    const number = this.truncate(this.shr(linear, this.zeroExtend(shift, 32, 64), 64), 64, 32);
    const bit = this.bind(this.shr(this.mul(number, this.constant(LARGE_PAGE_FACTOR)), this.constant(LARGE_PAGE_SHIFT)));
    const word = this.bind(this.shl(this.shr(bit, this.constant(5)), this.constant(2)));
    const set = STATE.tlbLargePages.address;
    this.setWord(word, set, this.or(this.word(word, set), this.shl(this.constant(1), this.and(bit, this.constant(31)))));
  }

  flush(): void {
    const end = this.bind(this.shl(this.field('tlbFilled'), this.constant(2)));
    const at = this.variable(this.constant(0));
    this.loop(
      () => this.ltUnsigned(at.read(), end),
      () => {
        const entry = this.bind(this.word(at.read(), TLB_JOURNAL_BASE));
        const flags = this.bind(this.and(this.word(entry, TLB_ENTRY.flags), this.constant(~TLB_FLAG.journaled)));
        this.setWord(entry, TLB_ENTRY.flags, flags);
        this.when(this.isNot(flags, TLB_FLAG.global), () => {
          this.setQuad(entry, TLB_ENTRY.readTag, this.constant(TLB_INVALID, 64));
          this.setQuad(entry, TLB_ENTRY.writeTag, this.constant(TLB_INVALID, 64));
        });
        at.write(this.add(at.read(), this.constant(4)));
      },
    );
    this.setField('tlbFilled', this.constant(0));
  }
}
