import { ConfigurationError, Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { BufferMemory, BufferRegion, MappedMemory, MemoryRegion, type SharedRegion } from './shared-region.ts';

const BASE = 0x1000;
const LENGTH = 64;

const kinds: [string, () => SharedRegion][] = [
  ['guest memory', () => new MemoryRegion(new Ram(new ArrayBuffer(0x3000)), BASE, LENGTH)],
  ['a buffer', () => new BufferRegion(new ArrayBuffer(0x3000), BASE, LENGTH)],
  ['a shared buffer', () => new BufferRegion(new SharedArrayBuffer(0x3000), BASE, LENGTH)],
  ['mapped memory', () => new MappedMemory(new Ram(new ArrayBuffer(0x3000))).map(BASE, LENGTH) as SharedRegion],
  ['a mapped buffer', () => new BufferMemory(new SharedArrayBuffer(0x3000)).map(BASE, LENGTH) as SharedRegion],
];

describe.each(kinds)('A shared region over %s', (_, make) => {
  it('is little-endian at every width, at every offset', () => {
    const region = make();
    expect([region.address, region.length]).toEqual([BASE, LENGTH]);
    for (const at of [0, 3, LENGTH - 8]) {
      region.write(at, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0x88));
      expect([region.readU8(at), region.readU16(at), region.readU32(at), region.readU64(at)]).toEqual([
        1,
        0x201,
        0x403_0201,
        0x8807_0605_0403_0201n,
      ]);
      expect([region.loadU8(at + 7), region.loadU32(at)]).toEqual([0x88, 0x403_0201]);
      region.writeU64(at, 0xfedc_ba98_7654_3210n);
      region.writeU32(at, 0xffff_ffff);
      region.writeU16(at, 0x1234);
      region.writeU8(at, 0xab);
      region.storeU8(at + 7, 0xcd);
      const bytes = new Uint8Array(8);
      region.read(at, bytes);
      expect([...bytes]).toEqual([0xab, 0x12, 0xff, 0xff, 0x98, 0xba, 0xdc, 0xcd]);
      region.storeU32(at, 0x8000_0001);
      expect([region.loadU32(at), region.readU32(at)]).toEqual([0x8000_0001, 0x8000_0001]);
    }
  });
});

describe('The memory of a client', () => {
  it('maps no range that is not wholly memory', () => {
    for (const memory of [new MappedMemory(new Ram(new ArrayBuffer(0x3000))), new BufferMemory(new ArrayBuffer(0x3000))]) {
      for (const [address, length] of [
        [0x2fff, 2],
        [0x3000, 1],
        [-8, 16],
        [2 ** 64, 8],
        [Number.NaN, 8],
      ] as const)
        expect(memory.map(address, length)).toBeUndefined();
      expect(memory.map(0, 0x3000)?.length).toBe(0x3000);
    }
  });

  it('is the memory behind it, at every width', () => {
    const ram = new Ram(new ArrayBuffer(0x1000));
    const memory = new MappedMemory(ram);
    memory.writeU64(0, 0x1122_3344_5566_7788n);
    memory.writeU32(8, 1);
    memory.writeU16(12, 2);
    memory.writeU8(14, 3);
    memory.write(16, Uint8Array.of(4));
    const into = new Uint8Array(1);
    memory.read(16, into);
    expect([memory.readU64(0), memory.readU32(8), memory.readU16(12), memory.readU8(14), into[0], memory.size]).toEqual([
      ram.readU64(0),
      1,
      2,
      3,
      4,
      0x1000,
    ]);
  });

  it('lets the watch on pages see what is written through a region', () => {
    const ram = new Ram(new ArrayBuffer(0x3000));
    const seen: number[] = [];
    ram.watched[1] = 1;
    ram.onWatchedWrite = (start) => void seen.push(start);
    new MappedMemory(ram).map(BASE, LENGTH)?.storeU8(5, 1);
    expect(seen).toEqual([BASE + 5]);
  });

  it('is refused by the constructor of a region where it is none', () => {
    expect(() => new MemoryRegion(new Ram(new ArrayBuffer(16)), 8, 9)).toThrow(ConfigurationError);
    expect(() => new BufferRegion(new ArrayBuffer(16), 8, 9)).toThrow(ConfigurationError);
  });
});
