/** Common cases of SYSCALL, SYSRET, SWAPGS (64-bit mode), SYSENTER and SYSEXIT (flat 32-bit mode). [syscall.ts, sysenter.ts of system/] */
import { EFER_SCE } from '../../control-bits.ts';
import { RFLAGS_IF, RFLAGS_RF, RFLAGS_VM } from '../../flags.ts';
import { SEGMENT_NUMBER } from '../../state.ts';
import type { SystemLanguage } from './language.ts';
import {
  flatValues,
  high,
  low,
  RSP,
  readRflags,
  require,
  requireCanonical,
  requireCpl0,
  requireMode,
  requireNoStep,
  requireQuiet,
  wide,
  word,
  writeRflags,
  writeSegment,
} from './phrases.ts';

const RCX = 1;
const RDX = 2;
const R11 = 11;
/** Flat segments of 4 GiB at DPL 0. */
const CODE_64 = 0xa09b;
const CODE_32 = 0xc09b;
const STACK = 0xc093;
const DPL_3 = 3 << 5;

/** CS and SS without a descriptor table. Selectors are bound, of width 32. */
function loadFlatSegments<V>(x: SystemLanguage<V>, code: V, stack: V, cpl: 0 | 3, attributes: number): void {
  const dpl = cpl === 3 ? DPL_3 : 0;
  writeSegment(x, SEGMENT_NUMBER.CS, flatValues(x, code, attributes | dpl));
  writeSegment(x, SEGMENT_NUMBER.SS, flatValues(x, stack, STACK | dpl));
  x.enterPrivilege(word(x, cpl));
}

/** value + distance, RPL 3, as a selector. */
const outerSelector = <V>(x: SystemLanguage<V>, value: V, distance: number): V =>
  x.bind(x.and(x.or(x.add(value, word(x, distance), 32), word(x, 3), 32), word(x, 0xffff), 32));

export function systemCall<V>(x: SystemLanguage<V>): undefined {
  requireMode(x, 64);
  require(x, low(x, x.state('efer').read()), EFER_SCE, EFER_SCE);
  requireNoStep(x);
  const flags = readRflags(x);
  x.register(RCX).write(x.state('rip').read());
  x.register(R11).write(wide(x, x.and(flags, word(x, ~RFLAGS_RF), 32)));
  x.state('rip').write(x.state('lstar').read());
  const mask = x.or(low(x, x.state('sfmask').read()), word(x, RFLAGS_RF), 32);
  writeRflags(x, x.bind(x.and(flags, x.xor(mask, word(x, 0xffff_ffff), 32), 32)));
  const selector = x.bind(x.and(high(x, x.state('star').read()), word(x, 0xfffc), 32));
  loadFlatSegments(x, selector, x.bind(x.add(selector, word(x, 8), 32)), 0, CODE_64);
}

/** To 64-bit code. */
export function systemReturn<V>(x: SystemLanguage<V>, size: V): undefined {
  requireMode(x, 64);
  x.giveUpIf(x.ne(size, x.constant(64, 64), 64));
  require(x, low(x, x.state('efer').read()), EFER_SCE, EFER_SCE);
  requireCpl0(x);
  requireNoStep(x);
  const target = x.bind(x.register(RCX).read());
  requireCanonical(x, target);
  const flags = x.bind(x.and(low(x, x.register(R11).read()), word(x, ~(RFLAGS_RF | RFLAGS_VM)), 32));
  requireQuiet(x, flags);
  x.state('rip').write(target);
  writeRflags(x, flags);
  const base = x.bind(x.shr(high(x, x.state('star').read()), word(x, 16), 32));
  loadFlatSegments(x, outerSelector(x, base, 16), outerSelector(x, base, 8), 3, CODE_64);
}

export function swapGs<V>(x: SystemLanguage<V>): undefined {
  requireMode(x, 64);
  requireCpl0(x);
  const { GS } = SEGMENT_NUMBER;
  const old = x.bind(x.state('segmentBase', GS).read());
  const base = x.bind(x.state('kernelGsBase').read());
  x.state('kernelGsBase').write(old);
  x.state('segmentBase', GS).write(base);
  x.state('linearBase', GS).write(base);
}

/** IA32_SYSENTER_CS without RPL; gives up where it is null. Width 32. */
function systemCodeSelector<V>(x: SystemLanguage<V>): V {
  const selector = x.bind(x.and(low(x, x.state('sysenterCs').read()), word(x, 0xfffc), 32));
  x.giveUpIf(x.eq(selector, word(x, 0), 32));
  return selector;
}

export function systemEnter<V>(x: SystemLanguage<V>): undefined {
  requireMode(x, 32);
  const selector = systemCodeSelector(x);
  x.state('eflags').write(x.and(x.state('eflags').read(), word(x, ~(RFLAGS_VM | RFLAGS_IF | RFLAGS_RF)), 32));
  x.register(RSP).write(wide(x, low(x, x.state('sysenterEsp').read())));
  x.state('rip').write(wide(x, low(x, x.state('sysenterEip').read())));
  const stack = x.bind(x.and(x.add(selector, word(x, 8), 32), word(x, 0xffff), 32));
  loadFlatSegments(x, selector, stack, 0, CODE_32);
}

export function systemExit<V>(x: SystemLanguage<V>, size: V): undefined {
  requireMode(x, 32);
  x.giveUpIf(x.eq(size, x.constant(64, 64), 64));
  const selector = systemCodeSelector(x);
  requireCpl0(x);
  requireQuiet(x, x.bind(x.state('eflags').read()));
  x.state('rip').write(wide(x, low(x, x.register(RDX).read())));
  x.register(RSP).write(wide(x, low(x, x.register(RCX).read())));
  loadFlatSegments(x, outerSelector(x, selector, 16), outerSelector(x, selector, 24), 3, CODE_32);
}
