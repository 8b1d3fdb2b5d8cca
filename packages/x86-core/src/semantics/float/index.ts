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
import type { BitWidth, Language, Subroutine } from '../language.ts';

function declared(name: string, parameters: readonly BitWidth[], results: readonly BitWidth[]): Subroutine {
  return {
    name,
    parameters,
    results,
    body: <V>(x: Language<V>): readonly V[] => results.map((width) => x.constant(0, width)),
  };
}

const two = (name: string, width: 32 | 64): Subroutine => declared(name, [width, width, 32], [width, 32]);
const one = (name: string, from: 32 | 64, to: 32 | 64): Subroutine => declared(name, [from, 32], [to, 32]);

export const f32Add: Subroutine = two('f32Add', 32);
export const f32Sub: Subroutine = two('f32Sub', 32);
export const f32Mul: Subroutine = two('f32Mul', 32);
export const f32Div: Subroutine = two('f32Div', 32);
export const f32Min: Subroutine = two('f32Min', 32);
export const f32Max: Subroutine = two('f32Max', 32);
export const f32Sqrt: Subroutine = one('f32Sqrt', 32, 32);
export const f32Compare: Subroutine = declared('f32Compare', [32, 32, 32, 32], [32, 32]);
export const f64Add: Subroutine = two('f64Add', 64);
export const f64Sub: Subroutine = two('f64Sub', 64);
export const f64Mul: Subroutine = two('f64Mul', 64);
export const f64Div: Subroutine = two('f64Div', 64);
export const f64Min: Subroutine = two('f64Min', 64);
export const f64Max: Subroutine = two('f64Max', 64);
export const f64Sqrt: Subroutine = one('f64Sqrt', 64, 64);
export const f64Compare: Subroutine = declared('f64Compare', [64, 64, 32, 32], [32, 32]);

export const f32ToF64: Subroutine = one('f32ToF64', 32, 64);
export const f64ToF32: Subroutine = one('f64ToF32', 64, 32);
export const i32ToF32: Subroutine = one('i32ToF32', 32, 32);
export const i32ToF64: Subroutine = one('i32ToF64', 32, 64);
export const i64ToF32: Subroutine = one('i64ToF32', 64, 32);
export const i64ToF64: Subroutine = one('i64ToF64', 64, 64);
export const f32ToI32: Subroutine = one('f32ToI32', 32, 32);
export const f32ToI64: Subroutine = one('f32ToI64', 32, 64);
export const f64ToI32: Subroutine = one('f64ToI32', 64, 32);
export const f64ToI64: Subroutine = one('f64ToI64', 64, 64);
export const f32ToI32Truncated: Subroutine = one('f32ToI32Truncated', 32, 32);
export const f32ToI64Truncated: Subroutine = one('f32ToI64Truncated', 32, 64);
export const f64ToI32Truncated: Subroutine = one('f64ToI32Truncated', 64, 32);
export const f64ToI64Truncated: Subroutine = one('f64ToI64Truncated', 64, 64);
