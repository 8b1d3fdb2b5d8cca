import { describe, expect, it } from 'vitest';
import { lazyCarriesHigh, lazyCarriesLow, lazyResult, STATUS_FLAGS, statusFlags, statusFlagsOf } from './flags.ts';

describe('[SDM 1 §3.4.3.1] Status flags', () => {
  it('survive the way into the lazy words and back, in every combination', () => {
    for (let flags = 0; flags < 0x1000; flags++) {
      if ((flags & ~STATUS_FLAGS) !== 0) continue;
      expect(statusFlags(lazyResult(flags), 0, lazyCarriesLow(flags), lazyCarriesHigh(flags))).toBe(flags);
    }
  });

  it('come out of a result and its carries', () => {
    // −1 + 1 = 0: carries out of every bit.
    expect(statusFlagsOf(0n, 0xc000_0000_0000_0008n)).toBe(0x55);
    // 7FH + 1 in 8 bits: the result is sign-extended, the carry goes into the sign bit only.
    expect(statusFlagsOf(0xffff_ffff_ffff_ff80n, 0x4000_0000_0000_0008n)).toBe(0x890);
  });
});
