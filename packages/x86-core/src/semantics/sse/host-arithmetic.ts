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

/** Those operations that are computed in place. */
export type HostOperation = 'add' | 'sub' | 'mul' | 'div';

/** Limits of a precision, for magnitudes moved up by one place so that the sign falls out. */
interface Limits {
  /** The smallest normal number. */
  readonly smallest: bigint;
  /** From twice the smallest normal number, how far the normal numbers reach. */
  readonly span: bigint;
}

function limitsOf(width: 32 | 64): Limits {
  const f = width === 64 ? DOUBLE : SINGLE;
  return { smallest: 2n << BigInt(f.fractionBits), span: BigInt(f.largestField - 2) << BigInt(f.fractionBits + 1) };
}

const hostAllowed = <V>(x: Language<V>, mxcsr: V): V => {
  const d = new Words(x, 32);
  return d.eq(d.and(mxcsr, HOST_MASK), HOST_VALUE);
};

/**
 * Whether `result`, computed from a and b by the host, is what the guest gets, with no exception that MXCSR does not hold already: it is a
 * normal number above the smallest, or a zero that is exact, and neither a nor b is denormal. A truth value.
 */
export function hostIsRight<V>(x: Language<V>, operation: HostOperation, width: 32 | 64, a: V, b: V, result: V, mxcsr: V): V {
  const w = new Words(x, width);
  const { smallest, span } = limitsOf(width);
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
  return both(x, either(x, normal, exactZero), hostAllowed(x, mxcsr), negation(x, either(x, isDenormal(first), isDenormal(second))));
}

/** As `hostIsRight`, of all lanes of packed numbers. A truth value. */
export function hostLanesAreRight<V>(x: Language<V>, operation: HostOperation, width: 32 | 64, a: V, b: V, result: V, mxcsr: V): V {
  const shape = width === 64 ? 'i64x2' : 'i32x4';
  const { smallest, span } = limitsOf(width);
  const half = 1n << BigInt(width - 1);
  const everywhere = (lane: bigint): V => {
    let vector = 0n;
    for (let at = 0; at < 128; at += width) vector |= BigInt.asUintN(width, lane) << BigInt(at);
    return x.constant(vector, 128);
  };
  // Lanes in which (value − start) mod 2^width < span, which is a signed comparison half the range lower.
  const within = (value: V, start: bigint, reach: bigint): V =>
    x.vector(`${shape}.gt_s`, everywhere(reach - half), x.vector(`${shape}.sub`, value, everywhere(start + half)));
  const doubled = (value: V): V => x.bind(x.vector(`${shape}.add`, value, value));
  const isZero = (magnitude: V): V => within(magnitude, 0n, 1n);
  const isDenormal = (magnitude: V): V => within(magnitude, 1n, smallest - 1n);
  const [first, second, size] = [doubled(a), doubled(b), doubled(result)];
  const normal = within(size, 2n * smallest, span);
  const zero = isZero(size);
  const exactZero =
    operation === 'mul'
      ? x.vector('v128.and', zero, x.vector('v128.or', isZero(first), isZero(second)))
      : operation === 'div'
        ? x.vector('v128.and', zero, isZero(first))
        : zero;
  const denormal = x.vector('v128.or', isDenormal(first), isDenormal(second));
  const right = x.vector('v128.andnot', x.vector('v128.or', normal, exactZero), denormal);
  const all = x.constant(2 ** (128 / width) - 1, 32);
  return both(x, x.eq(x.vector(`${shape}.bitmask`, right), all, 32), hostAllowed(x, mxcsr));
}
