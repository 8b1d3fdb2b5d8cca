/** WebAssembly's loads and stores by the width of a value. */
import type { BitWidth } from '../semantics/language.ts';
import { load, OP, SIMD, simd, store } from '../wasm/instructions.ts';
import { unsigned } from '../wasm/leb128.ts';

export const bytesOf = (width: BitWidth): number => width / 8;

/** Zero-extends 8 and 16 bits. */
export function loadOf(width: BitWidth, offset: number): number[] {
  switch (width) {
    case 8:
      return load(OP.i32Load8U, offset);
    case 16:
      return load(OP.i32Load16U, offset);
    case 32:
      return load(OP.i32Load, offset);
    case 64:
      return load(OP.i64Load, offset);
    case 128:
      return [...simd(SIMD.load), 0, ...unsigned(offset)];
  }
}

/** Cuts to 8 and 16 bits. */
export function storeOf(width: BitWidth, offset: number): number[] {
  switch (width) {
    case 8:
      return store(OP.i32Store8, offset);
    case 16:
      return store(OP.i32Store16, offset);
    case 32:
      return store(OP.i32Store, offset);
    case 64:
      return store(OP.i64Store, offset);
    case 128:
      return [...simd(SIMD.store), 0, ...unsigned(offset)];
  }
}
