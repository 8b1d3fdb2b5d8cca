/**
 * Flag control instructions. [SDM 1 §5.1.10 "Flag Control (EFLAG) Instructions"] PUSHF and POPF are in stack.ts.
 */
import { disableInterrupts, enableInterrupts } from '../system/index.ts';
import { type Instruction, nullary } from './instruction.ts';
import type { FlagName, Language } from './language.ts';
import { bitAt, negated, resize } from './phrases.ts';

/** CLC: CF ← 0. [SDM 2A, "CLC—Clear Carry Flag"] */
export const CLC: Instruction = nullary('CLC', (x) => x.setFlags({ CF: x.constant(0, 8) }));
/** STC: CF ← 1. [SDM 2B, "STC—Set Carry Flag"] */
export const STC: Instruction = nullary('STC', (x) => x.setFlags({ CF: x.constant(1, 8) }));
/** CMC: CF ← NOT CF. [SDM 2A, "CMC—Complement Carry Flag"] */
export const CMC: Instruction = nullary('CMC', (x) => x.setFlags({ CF: x.bind(negated(x, x.flag('CF'))) }));
/** CLD: DF ← 0: strings go up. [SDM 2A, "CLD—Clear Direction Flag"] */
export const CLD: Instruction = nullary('CLD', (x) => x.setFlags({ DF: x.constant(0, 8) }));
/** STD: DF ← 1: strings go down. [SDM 2B, "STD—Set Direction Flag"] */
export const STD: Instruction = nullary('STD', (x) => x.setFlags({ DF: x.constant(1, 8) }));

/** CLI: IF ← 0, if IOPL (or VIF) allows. [SDM 2A, "CLI—Clear Interrupt Flag"] */
export const CLI: Instruction = nullary('CLI', (x) => {
  x.system(disableInterrupts);
});
/** STI: IF ← 1, if IOPL (or VIF) allows; interrupts are held off for one more instruction. [SDM 2B, "STI—Set Interrupt Flag"] */
export const STI: Instruction = nullary('STI', (x) => {
  x.system(enableInterrupts);
});

/** The flags in AH of LAHF and SAHF, by bit of AX. [SDM 1, Figure 3-8] */
const IN_AH: readonly (readonly [FlagName, number])[] = [
  ['CF', 8],
  ['PF', 10],
  ['AF', 12],
  ['ZF', 14],
  ['SF', 15],
];

/** LAHF: AH ← SF:ZF:0:AF:0:PF:1:CF. [SDM 2A, "LAHF—Load Status Flags Into AH Register"] */
export const LAHF: Instruction = nullary('LAHF', (x) => {
  const placed = IN_AH.map(([name, bit]) => x.shl(resize(x, x.flag(name), 8, 16), x.constant(bit, 16), 16));
  const image = placed.reduce((sum, flag) => x.or(sum, flag, 16), x.constant(0x0200, 16));
  const ax = x.gpr(0, 16);
  ax.write(x.or(x.and(ax.read(), x.constant(0xff, 16), 16), image, 16));
});

/** SAHF: SF ZF AF PF CF ← AH. [SDM 2B, "SAHF—Store AH Into Flags"] */
export const SAHF: Instruction = nullary('SAHF', (x) => {
  const ax = x.bind(x.gpr(0, 16).read());
  x.setFlags(flagsOf(x, ax));
});

function flagsOf<V>(x: Language<V>, ax: V): Partial<Record<FlagName, V>> {
  return Object.fromEntries(IN_AH.map(([name, bit]) => [name, x.bind(bitAt(x, ax, bit, 16))]));
}
