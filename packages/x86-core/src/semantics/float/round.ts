/**
 * From exact results to formats: rounding, overflow, underflow. [SDM 1 §4.8.4, §4.9.1.4, §4.9.1.5, §8.5.4, §8.5.5] Tininess is found after
 * rounding. All take (sign, exponent, significand, low, control) and give the number, and with it the exceptions and ROUNDED_UP.
 *
 * An unmasked overflow or underflow gives a number of 80 bits with its exponent moved by 24576 into the middle of the range; for the
 * narrower formats the number is then meaningless and must not be stored.
 */
import type { Language, Subroutine } from '../language.ts';
import { EXCEPTION, FLUSH_TO_ZERO, PRECISION_CONTROL, ROUNDED_UP, ROUNDING, ROUNDING_CONTROL } from './control.ts';
import { EXTENDED_BIAS, type Exact, shiftRightSticky, topBit } from './core.ts';
import { both, either, invoke, negation, Words } from './words.ts';

/** Added to or taken from the exponent of an unmasked underflow or overflow. [SDM 1 §8.5.4] */
const EXPONENT_ADJUSTMENT = 24576;
const LARGEST_EXTENDED = 0x7ffe;

/** A significand cut to so many bits, in place, and what rounding it meant. */
interface Rounded<V> {
  readonly significand: V;
  /** The significand became 1.0 of the next exponent: it is 0 here. */
  readonly carry: V;
  readonly inexact: V;
  readonly up: V;
}

/**
 * Whether `rest` (the fraction behind the last place, 64 bits) rounds away from zero; `odd` is the last place. [SDM 1, Table 4-8]
 */
export function roundsUp<V>(x: Language<V>, rest: V, odd: V, sign: V, control: V): V {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const mode = d.and(control, ROUNDING_CONTROL);
  const nearest = q.below(q.sub(topBit(q), odd), rest);
  const away = both(x, q.ne(rest, 0), d.eq(mode, d.select(d.eq(sign, 0), ROUNDING.up, ROUNDING.down)));
  const byte = new Words(x, 8);
  return byte.select(d.eq(mode, 0), nearest, away);
}

/**
 * `value` and the fraction `low` behind it (64 bits each) to nearest even, with the exceptions: precision and ROUNDED_UP. The value
 * becomes 0 where it was all ones and went up.
 */
export function toNearest<V>(x: Language<V>, value: V, low: V): { readonly value: V; readonly exceptions: V } {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const up = q.below(q.sub(topBit(q), q.and(value, 1)), low);
  return { value: q.add(value, q.truth(up)), exceptions: d.or(d.truth(q.ne(low, 0), 5), d.truth(up, 9)) };
}

/** `drop` (width 64): places below the last one that is kept. */
function roundAt<V>(x: Language<V>, e: Exact<V>, drop: V, control: V): Rounded<V> {
  const q = new Words(x, 64);
  const unit = q.shl(1, drop);
  const below = q.and(e.significand, q.sub(unit, 1));
  const beyond = q.truth(q.ne(e.low, 0));
  const rest = q.select(q.eq(drop, 0), e.low, q.or(q.shl(below, q.and(q.sub(64, drop), 63)), beyond));
  const odd = q.and(q.shr(e.significand, drop), 1);
  const up = roundsUp(x, rest, odd, e.sign, control);
  const significand = q.add(q.sub(e.significand, below), q.select(up, unit, 0));
  const carry = both(x, up, q.less(e.significand, 0), q.eq(significand, 0));
  return { significand, carry, inexact: q.ne(rest, 0), up };
}

function exceptionsOf<V>(x: Language<V>, inexact: V, up: V): V {
  const d = new Words(x, 32);
  return d.or(d.select(inexact, EXCEPTION.precision, 0), d.select(up, ROUNDED_UP, 0));
}

/** Whether a masked overflow gives infinity, not the largest finite number. [SDM 1, Table 4-11] */
function overflowsToInfinity<V>(x: Language<V>, sign: V, control: V): V {
  const d = new Words(x, 32);
  const mode = d.and(control, ROUNDING_CONTROL);
  return either(x, d.eq(mode, 0), d.eq(mode, d.select(d.eq(sign, 0), ROUNDING.up, ROUNDING.down)));
}

const isMasked = <V>(x: Language<V>, control: V, exception: number): V => {
  const d = new Words(x, 32);
  return d.ne(d.and(control, exception), 0);
};

