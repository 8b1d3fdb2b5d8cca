/**
 * The computing words of `Language` at one width, for arithmetic that says the same width again and again: numbers stand for constants of
 * that width, and every result is bound, so that it may be used twice.
 */
import type { BitWidth, Language, Operand, Subroutine } from '../language.ts';

export class Words<V> {
  readonly x: Language<V>;
  readonly width: BitWidth;

  constructor(x: Language<V>, width: BitWidth) {
    this.x = x;
    this.width = width;
  }

  /** A constant of this width. */
  constant(value: bigint | number): V {
    return this.x.constant(value, this.width);
  }
  add(a: V | number, b: V | number): V {
    return this.x.bind(this.x.add(this.#value(a), this.#value(b), this.width));
  }
  sub(a: V | number, b: V | number): V {
    return this.x.bind(this.x.sub(this.#value(a), this.#value(b), this.width));
  }
  mul(a: V | number, b: V | number): V {
    return this.x.bind(this.x.mul(this.#value(a), this.#value(b), this.width));
  }
  /** The high half of the double-width product. */
  mulHigh(a: V | number, b: V | number): V {
    return this.x.bind(this.x.mulHighUnsigned(this.#value(a), this.#value(b), this.width));
  }
  div(a: V | number, b: V | number): V {
    return this.x.bind(this.x.divUnsigned(this.#value(a), this.#value(b), this.width));
  }
  and(a: V | number, b: V | number): V {
    return this.x.bind(this.x.and(this.#value(a), this.#value(b), this.width));
  }
  or(a: V | number, b: V | number): V {
    return this.x.bind(this.x.or(this.#value(a), this.#value(b), this.width));
  }
  xor(a: V | number, b: V | number): V {
    return this.x.bind(this.x.xor(this.#value(a), this.#value(b), this.width));
  }
  not(a: V | number): V {
    return this.x.bind(this.x.not(this.#value(a), this.width));
  }
  /** Counts as in `Language`: of this width and below it. */
  shl(a: V | number, count: V | number): V {
    return this.x.bind(this.x.shl(this.#value(a), this.#value(count), this.width));
  }
  shr(a: V | number, count: V | number): V {
    return this.x.bind(this.x.shr(this.#value(a), this.#value(count), this.width));
  }
  sar(a: V | number, count: V | number): V {
    return this.x.bind(this.x.sar(this.#value(a), this.#value(count), this.width));
  }
  clz(a: V): V {
    return this.x.bind(this.x.clz(a, this.width));
  }
  eq(a: V | number, b: V | number): V {
    return this.x.bind(this.x.eq(this.#value(a), this.#value(b), this.width));
  }
  ne(a: V | number, b: V | number): V {
    return this.x.bind(this.x.ne(this.#value(a), this.#value(b), this.width));
  }
  /** Unsigned. */
  below(a: V | number, b: V | number): V {
    return this.x.bind(this.x.ltUnsigned(this.#value(a), this.#value(b), this.width));
  }
  /** Signed. */
  less(a: V | number, b: V | number): V {
    return this.x.bind(this.x.ltSigned(this.#value(a), this.#value(b), this.width));
  }
  select(condition: V, then: V | number, otherwise: V | number): V {
    return this.x.bind(this.x.select(condition, this.#value(then), this.#value(otherwise), this.width));
  }
  /** A truth value as 0 or 1 of this width, moved up by `places`. */
  truth(value: V, places = 0): V {
    const wide = this.width === 8 ? value : this.x.zeroExtend(value, 8, this.width);
    return this.x.bind(places === 0 ? wide : this.x.shl(wide, this.#value(places), this.width));
  }
  variable(initial: V | number): Operand<V> {
    return this.x.variable(this.#value(initial), this.width);
  }

  #value(value: V | number): V {
    return typeof value === 'number' ? this.x.constant(value, this.width) : value;
  }
}

/** AND of truth values. */
export function both<V>(x: Language<V>, a: V, ...more: V[]): V {
  return more.reduce((all, next) => x.bind(x.and(all, next, 8)), a);
}

/** OR of truth values. */
export function either<V>(x: Language<V>, a: V, ...more: V[]): V {
  return more.reduce((all, next) => x.bind(x.or(all, next, 8)), a);
}

/** NOT of a truth value. */
export function negation<V>(x: Language<V>, a: V): V {
  return x.bind(x.eq(a, x.constant(0, 8), 8));
}

/** Calls a subroutine, whose results are to be taken apart (there are as many as it says). */
export function invoke<V>(x: Language<V>, subroutine: Subroutine, ...values: V[]): readonly [V, V, V, V, V, V] {
  return x.call(subroutine, ...values) as unknown as readonly [V, V, V, V, V, V];
}
