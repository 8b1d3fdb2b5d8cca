/**
 * The arithmetic itself, on finite numbers other than zero. A number is sign (0 or 1, width 32), exponent (width 32, two's complement, with
 * the bias of double extended precision) and a significand of 64 bits whose top bit is set; an exact result has further 64 bits `low`
 * behind it, of which the last one stands for all that lies beyond it.
 */
import type { Language } from '../language.ts';
import { either, Words } from './words.ts';

/** [SDM 1, Table 4-3] */
export const EXTENDED_BIAS = 16383;

export interface Finite<V> {
  readonly sign: V;
  readonly exponent: V;
  readonly significand: V;
}

/** A result before rounding. A significand of zero stands for an exact zero. */
export interface Exact<V> extends Finite<V> {
  readonly low: V;
}

export const topBit = <V>(q: Words<V>): V => q.constant(1n << 63n);

/** a + b. */
export function addFinite<V>(x: Language<V>, a: Finite<V>, b: Finite<V>): Exact<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const sameExponent = d.eq(a.exponent, b.exponent);
  const swap = either(x, d.less(a.exponent, b.exponent), x.bind(x.and(sameExponent, q.below(a.significand, b.significand), 8)));
  const large = q.select(swap, b.significand, a.significand);
  const small = q.select(swap, a.significand, b.significand);
  const exponent = d.variable(d.select(swap, b.exponent, a.exponent));
  const distance = d.sub(exponent.read(), d.select(swap, a.exponent, b.exponent));
  const aligned = shiftRightSticky(x, small, q.constant(0), distance);

  const significand = q.variable(0);
  const low = q.variable(0);
  x.when(
    d.eq(a.sign, b.sign),
    () => {
      const sum = q.add(large, aligned.high);
      significand.write(sum);
      low.write(aligned.low);
      x.when(q.below(sum, large), () => {
        low.write(q.or(q.or(q.shr(aligned.low, 1), q.and(aligned.low, 1)), q.shl(sum, 63)));
        significand.write(q.or(q.shr(sum, 1), topBit(q)));
        exponent.write(d.add(exponent.read(), 1));
      });
    },
    () => {
      const rest = q.sub(0, aligned.low);
      const borrow = q.truth(q.ne(aligned.low, 0));
      const difference = q.sub(q.sub(large, aligned.high), borrow);
      // Only numbers that are as good as equal leave nothing above `low`.
      const empty = q.eq(difference, 0);
      const high = q.select(empty, rest, difference);
      const tail = q.select(empty, 0, rest);
      const zeros = q.and(q.clz(high), 63);
      significand.write(q.or(q.shl(high, zeros), q.shr(q.shr(tail, 1), q.xor(zeros, 63))));
      low.write(q.shl(tail, zeros));
      const moved = x.bind(x.truncate(zeros, 64, 32));
      exponent.write(d.sub(d.sub(exponent.read(), moved), d.select(empty, 64, 0)));
    },
  );
  return {
    sign: d.select(swap, b.sign, a.sign),
    exponent: exponent.read(),
    significand: significand.read(),
    low: low.read(),
  };
}

/** high:low moved down by `distance` (0 to 2^31 − 1, width 32), what falls out kept in the last bit. */
export function shiftRightSticky<V>(x: Language<V>, high: V, low: V, distance: V): { readonly high: V; readonly low: V } {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const outHigh = q.variable(high);
  const outLow = q.variable(low);
  x.when(d.ne(distance, 0), () => {
    const count = x.bind(x.zeroExtend(d.and(distance, 63), 32, 64));
    const inverse = q.xor(count, 63);
    x.when(
      d.below(distance, 64),
      () => {
        const lost = q.truth(q.ne(q.shl(q.shl(low, inverse), 1), 0));
        outHigh.write(q.shr(high, count));
        outLow.write(q.or(q.or(q.shl(q.shl(high, inverse), 1), q.shr(low, count)), lost));
      },
      () => {
        outHigh.write(q.constant(0));
        const lost = q.truth(q.ne(q.or(q.shl(q.shl(high, inverse), 1), low), 0));
        const kept = q.or(q.shr(high, count), lost);
        outLow.write(q.select(d.below(distance, 128), kept, q.truth(q.ne(q.or(high, low), 0))));
      },
    );
  });
  return { high: outHigh.read(), low: outLow.read() };
}

/** a × b. */
export function multiplyFinite<V>(x: Language<V>, a: Finite<V>, b: Finite<V>): Exact<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const high = q.mulHigh(a.significand, b.significand);
  const low = q.mul(a.significand, b.significand);
  const full = q.shr(high, 63);
  const short = q.xor(full, 1);
  return {
    sign: d.xor(a.sign, b.sign),
    exponent: d.add(d.sub(d.add(a.exponent, b.exponent), EXTENDED_BIAS), x.bind(x.truncate(full, 64, 32))),
    significand: q.or(q.shl(high, short), q.and(q.shr(low, 63), short)),
    low: q.shl(low, short),
  };
}

/** a ÷ b. */
export function divideFinite<V>(x: Language<V>, a: Finite<V>, b: Finite<V>): Exact<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  // Halving the dividend where it is not the smaller one gives a quotient of exactly 64 bits.
  const halve = q.xor(q.truth(q.below(a.significand, b.significand)), 1);
  const high = q.shr(a.significand, halve);
  const low = q.shl(q.and(a.significand, halve), 63);
  const { quotient, remainder } = divideWide(x, high, low, b.significand);
  // The next bit of the quotient, and whether anything is left after it.
  const rest = q.sub(b.significand, remainder);
  const next = q.shl(q.xor(q.truth(q.below(remainder, rest)), 1), 63);
  const beyond = q.truth(x.bind(x.and(q.ne(remainder, 0), q.ne(remainder, rest), 8)));
  const exponent = d.add(d.sub(a.exponent, b.exponent), EXTENDED_BIAS - 1);
  return {
    sign: d.xor(a.sign, b.sign),
    exponent: d.add(exponent, x.bind(x.truncate(halve, 64, 32))),
    significand: quotient,
    low: q.or(next, beyond),
  };
}

