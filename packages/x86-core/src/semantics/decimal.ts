/**
 * Decimal arithmetic instructions: packed (DAA, DAS) and unpacked (AAA, AAS, AAM, AAD) binary-coded decimal, outside 64-bit mode.
 * [SDM 1 §5.1.3] SALC, which no manual of Intel's tables names, is with them.
 */
import { type Instruction, nullary, unary } from './instruction.ts';
import type { Language } from './language.ts';
import { isZero } from './phrases.ts';

const DIVIDE_ERROR = 0;

/** Whether the low digit of AL is to be adjusted: it is above 9, or AF says that it overflowed. */
function lowDigitOverflows<V>(x: Language<V>, al: V): V {
  return x.bind(x.or(x.ltUnsigned(x.constant(9, 8), x.and(al, x.constant(0xf, 8), 8), 8), x.flag('AF'), 8));
}

/** Whether the high digit of AL is to be adjusted: AL is above 99h, or CF says that it overflowed. */
function highDigitOverflows<V>(x: Language<V>, al: V): V {
  return x.bind(x.or(x.ltUnsigned(x.constant(0x99, 8), al, 8), x.flag('CF'), 8));
}

/** 6 and 60h where the digits are to be adjusted. */
function adjustment<V>(x: Language<V>, low: V, high: V): V {
  const zero = x.constant(0, 8);
  return x.add(x.select(low, x.constant(6, 8), zero, 8), x.select(high, x.constant(0x60, 8), zero, 8), 8);
}

/** DAA: AL ← AL adjusted after an addition. OF is undefined: cleared. [SDM 2A, "DAA—Decimal Adjust AL After Addition"] */
export const DAA: Instruction = nullary('DAA', (x) => {
  const al = x.bind(x.gpr(0, 8).read());
  const low = lowDigitOverflows(x, al);
  const high = highDigitOverflows(x, al);
  const result = x.bind(x.add(al, adjustment(x, low, high), 8));
  x.gpr(0, 8).write(result);
  x.resultFlags(result, high, x.constant(0, 8), 8);
  x.setFlags({ AF: low });
});

/** DAS: AL ← AL adjusted after a subtraction. A borrow out of AL sets CF too. [SDM 2A, "DAS—Decimal Adjust AL After Subtraction"] */
export const DAS: Instruction = nullary('DAS', (x) => {
  const al = x.bind(x.gpr(0, 8).read());
  const low = lowDigitOverflows(x, al);
  const high = highDigitOverflows(x, al);
  const result = x.bind(x.sub(al, adjustment(x, low, high), 8));
  const borrow = x.bind(x.or(high, x.and(low, x.ltUnsigned(al, x.constant(6, 8), 8), 8), 8));
  x.gpr(0, 8).write(result);
  x.resultFlags(result, borrow, x.constant(0, 8), 8);
  x.setFlags({ AF: low });
});

/** AAA and AAS: the low digit stays in AL, AX changes by 106h where it overflows; AF and CF say so. */
const adjustUnpacked = (mnemonic: string, adjust: <V>(x: Language<V>, ax: V) => V): Instruction =>
  nullary(mnemonic, (x) => {
    const register = x.gpr(0, 16);
    const ax = x.bind(register.read());
    const overflows = lowDigitOverflows(x, x.bind(x.truncate(ax, 16, 8)));
    register.write(x.and(x.select(overflows, adjust(x, ax), ax, 16), x.constant(0xff0f, 16), 16));
    x.setFlags({ AF: overflows, CF: overflows });
  });

/** AAA. [SDM 2A, "AAA—ASCII Adjust After Addition"] */
export const AAA: Instruction = adjustUnpacked('AAA', (x, ax) => x.add(ax, x.constant(0x106, 16), 16));
/** AAS. [SDM 2A, "AAS—ASCII Adjust AL After Subtraction"] */
export const AAS: Instruction = adjustUnpacked('AAS', (x, ax) => x.sub(ax, x.constant(0x106, 16), 16));

/** AX ← `value`, whose low byte gives SF, ZF and PF. */
function writeDigits<V>(x: Language<V>, value: V): void {
  x.gpr(0, 16).write(value);
  const clear = x.constant(0, 8);
  x.resultFlags(x.bind(x.truncate(value, 16, 8)), clear, clear, 8);
}

/** AAM: AH ← AL / base; AL ← AL mod base. #DE for base zero. [SDM 2A, "AAM—ASCII Adjust AX After Multiply"] */
export const AAM: Instruction = unary('AAM', (x, base) => {
  const divisor = x.bind(base.read());
  x.faultIf(isZero(x, divisor, 8), DIVIDE_ERROR);
  const al = x.bind(x.zeroExtend(x.gpr(0, 8).read(), 8, 32));
  const wide = x.bind(x.zeroExtend(divisor, 8, 32));
  const quotient = x.bind(x.divUnsigned(al, wide, 32));
  const remainder = x.sub(al, x.mul(quotient, wide, 32), 32);
  writeDigits(x, x.bind(x.truncate(x.or(x.shl(quotient, x.constant(8, 32), 32), remainder, 32), 32, 16)));
});

/** AAD: AL ← AL + AH ∗ base; AH ← 0. [SDM 2A, "AAD—ASCII Adjust AX Before Division"] */
export const AAD: Instruction = unary('AAD', (x, base) => {
  const ax = x.bind(x.gpr(0, 16).read());
  const high = x.shr(ax, x.constant(8, 16), 16);
  const sum = x.add(ax, x.mul(high, x.zeroExtend(base.read(), 8, 16), 16), 16);
  writeDigits(x, x.bind(x.and(sum, x.constant(0xff, 16), 16)));
});

/** SALC: AL ← CF in every bit. [AMD64 APM 3, opcode map: undocumented; all processors have it] */
export const SALC: Instruction = nullary('SALC', (x) => {
  x.gpr(0, 8).write(x.sub(x.constant(0, 8), x.flag('CF'), 8));
});
