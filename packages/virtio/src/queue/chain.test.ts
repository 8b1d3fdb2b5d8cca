import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { GuestArena, RingRig, SplitRingDriver, WatchedRam } from '../testing.ts';
import { VIRTQ_DESC_F_INDIRECT as INDIRECT, VIRTQ_DESC_F_NEXT as NEXT, VIRTQ_DESC_F_WRITE as WRITE } from './chain.ts';
import { SplitQueue } from './split.ts';

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
    const r = new RingRig();
    const { memory } = r;
    const before = memory.reads;
    expect(r.offer(descriptors)).toBeUndefined();
    expect(r.faults).toEqual(['chain-too-long']);
    expect(memory.reads - before).toBeLessThanOrEqual(2 + 4 * r.size);
  });

  it('VQ-01: takes a chain of exactly the queue size', () => {
    const r = new RingRig();
    const chain = r.offer(Array.from({ length: 8 }, (_, i) => (i < 7 ? { flags: NEXT, next: i + 1 } : {})));
    expect(chain?.reader.length).toBe(8 * 16);
  });

  it('VQ-01: refuses an indirect chain of one more than the queue size', () => {
    for (const [entries, fault] of [
      [8, undefined],
      [9, 'chain-too-long'],
    ] as const) {
      const r = new RingRig({ indirect: true });
      r.driver.add(
        Array.from({ length: entries }, () => ({ address: 0x80000, length: 1 })),
        { indirect: true },
      );
      expect(r.queue.pop()?.reader.length).toBe(fault === undefined ? entries : undefined);
      expect(r.queue.fault).toBe(fault);
    }
  });

  it.each([8, 9, 0xffff])('VQ-02: refuses next = %i', (next) => {
    const r = new RingRig();
    expect(r.offer([{ flags: NEXT, next }])).toBeUndefined();
    expect(r.faults).toEqual(['next-out-of-range']);
  });

  it('VQ-02: does not look at next without NEXT', () => {
    expect(new RingRig().offer([{ next: 0xffff }])?.reader.length).toBe(16);
  });

  it('VQ-07: takes the first and the last byte of RAM and no other address', () => {
    const end = 1 << 20;
    for (const [address, length] of [
      [0, 1],
      [end - 1, 1],
      [0, end],
    ] as const)
      expect(new RingRig().offer([{ address, length }])?.reader.length).toBe(length);
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
      const r = new RingRig();
      expect(r.offer([{ address, length }]), `${address}`).toBeUndefined();
      expect(r.faults).toEqual(['buffer-outside-memory']);
    }
  });

  it('VQ-07: refuses a buffer that straddles the hole between two pieces of RAM', () => {
    const memory = new WatchedRam(new ArrayBuffer(1 << 20), [
      { address: 0, size: 0xc0000, offset: 0 },
      { address: 2 ** 32, size: 0x40000, offset: 0xc0000 },
    ]);
    const r = new RingRig({ memory });
    expect(r.offer([{ address: 0xbfff0, length: 32 }])).toBeUndefined();
    const high = new RingRig({ memory });
    expect(high.offer([{ address: 2 ** 32 + 0x3fff0, length: 16 }])?.reader.length).toBe(16);
    expect(new RingRig({ memory }).offer([{ address: 2 ** 32 - 8, length: 16 }])).toBeUndefined();
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
      const readable = new RingRig().offer(chain(lengths, 0));
      expect([readable?.reader.length, readable?.reader.read(new Uint8Array(16))]).toEqual([total, total]);
      const r = new RingRig();
      const writable = r.offer(chain(lengths, WRITE));
      expect(writable?.writer.write(new Uint8Array(16).fill(7))).toBe(total);
      if (writable !== undefined) r.queue.push(writable, total);
      expect(r.driver.reap()).toEqual([{ head: 0, written: total }]);
    }
  });

  it.each([0x7fff_ffff, 0x8000_0000, 0xffff_ffff])('VQ-09: refuses a length of 0x%x as beyond RAM, not as negative', (length) => {
    for (const flags of [0, WRITE]) {
      const r = new RingRig();
      expect(r.offer([{ length, flags }])).toBeUndefined();
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
    const r = new RingRig();
    expect(r.offer([{ flags: WRITE | NEXT, next: 1 }, {}])).toBeUndefined();
    expect(r.faults).toEqual(['readable-after-writable']);
    const empty = new RingRig();
    expect(empty.offer([{ flags: WRITE | NEXT, next: 1, length: 0 }, {}])).toBeUndefined();
  });

  it('VQ-12: keeps readable and writable buffers apart', () => {
    const chain = new RingRig().offer([
      { flags: NEXT, next: 1, length: 5 },
      { flags: WRITE, length: 7 },
    ]);
    expect([chain?.reader.length, chain?.writer.length]).toEqual([5, 7]);
    expect(chain?.reader.read(new Uint8Array(100))).toBe(5);
    expect(chain?.writer.write(new Uint8Array(100))).toBe(7);
    expect(chain?.writer.write(new Uint8Array(100))).toBe(0);
  });

  it('reads across buffers and writes across buffers, and nothing outside them', () => {
    const r = new RingRig();
    r.memory.write(0x90000, Uint8Array.of(1, 2, 3));
    r.memory.write(0x91000, Uint8Array.of(4, 5));
    const chain = r.offer([
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
    const r = new RingRig({ indirect: true });
    expect(r.offer(refers(0x80000, length))).toBeUndefined();
    expect(['indirect-length', 'indirect-outside-memory']).toContain(r.queue.fault);
  });

  it('VQ-13: takes a table of 65536 entries whose chain is short', () => {
    const memory = new WatchedRam(new ArrayBuffer(4 << 20));
    const r = new RingRig({ indirect: true, memory });
    r.driver.writeDescriptor(0, { address: 0x80000, length: 4 }, 0x10_0000);
    expect(r.offer(refers(0x10_0000, 16 * 65536))?.reader.length).toBe(4);
  });

  it.each([1, 2, 4, 8])('VQ-13: takes a table at an address that is %i more than a multiple of 16', (offset) => {
    const r = new RingRig({ indirect: true });
    r.driver.writeDescriptor(0, { address: 0x80000, length: 4, flags: NEXT, next: 1 }, 0x90000 + offset);
    r.driver.writeDescriptor(1, { address: 0x80000, length: 5, flags: WRITE }, 0x90000 + offset);
    const chain = r.offer(refers(0x90000 + offset, 32));
    expect([chain?.reader.length, chain?.writer.length]).toEqual([4, 5]);
  });

  it.each([1 << 20, (1 << 20) - 16, 2 ** 40, 2n ** 64n - 16n])(
    'VQ-13: refuses a table of 32 bytes at %i, outside RAM or straddling its end',
    (address) => {
      const r = new RingRig({ indirect: true });
      expect(r.offer(refers(address, 32))).toBeUndefined();
      expect(r.faults).toEqual(['indirect-outside-memory']);
    },
  );

  it('VQ-14: refuses a table within a table, and one that refers to itself', () => {
    for (const target of [0x91000, 0x90000]) {
      const r = new RingRig({ indirect: true });
      r.driver.writeDescriptor(0, { address: target, length: 16, flags: INDIRECT }, 0x90000);
      expect(r.offer(refers(0x90000, 16))).toBeUndefined();
      expect(r.faults).toEqual(['indirect-nested']);
    }
  });

  it('VQ-14: ends a loop within a table, and refuses a next beyond it', () => {
    const r = new RingRig({ indirect: true });
    r.driver.writeDescriptor(0, { address: 0x80000, length: 1, flags: NEXT, next: 0 }, 0x90000);
    expect(r.offer(refers(0x90000, 16))).toBeUndefined();
    expect(r.faults).toEqual(['chain-too-long']);
    const beyond = new RingRig({ indirect: true });
    beyond.driver.writeDescriptor(0, { address: 0x80000, length: 1, flags: NEXT, next: 1 }, 0x90000);
    expect(beyond.offer(refers(0x90000, 16))).toBeUndefined();
    expect(beyond.faults).toEqual(['next-out-of-range']);
  });

  it('VQ-15: refuses INDIRECT with NEXT, ignores WRITE on it, refuses it where it was not negotiated', () => {
    const both = new RingRig({ indirect: true });
    expect(both.offer(refers(0x90000, 16, NEXT))).toBeUndefined();
    expect(both.faults).toEqual(['indirect-with-next']);
    const write = new RingRig({ indirect: true });
    write.driver.writeDescriptor(0, { address: 0x80000, length: 6 }, 0x90000);
    expect(write.offer(refers(0x90000, 16, WRITE))?.reader.length).toBe(6);
    const not = new RingRig();
    expect(not.offer(refers(0x90000, 16))).toBeUndefined();
    expect(not.faults).toEqual(['indirect-not-negotiated']);
  });

  it('takes ordinary descriptors followed by one that refers to a table', () => {
    const r = new RingRig({ indirect: true });
    r.driver.writeDescriptor(0, { address: 0x80000, length: 6, flags: WRITE }, 0x90000);
    const chain = r.offer([{ length: 4, flags: NEXT, next: 1 }, ...refers(0x90000, 16)]);
    expect([chain?.reader.length, chain?.writer.length]).toEqual([4, 6]);
  });

  it('VQ-16: reads every descriptor once: what the driver changes afterwards has no effect', () => {
    const r = new RingRig({ indirect: true });
    const { memory } = r;
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
