/**
 * Common cases of RDMSR and WRMSR: the bases of FS and GS, which kernels without FSGSBASE write whenever they switch threads. Nobody
 * outside the CPU may own these registers. [msr.ts of system/]
 */
import { type FieldName, SEGMENT_NUMBER } from '../../state.ts';
import type { SystemLanguage } from './language.ts';
import { low, requireCanonical, requireCpl0, requireMode, word } from './phrases.ts';

const IA32_FS_BASE = 0xc000_0100;
const IA32_GS_BASE = 0xc000_0101;
const IA32_KERNEL_GS_BASE = 0xc000_0102;

const { FS, GS } = SEGMENT_NUMBER;

/** State fields and elements that an MSR writes; the first one is read. */
const BASES: readonly (readonly [number, readonly (readonly [FieldName, number])[]])[] = [
  [
    IA32_FS_BASE,
    [
      ['segmentBase', FS],
      ['linearBase', FS],
    ],
  ],
  [
    IA32_GS_BASE,
    [
      ['segmentBase', GS],
      ['linearBase', GS],
    ],
  ],
  [IA32_KERNEL_GS_BASE, [['kernelGsBase', 0]]],
];

/** Gives up unless the MSR is one of BASES; gives its number, bound, width 32. */
function requireBase<V>(x: SystemLanguage<V>, value: V): V {
  requireMode(x, 64);
  requireCpl0(x);
  const index = x.bind(low(x, value));
  x.giveUpIf(x.ltUnsigned(word(x, IA32_KERNEL_GS_BASE - IA32_FS_BASE), x.sub(index, word(x, IA32_FS_BASE), 32), 32));
  return index;
}

export function readMsr<V>(x: SystemLanguage<V>, number: V): V {
  const index = requireBase(x, number);
  const result = x.variable(x.constant(0, 64), 64);
  for (const [msr, [place]] of BASES) {
    if (place === undefined) continue;
    x.when(x.eq(index, word(x, msr), 32), () => result.write(x.state(...place).read()));
  }
  return result.read();
}

export function writeMsr<V>(x: SystemLanguage<V>, number: V, value: V): undefined {
  const index = requireBase(x, number);
  requireCanonical(x, value);
  // What waits would be taken behind the routine if IF is set.
  x.giveUpIf(x.ne(x.state('attention').read(), word(x, 0), 32));
  for (const [msr, places] of BASES) {
    x.when(x.eq(index, word(x, msr), 32), () => {
      for (const place of places) x.state(...place).write(value);
    });
  }
}
