import { AddressSpace, ConfigurationError, RegisterFile, registers, rw, type Width } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { Bar, type BarSpec } from './bar.ts';
import { PciFunction } from './function.ts';
import type { PciAddress } from './pci-bus.ts';
import { createTestBus, moveBar, probeBars, setCommand, type TestBus } from './testing.ts';

const memoryOf = (size: number): RegisterFile<'all'> => new RegisterFile(registers(size, { all: rw(size) }));

/** A device with one range of each kind, registers of 0x100 bytes behind each. */
function plug(
  test: TestBus,
  slot = 1,
): { address: PciAddress; device: PciFunction; io: RegisterFile<'all'>; low: RegisterFile<'all'>; high: RegisterFile<'all'> } {
  const [io, low, high] = [memoryOf(0x100), memoryOf(0x1000), memoryOf(0x4000)];
  const device = new PciFunction({
    name: `device ${slot}`,
    vendorId: 1,
    deviceId: 1,
    classCode: 0,
    bars: [
      { index: 0, kind: 'io', size: 0x20, handler: io },
      { index: 1, kind: 'memory32', size: 0x1000, handler: low },
      { index: 2, kind: 'memory64', size: 0x4000, prefetchable: true, handler: high },
    ],
  });
  return { address: test.bus.plug(slot, 0, device), device, io, low, high };
}

const BAR = (index: number): number => 0x10 + 4 * index;
const LAST: Readonly<Record<Width, number>> = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff };

