import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { type Mitigation, NO_MITIGATION } from './mitigation.ts';
import { Pickup } from './pickup.ts';

/** A driver that posts and rings when it is asked to, a device that takes one piece of work after another. */
class Rig {
  readonly clock: VirtualClock = new VirtualClock();
  readonly deferred: (() => void)[] = [];
  readonly looks: bigint[] = [];
  readonly pickup: Pickup;
  posted = 0;
  rings = 0;
  wantsDoorbells = true;
  /** Called once, within the next look, after its last glance. */
  afterGlance: (() => void) | undefined = undefined;

  constructor(mitigation: Mitigation, deferred = false) {
    this.pickup = new Pickup({
      clock: this.clock,
      mitigation,
      look: () => this.#look(),
      suppress: () => {
        this.wantsDoorbells = false;
      },
      ...(deferred ? { defer: (run) => void this.deferred.push(run) } : {}),
    });
  }

  post(): void {
    this.posted++;
    if (this.wantsDoorbells) this.ring();
  }

  ring(): void {
    this.rings++;
    this.pickup.rung();
  }

  runDeferred(): void {
    for (const run of this.deferred.splice(0)) run();
  }

  /** Until nothing is under way. */
  settle(): void {
    for (let i = 0; i < 1000; i++) {
      this.runDeferred();
      const { nextDeadline } = this.clock;
      if (nextDeadline === undefined) {
        if (this.deferred.length === 0) return;
      } else this.clock.advanceTo(nextDeadline);
    }
    throw new RangeError('it never ends');
  }

  #look(): boolean {
    this.looks.push(this.clock.now());
    const found = this.posted > 0;
    this.posted = 0;
    this.wantsDoorbells = true;
    const late = this.afterGlance;
    this.afterGlance = undefined;
    late?.();
    return found;
  }
}

const TIMER: Mitigation = { kind: 'timer', ns: 100 };
const POLL: Mitigation = { kind: 'poll', ns: 10, rounds: 2 };

describe('Without mitigation', () => {
  it.each([NO_MITIGATION, { kind: 'packets', count: 4, ns: 100 } as const])('looks at each ring, at once: %o', (mitigation) => {
    const rig = new Rig(mitigation);
    rig.post();
    rig.post();
    expect([rig.looks.length, rig.posted, rig.clock.nextDeadline]).toEqual([2, 0, undefined]);
  });

  it('looks once for all rings that come before a look that was put off', () => {
    const rig = new Rig(NO_MITIGATION, true);
    rig.post();
    rig.post();
    expect([rig.looks.length, rig.deferred.length]).toEqual([0, 1]);
    rig.runDeferred();
    expect([rig.looks.length, rig.posted]).toEqual([1, 0]);
    rig.post();
    rig.runDeferred();
    expect(rig.looks).toHaveLength(2);
  });
});

describe('The mitigation timer', () => {
  it('looks once when the time is over; no doorbell is wanted meanwhile', () => {
    const rig = new Rig(TIMER);
    for (let i = 0; i < 5; i++) rig.post();
    rig.clock.advanceTo(99n);
    expect([rig.looks.length, rig.rings, rig.wantsDoorbells]).toEqual([0, 1, false]);
    rig.clock.advanceTo(1000n);
    expect([rig.looks, rig.posted, rig.wantsDoorbells]).toEqual([[100n], 0, true]);
    rig.post();
    rig.clock.advanceTo(2000n);
    expect(rig.looks).toEqual([100n, 1100n]);
  });

  it('looks at once when the driver rings all the same', () => {
    const rig = new Rig(TIMER);
    rig.post();
    rig.clock.advanceTo(30n);
    rig.ring();
    expect([rig.looks, rig.clock.nextDeadline]).toEqual([[30n], undefined]);
  });

  it('puts even that look off where looks are put off, and starts no timer before it', () => {
    const rig = new Rig(TIMER, true);
    rig.post();
    rig.ring();
    rig.ring();
    expect([rig.deferred.length, rig.clock.nextDeadline]).toEqual([1, undefined]);
    rig.runDeferred();
    expect(rig.looks).toHaveLength(1);
  });

  it('looks directly when the timer ends: a timer is not in the exit', () => {
    const rig = new Rig(TIMER, true);
    rig.post();
    rig.clock.advanceTo(100n);
    expect([rig.looks, rig.deferred.length]).toEqual([[100n], 0]);
  });
});

