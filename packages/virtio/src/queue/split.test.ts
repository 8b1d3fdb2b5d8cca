import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { GuestArena, SplitRingDriver } from '../testing.ts';
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from './chain.ts';
import { checkLayout } from './layout.ts';
import { VIRTQ_USED_F_NO_NOTIFY } from './notification.ts';
import { type QueueFault, SplitQueue, type SplitQueueOptions } from './split.ts';

const NEXT = VIRTQ_DESC_F_NEXT;
const WRITE = VIRTQ_DESC_F_WRITE;
const INDIRECT = VIRTQ_DESC_F_INDIRECT;

/** Counts every read of 16 and 32 bits, and lets a test act before one. */
class WatchedRam extends Ram {
  reads = 0;
  before: ((address: number) => void) | undefined = undefined;

  override readU16(address: number): number {
    this.reads++;
    this.before?.(address);
    return super.readU16(address);
  }

  override readU32(address: number): number {
    this.reads++;
    this.before?.(address);
    return super.readU32(address);
  }
}

interface RigOptions extends SplitQueueOptions {
  readonly size?: number;
  readonly memory?: Ram;
}

/** Driver and device of one ring; buffers are free from 0x80000 on. */
function rig(options: RigOptions = {}) {
  const memory = options.memory ?? new WatchedRam(new ArrayBuffer(1 << 20));
  const size = options.size ?? 8;
  const driver = new SplitRingDriver({ memory, arena: new GuestArena(0x1000, 0x80000), size, eventIndex: options.eventIndex ?? false });
  const faults: QueueFault[] = [];
  const queue = new SplitQueue(memory, driver.layout, { ...options, onFault: (fault) => faults.push(fault) });
  return { memory, driver, queue, faults, size };
}

/** Writes descriptors from 0 on, offers `head` and says what the device makes of it. */
function offer(
  r: ReturnType<typeof rig>,
  descriptors: readonly { address?: number | bigint; length?: number; flags?: number; next?: number }[],
  head = 0,
) {
  descriptors.forEach((d, i) => {
    r.driver.writeDescriptor(i, { address: 0x80000, length: 16, ...d });
  });
  r.driver.offer(head);
  return r.queue.pop();
}

