/**
 * Elementary functions by integer arithmetic. Each takes and gives exact binary fractions as bigints; errors are below 2^-120 of the
 * result, far below the 2^-64 of a last place. [SDM 1 §8.3.10 asks for less than one unit in the last place]
 *
 * A small argument t goes through series in t² or t that start with 1 (`factor`), so that the result t × factor is as good relative to
 * itself as any other.
 */

/** Bits behind the binary point of factors and of sums that are not small. */
const PRECISION = 160n;
const ONE = 1n << PRECISION;
/** π to 66 bits: what argument reduction uses, as x87 hardware does. [SDM 1 §8.3.8, "Approximation of Pi"] */
const PI_66 = 0x3_243f_6a88_85a3_08d3n;
const PI_66_PLACES = 64n;

/** numerator × 2^exponent. */
export interface Fraction {
  readonly numerator: bigint;
  readonly exponent: number;
}

/** Σ sign^k × z^k / ((2k + first)…), z with PRECISION places, by the ratio of consecutive terms. */
function series(z: bigint, denominator: (k: bigint) => bigint, alternating: boolean): bigint {
  let sum = ONE;
  let term = ONE;
  for (let k = 1n; term !== 0n; k++) {
    term = ((term * z) >> PRECISION) / denominator(k);
    sum += alternating && (k & 1n) === 1n ? -term : term;
  }
  return sum;
}

/** Σ (±z)^k / (2k + 1): of the inverse tangent (alternating) and the inverse hyperbolic tangent. */
function oddSeries(z: bigint, alternating: boolean): bigint {
  let sum = ONE;
  let power = ONE;
  for (let k = 1n; power !== 0n; k++) {
    power = (power * z) >> PRECISION;
    const term = power / (2n * k + 1n);
    sum += alternating && (k & 1n) === 1n ? -term : term;
  }
  return sum;
}

/** A factor that is below one, however little. */
const belowOne = (factor: bigint): bigint => (factor >= ONE ? ONE - 1n : factor);
/** A factor that is above one, however little. */
const aboveOne = (factor: bigint): bigint => (factor <= ONE ? ONE + 1n : factor);

const squareOf = ({ numerator, exponent }: Fraction): bigint => scale(numerator * numerator, BigInt(2 * exponent) + PRECISION);

/** value × 2^places, cut. */
const scale = (value: bigint, places: bigint): bigint => (places >= 0n ? value << places : value >> -places);

/** atan(1 / n) × 2^PRECISION, with some guard bits within. */
function inverseTangentOf(n: bigint): bigint {
  const guard = 16n;
  let power = (ONE << guard) / n;
  let sum = power;
  for (let k = 1n; power !== 0n; k++) {
    power /= n * n;
    const term = power / (2n * k + 1n);
    sum += (k & 1n) === 1n ? -term : term;
  }
  return sum >> guard;
}

/** π × 2^PRECISION. [Machin: π = 16 atan(1/5) − 4 atan(1/239)] */
export const PI: bigint = 16n * inverseTangentOf(5n) - 4n * inverseTangentOf(239n);
/** ln 2 × 2^PRECISION = 2 atanh(1/3). */
const LN2: bigint = (2n * oddSeries(ONE / 9n, false)) / 3n;

/** A fixed-point number of PRECISION places. */
export const fixed = (numerator: bigint): Fraction => ({ numerator, exponent: -Number(PRECISION) });

/** The argument of a trigonometric function as multiples of π/2 (mod 4) and the rest, at most π/4 in size. */
export interface Reduced {
  readonly quadrant: number;
  readonly rest: Fraction;
}

export function reduceAngle(x: Fraction): Reduced {
  // Fractions of 2^-65 hold both π/2 and x, if x needs reducing at all: it is above 1/2 then, and has 64 bits.
  const unit = -Number(PI_66_PLACES) - 1;
  const small = x.numerator === 0n || (x.numerator < 0n ? -x.numerator : x.numerator).toString(2).length + x.exponent < 0;
  if (small) return { quadrant: 0, rest: x };
  const value = scale(x.numerator, BigInt(x.exponent - unit));
  const half = PI_66;
  const doubled = 2n * value + half;
  const turns = doubled >= 0n ? doubled / (2n * half) : -((-doubled + 2n * half - 1n) / (2n * half));
  return { quadrant: Number(turns & 3n), rest: { numerator: value - turns * half, exponent: unit } };
}

/** sin r for |r| ≤ π/4 (and a little more). */
export function sine(r: Fraction): Fraction {
  const factor = belowOne(series(squareOf(r), (k) => 2n * k * (2n * k + 1n), true));
  return { numerator: r.numerator * factor, exponent: r.exponent - Number(PRECISION) };
}

export function cosine(r: Fraction): Fraction {
  return fixed(belowOne(series(squareOf(r), (k) => (2n * k - 1n) * (2n * k), true)));
}

/** a ÷ b, with more than 160 bits. */
export function quotient(a: Fraction, b: Fraction): Fraction {
  const length = b.numerator.toString(2).length;
  const shift = BigInt(length) + 2n * PRECISION;
  return { numerator: (a.numerator << shift) / b.numerator, exponent: a.exponent - b.exponent - Number(shift) };
}

