/**
 * Control transfer instructions. [SDM 1 §5.1.7] Near ones are whole here; a far one, an interrupt or a return from one is a system
 * routine. A target is checked before anything changes.
 */
import {
  breakpointTrap,
  debugTrap,
  farCall,
  farJump,
  farReturn,
  interruptReturn,
  overflowTrap,
  softwareInterrupt,
} from '../system/index.ts';
import { CONDITIONS } from './data-transfer.ts';
import { binary, type Instruction, type InstructionOptions, nullary, unary } from './instruction.ts';
import type { Language, Operand } from './language.ts';
import { isNotZero, isZero, negated, pop, push, resize } from './phrases.ts';

const RCX = 1;
const BOUND_RANGE_EXCEEDED = 5;
const NEAR: InstructionOptions = { sized: true };
const NEAR_CALL: InstructionOptions = { sized: true, stack: true };

/** `offset` cut to the operand size: what RIP becomes. Width 64. */
function instructionPointer<V>(x: Language<V>, offset: V): V {
  return x.bind(resize(x, resize(x, offset, 64, x.width), x.width, 64));
}

/** Target of a relative branch. */
function relativeTarget<V>(x: Language<V>, distance: Operand<V>): V {
  return instructionPointer(x, x.add(x.nextIp(), distance.read(), 64));
}

/** JMP rel. [SDM 2A, "JMP—Jump"] */
export const JMP: Instruction = unary('JMP', (x, distance) => x.jump(relativeTarget(x, distance)), NEAR);

/** JMP r/m. [SDM 2A, "JMP—Jump"] */
export const JMP_INDIRECT: Instruction = unary('JMP', (x, target) => {
  x.jump(x.bind(resize(x, target.read(), target.width, 64)));
});

/** Jcc: IF condition THEN RIP ← target. [SDM 2A, "Jcc—Jump if Condition Is Met"] */
export const Jcc: readonly Instruction[] = CONDITIONS.map((name, code) =>
  unary(
    `J${name}`,
    (x, distance) => {
      x.when(x.condition(code), () => x.jump(relativeTarget(x, distance)));
    },
    NEAR,
  ),
);

function call<V>(x: Language<V>, target: V): void {
  x.checkTarget(target);
  push(x, resize(x, x.nextIp(), 64, x.width), x.width);
  x.jump(target);
}

/** CALL rel: pushes the address of the next instruction. [SDM 2A, "CALL—Call Procedure"] */
export const CALL: Instruction = unary('CALL', (x, distance) => call(x, relativeTarget(x, distance)), NEAR_CALL);

/** CALL r/m. [SDM 2A, "CALL—Call Procedure"] */
export const CALL_INDIRECT: Instruction = unary('CALL', (x, target) => call(x, x.bind(resize(x, target.read(), x.width, 64))), NEAR_CALL);

/** RET: RIP ← POP. [SDM 2B, "RET—Return From Procedure"] */
export const RET: Instruction = nullary(
  'RET',
  (x) => {
    const { value, release } = pop(x, x.width);
    const target = x.bind(resize(x, value, x.width, 64));
    x.checkTarget(target);
    release();
    x.jump(target);
  },
  NEAR_CALL,
);

/** RET imm16: RIP ← POP, and as many bytes of parameters are left behind. [SDM 2B, "RET—Return From Procedure"] */
export const RET_PARAMETERS: Instruction = unary(
  'RET',
  (x, bytes) => {
    const { value, release } = pop(x, x.width);
    const target = x.bind(resize(x, value, x.width, 64));
    x.checkTarget(target);
    release(resize(x, bytes.read(), 16, x.stackWidth));
    x.jump(target);
  },
  NEAR_CALL,
);

/** What LOOP asks for besides a count that is not zero. */
const loopWhile = (mnemonic: string, zeroFlag: boolean | undefined): Instruction =>
  unary(
    mnemonic,
    (x, distance) => {
      const counter = x.gpr(RCX, x.addressWidth);
      const left = x.bind(x.sub(counter.read(), x.constant(1, x.addressWidth), x.addressWidth));
      const more = isNotZero(x, left, x.addressWidth);
      const again = zeroFlag === undefined ? more : x.and(more, zeroFlag ? x.flag('ZF') : negated(x, x.flag('ZF')), 8);
      x.when(
        again,
        () => {
          const target = relativeTarget(x, distance);
          x.checkTarget(target);
          counter.write(left);
          x.jump(target);
        },
        () => counter.write(left),
      );
    },
    { sized: true, address: true },
  );

