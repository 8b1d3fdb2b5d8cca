/**
 * Finding code in WebAssembly, where the code TLB does not know the page of RIP, or its map had no record for it: a page walk, the map of
 * the physical page for the present mode, the record. Likewise the record of an instruction that lies in two pages. Whatever is not as usual
 * (a fault, code that was not decoded, that is not in RAM, or whose segment ends within the page) is for `Interpreter.#find` and `#cross`.
 */
import { SEGMENT_NUMBER, STATE } from '../state.ts';
import { call, load, OP } from '../wasm/instructions.ts';
import type { FunctionBuilder, Signature } from '../wasm/module.ts';
import { CODE_MAP, NO_CODE_KEY } from './code-pages.ts';
import { CODE_TLB_ENTRIES, CODE_TLB_ENTRY, LINK } from './code-tlb.ts';
import { type Expr, expr } from './expression.ts';
import { PAGE, WALK } from './page-walk.ts';
import { RECORD, SPECIAL } from './record.ts';
import { Words } from './words.ts';

/** () → record of the instruction at RIP; 0 after a fault. */
export const FIND_CODE: Signature = { parameters: [], results: ['i32'] };

export function buildFindCode(f: FunctionBuilder, walkPages: number, find: number): void {
  new CodeSearch(f, walkPages, find).write();
}

/** (record `crossing` of the instruction at RIP) → record of the instruction; 0 after a fault. */
export const FIND_CROSSING: Signature = { parameters: ['i32'], results: ['i32'] };

export function buildFindCrossing(f: FunctionBuilder, walkPages: number, cross: number): void {
  new CodeSearch(f, walkPages, cross).writeCrossing();
}

class CodeSearch extends Words {
  readonly #walkPages: number;
  readonly #find: number;
  readonly #rip: Expr;
  readonly #linear: Expr;
  /** Distance of RIP from the start of its page. */
  readonly #distance: Expr;

  /** @param find what TypeScript does instead: () → record */
  constructor(f: FunctionBuilder, walkPages: number, find: number) {
    super(f);
    this.#walkPages = walkPages;
    this.#find = find;
    this.#rip = this.bind(this.quadField('rip'));
    this.#linear = this.#linearOf(this.#rip);
    this.#distance = this.bind(this.and(this.truncate(this.#linear, 64, 32), this.constant(0xfff)));
  }

  write(): void {
    const page = this.#walk(this.#rip, this.#linear);
    const map = this.#mapOf(page);
    this.#findIf(this.eq(map, this.constant(0)));
    const record = this.bind(this.word(this.add(map, this.shl(this.#distance, this.constant(2)))));
    this.#findIf(this.eq(record, this.constant(0)));
    this.#enter(this.#linear, map, page);
    this.#goOn(map, record);
  }

  writeCrossing(): void {
    const place = this.parameter(0, 'i32');
    const record = this.bind(this.word(place, RECORD.crossingRecord));
    this.#findIf(this.eq(record, this.constant(0)));
    // A write to either page makes it void.
    const handler = expr('i32', true, record.code, load(OP.i32Load16U, RECORD.handler));
    this.#findIf(this.eq(handler, this.constant(SPECIAL.lookAgain)));
    this.#findIf(this.eq(this.field('codeKey'), this.constant(NO_CODE_KEY)));
    const first = this.and(this.#walk(this.#rip, this.#linear), this.constant(-4096));
    this.#findIf(this.ne(first, this.word(place, RECORD.crossingFirst)));
    const rest = this.sub(this.constant(4096), this.#distance);
    const next = this.bind(this.add(this.#rip, this.zeroExtend(rest, 32, 64), 64));
    const second = this.and(this.#walk(next, this.#linearOf(next)), this.constant(-4096));
    this.#findIf(this.ne(second, this.word(place, RECORD.crossingSecond)));
    this.#goOn(this.word(place, RECORD.crossingMap), record);
  }

  #linearOf(rip: Expr): Expr {
    return this.bind(this.and(this.add(rip, this.quadField('linearBase', SEGMENT_NUMBER.CS), 64), this.quadField('linearMask'), 64));
  }

  /** What `walkPages` tells of a page of code, if execution may go there. */
  #walk(rip: Expr, linear: Expr): Expr {
    this.#findIf(this.ltUnsigned(this.quadField('codeRange'), this.add(rip, this.quadField('codeBias'), 64), 64));
    const page = this.bind(expr('i32', true, linear.code, this.constant(WALK.execute).code, call(this.#walkPages)));
    this.#findIf(this.eq(page, this.constant(0)));
    return page;
  }

  /** The page of RIP is the current one; gives the record. */
  #goOn(map: Expr, record: Expr): void {
    this.setField('pageMap', map);
    this.setQuad(this.constant(0), STATE.ripBase.address, this.sub(this.#rip, this.zeroExtend(this.#distance, 32, 64), 64));
    this.setField('record', this.constant(0));
    this.setField('runStart', this.constant(0));
    this.f.emit(record.code);
  }

  #findIf(condition: Expr): void {
    this.when(condition, () => this.f.emit(call(this.#find), OP.return));
  }

  /** Address of the map for the present mode, 0 if there is none. */
  #mapOf(page: Expr): Expr {
    const first = this.add(this.field('codeDirectory'), this.shl(this.shr(page, this.constant(12)), this.constant(2)));
    const map = this.variable(this.word(first));
    const wanted = this.bind(this.field('codeKey'));
    const header = (offset: number): Expr => this.word(this.sub(map.read(), this.constant(CODE_MAP.header)), offset);
    const searching = (): Expr => {
      const other = this.variable(this.constant(0));
      this.when(map.read(), () => other.write(this.ne(header(CODE_MAP.mode), wanted)));
      return other.read();
    };
    this.loop(searching, () => map.write(header(CODE_MAP.next)));
    return map.read();
  }

  /** As `CodeTlb.enter`. `page`: what `walkPages` tells. */
  #enter(linear: Expr, map: Expr, page: Expr): void {
    const number = this.truncate(this.shr(linear, this.constant(12, 64), 64), 64, 32);
    const entry = this.bind(
      this.add(this.field('codeTlb'), this.shl(this.and(number, this.constant(CODE_TLB_ENTRIES - 1)), this.constant(4))),
    );
    this.setQuad(entry, 0, this.and(linear, this.constant(-4096n, 64), 64));
    this.setWord(entry, CODE_TLB_ENTRY.map, map);
    const size = this.and(this.shr(page, this.constant(PAGE.size)), this.constant(3));
    const kind = this.bind(this.shl(size, this.constant(LINK.kind)));
    const global = this.bind(this.is(page, PAGE.global));
    const link = this.bind(this.word(entry, CODE_TLB_ENTRY.next));
    this.when(
      this.isNot(link, LINK.listed),
      () => {
        const list = this.select(global, this.constant(STATE.codeTlbFilledGlobal.address), this.constant(STATE.codeTlbFilled.address));
        const head = this.bind(list);
        const flags = this.or(this.or(this.mul(global, this.constant(LINK.global)), this.constant(LINK.listed)), kind);
        this.setWord(entry, CODE_TLB_ENTRY.next, this.or(this.word(head), flags));
        this.setWord(head, 0, entry);
      },
      () => {
        const kept = this.and(link, this.constant(LINK.address | LINK.listed | LINK.global));
        this.setWord(entry, CODE_TLB_ENTRY.next, this.or(kept, kind));
        const mixes = this.and(this.eq(global, this.constant(0)), this.ne(this.is(link, LINK.global), this.constant(0)));
        this.when(mixes, () => this.setField('codeTlbMixed', this.constant(1)));
      },
    );
  }
}
