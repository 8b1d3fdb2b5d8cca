/**
 * Multiplication and division. [SDM 1 §5.1.2] Products and dividends are twice as wide as the operand: AX for bytes, rDX:rAX above.
 */
import { binary, type Instruction, ternary, unary } from './instruction.ts';
import type { BitWidth, Language, Operand, Subroutine } from './language.ts';
import { isNotZero, isZero, negated, resize, signOf } from './phrases.ts';

const DIVIDE_ERROR = 0;
const RAX = 0;
const RDX = 2;

/** A product in halves, and whether its high half says more than the low one. */
interface Product<V> {
  readonly low: V;
  /** Computed where it is wanted. */
  readonly high: () => V;
  readonly significant: V;
}

function productUnsigned<V>(x: Language<V>, a: V, b: V): Product<V> {
  const width = x.width;
  if (width === 64) {
    const high = x.bind(x.mulHighUnsigned(a, b));
    return { low: x.bind(x.mul(a, b)), high: () => high, significant: x.bind(isNotZero(x, high)) };
  }
  const double = (2 * width) as BitWidth;
  const product = x.bind(x.mul(x.zeroExtend(a, width, double), x.zeroExtend(b, width, double), double));
  const high = x.bind(x.truncate(x.shr(product, x.constant(width, double), double), double, width));
  return { low: x.bind(x.truncate(product, double, width)), high: () => high, significant: x.bind(isNotZero(x, high)) };
}

function productSigned<V>(x: Language<V>, a: V, b: V): Product<V> {
  const width = x.width;
  if (width === 64) {
    const low = x.bind(x.mul(a, b));
    const high = x.bind(x.mulHighSigned(a, b));
    return { low, high: () => high, significant: x.bind(x.ne(high, x.sar(low, x.constant(63)))) };
  }
  const double = (2 * width) as BitWidth;
  const product = x.bind(x.mul(x.signExtend(a, width, double), x.signExtend(b, width, double), double));
  const low = x.bind(x.truncate(product, double, width));
  return {
    low,
    high: () => x.bind(x.truncate(x.shr(product, x.constant(width, double), double), double, width)),
    significant: x.bind(x.ne(x.signExtend(low, width, double), product, double)),
  };
}

/** AH:AL, or rDX:rAX. */
function writeHalves<V>(x: Language<V>, low: V, high: V): void {
  if (x.width === 8) {
    const wide = x.shl(x.zeroExtend(high, 8, 16), x.constant(8, 16), 16);
    x.gpr(RAX, 16).write(x.or(wide, x.zeroExtend(low, 8, 16), 16));
  } else {
    x.gpr(RAX).write(low);
    x.gpr(RDX).write(high);
  }
}

/** MUL: AX ← AL ∗ SRC, or rDX:rAX ← rAX ∗ SRC. CF and OF: the high half is not zero. [SDM 2B, "MUL—Unsigned Multiply"] */
export const MUL: Instruction = unary('MUL', (x, src) => {
  const { low, high, significant } = productUnsigned(x, x.bind(x.gpr(RAX).read()), x.bind(src.read()));
  writeHalves(x, low, high());
  x.resultFlags(low, significant, significant);
});

/** IMUL r/m: signed; CF and OF: the high half is more than the sign of the low one. [SDM 2A, "IMUL—Signed Multiply"] */
export const IMUL_WIDE: Instruction = unary('IMUL', (x, src) => {
  const { low, high, significant } = productSigned(x, x.bind(x.gpr(RAX).read()), x.bind(src.read()));
  writeHalves(x, low, high());
  x.resultFlags(low, significant, significant);
});

function multiplyInto<V>(x: Language<V>, dest: Operand<V>, first: Operand<V>, second: Operand<V>): void {
  const { low, significant } = productSigned(x, x.bind(first.read()), x.bind(second.read()));
  dest.write(low);
  x.resultFlags(low, significant, significant);
}

/** IMUL r, r/m: DEST ← the low half of DEST ∗ SRC. CF and OF: it was cut. [SDM 2A, "IMUL—Signed Multiply"] */
export const IMUL: Instruction = binary('IMUL', (x, dest, src) => multiplyInto(x, dest, dest, src));

/** IMUL r, r/m, imm: DEST ← the low half of SRC1 ∗ SRC2. [SDM 2A, "IMUL—Signed Multiply"] */
export const IMUL_IMMEDIATE: Instruction = ternary('IMUL', (x, dest, first, second) => multiplyInto(x, dest, first, second));