/** LOOP: Count ← Count − 1; IF Count ≠ 0 THEN jump. Count is rCX of the address size. [SDM 2A, "LOOP/LOOPcc"] */
export const LOOP: Instruction = loopWhile('LOOP', undefined);
/** LOOPE: … AND ZF = 1. [SDM 2A, "LOOP/LOOPcc"] */
export const LOOPE: Instruction = loopWhile('LOOPE', true);
/** LOOPNE: … AND ZF = 0. [SDM 2A, "LOOP/LOOPcc"] */
export const LOOPNE: Instruction = loopWhile('LOOPNE', false);

/** JCXZ, JECXZ, JRCXZ: jump if rCX of the address size is zero. [SDM 2A, "Jcc—Jump if Condition Is Met"] */
export const JCXZ: Instruction = unary(
  'JCXZ',
  (x, distance) => {
    x.when(isZero(x, x.gpr(RCX, x.addressWidth).read(), x.addressWidth), () => x.jump(relativeTarget(x, distance)));
  },
  { sized: true, address: true, mnemonicsByAddress: { 16: 'JCXZ', 32: 'JECXZ', 64: 'JRCXZ' } },
);

type FarTransfer = typeof farJump;

/** Far transfer to ptr16:16, ptr16:32. */
const farDirect = (mnemonic: string, routine: FarTransfer): Instruction =>
  binary(
    mnemonic,
    (x, offset, selector) => {
      x.system(routine, selector.read(), offset.read(), x.constant(x.width, 64));
    },
    { sized: true },
  );

/** Far transfer to m16:16, m16:32, m16:64. */
const farIndirect = (mnemonic: string, routine: FarTransfer): Instruction =>
  unary(
    mnemonic,
    (x, pointer) => {
      const offset = x.bind(x.part(pointer, 0, x.width).read());
      const selector = x.bind(x.part(pointer, x.width / 8, 16).read());
      x.system(routine, selector, offset, x.constant(x.width, 64));
    },
    { sized: true },
  );

/** JMP far: through a code segment, a call gate or a task. [SDM 2A, "JMP—Jump"] */
export const JMP_FAR: Instruction = farDirect('JMP', farJump);
export const JMP_FAR_INDIRECT: Instruction = farIndirect('JMP', farJump);
/** CALL far. [SDM 2A, "CALL—Call Procedure"] */
export const CALL_FAR: Instruction = farDirect('CALL', farCall);
export const CALL_FAR_INDIRECT: Instruction = farIndirect('CALL', farCall);

/** RET far. [SDM 2B, "RET—Return From Procedure"] */
export const RETF: Instruction = nullary(
  'RETF',
  (x) => {
    x.system(farReturn, x.constant(0, 64), x.constant(x.width, 64));
  },
  { sized: true },
);
export const RETF_PARAMETERS: Instruction = unary(
  'RETF',
  (x, bytes) => {
    x.system(farReturn, bytes.read(), x.constant(x.width, 64));
  },
  { sized: true },
);

/** IRET, IRETD, IRETQ. [SDM 2A, "IRET/IRETD/IRETQ—Interrupt Return"] */
export const IRET: Instruction = nullary(
  'IRET',
  (x) => {
    x.system(interruptReturn, x.constant(x.width, 64));
  },
  { sized: true, mnemonics: { 16: 'IRET', 32: 'IRETD', 64: 'IRETQ' } },
);

/** INT n. [SDM 2A, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure"] */
export const INT: Instruction = unary('INT', (x, vector) => {
  x.system(softwareInterrupt, vector.read());
});
/** INT3: a #BP trap. */
export const INT3: Instruction = nullary('INT3', (x) => {
  x.system(breakpointTrap);
});
/** INT1: a #DB trap. */
export const INT1: Instruction = nullary('INT1', (x) => {
  x.system(debugTrap);
});
/** INTO: IF OF THEN an #OF trap. */
export const INTO: Instruction = nullary('INTO', (x) => {
  x.when(x.flag('OF'), () => {
    x.system(overflowTrap);
  });
});

/** BOUND: #BR unless lower ≤ index ≤ upper, signed; the bounds lie side by side in memory. [SDM 2A, "BOUND"] */
export const BOUND: Instruction = binary('BOUND', (x, index, bounds) => {
  const value = x.bind(index.read());
  const lower = x.bind(x.part(bounds, 0, x.width).read());
  const upper = x.bind(x.part(bounds, x.width / 8, x.width).read());
  x.faultIf(x.or(x.ltSigned(value, lower), x.ltSigned(upper, value), 8), BOUND_RANGE_EXCEEDED);
});
