/**
 * Floating-point arithmetic as subroutines: one function of each in every engine. [SDM 1 ch. 4, §8, §11.5]
 *
 * Those of SSE, below, take operands as bit patterns and MXCSR (width 32) last, and give the result and the exceptions raised: bits 0–5
 * of a word of width 32, as in MXCSR (IE DE ZE OE UE PE), whether masked or not. DAZ, FTZ and rounding control are obeyed. If one of the
 * exceptions is unmasked in MXCSR the result must not be written; exceptions found before computing (IE DE ZE), when unmasked, keep those
 * found after (OE UE PE) from being raised.
 *
 *   f32Add(a: 32, b: 32, mxcsr: 32) → (result: 32, exceptions: 32)      and so on; f64…: a, b and result of width 64
 *   f32Sqrt(a, mxcsr), f64Sqrt(a, mxcsr)
 *   f32Min(a, b, mxcsr): a is DEST, b is SRC                             SRC if either is a NaN or both are zero
 *   f32Compare(a, b, signaling: 32, mxcsr) → (relation: 32, exceptions)  relation as the FLAGS image of UCOMISS: ZF 40h, PF 4, CF 1:
 *                                                                        a > b 0, a < b 1, equal 40h, unordered 45h. `signaling` 1: a
 *                                                                        quiet NaN is invalid too; 0: only a signaling one
 *   f32ToF64(a, mxcsr), f64ToF32(a, mxcsr)
 *   i32ToF32(a, mxcsr) … i64ToF64; f32ToI32(a, mxcsr) … f64ToI64 by rounding control; f32ToI32Truncated(a, mxcsr) … toward zero
 */

export { f32Compare, f32Max, f32Min, f64Compare, f64Max, f64Min, f80Compare, RELATION } from './compare.ts';
export { EXCEPTION } from './control.ts';
export {
  f32ToF64,
  f32ToI32,
  f32ToI32Truncated,
  f32ToI64,
  f32ToI64Truncated,
  f64ToF32,
  f64ToI32,
  f64ToI32Truncated,
  f64ToI64,
  f64ToI64Truncated,
  f80RoundToIntegral,
  i32ToF32,
  i32ToF64,
  i64ToF32,
  i64ToF64,
  i64ToF80,
} from './convert.ts';
export { f80Add, f80Div, f80Mul, f80Sqrt, f80Sub } from './extended-arithmetic.ts';
export {
  f80ToF32,
  f80ToF64,
  f80ToI16,
  f80ToI16Truncated,
  f80ToI32,
  f80ToI32Truncated,
  f80ToI64,
  f80ToI64Truncated,
  widenDouble,
  widenSingle,
} from './extended-conversion.ts';
export {
  f32Add,
  f32Div,
  f32Mul,
  f32Sqrt,
  f32Sub,
  f64Add,
  f64Div,
  f64Mul,
  f64Sqrt,
  f64Sub,
} from './narrow-arithmetic.ts';
