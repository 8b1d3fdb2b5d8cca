/**
 * x87 data transfer. [SDM 1 §8.3.3, §8.3.4; SDM 2A, "FLD", "FILD", "FST/FSTP", "FIST/FISTP", "FISTTP", "FXCH", "FCMOVcc", "FLD1/FLDL2T/…"]
 */
import { EXCEPTION } from '../float/control.ts';
import {
  f80ToF32,
  f80ToF64,
  f80ToI16,
  f80ToI16Truncated,
  f80ToI32,
  f80ToI32Truncated,
  f80ToI64,
  f80ToI64Truncated,
} from '../float/index.ts';
import { both, either, invoke, negation } from '../float/words.ts';
import { type Instruction, nullary, unary } from '../instruction.ts';
import type { BitWidth, Language, Operand, Subroutine } from '../language.ts';
import { type Extended, Fpu, FSW, STACK_UNDERFLOW } from './fpu.ts';
import { memoryInteger, memoryReal } from './memory-number.ts';

/** FLD m32, m64. */
export const FLD: Instruction = unary('FLD', (x, src) => {
  const fpu = Fpu.waiting(x, src);
  const { q, d } = fpu;
  const number = memoryReal(x, src);
  const quiet = q.truth(d.ne(d.and(number.exceptions, EXCEPTION.invalid), 0), 62);
  fpu.push({ significand: q.or(number.significand, quiet), top: number.top }, number.exceptions);
});

/** FLD m80: as it is, whatever it is. */
export const FLD_EXTENDED: Instruction = unary('FLD', (x, src) => {
  const fpu = Fpu.waiting(x, src);
  const significand = x.bind(x.part(src, 0, 64).read());
  const top = x.bind(x.zeroExtend(x.part(src, 8, 16).read(), 16, 32));
  fpu.push({ significand, top });
});

/** FILD m16, m32, m64. */
export const FILD: Instruction = unary('FILD', (x, src) => {
  const fpu = Fpu.waiting(x, src);
  fpu.push(memoryInteger(x, src));
});

/** The number in a slot, or the indefinite one if it is empty. */
function readOrIndefinite<V>(fpu: Fpu<V>, slot: V, present: V): Extended<V> {
  const { q, d } = fpu;
  const { significand, top } = fpu.read(slot);
  const indefinite = fpu.indefinite();
  return { significand: q.select(present, significand, indefinite.significand), top: d.select(present, top, indefinite.top) };
}

/** FLD ST(i). */
export const FLD_REGISTER: Instruction = unary('FLD', (x, number) => {
  const fpu = Fpu.waiting(x);
  const slot = fpu.slotOf(number.read());
  x.rarely(
    fpu.isEmpty(slot),
    () => fpu.push(fpu.indefinite(), fpu.d.constant(STACK_UNDERFLOW)),
    () => fpu.push(fpu.read(slot)),
  );
});

/** Constants, rounded by rounding control: `below` is the value rounded down, `up` those controls under which it is one more. */
const constant = (mnemonic: string, below: bigint, top: number, nearestUp: boolean): Instruction =>
  nullary(mnemonic, (x) => {
    const fpu = Fpu.waiting(x);
    const { d, q } = fpu;
    const mode = d.and(fpu.control, 0xc00);
    const up = nearestUp ? either(x, d.eq(mode, 0), d.eq(mode, 0x800)) : d.eq(mode, 0x800);
    const exact = below === 0n || below === 1n << 63n;
    const significand = exact ? q.constant(below) : q.add(q.constant(below), q.truth(up));
    fpu.push({ significand, top: d.constant(top) });
  });

