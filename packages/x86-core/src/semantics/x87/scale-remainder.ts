/**
 * Exponents and remainders: FXTRACT, FSCALE, FPREM, FPREM1. [SDM 2A, "FPREM", "FPREM1", "FSCALE", "FXTRACT"] Precision control does not
 * concern them.
 */
import { BEFORE_COMPUTING, EXCEPTION, PRECISION_CONTROL } from '../float/control.ts';
import { divideWide, EXTENDED_BIAS } from '../float/core.ts';
import { EXTENDED, Held, type Unpacked } from '../float/format.ts';
import { i64ToF80 } from '../float/index.ts';
import { packExtended } from '../float/round.ts';
import { both, either, invoke, negation, Words } from '../float/words.ts';
import { type Instruction, nullary } from '../instruction.ts';
import type { Language, Operand, Subroutine } from '../language.ts';
import { Fpu, FSW, STACK_OVERFLOW, STACK_UNDERFLOW } from './fpu.ts';

/** Result and exceptions of an operation on two registers, after what NaNs and unsupported numbers make of it. */
class Binary<V> {
  readonly x: Language<V>;
  readonly d: Words<V>;
  readonly a: Unpacked<V>;
  readonly b: Unpacked<V>;
  readonly result: Held<V>;
  readonly exceptions: Operand<V>;
  readonly control: V;
  readonly #aBits: readonly V[];
  readonly #bBits: readonly V[];

  constructor(x: Language<V>, aBits: readonly V[], bBits: readonly V[], control: V) {
    this.x = x;
    this.d = new Words(x, 32);
    this.#aBits = aBits;
    this.#bBits = bBits;
    this.a = EXTENDED.unpack(x, aBits, control);
    this.b = EXTENDED.unpack(x, bBits, control);
    this.result = new Held(x, EXTENDED);
    this.result.write(aBits);
    this.exceptions = this.d.variable(0);
    this.control = this.d.or(control, PRECISION_CONTROL);
  }

  invalid(): void {
    this.result.write(EXTENDED.indefinite(this.x));
    this.exceptions.write(this.d.constant(EXCEPTION.invalid));
  }

