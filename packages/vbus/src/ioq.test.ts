import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IOQ_DESC, IOQ_HEAD, IOQ_MAGIC } from './abi.ts';
import { Ioq, type IoqFault, type IoqOptions, ioqLength } from './ioq.ts';
import type { IoqIterator } from './ioq-iterator.ts';
import { BufferRegion, type SharedRegion } from './shared-region.ts';
import { ShmSignal } from './shm-signal.ts';

const { offset: HEAD } = IOQ_HEAD;
const descriptor = (i: number, field: keyof typeof IOQ_DESC.offset): number => IOQ_HEAD.size + i * IOQ_DESC.size + IOQ_DESC.offset[field];

/** A ring and both sides of it. */
class Rig {
  readonly region: SharedRegion;
  readonly north: Ioq;
  readonly south: Ioq;
  readonly faults: IoqFault[] = [];

  constructor(count: number, options: Partial<IoqOptions> = {}) {
    this.region = new BufferRegion(new ArrayBuffer(ioqLength(count)));
    this.north = Ioq.init(this.region, count, { side: 'north' }) as Ioq;
    this.south = Ioq.attach(this.region, { side: 'south', ...options }) as Ioq;
    this.south.onBroken = (fault) => void this.faults.push(fault);
  }
}

describe('[vbus PCI-2, ioq] A ring', () => {
  it('starts empty, with every descriptor the north side’s', () => {
    const { region, north, south } = new Rig(4);
    expect([region.readU32(HEAD.magic), region.readU32(HEAD.ver), region.readU32(HEAD.count)]).toEqual([0x47fa_2fe4, 4, 4]);
    expect(region.readU32(HEAD.signal)).toBe(0x58fa_39df);
    for (const ring of [north, south])
      for (const { head, tail, count, room, isEmpty, isFull } of [ring.valid, ring.inuse])
        expect([head, tail, count, room, isEmpty, isFull]).toEqual([0, 0, 0, 4, true, false]);
    expect([north.iterator('valid').isOwned, south.iterator('valid').isOwned]).toEqual([true, false]);
  });

  it('is not set up where there is no room, or by a count of nothing', () => {
    expect(Ioq.init(new BufferRegion(new ArrayBuffer(ioqLength(4) - 1)), 4, { side: 'north' })).toBeUndefined();
    for (const count of [0, -1, 1.5, Number.NaN])
      expect(Ioq.init(new BufferRegion(new ArrayBuffer(1024)), count, { side: 'north' })).toBeUndefined();
  });
});

describe('[vbus PCI-2, ioq] Receive: north posts, south fills, north takes and posts again', () => {
  it('goes round a ring whose count is no power of two', () => {
    const { north, south } = new Rig(3);
    const post = north.iterator('valid');
    for (let i = 0; i < 3; i++) {
      Object.assign(post, { pointer: 0x1000 * (i + 1), length: 1500, cookie: BigInt(i), valid: true });
      expect(post.push()).toBe(true);
    }
    expect([north.valid.count, north.valid.isFull, post.push()]).toEqual([3, true, false]);
    const fill = south.iterator('inuse');
    const take = north.iterator('inuse');
    expect(fill.seek('tail') && take.seek('head')).toBe(true);
    for (let round = 0; round < 20; round++) {
      expect([take.isReady, fill.isOwned]).toEqual([false, true]);
      fill.length = round;
      expect(fill.pointer).toBe(0x1000 * ((round % 3) + 1));
      expect(fill.push()).toBe(true);
      expect([take.isReady, take.length, take.cookie, take.valid, south.inuse.count]).toEqual([true, round, BigInt(round % 3), true, 1]);
      expect(take.pop()).toBe(true);
    }
    while (fill.isOwned) fill.push();
    expect([south.inuse.count, south.inuse.isFull, south.inuse.room]).toEqual([3, true, 0]);
    while (take.isReady) take.pop();
    expect([south.inuse.count, south.inuse.isFull, south.broken, north.broken]).toEqual([0, false, undefined, undefined]);
  });
});