describe('[virtio 1.2 §2.7.5] The Virtqueue Descriptor Table', () => {
  it.each([
    ['0 → 0', [{ flags: NEXT, next: 0 }]],
    [
      '0 → 1 → 0',
      [
        { flags: NEXT, next: 1 },
        { flags: NEXT, next: 0 },
      ],
    ],
    ['exactly the queue size', Array.from({ length: 8 }, (_, i) => ({ flags: NEXT, next: (i + 1) % 8 }))],
  ])('VQ-01: finds the loop %s within the queue size', (_name, descriptors) => {
    const r = rig();
    const memory = r.memory as WatchedRam;
    const before = memory.reads;
    expect(offer(r, descriptors)).toBeUndefined();
    expect(r.faults).toEqual(['chain-too-long']);
    expect(memory.reads - before).toBeLessThanOrEqual(2 + 4 * r.size);
  });

  it('VQ-01: takes a chain of exactly the queue size', () => {
    const r = rig();
    const chain = offer(
      r,
      Array.from({ length: 8 }, (_, i) => (i < 7 ? { flags: NEXT, next: i + 1 } : {})),
    );
    expect(chain?.reader.length).toBe(8 * 16);
  });

  it('VQ-01: refuses an indirect chain of one more than the queue size', () => {
    for (const [entries, fault] of [
      [8, undefined],
      [9, 'chain-too-long'],
    ] as const) {
      const r = rig({ indirect: true });
      r.driver.add(
        Array.from({ length: entries }, () => ({ address: 0x80000, length: 1 })),
        { indirect: true },
      );
      expect(r.queue.pop()?.reader.length).toBe(fault === undefined ? entries : undefined);
      expect(r.queue.fault).toBe(fault);
    }
  });

  it.each([8, 9, 0xffff])('VQ-02: refuses next = %i', (next) => {
    const r = rig();
    expect(offer(r, [{ flags: NEXT, next }])).toBeUndefined();
    expect(r.faults).toEqual(['next-out-of-range']);
  });

  it('VQ-02: does not look at next without NEXT', () => {
    expect(offer(rig(), [{ next: 0xffff }])?.reader.length).toBe(16);
  });

  it('VQ-07: takes the first and the last byte of RAM and no other address', () => {
    const end = 1 << 20;
    for (const [address, length] of [
      [0, 1],
      [end - 1, 1],
      [0, end],
    ] as const)
      expect(offer(rig(), [{ address, length }])?.reader.length).toBe(length);
    for (const [address, length] of [
      [end, 1],
      [end - 1, 2],
      [2 ** 32 - 1, 1],
      [2 ** 32, 1],
      [2n ** 53n, 1],
      [2n ** 63n, 16],
      [2n ** 64n - 1n, 1],
      [2n ** 64n - 16n, 32],
      [2n ** 64n - 0x1000n, 0xffff_ffff],
    ] as const) {
      const r = rig();
      expect(offer(r, [{ address, length }]), `${address}`).toBeUndefined();
      expect(r.faults).toEqual(['buffer-outside-memory']);
    }
  });

  it('VQ-07: refuses a buffer that straddles the hole between two pieces of RAM', () => {
    const memory = new Ram(new ArrayBuffer(1 << 20), [
      { address: 0, size: 0xc0000, offset: 0 },
      { address: 2 ** 32, size: 0x40000, offset: 0xc0000 },
    ]);
    const r = rig({ memory });
    expect(offer(r, [{ address: 0xbfff0, length: 32 }])).toBeUndefined();
    const high = rig({ memory });
    expect(offer(high, [{ address: 2 ** 32 + 0x3fff0, length: 16 }])?.reader.length).toBe(16);
    expect(offer(rig({ memory }), [{ address: 2 ** 32 - 8, length: 16 }])).toBeUndefined();
  });

  it('VQ-08: takes empty buffers anywhere, on both sides, wherever they point', () => {
    const chain = (lengths: readonly number[], flags: number) =>
      lengths.map((length, i) => ({
        length,
        ...(length === 0 ? { address: 2n ** 64n - 1n } : {}),
        flags: flags | (i < lengths.length - 1 ? NEXT : 0),
        next: i + 1,
      }));
    for (const lengths of [[0, 4, 4], [4, 0, 4], [4, 4, 0], [0, 0, 0], [0]]) {
      const total = lengths.reduce((a, b) => a + b, 0);
      const readable = offer(rig(), chain(lengths, 0));
      expect([readable?.reader.length, readable?.reader.read(new Uint8Array(16))]).toEqual([total, total]);
      const r = rig();
      const writable = offer(r, chain(lengths, WRITE));
      expect(writable?.writer.write(new Uint8Array(16).fill(7))).toBe(total);
      if (writable !== undefined) r.queue.push(writable, total);
      expect(r.driver.reap()).toEqual([{ head: 0, written: total }]);
    }
  });

  it.each([0x7fff_ffff, 0x8000_0000, 0xffff_ffff])('VQ-09: refuses a length of 0x%x as beyond RAM, not as negative', (length) => {
    for (const flags of [0, WRITE]) {
      const r = rig();
      expect(offer(r, [{ length, flags }])).toBeUndefined();
      expect(r.faults).toEqual(['buffer-outside-memory']);
    }
  });

  it('VQ-10: refuses a chain of more than 2^32 bytes, each buffer of which is legal', () => {
    const memory = new Ram(new ArrayBuffer(8 << 20));
    const arena = new GuestArena(0x1000, 0x20_0000);
    const driver = new SplitRingDriver({ memory, arena, size: 2048 });
    const queue = new SplitQueue(memory, driver.layout);
    const repeat = (count: number) => Array.from({ length: count }, () => ({ address: 0x20_0000, length: 4 << 20 }));
    driver.add(repeat(1024));
    const most = queue.pop();
    expect(most?.reader.length).toBe(2 ** 32);
    // What is allocated for it is the list of its buffers, not their bytes.
    expect(most?.reader.read(new Uint8Array(64))).toBe(64);
    if (most !== undefined) queue.push(most, 0);
    driver.reap();
    driver.add(repeat(1025));
    expect(queue.pop()).toBeUndefined();
    expect(queue.fault).toBe('chain-too-large');
  });

  it('VQ-11: refuses a readable buffer after a writable one', () => {
    const r = rig();
    expect(offer(r, [{ flags: WRITE | NEXT, next: 1 }, {}])).toBeUndefined();
    expect(r.faults).toEqual(['readable-after-writable']);
    const empty = rig();
    expect(offer(empty, [{ flags: WRITE | NEXT, next: 1, length: 0 }, {}])).toBeUndefined();
  });

  it('VQ-12: keeps readable and writable buffers apart', () => {
    const chain = offer(rig(), [
      { flags: NEXT, next: 1, length: 5 },
      { flags: WRITE, length: 7 },
    ]);
    expect([chain?.reader.length, chain?.writer.length]).toEqual([5, 7]);
    expect(chain?.reader.read(new Uint8Array(100))).toBe(5);
    expect(chain?.writer.write(new Uint8Array(100))).toBe(7);
    expect(chain?.writer.write(new Uint8Array(100))).toBe(0);
  });

  it('reads across buffers and writes across buffers, and nothing outside them', () => {
    const r = rig();
    r.memory.write(0x90000, Uint8Array.of(1, 2, 3));
    r.memory.write(0x91000, Uint8Array.of(4, 5));
    const chain = offer(r, [
      { address: 0x90000, length: 3, flags: NEXT, next: 1 },
      { address: 0x91000, length: 2, flags: NEXT, next: 2 },
      { address: 0x92001, length: 2, flags: WRITE | NEXT, next: 3 },
      { address: 0x93001, length: 2, flags: WRITE },
    ]);
    const into = new Uint8Array(6);
    expect(chain?.reader.read(into, 1, 4)).toBe(4);
    expect([...into]).toEqual([0, 1, 2, 3, 4, 0]);
    expect(chain?.reader.remaining).toBe(1);
    chain?.reader.rewind();
    expect(chain?.reader.read(into)).toBe(5);
    expect(chain?.writer.write(Uint8Array.of(9, 8, 7, 6, 5))).toBe(4);
    expect(chain?.writer.written).toBe(4);
    expect(r.memory.readU32(0x92000)).toBe(0x0008_0900);
    expect(r.memory.readU32(0x93000)).toBe(0x0006_0700);
  });
});

