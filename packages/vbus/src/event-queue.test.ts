import { describe, expect, it } from 'vitest';
import { EVENT_SIZE, IOQ_DESC, IOQ_HEAD } from './abi.ts';
import { EFAULT, EINVAL } from './errno.ts';
import type { VbusEvent } from './event-backlog.ts';
import { EventQueue, type EventQueueTrace } from './event-queue.ts';
import { ioqLength } from './ioq.ts';
import { BufferMemory } from './shared-region.ts';
import { EventRingDriver } from './testing/event-ring-driver.ts';

const RING = 0x1000;
const add = (id: number): VbusEvent => ({ kind: 'devadd', id, type: 'virtual-ethernet' });
const drop = (id: number): VbusEvent => ({ kind: 'devdrop', id });
const signal = (handle: number, device = 0): VbusEvent => ({
  kind: 'shmsignal',
  handle,
  cookie: 0x1_0000_0000n + BigInt(handle),
  device,
});
const close = (handle: number): VbusEvent => ({ kind: 'shmclose', handle, cookie: 0x1_0000_0000n + BigInt(handle) });

class Rig {
  readonly memory = new BufferMemory(new ArrayBuffer(0x4_0000));
  interrupts = 0;
  readonly trace: EventQueueTrace[] = [];
  readonly deferred: (() => void)[] = [];
  readonly queue = new EventQueue({
    interrupt: () => void this.interrupts++,
    defer: (run) => void this.deferred.push(run),
    trace: (event) => void this.trace.push(event),
  });
  readonly driver: EventRingDriver;

  constructor(count: number, open = true) {
    this.driver = new EventRingDriver({ memory: this.memory, address: RING, count, ring: () => this.queue.kick() });
    if (open) expect(this.driver.register(this.queue, this.memory)).toBe(0);
  }

  runDeferred(): void {
    for (const run of this.deferred.splice(0)) run();
  }
}

describe('[vbus PCI-2, calls and events] The event ring', () => {
  it('carries events in records of 144 bytes', () => {
    const { queue, driver } = new Rig(8);
    queue.post(add(3), 7);
    queue.post(signal(1), 0);
    queue.post(close(1), 0);
    queue.post(drop(3), 7);
    expect(driver.drain()).toEqual([
      { id: 0, handle: 3n, type: 'virtual-ethernet' },
      { id: 2, handle: 0x1_0000_0001n, type: '' },
      { id: 3, handle: 0x1_0000_0001n, type: '' },
      { id: 1, handle: 3n, type: '' },
    ]);
  });

  it('interrupts once for any number of events, until the client has finished with them', () => {
    const rig = new Rig(8);
    for (let i = 0; i < 5; i++) rig.queue.post(signal(i), 0);
    expect(rig.interrupts).toBe(1);
    expect(rig.driver.drain()).toHaveLength(5);
    rig.queue.post(signal(0), 0);
    expect([rig.interrupts, rig.queue.counters]).toEqual([
      2,
      { events: 6, signals: 6, interrupts: 2, suppressed: 4, coalescedSame: 4, coalescedOther: 0, delayed: 0, merged: 0, kicks: 0 },
    ]);
  });

  it('does not want to be told that there is room while nothing waits', () => {
    const rig = new Rig(2);
    for (let i = 0; i < 20; i++) {
      rig.queue.post(signal(0), 0);
      rig.driver.drain();
    }
    rig.runDeferred();
    expect(rig.queue.counters).toMatchObject({ events: 20, kicks: 0, delayed: 0 });
  });

  it('calls back when the client can see an event', () => {
    const { queue, driver } = new Rig(1);
    const placed: string[] = [];
    queue.post(signal(0), 0, () => placed.push('a'));
    queue.post(signal(1), 0, () => placed.push('b'));
    expect(placed).toEqual(['a']);
    driver.drain();
    expect(placed).toEqual(['a', 'b']);
  });
});

describe('VB-08 A client that does not drain', () => {
  it('finds everything when it does, in order, with one kick', () => {
    const rig = new Rig(4);
    for (let i = 0; i < 30; i++) rig.queue.post(signal(i), 0);
    expect([rig.queue.waiting, rig.interrupts]).toEqual([26, 1]);
    const seen: bigint[] = [];
    for (let turn = 0; turn < 10; turn++) {
      seen.push(...rig.driver.drain().map(({ handle }) => handle));
      rig.runDeferred();
    }
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => 0x1_0000_0000n + BigInt(i)));
    expect(rig.queue.waiting).toBe(0);
  });

  it('lets nothing grow: a signal waits once, a device that came and went not at all', () => {
    const rig = new Rig(1);
    rig.queue.post(signal(99), 0);
    for (let i = 0; i < 10_000; i++) {
      rig.queue.post(signal(i % 3), 0);
      rig.queue.post(add(i), 7);
      rig.queue.post(drop(i), 7);
    }
    expect([rig.queue.waiting, rig.queue.counters.events]).toEqual([3, 1]);
  });

  it('gets what happened before it named its ring', () => {
    const rig = new Rig(4, false);
    rig.queue.post(signal(1), 0);
    rig.queue.post(add(0), 7);
    rig.queue.kick();
    expect([rig.queue.isOpen, rig.interrupts]).toEqual([false, 0]);
    expect(rig.driver.register(rig.queue, rig.memory)).toBe(0);
    expect([rig.queue.isOpen, rig.interrupts]).toEqual([true, 1]);
    expect(rig.driver.drain().map(({ id }) => id)).toEqual([0, 2]);
  });

  it('loses no event if it makes room while the queue finds none', () => {
    const rig = new Rig(2);
    for (let i = 0; i < 5; i++) rig.queue.post(signal(i), 0);
    // It takes events by itself and tells nobody; then once, when the doorbell may be disabled or not.
    const seen = [...rig.driver.take(), ...rig.driver.take()].length;
    rig.driver.signal.inject();
    rig.runDeferred();
    expect(seen + rig.driver.take().length + rig.queue.waiting).toBe(5);
    expect(rig.queue.waiting).toBe(1);
  });
});

