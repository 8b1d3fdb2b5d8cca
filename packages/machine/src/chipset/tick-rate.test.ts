import { ConfigurationError, VirtualClock } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PIT_HZ, PM_TIMER_HZ, TickRate, TimeStampCounter } from './tick-rate.ts';

describe('Ticks and nanoseconds', () => {
  it('agree with exact rational arithmetic, for all of 104 days', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(PIT_HZ, PM_TIMER_HZ, 32_768, 1_000_000_000, 100_000_000),
        fc.nat(2 ** 31),
        fc.nat(2 ** 21),
        (hz, a, b) => {
          const ns = a * 2 ** 21 + b;
          const rate = new TickRate(hz);
          const ticks = rate.ticksAt(ns);
          expect(BigInt(ticks)).toBe((BigInt(ns) * BigInt(hz)) / 1_000_000_000n);
          expect(rate.ticksAt(rate.timeOf(ticks))).toBe(ticks);
          expect(rate.ticksAt(rate.timeOf(ticks + 1) - 1)).toBe(ticks);
        },
      ),
    );
  });

  it('a frequency that cannot be told exactly is the caller’s mistake', () => {
    for (const hz of [0, -1, 1.5, Number.NaN, 999_999_937]) expect(() => new TickRate(hz)).toThrow(ConfigurationError);
  });
});

describe('[SDM 3B §18.17] Time-Stamp Counter', () => {
  it('advances with virtual time and is set by a write', () => {
    const clock = new VirtualClock();
    const tsc = new TimeStampCounter(clock, 2_500_000_000);
    clock.advanceTo(1001n);
    expect(tsc.read()).toBe(2502n);
    expect(tsc.timeOf(2503n)).toBe(1002n);
    tsc.write(0n);
    expect(tsc.read()).toBe(0n);
    clock.advanceTo(3001n);
    expect([tsc.read(), tsc.timeOf(0n) <= clock.now()]).toEqual([5000n, true]);
    tsc.write((1n << 64n) - 1n);
    clock.advanceTo(4001n);
    expect(tsc.read()).toBe(2499n);
  });

  it('no frequency, no counter', () => {
    expect(() => new TimeStampCounter(new VirtualClock(), 0)).toThrow(ConfigurationError);
  });
});
