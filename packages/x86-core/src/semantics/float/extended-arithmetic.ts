/**
 * Add, subtract, multiply, divide and square root in double extended precision, as x87 code mostly has them: normal numbers, rounded to
 * nearest at 64 bits, far from overflow and underflow. [SDM 1 §4.8.4, §8.1.5] All else goes to the general arithmetic (arithmetic.ts).
 *
 * A number is its significand (64) and its sign and exponent field as they stand in memory (32, the upper half zero). Nothing here branches
 * on the value of a significand, where a processor would guess wrong every other time.
 */
import type { BitWidth, Language, Operand, Subroutine } from '../language.ts';
import { generally, type Operation, parametersOf } from './arithmetic.ts';
import { PRECISION_CONTROL, ROUNDING_CONTROL, WIDENED_DENORMAL } from './control.ts';
import { EXTENDED_BIAS, type Exact, squareRootFinite } from './core.ts';
import { EXTENDED, Held } from './format.ts';
import { toNearest } from './round.ts';
import { Words } from './words.ts';

const SIGN = 0x8000;
const FIELD = 0x7fff;
/** Of control words: what must be so for the quick way. */
const QUICK_MASK: number = PRECISION_CONTROL | ROUNDING_CONTROL | WIDENED_DENORMAL;
const QUICK_VALUE: number = PRECISION_CONTROL;
/** Exponents from 1 on, how many there are that rounding up leaves finite. */
const SAFE_EXPONENTS = 0x7ffd;
/** 1 in double precision. */
const ONE = 0x3ff0_0000_0000_0000n;
/** More than a reciprocal of 62 or 63 bits, made from 53 bits in double precision, can be too large: twice 2^-52 of it. */
const RECIPROCAL_ERROR = 4096;
/** Stands for exceptions that are not known yet. */
const UNKNOWN = -1;

interface Number80<V> {
  readonly significand: V;
  readonly top: V;
}

/** A result before rounding: as `Exact`, with the sign at its place in memory. An exponent of 0 stands for one that is not known. */
type Unrounded<V> = Exact<V>;

/** Whether the field is that of normal numbers; pseudo-denormals and unnormals are found by their significands. */
const isUsualField = <V>(d: Words<V>, field: V): V => d.below(d.sub(field, 1), FIELD - 1);

/** Does `then` if a and b are normal numbers, and the control word asks for what is quick. Branches that always go one way are cheap. */
function whenUsual<V>(x: Language<V>, a: Number80<V>, b: Number80<V>, word: V, then: () => void): void {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const leadingOnes = (): V => q.less(q.and(a.significand, b.significand), 0);
  const usualField = ({ top }: Number80<V>): V => isUsualField(d, d.and(top, FIELD));
  const fields = (): void => x.whenLikely(usualField(a), () => (a === b ? then() : x.whenLikely(usualField(b), then)));
  x.whenLikely(d.eq(d.and(word, QUICK_MASK), QUICK_VALUE), () => x.whenLikely(leadingOnes(), fields));
}

