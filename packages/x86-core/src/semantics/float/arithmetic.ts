/**
 * Add, subtract, multiply, divide and square root in every format, whatever the operands and the control word are: special operands [SDM 1 §8.5.1.2, §11.5.2.1; SDM 2A, the tables of FADD,
 * FSUB, FMUL, FDIV, FSQRT], then the arithmetic on finite numbers, then rounding.
 */
import type { BitWidth, Language, Operand, Subroutine } from '../language.ts';
import { BEFORE_COMPUTING, EXCEPTION, EXCEPTIONS, ROUNDING, ROUNDING_CONTROL, WIDENED_DENORMAL } from './control.ts';
import { addFinite, divideFinite, type Exact, type Finite, multiplyFinite, squareRootFinite } from './core.ts';
import { EXTENDED, type Format, Held, type Unpacked } from './format.ts';
import { both, either, negation, Words } from './words.ts';

export type Operation = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';

/** What the special operands give: at most one holds; none: compute. Truth values. */
interface Special<V> {
  readonly invalid: V;
  readonly zeroDivide: V;
  readonly infinity: V;
  readonly zero: V;
  /** Sign of an infinity or zero. */
  readonly sign: V;
}

/** Results of add for infinities and zeros; of one zero and another number the sum is computed below. */
function specialSum<V>(x: Language<V>, a: Unpacked<V>, b: Unpacked<V>, control: V): Special<V> {
  const d = new Words(x, 32);
  const opposed = d.ne(a.sign, b.sign);
  const down = d.truth(d.eq(d.and(control, ROUNDING_CONTROL), ROUNDING.down));
  return {
    invalid: both(x, a.infinite, b.infinite, opposed),
    zeroDivide: x.constant(0, 8),
    infinity: either(x, a.infinite, b.infinite),
    zero: both(x, a.zero, b.zero),
    sign: d.select(either(x, a.infinite, b.infinite), d.select(a.infinite, a.sign, b.sign), d.select(opposed, down, a.sign)),
  };
}

function specialProduct<V>(x: Language<V>, a: Unpacked<V>, b: Unpacked<V>): Special<V> {
  return {
    invalid: either(x, both(x, a.infinite, b.zero), both(x, a.zero, b.infinite)),
    zeroDivide: x.constant(0, 8),
    infinity: either(x, a.infinite, b.infinite),
    zero: either(x, a.zero, b.zero),
    sign: new Words(x, 32).xor(a.sign, b.sign),
  };
}

function specialQuotient<V>(x: Language<V>, a: Unpacked<V>, b: Unpacked<V>): Special<V> {
  return {
    invalid: either(x, both(x, a.infinite, b.infinite), both(x, a.zero, b.zero)),
    zeroDivide: both(x, b.zero, negation(x, either(x, a.infinite, a.zero))),
    infinity: either(x, a.infinite, b.zero),
    zero: either(x, a.zero, b.infinite),
    sign: new Words(x, 32).xor(a.sign, b.sign),
  };
}

function specialRoot<V>(x: Language<V>, a: Unpacked<V>): Special<V> {
  const negative = new Words(x, 32).ne(a.sign, 0);
  return {
    invalid: both(x, negative, negation(x, a.zero)),
    zeroDivide: x.constant(0, 8),
    infinity: a.infinite,
    zero: a.zero,
    sign: a.sign,
  };
}

/** a or b, one of them zero, as a sum that `addFinite` would give. */
function sumWithZero<V>(x: Language<V>, a: Unpacked<V>, b: Unpacked<V>): Exact<V> {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  return {
    sign: d.select(a.zero, b.sign, a.sign),
    exponent: d.select(a.zero, b.exponent, a.exponent),
    significand: q.select(a.zero, b.significand, a.significand),
    low: q.constant(0),
  };
}

/** Sign, exponent, significand and low of a result before rounding, kept in variables. */
class HeldExact<V> {
  readonly #x: Language<V>;
  readonly #sign: Operand<V>;
  readonly #exponent: Operand<V>;
  readonly #significand: Operand<V>;
  readonly #low: Operand<V>;

  constructor(x: Language<V>) {
    this.#x = x;
    this.#sign = x.variable(x.constant(0, 32), 32);
    this.#exponent = x.variable(x.constant(0, 32), 32);
    this.#significand = x.variable(x.constant(0, 64), 64);
    this.#low = x.variable(x.constant(0, 64), 64);
  }

  write(exact: Exact<V>): void {
    this.#sign.write(exact.sign);
    this.#exponent.write(exact.exponent);
    this.#significand.write(exact.significand);
    this.#low.write(exact.low);
  }

