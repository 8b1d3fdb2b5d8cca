/**
 * Heat: how many instructions the interpreter has executed on its ways to a record, by the jumps that it made there. So long stretches of
 * straight code get hot sooner than loops of a few instructions, which cost less. Counters are 16 bits wide in linear memory and shared by
 * records whose addresses are alike modulo the size of the table, which at worst calls a record hot too early.
 */

import { STATE } from '../state.ts';
import { i32Const, load, localGet, localSet, localTee, OP, store } from '../wasm/instructions.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import { RECORD_SHIFT } from './record.ts';

const HEAT_BASE = 0x4_0000;
const HEAT_COUNTERS = 0x8000;

/** Instructions on the way to a record after which it is hot, unless one is told otherwise. */
export const HOT = 40_000;
/** Beyond what a counter can hold. */
export const NEVER_HOT = 0x7fff_ffff;
/** What going from region to region counts. */
const PER_REGION = 5;

/** Address of the counter of a record. */
export const heatOf = (record: number): number => HEAT_BASE + (((record >>> RECORD_SHIFT) & (HEAT_COUNTERS - 1)) << 1);

/** Locals, i32: the address of a record, and two more. */
export interface HeatLocals {
  readonly record: number;
  readonly counter: number;
  readonly old: number;
}

/** Adds `more` to the counter of a record; leaves whether it has become hot by that. */
export function writeHeating(f: FunctionBuilder, { record, counter, old }: HeatLocals, more: readonly number[]): void {
  const hot = [...i32Const(0), ...load(OP.i32Load, STATE.hotAfter.address)];
  f.emit(localGet(record), i32Const(RECORD_SHIFT - 1), OP.i32ShrU, i32Const(2 * HEAT_COUNTERS - 2), OP.i32And, localTee(counter));
  f.emit(load(OP.i32Load16U, HEAT_BASE), localSet(old));
  f.emit(localGet(counter), localGet(old), more, OP.i32Add, store(OP.i32Store16, HEAT_BASE));
  f.emit(localGet(old), hot, OP.i32LtU, localGet(old), more, OP.i32Add, hot, OP.i32GeU, OP.i32And);
}

/**
 * Execution goes on from region to region. A record that becomes hot by that is one instruction short of it again: branches to `interpreter`,
 * which shall see it go there once more, and find it hot.
 */
export function writeRegionHeating(f: FunctionBuilder, locals: HeatLocals, interpreter: number): void {
  writeHeating(f, locals, i32Const(PER_REGION));
  f.openUnlikely();
  f.emit(localGet(locals.counter), i32Const(0), load(OP.i32Load, STATE.hotAfter.address), i32Const(1), OP.i32Sub);
  f.emit(store(OP.i32Store16, HEAT_BASE));
  f.branch(interpreter);
  f.close();
}
