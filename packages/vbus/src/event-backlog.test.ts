import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventBacklog, type VbusEvent } from './event-backlog.ts';

const add = (id: number): VbusEvent => ({ kind: 'devadd', id, type: 'echo' });
const drop = (id: number): VbusEvent => ({ kind: 'devdrop', id });
const signal = (handle: number): VbusEvent => ({ kind: 'shmsignal', handle, cookie: BigInt(handle), device: 0 });
const close = (handle: number): VbusEvent => ({ kind: 'shmclose', handle, cookie: BigInt(handle) });

const takeAll = (backlog: EventBacklog): VbusEvent[] => {
  const events: VbusEvent[] = [];
  for (let next = backlog.take(); next !== undefined; next = backlog.take()) events.push(next.event);
  return events;
};

describe('Events that wait', () => {
  it('keep their order within a priority, and higher priorities go first', () => {
    const backlog = new EventBacklog();
    backlog.add(signal(1), 0);
    backlog.add(signal(2), 3);
    backlog.add(add(0), 7);
    backlog.add(signal(3), 3);
    backlog.add(add(1), 7);
    expect(takeAll(backlog)).toEqual([add(0), add(1), signal(2), signal(3), signal(1)]);
    expect(backlog.size).toBe(0);
  });

  it('wait once each', () => {
    const backlog = new EventBacklog();
    expect([backlog.add(signal(1), 0), backlog.add(signal(1), 0), backlog.add(signal(1), 5)]).toEqual([true, false, false]);
    expect(takeAll(backlog)).toEqual([signal(1)]);
  });

  it('take any number as a priority', () => {
    const backlog = new EventBacklog();
    for (const [i, prio] of [Number.NaN, -5, 3.7, 0xffff_ffff].entries()) backlog.add(signal(i), prio);
    expect(takeAll(backlog)).toEqual([signal(3), signal(2), signal(0), signal(1)]);
  });

  it('VB-08 are about the bus as it is: who came and went is not mentioned', () => {
    const backlog = new EventBacklog();
    let placed = 0;
    backlog.add(add(5), 7);
    expect(backlog.add(drop(5), 7, () => placed++)).toBe(false);
    backlog.add(drop(4), 7);
    backlog.add(add(6), 7);
    expect([takeAll(backlog), placed]).toEqual([[drop(4), add(6)], 1]);
  });

  it('say nothing more of a signal that is closed', () => {
    const backlog = new EventBacklog();
    backlog.add(signal(1), 7);
    backlog.add(signal(2), 0);
    backlog.add(close(1), 0);
    expect(takeAll(backlog)).toEqual([signal(2), close(1)]);
  });
});

describe('VB-10 A low priority', () => {
  it('gets its turn after seven events that overtook it, however many wait', () => {
    const backlog = new EventBacklog();
    backlog.add(signal(1000), 0);
    backlog.add(signal(1001), 0);
    const order: VbusEvent[] = [];
    for (let i = 0; i < 40; i++) {
      // A flood: two more of high priority for each that goes.
      backlog.add(signal(2 * i), 7);
      backlog.add(signal(2 * i + 1), 7);
      const taken = backlog.take();
      if (taken !== undefined) order.push(taken.event);
    }
    expect(order.findIndex((event) => 'handle' in event && event.handle === 1000)).toBe(7);
    expect(order.findIndex((event) => 'handle' in event && event.handle === 1001)).toBe(15);
  });

  it('waits for at most eight times what waited before it, whatever comes after', () => {
    const operation = fc.record({ prio: fc.nat(7), handle: fc.nat(200), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (list) => {
        const backlog = new EventBacklog();
        /** Events taken when each was added, and how many were older. */
        const since = new Map<number, { taken: number; older: number }>();
        let taken = 0;
        for (const { prio, handle, take } of list) {
          if (!take) {
            const older = backlog.size;
            if (backlog.add(signal(handle), prio)) since.set(handle, { taken, older });
            continue;
          }
          const next = backlog.next;
          const one = backlog.take();
          expect(one).toBe(next);
          if (one === undefined || !('handle' in one.event)) continue;
          const begin = since.get(one.event.handle);
          since.delete(one.event.handle);
          expect(taken - (begin?.taken ?? 0)).toBeLessThan(8 * ((begin?.older ?? 0) + 1));
          taken++;
        }
        expect(backlog.size).toBe(since.size);
      }),
      { numRuns: 500 },
    );
  });
});
