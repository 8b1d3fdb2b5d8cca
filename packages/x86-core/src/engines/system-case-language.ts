/**
 * The Wasm engines' meaning of SystemLanguage: a common case is a function (parameters) → 1, or 0 when it gives up. Memory is found in the
 * TLB; what is not there is for the routine.
 */

import { TLB_INDEX_MASK, TLB_SUPERVISOR_BASE, TLB_USER_BASE } from '../memory/tlb.ts';
import type { BitWidth, Operand } from '../semantics/language.ts';
import { type FieldName, STATE } from '../state.ts';
import type { Stretch, SystemLanguage } from '../system/common-case/language.ts';
import { CODE_TLB_SUPERVISOR_BASE, CODE_TLB_USER_BASE } from '../system-processor.ts';
import { call, i32Const, i64Const, load, localGet, localSet, localTee, OP, store, TRUNCATE_F64 } from '../wasm/instructions.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import type { Statics } from './effects.ts';
import { cleaned, type Expr, expr, typeOf } from './expression.ts';
import { WALK } from './page-walk.ts';
import { RECORD_SHIFT } from './record.ts';
import { WasmFlags } from './wasm-flags.ts';

const STATICS: Statics = { width: 64, addressWidth: 64, stackWidth: 64, codeWidth: 64, repeatPrefix: 'none' };
const ADDRESS_ZERO: readonly number[] = i32Const(0);
const LOAD: Readonly<Record<8 | 16 | 32 | 64, number>> = { 8: OP.i32Load8U, 16: OP.i32Load16U, 32: OP.i32Load, 64: OP.i64Load };
const STORE: Readonly<Record<8 | 16 | 32 | 64, number>> = { 8: OP.i32Store8, 16: OP.i32Store16, 32: OP.i32Store, 64: OP.i64Store };
/** No RIP lies within a page of this: what follows is looked up. */
export const NO_PAGE: bigint = 1n << 63n;

const read = (name: FieldName): number[] => [...ADDRESS_ZERO, ...load(OP.i32Load, STATE[name].address)];
const read64 = (name: FieldName): number[] => [...ADDRESS_ZERO, ...load(OP.i64Load, STATE[name].address)];

export class SystemCaseLanguage extends WasmFlags implements SystemLanguage<Expr> {
  readonly #helper: (name: string) => number;

  /** @param helper function index by name */
  constructor(builder: FunctionBuilder, helper: (name: string) => number) {
    super(builder, STATICS);
    this.#helper = helper;
  }

  giveUpIf(condition: Expr): void {
    this.f.emit(condition.code);
    this.f.open(OP.if);
    this.f.emit(i32Const(0), OP.return);
    this.f.close();
  }

  state(name: FieldName, index = 0): Operand<Expr> {
    const { address, size } = STATE[name];
    return this.#place(ADDRESS_ZERO, address + size * index, size === 8 ? 64 : 32);
  }

  register(number: number): Operand<Expr> {
    return this.#place(ADDRESS_ZERO, STATE.gpr.address + 8 * number, 64);
  }