describe('VB-08 Order', () => {
  it('is kept by an event for which there is room again while an older one still waits', () => {
    const rig = new Rig(1);
    for (let i = 0; i < 2; i++) rig.queue.post(signal(i), 0);
    // Room is made, and nobody was told yet.
    const seen = rig.driver.take();
    rig.queue.post(signal(2), 0);
    for (let turn = 0; turn < 3; turn++) {
      seen.push(...rig.driver.drain());
      rig.runDeferred();
    }
    expect(seen.map(({ handle }) => handle - 0x1_0000_0000n)).toEqual([0n, 1n, 2n]);
  });
});

describe('VB-10 Priorities', () => {
  it('put a signal of high priority before a flood of low ones that waits', () => {
    const rig = new Rig(4);
    for (let i = 0; i < 100; i++) rig.queue.post(signal(i), 0);
    rig.queue.post(signal(200), 6);
    rig.driver.drain(4);
    expect(rig.driver.drain(4)[0]?.handle).toBe(0x1_0000_0000n + 200n);
  });

  it('do not starve a low one under a flood of high ones', () => {
    const rig = new Rig(1);
    rig.queue.post(signal(500), 0);
    rig.queue.post(signal(0), 0);
    let turns = 0;
    for (let next = 1n; next !== 0x1_0000_0000n; turns++) {
      rig.queue.post(signal(1 + (turns % 50)), 7);
      rig.queue.post(signal(51 + (turns % 50)), 7);
      next = rig.driver.drain(1)[0]?.handle ?? 0n;
      expect(turns).toBeLessThan(10);
    }
  });
});

describe('VB-02 A ring that is none', () => {
  it('is refused: count, memory, magic, a second one', () => {
    const { queue, memory, driver } = new Rig(8, false);
    for (const count of [0, 7, 9, 2049, 0xffff_ffff, 1.5]) expect(queue.open(memory, count, driver.ring, driver.data)).toBe(-EINVAL);
    for (const outside of [memory.size, memory.size - 8, 2 ** 53, 2 ** 64, -8]) {
      expect(queue.open(memory, 8, outside, driver.data)).toBe(-EFAULT);
      expect(queue.open(memory, 8, driver.ring, outside)).toBe(-EFAULT);
    }
    expect(queue.open(memory, 8, driver.ring + 4, driver.data)).toBe(-EINVAL);
    expect(queue.open(memory, 8, driver.data, driver.ring)).toBe(-EINVAL);
    memory.writeU32(driver.ring + IOQ_HEAD.offset.signal, 0);
    expect(queue.open(memory, 8, driver.ring, driver.data)).toBe(-EINVAL);
    const sound = new Rig(8);
    expect(sound.driver.register(sound.queue, sound.memory)).toBe(-EINVAL);
    const beyond = new Rig(8, false);
    beyond.memory.writeU32(beyond.driver.ring + IOQ_HEAD.offset.inuseTail, 8);
    expect(beyond.driver.register(beyond.queue, beyond.memory)).toBe(-EINVAL);
    expect(beyond.queue.isOpen).toBe(false);
  });
});

describe('VB-04 Records that the client changes', () => {
  const desc = (field: keyof typeof IOQ_DESC.offset): number => RING + IOQ_HEAD.size + IOQ_DESC.offset[field];
  it.each([
    ['a pointer below the records', 'ptr', BigInt(RING)],
    ['a pointer to the end of the records', 'ptr', BigInt(RING + ioqLength(4) + 4 * EVENT_SIZE)],
    ['a pointer whose record is cut off', 'ptr', BigInt(RING + ioqLength(4) + 3 * EVENT_SIZE + 1)],
    ['a pointer of 2^64 − 1', 'ptr', 2n ** 64n - 1n],
    ['a record that is too short', 'len', 143n],
  ] as const)('break the ring with %s: nothing is written, nothing is lost that could be told later', (_, field, value) => {
    const rig = new Rig(4);
    rig.memory.writeU64(desc(field), value);
    const before = new Uint8Array(rig.memory.buffer.slice(0));
    rig.queue.post(signal(0), 0);
    rig.queue.post(signal(1), 0);
    expect([rig.queue.broken, rig.queue.waiting, rig.interrupts]).toEqual(['descriptor', 2, 0]);
    expect(rig.trace).toEqual([{ kind: 'event-ring-broken', why: 'descriptor' }]);
    const after = new Uint8Array(rig.memory.buffer);
    expect(before.every((byte, i) => byte === after[i])).toBe(true);
    rig.queue.kick();
    rig.queue.reset();
    expect([rig.queue.isOpen, rig.queue.waiting, rig.queue.broken]).toEqual([false, 0, undefined]);
    const again = new EventRingDriver({ memory: rig.memory, address: RING, count: 4 });
    expect(again.register(rig.queue, rig.memory)).toBe(0);
    rig.queue.post(signal(7), 0);
    expect(again.drain()).toHaveLength(1);
  });

  it('may be any record of the area, in any order, longer than needed', () => {
    const rig = new Rig(4);
    rig.memory.writeU64(desc('ptr'), BigInt(RING + ioqLength(4) + 3 * EVENT_SIZE));
    rig.memory.writeU64(desc('len'), 2n ** 64n - 1n);
    rig.queue.post(signal(9), 0);
    expect(rig.memory.readU64(RING + ioqLength(4) + 3 * EVENT_SIZE + 8)).toBe(0x1_0000_0009n);
  });
});