/**
 * (high·2^64 + low) divided by `divisor`, for high < divisor: quotient and remainder. Long division with digits of 32 bits: two steps,
 * each estimating a digit from the upper half of the normalized divisor, which is at most two too large. [Knuth, TAOCP 2, 4.3.1 D]
 */
const DIVIDE_128: Subroutine = {
  name: 'divide128',
  parameters: [64, 64, 64],
  results: [64, 64],
  body: <V>(x: Language<V>, high: V, low: V, divisor: V): readonly V[] => {
    const count = (n: number): V => x.constant(n, 64);
    const upper = (v: V): V => x.shr(v, count(32), 64);
    const lower = (v: V): V => x.and(v, x.constant(0xffff_ffff, 64), 64);
    const shift = x.bind(x.clz(divisor, 64));
    const d = x.bind(x.shl(divisor, shift, 64));
    const d1 = x.bind(upper(d));
    const d0 = x.bind(lower(d));
    const spill = x.shr(x.shr(low, count(1), 64), x.sub(count(63), shift, 64), 64);
    const head = x.bind(x.or(x.shl(high, shift, 64), spill, 64));
    const tail = x.bind(x.shl(low, shift, 64));

    /** One digit of (rest·2^32 + next) / d, and the new rest. */
    const digit = (rest: V, next: V): { quotient: V; rest: V } => {
      const estimate = x.bind(x.divUnsigned(rest, d1, 64));
      const q = x.variable(estimate, 64);
      const r = x.variable(x.sub(rest, x.mul(estimate, d1, 64), 64), 64);
      const tooLarge = (): V =>
        x.or(
          isNotZero(x, upper(q.read()), 64),
          x.ltUnsigned(x.or(x.shl(r.read(), count(32), 64), next, 64), x.mul(q.read(), d0, 64), 64),
          8,
        );
      const decrement = (): void => q.write(x.sub(q.read(), count(1), 64));
      x.when(tooLarge(), () => {
        decrement();
        r.write(x.add(r.read(), d1, 64));
        x.when(x.and(isZero(x, upper(r.read()), 64), tooLarge(), 8), decrement);
      });
      const quotient = x.bind(q.read());
      return { quotient, rest: x.bind(x.sub(x.or(x.shl(rest, count(32), 64), next, 64), x.mul(quotient, d, 64), 64)) };
    };
    const first = digit(head, x.bind(upper(tail)));
    const second = digit(first.rest, x.bind(lower(tail)));
    return [x.or(x.shl(first.quotient, count(32), 64), second.quotient, 64), x.shr(second.rest, shift, 64)];
  },
};

/** The dividend of an 8-, 16- or 32-bit division, zero-extended to the width in which it is divided. */
function dividend<V>(x: Language<V>, working: 32 | 64): V {
  if (x.width === 8) return x.zeroExtend(x.gpr(RAX, 16).read(), 16, working);
  const high = x.shl(x.zeroExtend(x.gpr(RDX).read(), x.width, working), x.constant(x.width, working), working);
  return x.or(high, x.zeroExtend(x.gpr(RAX).read(), x.width, working), working);
}

/** DIV: AL, AH or rAX, rDX ← quotient and remainder. #DE if SRC is zero or the quotient too large. [SDM 2A, "DIV—Unsigned Divide"] */
export const DIV: Instruction = unary('DIV', (x, src) => {
  const width = x.width;
  const divisor = x.bind(src.read());
  x.faultIf(isZero(x, divisor), DIVIDE_ERROR);
  if (width === 64) {
    divideUnsigned128(x, divisor);
    return;
  }
  const working = width === 32 ? 64 : 32;
  const a = x.bind(dividend(x, working));
  const b = x.bind(x.zeroExtend(divisor, width, working));
  const q = x.bind(x.divUnsigned(a, b, working));
  x.faultIf(isNotZero(x, x.shr(q, x.constant(width, working), working), working), DIVIDE_ERROR);
  const r = x.bind(x.truncate(x.sub(a, x.mul(q, b, working), working), working, width));
  writeHalves(x, x.bind(x.truncate(q, working, width)), r);
});