/** a + b, and a − b with b's sign inverted. */
function sum<V>(x: Language<V>, a: Number80<V>, b: Number80<V>): Unrounded<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const [fieldA, fieldB] = [d.and(a.top, FIELD), d.and(b.top, FIELD)];
  const swap = d.below(fieldA, fieldB);
  const large = q.select(swap, b.significand, a.significand);
  const small = q.select(swap, a.significand, b.significand);
  const largeTop = d.select(swap, b.top, a.top);
  const exponent = d.and(largeTop, FIELD);
  const distance = d.sub(exponent, d.select(swap, fieldA, fieldB));

  // The smaller number, moved to the exponent of the larger one: high and low.
  const high = q.variable(0);
  const low = q.variable(1);
  const near = (): void => {
    const count = x.bind(x.zeroExtend(distance, 32, 64));
    high.write(q.shr(small, count));
    low.write(q.shl(q.shl(small, 1), q.xor(count, 63)));
  };
  const far = (): void => {
    // 64 and 65 places down the number may be half a last place, or (once a difference is normalised) more; further down it is less.
    const halved = q.or(q.shr(small, 1), q.and(small, 1));
    low.write(q.select(d.eq(distance, 64), small, q.select(d.eq(distance, 65), halved, 1)));
  };
  x.whenLikely(d.below(distance, 64), near, far);
  const alignedHigh = high.read();
  const alignedLow = low.read();

  const outSignificand = q.variable(0);
  const outLow = q.variable(0);
  const outExponent = d.variable(0);
  const outSign = d.variable(d.and(largeTop, SIGN));
  const add = (): void => {
    const total = q.add(large, alignedHigh);
    const carry = q.truth(q.below(total, large));
    const rest = q.or(q.shr(alignedLow, carry), q.and(alignedLow, carry));
    outLow.write(q.or(rest, q.shl(q.and(total, carry), 63)));
    outSignificand.write(q.or(q.shr(total, carry), q.shl(carry, 63)));
    outExponent.write(d.add(exponent, x.bind(x.truncate(carry, 64, 32))));
  };
  const subtract = (): void => {
    const borrow = q.truth(q.ne(alignedLow, 0));
    // Only with equal exponents, and so nothing in `low`, can the first number be the smaller one.
    const below = q.below(large, alignedHigh);
    const negative = q.sub(0, q.truth(below));
    const rest = q.sub(q.sub(large, alignedHigh), borrow);
    const difference = q.sub(q.xor(rest, negative), negative);
    const zeros = q.clz(difference);
    const count = q.and(zeros, 63);
    const tail = q.sub(0, alignedLow);
    outSignificand.write(q.or(q.shl(difference, count), q.shr(q.shr(tail, 1), q.xor(count, 63))));
    outLow.write(q.shl(tail, count));
    // Where all went, what is left is zero or in the tail.
    const moved = d.sub(exponent, x.bind(x.truncate(zeros, 64, 32)));
    outExponent.write(d.select(q.eq(difference, 0), 0, moved));
    outSign.write(d.xor(d.and(largeTop, SIGN), d.truth(below, 15)));
  };
  x.when(d.eq(d.and(d.xor(a.top, b.top), SIGN), 0), add, subtract);
  return { sign: outSign.read(), exponent: outExponent.read(), significand: outSignificand.read(), low: outLow.read() };
}

function product<V>(x: Language<V>, a: Number80<V>, b: Number80<V>): Unrounded<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const high = q.mulHigh(a.significand, b.significand);
  const low = q.mul(a.significand, b.significand);
  // The product of numbers from 1 to 2 has its leading one at the top or below it.
  const atTop = q.less(high, 0);
  const exponents = d.add(d.and(a.top, FIELD), d.and(b.top, FIELD));
  return {
    sign: d.and(d.xor(a.top, b.top), SIGN),
    exponent: d.add(d.sub(exponents, EXTENDED_BIAS), d.truth(atTop)),
    significand: q.select(atTop, high, q.add(q.add(high, high), q.shr(low, 63))),
    low: q.select(atTop, low, q.add(low, low)),
  };
}

/**
 * a ÷ b by two multiplications with the reciprocal of b, which the host gives to some 50 bits: each leaves a remainder that is known
 * exactly, and the estimates are never too large.
 */
function quotient<V>(x: Language<V>, a: Number80<V>, b: Number80<V>): Unrounded<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const divisor = b.significand;
  // Halving the dividend, high and low, where it is not the smaller one gives a quotient of exactly 64 bits.
  const halve = q.truth(x.bind(x.eq(q.below(a.significand, divisor), x.constant(0, 8), 8)));
  const high = q.shr(a.significand, halve);
  const low = q.shl(q.and(a.significand, halve), 63);

  // 2^63 ÷ divisor from the leading 53 bits of it, as a double from 1/2 to 1, and 2^126 ÷ divisor, surely not too large.
  const FRACTION = q.constant((1n << 52n) - 1n);
  const leading = q.or(q.and(q.shr(divisor, 11), FRACTION), q.constant(ONE));
  const inverse = x.bind(x.float('div', q.constant(ONE), leading, 64));
  const places = q.sub(q.shr(inverse, 52), 1012);
  const reciprocal = q.sub(q.shl(q.or(q.and(inverse, FRACTION), q.constant(1n << 52n)), places), RECIPROCAL_ERROR);

  // The quotient but for its last 15 bits, and what is left.
  const first = q.shl(q.mulHigh(high, reciprocal), 2);
  const taken = q.mul(first, divisor);
  const leftLow = q.sub(low, taken);
  const leftHigh = q.sub(q.sub(high, q.mulHigh(first, divisor)), q.truth(q.below(low, taken)));
  // The rest, at most one too small. What is left then is below twice the divisor.
  const second = q.shr(q.mulHigh(q.or(q.shl(leftHigh, 48), q.shr(leftLow, 16)), reciprocal), 46);
  const takenLow = q.mul(second, divisor);
  const takenHigh = q.shr(q.add(q.mul(second, q.shr(divisor, 32)), q.shr(q.mul(second, q.and(divisor, 0xffff_ffff)), 32)), 32);
  const restLow = q.sub(leftLow, takenLow);
  const restHigh = q.sub(q.sub(leftHigh, takenHigh), q.truth(q.below(leftLow, takenLow)));
  const one = q.or(restHigh, q.truth(x.bind(x.eq(q.below(restLow, divisor), x.constant(0, 8), 8))));
  const remainder = q.sub(restLow, q.and(divisor, q.sub(0, one)));

  // The next bit of the quotient, and whether anything is left after it.
  const missing = q.sub(divisor, remainder);
  const next = q.xor(q.truth(q.below(remainder, missing)), 1);
  const beyond = q.truth(x.bind(x.and(q.ne(remainder, 0), q.ne(remainder, missing), 8)));
  const exponent = d.add(d.sub(d.and(a.top, FIELD), d.and(b.top, FIELD)), EXTENDED_BIAS - 1);
  return {
    sign: d.and(d.xor(a.top, b.top), SIGN),
    exponent: d.add(exponent, x.bind(x.truncate(halve, 64, 32))),
    significand: q.add(q.add(first, second), one),
    low: q.or(q.shl(next, 63), beyond),
  };
}

