/**
 * Comparisons, minimum and maximum. [SDM 2A, "COMISS", "CMPPS", "FCOM/FCOMP/FCOMPP"; SDM 2B, "MAXPS", "MINPS"] A relation is given as the
 * FLAGS image of COMISS; shifted left by 8 it is the condition code of the x87.
 */
import type { BitWidth, Language, Subroutine } from '../language.ts';
import { EXCEPTION, WIDENED_DENORMAL } from './control.ts';
import { DOUBLE_FORMAT, EXTENDED, type Format, SINGLE_FORMAT, type Unpacked } from './format.ts';
import { both, either, invoke, negation, Words } from './words.ts';

export const RELATION = { greater: 0, less: 1, equal: 0x40, unordered: 0x45 } as const;

/** a < b of numbers (not NaNs). */
function isLess<V>(x: Language<V>, a: Unpacked<V>, b: Unpacked<V>): V {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  // A magnitude as exponent and significand: zeros below, infinities above all that is finite.
  const exponent = (u: Unpacked<V>): V => d.select(u.zero, -0x10000, d.select(u.infinite, 0x10000, u.exponent));
  const significand = (u: Unpacked<V>): V => q.select(either(x, u.zero, u.infinite), 0, u.significand);
  const [ea, eb, sa, sb] = [exponent(a), exponent(b), significand(a), significand(b)];
  const same = d.eq(ea, eb);
  const smaller = either(x, d.less(ea, eb), both(x, same, q.below(sa, sb)));
  const larger = either(x, d.less(eb, ea), both(x, same, q.below(sb, sa)));
  const negativeA = d.ne(a.sign, 0);
  const negativeB = d.ne(b.sign, 0);
  const zeros = both(x, a.zero, b.zero);
  const byte = new Words(x, 8);
  const ofOneSign = byte.select(negativeA, larger, smaller);
  return both(x, negation(x, zeros), byte.select(d.eq(a.sign, b.sign), ofOneSign, both(x, negativeA, negation(x, negativeB))));
}

interface Compared<V> {
  readonly relation: V;
  readonly exceptions: V;
}

/** `signaling`: truth value, whether quiet NaNs are invalid. */
function compareIn<V>(x: Language<V>, format: Format, a: readonly V[], b: readonly V[], signaling: V, word: V): Compared<V> {
  const d = new Words(x, 32);
  const ua = format.unpack(x, a, word);
  const ub = format.unpack(x, b, word);
  const unsupported = either(x, ua.unsupported, ub.unsupported);
  const nan = either(x, ua.nan, ub.nan);
  const unordered = either(x, unsupported, nan);
  const less = isLess(x, ua, ub);
  const more = isLess(x, ub, ua);
  const ordered = d.select(less, RELATION.less, d.select(more, RELATION.greater, RELATION.equal));
  const invalid = either(x, unsupported, ua.signaling, ub.signaling, both(x, nan, signaling));
  const widened = format === EXTENDED ? d.ne(d.and(word, WIDENED_DENORMAL), 0) : x.constant(0, 8);
  const denormal = both(x, negation(x, unordered), either(x, ua.denormal, ub.denormal, widened));
  return {
    relation: d.select(unordered, RELATION.unordered, ordered),
    exceptions: d.or(d.truth(invalid), d.truth(denormal, 1)),
  };
}

const parametersOf = (format: Format): readonly BitWidth[] => [...format.widths, ...format.widths, 32, 32];

function comparison(format: Format): Subroutine {
  const n = format.widths.length;
  return {
    name: `${format.name}-compare`,
    parameters: parametersOf(format),
    results: [32, 32],
    body: (x, ...values) => {
      const signaling = new Words(x, 32).ne(values[2 * n]!, 0);
      const { relation, exceptions } = compareIn(x, format, values.slice(0, n), values.slice(n, 2 * n), signaling, values[2 * n + 1]!);
      return [relation, exceptions];
    },
  };
}

const f80CompareGenerally: Subroutine = { ...comparison(EXTENDED), name: 'f80-compare-generally' };

