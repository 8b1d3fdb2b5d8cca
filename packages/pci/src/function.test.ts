import { ConfigurationError, type IoHandler, RegisterFile, registers, rw, type Width } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { vendorCapability } from './capability.ts';
import { PciFunction, type PciFunctionOptions } from './function.ts';
import { createTestBus, MsixDriver, moveBar, setCommand } from './testing.ts';
import { COMMAND_BUS_MASTER, COMMAND_INTERRUPT_DISABLE, COMMAND_IO_SPACE, COMMAND_MEMORY_SPACE } from './type0-header.ts';

const IDENTITY = { name: 'device', vendorId: 1, deviceId: 1, classCode: 0 } as const;

const storage = (size: number): RegisterFile<'all'> => new RegisterFile(registers(size, { all: rw(size) }));

function setUp(options: Partial<PciFunctionOptions> = {}) {
  const test = createTestBus();
  const [io, low] = [storage(16), storage(0x1000)];
  const device = new PciFunction({
    ...IDENTITY,
    interruptPin: 1,
    bars: [
      { index: 0, kind: 'io', size: 16, handler: io },
      { index: 1, kind: 'memory32', size: 0x1000, handler: low },
    ],
    msix: { vectors: 2, bar: 1, tableOffset: 0x800 },
    ...options,
  });
  const address = test.bus.plug(4, 0, device);
  moveBar(test.config, address, { index: 0, kind: 'io' }, 0xc000);
  moveBar(test.config, address, { index: 1, kind: 'memory32' }, 0xe000_0000);
  return { ...test, io, low, device, address };
}

describe('[PCI 3.0 §6.2.2] Device Control', () => {
  it('TP-18 lets accesses fall through while decoding is off', () => {
    const { ports, memory, config, address, io, low } = setUp();
    const poke = (): void => {
      ports.write(0xc000, 4, 0x1111_1111);
      memory.write(0xe000_0000, 4, 0x2222_2222);
    };
    poke();
    expect([ports.read(0xc000, 4), memory.read(0xe000_0000, 4)]).toEqual([0xffff_ffff, 0xffff_ffff]);
    expect([io.read(0, 4), low.read(0, 4)]).toEqual([0, 0]);
    setCommand(config, address, COMMAND_IO_SPACE);
    poke();
    expect([ports.read(0xc000, 4), memory.read(0xe000_0000, 4)]).toEqual([0x1111_1111, 0xffff_ffff]);
    setCommand(config, address, COMMAND_MEMORY_SPACE, COMMAND_IO_SPACE);
    poke();
    expect([ports.read(0xc000, 4), memory.read(0xe000_0000, 4)]).toEqual([0xffff_ffff, 0x2222_2222]);
    setCommand(config, address, 0, COMMAND_MEMORY_SPACE);
    expect(memory.read(0xe000_0000, 4)).toBe(0xffff_ffff);
  });

  it('TP-18 refuses DMA while bus mastering is off, in the middle of anything, without throwing', () => {
    const { device, ram, config, address } = setUp();
    const { dma } = device;
    ram.writeU32(0x100, 0x1234_5678);
    const bytes = new Uint8Array(4);
    const refused = (): void => {
      expect([dma.size, dma.contains(0x100, 4)]).toEqual([0, false]);
      expect([dma.readU8(0x100), dma.readU16(0x100), dma.readU32(0x100)]).toEqual([0xff, 0xffff, 0xffff_ffff]);
      expect(dma.readU64(2 ** 50)).toBe(0xffff_ffff_ffff_ffffn);
      dma.read(0x100, bytes);
      expect([...bytes]).toEqual([0xff, 0xff, 0xff, 0xff]);
      dma.writeU8(0x100, 0);
      dma.writeU16(0x100, 0);
      dma.writeU32(0x100, 0);
      dma.writeU64(0x100, 0n);
      dma.write(0x100, new Uint8Array(4));
      expect(ram.readU32(0x100)).toBe(0x1234_5678);
    };
    refused();
    setCommand(config, address, COMMAND_BUS_MASTER);
    expect([dma.size, dma.contains(0x100, 4), dma.contains(ram.size - 2, 4)]).toEqual([ram.size, true, false]);
    expect([dma.readU8(0x100), dma.readU16(0x100), dma.readU32(0x100), dma.readU64(0x100)]).toEqual([
      0x78,
      0x5678,
      0x1234_5678,
      0x1234_5678n,
    ]);
    dma.writeU8(0x200, 1);
    dma.writeU16(0x202, 0x302);
    dma.writeU32(0x204, 0x0706_0504);
    dma.writeU64(0x208, 0x0f0e_0d0c_0b0a_0908n);
    dma.write(0x210, new Uint8Array([1, 2, 3]));
    dma.read(0x210, bytes);
    expect([ram.readU64(0x200), ram.readU64(0x208), [...bytes]]).toEqual([0x0706_0504_0302_0001n, 0x0f0e_0d0c_0b0a_0908n, [1, 2, 3, 0]]);
    expect(() => dma.readU32(ram.size)).toThrow(RangeError);
    setCommand(config, address, 0, COMMAND_BUS_MASTER);
    refused();
  });

  it('TP-18 interrupts by INTx while bus mastering is off; a message, which is a write, waits for it', () => {
    const { device, config, memory, address, pirqs, messages } = setUp();
    device.intx.raise();
    expect(pirqs[0].high).toBe(true);
    device.intx.lower();
    new MsixDriver(config, memory, address).enable();
    setCommand(config, address, 0, COMMAND_BUS_MASTER);
    device.signal(1);
    device.signal(1);
    expect(messages.sent).toEqual([]);
    expect(device.msix?.isPending(1)).toBe(true);
    setCommand(config, address, COMMAND_BUS_MASTER);
    expect(messages.take()).toEqual([1]);
    expect(device.msix?.isPending(1)).toBe(false);
    expect([device.intxAssertions, device.messagesSent]).toEqual([1, 1]);
  });

  it('keeps INTx off the wire while Interrupt Disable is set, and tells in the status that it is pending', () => {
    const { device, config, address, pirqs } = setUp();
    setCommand(config, address, COMMAND_INTERRUPT_DISABLE);
    device.intx.raise();
    expect(pirqs[0].edges).toBe(0);
    expect(config.readConfig(address, 0x06, 2)).toBe(0x18);
    setCommand(config, address, 0, COMMAND_INTERRUPT_DISABLE);
    expect(pirqs[0].high).toBe(true);
    device.intx.lower();
    expect([pirqs[0].high, config.readConfig(address, 0x06, 2)]).toEqual([false, 0x10]);
    expect(device.intxAssertions).toBe(1);
  });

  it('tells the device when the command register changes, after everything follows it', () => {
    const seen: [number, boolean][] = [];
    const { config, address, device } = setUp({ onCommand: (command) => seen.push([command, device.dma.size > 0]) });
    config.writeConfig(address, 0x04, 2, 0x0006);
    config.writeConfig(address, 0x04, 4, 0xffff_0006);
    config.writeConfig(address, 0x04, 1, 0x02);
    config.writeConfig(address, 0x05, 1, 0x04);
    expect(seen).toEqual([
      [0x0006, true],
      [0x0002, false],
      [0x0402, false],
    ]);
    device.reset();
    config.writeConfig(address, 0x05, 1, 0x04);
    expect(seen.slice(3)).toEqual([[0x0400, false]]);
  });
});

