import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { RingRig } from '../testing.ts';
import { VIRTQ_DESC_F_NEXT as NEXT, VIRTQ_DESC_F_WRITE as WRITE } from './chain.ts';
import { checkLayout } from './layout.ts';
import { VIRTQ_USED_F_NO_NOTIFY } from './notification.ts';
import { SplitQueue } from './split.ts';

describe('[virtio 1.2 §2.7.6] The Virtqueue Available Ring', () => {
  it.each([8, 9, 0x7fff, 0xffff])('VQ-03: refuses head %i of a queue of 8', (head) => {
    const r = new RingRig();
    expect(r.offer([], head)).toBeUndefined();
    expect(r.faults).toEqual(['head-out-of-range']);
  });

  it('VQ-04: takes an index that is a queue size ahead', () => {
    const r = new RingRig();
    for (let i = 0; i < 8; i++) r.driver.add([{ address: 0x80000, length: 1 }]);
    const heads = Array.from({ length: 9 }, () => r.queue.pop()?.head);
    expect(heads).toEqual([0, 1, 2, 3, 4, 5, 6, 7, undefined]);
    expect(r.queue.inFlight).toBe(8);
  });

  it.each([9, 0x8000, 0xffff])('VQ-04: refuses an index that is 0x%x ahead', (index) => {
    const r = new RingRig();
    r.driver.writeAvailableIndex(index);
    expect(r.queue.pop()).toBeUndefined();
    expect(r.faults).toEqual(['available-index']);
    expect(r.queue.pop()).toBeUndefined();
    expect(r.faults).toHaveLength(1);
  });

  it('VQ-04: counts chains in flight: no more than the queue size may be out', () => {
    const r = new RingRig();
    for (let i = 0; i < 8; i++) r.driver.add([{ address: 0x80000, length: 1 }]);
    for (let i = 0; i < 8; i++) r.queue.pop();
    r.driver.offer(0);
    expect(r.queue.pop()).toBeUndefined();
    expect(r.faults).toEqual(['available-index']);
  });

  it('VQ-05: refuses an index that moves backwards', () => {
    const r = new RingRig();
    const chain = r.offer([{}]);
    if (chain !== undefined) r.queue.push(chain, 0);
    r.driver.writeAvailableIndex(0);
    expect(r.queue.pop()).toBeUndefined();
    expect(r.faults).toEqual(['available-index']);
  });

  it.each([
    [1, false],
    [2, false],
    [8, false],
    [256, false],
    [1, true],
    [2, true],
    [8, true],
    [256, true],
  ])('VQ-06: passes 65536 + Q buffers through Q = %i (event index: %s) across the wrap of all indices', (size, eventIndex) => {
    const r = new RingRig({ size, suppression: eventIndex ? 'event-idx' : 'flags' });
    const batch = Math.min(size, 16);
    let missed = 0;
    for (let done = 0; done < 65536 + size; ) {
      for (let i = 0; i < batch; i++) r.driver.add([{ address: 0x80000 + i, length: 1, writable: true }]);
      if (!r.driver.kickNeeded()) missed++;
      r.queue.suppressKicks();
      for (let chain = r.queue.pop(); chain !== undefined; chain = r.queue.pop()) r.queue.push(chain, 1);
      expect(r.queue.requestKicks()).toBe(false);
      if (!r.queue.takeInterrupt()) missed++;
      const used = r.driver.reap();
      r.driver.enableInterrupts();
      if (used.length !== batch || used.some(({ written }) => written !== 1)) throw new Error(`batch at ${done}: ${used.length}`);
      done += batch;
    }
    expect(missed).toBe(0);
    expect(r.queue.usedIndex).toBe(r.driver.availableIndex);
    expect(r.faults).toEqual([]);
  });

  it('VQ-18: hangs on no overlap of ring and buffer: a device that writes over its own rings closes the queue at worst', () => {
    for (const area of ['descriptors', 'available', 'used'] as const) {
      const r = new RingRig();
      const address = r.driver.layout[area];
      r.driver.add([{ address, length: 16, writable: true }]);
      let steps = 0;
      for (let chain = r.queue.pop(); chain !== undefined && steps < 1000; chain = r.queue.pop()) {
        r.queue.push(chain, chain.writer.write(new Uint8Array(16).fill(0xff)));
        steps++;
      }
      expect(steps).toBeLessThanOrEqual(8);
    }
  });

  it('VQ-19: refuses a head that is offered again before it was used', () => {
    const r = new RingRig();
    const chain = r.offer([{}]);
    r.driver.offer(0);
    expect(r.queue.pop()).toBeUndefined();
    expect(r.faults).toEqual(['head-in-flight']);
    if (chain !== undefined) r.queue.push(chain, 0);
    expect(r.queue.usedIndex).toBe(0);
  });
});