  /** `proper` for two numbers, unless an unmasked denormal operand ends it; it finds a denormal operand recorded. */
  numbers(invalid: V, proper: () => void): void {
    const { x, d, a, b } = this;
    const nan = (): void => {
      this.result.write(EXTENDED.chooseNan(x, this.#aBits, this.#bBits, a, b));
      this.exceptions.write(d.truth(either(x, a.signaling, b.signaling)));
    };
    const both = (): void => {
      this.exceptions.write(d.truth(either(x, a.denormal, b.denormal), 1));
      const stop = d.and(d.and(this.exceptions.read(), d.not(this.control)), BEFORE_COMPUTING);
      x.when(d.eq(stop, 0), proper);
    };
    x.when(
      either(x, a.unsupported, b.unsupported),
      () => this.invalid(),
      () => x.when(either(x, a.nan, b.nan), nan, () => x.when(invalid, () => this.invalid(), both)),
    );
  }

  pack(sign: V, exponent: V, significand: V): void {
    const { x, d } = this;
    const packed = invoke(x, packExtended, sign, exponent, significand, x.constant(0, 64), this.control);
    this.result.write(packed.slice(0, 2));
    this.exceptions.write(d.or(this.exceptions.read(), packed[2]));
  }
}

/** FSCALE: a × 2^(b cut to an integer). → (result, exceptions) */
const f80Scale: Subroutine = {
  name: 'f80Scale',
  parameters: [64, 32, 64, 32, 32],
  results: [64, 32, 32],
  body: (x, aSignificand, aTop, bSignificand, bTop, control) => {
    const n = new Binary(x, [aSignificand, aTop], [bSignificand, bTop], control);
    const { d, a, b } = n;
    const q = new Words(x, 64);
    const up = d.eq(b.sign, 0);
    const byte = new Words(x, 8);
    // 0 × 2^∞ and ∞ × 2^−∞.
    const invalid = both(x, b.infinite, byte.select(up, a.zero, a.infinite));
    n.numbers(invalid, () => {
      const finite = (): void => {
        const places = d.sub(EXTENDED_BIAS + 63, b.exponent);
        // From 2^16 on any scale is as good as any other.
        const large = d.less(places, 63 - 16);
        const shift = d.select(d.less(63, places), 63, d.select(large, 47, places));
        const whole = x.bind(x.truncate(q.shr(b.significand, x.bind(x.zeroExtend(shift, 32, 64))), 64, 32));
        const magnitude = d.select(either(x, b.zero, d.less(63, places)), 0, d.select(large, 0x1_0000, whole));
        n.pack(a.sign, d.add(a.exponent, d.select(up, magnitude, d.sub(0, magnitude))), a.significand);
      };
      const stays = either(x, a.zero, a.infinite);
      const infinite = (): void => {
        n.result.write(EXTENDED.zero(x, a.sign));
        x.when(up, () => n.result.write(EXTENDED.infinity(x, a.sign)));
      };
      x.when(negation(x, stays), () => x.when(b.infinite, infinite, finite));
    });
    return [...n.result.read(), n.exceptions.read()];
  },
};

/** Beside a condition code: it is one. */
const COMPUTED = 1;

/** Quotient bits 2, 1, 0 as C0, C3, C1. */
function quotientCode<V>(x: Language<V>, quotient: V): V {
  const d = new Words(x, 32);
  const low = x.bind(x.truncate(quotient, 64, 32));
  const bit = (from: number, to: number): V => d.shl(d.and(d.shr(low, from), 1), to);
  return d.or(d.or(bit(2, 8), bit(1, 14)), bit(0, 9));
}

/**
 * a − b × Q, where Q is a ÷ b cut to an integer, or rounded to the nearest. If the exponents are 64 or more apart, as much as one division
 * of 128 by 64 bits can do, and C2. → (result, exceptions, condition code, with bit 0 set if there is one)
 */
const remainder = (name: string, nearest: boolean): Subroutine => ({
  name,
  parameters: [64, 32, 64, 32, 32],
  results: [64, 32, 32, 32],
  body: (x, aSignificand, aTop, bSignificand, bTop, control) => {
    const n = new Binary(x, [aSignificand, aTop], [bSignificand, bTop], control);
    const { d, a, b } = n;
    const q = new Words(x, 64);
    const code = d.variable(0);
    n.numbers(either(x, a.infinite, b.zero), () => {
      const distance = d.sub(a.exponent, b.exponent);
      const significand = q.variable(a.significand);
      const exponent = d.variable(a.exponent);
      const sign = d.variable(a.sign);
      const quotient = q.variable(0);
      const minus = (from: V, takeOne: V): void => {
        x.when(takeOne, () => {
          significand.write(q.sub(from, significand.read()));
          sign.write(d.xor(a.sign, 1));
          quotient.write(q.add(quotient.read(), 1));
        });
      };
      type V = typeof aTop;
      const divide = (): void => {
        const partial = d.less(63, distance);
        const shift = x.bind(x.zeroExtend(d.select(partial, 63, distance), 32, 64));
        const high = q.shr(q.shr(a.significand, 1), q.xor(shift, 63));
        const divided = divideWide(x, high, q.shl(a.significand, shift), b.significand);
        significand.write(divided.remainder);
        exponent.write(d.select(partial, d.sub(a.exponent, 63), b.exponent));
        quotient.write(q.select(partial, 0, divided.quotient));
        code.write(d.or(d.truth(partial, 10), COMPUTED));
        if (nearest) {
          const rest = q.sub(b.significand, divided.remainder);
          const tie = both(x, q.eq(rest, divided.remainder), q.ne(q.and(divided.quotient, 1), 0));
          minus(b.significand, both(x, negation(x, partial), either(x, q.below(rest, divided.remainder), tie)));
        }
      };
      const small = (): void => {
        // a < b. Above b ÷ 2 (only if the exponents are neighbours) the nearest quotient is 1.
        if (nearest) minus(q.shl(b.significand, 1), both(x, d.eq(distance, -1), q.below(b.significand, a.significand)));
      };
      code.write(d.constant(COMPUTED));
      x.when(negation(x, either(x, a.zero, b.infinite)), () => {
        x.when(d.less(distance, 0), small, divide);
        code.write(d.or(code.read(), quotientCode(x, quotient.read())));
        const left = significand.read();
        const zeros = q.clz(left);
        x.when(
          q.eq(left, 0),
          () => n.result.write(EXTENDED.zero(x, a.sign)),
          () => n.pack(sign.read(), d.sub(exponent.read(), x.bind(x.truncate(zeros, 64, 32))), q.shl(left, q.and(zeros, 63))),
        );
      });
    });
    return [...n.result.read(), n.exceptions.read(), code.read()];
  },
});

const f80Remainder: Subroutine = remainder('f80Remainder', false);
const f80RemainderNearest: Subroutine = remainder('f80RemainderNearest', true);

/** ST(0) ← f(ST(0), ST(1)); `subroutine` may give a condition code. */
const onTopTwo = (mnemonic: string, subroutine: Subroutine): Instruction =>
  nullary(mnemonic, (x) => {
    const fpu = Fpu.waiting(x);
    const { d, q } = fpu;
    const own = fpu.slot(0);
    const next = fpu.slot(1);
    const indefinite = fpu.indefinite();
    const significand = q.variable(indefinite.significand);
    const top = d.variable(indefinite.top);
    const exceptions = d.variable(STACK_UNDERFLOW);
    const code = d.variable(0);
    const tells = subroutine.results.length > 3;
    x.when(fpu.areOccupied(own, next), () => {
      const a = fpu.read(own);
      const b = fpu.read(next);
      const [s, t, e, c] = invoke(x, subroutine, a.significand, a.top, b.significand, b.top, fpu.control);
      significand.write(s);
      top.write(t);
      exceptions.write(e);
      // C1 is of the quotient, not of rounding.
      if (tells) {
        exceptions.write(d.and(e, ~FSW.c1));
        code.write(c);
      }
    });
    // Without a quotient C0 and C3 stay.
    const old = d.and(x.bind(x.zeroExtend(x.field('fsw').read(), 16, 32)), FSW.c0 | FSW.c3);
    const told = d.and(d.select(d.eq(d.and(code.read(), COMPUTED), 0), old, code.read()), ~COMPUTED);
    x.when(fpu.settle(exceptions.read(), tells ? told : undefined), () => {
      fpu.write(own, { significand: significand.read(), top: top.read() });
    });
  });

export const FSCALE: Instruction = onTopTwo('FSCALE', f80Scale);
export const FPREM: Instruction = onTopTwo('FPREM', f80Remainder);
export const FPREM1: Instruction = onTopTwo('FPREM1', f80RemainderNearest);

/** Exponent and significand of a number. → (exponent as a number: 64, 32, significand as a number: 64, 32, exceptions) */
const f80Extract: Subroutine = {
  name: 'f80Extract',
  parameters: [64, 32],
  results: [64, 32, 64, 32, 32],
  body: (x, significand, top) => {
    const d = new Words(x, 32);
    const u = EXTENDED.unpack(x, [significand, top], top);
    const exponent = new Held(x, EXTENDED);
    const fraction = new Held(x, EXTENDED);
    const exceptions = d.variable(0);
    const same = (bits: readonly (typeof top)[], raised: typeof top): void => {
      exponent.write(bits);
      fraction.write(bits);
      exceptions.write(raised);
    };
    const finite = (): void => {
      exponent.write(x.call(i64ToF80, x.bind(x.signExtend(d.sub(u.exponent, EXTENDED_BIAS), 32, 64))));
      fraction.write([u.significand, d.or(d.shl(u.sign, 15), EXTENDED_BIAS)]);
      exceptions.write(d.truth(u.denormal, 1));
    };
    const special = (): void => {
      // Zero: −∞ and a division by zero; infinity: +∞.
      exponent.write(EXTENDED.infinity(x, d.truth(u.zero)));
      fraction.write([significand, top]);
      exceptions.write(d.truth(u.zero, 2));
    };
    x.when(
      u.unsupported,
      () => same(EXTENDED.indefinite(x), d.constant(EXCEPTION.invalid)),
      () =>
        x.when(
          u.nan,
          () => same(EXTENDED.quiet(x, [significand, top]), d.truth(u.signaling)),
          () => x.when(either(x, u.zero, u.infinite), special, finite),
        ),
    );
    return [...exponent.read(), ...fraction.read(), exceptions.read()];
  },
};

/** FXTRACT: ST(0) becomes the exponent, the significand is pushed. */
export const FXTRACT: Instruction = nullary('FXTRACT', (x) => {
  const fpu = Fpu.waiting(x);
  const { d } = fpu;
  const own = fpu.slot(0);
  const next = fpu.slot(-1);
  const empty = fpu.isEmpty(own);
  const full = fpu.isOccupied(next);
  const { significand, top } = fpu.read(own);
  const exponent = new Held(x, EXTENDED);
  const fraction = new Held(x, EXTENDED);
  exponent.write(EXTENDED.indefinite(x));
  fraction.write(EXTENDED.indefinite(x));
  const exceptions = d.variable(d.select(empty, STACK_UNDERFLOW, STACK_OVERFLOW));
  x.when(negation(x, either(x, empty, full)), () => {
    const [es, et, fs, ft, raised] = invoke(x, f80Extract, significand, top);
    exponent.write([es, et]);
    fraction.write([fs, ft]);
    exceptions.write(raised);
  });
  x.when(fpu.settle(exceptions.read()), () => {
    const [es, et] = exponent.read() as [typeof top, typeof top];
    const [fs, ft] = fraction.read() as [typeof top, typeof top];
    fpu.write(own, { significand: es, top: et });
    fpu.write(next, { significand: fs, top: ft });
    fpu.moveTop(next);
  });
});
