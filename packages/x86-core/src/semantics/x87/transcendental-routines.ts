/**
 * The transcendental functions on x87 numbers: special operands by the manual's tables, all else by elementary.ts. [SDM 2A, "F2XM1", "FCOS",
 * "FPATAN", "FPTAN", "FSIN", "FSINCOS", "FYL2X", "FYL2XP1"]
 *
 * A routine takes ST(0) and ST(1), each as significand and sign with exponent, and leaves its answer in the state field
 * `systemArguments`; the rounding is done by the instruction's body. See `ANSWER`.
 */
import type { Processor } from '../../processor.ts';
import { type SystemRoutine, systemRoutine } from '../../system/routine.ts';
import { EXCEPTION } from '../float/control.ts';
import { EXTENDED_BIAS } from '../float/core.ts';
import {
  cosine,
  difference,
  type Fraction,
  fixed,
  inverseTangent,
  logarithm,
  logarithmOnePlus,
  PI,
  powerLessOne,
  quotient,
  reduceAngle,
  sine,
} from './elementary.ts';

/**
 * Elements of `systemArguments`: two results, each significand, low (the 64 bits behind it) and sign (bit 32) with exponent (bits 31–0);
 * the significand of a result of ANSWER_FINAL is not to be rounded, and its third word is sign and exponent as in a register.
 */
export const ANSWER = { first: 0, second: 3 } as const;
/** What a routine returns: exceptions, and these. */
export const ANSWER_FINAL = 0x100;
export const ANSWER_SECOND_FINAL = 0x200;
/** The argument is out of range: C2, and nothing else happens. */
export const ANSWER_OUT_OF_RANGE = 0x400;

/** A number as its bits say. */
interface Operand {
  readonly kind: 'unsupported' | 'nan' | 'infinity' | 'zero' | 'finite';
  readonly negative: boolean;
  readonly denormal: boolean;
  readonly signaling: boolean;
  readonly significand: bigint;
  readonly top: number;
  /** Of a finite number, with its sign. */
  readonly value: Fraction;
}

type Result = { readonly bits: readonly [significand: bigint, top: number] } | { readonly value: Fraction; readonly exact: boolean };

const TOP_BIT = 1n << 63n;
const QUIET_BIT = 1n << 62n;
const MASK_64 = (1n << 64n) - 1n;
const lengthOf = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

function operandOf(significand: bigint, topBits: bigint): Operand {
  const top = Number(topBits);
  const field = top & 0x7fff;
  const negative = (top & 0x8000) !== 0;
  const leading = (significand & TOP_BIT) !== 0n;
  const fraction = significand & ~TOP_BIT;
  let kind: Operand['kind'] = 'finite';
  if (field !== 0 && !leading) kind = 'unsupported';
  else if (field === 0x7fff) kind = fraction === 0n ? 'infinity' : 'nan';
  else if (significand === 0n) kind = 'zero';
  // Denormals are brought to 64 bits: the functions count on it.
  const zeros = 64 - lengthOf(significand);
  const numerator = significand << BigInt(zeros);
  return {
    kind,
    negative,
    denormal: field === 0 && significand !== 0n,
    signaling: kind === 'nan' && (significand & QUIET_BIT) === 0n,
    significand,
    top,
    value: { numerator: negative ? -numerator : numerator, exponent: Math.max(field, 1) - zeros - EXTENDED_BIAS - 63 },
  };
}

const INDEFINITE: Result = { bits: [3n << 62n, 0xffff] };
const zero = (negative: boolean): Result => ({ bits: [0n, negative ? 0x8000 : 0] });
const infinity = (negative: boolean): Result => ({ bits: [TOP_BIT, negative ? 0xffff : 0x7fff] });
const one = (negative = false): Result => ({ bits: [TOP_BIT, negative ? 0xbfff : 0x3fff] });
const same = (o: Operand): Result => ({ bits: [o.significand, o.top] });
const inexact = (value: Fraction): Result => ({ value, exact: false });
const negated = ({ numerator, exponent }: Fraction): Fraction => ({ numerator: -numerator, exponent });
const signed = (value: Fraction, negative: boolean): Fraction => (negative ? negated(value) : value);

interface Answer {
  readonly results: readonly Result[];
  readonly exceptions: number;
  /** A denormal operand is told. */
  readonly ofNumbers?: boolean;
}

const invalid = (count = 1): Answer => ({ results: new Array<Result>(count).fill(INDEFINITE), exceptions: EXCEPTION.invalid });

