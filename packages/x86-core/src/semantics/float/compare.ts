/**
 * Comparisons, minimum and maximum. [SDM 2A, "COMISS", "CMPPS", "FCOM/FCOMP/FCOMPP"; SDM 2B, "MAXPS", "MINPS"] A relation is given as the
 * FLAGS image of COMISS; shifted left by 8 it is the condition code of the x87.
 */
import type { Language, Subroutine } from '../language.ts';
import { EXCEPTION, WIDENED_DENORMAL } from './control.ts';
import { DOUBLE_FORMAT, EXTENDED, type Format, SINGLE_FORMAT, type Unpacked } from './format.ts';
import { both, either, negation, Words } from './words.ts';

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

/** Whether the bits are a normal number or zero. */
function isPlain<V>(x: Language<V>, format: Format, bits: readonly V[]): V {
  const [own, top] = bits as [V, V];
  const w = new Words(x, format.widths[0]!);
  const zero = format === EXTENDED ? both(x, w.eq(own, 0), isZeroField(x, top)) : w.eq(w.shl(own, 1), 0);
  return either(x, format.isNormal(x, bits), zero);
}

const isZeroField = <V>(x: Language<V>, top: V): V => {
  const d = new Words(x, 32);
  return d.eq(d.and(top, 0x7fff), 0);
};

/** The relation of two numbers that are normal or zero: their bits are ordered as they are. */
function relatePlain<V>(x: Language<V>, format: Format, a: readonly V[], b: readonly V[]): V {
  const d = new Words(x, 32);
  const w = new Words(x, format.widths[0]!);
  const byte = new Words(x, 8);
  const magnitude = (bits: readonly V[]): V => (format === EXTENDED ? bits[0]! : w.shl(bits[0]!, 1));
  const field = (bits: readonly V[]): V => d.and(bits[1]!, 0x7fff);
  const [ma, mb] = [magnitude(a), magnitude(b)];
  let smaller = w.below(ma, mb);
  let same = w.eq(ma, mb);
  let zero = w.eq(w.or(ma, mb), 0);
  if (format === EXTENDED) {
    const [fa, fb] = [field(a), field(b)];
    const sameField = d.eq(fa, fb);
    smaller = either(x, d.below(fa, fb), both(x, sameField, smaller));
    same = both(x, same, sameField);
    zero = both(x, zero, same);
  }
  const negative = (bits: readonly V[]): V => (format === EXTENDED ? d.ne(d.shr(bits[1]!, 15), 0) : w.less(bits[0]!, 0));
  const [na, nb] = [negative(a), negative(b)];
  const sameSign = byte.eq(na, nb);
  // Of two negative numbers the larger magnitude is less.
  const less = byte.select(sameSign, both(x, byte.xor(smaller, na), negation(x, same)), na);
  const equal = either(x, both(x, same, sameSign), zero);
  return d.select(equal, RELATION.equal, d.select(less, RELATION.less, RELATION.greater));
}

function comparison(format: Format): Subroutine {
  const n = format.widths.length;
  return {
    name: `${format.name}-compare`,
    parameters: [...format.widths, ...format.widths, 32, 32],
    results: [32, 32],
    body: (x, ...values) => {
      const d = new Words(x, 32);
      const [a, b] = [values.slice(0, n), values.slice(n, 2 * n)];
      const word = values[2 * n + 1]!;
      const out = d.variable(0);
      const exceptions = d.variable(0);
      const noneWidened = format === EXTENDED ? d.eq(d.and(word, WIDENED_DENORMAL), 0) : x.constant(1, 8);
      x.when(
        both(x, isPlain(x, format, a), isPlain(x, format, b), noneWidened),
        () => out.write(relatePlain(x, format, a, b)),
        () => {
          const compared = compareIn(x, format, a, b, d.ne(values[2 * n]!, 0), word);
          out.write(compared.relation);
          exceptions.write(compared.exceptions);
        },
      );
      return [out.read(), exceptions.read()];
    },
  };
}

/** (a: 64, 32, b: 64, 32, signaling: 32, control word: 32) → (relation: 32, exceptions: 32). */
export const f80Compare: Subroutine = comparison(EXTENDED);
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
