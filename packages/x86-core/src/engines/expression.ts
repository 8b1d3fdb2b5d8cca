/**
 * Values of the Wasm engines: a piece of WebAssembly code that leaves one value. Widths up to 32 are an i32, 64 an i64, 128 a v128.
 */
import type { BitWidth } from '../semantics/language.ts';
import { i32Const, i64Const, OP, type ValueType, v128Const } from '../wasm/instructions.ts';

export interface Expr {
  readonly type: ValueType;
  readonly code: readonly number[];
  /** False: bits above the width may be anything, and must be cut before they matter. */
  readonly clean: boolean;
  /** Known value. */
  readonly constant?: bigint;
  /** Reading it again costs nothing and gives the same. */
  readonly bound?: boolean;
}

export const typeOf = (width: BitWidth): ValueType => (width === 128 ? 'v128' : width === 64 ? 'i64' : 'i32');

export const expr = (type: ValueType, clean: boolean, ...parts: readonly (number | readonly number[])[]): Expr => ({
  type,
  clean,
  code: join(parts),
});

export function join(parts: readonly (number | readonly number[])[]): number[] {
  const code: number[] = [];
  for (const part of parts) {
    if (typeof part === 'number') code.push(part);
    else for (const byte of part) code.push(byte);
  }
  return code;
}

export function constantExpr(value: bigint, width: BitWidth): Expr {
  const cut = BigInt.asUintN(width, value);
  const code = width === 128 ? v128Const(cut) : width === 64 ? i64Const(cut) : i32Const(Number(BigInt.asIntN(32, cut)));
  return { type: typeOf(width), code, clean: true, constant: cut, bound: true };
}

/** Code of the value with the bits above its width cleared. */
export function cleaned(e: Expr, width: BitWidth): readonly number[] {
  if (e.clean || width >= 32) return e.code;
  return join([e.code, i32Const(width === 8 ? 0xff : 0xffff), OP.i32And]);
}

/** Code of the value of width 8, 16 or 32 sign-extended within its i32. */
export function signed32(e: Expr, width: BitWidth): readonly number[] {
  if (width === 8) return join([e.code, OP.i32Extend8S]);
  if (width === 16) return join([e.code, OP.i32Extend16S]);
  return e.code;
}

/** Code of the value as an i64, zero-extended. */
export function wide(e: Expr, width: BitWidth): readonly number[] {
  if (width === 64) return e.code;
  if (e.constant !== undefined) return i64Const(e.constant);
  return join([cleaned(e, width), OP.i64ExtendI32U]);
}

/** Code of the value as an i64, sign-extended. */
export function wideSigned(e: Expr, width: BitWidth): readonly number[] {
  if (width === 64) return e.code;
  const extend = width === 8 ? OP.i64Extend8S : width === 16 ? OP.i64Extend16S : OP.i64Extend32S;
  return join([e.code, OP.i64ExtendI32U, extend]);
}