describe('[virtio 1.2 §2.7.5.3] Indirect Descriptors', () => {
  const refers = (address: number | bigint, length: number, flags = 0) => [{ address, length, flags: INDIRECT | flags }];

  it.each([0, 1, 15, 17, 16 * 65537, 0xffff_fff0])('VQ-13: refuses a table of %i bytes', (length) => {
    const r = rig({ indirect: true });
    expect(offer(r, refers(0x80000, length))).toBeUndefined();
    expect(['indirect-length', 'indirect-outside-memory']).toContain(r.queue.fault);
  });

  it('VQ-13: takes a table of 65536 entries whose chain is short', () => {
    const memory = new Ram(new ArrayBuffer(4 << 20));
    const r = rig({ indirect: true, memory });
    r.driver.writeDescriptor(0, { address: 0x80000, length: 4 }, 0x10_0000);
    expect(offer(r, refers(0x10_0000, 16 * 65536))?.reader.length).toBe(4);
  });

  it.each([1, 2, 4, 8])('VQ-13: takes a table at an address that is %i more than a multiple of 16', (offset) => {
    const r = rig({ indirect: true });
    r.driver.writeDescriptor(0, { address: 0x80000, length: 4, flags: NEXT, next: 1 }, 0x90000 + offset);
    r.driver.writeDescriptor(1, { address: 0x80000, length: 5, flags: WRITE }, 0x90000 + offset);
    const chain = offer(r, refers(0x90000 + offset, 32));
    expect([chain?.reader.length, chain?.writer.length]).toEqual([4, 5]);
  });

  it.each([1 << 20, (1 << 20) - 16, 2 ** 40, 2n ** 64n - 16n])(
    'VQ-13: refuses a table of 32 bytes at %i, outside RAM or straddling its end',
    (address) => {
      const r = rig({ indirect: true });
      expect(offer(r, refers(address, 32))).toBeUndefined();
      expect(r.faults).toEqual(['indirect-outside-memory']);
    },
  );

  it('VQ-14: refuses a table within a table, and one that refers to itself', () => {
    for (const target of [0x91000, 0x90000]) {
      const r = rig({ indirect: true });
      r.driver.writeDescriptor(0, { address: target, length: 16, flags: INDIRECT }, 0x90000);
      expect(offer(r, refers(0x90000, 16))).toBeUndefined();
      expect(r.faults).toEqual(['indirect-nested']);
    }
  });

  it('VQ-14: ends a loop within a table, and refuses a next beyond it', () => {
    const r = rig({ indirect: true });
    r.driver.writeDescriptor(0, { address: 0x80000, length: 1, flags: NEXT, next: 0 }, 0x90000);
    expect(offer(r, refers(0x90000, 16))).toBeUndefined();
    expect(r.faults).toEqual(['chain-too-long']);
    const beyond = rig({ indirect: true });
    beyond.driver.writeDescriptor(0, { address: 0x80000, length: 1, flags: NEXT, next: 1 }, 0x90000);
    expect(offer(beyond, refers(0x90000, 16))).toBeUndefined();
    expect(beyond.faults).toEqual(['next-out-of-range']);
  });

  it('VQ-15: refuses INDIRECT with NEXT, ignores WRITE on it, refuses it where it was not negotiated', () => {
    const both = rig({ indirect: true });
    expect(offer(both, refers(0x90000, 16, NEXT))).toBeUndefined();
    expect(both.faults).toEqual(['indirect-with-next']);
    const write = rig({ indirect: true });
    write.driver.writeDescriptor(0, { address: 0x80000, length: 6 }, 0x90000);
    expect(offer(write, refers(0x90000, 16, WRITE))?.reader.length).toBe(6);
    const not = rig();
    expect(offer(not, refers(0x90000, 16))).toBeUndefined();
    expect(not.faults).toEqual(['indirect-not-negotiated']);
  });

  it('takes ordinary descriptors followed by one that refers to a table', () => {
    const r = rig({ indirect: true });
    r.driver.writeDescriptor(0, { address: 0x80000, length: 6, flags: WRITE }, 0x90000);
    const chain = offer(r, [{ length: 4, flags: NEXT, next: 1 }, ...refers(0x90000, 16)]);
    expect([chain?.reader.length, chain?.writer.length]).toEqual([4, 6]);
  });

  it('VQ-16: reads every descriptor once: what the driver changes afterwards has no effect', () => {
    const r = rig({ indirect: true });
    const memory = r.memory as WatchedRam;
    const seen = new Map<number, number>();
    memory.before = (address) => seen.set(address, (seen.get(address) ?? 0) + 1);
    r.driver.add(
      [
        { address: 0x80000, length: 4 },
        { address: 0x80010, length: 4, writable: true },
      ],
      { indirect: true },
    );
    const table = Number(memory.readU64(r.driver.layout.descriptors));
    const chain = r.queue.pop();
    memory.before = undefined;
    expect([...seen].filter(([address]) => address >= table && address < table + 32).map(([, times]) => times)).toEqual(
      new Array(8).fill(1),
    );
    memory.write(table, new Uint8Array(32).fill(0xff));
    memory.write(r.driver.layout.descriptors, new Uint8Array(16).fill(0xff));
    expect(chain?.reader.read(new Uint8Array(100))).toBe(4);
    expect(chain?.writer.write(new Uint8Array(100))).toBe(4);
  });
});

