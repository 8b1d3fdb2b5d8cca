import { describe, expect, it } from 'vitest';
import { Rom } from '../rom.ts';
import { loadBios } from './bios.ts';

describe('[SDM 3A §10.1.4] First instruction executed', () => {
  it('puts the end of the file at the end of 4 GiB and of 1 MiB', () => {
    const bios = loadBios(Uint8Array.of(1, 2, 3));
    expect(bios.address).toBe(0xffff_f000);
    expect(bios.rom.length).toBe(4096);
    expect(bios.rom.subarray(-4)).toEqual(Uint8Array.of(0xff, 1, 2, 3));
    expect(bios.program.placements).toMatchObject([{ address: 0xf_f000, size: 4096 }]);
    expect(bios.program.start).toBeUndefined();
  });

  it('shows the last 256 KiB of a larger file below 1 MiB', () => {
    const file = new Uint8Array(512 * 1024);
    file[256 * 1024] = 7;
    const { address, program } = loadBios(file);
    expect(address).toBe(0xfff8_0000);
    expect(program.placements).toMatchObject([{ address: 0xc_0000, size: 256 * 1024 }]);
    expect(program.placements[0]?.bytes[0]).toBe(7);
  });

  it('refuses an empty file and one of more than 16 MiB', () => {
    expect(() => loadBios(new Uint8Array(0))).toThrow('the ROM has 0 bytes');
    expect(() => loadBios(new Uint8Array(0x100_0001))).toThrow('not 1 to 16777216');
    expect(loadBios(new Uint8Array(0x100_0000)).address).toBe(0xff00_0000);
  });
});

describe('Rom', () => {
  it('reads little-endian, ones beyond its end, and keeps what is written to it', () => {
    const rom = new Rom(Uint8Array.of(1, 2, 3, 0x84));
    rom.write();
    expect([rom.read(0, 1), rom.read(1, 2), rom.read(0, 4), rom.read(2, 4), rom.read(4, 4)]).toEqual([
      1, 0x0302, 0x8403_0201, 0xffff_8403, 0xffff_ffff,
    ]);
  });
});
