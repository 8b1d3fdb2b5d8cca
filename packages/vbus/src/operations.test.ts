/**
 * Random lists of operations by an administrator, a client and its memory on one bus: whatever they do, it ends in a state. Invariants: no
 * exception, results from −errno up, everything bounded, a client that reaches nothing but what is on its bus, and a bus that works after
 * the next reset.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VBUS_EVENT_DEVADD, VBUS_EVENT_DEVDROP } from './abi.ts';
import { busCall } from './bus-call.ts';
import { CLIENT_FREE, ClientRig } from './testing/client-rig.ts';
import { EventRingDriver, type ReadEvent } from './testing/event-ring-driver.ts';

const BELL = CLIENT_FREE;
const NAMES = ['a', 'b', 'c'];
const EVENTS = 4;

const name = fc.constantFrom(...NAMES);
/** Which of the handles that were given; or one that never was. */
const which = fc.nat(5);
const word = fc.oneof(fc.nat(16), fc.constantFrom(0xff, 0xffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff));
const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('plug' as const), name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unplug' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), name }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('open' as const), id: fc.nat(8), version: fc.constantFrom(1, 1, 1, 0, 2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('close' as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('call' as const), which, func: fc.nat(3), address: word, length: fc.oneof(fc.nat(64), word) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('shm' as const),
      which,
      id: fc.nat(3),
      bell: fc.nat(3),
      offset: fc.constantFrom(0, 0, 0, 1, 48, 64),
      prio: word,
      flags: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ring' as const), handle: fc.oneof(fc.nat(4), word) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('inject' as const), bell: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('drain' as const), limit: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;
/** Bytes anywhere in the ring, the records, the doorbells; and calls as structures of whatever lies in memory. */
const nonsense = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('scribble' as const), at: fc.integer({ min: 0x8000, max: 0x8400 }), value: fc.nat(255) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('scribble' as const), at: fc.integer({ min: BELL, max: BELL + 0x40 }), value: fc.nat(255) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('busCall' as const), vector: fc.nat(5), at: fc.oneof(fc.nat(0x200), word), length: word }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('busCall' as const),
      vector: fc.nat(3),
      at: fc.nat(0x8_0000),
      length: fc.constantFrom(8, 16, 32, 48),
    }),
  },
);
type Nonsense = typeof nonsense extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly rig = new ClientRig(EVENTS);
  readonly handles: bigint[] = [];
  readonly bells = [0, 1, 2, 3].map((i) => this.rig.doorbell(BELL + 0x10 * i, () => this.rig.client.signal(i)));
  readonly seen: ReadEvent[] = [];
  driver: EventRingDriver = this.rig.ring;

  constructor() {
    this.rig.ready();
  }

  handle(index: number): bigint {
    return this.handles[index] ?? 0x1234_5678_9abc_def0n;
  }

  run(one: Operation | Nonsense): number | bigint {
    const { client, host, memory } = this.rig;
    switch (one.kind) {
      case 'plug':
        host.createDevice(one.name, 'echo');
        return host.link('b', one.name);
      case 'unplug':
        return host.unlink('b', one.name);
      case 'remove':
        return host.removeDevice(one.name);
      case 'open': {
        const handle = client.deviceOpen(one.id, one.version);
        if (typeof handle === 'bigint') this.handles.push(handle);
        return handle;
      }
      case 'close': {
        const handle = this.handle(one.which);
        this.handles.splice(one.which, 1);
        return client.deviceClose(handle);
      }
      case 'call':
        return client.deviceCall(this.handle(one.which), one.func, one.address, one.length, 0);
      case 'shm': {
        const signal = { offset: one.offset, prio: one.prio, cookie: BigInt(one.bell) };
        return client.deviceShm(this.handle(one.which), one.id, one.flags, BELL + 0x10 * one.bell, 64, signal);
      }
      case 'ring':
        client.signal(one.handle);
        return 0;
      case 'inject':
        this.bells[one.bell]?.inject();
        return 0;
      case 'drain':
        this.seen.push(...this.driver.drain(one.limit));
        return 0;
      case 'settle':
        this.rig.settle();
        return 0;
      case 'reset':
        this.restart();
        return 0;
      case 'scribble':
        memory.writeU8(one.at, one.value);
        return 0;
      case 'busCall':
        return busCall(client, one.vector, one.at, one.length);
    }
  }

  /** A new kernel: as NEGOTIATE and QREG do it. */
  restart(): void {
    const { client, events, memory } = this.rig;
    events.reset();
    client.reset();
    events.reset();
    this.handles.length = 0;
    this.seen.length = 0;
    this.driver = new EventRingDriver({ memory, address: 0x8000, count: EVENTS, ring: () => events.kick() });
    expect(this.driver.register(events, memory)).toBe(0);
    client.ready();
  }

  /** Takes out events until none come. */
  drainAll(): void {
    for (let turn = 0; turn < 3000; turn++) {
      this.rig.settle();
      const events = this.driver.drain();
      this.seen.push(...events);
      if (events.length === 0 && this.rig.deferred.length === 0) return;
    }
    throw new Error('events do not end');
  }

  check(result: number | bigint): void {
    const { client, events, bus } = this.rig;
    if (typeof result === 'number') expect(result).toBeGreaterThan(-100);
    expect(client.openCount).toBeLessThanOrEqual(1024);
    expect(events.waiting).toBeLessThanOrEqual(client.signalCount + 2 * (bus.devices.size + EVENTS) + 100);
    for (const { device } of bus.devices.values()) expect(NAMES).toContain(device);
  }
}

