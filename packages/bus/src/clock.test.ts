import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Timer, VirtualClock } from './clock.ts';

describe('Virtual time', () => {
  it('stands still until it is advanced, and never goes back', () => {
    const clock = new VirtualClock();
    expect(clock.now()).toBe(0n);
    clock.advanceTo(100n);
    clock.advanceTo(50n);
    expect(clock.now()).toBe(100n);
  });

  it('goes on between advances if there is a source, and does not go back when the source does', () => {
    let source = 5n;
    const clock = new VirtualClock(() => source);
    expect(clock.now()).toBe(5n);
    source = 3n;
    expect(clock.now()).toBe(5n);
    source = 9n;
    expect(clock.now()).toBe(9n);
  });

  it('runs each event at its own time, equal times in the order of their scheduling', () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    for (const [name, at] of [
      ['c', 30n],
      ['a', 10n],
      ['b1', 20n],
      ['b2', 20n],
    ] as const)
      clock.schedule(at, () => ran.push(`${name} at ${clock.now()}`));
    clock.advanceTo(25n);
    expect(ran).toEqual(['a at 10', 'b1 at 20', 'b2 at 20']);
    expect(clock.nextDeadline).toBe(30n);
  });

  it('runs an event of the past at the next advance, not inside schedule', () => {
    const clock = new VirtualClock();
    clock.advanceTo(100n);
    let ran = false;
    clock.schedule(1n, () => {
      ran = true;
    });
    expect(ran).toBe(false);
    clock.advanceTo(100n);
    expect([ran, clock.now()]).toEqual([true, 100n]);
  });

  it('runs within one advance what an event schedules before its end', () => {
    const clock = new VirtualClock();
    const at: bigint[] = [];
    const tick = (): void => {
      at.push(clock.now());
      clock.schedule(clock.now() + 10n, tick);
    };
    clock.schedule(10n, tick);
    clock.advanceTo(35n);
    expect(at).toEqual([10n, 20n, 30n]);
  });

  it('forgets what is cancelled, also twice and from an event', () => {
    const clock = new VirtualClock();
    let ran = 0;
    const second = clock.schedule(20n, () => ran++);
    const first = clock.schedule(10n, () => second.cancel());
    clock.schedule(5n, () => ran++).cancel();
    expect(clock.nextDeadline).toBe(10n);
    clock.advanceTo(30n);
    first.cancel();
    expect([ran, clock.nextDeadline]).toEqual([0, undefined]);
  });

  it('tells of an event that is earlier than all others', () => {
    const clock = new VirtualClock();
    const earlier: bigint[] = [];
    clock.onEarlierDeadline = (at) => void earlier.push(at);
    for (const at of [50n, 70n, 20n, 20n, 10n]) clock.schedule(at, () => undefined);
    expect(earlier).toEqual([50n, 20n, 10n]);
  });

  it('runs all that is due and not cancelled, in order, whatever is scheduled', () => {
    const event = fc.record({ at: fc.nat(100), cancel: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.array(fc.nat(120), { maxLength: 6 }), (events, steps) => {
        const clock = new VirtualClock();
        const ran: number[] = [];
        const timers = events.map(({ at }, i): Timer => clock.schedule(BigInt(at), () => ran.push(i)));
        for (const [i, { cancel }] of events.entries()) if (cancel) timers[i]?.cancel();
        for (const step of steps) clock.advanceTo(BigInt(step));
        const end = Math.max(0, ...steps);
        const due = [...events.keys()].filter((i) => steps.length > 0 && !events[i]?.cancel && (events[i]?.at ?? 0) <= end);
        expect(ran).toEqual(due.sort((a, b) => (events[a]?.at ?? 0) - (events[b]?.at ?? 0) || a - b));
      }),
    );
  });
});
