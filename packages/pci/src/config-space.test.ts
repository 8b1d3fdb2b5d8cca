import { RegisterFile, registers, ro, rw, type Width } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { registerCapability } from './capability.ts';
import { PciFunction } from './function.ts';

const WIDTHS: readonly Width[] = [1, 2, 4];

const makeFunction = (): PciFunction =>
  new PciFunction({
    name: 'test',
    vendorId: 0x1af4,
    deviceId: 0x1041,
    classCode: 0x02_00_01,
    revisionId: 7,
    subsystemVendorId: 0x1234,
    subsystemId: 0x5678,
    interruptPin: 1,
    capabilities: [
      registerCapability(0x09, 'with a writable byte', new RegisterFile(registers(4, { id: ro(1), next: ro(1), a: ro(1), b: rw(1) }))),
    ],
  });

describe('[PCI 3.0 §6.1] Configuration Space Organization', () => {
  it('has the registers of the type 00h header at their offsets', () => {
    const { config } = makeFunction();
    expect(config.read(0x00, 4)).toBe(0x1041_1af4);
    expect(config.read(0x08, 4)).toBe(0x0200_0107);
    expect(config.read(0x2c, 4)).toBe(0x5678_1234);
    expect(config.read(0x34, 1)).toBe(0x40);
    expect(config.read(0x3d, 1)).toBe(1);
  });

  it('reads alike in every width', () => {
    const { config } = makeFunction();
    for (let offset = 0; offset < 0x100; offset += 4) {
      const bytes = [0, 1, 2, 3].map((i) => config.read(offset + i, 1));
      const value = bytes.reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
      expect(config.read(offset, 4)).toBe(value);
      expect(config.read(offset, 2)).toBe(value % 0x1_0000);
      expect(config.read(offset + 1, 2)).toBe(Math.floor(value / 0x100) % 0x1_0000);
      expect(config.read(offset + 2, 2)).toBe(Math.floor(value / 0x1_0000));
    }
  });

  it('TP-15 honours the write masks in every width: identity, class and capability bytes stay', () => {
    const writable = new Map([
      [0x04, 0x47], // command
      [0x05, 0x05],
      [0x0c, 0xff], // cache line size
      [0x0d, 0xff], // latency timer
      [0x3c, 0xff], // interrupt line
      [0x43, 0xff], // the capability's writable byte
    ]);
    for (const width of WIDTHS) {
      for (const value of [0xffff_ffff, 0x5a5a_5a5a, 0]) {
        const { config } = makeFunction();
        const before = Array.from({ length: 0x100 }, (_, i) => config.read(i, 1));
        for (let offset = 0; offset < 0x100; offset += width) config.write(offset, width, value % 2 ** (8 * width));
        before.forEach((byte, i) => {
          const mask = writable.get(i) ?? 0;
          expect(config.read(i, 1), `byte ${i}`).toBe((byte & ~mask) | (value & 0xff & mask));
        });
      }
    }
  });

  it('reads reserved bytes as zero and bytes beyond the end as ones', () => {
    const { config } = makeFunction();
    expect(config.read(0x80, 4)).toBe(0);
    expect(config.read(0x100, 4)).toBe(0xffff_ffff);
    expect(config.read(0xfe, 4)).toBe(0xffff_0000);
    config.write(0xfe, 4, 0xffff_ffff);
    config.write(0x1000, 2, 1);
    expect(config.read(0xfc, 4)).toBe(0);
  });

  it('makes an access that crosses from the header into a capability byte by byte', () => {
    const { config } = makeFunction();
    config.write(0x42, 2, 0xab00);
    expect(config.read(0x3e, 4)).toBe(0x0009_0000);
    expect(config.read(0x42, 2)).toBe(0xab00);
  });
});

describe('[PCI 3.0 §6.2.3] Device Status', () => {
  it('clears bits that are written as ones and keeps the live ones', () => {
    const { config, intx } = makeFunction();
    config.header.set('status', 0xf900);
    intx.raise();
    expect(config.read(0x06, 2)).toBe(0xf918);
    config.write(0x07, 1, 0x81);
    expect(config.read(0x06, 2)).toBe(0x7818);
    config.write(0x06, 2, 0xffff);
    expect(config.read(0x06, 2)).toBe(0x0018);
    intx.lower();
    expect(config.read(0x04, 4)).toBe(0x0010_0000);
  });

  it('has no capabilities list bit and a zero pointer without capabilities', () => {
    const { config } = new PciFunction({ name: 'plain', vendorId: 1, deviceId: 2, classCode: 0xff_00_00 });
    expect(config.read(0x06, 2)).toBe(0);
    expect(config.read(0x34, 4)).toBe(0);
  });
});