describe('[vbus PCI-2, ioq] Transmit: north pushes both indexes, south pops inuse, north reaps valid', () => {
  it('keeps a descriptor from being used again before it was reaped', () => {
    const { north, south } = new Rig(2);
    const send = north.iterator('both');
    const reap = north.iterator('valid', { noFlipOwner: true });
    const take = south.iterator('inuse');
    // The reaper looks before there is anything: that it owned the descriptor then is no promise.
    expect(reap.isReady).toBe(false);
    expect([send.push(), send.push(), send.push()]).toEqual([true, true, false]);
    expect([reap.isReady, north.broken]).toEqual([false, undefined]);
    expect([take.pop(), take.pop(), take.pop()]).toEqual([true, true, false]);
    // All are north's again, but not reaped.
    expect([send.isOwned, send.push()]).toEqual([true, false]);
    expect([reap.pop(), reap.pop(), reap.pop()]).toEqual([true, true, false]);
    expect([north.valid.count, north.inuse.count, send.push(), north.broken]).toEqual([0, 0, true, undefined]);
  });

  it('does not pop both, and does not push them out of step', () => {
    const { region, north } = new Rig(2);
    const send = north.iterator('both');
    send.push();
    expect(north.iterator('both').pop()).toBe(false);
    const other = new Rig(2).north;
    expect(other.iterator('both').push()).toBe(true);
    region.writeU32(HEAD.validTail, 0);
    expect([send.push(), north.broken]).toEqual([false, 'index-moved']);
    const fresh = Ioq.attach(region, { side: 'north' }) as Ioq;
    const late = fresh.iterator('both');
    expect([late.seek('tail'), late.push(), fresh.broken]).toEqual([true, false, 'out-of-step']);
  });
});

describe('[vbus PCI-2, ioq] An iterator', () => {
  it('seeks head, tail, next and a position, but not beyond the ring', () => {
    const { north } = new Rig(3);
    const it = north.iterator('inuse');
    it.push();
    it.push();
    expect([it.seek('head'), it.position]).toEqual([true, 0]);
    expect([it.seek('tail'), it.position]).toEqual([true, 2]);
    expect([it.seek('next'), it.position]).toEqual([true, 0]);
    expect([it.seek('set', 1), it.position]).toEqual([true, 1]);
    for (const position of [3, -1, 0.5, Number.NaN]) expect([it.seek('set', position), it.position]).toEqual([false, 1]);
  });

  it('pushes at the tail only and pops at the head only', () => {
    const { north } = new Rig(4);
    const it = north.iterator('inuse', { noFlipOwner: true });
    it.push();
    it.push();
    expect([it.seek('set', 3), it.push()]).toEqual([true, false]);
    expect([it.seek('set', 1), it.pop(), it.seek('head'), it.pop(), north.inuse.count]).toEqual([true, false, true, true, 1]);
  });

  it('tells the other side of each push where asked to', () => {
    const region = new BufferRegion(new ArrayBuffer(ioqLength(2)));
    let rings = 0;
    const signal = new ShmSignal({ region, offset: HEAD.signal, side: 'north', ring: () => void rings++, defer: (run) => run() });
    const north = Ioq.init(region, 2, { side: 'north', signal }) as Ioq;
    new ShmSignal({ region, offset: HEAD.signal, side: 'south', ring: () => undefined, defer: (run) => run() }).enable();
    north.iterator('valid').push();
    expect(rings).toBe(0);
    const it = north.iterator('valid', { autoUpdate: true });
    it.seek('tail');
    it.push();
    expect(rings).toBe(1);
  });

  it('carries pointers and lengths of 53 bits exactly, and larger ones as no number of memory', () => {
    const { region, north } = new Rig(1);
    const it = north.iterator('valid');
    for (const value of [0, 1, 0xffff_ffff, 2 ** 32, 2 ** 53 - 1]) {
      it.pointer = value;
      it.length = value;
      expect([it.pointer, it.length, region.readU64(descriptor(0, 'ptr'))]).toEqual([value, value, BigInt(value)]);
    }
    region.writeU64(descriptor(0, 'len'), 2n ** 64n - 1n);
    expect(it.length).toBe(2 ** 64);
  });
});

