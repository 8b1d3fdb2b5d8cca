/**
 * Add, subtract, multiply, divide, square root, minimum, maximum: packed and scalar, single and double precision. [SDM 2A, "ADDPD" …;
 * SDM 2B, "MULPD" …] The arithmetic is in semantics/float; what usual operands need is done in place, by the host (semantics/float/host-arithmetic.ts).
 */
import { hostLanesAreRight, whenHostIsRight } from '../float/host-arithmetic.ts';
import { f32Add, f32Div, f32Mul, f32Sqrt, f32Sub, f64Add, f64Div, f64Mul, f64Sqrt, f64Sub } from '../float/index.ts';
import { binary, type Instruction } from '../instruction.ts';
import type { Language, Operand, Subroutine } from '../language.ts';
import { requireSse } from './availability.ts';
import { raise, readMxcsr } from './float-exceptions.ts';
import { f32Maximum, f32Minimum, f64Maximum, f64Minimum } from './float-order.ts';
import { unaryPacked, unaryScalar } from './float-unary.ts';
import { fromLanes, readVector } from './packed-operands.ts';

/** Those operations that the host computes in place. */
type HostOperation = 'add' | 'sub' | 'mul' | 'div';

/** (a, b, MXCSR) → (result, exceptions), lane by lane; nothing is written if there is an exception to be raised. */
function computeLanes<V>(x: Language<V>, dest: Operand<V>, subroutine: Subroutine, a: V, b: V, mxcsr: V): void {
  const width = subroutine.results[0] === 64 ? 64 : 32;
  const lanes = Array.from({ length: 128 / width }, (_, i) => i);
  const results = lanes.map((i) => x.call(subroutine, x.lane(a, i, width), x.lane(b, i, width), mxcsr));
  raise(
    x,
    results.map((result) => result[1] as V),
    mxcsr,
  );
  const values = results.map((result) => result[0] as V);
  dest.write(fromLanes(x, values, width));
}

/** (a, b, MXCSR) → (result, exceptions), of all lanes. */
const packedOperation = (mnemonic: string, subroutine: Subroutine): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    const b = readVector(x, src);
    const a = readVector(x, dest);
    computeLanes(x, dest, subroutine, a, b, readMxcsr(x));
  });

/** The same; `subroutine` is called only where the host may be wrong. */
const packedArithmetic = (mnemonic: string, operation: HostOperation, subroutine: Subroutine): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    const b = readVector(x, src);
    const a = readVector(x, dest);
    const mxcsr = readMxcsr(x);
    const width = subroutine.results[0] === 64 ? 64 : 32;
    const result = x.bind(x.vector(width === 64 ? `f64x2.${operation}` : `f32x4.${operation}`, a, b));
    x.when(
      hostLanesAreRight(x, operation, width, a, b, result, mxcsr),
      () => dest.write(result),
      () => computeLanes(x, dest, subroutine, a, b, mxcsr),
    );
  });

/** (a, b, MXCSR) → (result, exceptions), of the lowest lane; `subroutine` is called only where the host may be wrong. */
const scalarArithmetic = (mnemonic: string, operation: HostOperation, subroutine: Subroutine): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    const b = x.bind(src.read());
    const a = x.bind(dest.read());
    const mxcsr = readMxcsr(x);
    const width = subroutine.results[0] === 64 ? 64 : 32;
    const result = x.bind(x.float(operation, a, b, width));
    const value = x.variable(result, width);
    const asked = x.variable(x.constant(1, 8), 8);
    whenHostIsRight(x, operation, width, { a, b, result, mxcsr }, true, () => asked.write(x.constant(0, 8)));
    x.when(asked.read(), () => {
      const [computed, exceptions] = x.call(subroutine, a, b, mxcsr) as readonly [typeof a, typeof a];
      raise(x, [exceptions], mxcsr);
      value.write(computed);
    });
    dest.write(value.read());
  });

/** (a, b, MXCSR) → (result, exceptions), of the lowest lane. */
const scalarOperation = (mnemonic: string, subroutine: Subroutine): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    const b = x.bind(src.read());
    const a = x.bind(dest.read());
    const mxcsr = readMxcsr(x);
    const [value, exceptions] = x.call(subroutine, a, b, mxcsr) as readonly [typeof a, typeof a];
    raise(x, [exceptions], mxcsr);
    dest.write(value);
  });

export const ADDPS: Instruction = packedArithmetic('ADDPS', 'add', f32Add);
export const ADDPD: Instruction = packedArithmetic('ADDPD', 'add', f64Add);
export const ADDSS: Instruction = scalarArithmetic('ADDSS', 'add', f32Add);
export const ADDSD: Instruction = scalarArithmetic('ADDSD', 'add', f64Add);
export const SUBPS: Instruction = packedArithmetic('SUBPS', 'sub', f32Sub);
export const SUBPD: Instruction = packedArithmetic('SUBPD', 'sub', f64Sub);
export const SUBSS: Instruction = scalarArithmetic('SUBSS', 'sub', f32Sub);
export const SUBSD: Instruction = scalarArithmetic('SUBSD', 'sub', f64Sub);
export const MULPS: Instruction = packedArithmetic('MULPS', 'mul', f32Mul);
export const MULPD: Instruction = packedArithmetic('MULPD', 'mul', f64Mul);
export const MULSS: Instruction = scalarArithmetic('MULSS', 'mul', f32Mul);
export const MULSD: Instruction = scalarArithmetic('MULSD', 'mul', f64Mul);
export const DIVPS: Instruction = packedArithmetic('DIVPS', 'div', f32Div);
export const DIVPD: Instruction = packedArithmetic('DIVPD', 'div', f64Div);
export const DIVSS: Instruction = scalarArithmetic('DIVSS', 'div', f32Div);
export const DIVSD: Instruction = scalarArithmetic('DIVSD', 'div', f64Div);
export const MINPS: Instruction = packedOperation('MINPS', f32Minimum);
export const MINPD: Instruction = packedOperation('MINPD', f64Minimum);
export const MINSS: Instruction = scalarOperation('MINSS', f32Minimum);
export const MINSD: Instruction = scalarOperation('MINSD', f64Minimum);
export const MAXPS: Instruction = packedOperation('MAXPS', f32Maximum);
export const MAXPD: Instruction = packedOperation('MAXPD', f64Maximum);
export const MAXSS: Instruction = scalarOperation('MAXSS', f32Maximum);
export const MAXSD: Instruction = scalarOperation('MAXSD', f64Maximum);
export const SQRTPS: Instruction = unaryPacked('SQRTPS', f32Sqrt, 4);
export const SQRTPD: Instruction = unaryPacked('SQRTPD', f64Sqrt, 2);
export const SQRTSS: Instruction = unaryScalar('SQRTSS', f32Sqrt);
export const SQRTSD: Instruction = unaryScalar('SQRTSD', f64Sqrt);
