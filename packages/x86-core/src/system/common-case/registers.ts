/**
 * Common cases of RDTSC, RDTSCP and of MOV from and to control registers. [timestamp.ts, control-registers.ts of
 * system/]
 */
import { CR4_PAE, CR4_TSD, PHYSICAL_ADDRESS_BITS } from '../../control-bits.ts';
import type { SystemLanguage } from './language.ts';
import { anyOf, low, requireCpl0, requireMode, word } from './phrases.ts';

function requireTimestamp<V>(x: SystemLanguage<V>): void {
  requireMode(x);
  const user = x.ne(x.state('cpl').read(), word(x, 0), 32);
  x.giveUpIf(x.and(user, anyOf(x, low(x, x.state('cr4').read()), CR4_TSD), 8));
}

export function readTimestamp<V>(x: SystemLanguage<V>): V {
  requireTimestamp(x);
  return x.timestamp();
}

export function readTimestampAux<V>(x: SystemLanguage<V>): V {
  requireTimestamp(x);
  return x.and(x.state('tscAux').read(), x.constant(0xffff_ffff, 64), 64);
}

/** CR0, CR2, CR3 and CR4; CR8 belongs to the interrupt controller. */
export function readControl<V>(x: SystemLanguage<V>, number: V): V {
  requireMode(x);
  requireCpl0(x);
  const n = x.bind(low(x, number));
  const is = (which: number): V => x.eq(n, word(x, which), 32);
  x.giveUpIf(x.ltUnsigned(word(x, 4), n, 32));
  x.giveUpIf(is(1));
  const result = x.variable(x.state('cr0').read(), 64);
  for (const [which, name] of [
    [2, 'cr2'],
    [3, 'cr3'],
    [4, 'cr4'],
  ] as const)
    x.when(is(which), () => result.write(x.state(name).read()));
  return result.read();
}

const CR3_RESERVED = -(1n << BigInt(PHYSICAL_ADDRESS_BITS));

/** MOV to CR2, and to CR3 where that loads no PDPTE registers; other registers have more consequences. */
export function writeControl<V>(x: SystemLanguage<V>, number: V, value: V): undefined {
  requireMode(x);
  requireCpl0(x);
  const n = x.bind(low(x, number));
  x.when(
    x.eq(n, word(x, 3), 32),
    () => {
      x.giveUpIf(x.ne(x.and(value, x.constant(CR3_RESERVED, 64), 64), x.constant(0, 64), 64));
      const pae = anyOf(x, low(x, x.state('cr4').read()), CR4_PAE);
      x.giveUpIf(x.and(pae, x.ne(x.state('commonMode').read(), word(x, 64), 32), 8));
      x.state('cr3').write(value);
      x.flushNonGlobal();
    },
    () => {
      x.giveUpIf(x.ne(n, word(x, 2), 32));
      x.state('cr2').write(value);
    },
  );
}
