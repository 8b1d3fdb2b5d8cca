/** Common cases of CLI, STI, PUSHF and POPF. [flags.ts] */
import {
  RFLAGS_AC,
  RFLAGS_DF,
  RFLAGS_ID,
  RFLAGS_IF,
  RFLAGS_IOPL,
  RFLAGS_NT,
  RFLAGS_RF,
  RFLAGS_TF,
  RFLAGS_VM,
  STATUS_FLAGS,
} from '../../flags.ts';
import type { SystemLanguage } from './language.ts';
import { ioPrivilege, low, readRflags, requireMode, requireQuiet, wide, word, writeRflags } from './phrases.ts';

/** Gives up unless IF may be changed: CPL ≤ IOPL. */
function requireInterruptFlag<V>(x: SystemLanguage<V>): void {
  requireMode(x);
  x.giveUpIf(x.ltUnsigned(ioPrivilege(x), x.state('cpl').read(), 32));
}

export function disableInterrupts<V>(x: SystemLanguage<V>): undefined {
  requireInterruptFlag(x);
  const flags = x.state('eflags');
  flags.write(x.and(flags.read(), word(x, ~RFLAGS_IF), 32));
}

export function enableInterrupts<V>(x: SystemLanguage<V>): undefined {
  requireInterruptFlag(x);
  const flags = x.state('eflags');
  const old = x.bind(flags.read());
  const enabled = x.bind(x.or(old, word(x, RFLAGS_IF), 32));
  requireQuiet(x, enabled);
  x.when(x.ne(old, enabled, 32), () => {
    flags.write(enabled);
    x.holdInterrupts();
  });
}

/** The bits that POPF, or IRET with the bits of `further`, takes from an image with this operand size (width 64, bound). Width 32. */
export function takenBits<V>(x: SystemLanguage<V>, size: V, further: number): V {
  const cpl = x.bind(x.state('cpl').read());
  const always = word(x, STATUS_FLAGS | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT);
  const wideOnly = x.select(x.eq(size, x.constant(16, 64), 64), word(x, 0), word(x, RFLAGS_AC | RFLAGS_ID | further), 32);
  const privilege = x.select(x.eq(cpl, word(x, 0), 32), word(x, RFLAGS_IOPL), word(x, 0), 32);
  const interrupts = x.select(x.ltUnsigned(ioPrivilege(x), cpl, 32), word(x, 0), word(x, RFLAGS_IF), 32);
  return x.bind(x.or(x.or(always, wideOnly, 32), x.or(privilege, interrupts, 32), 32));
}

export function popFlags<V>(x: SystemLanguage<V>, value: V, size: V): undefined {
  requireMode(x);
  const mask = takenBits(x, size, 0);
  const kept = x.and(x.and(readRflags(x), x.xor(mask, word(x, 0xffff_ffff), 32), 32), word(x, ~RFLAGS_RF), 32);
  const flags = x.bind(x.or(kept, x.and(low(x, value), mask, 32), 32));
  requireQuiet(x, flags);
  writeRflags(x, flags);
}

export function readFlags<V>(x: SystemLanguage<V>, _size: V): V {
  requireMode(x);
  return wide(x, x.and(readRflags(x), word(x, ~(RFLAGS_VM | RFLAGS_RF)), 32));
}
