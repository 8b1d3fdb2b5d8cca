/** The state that a region keeps in locals: loaded where it is entered, stored wherever it is left. */
import type { BitWidth } from '../../semantics/language.ts';
import { STATE } from '../../state.ts';
import { i32Const, load, localGet, localSet, OP, store } from '../../wasm/instructions.ts';
import type { FunctionBuilder } from '../../wasm/module.ts';
import { typeOf } from '../expression.ts';
import { loadOf, storeOf } from '../memory-instructions.ts';
import type { LocalField, RegionLocals } from './surroundings.ts';

interface Kept {
  readonly field: LocalField;
  readonly index: number;
  readonly local: number;
  written: boolean;
}

const zero: readonly number[] = i32Const(0);

/** What has the same name in the state. */
const FLAGS = [
  ['flagKind', OP.i32Load, OP.i32Store, 'flagKind'],
  ['flagFirst', OP.i64Load, OP.i64Store, 'flagResult'],
  ['flagSecond', OP.i64Load, OP.i64Store, 'flagCarries'],
  ['flagCarry', OP.i32Load, OP.i32Store, 'flagCarry'],
] as const;

export class RegionState {
  readonly #f: FunctionBuilder;
  readonly #locals: RegionLocals;
  readonly #codeWidth: 32 | 64;
  readonly #kept = new Map<string, Kept>();

  constructor(f: FunctionBuilder, locals: RegionLocals, codeWidth: 32 | 64) {
    this.#f = f;
    this.#locals = locals;
    this.#codeWidth = codeWidth;
  }

  /** The local of an element of a field. */
  local(field: LocalField, index: number, writes: boolean): number {
    const key = `${field}${index}`;
    let found = this.#kept.get(key);
    if (found === undefined) {
      found = { field, index, local: this.#f.lasting(typeOf(this.#placeOf(field, index)[0])), written: false };
      this.#kept.set(key, found);
    }
    found.written ||= writes;
    return found.local;
  }

  /** Names of locals by index. */
  *names(): Generator<readonly [local: number, name: string]> {
    for (const { field, index, local } of this.#kept.values()) yield [local, STATE[field].count === 1 ? field : `${field}${index}`];
  }

  /** Width and address. Outside 64-bit mode the high halves of general registers are not there. */
  #placeOf(field: LocalField, index: number): [BitWidth, number] {
    const { address, size } = STATE[field];
    return [field === 'gpr' ? this.#codeWidth : ((8 * size) as BitWidth), address + size * index];
  }

  /** Code that loads all that was asked for so far: to be made when the region is written. */
  loading(): number[] {
    const code: number[] = [];
    const emit = (...parts: readonly (readonly number[])[]): void => {
      for (const part of parts) code.push(...part);
    };
    emit(zero, load(OP.i32Load, STATE.tlb.address), localSet(this.#locals.tlb));
    for (const [local, opcode, , field] of FLAGS) emit(zero, load(opcode, STATE[field].address), localSet(this.#locals[local]));
    for (const { field, index, local } of this.#kept.values()) emit(zero, loadOf(...this.#placeOf(field, index)), localSet(local));
    return code;
  }

  /** Stores what code written so far has written: to be called when no more is. */
  store(): void {
    const f = this.#f;
    for (const { field, index, local, written } of this.#kept.values())
      if (written) f.emit(zero, localGet(local), storeOf(...this.#placeOf(field, index)));
    for (const [local, , opcode, field] of FLAGS) f.emit(zero, localGet(this.#locals[local]), store(opcode, STATE[field].address));
    f.emit(zero, localGet(this.#locals.remaining), store(OP.i32Store, STATE.remaining.address));
    f.emit(zero, localGet(this.#locals.target), store(OP.i64Store, STATE.rip.address));
  }
}
