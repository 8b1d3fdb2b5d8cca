/**
 * A model of double extended arithmetic for tests: numbers as exact fractions, rounded as the manual's prose says, one step after the
 * other. Slow, and written without a look at the arithmetic that it checks.
 */

export interface ModelNumber {
  readonly significand: bigint;
  /** Sign and exponent. */
  readonly top: bigint;
}

/** numerator ÷ denominator × 2^exponent, denominator > 0. */
export interface Exactly {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly exponent: number;
}

const BIAS = 16383;
const PRECISION = [24, 64, 53, 64] as const;

/** The finite number that the bits are. */
export function exactly({ significand, top }: ModelNumber): Exactly {
  const field = Number(top & 0x7fffn);
  const negative = top >> 15n !== 0n;
  return { numerator: negative ? -significand : significand, denominator: 1n, exponent: Math.max(field, 1) - BIAS - 63 };
}

export function sum(a: Exactly, b: Exactly): Exactly {
  const exponent = Math.min(a.exponent, b.exponent);
  const at = (x: Exactly): bigint => x.numerator << BigInt(x.exponent - exponent);
  return { numerator: at(a) + at(b), denominator: 1n, exponent };
}

export const product = (a: Exactly, b: Exactly): Exactly => ({
  numerator: a.numerator * b.numerator,
  denominator: 1n,
  exponent: a.exponent + b.exponent,
});

export const ratio = (a: Exactly, b: Exactly): Exactly => ({
  numerator: b.numerator < 0n ? -a.numerator : a.numerator,
  denominator: b.numerator < 0n ? -b.numerator : b.numerator,
  exponent: a.exponent - b.exponent,
});

/** To an integer multiple of 2^-places of |x|, by rounding control; with whether anything was lost, and whether it went up. */
function roundMagnitude(x: Exactly, places: number, mode: number): { value: bigint; inexact: boolean; up: boolean } {
  const shift = x.exponent + places;
  const magnitude = x.numerator < 0n ? -x.numerator : x.numerator;
  const top = shift >= 0 ? magnitude << BigInt(shift) : magnitude;
  const bottom = shift >= 0 ? x.denominator : x.denominator << BigInt(-shift);
  const value = top / bottom;
  const rest = top % bottom;
  const negative = x.numerator < 0n;
  let up = false;
  if (mode === 0) up = 2n * rest > bottom || (2n * rest === bottom && (value & 1n) === 1n);
  else if (mode === 1) up = negative && rest !== 0n;
  else if (mode === 2) up = !negative && rest !== 0n;
  return { value: up ? value + 1n : value, inexact: rest !== 0n, up };
}

/** Exponent of the leading bit of |x|. */
function magnitudeOf(x: Exactly): number {
  const top = x.numerator < 0n ? -x.numerator : x.numerator;
  let estimate = top.toString(2).length - x.denominator.toString(2).length;
  const atLeast = (e: number): boolean => (e >= 0 ? top >= x.denominator << BigInt(e) : top << BigInt(-e) >= x.denominator);
  if (!atLeast(estimate)) estimate--;
  return estimate + x.exponent;
}

/** A result other than zero in double extended precision, all exceptions masked: [significand, sign and exponent, exceptions with C1]. */
export function rounded(x: Exactly, control: number): [bigint, bigint, bigint] {
  const precision = PRECISION[((control >> 8) & 3) as 0 | 1 | 2 | 3];
  const mode = (control >> 10) & 3;
  const sign = x.numerator < 0n ? 0x8000n : 0n;
  const flags = (inexact: boolean, up: boolean): bigint => (inexact ? 0x20n : 0n) | (up ? 0x200n : 0n);
  const limit = 1n << BigInt(precision);
  const padding = BigInt(64 - precision);

  let magnitude = magnitudeOf(x);
  const r = roundMagnitude(x, precision - 1 - magnitude, mode);
  let value = r.value;
  if (value === limit) {
    value >>= 1n;
    magnitude++;
  }
  if (magnitude > BIAS) {
    const infinite = mode === 0 || (mode === 1 && sign !== 0n) || (mode === 2 && sign === 0n);
    if (infinite) return [1n << 63n, sign | 0x7fffn, 0x228n];
    return [(limit - 1n) << padding, sign | 0x7ffen, 0x28n];
  }
  if (magnitude >= 1 - BIAS && magnitudeOf(x) >= 1 - BIAS)
    return [value << padding, sign | BigInt(magnitude + BIAS), flags(r.inexact, r.up)];
  // Denormal, unless rounding at that place makes it the smallest normal number.
  const d = roundMagnitude(x, precision - 1 + BIAS - 1, mode);
  const tiny = magnitude < 1 - BIAS;
  const normal = d.value >= limit >> 1n;
  return [d.value << padding, sign | (normal ? 1n : 0n), flags(d.inexact, d.up) | (tiny && d.inexact ? 0x10n : 0n)];
}
