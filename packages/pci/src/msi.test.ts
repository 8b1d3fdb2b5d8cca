import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { PciFunction } from './function.ts';
import type { PciAddress } from './pci-bus.ts';
import { createTestBus, setCommand } from './testing.ts';
import { COMMAND_BUS_MASTER } from './type0-header.ts';

/** The capability is the only one and lies at 40h. */
const CONTROL = 0x42;
const ADDRESS = 0x44;
const UPPER_ADDRESS = 0x48;
const DATA = 0x4c;
const MASK = 0x50;
const PENDING = 0x54;

function setUp(vectors = 8, addressBits: 32 | 64 = 64) {
  const test = createTestBus();
  const device = new PciFunction({ name: 'msi', vendorId: 1, deviceId: 1, classCode: 0, interruptPin: 1, msi: { vectors, addressBits } });
  const address: PciAddress = test.bus.plug(1, 0, device);
  const write = (offset: number, width: 1 | 2 | 4, value: number): void => test.config.writeConfig(address, offset, width, value);
  const read = (offset: number, width: 1 | 2 | 4): number => test.config.readConfig(address, offset, width);
  setCommand(test.config, address, COMMAND_BUS_MASTER);
  write(ADDRESS, 4, 0xfee0_1000);
  write(DATA, 2, 0x4040);
  return { ...test, device, address, write, read };
}

describe('[PCI 3.0 §6.8.1] MSI Capability Structure', () => {
  it('tells that it is 64-bit, maskable, and how many messages it would like', () => {
    const { read } = setUp(8);
    expect(read(0x40, 4)).toBe(0x0186_0005);
  });

  it('stores enable, the number of messages, address and data, and nothing else', () => {
    const { read, write } = setUp(8);
    for (let offset = 0x40; offset < 0x58; offset += 4) write(offset, 4, 0xffff_ffff);
    expect([0x40, 0x44, 0x48, 0x4c, 0x50, 0x54].map((offset) => read(offset, 4))).toEqual([
      0x01f7_0005, 0xffff_fffc, 0xffff_ffff, 0x0000_ffff, 0xffff_ffff, 0,
    ]);
  });

  it('tells messages apart by the low bits of the data', () => {
    const { device, write, messages } = setUp(8);
    write(CONTROL, 2, 0x0031); // eight messages
    for (const vector of [0, 5, 7]) expect(device.signal(vector)).toBe(true);
    expect(messages.take()).toEqual([0x4040, 0x4045, 0x4047]);
  });

  it('shares messages where the guest gave fewer', () => {
    const { device, write, messages } = setUp(8);
    write(CONTROL, 2, 0x0011); // two messages
    for (let vector = 0; vector < 8; vector++) device.signal(vector);
    expect(messages.take()).toEqual([0x4040, 0x4041, 0x4040, 0x4041, 0x4040, 0x4041, 0x4040, 0x4041]);
    write(CONTROL, 2, 0x0071); // 128, which there are not: as many as asked for
    device.signal(7);
    device.signal(8);
    device.signal(-1);
    device.signal(Number.NaN);
    expect(messages.take()).toEqual([0x4047]);
  });

  it('holds a masked message as pending and sends it once when the mask goes away', () => {
    const { device, read, write, messages } = setUp(8);
    write(CONTROL, 2, 0x0031);
    write(MASK, 4, 0b10_0100);
    for (const vector of [2, 2, 5, 1]) device.signal(vector);
    expect(messages.take()).toEqual([0x4041]);
    expect(read(PENDING, 4)).toBe(0b10_0100);
    write(MASK, 1, 0b10_0000);
    expect(messages.take()).toEqual([0x4042]);
    write(MASK, 4, 0);
    write(MASK, 4, 0);
    expect(messages.take()).toEqual([0x4045]);
    expect(read(PENDING, 4)).toBe(0);
  });

  it('masks the highest of 32 messages', () => {
    const { device, read, write, messages } = setUp(32);
    write(CONTROL, 2, 0x0051);
    write(MASK, 4, 0x8000_0000);
    device.signal(31);
    expect(read(PENDING, 4)).toBe(0x8000_0000);
    write(MASK, 4, 0);
    expect(messages.take()).toEqual([0x405f]);
    expect(read(PENDING, 4)).toBe(0);
  });

  it('TP-14 sends to whatever 64-bit address the guest wrote, with whatever delivery mode, and never into RAM', () => {
    const { device, write, messages, ram } = setUp(1);
    write(CONTROL, 2, 1);
    write(ADDRESS, 4, 0x1000);
    write(UPPER_ADDRESS, 4, 0);
    write(DATA, 2, 0x0741);
    device.signal(0);
    write(UPPER_ADDRESS, 4, 0xffff_ffff);
    write(ADDRESS, 4, 0xfee0_0000);
    device.signal(0);
    expect(messages.sent).toEqual([
      { address: 0x1000n, data: 0x0741 },
      { address: 0xffff_ffff_fee0_0000n, data: 0x0741 },
    ]);
    expect(ram.readU32(0x1000)).toBe(0);
  });

  it('takes INTx off the wire while it is enabled', () => {
    const { device, write, pirqs } = setUp();
    device.intx.raise();
    expect(pirqs[1].high).toBe(true);
    write(CONTROL, 2, 1);
    expect(pirqs[1].high).toBe(false);
    expect(device.interruptMode).toBe('msi');
    write(CONTROL, 2, 0);
    expect(pirqs[1].high).toBe(true);
    expect(device.signal(0)).toBe(false);
  });

  it('has a form of ten bytes with a 32-bit address and no masks', () => {
    const { device, read, write, messages, config, address } = setUp(1, 32);
    expect(read(0x40, 4)).toBe(0x0000_0005);
    for (let offset = 0x40; offset < 0x58; offset += 4) write(offset, 4, 0xffff_ffff);
    expect([0x40, 0x44, 0x48, 0x4c, 0x50].map((offset) => read(offset, 4))).toEqual([0x0071_0005, 0xffff_fffc, 0xffff, 0, 0]);
    write(ADDRESS, 4, 0xfee0_1000);
    write(0x48, 2, 0x4040);
    device.signal(0);
    expect(messages.sent).toEqual([{ address: 0xfee0_1000n, data: 0x4040 }]);
    config.writeConfig(address, 4, 2, 0);
    device.signal(0);
    device.signal(0);
    expect(messages.sent).toHaveLength(1);
    setCommand(config, address, COMMAND_BUS_MASTER);
    expect(messages.sent).toHaveLength(2);
  });

  it('refuses a number of messages that is not a power of two within 32', () => {
    for (const vectors of [0, 3, 64, Number.NaN])
      expect(() => new PciFunction({ name: 'x', vendorId: 1, deviceId: 1, classCode: 0, msi: { vectors } })).toThrow(ConfigurationError);
  });
});
