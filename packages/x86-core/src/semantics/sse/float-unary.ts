/**
 * Instructions whose result depends on the source only, lane by lane: conversions and square roots share this form.
 */
import { binary, type Instruction } from '../instruction.ts';
import type { Language, Operand, Subroutine } from '../language.ts';
import { requireSse } from './availability.ts';
import { raise, readMxcsr } from './float-exceptions.ts';
import { fromLanes, readVector, writeVector } from './packed-operands.ts';

/** (value, MXCSR) → (result, exceptions), of the lowest lane; what lies above it in DEST stays. */
export const unaryScalar = (mnemonic: string, subroutine: Subroutine): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    const value = x.bind(src.read());
    const mxcsr = readMxcsr(x);
    const [result, exceptions] = x.call(subroutine, value, mxcsr) as readonly [typeof value, typeof value];
    raise(x, [exceptions], mxcsr);
    dest.write(result);
  });

/**
 * (value, MXCSR) → (result, exceptions), of the `count` lowest lanes of the source, with zeros above them in an XMM register. The checks of
 * the unit are the caller's.
 */
export function mapLanes<V>(x: Language<V>, dest: Operand<V>, src: Operand<V>, subroutine: Subroutine, count: 2 | 4): void {
  const source = readVector(x, src);
  const mxcsr = readMxcsr(x);
  const from = subroutine.parameters[0] === 64 ? 64 : 32;
  const results = Array.from({ length: count }, (_, i) => x.call(subroutine, x.lane(source, i, from), mxcsr));
  raise(
    x,
    results.map((result) => result[1] as V),
    mxcsr,
  );
  const values = results.map((result) => result[0] as V);
  writeVector(x, dest, fromLanes(x, values, subroutine.results[0] === 64 ? 64 : 32));
}

/** `mapLanes` of an XMM register, or 64 or 128 bits in memory. */
export const unaryPacked = (mnemonic: string, subroutine: Subroutine, count: 2 | 4): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    mapLanes(x, dest, src, subroutine, count);
  });
