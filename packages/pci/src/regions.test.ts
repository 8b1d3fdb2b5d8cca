import { ConfigurationError, type IoHandler, RegisterFile, registers, rw } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { Regions } from './regions.ts';

const bytes = (size: number, ...values: number[]): RegisterFile<'all'> => {
  const file = new RegisterFile(registers(size, { all: rw(size) }));
  file.bytes.set(values);
  return file;
};

describe('Regions', () => {
  it('hands on whole what one region answers and splits what crosses a border', () => {
    const seen: string[] = [];
    const spy = (name: string): IoHandler => ({
      read: (offset, width) => {
        seen.push(`${name} ${offset}/${width}`);
        return 0;
      },
      write: (offset, width, value) => seen.push(`${name} ${offset}/${width}=${value}`),
    });
    const regions = new Regions(
      32,
      [
        { name: 'b', offset: 10, size: 4, handler: spy('b') },
        { name: 'a', offset: 4, size: 6, handler: spy('a') },
      ],
      spy('rest'),
    );
    regions.read(4, 4);
    regions.read(8, 4);
    regions.write(2, 4, 0x0403_0201);
    regions.read(16, 4);
    expect(seen).toEqual(['a 0/4', 'a 4/1', 'a 5/1', 'b 0/1', 'b 1/1', 'rest 2/1=1', 'rest 3/1=2', 'a 0/1=3', 'a 1/1=4', 'rest 16/4']);
  });

  it('reads ones beyond the end and loses what is written there', () => {
    const file = bytes(4, 1, 2, 3, 4);
    const regions = new Regions(4, [{ name: 'all', offset: 0, size: 4, handler: file }]);
    expect(regions.read(2, 4)).toBe(0xffff_0403);
    expect(regions.read(4, 2)).toBe(0xffff);
    expect(regions.read(-1, 2)).toBe(0x01ff);
    regions.write(3, 4, 0xaabb_ccdd);
    expect([...file.bytes]).toEqual([1, 2, 3, 0xdd]);
  });

  it('refuses overlapping regions and regions outside the block', () => {
    const handler = bytes(4);
    const at = (offset: number): { name: string; offset: number; size: number; handler: IoHandler } => ({
      name: `at ${offset}`,
      offset,
      size: 4,
      handler,
    });
    expect(() => new Regions(8, [at(0), at(3)])).toThrow(ConfigurationError);
    expect(() => new Regions(8, [at(5)])).toThrow(ConfigurationError);
    expect(() => new Regions(8, [at(-1)])).toThrow(ConfigurationError);
    expect(() => new Regions(8, [at(0), at(4)])).not.toThrow();
  });
});
