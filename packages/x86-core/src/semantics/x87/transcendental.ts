/** The transcendental instructions: their results come from system routines and are rounded to 64 bits here. [SDM 1 §8.3.7 – §8.3.10] */
import type { SystemRoutine } from '../../system/routine.ts';
import { PRECISION_CONTROL } from '../float/control.ts';
import { packExtended } from '../float/round.ts';
import { both, invoke, negation } from '../float/words.ts';
import { type Instruction, nullary } from '../instruction.ts';
import type { Operand } from '../language.ts';
import { type Extended, Fpu, FSW, STACK_OVERFLOW, STACK_UNDERFLOW } from './fpu.ts';
import {
  ANSWER,
  ANSWER_FINAL,
  ANSWER_OUT_OF_RANGE,
  ANSWER_SECOND_FINAL,
  f2xm1,
  fcos,
  fpatan,
  fptan,
  fsin,
  fsincos,
  fyl2x,
  fyl2xp1,
} from './transcendental-routines.ts';

/** A register's worth in variables, at first the indefinite number. */
class Result<V> {
  readonly #fpu: Fpu<V>;
  readonly #significand: Operand<V>;
  readonly #top: Operand<V>;

  constructor(fpu: Fpu<V>) {
    this.#fpu = fpu;
    const indefinite = fpu.indefinite();
    this.#significand = fpu.q.variable(indefinite.significand);
    this.#top = fpu.d.variable(indefinite.top);
  }

  read(): Extended<V> {
    return { significand: this.#significand.read(), top: this.#top.read() };
  }

  /** Takes the answer whose words start at `at`; `final`: as it is. Adds to `exceptions`. */
  take(at: number, final: V, exceptions: Operand<V>): void {
    const { x, d, q, control } = this.#fpu;
    const word = (i: number): V => x.bind(x.indexedField('systemArguments', x.constant(at + i, 32), 8, 0, 64).read());
    const significand = word(0);
    const low = word(1);
    const third = word(2);
    const exponent = x.bind(x.truncate(third, 64, 32));
    x.when(
      final,
      () => {
        this.#significand.write(significand);
        this.#top.write(exponent);
      },
      () => {
        const sign = x.bind(x.truncate(q.shr(third, 32), 64, 32));
        const packed = invoke(x, packExtended, sign, exponent, significand, low, d.or(control, PRECISION_CONTROL));
        this.#significand.write(packed[0]);
        this.#top.write(packed[1]);
        exceptions.write(d.or(exceptions.read(), packed[2]));
      },
    );
  }
}

/**
 * ST(0) ← f(ST(0)), and with `pushes` a second result on top of it. An argument out of range sets C2 and changes nothing else; otherwise
 * the trigonometric ones clear C2.
 */
const ofTop = (mnemonic: string, routine: SystemRoutine, pushes: boolean, ranged: boolean): Instruction =>
  nullary(mnemonic, (x) => {
    const fpu = Fpu.waiting(x);
    const { d } = fpu;
    const own = fpu.slot(0);
    const next = fpu.slot(-1);
    const empty = fpu.isEmpty(own);
    const first = new Result(fpu);
    const second = new Result(fpu);
    const exceptions = d.variable(pushes ? d.select(empty, STACK_UNDERFLOW, STACK_OVERFLOW) : STACK_UNDERFLOW);
    const code = d.variable(0);
    const possible = pushes ? both(x, negation(x, empty), negation(x, fpu.isOccupied(next))) : negation(x, empty);
    x.when(possible, () => {
      const { significand, top } = fpu.read(own);
      const answer = x.bind(x.truncate(x.system(routine, significand, top), 64, 32));
      const outside = d.ne(d.and(answer, ANSWER_OUT_OF_RANGE), 0);
      code.write(d.select(outside, FSW.c2, 0));
      exceptions.write(d.and(answer, 0x3f));
      x.when(negation(x, outside), () => {
        first.take(ANSWER.first, d.ne(d.and(answer, ANSWER_FINAL), 0), exceptions);
        if (pushes) second.take(ANSWER.second, d.ne(d.and(answer, ANSWER_SECOND_FINAL), 0), exceptions);
      });
    });
    const inRange = d.eq(code.read(), 0);
    const proceeds = fpu.settle(exceptions.read(), ranged ? code.read() : undefined);
    x.when(both(x, proceeds, inRange), () => {
      fpu.write(own, first.read());
      if (!pushes) return;
      fpu.write(next, second.read());
      fpu.moveTop(next);
    });
  });

/** ST(1) ← f(ST(0), ST(1)), and a pop. */
const ofTwo = (mnemonic: string, routine: SystemRoutine): Instruction =>
  nullary(mnemonic, (x) => {
    const fpu = Fpu.waiting(x);
    const { d } = fpu;
    const own = fpu.slot(0);
    const next = fpu.slot(1);
    const result = new Result(fpu);
    const exceptions = d.variable(STACK_UNDERFLOW);
    x.when(fpu.areOccupied(own, next), () => {
      const a = fpu.read(own);
      const b = fpu.read(next);
      const answer = x.bind(x.truncate(x.system(routine, a.significand, a.top, b.significand, b.top), 64, 32));
      exceptions.write(d.and(answer, 0x3f));
      result.take(ANSWER.first, d.ne(d.and(answer, ANSWER_FINAL), 0), exceptions);
    });
    x.when(fpu.settle(exceptions.read()), () => {
      fpu.write(next, result.read());
      fpu.pop();
    });
  });

export const F2XM1: Instruction = ofTop('F2XM1', f2xm1, false, false);
export const FSIN: Instruction = ofTop('FSIN', fsin, false, true);
export const FCOS: Instruction = ofTop('FCOS', fcos, false, true);
export const FSINCOS: Instruction = ofTop('FSINCOS', fsincos, true, true);
export const FPTAN: Instruction = ofTop('FPTAN', fptan, true, true);
export const FPATAN: Instruction = ofTwo('FPATAN', fpatan);
export const FYL2X: Instruction = ofTwo('FYL2X', fyl2x);
export const FYL2XP1: Instruction = ofTwo('FYL2XP1', fyl2xp1);