/** What the client takes to be on the bus. */
function told(events: readonly ReadEvent[]): number[] {
  const ids = new Set<number>();
  for (const { id, handle } of events) {
    if (id === VBUS_EVENT_DEVADD) ids.add(Number(handle));
    else if (id === VBUS_EVENT_DEVDROP) expect(ids.delete(Number(handle))).toBe(true);
  }
  return [...ids].sort((a, b) => a - b);
}

function worksAgain(world: World): void {
  world.restart();
  const { rig } = world;
  for (const each of NAMES) rig.host.unlink('b', each);
  rig.host.createDevice('a', 'echo');
  rig.host.link('b', 'a');
  world.drainAll();
  const [id] = told(world.seen);
  const handle = rig.client.deviceOpen(id ?? -1, 1);
  if (typeof handle !== 'bigint') throw new Error(`DEVOPEN: ${handle}`);
  let signal = -1;
  let heard = 0;
  const bell = rig.doorbell(BELL, () => rig.client.signal(signal));
  bell.onSignal = () => void heard++;
  bell.enable();
  signal = rig.client.deviceShm(handle, 0, 0, BELL, 64, { offset: 0, prio: 0, cookie: 1n });
  bell.inject();
  expect([signal >= 0, rig.devices.get('a')?.connection?.heard, world.driver.drain().length]).toEqual([true, 1, 1]);
  bell.wakeup();
  expect([heard, rig.client.deviceClose(handle), world.driver.drain().length]).toEqual([1, 0, 1]);
}

describe('Random operations on a bus', () => {
  it('of a client that keeps to the protocol leave it knowing what is there', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), (list) => {
        const world = new World();
        for (const one of list) world.check(world.run(one));
        world.drainAll();
        expect(told(world.seen)).toEqual([...world.rig.bus.devices.keys()]);
        expect(world.rig.events.waiting).toBe(0);
        worksAgain(world);
      }),
      { numRuns: 500 },
    );
  });

  it('of a client that does anything end in a state, and it works again after a reset', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(operation, nonsense), { maxLength: 80 }), (list) => {
        const world = new World();
        for (const one of list) world.check(world.run(one));
        worksAgain(world);
      }),
      { numRuns: 1000 },
    );
  });
});
