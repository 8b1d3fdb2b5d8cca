/**
 * Aggregation of interrupts: whose signals one interrupt carries, what it saves, and what is lost without it, which is nothing. Signals of
 * the same device would have shared an interrupt of its own too; only those of others are saved by sharing one between devices.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventCounters } from '../event-queue.ts';
import type { SharedRegion } from '../shared-region.ts';
import type { ShmSignal } from '../shm-signal.ts';
import { BridgeRig, type BridgeRigOptions } from '../testing/bridge-rig.ts';
import { ECHO_VERSION, type EchoUse } from '../testing/echo-device.ts';

/** A doorbell both of whose ends are the test's, and a number in the memory behind it that the device counts up. */
interface Bell {
  readonly device: { readonly signal: ShmSignal; readonly region: SharedRegion };
  readonly driver: ShmSignal;
  /** What the driver saw when it was last told. */
  seen: number;
}

const SIGNAL = 16;

class Rig extends BridgeRig {
  readonly bells: Bell[] = [];
  readonly #before: EventCounters;

  /** So many devices with two doorbells each: those of device n are 2n and 2n + 1. */
  constructor(devices: number, options: BridgeRigOptions = {}) {
    const given: { signal: ShmSignal; region: SharedRegion }[] = [];
    const use: EchoUse = (_, region, signal) => signal !== undefined && given.push({ signal, region });
    super({ ...options, use });
    for (let i = 0; i < devices; i++) this.plug(`d${i}`);
    expect(this.driver.probe()).toBe(0);
    expect(this.settle()).toBe(true);
    for (let id = 0; id < devices; id++) {
      const device = this.driver.session.open(id, ECHO_VERSION);
      if (typeof device === 'number') throw new Error(`DEVOPEN answers ${device}`);
      for (const shm of [0, 1]) {
        const shared = device.shmWithSignal(shm, 64, SIGNAL);
        if (typeof shared === 'number') throw new Error(`DEVSHM answers ${shared}`);
        const end = given.at(-1);
        if (end === undefined) throw new Error('the device was not told');
        const bell: Bell = { device: end, driver: shared.signal, seen: 0 };
        shared.signal.onSignal = () => {
          bell.seen = shared.region.readU32(0);
        };
        shared.signal.enable();
        this.bells.push(bell);
      }
    }
    this.settle();
    this.#before = { ...this.bridge.counters.events };
  }

  /** The device has something to say. */
  ring(bell: number): void {
    const { device } = this.bells[bell] as Bell;
    device.region.writeU32(0, device.region.readU32(0) + 1);
    device.signal.inject();
  }

  /** What was counted since all was set up. */
  get counted(): EventCounters {
    const counted = { ...this.bridge.counters.events };
    for (const key of Object.keys(counted) as (keyof EventCounters)[]) counted[key] -= this.#before[key];
    return counted;
  }

  get unseen(): readonly number[] {
    return this.bells.flatMap(({ device, seen }, i) => (device.region.readU32(0) === seen ? [] : [i]));
  }
}

describe('Signals that need no interrupt', () => {
  it('are told apart: one of the same device was under way, or others only', () => {
    const rig = new Rig(3);
    // The interrupt; its own second ring; two of another device; one of the third.
    for (const bell of [0, 1, 2, 3, 4]) rig.ring(bell);
    expect(rig.counted).toMatchObject({ signals: 5, interrupts: 1, suppressed: 4, coalescedSame: 2, coalescedOther: 2 });
    rig.settle();
    // An interrupt begins anew: nothing of the last one counts.
    for (const bell of [2, 0]) rig.ring(bell);
    expect(rig.counted).toMatchObject({ signals: 7, interrupts: 2, suppressed: 5, coalescedSame: 2, coalescedOther: 3 });
  });

  it('are of another device if it was hot-plug that interrupted', () => {
    const rig = new Rig(1);
    rig.plug('new');
    rig.ring(0);
    rig.ring(1);
    expect(rig.counted).toMatchObject({ events: 3, interrupts: 1, suppressed: 2, coalescedSame: 1, coalescedOther: 1 });
  });

  it('are counted as well when they waited for room', () => {
    const rig = new Rig(3, { events: 2 });
    for (const bell of [0, 2, 3, 4, 5]) rig.ring(bell);
    expect(rig.counted).toMatchObject({ signals: 2, interrupts: 1, delayed: 3, coalescedOther: 1 });
    rig.settle();
    expect(rig.unseen).toEqual([]);
    const { events, interrupts, suppressed, coalescedSame, coalescedOther } = rig.counted;
    expect([events, interrupts]).toEqual([5, events - suppressed]);
    expect(coalescedSame + coalescedOther).toBe(suppressed);
  });
});

