/**
 * What functions of the main module that are no instruction's are written with: words about linear memory and the way out, beside those of
 * Language that compute. Widths are 32 bits unless said.
 */
import { type FieldName, STATE } from '../state.ts';
import { load, localGet, OP, store } from '../wasm/instructions.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import type { Statics } from './effects.ts';
import { type Expr, expr } from './expression.ts';
import { WasmValues } from './wasm-values.ts';

const STATICS: Statics = { width: 32, addressWidth: 32, stackWidth: 32, codeWidth: 32, repeatPrefix: 'none' };

export class Words extends WasmValues {
  constructor(f: FunctionBuilder) {
    super(f, STATICS);
  }

  /** A parameter of the function. */
  parameter(index: number, type: 'i32' | 'i64'): Expr {
    return { type, code: localGet(index), clean: true, bound: true };
  }

  /** Of the value, these bits. */
  is(value: Expr, bits: number): Expr {
    return this.and(value, this.constant(bits));
  }

  isNot(value: Expr, bits: number): Expr {
    return this.eq(this.is(value, bits), this.constant(0));
  }

  field(name: FieldName, element = 0): Expr {
    return this.word(this.constant(0), STATE[name].address + STATE[name].size * element);
  }

  setField(name: FieldName, value: Expr): void {
    this.setWord(this.constant(0), STATE[name].address, value);
  }

  quadField(name: FieldName, element = 0): Expr {
    return expr('i64', true, this.constant(0).code, load(OP.i64Load, STATE[name].address + STATE[name].size * element));
  }

  word(address: Expr, offset = 0): Expr {
    return expr('i32', true, address.code, load(OP.i32Load, offset));
  }

  setWord(address: Expr, offset: number, value: Expr): void {
    this.f.emit(address.code, value.code, store(OP.i32Store, offset));
  }

  setQuad(address: Expr, offset: number, value: Expr): void {
    this.f.emit(address.code, value.code, store(OP.i64Store, offset));
  }

  leave(value?: Expr): void {
    this.f.emit(value === undefined ? [] : value.code, OP.return);
  }

  /** Leaves with 0 if the condition holds. */
  giveUpIf(condition: Expr): void {
    this.when(condition, () => this.leave(this.constant(0)));
  }
}
