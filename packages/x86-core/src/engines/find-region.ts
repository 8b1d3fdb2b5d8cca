/** Finds the region that begins at RIP, as the interpreter's main function finds a record: through the code TLB and the page's map. */
import { STATE } from '../state.ts';
import { i32Const, i64Const, load, localGet, localTee, OP } from '../wasm/instructions.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import { CODE_TLB_ENTRIES } from './code-tlb.ts';
import { RECORD, SPECIAL } from './record.ts';

/**
 * Sets local `record` (i32) to the record before the region at a linear address; branches to `none` if there is no region.
 *
 * @param linear code that leaves the address, i64, and may stand more than once
 */
export function writeFindRegion(f: FunctionBuilder, linear: readonly number[], record: number, none: number): void {
  const low = [...linear, OP.i32WrapI64];
  f.emit(low, i32Const(12), OP.i32ShrU, i32Const(CODE_TLB_ENTRIES - 1), OP.i32And, i32Const(4), OP.i32Shl);
  f.emit(i32Const(0), load(OP.i32Load, STATE.codeTlb.address), OP.i32Add, localTee(record));
  f.emit(load(OP.i64Load), linear, i64Const(-4096n), OP.i64And, OP.i64Ne);
  f.branchIf(none);
  f.emit(localGet(record), load(OP.i32Load, 8), low, i32Const(4095), OP.i32And, i32Const(2), OP.i32Shl, OP.i32Add, load(OP.i32Load));
  // Without a record this reads the first bytes of linear memory, which are zero and no region.
  f.emit(localTee(record), load(OP.i32Load16U, RECORD.handler), i32Const(SPECIAL.enterRegion), OP.i32Ne);
  f.branchIf(none);
}