describe('An interrupt on its way', () => {
  it('is told of: a message that is sent, a wire that rises, and nothing that is held back', () => {
    let told = 0;
    const { device, config, memory, address } = setUp({ onInterrupt: () => told++ });
    device.intx.raise();
    device.intx.raise();
    expect([told, device.intxAssertions]).toEqual([1, 1]);
    setCommand(config, address, COMMAND_INTERRUPT_DISABLE);
    expect(device.signal(0)).toBe(false);
    expect(told).toBe(1);
    const msix = new MsixDriver(config, memory, address);
    msix.enable();
    msix.setMask(1, true);
    for (const vector of [0, 1, 2]) device.signal(vector);
    expect([told, device.messagesSent]).toEqual([2, 1]);
    msix.setMask(1, false);
    expect([told, device.messagesSent]).toEqual([3, 2]);
  });
});

describe('[PCI 3.0 §6.2] Configuration space after RST#', () => {
  it('is as after power-on, with nothing decoded and INTx low', () => {
    let resets = 0;
    const test = setUp({ onReset: () => resets++ });
    const fresh = setUp().device;
    fresh.reset();
    const { device, config, address, memory, ports, pirqs } = test;
    setCommand(config, address, 0x7);
    device.intx.raise();
    for (let offset = 0; offset < 0x100; offset += 4) if (offset !== 4) config.writeConfig(address, offset, 4, 0xa5a5_a5a5);
    device.reset();
    expect(resets).toBe(1);
    const dump = (f: PciFunction): number[] => Array.from({ length: 64 }, (_, i) => f.config.read(4 * i, 4));
    expect(dump(device)).toEqual(dump(fresh));
    expect([memory.mappings.length, ports.mappings.length, pirqs[0].high]).toEqual([0, 1, false]);
    expect(device.interruptMode).toBe('intx');
  });
});

