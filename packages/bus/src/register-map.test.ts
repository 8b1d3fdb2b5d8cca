import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Width } from './address-space.ts';
import { RegisterFile, registers, ro, rw, w1c } from './register-map.ts';

const TABLE = registers(16, {
  vendorId: ro(2),
  command: rw(2, 0x0547),
  status: w1c(2, 0xf900),
  revision: ro(1),
  scratch: rw(1),
  bar: rw(4, 0xffff_f000),
  label: rw(3),
  last: ro(1),
});

describe('registers()', () => {
  it('derives offsets from the order', () => {
    expect(Object.values(TABLE.fields).map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['vendorId', 0, 2],
      ['command', 2, 2],
      ['status', 4, 2],
      ['revision', 6, 1],
      ['scratch', 7, 1],
      ['bar', 8, 4],
      ['label', 12, 3],
      ['last', 15, 1],
    ]);
    expect(TABLE.byOffset.map(({ name }) => name).filter((name) => name === 'label')).toHaveLength(3);
  });

  it('throws unless the sizes add up', () => {
    expect(() => registers(5, { a: ro(2), b: ro(2) })).toThrow(expect.objectContaining({ code: 'register-table', value: 5 }));
  });
});

describe('A register file', () => {
  it('reads any width at any offset, little-endian', () => {
    const file = new RegisterFile(TABLE, { vendorId: 0x1af4, command: 0x0107, status: 0x0010, revision: 1 });
    expect(file.read(0, 4)).toBe(0x0107_1af4);
    expect(file.read(1, 2)).toBe(0x071a);
    expect(file.read(3, 4)).toBe(0x0100_1001);
  });

  it('stores the writable bits, clears the clearable bits, keeps the rest', () => {
    const file = new RegisterFile(TABLE, { vendorId: 0x1af4, status: 0xf910 });
    file.write(0, 4, 0xffff_ffff);
    expect([file.get('vendorId'), file.get('command')]).toEqual([0x1af4, 0x0547]);
    file.write(4, 2, 0x8100);
    expect(file.get('status')).toBe(0x7810);
    file.write(8, 4, 0xffff_ffff);
    expect(file.get('bar')).toBe(0xffff_f000);
  });

  it('reads ones and loses writes beyond the end', () => {
    const file = new RegisterFile(TABLE, { last: 0x55 });
    expect(file.read(15, 4)).toBe(0xffff_ff55);
    expect(file.read(16, 2)).toBe(0xffff);
    file.write(14, 4, 0);
    file.write(400, 4, 0);
    expect(file.get('last')).toBe(0x55);
  });

  it('is set by the device past masks', () => {
    const file = new RegisterFile(TABLE);
    file.set('status', 0xffff);
    file.set('label', 0xff_ffff);
    expect([file.get('status'), file.get('label'), file.get('last')]).toEqual([0xffff, 0xff_ffff, 0]);
  });

  it('asks a live field once per access and tells it of a write once, with the whole value', () => {
    const calls: string[] = [];
    const file = new RegisterFile(
      TABLE,
      {},
      {
        command: { write: (value) => void calls.push(`command ${value.toString(16)}`) },
        bar: {
          read: () => {
            calls.push('bar?');
            return 0xdead_beef;
          },
          write: (value) => void calls.push(`bar ${value.toString(16)}`),
        },
      },
    );
    expect(file.read(8, 4)).toBe(0xdead_beef);
    expect(file.read(9, 1)).toBe(0xbe);
    file.write(2, 2, 0xffff);
    file.write(9, 1, 0x10); // bits that are not written keep what the field reads
    file.write(2, 1, 0);
    expect(calls).toEqual(['bar?', 'bar?', 'command 547', 'bar?', 'bar dead1eef', 'command 500']);
  });

  it('reads and writes across fields, each field told', () => {
    const written: number[] = [];
    const note = { write: (value: number): void => void written.push(value) };
    const file = new RegisterFile(TABLE, {}, { revision: note, scratch: note, bar: note });
    file.write(6, 4, 0x1234_56ff);
    expect(written).toEqual([0, 0x56, 0x1000]); // revision is read-only; the low half of bar is masked
  });

  it('is the same by bytes as by words, whatever is written', () => {
    const access = fc.record({
      offset: fc.nat(18),
      width: fc.constantFrom<Width>(1, 2, 4),
      value: fc.integer({ min: 0, max: 0xffff_ffff }),
    });
    fc.assert(
      fc.property(fc.array(access, { maxLength: 40 }), fc.nat(0xffff), (accesses, status) => {
        const words = new RegisterFile(TABLE, { status });
        const bytes = new RegisterFile(TABLE, { status });
        for (const { offset, width, value } of accesses) {
          words.write(offset, width, width === 4 ? value : value % 2 ** (8 * width));
          for (let i = 0; i < width; i++) bytes.write(offset + i, 1, (value >>> (8 * i)) & 0xff);
          expect(words.bytes).toEqual(bytes.bytes);
          const read = words.read(offset, width);
          let sum = 0;
          for (let i = 0; i < width; i++) sum += bytes.read(offset + i, 1) * 2 ** (8 * i);
          expect(read).toBe(sum);
        }
      }),
    );
  });
});
