/**
 * Where the host's arithmetic is the guest's, on numbers of 32 and 64 bits. SSE instructions look here before they call a subroutine: code
 * that computes much does it to nearest, on normal numbers, with a precision exception recorded long ago, of which no more need be told.
 * [SDM 1 §11.5, Figure 10-3]
 */
import type { Language } from '../language.ts';
import type { Operation } from './arithmetic.ts';
import { EXCEPTION } from './control.ts';
import { DOUBLE, SINGLE } from './round.ts';
import { both, either, Words } from './words.ts';

/** MXCSR: to nearest, precision exceptions masked. */
const HOST_MASK = 0x7000;
const HOST_VALUE = 0x1000;

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

/** Whether MXCSR is as the host's; `inexactKnown`: and a precision exception is recorded already. A truth value. */
function isLikeHost<V>(x: Language<V>, mxcsr: V, inexactKnown: boolean): V {
  const d = new Words(x, 32);
  const recorded = inexactKnown ? EXCEPTION.precision : 0;
  return d.eq(d.and(mxcsr, HOST_MASK | recorded), HOST_VALUE | recorded);
}

/**
 * Does `then` if `result`, which the host computed from a and b (of a square root: from a), is what the guest gets, with no exception but
 * precision: it is a normal number above the smallest, or a zero that is exact, and neither a nor b is denormal. `inexactKnown`: only if
 * MXCSR has that exception already.
 */
export function whenHostIsRight<V>(
  x: Language<V>,
  operation: Operation,
  width: 32 | 64,
  values: { readonly a: V; readonly b: V; readonly result: V; readonly mxcsr: V },
  inexactKnown: boolean,
  then: () => void,
): void {
  const w = new Words(x, width);
  const { smallest, span } = limitsOf(width);
  const { a, b, result, mxcsr } = values;
  const [first, second, size] = [w.shl(a, 1), w.shl(b, 1), w.shl(result, 1)];
  // Zero is far above the denormal numbers, counted from 1 on.
  const isNotDenormal = (magnitude: V): V => w.below(w.constant(smallest - 2n), w.sub(magnitude, 1));
  const zero = w.eq(size, 0);
  const exactZero = {
    // A sum that is zero is exact. A product or quotient is, if an operand (the dividend) is zero; else it may have been too small.
    add: () => zero,
    sub: () => zero,
    mul: () => both(x, zero, either(x, w.eq(first, 0), w.eq(second, 0))),
    div: () => both(x, zero, w.eq(first, 0)),
    sqrt: () => zero,
  }[operation];
  const isFine = either(x, w.below(w.sub(size, w.constant(2n * smallest)), w.constant(span)), exactZero());
  const operands = (): void => {
    x.when(isNotDenormal(first), () => (operation === 'sqrt' ? then() : x.when(isNotDenormal(second), then)));
  };
  x.when(isLikeHost(x, mxcsr, inexactKnown), () => x.when(isFine, operands));
}

/** As `whenHostIsRight` with the exception known, of all lanes of packed numbers. A truth value. */
export function hostLanesAreRight<V>(
  x: Language<V>,
  operation: Exclude<Operation, 'sqrt'>,
  width: 32 | 64,
  a: V,
  b: V,
  result: V,
  mxcsr: V,
): V {
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
  return both(x, x.eq(x.vector(`${shape}.bitmask`, right), all, 32), isLikeHost(x, mxcsr, true));
}