// The first 64 bits of each constant, and whether the rest is more than half. [SDM 2A, "FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ"]
export const FLD1: Instruction = constant('FLD1', 1n << 63n, 0x3fff, false);
export const FLDL2T: Instruction = constant('FLDL2T', 0xd49a_784b_cd1b_8afen, 0x4000, false);
export const FLDL2E: Instruction = constant('FLDL2E', 0xb8aa_3b29_5c17_f0bbn, 0x3fff, true);
export const FLDPI: Instruction = constant('FLDPI', 0xc90f_daa2_2168_c234n, 0x4000, true);
export const FLDLG2: Instruction = constant('FLDLG2', 0x9a20_9a84_fbcf_f798n, 0x3ffd, true);
export const FLDLN2: Instruction = constant('FLDLN2', 0xb172_17f7_d1cf_79abn, 0x3ffe, true);
export const FLDZ: Instruction = constant('FLDZ', 0n, 0, false);

/** Stores what `convert` makes of ST(0); `missing` is stored for an empty ST(0). Unmasked, `stopping` exceptions keep it from that. */
function store<V>(x: Language<V>, dest: Operand<V>, convert: Subroutine, missing: bigint, stopping: number, pops: boolean): void {
  const fpu = Fpu.waiting(x, dest);
  const { d } = fpu;
  const own = fpu.slot(0);
  const width: BitWidth = convert.results[0]!;
  const result = x.variable(x.constant(missing, width), width);
  const exceptions = d.variable(STACK_UNDERFLOW);
  x.rarely(
    fpu.isEmpty(own),
    () => {},
    () => {
      const { significand, top } = fpu.read(own);
      const [value, raised] = invoke(x, convert, significand, top, fpu.control);
      result.write(value);
      exceptions.write(raised);
    },
  );
  const raised = exceptions.read();
  x.rarely(
    d.ne(d.and(fpu.unmasked(raised), stopping), 0),
    // What is not stored is not rounded either.
    () => fpu.settle(d.and(raised, ~(EXCEPTION.precision | FSW.c1))),
    () => {
      const value = result.read();
      dest.write(dest.width === width ? value : x.truncate(value, width, dest.width));
      fpu.settle(raised);
      if (pops) fpu.pop();
    },
  );
}

/** A store to memory also stops for an unmasked overflow or underflow. [SDM 1 §8.5.4, §8.5.5] */
const STOPS_REAL: number = EXCEPTION.invalid | EXCEPTION.overflow | EXCEPTION.underflow;

const storeReal = (mnemonic: string, pops: boolean): Instruction =>
  unary(mnemonic, (x, dest) => {
    if (dest.width === 32) store(x, dest, f80ToF32, 0xffc0_0000n, STOPS_REAL, pops);
    else store(x, dest, f80ToF64, 0xfff8n << 48n, STOPS_REAL, pops);
  });
/** FST, FSTP m32, m64. */
export const FST: Instruction = storeReal('FST', false);
export const FSTP: Instruction = storeReal('FSTP', true);

const INTEGER: Readonly<Record<number, Subroutine>> = { 16: f80ToI16, 32: f80ToI32, 64: f80ToI64 };
const TRUNCATED: Readonly<Record<number, Subroutine>> = { 16: f80ToI16Truncated, 32: f80ToI32Truncated, 64: f80ToI64Truncated };

const storeInteger = (mnemonic: string, by: Readonly<Record<number, Subroutine>>, pops: boolean): Instruction =>
  unary(mnemonic, (x, dest) => {
    const missing = -(1n << BigInt(dest.width - 1));
    store(x, dest, by[dest.width]!, missing, EXCEPTION.invalid, pops);
  });
/** FIST, FISTP m16, m32, m64. */
export const FIST: Instruction = storeInteger('FIST', INTEGER, false);
export const FISTP: Instruction = storeInteger('FISTP', INTEGER, true);
/** FISTTP m16, m32, m64: truncates. DEVIATION: it belongs to SSE3, which CPUID does not show. */
export const FISTTP: Instruction = storeInteger('FISTTP', TRUNCATED, true);