describe('A capability that is a window into the ranges', () => {
  /** Bytes 4 to 11: BAR number, width, offset in it; byte 12: data, each access of which is one access to the range. */
  function setUpWindow() {
    const select = storage(12);
    const seen: string[] = [];
    const spy: IoHandler = {
      read: (offset, width) => {
        seen.push(`read ${offset}/${width}`);
        return 0x1234_5678 % 2 ** (8 * width);
      },
      write: (offset, width, value) => seen.push(`write ${offset}/${width} ${value}`),
    };
    const target = (): { bar: number; length: number; offset: number } => ({
      bar: select.read(4, 1),
      length: select.read(5, 1),
      offset: select.read(8, 4),
    });
    const asWidth = (length: number): Width | undefined => (length === 1 || length === 2 || length === 4 ? length : undefined);
    const window = vendorCapability('window', 16, {
      read: (offset, width) => {
        if (offset < 12) return select.read(offset, width);
        const { bar, length, offset: at } = target();
        const wide = asWidth(length);
        return wide === undefined ? 0 : (test.device.bars.get(bar)?.read(at, wide) ?? 0);
      },
      write: (offset, width, value) => {
        if (offset < 12) {
          if (offset >= 4) select.write(offset, width, value);
          return;
        }
        const { bar, length, offset: at } = target();
        const wide = asWidth(length);
        if (wide !== undefined) test.device.bars.get(bar)?.write(at, wide, value % 2 ** (8 * wide));
      },
    });
    const test = setUp({
      bars: [{ index: 1, kind: 'memory32', size: 0x100, handler: spy }],
      capabilities: [window],
      msix: { vectors: 1, bar: 1 },
    });
    const at = test.device.config.capabilities[1]?.offset ?? 0;
    const choose = (bar: number, length: number, offset: number): void => {
      test.config.writeConfig(test.address, at + 4, 1, bar);
      test.config.writeConfig(test.address, at + 5, 1, length);
      test.config.writeConfig(test.address, at + 8, 4, offset);
    };
    return { ...test, choose, seen, at };
  }

  it('TP-12 reaches the range without decoding, one access each', () => {
    const { config, address, choose, at, seen } = setUpWindow();
    expect(config.readConfig(address, at, 4)).toBe(0x0010_0009);
    choose(1, 2, 0x40);
    expect(config.readConfig(address, at + 12, 2)).toBe(0x5678);
    config.writeConfig(address, at + 12, 4, 0xaaaa_bbbb);
    expect(seen).toEqual(['read 64/2', 'write 64/2 48059']);
  });

  it('TP-12 answers without an access for BAR 7, for odd lengths, and beyond the range', () => {
    const { config, address, choose, at, seen, device } = setUpWindow();
    for (const [bar, length, offset] of [
      [7, 4, 0x40],
      [0, 4, 0x40],
      [255, 1, 0x40],
      [1, 0, 0x40],
      [1, 3, 0x40],
      [1, 8, 0x40],
      [1, 4, 0x100],
      [1, 4, 0xfe],
      [1, 1, 0xffff_ffff],
    ] as const) {
      choose(bar, length, offset);
      config.readConfig(address, at + 12, 4);
      config.writeConfig(address, at + 12, 4, 1);
      config.readConfig(address, at + 13, 1);
    }
    expect(seen).toEqual([]);
    expect(device.bars.get(1)?.read(0xfe, 4)).toBe(0xffff_ffff);
  });
});

describe('PciFunction', () => {
  it('refuses identities that do not fit their registers', () => {
    const bad: Partial<PciFunctionOptions>[] = [
      { vendorId: 0xffff },
      { vendorId: 0x1_0000 },
      { deviceId: -1 },
      { classCode: 0x100_0000 },
      { revisionId: 256 },
      { subsystemId: 1.5 },
      { subsystemVendorId: Number.NaN },
      { interruptPin: 5 as 4 },
    ];
    for (const options of bad)
      expect(() => new PciFunction({ ...IDENTITY, ...options }), JSON.stringify(options)).toThrow(ConfigurationError);
  });

  it('has registers of its own in configuration space', () => {
    const own = storage(4);
    const device = new PciFunction({ ...IDENTITY, registers: [{ name: 'own', offset: 0x58, size: 4, handler: own }] });
    device.config.write(0x59, 1, 0x30);
    expect([own.read(0, 4), device.config.read(0x58, 4)]).toEqual([0x3000, 0x3000]);
    const at = (offset: number): PciFunction =>
      new PciFunction({ ...IDENTITY, registers: [{ name: 'own', offset, size: 4, handler: own }] });
    expect(() => at(0x3c)).toThrow(ConfigurationError);
    expect(() => at(0xfe)).toThrow(ConfigurationError);
  });

  it('works alone, wired to nothing', () => {
    const device = new PciFunction({ ...IDENTITY, interruptPin: 2, bars: [{ index: 0, kind: 'memory32', size: 16 }] });
    device.config.write(0x04, 2, 0xffff);
    device.config.write(0x10, 4, 0x1000);
    device.intx.raise();
    expect(device.signal(0)).toBe(false);
    expect(device.dma.contains(0, 1)).toBe(false);
    expect(device.bars.get(0)?.mapping).toBeUndefined();
  });
});
