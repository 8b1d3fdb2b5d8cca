import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SHM_SIGNAL_DESC } from './abi.ts';
import { BufferRegion } from './shared-region.ts';
import { initShmSignal, isShmSignal, ShmSignal, type Side } from './shm-signal.ts';

const OFFSET = 8;
const { northEnabled, northPending, northDirty, southEnabled, southPending, southDirty, magic, ver } = SHM_SIGNAL_DESC.offset;

/** Both sides over one descriptor. Rings and deferred work wait in lists until the test lets them go. */
class Pair {
  readonly region = new BufferRegion(new ArrayBuffer(32));
  readonly rung: Record<Side, number> = { north: 0, south: 0 };
  readonly deferred: (() => void)[] = [];
  readonly north = this.#side('north');
  readonly south = this.#side('south');

  constructor() {
    initShmSignal(this.region, OFFSET);
  }

  #side(side: Side): ShmSignal {
    const other = side === 'north' ? 'south' : 'north';
    const ring = (): void => void this.rung[other]++;
    return new ShmSignal({ region: this.region, offset: OFFSET, side, ring, defer: (run) => void this.deferred.push(run) });
  }

  /** The wire of a side rings as often as it was rung. */
  deliver(side: Side): void {
    for (; this.rung[side] > 0; this.rung[side]--) this[side].wakeup();
  }

  runDeferred(): void {
    for (const run of this.deferred.splice(0)) run();
  }

  flag(offset: number): number {
    return this.region.readU8(OFFSET + offset);
  }
}

describe('[vbus PCI-2, shm_signal] A descriptor', () => {
  it('is known by magic and version, wholly within its region', () => {
    const region = new BufferRegion(new ArrayBuffer(32));
    expect(isShmSignal(region, OFFSET)).toBe(false);
    initShmSignal(region, OFFSET);
    expect([region.readU32(OFFSET + magic), region.readU32(OFFSET + ver)]).toEqual([0x58fa_39df, 1]);
    expect(isShmSignal(region, OFFSET)).toBe(true);
    for (const offset of [OFFSET + 1, 17, 32, -8, 0xffff_fffe, 0.5, Number.NaN]) expect(isShmSignal(region, offset)).toBe(false);
    region.writeU32(OFFSET + ver, 2);
    expect(isShmSignal(region, OFFSET)).toBe(false);
  });
});

describe('[vbus PCI-2, shm_signal] inject', () => {
  it('marks dirty and rings nobody who does not listen', () => {
    const pair = new Pair();
    pair.south.inject();
    expect([pair.flag(northDirty), pair.flag(northPending), pair.rung.north]).toEqual([1, 0, 0]);
    expect(pair.south.counters).toMatchObject({ injected: 1, rung: 0, suppressed: 1 });
  });

  it('rings once until the other side has finished', () => {
    const pair = new Pair();
    pair.north.enable();
    let notified = 0;
    pair.north.onSignal = () => {
      notified++;
      // Busy: what comes now is seen in the same wake-up, without a ring.
      if (notified === 1) pair.south.inject();
    };
    for (let i = 0; i < 5; i++) pair.south.inject();
    expect([pair.flag(northDirty), pair.flag(northPending), pair.rung.north]).toEqual([1, 1, 1]);
    pair.deliver('north');
    expect([notified, pair.rung.north, pair.flag(northDirty), pair.flag(northPending)]).toEqual([2, 0, 0, 0]);
    pair.south.inject();
    expect(pair.rung.north).toBe(1);
  });

  it('works the same in the other direction', () => {
    const pair = new Pair();
    pair.south.enable();
    pair.north.inject();
    expect([pair.flag(southEnabled), pair.flag(southDirty), pair.flag(southPending), pair.rung.south]).toEqual([1, 1, 1, 1]);
    pair.deliver('south');
    expect([pair.flag(southDirty), pair.flag(southPending), pair.flag(northEnabled)]).toEqual([0, 0, 0]);
  });
});