describe('[virtio 1.2 §2.7] Split Virtqueues: layout', () => {
  const memory = new Ram(new ArrayBuffer(1 << 20));
  const layout = { size: 8, descriptors: 0x1000, available: 0x2000, used: 0x3000 };

  it.each([0, 3, 6, 255, 0x8001, 0x1_0000, -1, 1.5, Number.NaN])('VQ-20: refuses a queue size of %d', (size) => {
    expect(checkLayout(memory, { ...layout, size })).toBe('size');
    expect(() => new SplitQueue(memory, { ...layout, size })).toThrow(expect.objectContaining({ code: 'bad-queue-layout' }));
  });

  it('VQ-20: takes every power of two up to 32768 that fits the memory', () => {
    const big = new Ram(new ArrayBuffer(2 << 20));
    for (let size = 1; size <= 32768; size *= 2)
      expect(checkLayout(big, { size, descriptors: 0, available: 0x10_0000, used: 0x18_0000 })).toBeUndefined();
  });

  it('VQ-23: refuses areas that are not aligned to 16, 2 and 4 bytes', () => {
    for (let step = 0; step < 32; step++) {
      expect(checkLayout(memory, { ...layout, descriptors: 0x1000 + step }) === undefined).toBe(step % 16 === 0);
      expect(checkLayout(memory, { ...layout, available: 0x2000 + step }) === undefined).toBe(step % 2 === 0);
      expect(checkLayout(memory, { ...layout, used: 0x3000 + step }) === undefined).toBe(step % 4 === 0);
    }
  });

  it('VQ-18: refuses areas that overlap one another or do not lie in RAM', () => {
    expect(checkLayout(memory, { ...layout, available: 0x1000 })).toBe('overlap');
    expect(checkLayout(memory, { ...layout, used: 0x2000 })).toBe('overlap');
    expect(checkLayout(memory, { ...layout, used: 0x107c })).toBe('overlap');
    expect(checkLayout(memory, { size: 8, descriptors: 0, available: 0, used: 0 })).toBe('overlap');
    for (const area of ['descriptors', 'available', 'used'])
      for (const address of [1 << 20, (1 << 20) - 16, 2 ** 32, 2 ** 63, 2 ** 64])
        expect(checkLayout(memory, { ...layout, [area]: address })).toBe('outside-memory');
  });
});

describe('[virtio 1.2 §2.7.8] The Virtqueue Used Ring', () => {
  it('cuts what the device claims to have written to what it could write', () => {
    const r = new RingRig();
    const chain = r.offer([
      { flags: NEXT, next: 1 },
      { flags: WRITE, length: 5 },
    ]);
    if (chain !== undefined) r.queue.push(chain, 6);
    expect(r.driver.reap()).toEqual([{ head: 0, written: 5 }]);
  });

  it('shows filled elements together when they are published', () => {
    const r = new RingRig();
    r.driver.add([{ address: 0x80000, length: 1, writable: true }]);
    r.driver.add([{ address: 0x80000, length: 1, writable: true }]);
    for (let chain = r.queue.pop(); chain !== undefined; chain = r.queue.pop()) r.queue.fill(chain, 1);
    expect(r.driver.reap()).toEqual([]);
    r.queue.publish();
    expect(r.driver.reap()).toHaveLength(2);
  });

  it('takes chains back and gives them out again in the same order', () => {
    const r = new RingRig();
    for (let i = 0; i < 3; i++) r.driver.add([{ address: 0x80000, length: i + 1 }]);
    const chains = [r.queue.pop(), r.queue.pop(), r.queue.pop()];
    for (const chain of chains.toReversed()) if (chain !== undefined) r.queue.undo(chain);
    expect(r.queue.inFlight).toBe(0);
    expect([r.queue.pop(), r.queue.pop(), r.queue.pop()].map((chain) => chain?.reader.length)).toEqual([1, 2, 3]);
  });

  it('VQ-24: a completion after the queue was closed writes nothing and asks for no interrupt', () => {
    const r = new RingRig();
    const chain = r.offer([{ flags: WRITE }]);
    r.queue.close();
    const before = new Uint8Array(1 << 20);
    r.memory.read(0, before);
    if (chain !== undefined) r.queue.push(chain, 1);
    r.queue.suppressKicks();
    expect(r.queue.requestKicks()).toBe(false);
    expect(r.queue.takeInterrupt()).toBe(false);
    const after = new Uint8Array(1 << 20);
    r.memory.read(0, after);
    expect(after.every((byte, i) => byte === before[i])).toBe(true);
  });

  it('touches no memory while it is paused', () => {
    const r = new RingRig();
    r.driver.add([{ address: 0x80000, length: 1 }]);
    r.queue.paused = true;
    const { memory } = r;
    const before = memory.reads;
    expect(r.queue.pop()).toBeUndefined();
    expect(r.queue.requestKicks()).toBe(false);
    expect(r.queue.takeInterrupt()).toBe(false);
    expect(memory.reads).toBe(before);
    r.queue.paused = false;
    expect(r.queue.pop()?.reader.length).toBe(1);
  });
});