describe('Without aggregation', () => {
  it('every signal is an interrupt of its own, whatever the guest has not finished with', () => {
    const rig = new Rig(3, { bridge: { aggregation: false } });
    for (const bell of [0, 1, 2, 3, 4]) rig.ring(bell);
    expect(rig.messages).toBe(5);
    expect(rig.counted).toMatchObject({ signals: 5, interrupts: 5, suppressed: 0, coalescedSame: 0, coalescedOther: 0 });
    rig.settle();
    expect(rig.unseen).toEqual([]);
  });

  it('as many as had to wait for room are interrupts when they can be seen', () => {
    const rig = new Rig(3, { events: 2, bridge: { aggregation: false } });
    for (const bell of [0, 1, 2, 3, 4, 5]) rig.ring(bell);
    rig.settle();
    expect(rig.counted).toMatchObject({ signals: 6, interrupts: 6, delayed: 4 });
    expect(rig.unseen).toEqual([]);
  });

  it('a doorbell that the guest has not answered still rings once', () => {
    const rig = new Rig(1, { bridge: { aggregation: false } });
    for (let i = 0; i < 5; i++) rig.ring(0);
    expect(rig.counted).toMatchObject({ signals: 1, interrupts: 1 });
    expect(rig.bells[0]?.device.signal.counters).toMatchObject({ injected: 5, rung: 1, suppressed: 4 });
  });

  it('a pin that is high cannot rise: it says all until the guest has finished', () => {
    const rig = new Rig(2, { interrupts: 'intx', bridge: { interrupts: 'intx', aggregation: false } });
    const before = rig.bridge.function.intxAssertions;
    for (const bell of [0, 2]) rig.ring(bell);
    expect(rig.counted).toMatchObject({ signals: 2, interrupts: 1, suppressed: 1 });
    rig.settle();
    rig.ring(1);
    expect([rig.bridge.function.intxAssertions - before, rig.counted.interrupts]).toEqual([2, 2]);
  });
});

describe('With and without aggregation', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('ring' as const), value: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('interrupt' as const, 'deferred' as const), value: fc.constant(0) }) },
    fc.record({ kind: fc.constantFrom('mask' as const, 'unmask' as const), value: fc.nat(5) }),
    fc.record({ kind: fc.constant('time' as const), value: fc.integer({ min: 1, max: 30_000 }) }),
  );
  const card = fc.record({
    doorbell: fc.constantFrom('port' as const, 'mmio' as const),
    interrupts: fc.constantFrom('msi' as const, 'intx' as const),
    aggregation: fc.boolean(),
  });

  it('nothing is lost on any wire, and every event is an interrupt or needed none', () => {
    fc.assert(
      fc.property(card, fc.constantFrom(2, 4, 64), fc.array(step, { maxLength: 80 }), (bridge, events, steps) => {
        const rig = new Rig(3, { events, bridge });
        for (const { kind, value } of steps) {
          if (kind === 'ring') rig.ring(value);
          else if (kind === 'mask') rig.bells[value]?.driver.disable();
          else if (kind === 'unmask') rig.bells[value]?.driver.enable();
          else if (kind === 'deferred') rig.deferred.shift()?.();
          else if (kind === 'time') rig.clock.advanceTo(rig.clock.now() + BigInt(value));
          else if (rig.intx.high) rig.driver.interrupt();
          else if (rig.messages > 0) {
            rig.messages--;
            rig.driver.interrupt();
          }
        }
        for (const { driver } of rig.bells) driver.enable();
        expect(rig.settle()).toBe(true);
        expect(rig.unseen).toEqual([]);
        const { counted } = rig;
        expect(counted.interrupts + counted.suppressed).toBe(counted.events);
        expect(counted.coalescedSame + counted.coalescedOther).toBe(counted.suppressed);
        if (!bridge.aggregation && bridge.interrupts === 'msi') expect(counted.suppressed).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
