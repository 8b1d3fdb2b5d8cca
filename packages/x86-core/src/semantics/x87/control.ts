/**
 * x87 control instructions. [SDM 1 §8.3.12; SDM 2A, "FCLEX/FNCLEX", "FDECSTP", "FFREE", "FINCSTP", "FINIT/FNINIT", "FLDCW", "FNOP",
 * "FSTCW/FNSTCW", "FSTSW/FNSTSW"; SDM 2C, "WAIT/FWAIT"]
 */
import { CR0_MP, CR0_TS } from '../../control-bits.ts';
import { VECTOR } from '../../fault.ts';
import { Words } from '../float/words.ts';
import { type Instruction, nullary, unary } from '../instruction.ts';
import type { Language } from '../language.ts';
import { Fpu, FSW } from './fpu.ts';

/** Control word after FNINIT. */
const INITIAL_CONTROL = 0x37f;
/** Bits of the control word that exist; bit 6 always reads as one. */
const CONTROL_WRITABLE = 0x1f3f;
const CONTROL_ONE = 0x40;
const TOP_SHIFT = 11;

/** Status word with TOP in it, width 16. */
export function statusWord<V>(x: Language<V>): V {
  const top = x.truncate(x.shl(x.field('ftop').read(), x.constant(TOP_SHIFT, 32), 32), 32, 16);
  return x.bind(x.or(x.field('fsw').read(), top, 16));
}

/** Takes a control word (width 16) and has the status word's ES and B follow the masks. */
export function loadControlWord<V>(x: Language<V>, value: V): void {
  const control = x.bind(x.or(x.and(value, x.constant(CONTROL_WRITABLE, 16), 16), x.constant(CONTROL_ONE, 16), 16));
  x.field('fcw').write(control);
  summarize(x, control, x.bind(x.field('fsw').read()));
}

/** Takes a status word (width 16), TOP in it, under the control word there is. */
export function loadStatusWord<V>(x: Language<V>, value: V): void {
  const d = new Words(x, 32);
  const wide = x.bind(x.zeroExtend(value, 16, 32));
  x.field('ftop').write(d.and(d.shr(wide, TOP_SHIFT), 7));
  summarize(x, x.bind(x.field('fcw').read()), x.truncate(d.and(wide, ~(7 << TOP_SHIFT) & 0xffff), 32, 16));
}

/** Stores the status word with ES and B set if it has an unmasked exception, else clear. [SDM 1 §8.1.3.3] */
function summarize<V>(x: Language<V>, control: V, status: V): void {
  const w = new Words(x, 16);
  const pending = w.ne(w.and(w.and(status, w.not(control)), 0x3f), 0);
  const rest = w.and(status, ~(FSW.errorSummary | FSW.busy) & 0xffff);
  x.field('fsw').write(w.or(rest, w.select(pending, FSW.errorSummary | FSW.busy, 0)));
}

/** What FNINIT does. */
export function initialize<V>(x: Language<V>): void {
  x.field('fcw').write(x.constant(INITIAL_CONTROL, 16));
  for (const name of ['fsw', 'ftags', 'fop', 'fcs', 'fds'] as const) x.field(name).write(x.constant(0, 16));
  x.field('ftop').write(x.constant(0, 32));
  x.field('fip').write(x.constant(0, 64));
  x.field('fdp').write(x.constant(0, 64));
}

export const FLDCW: Instruction = unary('FLDCW', (x, src) => {
  Fpu.waiting(x);
  loadControlWord(x, x.bind(src.read()));
});
export const FNSTCW: Instruction = unary('FNSTCW', (x, dest) => {
  Fpu.notWaiting(x);
  dest.write(x.field('fcw').read());
});
/** FNSTSW m16, AX. */
export const FNSTSW: Instruction = unary('FNSTSW', (x, dest) => {
  Fpu.notWaiting(x);
  dest.write(statusWord(x));
});
export const FNINIT: Instruction = nullary('FNINIT', (x) => {
  Fpu.notWaiting(x);
  initialize(x);
});
/** FNCLEX: clears exceptions, SF, ES and B. */
export const FNCLEX: Instruction = nullary('FNCLEX', (x) => {
  Fpu.notWaiting(x);
  x.field('fsw').write(x.and(x.field('fsw').read(), x.constant(0x7f00, 16), 16));
});
export const FNOP: Instruction = nullary('FNOP', (x) => {
  Fpu.waiting(x);
});
/** FENI, FDISI, FSETPM of earlier coprocessors: nothing. [SDM 3B, "Obsolete Instructions"] */
export const FNOP_8087: Instruction = nullary('FNENI', (x) => {
  Fpu.notWaiting(x);
});

/** FWAIT: raises the exceptions that wait; #NM if TS and MP are both set. */
export const FWAIT: Instruction = nullary('FWAIT', (x) => {
  const q = new Words(x, 64);
  const switched = q.eq(q.and(x.field('cr0').read(), CR0_MP | CR0_TS), CR0_MP | CR0_TS);
  x.faultIf(switched, VECTOR.NM);
  const status = x.field('fsw').read();
  x.faultIf(x.ne(x.and(status, x.constant(FSW.errorSummary, 16), 16), x.constant(0, 16), 16), VECTOR.MF);
});

const moveTop = (mnemonic: string, by: number): Instruction =>
  nullary(mnemonic, (x) => {
    const fpu = Fpu.waiting(x);
    fpu.settleQuietly();
    fpu.moveTop(fpu.slot(by));
  });
export const FINCSTP: Instruction = moveTop('FINCSTP', 1);
export const FDECSTP: Instruction = moveTop('FDECSTP', -1);

const freeing = (mnemonic: string, pops: boolean): Instruction =>
  unary(mnemonic, (x, number) => {
    const fpu = Fpu.waiting(x);
    fpu.free(fpu.slotOf(number.read()));
    if (pops) fpu.pop();
  });
export const FFREE: Instruction = freeing('FFREE', false);
export const FFREEP: Instruction = freeing('FFREEP', true);
