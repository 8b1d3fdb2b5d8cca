/**
 * Accesses to memory that lie in two pages, in WebAssembly: both pages must be in the TLB or get there. The value travels in slowValue (and
 * slowHigh behind it), as it does to and from TypeScript, which does what these functions do not.
 *
 *   loadAcross(linear, access, bytes) → 1: done; 0: not two pages, or not both in RAM and allowed
 *   storeAcross(linear, access, bytes) → likewise
 *
 * `access` is WALK.write where the bytes are or will be written. As in TypeScript both pages are checked before the first byte moves, and
 * the first page's flags may be set when the second faults. Both ends are canonical.
 */

import { TLB_ENTRIES, TLB_ENTRY, TLB_ENTRY_SIZE } from '../memory/tlb.ts';
import { STATE } from '../state.ts';
import { call, load, MEMORY_COPY, OP } from '../wasm/instructions.ts';
import type { FunctionBuilder, ModuleBuilder, Signature } from '../wasm/module.ts';
import { type Expr, expr } from './expression.ts';
import { Words } from './words.ts';

const ACROSS: Signature = { parameters: ['i64', 'i32', 'i32'], results: ['i32'] };

/** Adds the functions to a module; `index` learns where they are. */
export function buildPageCrossing(module: ModuleBuilder, index: Map<string, number>): void {
  const fillTlb = index.get('fillTlb') as number;
  for (const [name, stores] of [
    ['loadAcross', false],
    ['storeAcross', true],
  ] as const) {
    const made = module.function(ACROSS);
    new Crossing(made.builder, fillTlb).write(stores);
    index.set(name, made.index);
  }
}

class Crossing extends Words {
  readonly #fillTlb: number;
  readonly #access: Expr = this.parameter(1, 'i32');

  constructor(f: FunctionBuilder, fillTlb: number) {
    super(f);
    this.#fillTlb = fillTlb;
  }

  write(stores: boolean): void {
    const linear = this.parameter(0, 'i64');
    const bytes = this.parameter(2, 'i32');
    const distance = this.and(this.truncate(linear, 64, 32), this.constant(0xfff));
    const first = this.bind(this.sub(this.constant(4096), distance));
    this.giveUpIf(this.eq(this.ltUnsigned(first, bytes), this.constant(0)));
    const end = this.add(linear, this.zeroExtend(first, 32, 64), 64);
    const next = this.bind(this.and(end, this.quadField('linearMask'), 64));
    const host = this.#hostOf(linear);
    const nextHost = this.#hostOf(next);
    const value = this.constant(STATE.slowValue.address);
    const rest = this.bind(this.sub(bytes, first));
    if (stores) {
      this.#copy(host, value, first);
      this.#copy(nextHost, this.add(value, first), rest);
    } else {
      this.setQuad(value, 0, this.constant(0, 64));
      this.#copy(value, host, first);
      this.#copy(this.add(value, first), nextHost, rest);
    }
    this.f.emit(this.constant(1).code);
  }

  /** Address in linear memory of the byte at a linear address; gives up if the TLB cannot have its page for the access. */
  #hostOf(linear: Expr): Expr {
    const low = this.bind(this.truncate(linear, 64, 32));
    const number = this.and(this.shr(low, this.constant(12)), this.constant(TLB_ENTRIES - 1));
    const entry = this.bind(this.add(this.field('tlb'), this.mul(number, this.constant(TLB_ENTRY_SIZE))));
    const tagAt = this.add(entry, this.mul(this.#access, this.constant(TLB_ENTRY.writeTag)));
    const tag = expr('i64', true, tagAt.code, load(OP.i64Load, TLB_ENTRY.readTag));
    this.when(this.ne(tag, this.and(linear, this.constant(-4096n, 64), 64), 64), () =>
      this.giveUpIf(expr('i32', true, linear.code, this.#access.code, call(this.#fillTlb), OP.i32Eqz)),
    );
    return this.bind(this.add(low, this.word(entry, TLB_ENTRY.addend)));
  }

  #copy(to: Expr, from: Expr, bytes: Expr): void {
    this.f.emit(to.code, from.code, bytes.code, MEMORY_COPY);
  }
}
