/**
 * Binary arithmetic instructions. [SDM 1 §5.1.2] Multiplication and division are in multiply-divide.ts.
 */
import { binary, type Instruction, unary } from './instruction.ts';
import { resize } from './phrases.ts';

/** ADD: DEST ← DEST + SRC. Sets OF SF ZF AF CF PF. [SDM 2A, "ADD—Add"] */
export const ADD: Instruction = binary(
  'ADD',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const sum = x.bind(x.add(a, b));
    dest.write(sum);
    x.flags('add', a, b, sum);
  },
  { lockable: true },
);

/** ADC: DEST ← DEST + SRC + CF. Sets OF SF ZF AF CF PF. [SDM 2A, "ADC—Add With Carry"] */
export const ADC: Instruction = binary(
  'ADC',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const sum = x.bind(x.add(x.add(a, b), resize(x, x.flag('CF'), 8, x.width)));
    dest.write(sum);
    x.flags('add', a, b, sum);
  },
  { lockable: true },
);

/** SUB: DEST ← DEST − SRC. Sets OF SF ZF AF CF PF. [SDM 2B, "SUB—Subtract"] */
export const SUB: Instruction = binary(
  'SUB',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const difference = x.bind(x.sub(a, b));
    dest.write(difference);
    x.flags('sub', a, b, difference);
  },
  { lockable: true },
);

/** SBB: DEST ← DEST − (SRC + CF). Sets OF SF ZF AF CF PF. [SDM 2B, "SBB—Integer Subtraction With Borrow"] */
export const SBB: Instruction = binary(
  'SBB',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const difference = x.bind(x.sub(x.sub(a, b), resize(x, x.flag('CF'), 8, x.width)));
    dest.write(difference);
    x.flags('sub', a, b, difference);
  },
  { lockable: true },
);

/** CMP: the flags of SRC1 − SRC2, the difference dropped. [SDM 2A, "CMP—Compare Two Operands"] */
export const CMP: Instruction = binary('CMP', (x, first, second) => {
  const a = x.bind(first.read());
  const b = x.bind(second.read());
  x.flags('sub', a, b, x.bind(x.sub(a, b)));
});

/** INC: DEST ← DEST + 1. Sets OF SF ZF AF PF; CF stays. [SDM 2A, "INC—Increment by 1"] */
export const INC: Instruction = unary(
  'INC',
  (x, dest) => {
    const a = x.bind(dest.read());
    const one = x.constant(1);
    const sum = x.bind(x.add(a, one));
    dest.write(sum);
    x.flags('increment', a, one, sum);
  },
  { lockable: true },
);

/** DEC: DEST ← DEST − 1. Sets OF SF ZF AF PF; CF stays. [SDM 2A, "DEC—Decrement by 1"] */
export const DEC: Instruction = unary(
  'DEC',
  (x, dest) => {
    const a = x.bind(dest.read());
    const one = x.constant(1);
    const difference = x.bind(x.sub(a, one));
    dest.write(difference);
    x.flags('decrement', a, one, difference);
  },
  { lockable: true },
);

/** NEG: CF ← DEST ≠ 0; DEST ← 0 − DEST. Sets OF SF ZF AF CF PF. [SDM 2B, "NEG—Two's Complement Negation"] */
export const NEG: Instruction = unary(
  'NEG',
  (x, dest) => {
    const b = x.bind(dest.read());
    const zero = x.constant(0);
    const difference = x.bind(x.sub(zero, b));
    dest.write(difference);
    x.flags('sub', zero, b, difference);
  },
  { lockable: true },
);