/** high:low ÷ divisor, where high < divisor and the top bit of the divisor is set. Two digits of 32 bits. [Knuth, TAOCP 2, 4.3.1 D] */
export function divideWide<V>(x: Language<V>, high: V, low: V, divisor: V): { readonly quotient: V; readonly remainder: V } {
  const q = new Words(x, 64);
  const divisorHigh = q.shr(divisor, 32);
  const divisorLow = q.and(divisor, 0xffff_ffff);
  const digit = (remainder: V, next: V): { readonly digit: V; readonly remainder: V } => {
    let estimate = q.div(remainder, divisorHigh);
    let rest = q.sub(remainder, q.mul(estimate, divisorHigh));
    for (let round = 0; round < 2; round++) {
      const tooWide = q.below(0xffff_ffff, estimate);
      const restFits = q.below(rest, 0x1_0000_0000);
      const tooLarge = q.below(q.or(q.shl(rest, 32), next), q.mul(estimate, divisorLow));
      const lower = q.truth(x.bind(x.and(restFits, either(x, tooWide, tooLarge), 8)));
      estimate = q.sub(estimate, lower);
      rest = q.add(rest, q.mul(lower, divisorHigh));
    }
    return { digit: estimate, remainder: q.sub(q.or(q.shl(remainder, 32), next), q.mul(estimate, divisor)) };
  };
  const first = digit(high, q.shr(low, 32));
  const second = digit(first.remainder, q.and(low, 0xffff_ffff));
  return { quotient: q.or(q.shl(first.digit, 32), second.digit), remainder: second.remainder };
}

/**
 * √a for a ≥ 0. The root of the upper 64 bits comes from the host's square root and is exact after a correction by one; the second 32 bits
 * come from a division. [Zimmermann, Karatsuba Square Root, INRIA RR-3805]
 */
export function squareRootFinite<V>(x: Language<V>, a: Finite<V>): Exact<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  // The square has 128 bits: the significand above zeros, halved where the exponent (its bias is odd) is even.
  const halve = x.bind(x.zeroExtend(d.and(a.exponent, 1), 32, 64));
  const high = q.shr(a.significand, halve);
  const low = q.shl(q.and(a.significand, halve), 63);

  // Root of the upper half, 32 bits, from its leading 53 bits: at most one off.
  const zeros = q.clz(high);
  const fraction = q.and(q.shr(q.shl(high, zeros), 11), q.constant((1n << 52n) - 1n));
  const double = q.or(q.shl(q.sub(1023 + 63, zeros), 52), fraction);
  const root = x.bind(x.float('sqrt', double, double, 64));
  const rootExponent = q.sub(q.and(q.shr(root, 52), 0x7ff), 1023);
  const rootBits = q.or(q.and(root, q.constant((1n << 52n) - 1n)), q.constant(1n << 52n));
  const guess = q.shr(rootBits, q.and(q.sub(52, rootExponent), 63));
  const above = either(x, q.below(high, q.mul(guess, guess)), q.eq(q.shr(guess, 32), 1));
  const notAbove = q.sub(guess, q.truth(above));
  const left = q.sub(high, q.mul(notAbove, notAbove));
  const below = q.truth(q.below(q.shl(notAbove, 1), left));
  const s1 = q.add(notAbove, below);
  const r1 = q.sub(high, q.mul(s1, s1));

  // (r1 × 2^32 + a1) ÷ 2 s1, without leaving 64 bits.
  const a1 = q.shr(low, 32);
  const a0 = q.and(low, 0xffff_ffff);
  const numerator = q.or(q.shl(r1, 31), q.shr(a1, 1));
  const digit = q.div(numerator, s1);
  const rest = q.or(q.shl(q.sub(numerator, q.mul(digit, s1)), 1), q.and(a1, 1));
  const s = q.add(q.shl(s1, 32), digit);
  // rest × 2^32 + a0 − digit², as high and low words.
  const upper = q.shr(rest, 32);
  const lower = q.or(q.shl(rest, 32), a0);
  const digitSquare = q.mul(digit, digit);
  const digitWide = q.shr(digit, 32);
  const remainderLow = q.sub(lower, digitSquare);
  const remainderHigh = q.sub(q.sub(upper, digitWide), q.truth(q.below(lower, digitSquare)));
  const negative = q.less(remainderHigh, 0);
  const significand = q.sub(s, q.truth(negative));
  const correctedLow = q.add(remainderLow, q.select(negative, q.or(q.shl(significand, 1), 1), 0));
  const carried = q.below(correctedLow, remainderLow);
  const correction = q.add(q.add(remainderHigh, q.select(negative, q.shr(significand, 63), 0)), q.truth(carried));
  const inexact = q.ne(q.or(correctedLow, correction), 0);
  // A remainder above s puts the root above the middle between s and s + 1; the middle itself is no square root.
  const aboveMiddle = either(x, q.ne(correction, 0), q.below(significand, correctedLow));
  const tail = q.or(q.truth(aboveMiddle, 63), 1);
  const unbiased = d.sub(a.exponent, EXTENDED_BIAS);
  return {
    sign: d.constant(0),
    exponent: d.add(d.sar(unbiased, 1), EXTENDED_BIAS),
    significand,
    low: q.select(inexact, tail, 0),
  };
}
