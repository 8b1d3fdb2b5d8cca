/**
 * Finding code in WebAssembly, where the code TLB does not know the page of RIP, or its map had no record for it: a page walk, the map of
 * the physical page for the present mode, the record. Whatever is not as usual (a fault, code that was not decoded, that is not in RAM, or
 * whose segment ends within the page) is for `Interpreter.#find`.
 */
import { STATE } from '../state.ts';
import { call, OP } from '../wasm/instructions.ts';
import type { FunctionBuilder, Signature } from '../wasm/module.ts';
import { CODE_MAP } from './code-pages.ts';
import { CODE_TLB_ENTRIES, CODE_TLB_ENTRY, LINK } from './code-tlb.ts';
import { type Expr, expr } from './expression.ts';
import { PAGE, WALK } from './page-walk.ts';
import { Words } from './words.ts';

/** () → record of the instruction at RIP; 0 after a fault. */
export const FIND_CODE: Signature = { parameters: [], results: ['i32'] };

export function buildFindCode(f: FunctionBuilder, walkPages: number, find: number): void {
  new CodeSearch(f, find).write(walkPages);
}

class CodeSearch extends Words {
  readonly #find: number;

  constructor(f: FunctionBuilder, find: number) {
    super(f);
    this.#find = find;
  }

  write(walkPages: number): void {
    const rip = this.bind(this.quadField('rip'));
    this.#findIf(this.ltUnsigned(this.quadField('codeRange'), this.add(rip, this.quadField('codeBias'), 64), 64));
    const linear = this.bind(this.and(this.add(rip, this.quadField('linearBase', 1), 64), this.quadField('linearMask'), 64));
    const page = this.bind(expr('i32', true, linear.code, this.constant(WALK.execute).code, call(walkPages)));
    this.#findIf(this.eq(page, this.constant(0)));
    const map = this.#mapOf(page);
    this.#findIf(this.eq(map, this.constant(0)));
    const distance = this.bind(this.and(this.truncate(linear, 64, 32), this.constant(0xfff)));
    const record = this.bind(this.word(this.add(map, this.shl(distance, this.constant(2)))));
    this.#findIf(this.eq(record, this.constant(0)));

    this.#enter(linear, map, page);
    this.setField('pageMap', map);
    this.setQuad(this.constant(0), STATE.ripBase.address, this.sub(rip, this.zeroExtend(distance, 32, 64), 64));
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