describe('[vbus PCI-2, shm_signal] enable and disable', () => {
  it('tell later, not within the call, what happened while nobody listened', () => {
    const pair = new Pair();
    let notified = 0;
    pair.north.onSignal = () => void notified++;
    pair.south.inject();
    pair.north.enable();
    pair.north.enable();
    expect([notified, pair.deferred.length]).toEqual([0, 1]);
    pair.runDeferred();
    expect([notified, pair.flag(northDirty)]).toEqual([1, 0]);
    pair.north.enable();
    expect(pair.deferred).toEqual([]);
  });

  it('let a notifier stop (NAPI) and take up again what came meanwhile', () => {
    const pair = new Pair();
    let notified = 0;
    pair.north.onSignal = () => {
      notified++;
      pair.north.disable();
    };
    pair.north.enable();
    pair.south.inject();
    pair.deliver('north');
    pair.south.inject();
    expect([notified, pair.rung.north, pair.flag(northDirty)]).toEqual([1, 0, 1]);
    pair.north.enable();
    pair.runDeferred();
    expect(notified).toBe(2);
  });

  it('keep the ring that arrives while nobody listens', () => {
    const pair = new Pair();
    let notified = 0;
    pair.north.onSignal = () => void notified++;
    pair.north.enable();
    pair.south.inject();
    pair.north.disable();
    pair.deliver('north');
    expect([notified, pair.north.counters.spurious, pair.flag(northPending)]).toEqual([0, 1, 1]);
    pair.north.enable();
    pair.runDeferred();
    expect([notified, pair.flag(northPending)]).toEqual([1, 0]);
  });

  it('do nothing, as all else, once closed', () => {
    const pair = new Pair();
    pair.south.inject();
    pair.north.enable();
    pair.north.close();
    const before = [...Array(32).keys()].map((i) => pair.region.readU8(i));
    pair.runDeferred();
    pair.north.disable();
    pair.north.enable();
    pair.north.inject();
    pair.north.wakeup();
    expect([...Array(32).keys()].map((i) => pair.region.readU8(i))).toEqual(before);
    expect(pair.north.closed).toBe(true);
  });
});

describe('[vbus PCI-2, shm_signal] The other side in the middle of a step', () => {
  /** Lets the other side act just before one of the stores takes effect, as another thread may. */
  class InterruptedRegion extends BufferRegion {
    before: { readonly offset: number; readonly value: number; readonly act: () => void } | undefined = undefined;

    override storeU8(offset: number, value: number): void {
      const { before } = this;
      if (before?.offset === offset && before.value === value) {
        this.before = undefined;
        before.act();
      }
      super.storeU8(offset, value);
    }
  }

  const sides = (): { region: InterruptedRegion; north: ShmSignal; south: ShmSignal; deferred: (() => void)[]; rings: () => number } => {
    const region = new InterruptedRegion(new ArrayBuffer(32));
    const deferred: (() => void)[] = [];
    let rings = 0;
    const make = (side: Side): ShmSignal =>
      new ShmSignal({ region, offset: OFFSET, side, ring: () => void rings++, defer: (run) => void deferred.push(run) });
    initShmSignal(region, OFFSET);
    return { region, north: make('north'), south: make('south'), deferred, rings: () => rings };
  };

  it('is heard if it injects when the end of wakeup is about to clear pending, though it does not ring', () => {
    const { region, north, south, rings } = sides();
    let notified = 0;
    south.onSignal = () => void notified++;
    south.enable();
    north.inject();
    region.before = { offset: OFFSET + southPending, value: 0, act: () => north.inject() };
    south.wakeup();
    expect([rings(), notified, region.before]).toEqual([1, 2, undefined]);
  });

  it('is heard if it injects when enable is about to take effect, though it does not ring', () => {
    const { region, north, south, deferred, rings } = sides();
    let notified = 0;
    south.onSignal = () => void notified++;
    region.before = { offset: OFFSET + southEnabled, value: 1, act: () => north.inject() };
    south.enable();
    for (const run of deferred) run();
    expect([rings(), notified, region.before]).toEqual([0, 1, undefined]);
  });
});

