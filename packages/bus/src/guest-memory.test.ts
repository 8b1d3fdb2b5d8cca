import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from './errors.ts';
import { Ram } from './guest-memory.ts';

/** Like a PC: low memory, a hole, the rest above it; in the buffer the other way round. */
const HOLE = 0x4000;
const HIGH = 0x10_0000_0000;
const split = (): Ram =>
  new Ram(new ArrayBuffer(0x8000), [
    { address: 0, size: HOLE, offset: 0x4000 },
    { address: HIGH, size: 0x4000, offset: 0 },
  ]);

describe('Guest memory', () => {
  it('is little-endian at every width', () => {
    const ram = new Ram(new ArrayBuffer(0x1000));
    ram.write(3, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0x88));
    expect([ram.readU8(3), ram.readU16(3), ram.readU32(3), ram.readU64(3)]).toEqual([1, 0x201, 0x403_0201, 0x8807_0605_0403_0201n]);
    ram.writeU64(3, 0xfedc_ba98_7654_3210n);
    ram.writeU32(3, 0xffff_ffff);
    ram.writeU16(3, 0x1_2345);
    ram.writeU8(3, 0x1ff);
    const bytes = new Uint8Array(8);
    ram.read(3, bytes);
    expect([...bytes]).toEqual([0xff, 0x23, 0xff, 0xff, 0x98, 0xba, 0xdc, 0xfe]);
  });

  it('throws RangeError for every access that is not wholly in one region', () => {
    const ram = split();
    const bad = [-1, HOLE, HOLE - 1, HIGH - 1, HIGH + 0x3fff, HIGH + 0x4000, 2 ** 60, 0.5, Number.NaN, Number.POSITIVE_INFINITY];
    for (const address of bad) {
      expect(ram.contains(address, 2)).toBe(false);
      expect(() => ram.readU16(address)).toThrow(RangeError);
      expect(() => ram.writeU16(address, 0)).toThrow(RangeError);
      expect(() => ram.read(address, new Uint8Array(2))).toThrow(RangeError);
      expect(() => ram.write(address, new Uint8Array(2))).toThrow(RangeError);
    }
    expect(ram.contains(0, -1)).toBe(false);
    expect(ram.contains(0, Number.NaN)).toBe(false);
    expect(ram.contains(0, HOLE)).toBe(true);
  });

  it('translates between addresses and buffer offsets', () => {
    const ram = split();
    expect(ram.size).toBe(0x8000);
    expect([ram.offsetOf(0, 1), ram.offsetOf(HIGH + 5, 1), ram.offsetOf(HOLE, 1)]).toEqual([0x4000, 5, -1]);
    expect([ram.addressOf(0x4001), ram.addressOf(5), ram.addressOf(0x8000)]).toEqual([1, HIGH + 5, -1]);
  });

  it('is one buffer with whoever else holds it', () => {
    const buffer = new SharedArrayBuffer(0x1000);
    const ram = new Ram(buffer);
    new Uint8Array(buffer)[0x123] = 42;
    expect(ram.readU8(0x123)).toBe(42);
  });

  it.each([
    ['unaligned', [{ address: 0x10, size: 0x1000, offset: 0 }]],
    [
      'overlapping',
      [
        { address: 0, size: 0x2000, offset: 0 },
        { address: 0x1000, size: 0x1000, offset: 0x2000 },
      ],
    ],
    ['beyond the buffer', [{ address: 0, size: 0x2000, offset: 0x7000 }]],
    ['negative', [{ address: -0x1000, size: 0x1000, offset: 0 }]],
  ])('refuses regions that are %s', (_, regions) => {
    expect(() => new Ram(new ArrayBuffer(0x8000), regions)).toThrow(ConfigurationError);
  });
});

describe('Watched pages', () => {
  it('are told of writes that touch them, with buffer offsets', () => {
    const ram = split();
    const seen: (readonly [number, number])[] = [];
    ram.onWatchedWrite = (start, length) => void seen.push([start, length]);
    ram.watched[5] = 1; // guest-physical 0x1000
    ram.writeU8(0x0fff, 1);
    ram.writeU8(0x1000, 1);
    ram.write(0x0800, new Uint8Array(0x1000));
    ram.writeU64(0x1ffc, 0n);
    ram.write(0x1000, new Uint8Array(0));
    ram.writeU32(0x2000, 0);
    expect(seen).toEqual([
      [0x5000, 1],
      [0x4800, 0x1000],
      [0x5ffc, 8],
    ]);
  });

  it('are never missed: every write that touches a watched page is told', () => {
    fc.assert(
      fc.property(fc.nat(7), fc.nat(0x7fff), fc.nat(0x4000), (page, at, length) => {
        const ram = new Ram(new ArrayBuffer(0x8000));
        const clipped = Math.min(length, 0x8000 - at);
        let told = 0;
        ram.onWatchedWrite = () => told++;
        ram.watched[page] = 1;
        ram.write(at, new Uint8Array(clipped));
        const touches = clipped > 0 && at < (page + 1) * 4096 && at + clipped > page * 4096;
        expect(told).toBe(touches ? 1 : 0);
      }),
    );
  });
});