/** 2^x − 1 for −1 ≤ x ≤ 1. */
export function powerLessOne(x: Fraction): Fraction {
  const t = { numerator: x.numerator * LN2, exponent: x.exponent - Number(PRECISION) };
  // (e^t − 1) ÷ t
  const z = scale(t.numerator, BigInt(t.exponent) + PRECISION);
  let factor = ONE;
  let term = ONE;
  for (let k = 2n; term !== 0n && term !== -1n; k++) {
    term = ((term * z) >> PRECISION) / k;
    factor += term;
  }
  return { numerator: t.numerator * factor, exponent: t.exponent - Number(PRECISION) };
}

/** log2 of (1 + n ÷ d), where the sum lies between 1/√2 and √2. */
function logarithmNearOne(n: bigint, d: bigint): Fraction {
  // 2 atanh(s), s = n ÷ (2 d + n)
  const bottom = 2n * d + n;
  const size = BigInt((n < 0n ? -n : n).toString(2).length);
  const length = BigInt(bottom.toString(2).length);
  const shift = length - size + PRECISION + PRECISION;
  const s = (n << shift) / bottom;
  const z = scale(s * s, PRECISION - 2n * shift);
  const factor = aboveOne(oddSeries(z, false));
  return { numerator: (2n * s * factor) / LN2, exponent: -Number(shift) };
}

/** log2 of x > 0; exact for powers of two. */
export function logarithm(x: Fraction): { readonly value: Fraction; readonly exact: boolean } {
  const length = x.numerator.toString(2).length;
  let power = length - 1;
  // The mantissa lies between 1/√2 and √2: below 1.4 is near enough.
  if (5n * x.numerator > 7n << BigInt(power)) power++;
  const d = 1n << BigInt(power);
  const n = x.numerator - d;
  const whole = power + x.exponent;
  if (n === 0n) return { value: { numerator: BigInt(whole), exponent: 0 }, exact: true };
  const rest = logarithmNearOne(n, d);
  if (whole === 0) return { value: rest, exact: false };
  return { value: fixed((BigInt(whole) << PRECISION) + scale(rest.numerator, BigInt(rest.exponent) + PRECISION)), exact: false };
}

/** log2(1 + x), x > −1. */
export function logarithmOnePlus(x: Fraction): { readonly value: Fraction; readonly exact: boolean } {
  const magnitude = x.numerator < 0n ? -x.numerator : x.numerator;
  const small = magnitude.toString(2).length + x.exponent < -1;
  if (!small) {
    const down = x.exponent < 0 ? -x.exponent : 0;
    return logarithm({ numerator: (1n << BigInt(down)) + (x.numerator << BigInt(x.exponent + down)), exponent: -down });
  }
  // Below 2^-300 the sum 1 + x cannot be told from 1, but the first term of the series is x.
  if (magnitude.toString(2).length + x.exponent < -300) {
    return { value: { numerator: (x.numerator << (2n * PRECISION)) / LN2, exponent: x.exponent - Number(PRECISION) }, exact: false };
  }
  return { value: logarithmNearOne(x.numerator, 1n << BigInt(-x.exponent)), exact: false };
}

/** atan(k / 16), k = 0 … 16, worked out when first asked for. */
const STEPS = 16n;
const stepTangents = new Map<bigint, bigint>();

function tangentStep(k: bigint): bigint {
  const known = stepTangents.get(k);
  if (known !== undefined) return known;
  // Euler: atan t = t/(1 + t²) × Σ (2/3)(4/5)…(2n/(2n + 1)) × (t²/(1 + t²))^n
  const square = k * k;
  const bottom = STEPS * STEPS + square;
  let term = (k * STEPS * (ONE << 16n)) / bottom;
  let sum = term;
  for (let n = 1n; term !== 0n; n++) {
    term = (term * 2n * n * square) / ((2n * n + 1n) * bottom);
    sum += term;
  }
  const value = sum >> 16n;
  stepTangents.set(k, value);
  return value;
}

/** atan(n ÷ d), 0 < n ≤ d. */
export function inverseTangent(n: bigint, d: bigint): Fraction {
  const step = (n * STEPS + d / 2n) / d;
  // (n/d − k/16) ÷ (1 + n k/16 d)
  const top = step === 0n ? n : n * STEPS - step * d;
  const bottom = step === 0n ? d : d * STEPS + n * step;
  if (top === 0n) return fixed(tangentStep(step));
  const size = BigInt((top < 0n ? -top : top).toString(2).length);
  const shift = BigInt(bottom.toString(2).length) - size + 2n * PRECISION;
  const t = (top << shift) / bottom;
  const factor = belowOne(oddSeries(scale(t * t, PRECISION - 2n * shift), true));
  const small = { numerator: t * factor, exponent: -Number(shift + PRECISION) };
  if (step === 0n) return small;
  return fixed(tangentStep(step) + scale(small.numerator, BigInt(small.exponent) + PRECISION));
}

/** a − b, both of them not far from PRECISION places. */
export function difference(a: bigint, b: Fraction): Fraction {
  return fixed(a - scale(b.numerator, BigInt(b.exponent) + PRECISION));
}