/** Any precision, any exponent: what `packExtended` leaves. → (significand: 64, sign and exponent: 32, exceptions: 32) */
const packExtendedSlowly: Subroutine = {
  name: 'packExtendedSlowly',
  parameters: [32, 32, 64, 64, 32],
  results: [64, 32, 32],
  body: (x, sign, exponent, significand, low, control) => {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const e: Exact<typeof sign> = { sign, exponent, significand, low };
    const precision = d.and(control, PRECISION_CONTROL);
    const drop = q.select(d.eq(precision, 0), 40, q.select(d.eq(precision, 0x200), 11, 0));
    const rounded = roundAt(x, e, drop, control);
    const outSignificand = q.variable(q.select(rounded.carry, topBit(q), rounded.significand));
    const outExponent = d.variable(d.add(exponent, d.truth(rounded.carry)));
    const exceptions = d.variable(exceptionsOf(x, rounded.inexact, rounded.up));
    const overflow = d.less(LARGEST_EXTENDED, outExponent.read());
    const infinity = (): void => {
      outSignificand.write(topBit(q));
      outExponent.write(d.constant(LARGEST_EXTENDED + 1));
      exceptions.write(d.constant(EXCEPTION.overflow | EXCEPTION.precision | ROUNDED_UP));
    };
    x.when(overflow, () => {
      x.when(
        isMasked(x, control, EXCEPTION.overflow),
        () => {
          const toInfinity = overflowsToInfinity(x, sign, control);
          exceptions.write(d.constant(EXCEPTION.overflow | EXCEPTION.precision));
          outSignificand.write(q.sub(0, q.shl(1, drop)));
          outExponent.write(d.constant(LARGEST_EXTENDED));
          x.when(toInfinity, infinity);
        },
        () => {
          exceptions.write(d.or(exceptions.read(), EXCEPTION.overflow));
          outExponent.write(d.sub(outExponent.read(), EXPONENT_ADJUSTMENT));
          x.when(d.less(LARGEST_EXTENDED, outExponent.read()), infinity);
        },
      );
    });
    x.when(d.less(exponent, 1), () => {
      const tiny = d.less(outExponent.read(), 1);
      x.when(
        both(x, tiny, negation(x, isMasked(x, control, EXCEPTION.underflow))),
        () => {
          exceptions.write(d.or(exceptions.read(), EXCEPTION.underflow));
          outExponent.write(d.add(outExponent.read(), EXPONENT_ADJUSTMENT));
          x.when(d.less(outExponent.read(), 1), () => {
            outSignificand.write(q.constant(0));
            outExponent.write(d.constant(0));
            exceptions.write(d.constant(EXCEPTION.underflow | EXCEPTION.precision));
          });
        },
        () => {
          const moved = shiftRightSticky(x, significand, low, d.sub(1, exponent));
          const again = roundAt(x, { sign, exponent, significand: moved.high, low: moved.low }, drop, control);
          outSignificand.write(again.significand);
          outExponent.write(d.truth(q.less(again.significand, 0)));
          const underflow = d.select(both(x, tiny, again.inexact), EXCEPTION.underflow, 0);
          exceptions.write(d.or(exceptionsOf(x, again.inexact, again.up), underflow));
        },
      );
    });
    return [outSignificand.read(), d.or(d.shl(sign, 15), outExponent.read()), exceptions.read()];
  },
};

/** To double extended precision, by precision control: (significand: 64, sign and exponent: 32, exceptions: 32), the usual case in place. */
export function roundExtended<V>(x: Language<V>, { sign, exponent, significand, low }: Exact<V>, control: V): readonly [V, V, V] {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const outSignificand = q.variable(0);
  const outTop = d.variable(0);
  const exceptions = d.variable(0);
  const usual = d.eq(d.and(control, PRECISION_CONTROL | ROUNDING_CONTROL), PRECISION_CONTROL);
  x.when(
    both(x, usual, d.below(d.sub(exponent, 1), LARGEST_EXTENDED - 1)),
    () => {
      // To nearest even at 64 bits, far from overflow and underflow.
      const up = q.below(q.sub(topBit(q), q.and(significand, 1)), low);
      const sum = q.add(significand, q.truth(up));
      const carry = q.eq(sum, 0);
      outSignificand.write(q.or(sum, q.truth(carry, 63)));
      outTop.write(d.or(d.shl(sign, 15), d.add(exponent, d.truth(carry))));
      exceptions.write(d.or(d.truth(q.ne(low, 0), 5), d.truth(up, 9)));
    },
    () => {
      const [s, t, raised] = invoke(x, packExtendedSlowly, sign, exponent, significand, low, control);
      outSignificand.write(s);
      outTop.write(t);
      exceptions.write(raised);
    },
  );
  return [outSignificand.read(), outTop.read(), exceptions.read()];
}