/** Unsupported numbers and NaNs; undefined if there are none. */
function notNumbers(a: Operand, b: Operand, count: number): Answer | undefined {
  if (a.kind === 'unsupported' || b.kind === 'unsupported') return invalid(count);
  if (a.kind !== 'nan' && b.kind !== 'nan') return undefined;
  let chosen = a.kind === 'nan' ? a : b;
  if (a.kind === 'nan' && b.kind === 'nan') {
    if (a.signaling !== b.signaling) chosen = a.signaling ? b : a;
    else if (a.significand !== b.significand) chosen = a.significand > b.significand ? a : b;
    else chosen = a.negative ? b : a;
  }
  const quiet: Result = { bits: [chosen.significand | QUIET_BIT, chosen.top] };
  return { results: new Array<Result>(count).fill(quiet), exceptions: a.signaling || b.signaling ? EXCEPTION.invalid : 0 };
}

/** Leaves an answer where the body finds it. */
function leave(p: Processor, { results, exceptions, ofNumbers }: Answer, denormal: boolean): bigint {
  let flags = exceptions | (denormal && ofNumbers === true ? EXCEPTION.denormal : 0);
  results.forEach((result, i) => {
    const at = i === 0 ? ANSWER.first : ANSWER.second;
    if ('bits' in result) {
      flags |= i === 0 ? ANSWER_FINAL : ANSWER_SECOND_FINAL;
      p.set64('systemArguments', result.bits[0], at);
      p.set64('systemArguments', BigInt(result.bits[1]), at + 2);
      return;
    }
    const { numerator, exponent } = result.value;
    const negative = numerator < 0n;
    const magnitude = negative ? -numerator : numerator;
    // 128 bits, and the last one stands for all that was cut off.
    const length = lengthOf(magnitude);
    const cut = length > 128 ? magnitude >> BigInt(length - 128) : magnitude << BigInt(128 - length);
    const all = result.exact && length <= 128 ? cut : cut | 1n;
    p.set64('systemArguments', all >> 64n, at);
    p.set64('systemArguments', all & MASK_64, at + 1);
    const biased = BigInt.asUintN(32, BigInt(exponent + length - 1 + EXTENDED_BIAS));
    p.set64('systemArguments', (negative ? 1n << 32n : 0n) | biased, at + 2);
  });
  return BigInt(flags);
}

/** A function of ST(0) that gives `count` results. */
const ofOne = (name: string, count: 1 | 2, compute: (a: Operand) => Answer | 'out of range'): SystemRoutine =>
  systemRoutine(name, (p, significand, top) => {
    const a = operandOf(significand as bigint, top as bigint);
    const answer = notNumbers(a, a, count) ?? compute(a);
    return answer === 'out of range' ? BigInt(ANSWER_OUT_OF_RANGE) : leave(p, answer, a.denormal);
  });

/** A function of x = ST(0) and y = ST(1). */
const ofTwo = (name: string, compute: (x: Operand, y: Operand) => Answer): SystemRoutine =>
  systemRoutine(name, (p, significand, top, otherSignificand, otherTop) => {
    const x = operandOf(significand as bigint, top as bigint);
    const y = operandOf(otherSignificand as bigint, otherTop as bigint);
    return leave(p, notNumbers(x, y, 1) ?? compute(x, y), x.denormal || y.denormal);
  });

const quietly = (...results: Result[]): Answer => ({ results, exceptions: 0, ofNumbers: true });

/** |x| ≥ 2^63. */
const outOfRange = (a: Operand): boolean => a.kind === 'finite' && (a.top & 0x7fff) >= EXTENDED_BIAS + 63;

interface Angle {
  readonly sine: Fraction;
  readonly cosine: Fraction;
}

function angleOf(a: Operand): Angle {
  const { quadrant, rest } = reduceAngle(a.value);
  const s = sine(rest);
  const c = cosine(rest);
  switch (quadrant) {
    case 0:
      return { sine: s, cosine: c };
    case 1:
      return { sine: c, cosine: negated(s) };
    case 2:
      return { sine: negated(s), cosine: negated(c) };
    default:
      return { sine: negated(c), cosine: s };
  }
}

const trigonometric = (name: string, count: 1 | 2, atZero: (a: Operand) => Result[], compute: (angle: Angle) => Result[]): SystemRoutine =>
  ofOne(name, count, (a) => {
    if (a.kind === 'infinity') return invalid(count);
    if (a.kind === 'zero') return quietly(...atZero(a));
    if (outOfRange(a)) return 'out of range';
    return quietly(...compute(angleOf(a)));
  });

