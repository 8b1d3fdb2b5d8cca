import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import {
  and,
  arg,
  buffer,
  call,
  device,
  doubleWords,
  eisaId,
  integer,
  littleEndian,
  local,
  method,
  name,
  namePath,
  notify,
  otherwise,
  packageLength,
  packageOf,
  portRegion,
  returns,
  scope,
  store,
  string,
  when,
} from './aml.ts';
import { busWindow, ioPorts, ioWindow, isaInterrupt, memoryWindow, resourceTemplate } from './aml-resources.ts';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');

describe('[ACPI 6.5 §20.2.2] Name Objects Encoding', () => {
  it('segments are padded; root, dual and multi prefixes', () => {
    expect(hex(namePath('PIC'))).toBe('50 49 43 5f');
    expect(hex(namePath('\\'))).toBe('5c 00');
    expect(hex(namePath('\\_SB.PCI0'))).toBe('5c 2e 5f 53 42 5f 50 43 49 30');
    expect(hex(namePath('A.B.C'))).toBe('2f 03 41 5f 5f 5f 42 5f 5f 5f 43 5f 5f 5f');
  });

  it('what is no name is the caller’s mistake', () => {
    for (const path of ['TOOLONG', 'a', '0A', '\\_SB.x']) expect(() => namePath(path)).toThrow(ConfigurationError);
  });
});

describe('[ACPI 6.5 §20.2.3] Data Objects Encoding', () => {
  it('integers take their shortest form', () => {
    expect([0, 1, 2, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff].map((n) => hex(integer(n)))).toEqual([
      '00',
      '01',
      '0a 02',
      '0a ff',
      '0b 00 01',
      '0b ff ff',
      '0c 00 00 01 00',
      '0c ff ff ff ff',
    ]);
    expect(hex(integer(1n << 32n))).toBe('0e 00 00 00 00 01 00 00 00');
  });

  it('strings end with a zero byte, buffers begin with their size', () => {
    expect(hex(string('AB'))).toBe('0d 41 42 00');
    expect(hex(buffer(Uint8Array.of(1, 2, 3)))).toBe('11 06 0a 03 01 02 03');
  });

  it('[§19.3.4] EISA ids', () => {
    expect(hex(eisaId('PNP0A03'))).toBe('0c 41 d0 0a 03');
    expect(() => eisaId('PNP0A0')).toThrow(ConfigurationError);
  });
});

describe('[ACPI 6.5 §20.2.4] Package Length Encoding', () => {
  it('counts itself, in one to four bytes', () => {
    const cases: [number, string][] = [
      [0, '01'],
      [62, '3f'],
      [63, '41 04'],
      [4093, '4f ff'],
      [4094, '81 00 01'],
      [0xf_fffc, '8f ff ff'],
      [0xf_fffd, 'c1 00 00 01'],
    ];
    expect(cases.map(([length]) => hex(packageLength(length)))).toEqual(cases.map(([, bytes]) => bytes));
  });
});

describe('[ACPI 6.5 §20.2.5] Term Objects Encoding', () => {
  it('names, scopes, devices, methods', () => {
    expect(hex(name('X', integer(5)))).toBe('08 58 5f 5f 5f 0a 05');
    expect(hex(scope('\\_SB'))).toBe('10 06 5c 5f 53 42 5f');
    expect(hex(device('COM1', name('_UID', integer(1))))).toBe('5b 82 0b 43 4f 4d 31 08 5f 55 49 44 01');
    expect(hex(method('_PIC', 1, store(arg(0), namePath('PICF'))))).toBe('14 0c 5f 50 49 43 01 70 68 50 49 43 46');
  });

  it('packages, conditions, returns', () => {
    expect(hex(packageOf(integer(5), integer(0)))).toBe('12 05 02 0a 05 00');
    expect(hex(when(arg(1), returns(integer(1))))).toBe('a0 04 69 a4 01');
    expect(hex(otherwise(returns(integer(0))))).toBe('a1 03 a4 00');
  });

  it('regions of ports and their registers', () => {
    expect(hex(portRegion('REG', 0x630, 16))).toBe('5b 80 52 45 47 5f 01 0b 30 06 0a 10');
    expect(hex(doubleWords('REG', 'AB', 'CDEF'))).toBe('5b 81 10 52 45 47 5f 43 41 42 5f 5f 20 43 44 45 46 20');
  });

  it('locals, masks, calls, notifications', () => {
    expect(hex(store(and(local(0), integer(2)), local(1)))).toBe('70 7b 60 0a 02 00 61');
    expect(hex(call('METH', arg(0), integer(1)))).toBe('4d 45 54 48 68 01');
    expect(hex(notify('S01', integer(3)))).toBe('86 53 30 31 5f 0a 03');
  });

  it('numbers of any width, least significant byte first', () => {
    expect(hex(littleEndian(0x1234n, 4))).toBe('34 12 00 00');
  });
});

describe('[ACPI 6.5 §6.4] Resource Data Types', () => {
  it('ports, interrupts and the end tag', () => {
    expect(hex(resourceTemplate(ioPorts(0x3f8, 8), isaInterrupt(4)))).toBe('11 10 0a 0d 47 01 f8 03 f8 03 01 08 22 10 00 79 00');
  });

  it('windows of a bridge', () => {
    expect(hex(busWindow(0, 0xff))).toBe('88 0d 00 02 0c 00 00 00 00 00 ff 00 00 00 00 01');
    expect(hex(ioWindow(0xd00, 0xffff))).toBe('88 0d 00 01 0c 03 00 00 00 0d ff ff 00 00 00 f3');
    expect(hex(memoryWindow(0xc000_0000, 0xfebf_ffff))).toBe(
      '87 17 00 00 0c 01 00 00 00 00 00 00 00 c0 ff ff bf fe 00 00 00 00 00 00 c0 3e',
    );
  });
});