describe('VB-03 A ring that the north side changes', () => {
  it.each([
    ['another magic', (r: SharedRegion) => r.writeU32(HEAD.magic, IOQ_MAGIC + 1)],
    ['another version', (r: SharedRegion) => r.writeU32(HEAD.ver, 3)],
    ['a count of 0', (r: SharedRegion) => r.writeU32(HEAD.count, 0)],
    ['more descriptors than fit', (r: SharedRegion) => r.writeU32(HEAD.count, 9)],
    ['a count of 2^32 − 1', (r: SharedRegion) => r.writeU32(HEAD.count, 0xffff_ffff)],
  ])('is not attached with %s', (_, change) => {
    const { region } = new Rig(8);
    change(region);
    expect(Ioq.attach(region, { side: 'south' })).toBeUndefined();
  });

  it('is not attached beyond the maximum, in a region too short, or at an odd address', () => {
    const { region } = new Rig(8);
    expect(Ioq.attach(region, { side: 'south', maxCount: 7 })).toBeUndefined();
    expect(Ioq.attach(new BufferRegion(new ArrayBuffer(87)), { side: 'south' })).toBeUndefined();
    const odd = new BufferRegion(new ArrayBuffer(1024), 4);
    expect(Ioq.init(odd, 4, { side: 'north' })).toBeUndefined();
  });

  it('keeps the count and goes on if magic, version or count change after that', () => {
    const { region, north, south } = new Rig(2);
    north.iterator('inuse').push();
    for (const offset of [HEAD.magic, HEAD.ver, HEAD.count]) region.writeU32(offset, 0xffff_ffff);
    expect([south.count, south.iterator('inuse').pop(), south.broken]).toEqual([2, true, undefined]);
  });

  it.each(['inuseHead', 'inuseTail'] as const)('is broken by %s at or beyond the count', (field) => {
    for (const value of [2, 0x8000_0000, 0xffff_ffff]) {
      const { region, south, faults } = new Rig(2);
      region.writeU8(descriptor(0, 'sown'), 1);
      region.writeU32(HEAD[field], value);
      const it = south.iterator('inuse');
      expect([it.isReady, it.pop(), it.push(), it.seek('head'), south.inuse.count, it.isOwned]).toEqual([
        false,
        false,
        false,
        false,
        0,
        false,
      ]);
      expect(faults).toEqual(['index']);
    }
  });

  it('is broken by moving an index that only the other side may move', () => {
    const { region, north, south, faults } = new Rig(4);
    const send = north.iterator('inuse');
    send.push();
    send.push();
    const take = south.iterator('inuse');
    expect(take.pop()).toBe(true);
    region.writeU32(HEAD.inuseHead, 0);
    expect([take.isReady, take.pop(), faults]).toEqual([false, false, ['index-moved']]);
  });

  it('moves no more than it holds where `full` is inconsistent', () => {
    const { region, south } = new Rig(4);
    region.writeU8(HEAD.inuseFull, 1);
    const take = south.iterator('inuse');
    expect([south.inuse.count, take.isReady, take.pop()]).toEqual([4, false, false]);
    for (let i = 0; i < 4; i++) region.writeU8(descriptor(i, 'sown'), 1);
    expect([take.pop(), take.pop(), take.pop(), take.pop(), take.pop()]).toEqual([true, true, true, true, false]);
    expect([south.inuse.count, south.broken]).toEqual([0, undefined]);
    // Set while head and tail differ it means nothing.
    const other = new Rig(4);
    other.north.iterator('inuse').push();
    other.region.writeU8(HEAD.inuseFull, 0xff);
    expect(other.south.inuse.count).toBe(1);
  });

  it('survives indexes that are flipped during a walk', () => {
    const { region, north, south } = new Rig(8);
    const send = north.iterator('inuse');
    for (let i = 0; i < 6; i++) send.push();
    const take = south.iterator('inuse');
    take.pop();
    region.writeU32(HEAD.inuseTail, 1);
    expect([take.isReady, take.pop()]).toEqual([false, false]);
    region.writeU32(HEAD.inuseTail, 6);
    expect(take.pop()).toBe(true);
  });
});

