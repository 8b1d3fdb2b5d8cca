import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CpioArchive } from './cpio.ts';

interface Read {
  readonly path: string;
  readonly mode: number;
  readonly device: readonly [number, number];
  readonly data: Uint8Array;
}

/** A reader of the format, written from its description, independent of the writer. */
function read(bytes: Uint8Array): Read[] {
  const text = new TextDecoder('latin1').decode(bytes);
  const entries: Read[] = [];
  for (let at = 0; ; ) {
    expect(at % 4).toBe(0);
    expect(text.slice(at, at + 6)).toBe('070701');
    const field = (index: number): number => Number.parseInt(text.slice(at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [mode, size, major, minor, nameSize] = [1, 6, 9, 10, 11].map(field) as [number, number, number, number, number];
    const path = new TextDecoder().decode(bytes.subarray(at + 110, at + 110 + nameSize - 1));
    const start = Math.ceil((at + 110 + nameSize) / 4) * 4;
    if (path === 'TRAILER!!!') {
      expect(Math.ceil((start + size) / 4) * 4).toBe(bytes.length);
      return entries;
    }
    entries.push({ path, mode, device: [major, minor], data: bytes.slice(start, start + size) });
    at = Math.ceil((start + size) / 4) * 4;
  }
}

describe('[buffer-format.rst] The initramfs buffer format', () => {
  it('writes directories, files, links and devices in order, with their modes', () => {
    const bytes = new CpioArchive()
      .directory('dev')
      .characterDevice('dev/console', 5, 1)
      .file('init', '#!/bin/sh\n', 0o755)
      .symbolicLink('sbin', 'bin')
      .toBytes();
    expect(read(bytes).map(({ path, mode, device }) => [path, mode.toString(8), ...device])).toEqual([
      ['dev', '40755', 0, 0],
      ['dev/console', '20600', 5, 1],
      ['init', '100755', 0, 0],
      ['sbin', '120777', 0, 0],
    ]);
    expect(new TextDecoder().decode(read(bytes)[2]?.data)).toBe('#!/bin/sh\n');
  });

  it('gives back any names and contents, whatever their lengths', () => {
    const entry = fc.tuple(
      fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }).filter((s) => !s.includes('\0') && s !== 'TRAILER!!!'),
      fc.uint8Array({ maxLength: 70 }),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const archive = new CpioArchive();
        for (const [path, data] of entries) archive.file(path, data);
        expect(read(archive.toBytes()).map(({ path, data }) => [path, data])).toEqual(entries);
      }),
    );
  });

  it('is the same bytes for the same entries', () => {
    const make = (): Uint8Array => new CpioArchive().directory('a').file('a/b', 'c').toBytes();
    expect(make()).toEqual(make());
  });
});