describe('[PCI 3.0 §6.2.5.1] Address Maps', () => {
  it('reads back size and kind after all ones', () => {
    const test = createTestBus();
    const { address } = plug(test);
    for (let index = 0; index < 6; index++) test.config.writeConfig(address, BAR(index), 4, 0xffff_ffff);
    const values = [0, 1, 2, 3, 4, 5].map((index) => test.config.readConfig(address, BAR(index), 4));
    expect(values).toEqual([0xffff_ffe1, 0xffff_f000, 0xffff_c00c, 0xffff_ffff, 0, 0]);
  });

  it('TP-16 is sized by partial writes of any width', () => {
    for (const width of [1, 2, 4] as const) {
      const test = createTestBus();
      const { address } = plug(test);
      for (let offset = BAR(0); offset < BAR(4); offset += width) test.config.writeConfig(address, offset, width, LAST[width]);
      expect([0, 1, 2, 3].map((index) => test.config.readConfig(address, BAR(index), 4))).toEqual([
        0xffff_ffe1, 0xffff_f000, 0xffff_c00c, 0xffff_ffff,
      ]);
    }
  });

  it('TP-16 stores a partial write into its bytes alone', () => {
    const test = createTestBus();
    const { address } = plug(test);
    test.config.writeConfig(address, BAR(1), 4, 0x1234_5678);
    test.config.writeConfig(address, BAR(1) + 3, 1, 0xe0);
    expect(test.config.readConfig(address, BAR(1), 4)).toBe(0xe034_5000);
    test.config.writeConfig(address, BAR(1) + 1, 1, 0xff);
    expect(test.config.readConfig(address, BAR(1), 4)).toBe(0xe034_f000);
    test.config.writeConfig(address, BAR(1), 2, 0);
    expect(test.config.readConfig(address, BAR(1), 4)).toBe(0xe034_0000);
  });

  it('TP-16 maps nothing at the top of the space while it is sized with decoding on', () => {
    const test = createTestBus();
    const { address } = plug(test);
    moveBar(test.config, address, { index: 0, kind: 'io' }, 0xc000);
    moveBar(test.config, address, { index: 1, kind: 'memory32' }, 0xe000_0000);
    moveBar(test.config, address, { index: 2, kind: 'memory64' }, 0xe100_0000);
    setCommand(test.config, address, 0x3);
    const bases = (): number[] => [...test.memory.mappings, ...test.ports.mappings.slice(1)].map(({ base }) => base);
    expect(bases()).toEqual([0xe000_0000, 0xe100_0000, 0xc000]);
    // Each register alone, each half of the 64-bit one alone and both, with all ones; then back.
    for (const [index, hidden] of [
      [0, 0xc000],
      [1, 0xe000_0000],
      [2, 0xe100_0000],
      [3, 0xe100_0000],
    ] as const) {
      const value = test.config.readConfig(address, BAR(index), 4);
      test.config.writeConfig(address, BAR(index), 4, 0xffff_ffff);
      expect(bases()).toEqual([0xe000_0000, 0xe100_0000, 0xc000].filter((base) => base !== hidden));
      test.config.writeConfig(address, BAR(index), 4, value);
      expect(bases()).toEqual([0xe000_0000, 0xe100_0000, 0xc000]);
    }
    test.config.writeConfig(address, BAR(2), 4, 0xffff_ffff);
    test.config.writeConfig(address, BAR(3), 4, 0xffff_ffff);
    expect(bases()).toEqual([0xe000_0000, 0xc000]);
    expect(test.memory.read(0xffff_fff0, 4)).toBe(0xffff_ffff);
    // Low half first, as some guests do, while the upper half still has its address.
    test.config.writeConfig(address, BAR(2), 4, 0xe200_0000);
    expect(bases()).toEqual([0xe000_0000, 0xc000]);
    test.config.writeConfig(address, BAR(3), 4, 0);
    expect(bases()).toEqual([0xe000_0000, 0xe200_0000, 0xc000]);
  });

  it('is placed above 4 GiB by its upper half', () => {
    const test = createTestBus();
    const { address, high } = plug(test);
    setCommand(test.config, address, 0x2);
    moveBar(test.config, address, { index: 2, kind: 'memory64' }, 0x12_3456_8000);
    test.memory.write(0x12_3456_8004, 4, 0xcafe_f00d);
    expect(high.read(4, 4)).toBe(0xcafe_f00d);
  });

  it('maps nothing outside the space', () => {
    const test = createTestBus();
    const { address } = plug(test);
    setCommand(test.config, address, 0x3);
    test.config.writeConfig(address, BAR(0), 4, 0x1_0000);
    expect(test.ports.mappings.map(({ name }) => name)).toEqual(['configuration']);
    test.config.writeConfig(address, BAR(3), 4, 0x100); // 2^40, one past the end
    expect(test.memory.mappings.map(({ name }) => name)).toEqual(['device 1 BAR1']);
    test.config.writeConfig(address, BAR(3), 4, 0x0100_0000); // 2^56
    expect(test.memory.mappings.map(({ name }) => name)).toEqual(['device 1 BAR1']);
  });

  it('TP-17 follows every move and leaves what was covered as it was', () => {
    const test = createTestBus();
    const { address, low } = plug(test);
    const other = plug(test, 2);
    const apic = memoryOf(0x1000);
    test.memory.map('local APIC', 0xfee0_0000, 0x1000, apic);
    apic.write(0, 4, 0x1111_1111);
    other.low.write(0, 4, 0x2222_2222);
    low.write(0, 4, 0x3333_3333);
    moveBar(test.config, other.address, { index: 1, kind: 'memory32' }, 0xe000_0000);
    setCommand(test.config, other.address, 0x2);
    moveBar(test.config, address, { index: 1, kind: 'memory32' }, 0xe001_0000);
    moveBar(test.config, address, { index: 2, kind: 'memory64' }, 0xe002_0000);
    setCommand(test.config, address, 0x2);
    test.ram.writeU32(0, 0x4444_4444);

    const move = (to: number): void => moveBar(test.config, address, { index: 1, kind: 'memory32' }, to);
    expect(test.memory.read(0xe001_0000, 4)).toBe(0x3333_3333);
    move(0xfee0_0000); // over a fixed range, which wins
    expect(test.memory.read(0xe001_0000, 4)).toBe(0xffff_ffff);
    expect(test.memory.read(0xfee0_0000, 4)).toBe(0x1111_1111);
    test.memory.write(0xfee0_0000, 4, 0x5555_5555);
    expect([apic.read(0, 4), low.read(0, 4)]).toEqual([0x5555_5555, 0x3333_3333]);
    move(0xe000_0000); // over another function's range, which was there first
    expect(test.memory.read(0xe000_0000, 4)).toBe(0x2222_2222);
    setCommand(test.config, other.address, 0, 0x2); // which goes away: what it hid is seen
    expect(test.memory.read(0xe000_0000, 4)).toBe(0x3333_3333);
    move(0); // over RAM: the processor finds RAM first, and it is intact
    expect(test.memory.read(0, 4)).toBe(0x3333_3333);
    expect(test.ram.readU32(0)).toBe(0x4444_4444);
    move(0xe001_0000);
    expect(test.memory.read(0xe001_0000, 4)).toBe(0x3333_3333);
    expect(test.memory.read(0xfee0_0000, 4)).toBe(0x5555_5555);
    expect(test.memory.read(0, 4)).toBe(0xffff_ffff);
  });

  it('has constant attribute bits', () => {
    const test = createTestBus();
    const { address } = plug(test);
    for (let index = 0; index < 6; index++) test.config.writeConfig(address, BAR(index), 4, 0xe);
    expect([0, 1, 2, 3, 4].map((index) => test.config.readConfig(address, BAR(index), 4))).toEqual([1, 0, 0xc, 0xe, 0]);
  });

  it('sizes what it is probed for and leaves the registers alone', () => {
    const test = createTestBus();
    const { address } = plug(test);
    moveBar(test.config, address, { index: 2, kind: 'memory64' }, 0x8_0000_4000);
    setCommand(test.config, address, 0x3);
    expect(probeBars(test.config, address)).toEqual([
      { index: 0, kind: 'io', size: 0x20, prefetchable: false, address: 0 },
      { index: 1, kind: 'memory32', size: 0x1000, prefetchable: false, address: 0 },
      { index: 2, kind: 'memory64', size: 0x4000, prefetchable: true, address: 0x8_0000_4000 },
    ]);
    expect(test.config.readConfig(address, 0x04, 2)).toBe(3);
  });

  it('may be greater than 4 GiB', () => {
    const bar = new Bar({ index: 0, kind: 'memory64', size: 2 ** 34 });
    bar.writeRegister(0, 0xffff_ffff, '');
    bar.writeRegister(1, 0xffff_ffff, '');
    expect([bar.readRegister(0), bar.readRegister(1)]).toEqual([0x4, 0xffff_fffc]);
    const space = new AddressSpace('memory', 2 ** 40);
    bar.writeRegister(1, 0x10, '');
    bar.decode(space, 'huge');
    expect(space.at(2 ** 36 + 5)?.name).toBe('huge');
  });

  it('refuses ranges that no register can describe', () => {
    const bad: BarSpec[] = [
      { index: 6, kind: 'io', size: 4 },
      { index: 5, kind: 'memory64', size: 16 },
      { index: -1, kind: 'io', size: 4 },
      { index: 0, kind: 'io', size: 2 },
      { index: 0, kind: 'io', size: 512 },
      { index: 0, kind: 'io', size: 4, prefetchable: true },
      { index: 0, kind: 'memory32', size: 8 },
      { index: 0, kind: 'memory32', size: 48 },
      { index: 0, kind: 'memory32', size: 2 ** 32 },
      { index: 0, kind: 'memory64', size: 2 ** 52 },
      { index: 0, kind: 'memory32', size: Number.NaN },
    ];
    for (const spec of bad) expect(() => new Bar(spec), JSON.stringify(spec)).toThrow(ConfigurationError);
    const taken = { name: 'x', vendorId: 1, deviceId: 1, classCode: 0 };
    expect(
      () =>
        new PciFunction({
          ...taken,
          bars: [
            { index: 0, kind: 'memory64', size: 16 },
            { index: 1, kind: 'io', size: 4 },
          ],
        }),
    ).toThrow(ConfigurationError);
  });
});