describe('[virtio 1.2 §2.7.6] The Virtqueue Available Ring', () => {
  it.each([8, 9, 0x7fff, 0xffff])('VQ-03: refuses head %i of a queue of 8', (head) => {
    const r = rig();
    expect(offer(r, [], head)).toBeUndefined();
    expect(r.faults).toEqual(['head-out-of-range']);
  });

  it('VQ-04: takes an index that is a queue size ahead', () => {
    const r = rig();
    for (let i = 0; i < 8; i++) r.driver.add([{ address: 0x80000, length: 1 }]);
    const heads = Array.from({ length: 9 }, () => r.queue.pop()?.head);
    expect(heads).toEqual([0, 1, 2, 3, 4, 5, 6, 7, undefined]);
    expect(r.queue.inFlight).toBe(8);
  });

  it.each([9, 0x8000, 0xffff])('VQ-04: refuses an index that is 0x%x ahead', (index) => {
    const r = rig();
    r.driver.writeAvailableIndex(index);
    expect(r.queue.pop()).toBeUndefined();
    expect(r.faults).toEqual(['available-index']);
    expect(r.queue.pop()).toBeUndefined();
    expect(r.faults).toHaveLength(1);
  });

  it('VQ-04: counts chains in flight: no more than the queue size may be out', () => {
    const r = rig();
    for (let i = 0; i < 8; i++) r.driver.add([{ address: 0x80000, length: 1 }]);
    for (let i = 0; i < 8; i++) r.queue.pop();
    r.driver.offer(0);
    expect(r.queue.pop()).toBeUndefined();
    expect(r.faults).toEqual(['available-index']);
  });

  it('VQ-05: refuses an index that moves backwards', () => {
    const r = rig();
    const chain = offer(r, [{}]);
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
    const r = rig({ size, eventIndex });
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
      const r = rig();
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
    const r = rig();
    const chain = offer(r, [{}]);
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
    const r = rig();
    const chain = offer(r, [
      { flags: NEXT, next: 1 },
      { flags: WRITE, length: 5 },
    ]);
    if (chain !== undefined) r.queue.push(chain, 6);
    expect(r.driver.reap()).toEqual([{ head: 0, written: 5 }]);
  });

  it('shows filled elements together when they are published', () => {
    const r = rig();
    r.driver.add([{ address: 0x80000, length: 1, writable: true }]);
    r.driver.add([{ address: 0x80000, length: 1, writable: true }]);
    for (let chain = r.queue.pop(); chain !== undefined; chain = r.queue.pop()) r.queue.fill(chain, 1);
    expect(r.driver.reap()).toEqual([]);
    r.queue.publish();
    expect(r.driver.reap()).toHaveLength(2);
  });

  it('takes chains back and gives them out again in the same order', () => {
    const r = rig();
    for (let i = 0; i < 3; i++) r.driver.add([{ address: 0x80000, length: i + 1 }]);
    const chains = [r.queue.pop(), r.queue.pop(), r.queue.pop()];
    for (const chain of chains.toReversed()) if (chain !== undefined) r.queue.undo(chain);
    expect(r.queue.inFlight).toBe(0);
    expect([r.queue.pop(), r.queue.pop(), r.queue.pop()].map((chain) => chain?.reader.length)).toEqual([1, 2, 3]);
  });

  it('VQ-24: a completion after the queue was closed writes nothing and asks for no interrupt', () => {
    const r = rig();
    const chain = offer(r, [{ flags: WRITE }]);
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
    const r = rig();
    r.driver.add([{ address: 0x80000, length: 1 }]);
    r.queue.paused = true;
    const memory = r.memory as WatchedRam;
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
    const r = rig({ eventIndex });
    const memory = r.memory as WatchedRam;
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
    const flags = rig();
    flags.queue.suppressKicks();
    expect(flags.driver.usedFlags).toBe(VIRTQ_USED_F_NO_NOTIFY);
    flags.queue.requestKicks();
    expect(flags.driver.usedFlags).toBe(0);
    const event = rig({ eventIndex: true });
    event.queue.suppressKicks();
    expect(event.driver.usedFlags).toBe(0);
    offer(event, [{}]);
    event.queue.requestKicks();
    expect(event.driver.availableEvent).toBe(1);
  });
});

describe('[virtio 1.2 §2.7.7] Used Buffer Notification Suppression', () => {
  const use = (r: ReturnType<typeof rig>): boolean => {
    r.driver.add([{ address: 0x80000, length: 1 }]);
    const chain = r.queue.pop();
    if (chain !== undefined) r.queue.push(chain, 0);
    return r.queue.takeInterrupt();
  };

  it('obeys NO_INTERRUPT, and asks only for what is new', () => {
    const r = rig();
    expect(use(r)).toBe(true);
    expect(r.queue.takeInterrupt()).toBe(false);
    r.driver.disableInterrupts();
    expect(use(r)).toBe(false);
    expect(r.queue.hasNews).toBe(false);
    r.driver.enableInterrupts();
    expect(use(r)).toBe(true);
  });

  it('VQ-28: ignores NO_INTERRUPT when there is an event index', () => {
    const r = rig({ eventIndex: true });
    r.driver.writeAvailableFlags(1);
    r.driver.writeUsedEvent(0);
    expect(use(r)).toBe(true);
    r.driver.reap();
    r.driver.writeUsedEvent(2);
    expect([use(r), use(r), use(r)]).toEqual([false, true, false]);
  });
});
