/**
 * Add, subtract, multiply, divide and square root of numbers of 32 and 64 bits: by the host where it is right (host-arithmetic.ts) and it is
 * plain whether the result is exact; all else goes to the general arithmetic. [SDM 1 §11.5]
 */
import type { Language, Subroutine } from '../language.ts';
import { generally, type Operation, parametersOf, takeApart } from './arithmetic.ts';
import { EXCEPTION } from './control.ts';
import { DOUBLE_FORMAT, type Format, SINGLE_FORMAT } from './format.ts';
import { whenHostIsRight } from './host-arithmetic.ts';
import { DOUBLE, type NarrowFormat, SINGLE } from './round.ts';
import { both, either, Words } from './words.ts';

/** Stands for exceptions that are not known yet. */
const UNKNOWN = -1;

/** The bits without the sign, moved up by one place. */
const magnitudeOf = <V>(w: Words<V>, value: V): V => w.shl(value, 1);

/** What a + b, rounded to `sum`, has lost, exactly: zero if nothing. [Knuth, TAOCP 2, 4.2.2, Theorem B] */
function lostBySum<V>(x: Language<V>, width: 32 | 64, a: V, b: V, sum: V): V {
  const minus = (p: V, q: V): V => x.bind(x.float('sub', p, q, width));
  const virtual = minus(sum, a);
  return x.bind(x.float('add', minus(a, minus(sum, virtual)), minus(b, virtual), width));
}

/** Whether the product of two normal numbers is surely exact: zeros at the ends of both leave room for it. A truth value. */
function productFits<V>(x: Language<V>, f: NarrowFormat, a: V, b: V): V {
  const w = new Words(x, f.width);
  const zeros = (value: V): V => x.bind(x.ctz(w.or(value, w.constant(1n << BigInt(f.fractionBits))), f.width));
  return w.below(f.fractionBits, w.add(zeros(a), zeros(b)));
}

/** The precision exception of a right `result`: 20h or 0, or UNKNOWN where that takes more than a look. */
function inexactness<V>(x: Language<V>, f: NarrowFormat, operation: Operation, a: V, b: V, result: V): V {
  const w = new Words(x, f.width);
  const d = new Words(x, 32);
  const sum = (addend: V): V => {
    const lost = lostBySum(x, f.width, a, addend, result);
    return d.select(w.eq(magnitudeOf(w, lost), 0), 0, EXCEPTION.precision);
  };
  const unlessExact = (exact: V): V => d.select(either(x, exact, w.eq(magnitudeOf(w, result), 0)), 0, UNKNOWN);
  const isProduct = (p: V, q: V, product: V): V => both(x, productFits(x, f, p, q), w.eq(x.bind(x.float('mul', p, q, f.width)), product));
  switch (operation) {
    case 'add':
      return sum(b);
    case 'sub':
      return sum(w.xor(b, w.constant(1n << BigInt(f.width - 1))));
    case 'mul':
      return unlessExact(productFits(x, f, a, b));
    case 'div':
      return unlessExact(isProduct(result, b, a));
    case 'sqrt':
      return unlessExact(isProduct(result, result, a));
  }
}

/** (a, b, MXCSR) → (result, exceptions); of one operand: (a, MXCSR). A precision exception that MXCSR has already is not told again. */
function narrowOperation(format: Format, f: NarrowFormat, operation: Operation): Subroutine {
  const general = generally(format, operation);
  return {
    name: `${format.name}-${operation}`,
    parameters: parametersOf(format, operation),
    results: [f.width, 32],
    body: (x, ...values) => {
      const d = new Words(x, 32);
      const { a: bitsA, b: bitsB, word: mxcsr } = takeApart(format, operation, values);
      const [a, b] = [bitsA[0]!, bitsB[0]!];
      const computed = x.bind(x.float(operation, a, b, f.width));
      const result = new Words(x, f.width).variable(computed);
      const exceptions = d.variable(UNKNOWN);
      whenHostIsRight(x, operation, f.width, { a, b, result: computed, mxcsr }, false, () => {
        x.when(
          d.ne(d.and(mxcsr, EXCEPTION.precision), 0),
          () => exceptions.write(d.constant(0)),
          () => exceptions.write(inexactness(x, f, operation, a, b, computed)),
        );
      });
      x.when(d.eq(exceptions.read(), UNKNOWN), () => {
        const out = x.call(general, ...values);
        result.write(out[0]!);
        exceptions.write(out[1]!);
      });
      return [result.read(), exceptions.read()];
    },
  };
}

const single = (operation: Operation): Subroutine => narrowOperation(SINGLE_FORMAT, SINGLE, operation);
const double = (operation: Operation): Subroutine => narrowOperation(DOUBLE_FORMAT, DOUBLE, operation);

export const f32Add: Subroutine = single('add');
export const f32Sub: Subroutine = single('sub');
export const f32Mul: Subroutine = single('mul');
export const f32Div: Subroutine = single('div');
/** (a, MXCSR) → (result, exceptions). */
export const f32Sqrt: Subroutine = single('sqrt');
export const f64Add: Subroutine = double('add');
export const f64Sub: Subroutine = double('sub');
export const f64Mul: Subroutine = double('mul');
export const f64Div: Subroutine = double('div');
export const f64Sqrt: Subroutine = double('sqrt');
