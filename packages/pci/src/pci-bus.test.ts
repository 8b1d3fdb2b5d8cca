import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { findFunctions } from './enumeration.ts';
import { PciFunction } from './function.ts';
import { createHostBridge } from './host-bridge.ts';
import { PciBus } from './pci-bus.ts';
import { assignAddresses, createTestBus } from './testing.ts';

const plain = (name: string): PciFunction => new PciFunction({ name, vendorId: 1, deviceId: 1, classCode: 0 });

describe('[PCI 3.0 §6.2.1] Device Identification', () => {
  it('is told apart by device and function number, and marks devices of several functions', () => {
    const bus = new PciBus();
    for (const [device, number] of [
      [0, 0],
      [3, 0],
      [3, 1],
      [3, 7],
      [31, 0],
    ] as const)
      bus.plug(device, number, plain(`${device}.${number}`));
    expect(findFunctions(bus).map(({ device, function: f }) => `${device}.${f}`)).toEqual(['0.0', '3.0', '3.1', '3.7', '31.0']);
    expect(bus.at(3, 0)?.config.read(0x0e, 1)).toBe(0x80);
    expect(bus.at(31, 0)?.config.read(0x0e, 1)).toBe(0);
    bus.reset();
    expect(bus.at(3, 0)?.config.read(0x0e, 1)).toBe(0x80);
  });

  it('refuses a place that is taken, that there is not, or behind a missing function 0', () => {
    const bus = new PciBus();
    bus.plug(1, 0, plain('first'));
    const code = (device: number, number: number): string => {
      try {
        bus.plug(device, number, plain('second'));
        return 'plugged';
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError);
        return (error as ConfigurationError).code;
      }
    };
    expect([code(1, 0), code(32, 0), code(-1, 0), code(1, 8), code(1.5, 0), code(2, 1), code(1, 1)]).toEqual([
      'slot-taken',
      'bad-slot',
      'bad-slot',
      'bad-slot',
      'bad-slot',
      'no-function-0',
      'plugged',
    ]);
    expect(() => new PciBus({ number: 256 })).toThrow(ConfigurationError);
  });

  it('is found under its own number only', () => {
    const bus = new PciBus({ number: 5 });
    bus.plug(0, 0, plain('x'));
    expect([findFunctions(bus, 0).length, findFunctions(bus, 5).length]).toEqual([0, 1]);
  });
});

describe('PciBus.describe', () => {
  it('shows what is plugged where and how the guest has configured it', () => {
    const { bus, config } = createTestBus();
    bus.plug(0, 0, createHostBridge());
    bus.plug(
      3,
      0,
      new PciFunction({
        name: 'nic',
        vendorId: 0x1af4,
        deviceId: 0x1041,
        classCode: 0x02_00_00,
        interruptPin: 1,
        bars: [
          { index: 0, kind: 'io', size: 32 },
          { index: 4, kind: 'memory64', size: 0x4000, prefetchable: true },
        ],
        msi: { vectors: 1 },
        msix: { vectors: 3, bar: 4 },
      }),
    );
    const text = (where: readonly string[]): string =>
      [
        '00:00.0 1b36:0008 class 060000 host bridge',
        '00:03.0 1af4:1041 class 020000 nic',
        `  BAR0 io, 32 bytes at ${where[0]}`,
        `  BAR4 memory64 prefetchable, 16384 bytes at ${where[1]}`,
        '  capability 40 MSI',
        '  capability 58 MSI-X',
        '  INTA# to PIRQ D, line 15; interrupts by intx',
      ].join('\n');
    expect(bus.describe()).toBe(text(['0000, not decoded', '0000, not decoded']));
    assignAddresses(config, {
      io: { base: 0xc000, size: 0x1000 },
      memory32: { base: 0xe000_0000, size: 0x1000_0000 },
      memory64: { base: 0x8_0000_0000, size: 0x1_0000_0000 },
    });
    expect(bus.describe()).toBe(text(['c000', '800000000']));
    expect(bus.topology[1]?.bars.map(({ decoded }) => decoded)).toEqual([true, true]);
  });
});