/** The same as a subroutine. */
export const packExtended: Subroutine = {
  name: 'packExtended',
  parameters: [32, 32, 64, 64, 32],
  results: [64, 32, 32],
  body: (x, sign, exponent, significand, low, control) => roundExtended(x, { sign, exponent, significand, low }, control),
};

/** A format of 32 or 64 bits. [SDM 1, Table 4-3] */
export interface NarrowFormat {
  readonly width: 32 | 64;
  readonly fractionBits: 23 | 52;
  /** Exponent field of infinities and NaNs. */
  readonly largestField: 0xff | 0x7ff;
  /** What the bias of double extended precision has more. */
  readonly biasDifference: number;
}

export const SINGLE: NarrowFormat = { width: 32, fractionBits: 23, largestField: 0xff, biasDifference: EXTENDED_BIAS - 127 };
export const DOUBLE: NarrowFormat = { width: 64, fractionBits: 52, largestField: 0x7ff, biasDifference: EXTENDED_BIAS - 1023 };

/** Sign, exponent field and significand with its leading one (which counts the exponent up by one), as bits of the format in width 64. */
function assemble<V>(x: Language<V>, f: NarrowFormat, sign: V, fieldLessOne: V, significand: V): V {
  const q = new Words(x, 64);
  const widened = (value: V): V => x.bind(x.zeroExtend(value, 32, 64));
  const exponent = q.shl(widened(fieldLessOne), f.fractionBits);
  return q.add(q.or(q.shl(widened(sign), f.width - 1), exponent), significand);
}

function packNarrow(name: string, f: NarrowFormat): Subroutine {
  const drop = 63 - f.fractionBits;
  return {
    name,
    parameters: [32, 32, 64, 64, 32],
    results: [f.width, 32],
    body: (x, sign, exponent, significand, low, control) => {
      const q = new Words(x, 64);
      const d = new Words(x, 32);
      const field = d.sub(exponent, f.biasDifference);
      const rounded = roundAt(x, { sign, exponent, significand, low }, q.constant(drop), control);
      const kept = q.or(q.shr(rounded.significand, drop), q.truth(rounded.carry, 1 + f.fractionBits));
      const bits = q.variable(assemble(x, f, sign, d.sub(field, 1), kept));
      const exceptions = d.variable(exceptionsOf(x, rounded.inexact, rounded.up));
      x.when(d.less(d.sub(f.largestField - 1, d.truth(rounded.carry)), field), () => {
        const masked = isMasked(x, control, EXCEPTION.overflow);
        const toInfinity = overflowsToInfinity(x, sign, control);
        // The largest finite number is one below infinity.
        const infinity = assemble(x, f, sign, d.constant(f.largestField), q.constant(0));
        bits.write(q.sub(infinity, q.select(toInfinity, 0, 1)));
        const saturated = d.or(d.select(toInfinity, ROUNDED_UP, 0), EXCEPTION.overflow | EXCEPTION.precision);
        exceptions.write(d.select(masked, saturated, d.or(exceptions.read(), EXCEPTION.overflow)));
      });
      x.when(d.less(field, 1), () => {
        const tiny = d.less(d.add(field, d.truth(rounded.carry)), 1);
        const masked = isMasked(x, control, EXCEPTION.underflow);
        const flush = both(x, tiny, masked, d.ne(d.and(control, FLUSH_TO_ZERO), 0));
        x.when(
          flush,
          () => {
            bits.write(assemble(x, f, sign, d.constant(0), q.constant(0)));
            exceptions.write(d.constant(EXCEPTION.underflow | EXCEPTION.precision));
          },
          () => {
            const moved = shiftRightSticky(x, significand, low, d.sub(1, field));
            const again = roundAt(x, { sign, exponent, significand: moved.high, low: moved.low }, q.constant(drop), control);
            bits.write(assemble(x, f, sign, d.constant(0), q.shr(again.significand, drop)));
            const byte = new Words(x, 8);
            const underflow = both(x, tiny, byte.select(masked, again.inexact, 1));
            const inexact = byte.select(both(x, underflow, negation(x, masked)), rounded.inexact, again.inexact);
            exceptions.write(d.or(exceptionsOf(x, inexact, again.up), d.select(underflow, EXCEPTION.underflow, 0)));
          },
        );
      });
      const result = bits.read();
      return [f.width === 64 ? result : x.bind(x.truncate(result, 64, 32)), exceptions.read()];
    },
  };
}

/** To single precision. → (bits: 32, exceptions: 32) */
export const packSingle: Subroutine = packNarrow('packSingle', SINGLE);
/** To double precision. → (bits: 64, exceptions: 32) */
export const packDouble: Subroutine = packNarrow('packDouble', DOUBLE);
