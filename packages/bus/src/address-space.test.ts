import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressSpace, ALL_ONES, type IoHandler, type Mapping, type Width } from './address-space.ts';
import { ConfigurationError } from './errors.ts';

/** Reads give `value`; accesses are written down. */
function handler(value: number): IoHandler & { log: string[] } {
  const log: string[] = [];
  return {
    log,
    read(offset, width) {
      log.push(`read ${offset} ${width}`);
      return value;
    },
    write(offset, width, written) {
      log.push(`write ${offset} ${width} ${written}`);
    },
  };
}

const WIDTHS: readonly Width[] = [1, 2, 4];

describe('Nobody answers', () => {
  it('reads all ones of each width and loses writes, and counts both', () => {
    const space = new AddressSpace('ports', 0x10000);
    for (const width of WIDTHS) {
      expect(space.read(0x80, width)).toBe(ALL_ONES[width]);
      space.write(0x80, width, 0);
    }
    expect([space.unclaimedReads, space.unclaimedWrites]).toEqual([3, 3]);
  });

  it('is also so for addresses that are none', () => {
    const space = new AddressSpace('ports', 0x10000);
    space.map('all', 0, 0x10000, handler(7));
    for (const address of [-1, 0x10000, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) expect(space.read(address, 4)).toBe(0xffff_ffff);
  });
});

describe('Fixed ranges', () => {
  it('are told offsets relative to their base, and widths', () => {
    const space = new AddressSpace('ports', 0x10000);
    const uart = handler(0x60);
    const mapping = space.map('uart', 0x3f8, 8, uart);
    expect(space.read(0x3fd, 1)).toBe(0x60);
    space.write(0x3ff, 4, 0xffff_ffff);
    expect(uart.log).toEqual(['read 5 1', 'write 7 4 4294967295']);
    expect([mapping.reads, mapping.writes]).toEqual([1, 1]);
    expect(space.at(0x3f8)).toMatchObject({ name: 'uart', base: 0x3f8, size: 8 });
    expect(space.at(0x400)).toBeUndefined();
  });

  it.each([
    ['the same', 0x100, 0x10],
    ['one inside', 0x104, 1],
    ['one around', 0xf0, 0x40],
    ['one at the start', 0xf1, 0x10],
    ['one at the end', 0x10f, 1],
  ])('refuse to overlap: %s', (_, base, size) => {
    const space = new AddressSpace('ports', 0x1000);
    space.map('first', 0x100, 0x10, handler(0));
    expect(() => space.map('second', base, size, handler(0))).toThrow(expect.objectContaining({ code: 'range-overlap', value: base }));
  });

  it('refuse to lie outside of the space', () => {
    const space = new AddressSpace('ports', 0x1000);
    for (const [base, size] of [
      [0xfff, 2],
      [-1, 1],
      [0, 0],
      [0.5, 1],
      [0, 0x1001],
    ] as const)
      expect(() => space.map('bad', base, size, handler(0))).toThrow(expect.objectContaining({ code: 'range-outside' }));
  });

  it('may touch', () => {
    const space = new AddressSpace('ports', 0x1000);
    space.map('a', 0, 0x10, handler(1));
    space.map('b', 0x10, 0xff0, handler(2));
    expect([space.read(0xf, 1), space.read(0x10, 1), space.read(0xfff, 1)]).toEqual([1, 2, 2]);
  });

  it('go when they are unmapped, once', () => {
    const space = new AddressSpace('ports', 0x1000);
    const mapping = space.map('a', 0, 0x10, handler(1));
    expect(space.read(0, 1)).toBe(1);
    mapping.unmap();
    mapping.unmap();
    expect(space.read(0, 1)).toBe(0xff);
    space.map('again', 0, 0x10, handler(2));
    expect(space.read(0, 1)).toBe(2);
  });
});

describe('Overlays', () => {
  it('lose to fixed ranges and to earlier overlays, and come back when those go', () => {
    const space = new AddressSpace('memory', 2 ** 40);
    const first = space.overlay('first', 0x1000, 0x1000, handler(1));
    space.overlay('second', 0x1800, 0x1000, handler(2));
    const fixed = space.map('fixed', 0x1c00, 0x100, handler(3));
    const seen = (): number[] => [0x1000, 0x1800, 0x1c00, 0x2000, 0x2800].map((address) => space.read(address, 1));
    expect(seen()).toEqual([1, 1, 3, 2, 0xff]);
    first?.unmap();
    expect(seen()).toEqual([0xff, 2, 3, 2, 0xff]);
    fixed.unmap();
    expect(seen()).toEqual([0xff, 2, 2, 2, 0xff]);
  });

  it('are told offsets from their own base although something hides their start', () => {
    const space = new AddressSpace('memory', 0x10000);
    const bar = handler(9);
    space.map('fixed', 0x1000, 0x80, handler(3));
    space.overlay('bar', 0x1000, 0x100, bar);
    space.read(0x1080, 4);
    expect(bar.log).toEqual(['read 128 4']);
  });

  it('are undefined where they do not fit: a guest may write anything to a BAR', () => {
    const space = new AddressSpace('memory', 2 ** 40);
    for (const base of [2 ** 40, 2 ** 40 - 1, -4096, 2 ** 60, Number.NaN])
      expect(space.overlay('bar', base, 4096, handler(0))).toBeUndefined();
  });
});

describe('An address space', () => {
  it('has a size within 1 to 2^52', () => {
    for (const size of [0, -1, 1.5, 2 ** 53, Number.NaN]) expect(() => new AddressSpace('x', size)).toThrow(ConfigurationError);
    expect(new AddressSpace('x', 2 ** 52).size).toBe(2 ** 52);
  });

  it('lists its mappings by address', () => {
    const space = new AddressSpace('x', 0x1000);
    space.overlay('c', 0x20, 0x10, handler(0));
    space.map('b', 0x20, 4, handler(0));
    space.map('a', 0, 4, handler(0));
    expect(space.mappings.map(({ name }) => name)).toEqual(['a', 'c', 'b']);
  });

  it('counts accesses by name, also those to ranges that are gone', () => {
    const space = new AddressSpace('ports', 0x100);
    const handler = { read: () => 0, write: () => {} };
    space.map('PIC', 0x20, 2, handler);
    const bar = space.overlay('BAR', 0x40, 4, handler);
    space.map('silent', 0x60, 1, handler);
    space.read(0x20, 1);
    space.write(0x40, 1, 0);
    bar?.unmap();
    bar?.unmap();
    space.overlay('BAR', 0x50, 4, handler);
    space.write(0x50, 1, 0);
    expect([...space.totals]).toEqual([
      ['BAR', { reads: 0, writes: 2 }],
      ['PIC', { reads: 1, writes: 0 }],
    ]);
  });

  it('answers as the list of its ranges says, whatever is mapped and unmapped', () => {
    const size = 64;
    const operation = fc.record({
      kind: fc.constantFrom('map', 'overlay', 'unmap'),
      base: fc.integer({ min: -4, max: size + 4 }),
      length: fc.integer({ min: 0, max: size }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        const space = new AddressSpace('x', size);
        const model: { base: number; end: number; value: number; fixed: boolean; mapping: Mapping }[] = [];
        let value = 0;
        for (const { kind, base, length } of operations) {
          value = (value + 1) % 200;
          if (kind === 'unmap') {
            model.splice(Math.abs(base) % (model.length || 1), 1)[0]?.mapping.unmap();
            continue;
          }
          let mapping: Mapping | undefined;
          try {
            mapping = space[kind](`r${value}`, base, length, handler(value));
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigurationError);
          }
          if (mapping !== undefined) model.push({ base, end: base + length, value, fixed: kind === 'map', mapping });
          for (let address = 0; address < size; address++) {
            const hits = model.filter((range) => address >= range.base && address < range.end);
            const winner = hits.find((range) => range.fixed) ?? hits[0];
            expect(space.read(address, 1)).toBe(winner?.value ?? 0xff);
          }
        }
      }),
    );
  });
});
