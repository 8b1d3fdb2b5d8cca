/** Packed decimal: FBLD, FBSTP. [SDM 1 §4.7; SDM 2A, "FBLD", "FBSTP"] 18 digits in 9 bytes, lowest first, and a byte with the sign in bit 7. */
import { EXCEPTION } from '../float/control.ts';
import { f80ToI64, i64ToF80 } from '../float/index.ts';
import { either, invoke, Words } from '../float/words.ts';
import { type Instruction, unary } from '../instruction.ts';
import type { Subroutine } from '../language.ts';
import { Fpu, STACK_UNDERFLOW } from './fpu.ts';

const DIGIT_BYTES = 9;
const LIMIT = 10n ** 18n;
/** The packed decimal indefinite: low 8 bytes and the last two. */
const INDEFINITE = { low: 0xc000_0000_0000_0000n, high: 0xffff } as const;

/** Binary coded digits: (digits 0–15: 64, digits 16 and 17 and the sign: 16) → (significand: 64, sign and exponent: 32). */
const decimalToF80: Subroutine = {
  name: 'decimalToF80',
  parameters: [64, 16],
  results: [64, 32],
  body: (x, low, high) => {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const upper = x.bind(x.zeroExtend(high, 16, 64));
    let value = q.constant(0);
    for (let i = DIGIT_BYTES - 1; i >= 0; i--) {
      const byte = q.and(i === 8 ? upper : q.shr(low, 8 * i), 0xff);
      const pair = q.add(q.mul(q.shr(byte, 4), 10), q.and(byte, 0xf));
      value = q.add(q.mul(value, 100), pair);
    }
    const [significand, top] = invoke(x, i64ToF80, value);
    const sign = d.and(x.bind(x.zeroExtend(high, 16, 32)), 0x8000);
    return [significand, d.or(top, sign)];
  },
};

/** A number to digits, by rounding control. → (digits 0–15: 64, digits 16 and 17 and the sign: 16, exceptions: 32) */
const f80ToDecimal: Subroutine = {
  name: 'f80ToDecimal',
  parameters: [64, 32, 32],
  results: [64, 16, 32],
  body: (x, significand, top, control) => {
    const q = new Words(x, 64);
    const d = new Words(x, 32);
    const [value, raised] = invoke(x, f80ToI64, significand, top, control);
    const negative = q.sar(value, 63);
    const magnitude = q.sub(q.xor(value, negative), negative);
    const invalid = either(x, d.ne(d.and(raised, EXCEPTION.invalid), 0), q.below(q.constant(LIMIT - 1n), magnitude));
    let rest = magnitude;
    let low = q.constant(0);
    let high = q.constant(0);
    for (let i = 0; i < DIGIT_BYTES; i++) {
      const next = q.div(rest, 100);
      const pair = q.sub(rest, q.mul(next, 100));
      const tens = q.div(pair, 10);
      const byte = q.or(q.shl(tens, 4), q.sub(pair, q.mul(tens, 10)));
      if (i === 8) high = byte;
      else low = q.or(low, q.shl(byte, 8 * i));
      rest = next;
    }
    const signed = d.or(x.bind(x.truncate(high, 64, 32)), d.and(top, 0x8000));
    return [
      q.select(invalid, q.constant(INDEFINITE.low), low),
      x.truncate(d.select(invalid, INDEFINITE.high, signed), 32, 16),
      d.select(invalid, EXCEPTION.invalid, raised),
    ];
  },
};

export const FBLD: Instruction = unary('FBLD', (x, src) => {
  const fpu = Fpu.waiting(x, src);
  const low = x.bind(x.part(src, 0, 64).read());
  const high = x.bind(x.part(src, 8, 16).read());
  const [significand, top] = invoke(x, decimalToF80, low, high);
  fpu.push({ significand, top });
});

export const FBSTP: Instruction = unary('FBSTP', (x, dest) => {
  const fpu = Fpu.waiting(x, dest);
  const { d, q } = fpu;
  const own = fpu.slot(0);
  const low = q.variable(q.constant(INDEFINITE.low));
  const high = x.variable(x.constant(INDEFINITE.high, 16), 16);
  const exceptions = d.variable(STACK_UNDERFLOW);
  x.when(fpu.isOccupied(own), () => {
    const { significand, top } = fpu.read(own);
    const [l, h, e] = invoke(x, f80ToDecimal, significand, top, fpu.control);
    low.write(l);
    high.write(h);
    exceptions.write(e);
  });
  const stored = d.eq(d.and(fpu.unmasked(exceptions.read()), EXCEPTION.invalid), 0);
  x.when(stored, () => {
    x.probe(dest, DIGIT_BYTES + 1, 'write');
    x.part(dest, 0, 64).write(low.read());
    x.part(dest, 8, 16).write(high.read());
  });
  fpu.settle(exceptions.read());
  x.when(stored, () => fpu.pop());
});
