import { describe, expect, it } from 'vitest';
import { parseMac, parseMemory, parsePort, parseSeconds } from './values.ts';

describe('--memory', () => {
  it('takes K, M and G, of 1024, and MiB without a unit', () => {
    expect(['512M', '1G', '65536K', '256', '1.5G', '512MiB', '1gb'].map((text) => parseMemory(text) / 2 ** 20)).toEqual([
      512, 1024, 64, 256, 1536, 512, 1024,
    ]);
  });

  it('refuses everything else in one line', () => {
    for (const text of ['', 'lots', '-1M', '0', '0M', '1T', '1e3', '512 M', '0.3K'])
      expect(() => parseMemory(text), text).toThrow(`--memory ${text}: not an amount of memory; write 512M or 1G`);
  });
});

describe('--exit-port', () => {
  it('takes decimal and hexadecimal ports', () => {
    expect(['0xf4', '244', '0xFFFF', '0'].map(parsePort)).toEqual([0xf4, 244, 0xffff, 0]);
    for (const text of ['', 'f4', '65536', '-1', '1.5', '0x10000']) expect(() => parsePort(text), text).toThrow('not a port');
  });
});

describe('--timeout', () => {
  it('takes seconds with fractions', () => {
    expect(['1', '0.5', '600'].map(parseSeconds)).toEqual([1, 0.5, 600]);
    for (const text of ['', 'soon', '0', '-1', '1e9', '9999999']) expect(() => parseSeconds(text), text).toThrow('not a number of seconds');
  });
});

describe('mac=', () => {
  it('takes six bytes with colons or hyphens', () => {
    expect([...parseMac('52:54:00:12:34:5f')]).toEqual([0x52, 0x54, 0, 0x12, 0x34, 0x5f]);
    expect([...parseMac('2-0-0-0-0-FF')]).toEqual([2, 0, 0, 0, 0, 255]);
  });

  it('refuses what no single card has', () => {
    for (const text of ['52:54', '', '52:54:00:12:34:56:78', '5g:54:00:12:34:56', '525:4:0:0:0:0'])
      expect(() => parseMac(text), text).toThrow('not a MAC address');
    for (const text of ['01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'])
      expect(() => parseMac(text), text).toThrow('no address of a single card');
  });
});