  #place(base: readonly number[], offset: number, width: 8 | 16 | 32 | 64): Operand<Expr> {
    return {
      width,
      isMemory: false,
      read: () => this.bind(expr(typeOf(width), true, base, load(LOAD[width], offset))),
      write: (value) => this.f.emit(base, value.code, store(STORE[width], offset)),
    };
  }

  memory(linear: Expr, bytes: number, access: 'read' | 'write', rights: 'current' | 'supervisor'): Stretch<Expr> {
    const mask = [...ADDRESS_ZERO, ...load(OP.i64Load, STATE.linearMask.address)];
    const start = this.bind(expr('i64', true, linear.code, mask, OP.i64And));
    const entry = this.f.local('i32');
    const table = rights === 'supervisor' ? i32Const(TLB_SUPERVISOR_BASE) : [...ADDRESS_ZERO, ...load(OP.i32Load, STATE.tlb.address)];
    const place = [...start.code, OP.i32WrapI64, ...i32Const(7), OP.i32ShrU, ...i32Const(TLB_INDEX_MASK), OP.i32And];
    const last = [...start.code, ...i64Const(BigInt(bytes - 1)), OP.i64Add, ...i64Const(-4096n), OP.i64And];
    this.f.emit(table, place, OP.i32Add, localTee(entry), load(OP.i64Load, access === 'write' ? 8 : 0), last, OP.i64Ne);
    this.f.open(OP.if);
    const inPage = [...start.code, OP.i32WrapI64, ...i32Const(4095), OP.i32And];
    this.giveUpIf(expr('i32', true, i32Const(4096 - bytes), inPage, OP.i32LtU));
    // Giving up later must have had no effect, in the page tables neither.
    const wants = WALK.unseen | (access === 'write' ? WALK.write : 0) | (rights === 'supervisor' ? WALK.supervisor : 0);
    this.giveUpIf(expr('i32', true, start.code, i32Const(wants), call(this.#helper('fillTlb')), OP.i32Eqz));
    this.f.close();
    const host = this.f.local('i32');
    this.f.emit(start.code, OP.i32WrapI64, localGet(entry), load(OP.i32Load, 16), OP.i32Add, localSet(host));
    return (displacement, width) => this.#place(localGet(host), displacement, width);
  }

  enterPrivilege(cpl: Expr): void {
    const level = this.bind(cpl);
    const choose = (user: number, supervisor: number): number[] => [
      ...i32Const(user),
      ...i32Const(supervisor),
      ...level.code,
      ...i32Const(3),
      OP.i32Eq,
      OP.select,
    ];
    this.state('cpl').write(level);
    this.state('tlb').write(expr('i32', true, choose(TLB_USER_BASE, TLB_SUPERVISOR_BASE)));
    this.state('codeTlb').write(expr('i32', true, choose(CODE_TLB_USER_BASE, CODE_TLB_SUPERVISOR_BASE)));
    this.state('ripBase').write(this.constant(NO_PAGE, 64));
  }

  holdInterrupts(): void {
    // The run up to this instruction and the instruction itself are still to be counted.
    const run = [...read('record'), ...read('runStart'), OP.i32Sub, ...i32Const(RECORD_SHIFT), OP.i32ShrU, ...i32Const(1), OP.i32Add];
    this.state('interruptShadow').write(this.constant(1, 32));
    this.state('shadowUntil').write(expr('i32', true, read('remaining'), run, OP.i32Sub));
  }

  flushNonGlobal(): void {
    this.f.emit(call(this.#helper('flushTlb')), call(this.#helper('flushCodeTlb')));
    this.state('ripBase').write(this.constant(NO_PAGE, 64));
  }

  timestamp(): Expr {
    const product = this.f.local('f64');
    const pending = [...read('record'), ...read('runStart'), OP.i32Sub, ...i32Const(RECORD_SHIFT), OP.i32ShrU];
    const done = [...pending, ...read('remaining'), OP.i32Sub, OP.f64ConvertI32S];
    const double = (name: FieldName): number[] => [...ADDRESS_ZERO, ...load(OP.f64Load, STATE[name].address)];
    this.f.emit(double('timestampFrom'), done, OP.f64Add, double('timestampRate'), OP.f64Mul, localTee(product));
    // Doubles are exact so far.
    this.giveUpIf(expr('i32', true, i64Const(0x4340_0000_0000_0000n), OP.f64ReinterpretI64, OP.f64Lt, OP.i32Eqz));
    this.giveUpIf(expr('i32', true, read64('timestampRate'), OP.i64Eqz));
    const ticks = [...localGet(product), ...TRUNCATE_F64];
    return this.bind(expr('i64', true, ticks, read64('timestampStart'), OP.i64Add, read64('tscOffset'), OP.i64Add));
  }

  /** A parameter of the function. */
  parameter(index: number, width: BitWidth): Expr {
    return { type: typeOf(width), code: localGet(index), clean: true, bound: true };
  }

  /** Ends the function: handled, with this result of width 64. */
  finish(result: Expr | undefined): void {
    if (result !== undefined) this.f.emit(ADDRESS_ZERO, cleaned(result, 64), store(OP.i64Store, STATE.systemResult.address));
    this.f.emit(i32Const(1));
  }
}