describe('VB-04 Descriptors that the north side changes', () => {
  it('break the ring if taken away while the south side owns them', () => {
    const { region, north, south, faults } = new Rig(2);
    north.iterator('inuse').push();
    const take = south.iterator('inuse');
    expect(take.isReady).toBe(true);
    region.writeU8(descriptor(0, 'sown'), 0);
    expect([take.pop(), take.isReady, faults]).toEqual([false, false, ['ownership']]);
  });

  it('give any value but zero the meaning: the south side’s', () => {
    const { region, north, south } = new Rig(2);
    north.iterator('inuse').push();
    region.writeU8(descriptor(0, 'sown'), 0x80);
    expect(south.iterator('inuse').pop()).toBe(true);
    expect(region.readU8(descriptor(0, 'sown'))).toBe(0);
  });

  it('keep the cookie that the north side wrote, and a cleared `valid` is its own affair', () => {
    const { region, north, south } = new Rig(2);
    const send = north.iterator('inuse');
    send.cookie = 0xdead_beef_0000_0001n;
    send.push();
    region.writeU8(descriptor(0, 'valid'), 0);
    region.writeU64(descriptor(0, 'cookie'), 42n);
    const take = south.iterator('inuse');
    expect([take.valid, take.pop(), region.readU64(descriptor(0, 'cookie'))]).toEqual([false, true, 42n]);
  });

  it('have any length and pointer without harm', () => {
    const { region, north, south } = new Rig(1);
    north.iterator('inuse').push();
    for (const value of [2n ** 64n - 1n, 2n ** 63n, 2n ** 53n]) {
      region.writeU64(descriptor(0, 'len'), value);
      region.writeU64(descriptor(0, 'ptr'), value);
      const take = south.iterator('inuse');
      expect([take.length, take.pointer]).toEqual([Number(value), Number(value)]);
    }
  });
});

const COUNT = 5;
const step = fc.record({
  what: fc.constantFrom('send', 'send', 'take', 'take', 'reap', 'reap', 'scribble'),
  at: fc.nat(ioqLength(COUNT) - 1),
  value: fc.oneof(fc.nat(6), fc.nat(255)),
});

describe('Random operations on a ring', () => {
  it('carry everything in order, once, where both sides behave', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.integer({ min: 1, max: COUNT }), (list, count) => {
        const { north, south } = new Rig(count);
        const send = north.iterator('both');
        const reap = north.iterator('valid', { noFlipOwner: true });
        const take = south.iterator('inuse');
        const counts = { sent: 0, taken: 0, reaped: 0 };
        for (const { what } of list) {
          if (what === 'send') {
            if (send.isOwned && north.valid.room > 0) send.cookie = BigInt(counts.sent);
            const room = counts.sent - counts.reaped < count;
            expect(send.push()).toBe(room);
            if (room) counts.sent++;
          } else if (what === 'take') {
            const some = counts.taken < counts.sent;
            expect(take.isReady).toBe(some);
            if (some) expect(take.cookie).toBe(BigInt(counts.taken));
            expect(take.pop()).toBe(some);
            if (some) counts.taken++;
          } else if (what === 'reap') {
            const some = counts.reaped < counts.taken;
            if (some) expect(reap.cookie).toBe(BigInt(counts.reaped));
            expect(reap.pop()).toBe(some);
            if (some) counts.reaped++;
          }
          expect([north.inuse.count, south.inuse.count]).toEqual(Array(2).fill(counts.sent - counts.taken));
          expect(north.valid.count).toBe(counts.sent - counts.reaped);
        }
        expect([north.broken, south.broken]).toEqual([undefined, undefined]);
      }),
      { numRuns: 1000 },
    );
  });

  it('end in a state whatever is written into it: nothing beyond it changes, a broken ring stays so', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (list) => {
        const buffer = new ArrayBuffer(ioqLength(COUNT) + 16);
        const region = new BufferRegion(buffer, 8, ioqLength(COUNT));
        const north = Ioq.init(region, COUNT, { side: 'north' }) as Ioq;
        const south = Ioq.attach(region, { side: 'south' }) as Ioq;
        let told = 0;
        south.onBroken = () => void told++;
        const iterators: Record<string, IoqIterator> = {
          send: north.iterator('both'),
          take: south.iterator('inuse'),
          reap: south.iterator('valid'),
        };
        for (const { what, at, value } of list) {
          const before = south.broken;
          if (what === 'scribble') region.writeU8(at, value);
          else if (what === 'send') iterators[what]?.push();
          else {
            const it = iterators[what] as IoqIterator;
            if (value % 3 === 0) it.seek(value % 2 === 0 ? 'head' : 'tail');
            const moved = value % 5 === 0 ? it.push() : it.pop();
            if (before !== undefined) expect(moved).toBe(false);
            expect(it.position).toBeLessThan(COUNT);
            expect(south.inuse.count).toBeLessThanOrEqual(COUNT);
          }
          if (before !== undefined) expect(south.broken).toBe(before);
        }
        expect(told).toBe(south.broken === undefined ? 0 : 1);
        expect([...new Uint8Array(buffer, 0, 8), ...new Uint8Array(buffer, ioqLength(COUNT) + 8)]).toEqual(Array(16).fill(0));
      }),
      { numRuns: 2000 },
    );
  });
});