const root = <V>(x: Language<V>, a: Number80<V>): Unrounded<V> =>
  squareRootFinite(x, { sign: x.constant(0, 32), exponent: a.top, significand: a.significand });

/** Rounds to nearest even at 64 bits, unless the exponent is near its limits or rounding changes it. */
function round<V>(x: Language<V>, { sign, exponent, significand, low }: Unrounded<V>, result: Held<V>, exceptions: Operand<V>): void {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  x.whenLikely(d.below(d.sub(exponent, 1), SAFE_EXPONENTS), () => {
    const nearest = toNearest(x, significand, low);
    x.whenLikely(q.ne(nearest.value, 0), () => {
      result.write([nearest.value, d.or(sign, exponent)]);
      exceptions.write(nearest.exceptions);
    });
  });
}

/** What the operation is of usual operands. */
function compute<V>(x: Language<V>, operation: Operation, a: Number80<V>, b: Number80<V>): Unrounded<V> {
  switch (operation) {
    case 'add':
      return sum(x, a, b);
    case 'sub':
      return sum(x, a, { ...b, top: new Words(x, 32).xor(b.top, SIGN) });
    case 'mul':
      return product(x, a, b);
    case 'div':
      return quotient(x, a, b);
    case 'sqrt':
      return root(x, a);
  }
}

/** (a, b, x87 control word) → (result, exceptions); of one operand: (a, control word). */
function extendedOperation(operation: Operation): Subroutine {
  const general = generally(EXTENDED, operation);
  const unary = operation === 'sqrt';
  const results: readonly BitWidth[] = [...EXTENDED.widths, 32];
  return {
    name: `f80-${operation}`,
    parameters: parametersOf(EXTENDED, operation),
    results,
    // Division and square root are long, and slow anyway.
    inPlace: operation === 'add' || operation === 'sub' || operation === 'mul',
    body: <V>(x: Language<V>, ...values: V[]) => {
      const d = new Words(x, 32);
      const a: Number80<V> = { significand: values[0] as V, top: values[1] as V };
      const b: Number80<V> = unary ? a : { significand: values[2] as V, top: values[3] as V };
      const word = values[unary ? 2 : 4] as V;
      const result = new Held(x, EXTENDED);
      const exceptions = d.variable(UNKNOWN);
      const quickly = (): void => round(x, compute(x, operation, a, b), result, exceptions);
      whenUsual(x, a, b, word, () => (unary ? x.when(d.eq(d.and(a.top, SIGN), 0), quickly) : quickly()));
      x.whenUnlikely(d.eq(exceptions.read(), UNKNOWN), () => {
        const out = x.call(general, ...values);
        result.write(out);
        exceptions.write(out[2] as V);
      });
      return [...result.read(), exceptions.read()];
    },
  };
}

export const f80Add: Subroutine = extendedOperation('add');
export const f80Sub: Subroutine = extendedOperation('sub');
export const f80Mul: Subroutine = extendedOperation('mul');
export const f80Div: Subroutine = extendedOperation('div');
/** (a, control word) → (result, exceptions). */
export const f80Sqrt: Subroutine = extendedOperation('sqrt');
