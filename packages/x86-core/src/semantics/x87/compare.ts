/**
 * x87 comparison and classification. [SDM 1 §8.3.6; SDM 2A, "FCOM/FCOMP/FCOMPP", "FCOMI/FCOMIP/FUCOMI/FUCOMIP", "FICOM/FICOMP", "FTST",
 * "FUCOM/FUCOMP/FUCOMPP", "FXAM"]
 */

import { EXTENDED, type Unpacked } from '../float/format.ts';
import { f80Compare, RELATION } from '../float/index.ts';
import { invoke, negation } from '../float/words.ts';
import { type Instruction, nullary, unary } from '../instruction.ts';
import { type Extended, Fpu, FSW, STACK_UNDERFLOW } from './fpu.ts';
import { type MemoryNumber, memoryInteger, memoryReal, type Widened } from './memory-number.ts';

interface Comparison<V> {
  /** As `RELATION`. */
  readonly relation: V;
  readonly exceptions: V;
}

/** ST(0) against a number; `ordered`: any NaN is invalid. Without operands: unordered, and a stack underflow. */
function against<V>(fpu: Fpu<V>, present: V, number: () => Extended<V> & Partial<Widened<V>>, ordered: boolean): Comparison<V> {
  const { x, d } = fpu;
  const relation = d.variable(RELATION.unordered);
  const exceptions = d.variable(STACK_UNDERFLOW);
  x.rarely(
    negation(x, present),
    () => {},
    () => {
      const own = fpu.read(fpu.slot(0));
      const { significand, top, widened } = number();
      const word = widened === undefined ? fpu.control : d.or(fpu.control, widened);
      const signaling = d.constant(ordered ? 1 : 0);
      const [r, e] = invoke(x, f80Compare, own.significand, own.top, significand, top, signaling, word);
      relation.write(r);
      exceptions.write(e);
    },
  );
  return { relation: relation.read(), exceptions: exceptions.read() };
}

/** Where the relation goes: condition code or EFLAGS. */
type Into = 'status' | 'flags';

function conclude<V>(fpu: Fpu<V>, { relation, exceptions }: Comparison<V>, into: Into, pops: 0 | 1 | 2): void {
  const { x, d } = fpu;
  const bit = (place: number): V => x.truncate(d.and(d.shr(relation, place), 1), 32, 8);
  const finish = (): void => {
    if (pops > 0) fpu.pop(pops === 2);
  };
  if (into === 'status') {
    fpu.conclude(exceptions, finish, d.shl(relation, 8));
    return;
  }
  fpu.concludeKeepingC1(exceptions, finish);
  const none = x.constant(0, 8);
  x.setFlags({ ZF: bit(6), PF: bit(2), CF: bit(0), OF: none, SF: none, AF: none });
}

const withRegister = (mnemonic: string, ordered: boolean, into: Into, pops: 0 | 1 | 2): Instruction =>
  unary(mnemonic, (x, number) => {
    const fpu = Fpu.waiting(x);
    const other = fpu.slotOf(number.read());
    const present = fpu.areOccupied(fpu.slot(0), other);
    conclude(
      fpu,
      against(fpu, present, () => fpu.read(other), ordered),
      into,
      pops,
    );
  });

/** With ST(1), both popped. */
const withNext = (mnemonic: string, ordered: boolean): Instruction =>
  nullary(mnemonic, (x) => {
    const fpu = Fpu.waiting(x);
    const other = fpu.slot(1);
    const present = fpu.areOccupied(fpu.slot(0), other);
    conclude(
      fpu,
      against(fpu, present, () => fpu.read(other), ordered),
      'status',
      2,
    );
  });

const withMemory = (mnemonic: string, read: MemoryNumber, pops: 0 | 1): Instruction =>
  unary(mnemonic, (x, src) => {
    const fpu = Fpu.waiting(x, src);
    const number = read(x, src);
    conclude(
      fpu,
      against(fpu, fpu.isOccupied(fpu.slot(0)), () => number, true),
      'status',
      pops,
    );
  });

export const FCOM: Instruction = withMemory('FCOM', memoryReal, 0);
export const FCOMP: Instruction = withMemory('FCOMP', memoryReal, 1);
export const FICOM: Instruction = withMemory('FICOM', memoryInteger, 0);
export const FICOMP: Instruction = withMemory('FICOMP', memoryInteger, 1);
export const FCOM_REGISTER: Instruction = withRegister('FCOM', true, 'status', 0);
export const FCOMP_REGISTER: Instruction = withRegister('FCOMP', true, 'status', 1);
export const FCOMPP: Instruction = withNext('FCOMPP', true);
export const FUCOM: Instruction = withRegister('FUCOM', false, 'status', 0);
export const FUCOMP: Instruction = withRegister('FUCOMP', false, 'status', 1);
export const FUCOMPP: Instruction = withNext('FUCOMPP', false);
export const FCOMI: Instruction = withRegister('FCOMI', true, 'flags', 0);
export const FCOMIP: Instruction = withRegister('FCOMIP', true, 'flags', 1);
export const FUCOMI: Instruction = withRegister('FUCOMI', false, 'flags', 0);
export const FUCOMIP: Instruction = withRegister('FUCOMIP', false, 'flags', 1);

/** FTST: ST(0) against +0. */
export const FTST: Instruction = nullary('FTST', (x) => {
  const fpu = Fpu.waiting(x);
  const zero = { significand: fpu.q.constant(0), top: fpu.d.constant(0) };
  conclude(
    fpu,
    against(fpu, fpu.isOccupied(fpu.slot(0)), () => zero, true),
    'status',
    0,
  );
});

/** Class of ST(0) in C3, C2, C0; its sign, of an empty register too, in C1. [SDM 2A, "FXAM"] */
export const FXAM: Instruction = nullary('FXAM', (x) => {
  const fpu = Fpu.waiting(x);
  const { d } = fpu;
  const own = fpu.slot(0);
  const { significand, top } = fpu.read(own);
  const u = EXTENDED.unpack(x, [significand, top], fpu.control);
  const empty = negation(x, fpu.isOccupied(own));
  fpu.settle(d.shl(u.sign, 9), d.select(empty, FSW.c3 | FSW.c0, classOf(fpu, u)));
});

function classOf<V>(fpu: Fpu<V>, u: Unpacked<V>): V {
  const { d } = fpu;
  const finite = d.select(u.denormal, FSW.c3 | FSW.c2, FSW.c2);
  const number = d.select(u.zero, FSW.c3, d.select(u.infinite, FSW.c2 | FSW.c0, finite));
  return d.select(u.unsupported, 0, d.select(u.nan, FSW.c0, number));
}