/** Does `then` if a number of 80 bits is normal or zero. */
function whenPlain<V>(x: Language<V>, significand: V, top: V, then: () => void): void {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const field = d.and(top, 0x7fff);
  const normal = both(x, d.below(d.sub(field, 1), 0x7ffe), q.less(significand, 0));
  const zero = q.eq(q.or(significand, x.bind(x.zeroExtend(field, 32, 64))), 0);
  x.whenLikely(either(x, normal, zero), then);
}

/** (a: 64, 32, b: 64, 32, signaling: 32, control word: 32) → (relation: 32, exceptions: 32). Normal numbers and zeros at once. */
export const f80Compare: Subroutine = {
  name: 'f80-compare',
  parameters: parametersOf(EXTENDED),
  results: [32, 32],
  inPlace: true,
  body: (x, aSignificand, aTop, bSignificand, bTop, signaling, word) => {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const UNKNOWN = -1;
    const relation = d.variable(UNKNOWN);
    const exceptions = d.variable(0);
    // The encodings are ordered as the magnitudes are; of two negative numbers the larger magnitude is less.
    const bothNegative = () => d.shr(d.and(aTop, bTop), 15);
    const bySignificand = (): void => {
      const less = d.xor(d.truth(q.below(aSignificand, bSignificand)), bothNegative());
      relation.write(d.select(q.eq(aSignificand, bSignificand), RELATION.equal, less));
    };
    const byTop = (): void => {
      const less = d.xor(d.truth(x.bind(x.ltSigned(aTop, bTop, 16))), bothNegative());
      const zeros = q.eq(q.or(aSignificand, bSignificand), 0);
      relation.write(d.select(zeros, RELATION.equal, less));
    };
    x.whenLikely(d.eq(d.and(word, WIDENED_DENORMAL), 0), () =>
      whenPlain(x, aSignificand, aTop, () => whenPlain(x, bSignificand, bTop, () => x.when(d.eq(aTop, bTop), bySignificand, byTop))),
    );
    x.whenUnlikely(d.eq(relation.read(), UNKNOWN), () => {
      const [r, e] = invoke(x, f80CompareGenerally, aSignificand, aTop, bSignificand, bTop, signaling, word);
      relation.write(r);
      exceptions.write(e);
    });
    return [relation.read(), exceptions.read()];
  },
};
/** (a, b, signaling: 32, MXCSR: 32) → (relation: 32, exceptions: 32). */
export const f32Compare: Subroutine = comparison(SINGLE_FORMAT);
export const f64Compare: Subroutine = comparison(DOUBLE_FORMAT);

/** a if it is less (greater) than b, else b: so b if one is a NaN (which is invalid) or both are zeros. Denormals may be zeros. */
function extreme(format: Format, which: 'min' | 'max'): Subroutine {
  const width = format.widths[0]!;
  return {
    name: `${format.name}-${which}`,
    parameters: [width, width, 32],
    results: [width, 32],
    body: (x, a, b, mxcsr) => {
      const d = new Words(x, 32);
      const w = new Words(x, width);
      const { relation, exceptions } = compareIn(x, format, [a], [b], x.constant(1, 8), mxcsr);
      const first = d.eq(relation, which === 'min' ? RELATION.less : RELATION.greater);
      const flushed = (bits: typeof a): typeof a => {
        const u = format.unpack(x, [bits], mxcsr);
        return w.select(u.zero, format.zero(x, u.sign)[0]!, bits);
      };
      const chosen = w.select(first, a, b);
      return [flushed(chosen), d.and(exceptions, EXCEPTION.invalid | EXCEPTION.denormal)];
    },
  };
}

/** (a: DEST, b: SRC, MXCSR) → (result, exceptions). */
export const f32Min: Subroutine = extreme(SINGLE_FORMAT, 'min');
export const f32Max: Subroutine = extreme(SINGLE_FORMAT, 'max');
export const f64Min: Subroutine = extreme(DOUBLE_FORMAT, 'min');
export const f64Max: Subroutine = extreme(DOUBLE_FORMAT, 'max');
