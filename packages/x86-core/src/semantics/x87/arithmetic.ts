/**
 * x87 basic arithmetic. [SDM 1 §8.3.5; SDM 2A, "FADD/FADDP/FIADD", "FDIV/FDIVP/FIDIV", "FDIVR/FDIVRP/FIDIVR", "FMUL/FMULP/FIMUL",
 * "FSUB/FSUBP/FISUB", "FSUBR/FSUBRP/FISUBR", "FABS", "FCHS", "FRNDINT", "FSQRT"]
 */
import { f80Add, f80Div, f80Mul, f80RoundToIntegral, f80Sqrt, f80Sub } from '../float/index.ts';
import { invoke, negation } from '../float/words.ts';
import { type Instruction, nullary, unary } from '../instruction.ts';
import type { Language, Subroutine } from '../language.ts';
import { type Extended, Fpu, STACK_UNDERFLOW } from './fpu.ts';
import { type MemoryNumber, memoryInteger, memoryReal } from './memory-number.ts';

/** The operation of a mnemonic: which subroutine, and whether the operands change places. */
interface Operation {
  readonly mnemonic: string;
  readonly subroutine: Subroutine;
  readonly reversed: boolean;
}

const ADD: Operation = { mnemonic: 'FADD', subroutine: f80Add, reversed: false };
const MUL: Operation = { mnemonic: 'FMUL', subroutine: f80Mul, reversed: false };
const SUB: Operation = { mnemonic: 'FSUB', subroutine: f80Sub, reversed: false };
const SUBR: Operation = { mnemonic: 'FSUBR', subroutine: f80Sub, reversed: true };
const DIV: Operation = { mnemonic: 'FDIV', subroutine: f80Div, reversed: false };
const DIVR: Operation = { mnemonic: 'FDIVR', subroutine: f80Div, reversed: true };

/** Result and exceptions of an operation, or of a stack underflow if an operand is missing; written to `slot` and popped. */
function conclude<V>(fpu: Fpu<V>, present: V, slot: V, compute: () => readonly V[], pops: boolean): void {
  const { x, d } = fpu;
  x.rarely(
    negation(x, present),
    () => {
      x.when(fpu.settle(d.constant(STACK_UNDERFLOW)), () => {
        if (pops) fpu.writeAndPop(slot, fpu.indefinite());
        else fpu.write(slot, fpu.indefinite());
      });
    },
    () => {
      const [significand, top, exceptions] = compute() as readonly [V, V, V];
      fpu.conclude(exceptions, () => {
        fpu.overwrite(slot, { significand, top });
        if (pops) fpu.pop();
      });
    },
  );
}

function operate<V>(x: Language<V>, { subroutine, reversed }: Operation, dest: Extended<V>, src: Extended<V>, control: V): readonly V[] {
  const [a, b] = reversed ? [src, dest] : [dest, src];
  return invoke(x, subroutine, a.significand, a.top, b.significand, b.top, control).slice(0, 3);
}

/** ST(0) ← ST(0) op ST(i). */
const toTop = (operation: Operation): Instruction =>
  unary(operation.mnemonic, (x, number) => {
    const fpu = Fpu.waiting(x);
    const own = fpu.slot(0);
    const other = fpu.slotOf(number.read());
    const compute = () => operate(x, operation, fpu.read(own), fpu.read(other), fpu.control);
    conclude(fpu, fpu.areOccupied(own, other), own, compute, false);
  });

/** ST(i) ← ST(i) op ST(0), and a pop. */
const toOther = (operation: Operation, pops: boolean): Instruction =>
  unary(pops ? `${operation.mnemonic}P` : operation.mnemonic, (x, number) => {
    const fpu = Fpu.waiting(x);
    const own = fpu.slot(0);
    const other = fpu.slotOf(number.read());
    const compute = () => operate(x, operation, fpu.read(other), fpu.read(own), fpu.control);
    conclude(fpu, fpu.areOccupied(own, other), other, compute, pops);
  });

/** ST(0) ← ST(0) op memory. */
const withMemory = (operation: Operation, mnemonic: string, read: MemoryNumber): Instruction =>
  unary(mnemonic, (x, src) => {
    const fpu = Fpu.waiting(x, src);
    const number = read(x, src);
    const own = fpu.slot(0);
    const compute = () => operate(x, operation, fpu.read(own), number, fpu.d.or(fpu.control, number.widened));
    conclude(fpu, fpu.isOccupied(own), own, compute, false);
  });

/** The forms of one operation. */
export interface ArithmeticForms {
  readonly top: Instruction;
  readonly other: Instruction;
  readonly otherPop: Instruction;
  readonly real: Instruction;
  readonly integer: Instruction;
}

const formsOf = (operation: Operation): ArithmeticForms => ({
  top: toTop(operation),
  other: toOther(operation, false),
  otherPop: toOther(operation, true),
  real: withMemory(operation, operation.mnemonic, memoryReal),
  integer: withMemory(operation, operation.mnemonic.replace('F', 'FI'), memoryInteger),
});

export const FADD: ArithmeticForms = formsOf(ADD);
export const FMUL: ArithmeticForms = formsOf(MUL);
export const FSUB: ArithmeticForms = formsOf(SUB);
export const FSUBR: ArithmeticForms = formsOf(SUBR);
export const FDIV: ArithmeticForms = formsOf(DIV);
export const FDIVR: ArithmeticForms = formsOf(DIVR);

/** ST(0) ← f(ST(0)). */
const onTop = (mnemonic: string, compute: <V>(fpu: Fpu<V>, value: Extended<V>) => readonly V[]): Instruction =>
  nullary(mnemonic, (x) => {
    const fpu = Fpu.waiting(x);
    const own = fpu.slot(0);
    conclude(fpu, fpu.isOccupied(own), own, () => compute(fpu, fpu.read(own)), false);
  });

/** FABS: clears the sign, of whatever it is. */
export const FABS: Instruction = onTop('FABS', (fpu, { significand, top }) => [significand, fpu.d.and(top, 0x7fff), fpu.d.constant(0)]);
/** FCHS: inverts the sign. */
export const FCHS: Instruction = onTop('FCHS', (fpu, { significand, top }) => [significand, fpu.d.xor(top, 0x8000), fpu.d.constant(0)]);
/** FSQRT. */
export const FSQRT: Instruction = onTop('FSQRT', (fpu, { significand, top }) =>
  invoke(fpu.x, f80Sqrt, significand, top, fpu.control).slice(0, 3),
);
/** FRNDINT: to an integer, by rounding control. */
export const FRNDINT: Instruction = onTop('FRNDINT', (fpu, { significand, top }) =>
  invoke(fpu.x, f80RoundToIntegral, significand, top, fpu.control).slice(0, 3),
);