/** FSTP m80: as it is. */
export const FSTP_EXTENDED: Instruction = unary('FSTP', (x, dest) => {
  const fpu = Fpu.waiting(x, dest);
  const { d } = fpu;
  const own = fpu.slot(0);
  const present = fpu.isOccupied(own);
  const { significand, top } = readOrIndefinite(fpu, own, present);
  const exceptions = d.select(present, 0, STACK_UNDERFLOW);
  const stored = d.eq(fpu.unmasked(exceptions), 0);
  x.when(stored, () => {
    x.probe(dest, 10, 'write');
    x.part(dest, 0, 64).write(significand);
    x.part(dest, 8, 16).write(x.truncate(top, 32, 16));
  });
  fpu.settle(exceptions);
  x.when(stored, () => fpu.pop());
});

const storeRegister = (mnemonic: string, pops: boolean): Instruction =>
  unary(mnemonic, (x, number) => {
    const fpu = Fpu.waiting(x);
    const own = fpu.slot(0);
    const dest = fpu.slotOf(number.read());
    const write = (value: Extended<typeof own>): void => {
      if (pops) fpu.writeAndPop(dest, value);
      else fpu.write(dest, value);
    };
    x.rarely(
      fpu.isEmpty(own),
      () => x.when(fpu.settle(fpu.d.constant(STACK_UNDERFLOW)), () => write(fpu.indefinite())),
      () => {
        const value = fpu.read(own);
        fpu.quietly(() => write(value));
      },
    );
  });
/** FST, FSTP ST(i). */
export const FST_REGISTER: Instruction = storeRegister('FST', false);
export const FSTP_REGISTER: Instruction = storeRegister('FSTP', true);

/** FXCH ST(i): an empty register counts as the indefinite number. */
export const FXCH: Instruction = unary('FXCH', (x, number) => {
  const fpu = Fpu.waiting(x);
  const own = fpu.slot(0);
  const other = fpu.slotOf(number.read());
  x.rarely(
    negation(x, fpu.areOccupied(own, other)),
    () => {
      const a = readOrIndefinite(fpu, own, fpu.isOccupied(own));
      const b = readOrIndefinite(fpu, other, fpu.isOccupied(other));
      x.when(fpu.settle(fpu.d.constant(STACK_UNDERFLOW)), () => {
        fpu.write(own, b);
        fpu.write(other, a);
      });
    },
    () => {
      const [a, b] = [fpu.read(own), fpu.read(other)];
      fpu.quietly(() => {
        fpu.overwrite(own, b);
        fpu.overwrite(other, a);
      });
    },
  );
});

/** FCMOVcc: ST(0) ← ST(i) if the condition (as of Jcc) holds. An empty register makes ST(0) indefinite either way. */
const conditionalMove = (mnemonic: string, code: number): Instruction =>
  unary(mnemonic, (x, number) => {
    const fpu = Fpu.waiting(x);
    const own = fpu.slot(0);
    const other = fpu.slotOf(number.read());
    const present = fpu.areOccupied(own, other);
    const value = readOrIndefinite(fpu, other, present);
    const moves = either(x, negation(x, present), x.bind(x.condition(code)));
    const written = fpu.settleKeepingC1(fpu.d.select(present, 0, STACK_UNDERFLOW));
    x.when(both(x, moves, written), () => fpu.write(own, value));
  });
export const FCMOVB: Instruction = conditionalMove('FCMOVB', 2);
export const FCMOVE: Instruction = conditionalMove('FCMOVE', 4);
export const FCMOVBE: Instruction = conditionalMove('FCMOVBE', 6);
export const FCMOVU: Instruction = conditionalMove('FCMOVU', 10);
export const FCMOVNB: Instruction = conditionalMove('FCMOVNB', 3);
export const FCMOVNE: Instruction = conditionalMove('FCMOVNE', 5);
export const FCMOVNBE: Instruction = conditionalMove('FCMOVNBE', 7);
export const FCMOVNU: Instruction = conditionalMove('FCMOVNU', 11);