export const fsin: SystemRoutine = trigonometric(
  'FSIN',
  1,
  (a) => [same(a)],
  (angle) => [inexact(angle.sine)],
);
export const fcos: SystemRoutine = trigonometric(
  'FCOS',
  1,
  () => [one()],
  (angle) => [inexact(angle.cosine)],
);
/** The second result is the cosine. */
export const fsincos: SystemRoutine = trigonometric(
  'FSINCOS',
  2,
  (a) => [same(a), one()],
  (angle) => [inexact(angle.sine), inexact(angle.cosine)],
);
/** The second result is 1. */
export const fptan: SystemRoutine = trigonometric(
  'FPTAN',
  2,
  (a) => [same(a), one()],
  (angle) => [inexact(quotient(angle.sine, angle.cosine)), one()],
);

/** 2^x − 1. Outside −1 ≤ x ≤ 1 the result is undefined: x. */
export const f2xm1: SystemRoutine = ofOne('F2XM1', 1, (a) => {
  if (a.kind === 'infinity') return quietly(a.negative ? one(true) : same(a));
  const field = a.top & 0x7fff;
  if (a.kind === 'zero' || field > EXTENDED_BIAS) return quietly(same(a));
  if (field === EXTENDED_BIAS && a.significand !== TOP_BIT) return quietly(same(a));
  if (field === EXTENDED_BIAS) return quietly(a.negative ? { bits: [TOP_BIT, 0xbffe] } : one());
  return quietly(inexact(powerLessOne(a.value)));
});

/** The product of a logarithm and y. */
function timesY(log: { readonly value: Fraction; readonly exact: boolean }, y: Operand): Result {
  return {
    value: { numerator: log.value.numerator * y.value.numerator, exponent: log.value.exponent + y.value.exponent },
    exact: log.exact,
  };
}

/** y × log2 x. */
export const fyl2x: SystemRoutine = ofTwo('FYL2X', (x, y) => {
  if (x.kind === 'zero') {
    if (y.kind === 'zero') return invalid();
    return { results: [infinity(!y.negative)], exceptions: y.kind === 'infinity' ? 0 : EXCEPTION.zeroDivide };
  }
  if (x.negative) return invalid();
  if (x.kind === 'infinity') return y.kind === 'zero' ? invalid() : quietly(infinity(y.negative));
  const field = x.top & 0x7fff;
  const isOne = field === EXTENDED_BIAS && x.significand === TOP_BIT;
  const below = field < EXTENDED_BIAS;
  if (y.kind === 'infinity') return isOne ? invalid() : quietly(infinity(y.negative !== below));
  if (y.kind === 'zero' || isOne) return quietly(zero(y.negative !== below));
  return quietly(timesY(logarithm(x.value), y));
});

/** y × log2(x + 1). Defined for |x| ≤ 1 − √½; beyond, and above −1, it is computed all the same. */
export const fyl2xp1: SystemRoutine = ofTwo('FYL2XP1', (x, y) => {
  if (x.kind === 'infinity') return x.negative || y.kind === 'zero' ? invalid() : quietly(infinity(y.negative));
  if (y.kind === 'infinity') return x.kind === 'zero' ? invalid() : quietly(infinity(x.negative !== y.negative));
  if (x.kind === 'zero' || y.kind === 'zero') return quietly(zero(x.negative !== y.negative));
  if (x.negative && (x.top & 0x7fff) >= EXTENDED_BIAS) return invalid();
  return quietly(timesY(logarithmOnePlus(x.value), y));
});

/** An angle of `quarters` × π/4. */
const quarters = (count: bigint, negative: boolean): Result => {
  const value = fixed(count * PI);
  return inexact(signed({ ...value, exponent: value.exponent - 2 }, negative));
};

/** The angle of the point (x, y). [SDM 2A, "FPATAN"] */
export const fpatan: SystemRoutine = ofTwo('FPATAN', (x, y) => {
  if (y.kind === 'infinity') {
    if (x.kind === 'infinity') return quietly(quarters(x.negative ? 3n : 1n, y.negative));
    return quietly(quarters(2n, y.negative));
  }
  if (x.kind === 'infinity' || y.kind === 'zero') return quietly(x.negative ? quarters(4n, y.negative) : zero(y.negative));
  if (x.kind === 'zero') return quietly(quarters(2n, y.negative));

  // Both as integers of one scale; the smaller one over the larger.
  const shift = Math.min(x.value.exponent, y.value.exponent);
  const integer = ({ value }: Operand): bigint =>
    (value.numerator < 0n ? -value.numerator : value.numerator) << BigInt(value.exponent - shift);
  const [across, up] = [integer(x), integer(y)];
  let angle: Fraction;
  if (up <= across) {
    angle = inverseTangent(up, across);
    if (x.negative) angle = difference(PI, angle);
  } else {
    const rest = inverseTangent(across, up);
    angle = difference(PI / 2n, x.negative ? negated(rest) : rest);
  }
  return quietly(inexact(signed(angle, y.negative)));
});
