/** Conversions between formats, and between numbers and integers. [SDM 2A, "CVTDQ2PD" … "CVTTSS2SI"; SDM 1 §11.4.1.6, §11.4.2.2] */
import { binary, type Instruction } from '../instruction.ts';
import type { Subroutine } from '../language.ts';
import { enterMmx, requireNoPendingException } from '../mmx/state.ts';
import { requireSse } from './availability.ts';
import { mapLanes, unaryPacked, unaryScalar } from './float-unary.ts';
import {
  f32ToF64Quickly,
  f32ToI32Quickly,
  f32ToI32TruncatedQuickly,
  f32ToI64Quickly,
  f32ToI64TruncatedQuickly,
  f64ToF32Quickly,
  f64ToI32Quickly,
  f64ToI32TruncatedQuickly,
  f64ToI64Quickly,
  f64ToI64TruncatedQuickly,
  i32ToF32Quickly,
  i32ToF64Exactly,
  i64ToF32Quickly,
  i64ToF64Quickly,
} from './quick-conversion.ts';

export const CVTPS2PD: Instruction = unaryPacked('CVTPS2PD', f32ToF64Quickly, 2);
export const CVTPD2PS: Instruction = unaryPacked('CVTPD2PS', f64ToF32Quickly, 2);
export const CVTSS2SD: Instruction = unaryScalar('CVTSS2SD', f32ToF64Quickly);
export const CVTSD2SS: Instruction = unaryScalar('CVTSD2SS', f64ToF32Quickly);

export const CVTDQ2PS: Instruction = unaryPacked('CVTDQ2PS', i32ToF32Quickly, 4);
export const CVTDQ2PD: Instruction = unaryPacked('CVTDQ2PD', i32ToF64Exactly, 2);
export const CVTPS2DQ: Instruction = unaryPacked('CVTPS2DQ', f32ToI32Quickly, 4);
export const CVTTPS2DQ: Instruction = unaryPacked('CVTTPS2DQ', f32ToI32TruncatedQuickly, 4);
export const CVTPD2DQ: Instruction = unaryPacked('CVTPD2DQ', f64ToI32Quickly, 2);
export const CVTTPD2DQ: Instruction = unaryPacked('CVTTPD2DQ', f64ToI32TruncatedQuickly, 2);

// General registers: 32 bits, or 64 with REX.W

/** One of two instructions, chosen by the width of the general register or memory operand, which is the operand numbered `which`. */
const byGeneralWidth = (mnemonic: string, which: 0 | 1, for32: Subroutine, for64: Subroutine): Instruction => {
  const { body: narrow } = unaryScalar(mnemonic, for32);
  const { body: wide } = unaryScalar(mnemonic, for64);
  return binary(mnemonic, (x, dest, src) => ([dest, src][which]?.width === 64 ? wide : narrow)(x, dest, src));
};
const fromGeneral = (mnemonic: string, of32: Subroutine, of64: Subroutine): Instruction => byGeneralWidth(mnemonic, 1, of32, of64);
const toGeneral = (mnemonic: string, to32: Subroutine, to64: Subroutine): Instruction => byGeneralWidth(mnemonic, 0, to32, to64);

export const CVTSI2SS: Instruction = fromGeneral('CVTSI2SS', i32ToF32Quickly, i64ToF32Quickly);
export const CVTSI2SD: Instruction = fromGeneral('CVTSI2SD', i32ToF64Exactly, i64ToF64Quickly);
export const CVTSS2SI: Instruction = toGeneral('CVTSS2SI', f32ToI32Quickly, f32ToI64Quickly);
export const CVTTSS2SI: Instruction = toGeneral('CVTTSS2SI', f32ToI32TruncatedQuickly, f32ToI64TruncatedQuickly);
export const CVTSD2SI: Instruction = toGeneral('CVTSD2SI', f64ToI32Quickly, f64ToI64Quickly);
export const CVTTSD2SI: Instruction = toGeneral('CVTTSD2SI', f64ToI32TruncatedQuickly, f64ToI64TruncatedQuickly);

// MMX registers: two 32-bit integers

const withMmx = (mnemonic: string, subroutine: Subroutine): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    requireNoPendingException(x);
    mapLanes(x, dest, src, subroutine, 2);
    enterMmx(x);
  });

export const CVTPI2PS: Instruction = withMmx('CVTPI2PS', i32ToF32Quickly);
export const CVTPI2PD: Instruction = withMmx('CVTPI2PD', i32ToF64Exactly);
/** CVTPI2PD of two integers in memory has nothing to do with MMX. */
export const CVTPI2PD_MEMORY: Instruction = unaryPacked('CVTPI2PD', i32ToF64Exactly, 2);
export const CVTPS2PI: Instruction = withMmx('CVTPS2PI', f32ToI32Quickly);
export const CVTTPS2PI: Instruction = withMmx('CVTTPS2PI', f32ToI32TruncatedQuickly);
export const CVTPD2PI: Instruction = withMmx('CVTPD2PI', f64ToI32Quickly);
export const CVTTPD2PI: Instruction = withMmx('CVTTPD2PI', f64ToI32TruncatedQuickly);