describe('[virtio 1.2 §2.7.10] Available Buffer Notification Suppression', () => {
  it.each([false, true])('VQ-27: loses no buffer that is added while kicks are switched on (event index: %s)', (eventIndex) => {
    const r = new RingRig({ suppression: eventIndex ? 'event-idx' : 'flags' });
    const { memory } = r;
    r.queue.suppressKicks();
    expect(r.queue.pop()).toBeUndefined();
    // The driver adds between the device's last look and its request for kicks: it was told not to kick.
    r.driver.add([{ address: 0x80000, length: 1 }]);
    const kicked = r.driver.kickNeeded();
    expect(r.queue.requestKicks() || kicked).toBe(true);
    expect(r.queue.pop()).toBeDefined();
    // The driver adds right after the request, before the device has looked again: both may happen, never neither.
    expect(r.queue.pop()).toBeUndefined();
    let kick = false;
    memory.before = (address) => {
      if (address !== r.driver.layout.available + 2) return;
      memory.before = undefined;
      r.driver.add([{ address: 0x80000, length: 1 }]);
      kick = r.driver.kickNeeded();
    };
    const more = r.queue.requestKicks();
    expect([more, kick]).toEqual([true, true]);
  });

  it('says in used.flags that it wants no kicks, unless there is an event index', () => {
    const flags = new RingRig();
    flags.queue.suppressKicks();
    expect(flags.driver.usedFlags).toBe(VIRTQ_USED_F_NO_NOTIFY);
    flags.queue.requestKicks();
    expect(flags.driver.usedFlags).toBe(0);
    const event = new RingRig({ suppression: 'event-idx' });
    event.queue.suppressKicks();
    expect(event.driver.usedFlags).toBe(0);
    event.offer([{}]);
    event.queue.requestKicks();
    expect(event.driver.availableEvent).toBe(1);
  });
});

describe('[virtio 1.2 §2.7.7] Used Buffer Notification Suppression', () => {
  const use = (r: RingRig): boolean => {
    r.driver.add([{ address: 0x80000, length: 1 }]);
    const chain = r.queue.pop();
    if (chain !== undefined) r.queue.push(chain, 0);
    return r.queue.takeInterrupt();
  };

  it('obeys NO_INTERRUPT, and asks only for what is new', () => {
    const r = new RingRig();
    expect(use(r)).toBe(true);
    expect(r.queue.takeInterrupt()).toBe(false);
    r.driver.disableInterrupts();
    expect(use(r)).toBe(false);
    expect(r.queue.hasNews).toBe(false);
    r.driver.enableInterrupts();
    expect(use(r)).toBe(true);
  });

  it('VQ-28: ignores NO_INTERRUPT when there is an event index', () => {
    const r = new RingRig({ suppression: 'event-idx' });
    r.driver.writeAvailableFlags(1);
    r.driver.writeUsedEvent(0);
    expect(use(r)).toBe(true);
    r.driver.reap();
    r.driver.writeUsedEvent(2);
    expect([use(r), use(r), use(r)]).toEqual([false, true, false]);
  });
});