describe('VB-06 A peer that scribbles', () => {
  it('does not reach what was attached by changing magic or version', () => {
    const pair = new Pair();
    let notified = 0;
    pair.south.onSignal = () => void notified++;
    pair.south.enable();
    pair.region.writeU32(OFFSET + magic, 0);
    pair.region.writeU32(OFFSET + ver, 99);
    pair.north.inject();
    pair.deliver('south');
    expect(notified).toBe(1);
  });

  it('finds any value but zero to be true', () => {
    const pair = new Pair();
    let notified = 0;
    pair.south.onSignal = () => void notified++;
    for (const offset of [southEnabled, southDirty, southPending]) pair.region.writeU8(OFFSET + offset, 0xff);
    pair.south.wakeup();
    expect([notified, pair.flag(southDirty), pair.flag(southPending)]).toEqual([1, 0, 0]);
  });

  it('cannot keep the other side in its notifier for ever: the rest is deferred', () => {
    const pair = new Pair();
    let notified = 0;
    pair.south.onSignal = () => {
      notified++;
      pair.region.writeU8(OFFSET + southDirty, 1);
    };
    pair.south.enable();
    pair.north.inject();
    pair.deliver('south');
    expect([notified, pair.deferred.length]).toEqual([16, 1]);
    pair.runDeferred();
    expect([notified, pair.deferred.length]).toEqual([32, 1]);
    pair.south.onSignal = () => void notified++;
    pair.runDeferred();
    expect([notified, pair.deferred.length]).toEqual([33, 0]);
  });

  it('cannot make more of rings than one call of the notifier each', () => {
    const pair = new Pair();
    let notified = 0;
    pair.south.onSignal = () => void notified++;
    pair.south.enable();
    for (let i = 0; i < 1000; i++) pair.south.wakeup();
    expect([notified, pair.south.counters.spurious]).toEqual([0, 1000]);
  });
});

const operation = fc.record({
  side: fc.constantFrom<Side>('north', 'south'),
  what: fc.constantFrom('inject', 'inject', 'wakeup', 'enable', 'disable', 'deferred', 'scribble'),
  value: fc.nat(255),
  at: fc.nat(15),
});

describe('Random operations on a doorbell', () => {
  it('lose no wake-up: who listens in the end has seen what was injected last', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (list) => {
        const pair = new Pair();
        const produced: Record<Side, number> = { north: 0, south: 0 };
        const seen: Record<Side, number> = { north: 0, south: 0 };
        for (const side of ['north', 'south'] as const)
          pair[side].onSignal = () => {
            seen[side] = produced[side];
          };
        for (const { side, what } of list) {
          const other = side === 'north' ? 'south' : 'north';
          if (what === 'inject') {
            produced[other]++;
            pair[side].inject();
          } else if (what === 'wakeup') pair.deliver(side);
          else if (what === 'deferred') pair.runDeferred();
          else if (what !== 'scribble') pair[side][what]();
          // One ring at most before the other side has gone through its notifier again.
          expect(pair[side].counters.rung).toBeLessThanOrEqual(1 + pair[other].counters.notified);
          expect(pair.deferred.length).toBeLessThanOrEqual(2);
        }
        for (const side of ['north', 'south'] as const) pair[side].enable();
        for (const side of ['north', 'south'] as const) pair.deliver(side);
        pair.runDeferred();
        expect(seen).toEqual(produced);
      }),
      { numRuns: 2000 },
    );
  });

  it('end in a state whatever is scribbled in between', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (list) => {
        const pair = new Pair();
        let notified = 0;
        pair.south.onSignal = () => void notified++;
        for (const { side, what, value, at } of list) {
          const before = notified;
          if (what === 'scribble') pair.region.writeU8(OFFSET + at, value);
          else if (what === 'deferred') pair.runDeferred();
          else pair[side][what]();
          expect(notified - before).toBeLessThanOrEqual(16);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
