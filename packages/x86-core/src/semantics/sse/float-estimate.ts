/**
 * Estimates of reciprocals. [SDM 2B, "RCPPS", "RCPSS", "RSQRTPS", "RSQRTSS"] Processors give twelve bits or so, each kind its own; an error
 * of 1.5 · 2^-12 is allowed. Here it is the number nearest to the quotient. MXCSR is neither asked nor changed: denormal operands count as
 * zeros, denormal results become zeros, and nothing is an exception.
 */
import { Words } from '../float/words.ts';
import { binary, type Instruction } from '../instruction.ts';
import type { Language, Subroutine } from '../language.ts';
import { requireSse } from './availability.ts';
import { fromLanes, readVector } from './packed-operands.ts';

const SMALLEST_NORMAL = 0x0080_0000;
const INFINITY = 0x7f80_0000;
const QUIET_BIT = 0x0040_0000;
const INDEFINITE = 0xffc0_0000;
const SIGN = 0x8000_0000;
const ONE = 0x3f80_0000;

/** (a: 32) → (estimate: 32) */
function estimate(name: string, compute: <V>(x: Language<V>, a: V) => V, positiveOnly: boolean): Subroutine {
  return {
    name,
    parameters: [32],
    results: [32],
    body: (x, operand) => {
      const d = new Words(x, 32);
      const a = operand as NonNullable<typeof operand>;
      const sign = d.and(a, SIGN);
      const size = d.xor(a, sign);
      const result = d.variable(compute(x, a));
      const tiny = d.below(d.and(result.read(), ~SIGN), SMALLEST_NORMAL);
      result.write(d.select(tiny, sign, result.read()));
      if (positiveOnly) x.when(d.ne(sign, 0), () => result.write(d.constant(INDEFINITE)));
      x.when(d.below(size, SMALLEST_NORMAL), () => result.write(d.or(sign, INFINITY)));
      x.when(d.below(INFINITY, size), () => result.write(d.or(a, QUIET_BIT)));
      return [result.read()];
    },
  };
}

const quotient = <V>(x: Language<V>, a: V): V => x.float('div', x.constant(ONE, 32), a, 32);
const reciprocal = estimate('f32-reciprocal', quotient, false);
const reciprocalRoot = estimate('f32-reciprocal-root', (x, a) => quotient(x, x.float('sqrt', a, a, 32)), true);

const packedEstimate = (mnemonic: string, subroutine: Subroutine): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    const source = readVector(x, src);
    const values = [0, 1, 2, 3].map((i) => x.call(subroutine, x.lane(source, i, 32))[0] as typeof source);
    dest.write(fromLanes(x, values, 32));
  });
const scalarEstimate = (mnemonic: string, subroutine: Subroutine): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    const [value] = x.call(subroutine, src.read());
    dest.write(value as NonNullable<typeof value>);
  });

export const RCPPS: Instruction = packedEstimate('RCPPS', reciprocal);
export const RCPSS: Instruction = scalarEstimate('RCPSS', reciprocal);
export const RSQRTPS: Instruction = packedEstimate('RSQRTPS', reciprocalRoot);
export const RSQRTSS: Instruction = scalarEstimate('RSQRTSS', reciprocalRoot);