describe('The mitigation poll', () => {
  it('looks at the ring, then again and again until so many looks in a row found nothing', () => {
    const rig = new Rig(POLL);
    rig.post();
    rig.clock.advanceTo(5n);
    rig.post();
    expect(rig.rings).toBe(1);
    rig.clock.advanceTo(15n);
    rig.post();
    rig.clock.advanceTo(1000n);
    expect([rig.looks, rig.rings, rig.wantsDoorbells]).toEqual([[0n, 10n, 20n, 30n, 40n], 1, true]);
    rig.post();
    expect(rig.looks.at(-1)).toBe(1000n);
  });

  it('goes on if the doorbell rings within a look that found nothing', () => {
    const rig = new Rig({ kind: 'poll', ns: 10, rounds: 1 });
    rig.post();
    rig.afterGlance = (): void => rig.post();
    rig.clock.advanceTo(10n);
    expect(rig.posted).toBe(1);
    rig.clock.advanceTo(100n);
    expect([rig.posted, rig.clock.nextDeadline]).toEqual([0, undefined]);
  });

  it('puts its first look off where looks are put off', () => {
    const rig = new Rig(POLL, true);
    rig.post();
    rig.post();
    expect([rig.looks.length, rig.rings]).toEqual([0, 1]);
    rig.clock.advanceTo(7n);
    rig.runDeferred();
    rig.clock.advanceTo(100n);
    expect(rig.looks).toEqual([7n, 17n, 27n]);
  });
});

const mitigation: fc.Arbitrary<Mitigation> = fc.oneof(
  fc.constant(NO_MITIGATION),
  fc.record({ kind: fc.constant('timer' as const), ns: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant('poll' as const), ns: fc.integer({ min: 1, max: 50 }), rounds: fc.integer({ min: 1, max: 3 }) }),
);

describe('Whatever the mitigation', () => {
  it.each([NO_MITIGATION, TIMER, POLL])('does nothing of what was under way when it is stopped, and begins anew after it: %o', (kind) => {
    for (const deferred of [false, true]) {
      const rig = new Rig(kind, deferred);
      rig.post();
      rig.ring();
      rig.pickup.stop();
      const looks = rig.looks.length;
      rig.settle();
      expect(rig.looks).toHaveLength(looks);
      rig.ring();
      rig.settle();
      expect(rig.posted).toBe(0);
    }
  });

  it('may be stopped within a look', () => {
    for (const kind of [TIMER, POLL]) {
      const rig = new Rig(kind);
      rig.afterGlance = (): void => rig.pickup.stop();
      rig.post();
      rig.settle();
      expect([rig.posted, rig.looks.length]).toEqual([0, 1]);
    }
  });

  it('needs a clock for what takes time', () => {
    const look = (): boolean => false;
    expect(() => new Pickup({ mitigation: TIMER, look })).toThrowError(expect.objectContaining({ code: 'mitigation-clock' }));
    expect(() => new Pickup({ mitigation: POLL, look })).toThrowError(expect.objectContaining({ code: 'mitigation-clock' }));
    expect(() => new Pickup({ mitigation: NO_MITIGATION, look })).not.toThrow();
  });

  it('leaves nothing behind that was posted, and ends', () => {
    const step = fc.oneof(
      fc.constant('post' as const),
      fc.constant('ring' as const),
      fc.constant('late' as const),
      fc.constant('turn' as const),
      fc.integer({ min: 1, max: 80 }),
    );
    fc.assert(
      fc.property(mitigation, fc.boolean(), fc.array(step, { maxLength: 60 }), (kind, deferred, steps) => {
        const rig = new Rig(kind, deferred);
        for (const what of steps) {
          if (what === 'post') rig.post();
          else if (what === 'ring') rig.ring();
          else if (what === 'turn') rig.runDeferred();
          else if (what === 'late') rig.afterGlance = (): void => rig.post();
          else rig.clock.advanceTo(rig.clock.now() + BigInt(what));
        }
        rig.settle();
        expect([rig.posted, rig.wantsDoorbells]).toEqual([0, true]);
      }),
    );
  });
});