/** RDX:RAX / divisor: at once if RDX is zero. */
function divideUnsigned128<V>(x: Language<V>, divisor: V): void {
  const high = x.bind(x.gpr(RDX, 64).read());
  const low = x.bind(x.gpr(RAX, 64).read());
  const quotient = x.variable(x.constant(0, 64), 64);
  const remainder = x.variable(x.constant(0, 64), 64);
  x.when(
    isZero(x, high, 64),
    () => {
      const q = x.bind(x.divUnsigned(low, divisor, 64));
      quotient.write(q);
      remainder.write(x.sub(low, x.mul(q, divisor, 64), 64));
    },
    () => {
      x.faultIf(negated(x, x.ltUnsigned(high, divisor, 64)), DIVIDE_ERROR);
      const results = x.call(DIVIDE_128, high, low, divisor);
      quotient.write(results[0] as V);
      remainder.write(results[1] as V);
    },
  );
  x.gpr(RAX, 64).write(quotient.read());
  x.gpr(RDX, 64).write(remainder.read());
}

/** IDIV: as DIV, signed; the quotient is cut toward zero, the remainder has the dividend's sign. [SDM 2A, "IDIV—Signed Divide"] */
export const IDIV: Instruction = unary('IDIV', (x, src) => {
  const width = x.width;
  const divisor = x.bind(src.read());
  x.faultIf(isZero(x, divisor), DIVIDE_ERROR);
  if (width === 64) {
    divideSigned128(x, divisor);
    return;
  }
  const working = width === 8 ? 32 : 64;
  const double = (2 * width) as BitWidth;
  const unsigned = dividend(x, working);
  const a = x.bind(double === working ? unsigned : x.signExtend(x.truncate(unsigned, working, double), double, working));
  const b = x.bind(x.signExtend(divisor, width, working));
  // −2^63 / −1 does not fit in 64 bits, let alone in 32.
  if (double === working) refuseOverflow(x, a, b);
  const q = x.bind(x.divSigned(a, b, working));
  const low = x.bind(x.truncate(q, working, width));
  x.faultIf(x.ne(x.signExtend(low, width, working), q, working), DIVIDE_ERROR);
  const r = x.bind(x.truncate(x.sub(a, x.mul(q, b, working), working), working, width));
  writeHalves(x, low, r);
});

function refuseOverflow<V>(x: Language<V>, a: V, b: V): void {
  const smallest = x.eq(a, x.constant(0x8000_0000_0000_0000n, 64), 64);
  const minusOne = x.eq(b, x.constant(0xffff_ffff_ffff_ffffn, 64), 64);
  x.faultIf(x.and(smallest, minusOne, 8), DIVIDE_ERROR);
}

/** RDX:RAX / divisor: at once if RDX is only the sign of RAX, else by magnitudes. */
function divideSigned128<V>(x: Language<V>, divisor: V): void {
  const high = x.bind(x.gpr(RDX).read());
  const low = x.bind(x.gpr(RAX).read());
  const quotient = x.variable(x.constant(0, 64), 64);
  const remainder = x.variable(x.constant(0, 64), 64);
  const negatedIf = (condition: V, value: V): V => x.select(condition, x.sub(x.constant(0, 64), value, 64), value, 64);
  x.when(
    x.eq(high, x.sar(low, x.constant(63, 64), 64), 64),
    () => {
      refuseOverflow(x, low, divisor);
      const q = x.bind(x.divSigned(low, divisor, 64));
      quotient.write(q);
      remainder.write(x.sub(low, x.mul(q, divisor, 64), 64));
    },
    () => {
      const negative = x.bind(signOf(x, high, 64));
      const opposite = x.bind(x.xor(negative, signOf(x, divisor, 64), 8));
      const borrow = resize(x, isNotZero(x, low, 64), 8, 64);
      const highNegated = x.sub(x.sub(x.constant(0, 64), high, 64), borrow, 64);
      const magnitudeHigh = x.bind(x.select(negative, highNegated, high, 64));
      const magnitudeLow = x.bind(negatedIf(negative, low));
      const magnitude = x.bind(negatedIf(signOf(x, divisor, 64), divisor));
      x.faultIf(negated(x, x.ltUnsigned(magnitudeHigh, magnitude, 64)), DIVIDE_ERROR);
      const results = x.call(DIVIDE_128, magnitudeHigh, magnitudeLow, magnitude);
      const q = x.bind(results[0] as V);
      const r = x.bind(results[1] as V);
      // The largest magnitude is 2^63 for a negative quotient, 2^63 − 1 for one that is not.
      const limit = x.add(x.constant(0x7fff_ffff_ffff_ffffn, 64), resize(x, opposite, 8, 64), 64);
      x.faultIf(x.ltUnsigned(limit, q, 64), DIVIDE_ERROR);
      quotient.write(negatedIf(opposite, q));
      remainder.write(negatedIf(negative, r));
    },
  );
  x.gpr(RAX, 64).write(quotient.read());
  x.gpr(RDX, 64).write(remainder.read());
}
