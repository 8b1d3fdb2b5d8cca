import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { SignalHold } from './signal-hold.ts';

function rig(count: number, ns = 100): { readonly clock: VirtualClock; readonly hold: SignalHold; readonly signals: bigint[] } {
  const clock = new VirtualClock();
  const signals: bigint[] = [];
  const hold = new SignalHold({ clock, count, ns, signal: () => void signals.push(clock.now()) });
  return { clock, hold, signals };
}

describe('The mitigation packets', () => {
  it('signals once for so many buffers, however they come', () => {
    const { hold, signals } = rig(4);
    hold.ask();
    hold.ask(2);
    expect([signals.length, hold.holding]).toEqual([0, true]);
    hold.ask();
    expect([signals.length, hold.holding]).toEqual([1, false]);
    hold.ask(9);
    expect(signals).toHaveLength(2);
  });

  it('holds nothing if one buffer is enough', () => {
    const { hold, signals, clock } = rig(1);
    hold.ask();
    expect([signals.length, clock.nextDeadline]).toEqual([1, undefined]);
  });

  it('lets the first buffer wait no longer than its time, whatever comes after', () => {
    const { clock, hold, signals } = rig(4);
    clock.advanceTo(10n);
    hold.ask();
    clock.advanceTo(60n);
    hold.ask();
    clock.advanceTo(1000n);
    expect([signals, hold.holding, clock.nextDeadline]).toEqual([[110n], false, undefined]);
  });

  it('begins its time anew after a signal', () => {
    const { clock, hold, signals } = rig(2);
    hold.ask();
    clock.advanceTo(90n);
    hold.ask();
    hold.ask();
    clock.advanceTo(1000n);
    expect(signals).toEqual([90n, 190n]);
  });

  it('gives at once what it holds when it is told to, and nothing if it holds nothing', () => {
    const { clock, hold, signals } = rig(8);
    hold.flush();
    hold.ask();
    hold.flush();
    clock.advanceTo(1000n);
    expect(signals).toEqual([0n]);
  });

  it('forgets what it holds when it is stopped, and can be used again', () => {
    const { clock, hold, signals } = rig(2);
    hold.ask();
    hold.stop();
    clock.advanceTo(1000n);
    expect(signals).toEqual([]);
    hold.ask();
    expect(signals).toEqual([]);
    hold.ask();
    expect(signals).toEqual([1000n]);
  });

  it('may be asked from within a signal', () => {
    const clock = new VirtualClock();
    let signals = 0;
    const hold: SignalHold = new SignalHold({
      clock,
      count: 2,
      ns: 100,
      signal: () => {
        if (signals++ === 0) hold.ask();
      },
    });
    hold.ask(2);
    expect([signals, hold.holding]).toEqual([1, true]);
    clock.advanceTo(100n);
    expect(signals).toBe(2);
  });
});
