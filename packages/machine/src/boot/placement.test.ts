import { describe, expect, it } from 'vitest';
import { memoryMapOf } from './e820.ts';
import { findHighest, findLowest, findOverlap, isUsable, requireUsable } from './placement.ts';

const MIB = 0x10_0000;
const map = memoryMapOf(64 * MIB, 0);

describe('[ACPI 6.5 §15] The memory map', () => {
  it('reports RAM below and above the BIOS area, and RAM above 4 GiB', () => {
    expect(memoryMapOf(64 * MIB, MIB).map((e) => `${e.address.toString(16)}+${e.size.toString(16)} ${e.type}`)).toEqual([
      '0+9fc00 ram',
      '9fc00+400 reserved',
      'e0000+20000 reserved',
      '100000+3f00000 ram',
      '100000000+100000 ram',
    ]);
  });
});

describe('Room in memory', () => {
  it('finds the lowest aligned place beside what is taken', () => {
    const taken = [{ address: MIB, size: 5 }];
    expect(findLowest(map, taken, { size: 4096, alignment: 4096, min: MIB, max: 2 ** 32 })).toBe(MIB + 4096);
    expect(findLowest(map, taken, { size: 64 * MIB, alignment: 4096, min: MIB, max: 2 ** 32 })).toBeUndefined();
  });

  it('finds the highest aligned place below a limit', () => {
    expect(findHighest(map, [], { size: 1, alignment: 4096, min: MIB, max: 2 ** 32 })).toBe(64 * MIB - 4096);
    expect(findHighest(map, [], { size: 1, alignment: 4096, min: MIB, max: 32 * MIB })).toBe(32 * MIB - 4096);
    expect(findHighest(map, [{ address: MIB, size: 63 * MIB }], { size: 1, alignment: 1, min: MIB, max: 2 ** 32 })).toBeUndefined();
  });

  it('sees overlaps, and none with empty ranges', () => {
    expect(
      findOverlap([
        { address: 5, size: 5 },
        { address: 0, size: 6 },
      ]),
    ).toEqual([
      { address: 0, size: 6 },
      { address: 5, size: 5 },
    ]);
    expect(
      findOverlap([
        { address: 5, size: 0 },
        { address: 0, size: 6 },
        { address: 6, size: 1 },
      ]),
    ).toBeUndefined();
  });

  it('says where memory ends when something does not fit', () => {
    expect(isUsable(map, 0, MIB)).toBe(false);
    expect(() => requireUsable(map, 'the kernel', 16 * MIB, 49 * MIB)).toThrow(
      'the kernel needs 49 MiB of memory at 0x1000000; usable memory there ends at 64 MiB',
    );
  });
});
