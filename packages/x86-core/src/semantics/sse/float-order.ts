/**
 * Order of numbers: what comparisons, minimum and maximum rest on. Numbers that are neither NaN nor denormal raise nothing and are compared
 * as integers here; all else goes to semantics/float.
 */
import { f32Compare, f32Max, f32Min, f64Compare, f64Max, f64Min, RELATION } from '../float/index.ts';
import { both, either, Words } from '../float/words.ts';
import type { BitWidth, Language, Operand, Subroutine } from '../language.ts';

interface Precision {
  readonly width: 32 | 64;
  readonly smallestNormal: bigint;
  readonly infinity: bigint;
}

const SINGLE: Precision = { width: 32, smallestNormal: 1n << 23n, infinity: 0xffn << 23n };
const DOUBLE: Precision = { width: 64, smallestNormal: 1n << 52n, infinity: 0x7ffn << 52n };

interface Ordered<V> {
  /** Both are zeros, normal numbers or infinities. Truth value. */
  readonly ordinary: V;
  /** Integers in the order of the numbers; those of both zeros are 0. */
  readonly a: V;
  readonly b: V;
}

function order<V>(x: Language<V>, precision: Precision, a: V, b: V): Ordered<V> {
  const w = new Words(x, precision.width);
  const magnitude = (bits: V): V => w.shr(w.shl(bits, 1), 1);
  const ordinary = (size: V): V => {
    const above = w.sub(size, w.constant(precision.smallestNormal));
    const span = w.constant(precision.infinity - precision.smallestNormal + 1n);
    return either(x, w.eq(size, 0), w.below(above, span));
  };
  const signed = (bits: V, size: V): V => {
    const sign = w.sar(bits, precision.width - 1);
    return w.sub(w.xor(size, sign), sign);
  };
  const [sizeA, sizeB] = [magnitude(a), magnitude(b)];
  return { ordinary: both(x, ordinary(sizeA), ordinary(sizeB)), a: signed(a, sizeA), b: signed(b, sizeB) };
}

/** (a, b, signaling: 32, MXCSR: 32) → (relation: 32, exceptions: 32), as `f32Compare`. */
function comparison(precision: Precision, slow: Subroutine): Subroutine {
  return {
    name: `${slow.name}-quickly`,
    parameters: slow.parameters,
    results: slow.results,
    inPlace: true,
    body: (x, a, b, signaling, mxcsr) => {
      const w = new Words(x, precision.width);
      const d = new Words(x, 32);
      const [relation, exceptions] = [d.variable(0), d.variable(0)];
      const ordered = order(x, precision, a!, b!);
      x.when(
        ordered.ordinary,
        () => relation.write(d.or(d.truth(w.less(ordered.a, ordered.b)), d.select(w.eq(ordered.a, ordered.b), RELATION.equal, 0))),
        () => writeAll([relation, exceptions], x.call(slow, a!, b!, signaling!, mxcsr!)),
      );
      return [relation.read(), exceptions.read()];
    },
  };
}

/** (a: DEST, b: SRC, MXCSR: 32) → (result, exceptions: 32), as `f32Min`: b unless a is truly beyond it. */
function extreme(which: 'min' | 'max', precision: Precision, slow: Subroutine): Subroutine {
  return {
    name: `${slow.name}-quickly`,
    parameters: slow.parameters,
    results: slow.results,
    body: (x, a, b, mxcsr) => {
      const w = new Words(x, precision.width);
      const d = new Words(x, 32);
      const [result, exceptions] = [w.variable(b!), d.variable(0)];
      const ordered = order(x, precision, a!, b!);
      const beyond = which === 'min' ? w.less(ordered.a, ordered.b) : w.less(ordered.b, ordered.a);
      x.when(
        ordered.ordinary,
        () => result.write(w.select(beyond, a!, b!)),
        () => writeAll([result, exceptions], x.call(slow, a!, b!, mxcsr!)),
      );
      return [result.read(), exceptions.read()];
    },
  };
}

function writeAll<V>(into: readonly Operand<V>[], values: readonly V[]): void {
  into.forEach((operand, i) => {
    operand.write(values[i] as V);
  });
}

export const f32Order: Subroutine = comparison(SINGLE, f32Compare);
export const f64Order: Subroutine = comparison(DOUBLE, f64Compare);
export const f32Minimum: Subroutine = extreme('min', SINGLE, f32Min);
export const f32Maximum: Subroutine = extreme('max', SINGLE, f32Max);
export const f64Minimum: Subroutine = extreme('min', DOUBLE, f64Min);
export const f64Maximum: Subroutine = extreme('max', DOUBLE, f64Max);

/**
 * For each predicate of CMPPS, from 0 up, four bits: whether it holds for greater (bit 0), less, equal, unordered. EQ, LT, LE, UNORD, NEQ,
 * NLT, NLE, ORD. [SDM 2A, "CMPPD", Table 3-1]
 */
const PREDICATES = 0x79db_8624;

/** (a, b, predicate: 32, MXCSR: 32) → (all ones or all zeros, exceptions: 32). Of the predicate, bits 0–2 count. */
function predicate(precision: Precision, compare: Subroutine): Subroutine {
  const { width } = precision;
  const results: readonly BitWidth[] = [width, 32];
  return {
    name: `${compare.name}-predicate`,
    parameters: [width, width, 32, 32],
    results,
    body: (x, a, b, which, mxcsr) => {
      const d = new Words(x, 32);
      // LT, LE and their opposites take quiet NaNs for invalid: 01 and 10 in the low bits.
      const signaling = d.and(d.xor(which!, d.shr(which!, 1)), 1);
      const [relation, exceptions] = x.call(compare, a!, b!, signaling, mxcsr!) as [typeof a, typeof a];
      const column = d.or(d.and(relation!, 1), d.and(d.shr(relation!, 5), 2));
      const place = d.add(d.shl(d.and(which!, 7), 2), column);
      const mask = d.sub(0, d.and(d.shr(PREDICATES, place), 1));
      return [width === 64 ? x.bind(x.signExtend(mask, 32, 64)) : mask, exceptions!];
    },
  };
}

export const f32Predicate: Subroutine = predicate(SINGLE, f32Order);
export const f64Predicate: Subroutine = predicate(DOUBLE, f64Order);