  /** Rounds into `result` and adds to `exceptions`. */
  pack(format: Format, control: V, result: Held<V>, exceptions: Operand<V>): void {
    const x = this.#x;
    const d = new Words(x, 32);
    const packed = x.call(format.pack, this.#sign.read(), this.#exponent.read(), this.#significand.read(), this.#low.read(), control);
    result.write(packed);
    exceptions.write(d.or(exceptions.read(), packed[format.widths.length] as V));
  }

  get isZero(): V {
    return new Words(this.#x, 64).eq(this.#significand.read(), 0);
  }
}

const compute = <V>(x: Language<V>, operation: Operation, a: Finite<V>, b: Finite<V>): Exact<V> => {
  switch (operation) {
    case 'add':
    case 'sub':
      return addFinite(x, a, b);
    case 'mul':
      return multiplyFinite(x, a, b);
    case 'div':
      return divideFinite(x, a, b);
    case 'sqrt':
      return squareRootFinite(x, a);
  }
};

const special = <V>(x: Language<V>, operation: Operation, a: Unpacked<V>, b: Unpacked<V>, control: V): Special<V> => {
  switch (operation) {
    case 'add':
    case 'sub':
      return specialSum(x, a, b, control);
    case 'mul':
      return specialProduct(x, a, b);
    case 'div':
      return specialQuotient(x, a, b);
    case 'sqrt':
      return specialRoot(x, a);
  }
};

/** Result and exceptions of an operation, whatever the operands are. */
function general<V>(x: Language<V>, format: Format, operation: Operation, aBits: readonly V[], bBits: readonly V[], word: V): V[] {
  const d = new Words(x, 32);
  const result = new Held(x, format);
  const exceptions = d.variable(0);
  const control = format.control(x, word);
  const a = format.unpack(x, aBits, word);
  const unary = operation === 'sqrt';
  const plainB = unary ? a : format.unpack(x, bBits, word);
  const b = operation === 'sub' ? { ...plainB, sign: d.xor(plainB.sign, 1) } : plainB;
  const invalid = (): void => {
    exceptions.write(d.constant(EXCEPTION.invalid));
    result.write(format.indefinite(x));
  };

  const finish = (s: Special<V>): void => {
    const widened = d.shr(d.and(word, WIDENED_DENORMAL), 16);
    const denormal = either(x, a.denormal, b.denormal);
    exceptions.write(format === EXTENDED ? d.or(d.truth(denormal, 1), widened) : d.truth(denormal, 1));
    x.when(s.zeroDivide, () => exceptions.write(d.constant(EXCEPTION.zeroDivide)));
    x.when(
      s.infinity,
      () => result.write(format.infinity(x, s.sign)),
      () =>
        x.when(
          s.zero,
          () => result.write(format.zero(x, s.sign)),
          () => {
            const unmasked = d.and(exceptions.read(), d.not(control));
            // An unmasked exception found so far ends the matter: nothing is rounded.
            x.when(
              d.eq(d.and(unmasked, BEFORE_COMPUTING), 0),
              () => finite(),
              () => result.write(format.zero(x, s.sign)),
            );
          },
        ),
    );
  };
  const finite = (): void => {
    const exact = new HeldExact(x);
    const down = d.truth(d.eq(d.and(control, ROUNDING_CONTROL), ROUNDING.down));
    if (operation === 'add' || operation === 'sub') {
      x.when(
        either(x, a.zero, b.zero),
        () => exact.write(sumWithZero(x, a, b)),
        () => exact.write(compute(x, operation, a, b)),
      );
    } else exact.write(compute(x, operation, a, b));
    x.when(
      exact.isZero,
      () => result.write(format.zero(x, down)),
      () => exact.pack(format, control, result, exceptions),
    );
  };

  x.when(either(x, a.unsupported, b.unsupported), invalid, () => {
    x.when(
      either(x, a.nan, b.nan),
      () => {
        const signaling = either(x, a.signaling, b.signaling);
        exceptions.write(d.select(signaling, EXCEPTION.invalid, 0));
        result.write(unary ? format.quiet(x, aBits) : format.chooseNan(x, aBits, bBits, a, b));
      },
      () => {
        const s = special(x, operation, a, b, control);
        x.when(s.invalid, invalid, () => finish(s));
      },
    );
  });
  return [...result.read(), format === EXTENDED ? exceptions.read() : d.and(exceptions.read(), EXCEPTIONS)];
}

/** What the operands of an operation are, taken from the parameters of its subroutine. */
export function takeApart<V>(format: Format, operation: Operation, values: readonly V[]): { a: V[]; b: V[]; word: V } {
  const n = format.widths.length;
  const a = values.slice(0, n);
  return { a, b: operation === 'sqrt' ? a : values.slice(n, 2 * n), word: values[operation === 'sqrt' ? n : 2 * n] as V };
}

/** Parameters of the subroutine of an operation. */
export function parametersOf(format: Format, operation: Operation): readonly BitWidth[] {
  return operation === 'sqrt' ? [...format.widths, 32] : [...format.widths, ...format.widths, 32];
}

/** (a, b, control word or MXCSR) → (result, exceptions) of an operation on anything; of the square root: (a, …). */
export function generally(format: Format, operation: Operation): Subroutine {
  return {
    name: `${format.name}-${operation}-generally`,
    parameters: parametersOf(format, operation),
    results: [...format.widths, 32],
    body: (x, ...values) => {
      const { a, b, word } = takeApart(format, operation, values);
      return general(x, format, operation, a, b, word);
    },
  };
}
