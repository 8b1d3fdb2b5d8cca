/**
 * Where the host's arithmetic is the guest's. Scalar instructions look here before they call a subroutine of semantics/float, which would
 * look at the same again: code that computes much does it with a precision exception recorded long ago, on normal numbers.
 */
import { DOUBLE, SINGLE } from '../float/round.ts';
import { both, either, negation, Words } from '../float/words.ts';
import type { Language } from '../language.ts';

/** MXCSR: to nearest, precision exceptions masked and one already recorded. [SDM 1, Figure 10-3] */
const HOST_MASK = 0x7020;
const HOST_VALUE = 0x1020;

/**
 * Whether `result`, computed from a and b by the host, is what the guest gets, with no exception that MXCSR does not hold already: it is a
 * normal number above the smallest, or a zero that is exact, and neither a nor b is denormal. A truth value.
 */
export function hostIsRight<V>(
  x: Language<V>,
  operation: 'add' | 'sub' | 'mul' | 'div',
  width: 32 | 64,
  a: V,
  b: V,
  result: V,
  mxcsr: V,
): V {
  const w = new Words(x, width);
  const d = new Words(x, 32);
  const f = width === 64 ? DOUBLE : SINGLE;
  // Magnitudes are moved up by one place: the sign falls out.
  const smallest = 2n << BigInt(f.fractionBits);
  const span = BigInt(f.largestField - 2) << BigInt(f.fractionBits + 1);
  const [first, second, size] = [w.shl(a, 1), w.shl(b, 1), w.shl(result, 1)];
  const isDenormal = (magnitude: V): V => w.below(w.sub(magnitude, 1), w.constant(smallest - 1n));
  const normal = w.below(w.sub(size, w.constant(2n * smallest)), w.constant(span));
  const zero = w.eq(size, 0);
  // A sum that is zero is exact. A product or quotient is, if an operand (the dividend) is zero; else it may have been too small.
  const exactZero =
    operation === 'mul'
      ? both(x, zero, either(x, w.eq(first, 0), w.eq(second, 0)))
      : operation === 'div'
        ? both(x, zero, w.eq(first, 0))
        : zero;
  const allowed = d.eq(d.and(mxcsr, HOST_MASK), HOST_VALUE);
  return both(x, either(x, normal, exactZero), allowed, negation(x, either(x, isDenormal(first), isDenormal(second))));
}
