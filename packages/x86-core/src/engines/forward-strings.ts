/**
 * REP MOVS and REP STOS upwards in pieces: both engines that write WebAssembly ask here how many elements a helper may do at once.
 */
import type { BitWidth } from '../semantics/language.ts';
import { i32Const, OP } from '../wasm/instructions.ts';
import { type Expr, expr } from './expression.ts';
import { bytesOf } from './memory-instructions.ts';
import type { WasmValues } from './wasm-values.ts';

/** For fewer elements a helper is not worth its call. */
const FEWEST = 8;

/** Code that does elements, and leaves how many bytes: (bytes, −size of an element). */
export type Piece = (bytes: readonly number[], unit: readonly number[]) => readonly number[];

/**
 * How many elements of `width` were done, at most `limit` (of the address width): none unless `condition` holds and there are enough to be
 * worth it.
 */
export function forward(x: WasmValues, limit: Expr, width: BitWidth, condition: readonly number[], piece: Piece): Expr {
  const w = x.addressWidth;
  const size = bytesOf(width);
  const done = x.variable(x.constant(0, w), w);
  const l = x.bind(limit);
  const enough = x.ltUnsigned(x.constant(FEWEST - 1, w), l, w);
  x.when(expr('i32', true, condition, enough.code, OP.i32And), () => {
    const most = x.constant(4096 / size, w);
    const elements = x.truncate(x.bind(x.select(x.ltUnsigned(l, most, w), l, most, w)), w, 32);
    const bytes = [...elements.code, ...i32Const(size), OP.i32Mul];
    const result = x.bind(expr('i32', true, piece(bytes, i32Const(-size)), i32Const(Math.log2(size)), OP.i32ShrU));
    done.write(w === 64 ? x.zeroExtend(result, 32, 64) : result);
  });
  return done.read();
}

/** A value all of whose bytes are the same: that byte, and whether it is such a value. */
export function repeatedByte(x: WasmValues, value: Expr, width: BitWidth): { readonly byte: Expr; readonly same: Expr } {
  const v = x.bind(value);
  const byte = x.bind(x.and(x.truncate(v, width, 32), x.constant(0xff, 32), 32));
  const repeated = x.mul(x.zeroExtend(byte, 32, 64), x.constant(0x0101_0101_0101_0101n, 64), 64);
  return { byte, same: x.eq(v, x.truncate(repeated, 64, width), width) };
}
