/**
 * Miscellaneous instructions, fences and cache hints. [SDM 1 §5.1.13, §5.6.4] This processor executes in order and its caches are invisible:
 * prefetches have nothing to do, and fences only where another thread has the memory, too.
 */
import { binary, type Instruction, nullary, unary } from './instruction.ts';
import { resize } from './phrases.ts';

const UNDEFINED_OPCODE = 6;
const RBX = 3;

/** LEA: DEST ← offset of the memory operand, cut or zero-extended to the operand size. [SDM 2A, "LEA—Load Effective Address"] */
export const LEA: Instruction = binary(
  'LEA',
  (x, dest, src) => {
    dest.write(resize(x, x.effectiveAddress(src), x.addressWidth, dest.width));
  },
  { address: true },
);

/** XLAT: AL ← DS:[rBX + AL]. [SDM 2C, "XLAT/XLATB—Table Look-up Translation"] */
export const XLAT: Instruction = nullary(
  'XLAT',
  (x) => {
    const { addressWidth } = x;
    const entry = x.add(x.gpr(RBX, addressWidth).read(), resize(x, x.gpr(0, 8).read(), 8, addressWidth), addressWidth);
    x.gpr(0, 8).write(x.memory('source', x.bind(entry), 8).read());
  },
  { address: true },
);

/** NOP. [SDM 2B, "NOP—No Operation"] */
export const NOP: Instruction = nullary('NOP', () => {});

/** PAUSE: a hint that this is a loop that waits. [SDM 2B, "PAUSE—Spin Loop Hint"] */
export const PAUSE: Instruction = nullary('PAUSE', () => {});

/** NOP r/m: looks at no operand; also what hints of later processors are here. [SDM 2B, "NOP—No Operation"] */
export const NOP_HINT: Instruction = unary('NOP', () => {});

/** ENDBR: where an indirect branch may go; this processor does not watch it. [SDM 2A, "ENDBR32", "ENDBR64"] */
export const ENDBR32: Instruction = nullary('ENDBR32', () => {});
export const ENDBR64: Instruction = nullary('ENDBR64', () => {});

/** PREFETCHh, PREFETCHW: no access, no fault. [SDM 2B, "PREFETCHh", "PREFETCHW"] */
const prefetch = (hint: string): Instruction => unary(`PREFETCH${hint}`, () => {});
export const PREFETCH: Instruction = prefetch('');
export const PREFETCHW: Instruction = prefetch('W');
export const PREFETCHNTA: Instruction = prefetch('NTA');
export const PREFETCHT0: Instruction = prefetch('T0');
export const PREFETCHT1: Instruction = prefetch('T1');
export const PREFETCHT2: Instruction = prefetch('T2');

/** LFENCE, MFENCE, SFENCE: everything before is done. One kind of fence does for all. [SDM 2A, "LFENCE", 2B, "MFENCE", 2B, "SFENCE"] */
const fence = (mnemonic: string): Instruction => nullary(mnemonic, (x) => x.fence());
export const LFENCE: Instruction = fence('LFENCE');
export const MFENCE: Instruction = fence('MFENCE');
export const SFENCE: Instruction = fence('SFENCE');

/** CLFLUSH, CLFLUSHOPT, CLWB: to the checks a byte read, otherwise nothing. [SDM 2A, "CLFLUSH—Flush Cache Line"] */
const flush = (mnemonic: string): Instruction =>
  unary(mnemonic, (x, line) => {
    x.probe(line, 1, 'read');
  });
export const CLFLUSH: Instruction = flush('CLFLUSH');
export const CLFLUSHOPT: Instruction = flush('CLFLUSHOPT');
export const CLWB: Instruction = flush('CLWB');

/** UD2: #UD. [SDM 2C, "UD—Undefined Instruction"] */
export const UD2: Instruction = nullary('UD2', (x) => {
  x.faultIf(x.constant(1, 8), UNDEFINED_OPCODE);
});

/** UD0, UD1: #UD, ModRM read before. [SDM 2C, "UD—Undefined Instruction"] */
const undefinedWithOperands = (mnemonic: string): Instruction =>
  binary(mnemonic, (x) => {
    x.faultIf(x.constant(1, 8), UNDEFINED_OPCODE);
  });
export const UD0: Instruction = undefinedWithOperands('UD0');
export const UD1: Instruction = undefinedWithOperands('UD1');
