import { ConfigurationError } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignAddresses, findCapabilities, findFunctions, setCommand } from './enumeration.ts';
import { PciFunction } from './function.ts';
import type { ConfigurationAccess } from './pci-bus.ts';
import { createTestBus } from './testing.ts';

const WINDOWS = {
  io: { base: 0xc000, size: 0x4000 },
  memory32: { base: 0xe000_0000, size: 0x1000_0000 },
  memory64: { base: 0x8_0000_0000, size: 0x8_0000_0000 },
};

describe('[PCI 3.0 §6.2.5.1] Address Maps, as firmware gives addresses out', () => {
  it('aligns every range to its size, lets none overlap and turns decoding on', () => {
    const range = fc.record({
      kind: fc.constantFrom('io' as const, 'memory32' as const, 'memory64' as const),
      log2: fc.integer({ min: 4, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(fc.array(range, { maxLength: 3 }), { maxLength: 8 }), (devices) => {
        const test = createTestBus();
        devices.forEach((ranges, i) => {
          const bars = ranges.map(({ kind, log2 }, n) => ({
            index: 2 * n,
            kind,
            size: kind === 'io' ? 2 ** Math.min(log2, 8) : 2 ** log2,
          }));
          test.bus.plug(i, 0, new PciFunction({ name: `${i}`, vendorId: 1, deviceId: 1, classCode: 0, bars }));
        });
        const assigned = assignAddresses(test.config, WINDOWS);
        expect(assigned.length).toBe(devices.flat().length);
        for (const bar of assigned) {
          const space = bar.kind === 'io' ? test.ports : test.memory;
          expect(bar.address % bar.size).toBe(0);
          const mapping = space.at(bar.address);
          expect([mapping?.base, mapping?.size]).toEqual([bar.address, bar.size]);
          expect(space.at(bar.address + bar.size - 1)).toBe(mapping);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses windows that are too small', () => {
    const { bus, config } = createTestBus();
    const bars = [{ index: 0, kind: 'memory32', size: 0x1000 }] as const;
    bus.plug(0, 0, new PciFunction({ name: 'x', vendorId: 1, deviceId: 1, classCode: 0, bars }));
    const window = (size: number) => ({ io: { base: 0, size: 0 }, memory32: { base: 0xe000_0800, size } });
    expect(() => assignAddresses(config, window(0x1000))).toThrow(ConfigurationError);
    expect(assignAddresses(config, window(0x1800)).map(({ address }) => address)).toEqual([0xe000_1000]);
  });

  it('puts 64-bit ranges below 4 GiB where there is no other window', () => {
    const { bus, config } = createTestBus();
    const bars = [
      { index: 0, kind: 'memory64', size: 0x1000 },
      { index: 2, kind: 'memory32', size: 0x1000 },
    ] as const;
    bus.plug(0, 0, new PciFunction({ name: 'x', vendorId: 1, deviceId: 1, classCode: 0, bars }));
    const { io, memory32 } = WINDOWS;
    expect(assignAddresses(config, { io, memory32 }).map(({ address }) => address)).toEqual([0xe000_0000, 0xe000_1000]);
  });

  it('sets and clears bits of the command register', () => {
    const { bus, config } = createTestBus();
    const address = bus.plug(0, 0, new PciFunction({ name: 'x', vendorId: 1, deviceId: 1, classCode: 0 }));
    setCommand(config, address, 0x0406);
    setCommand(config, address, 0x0001, 0x0402);
    expect(bus.at(0, 0)?.command).toBe(0x0005);
  });
});

describe('[PCI 3.0 §6.7] Capabilities List, as a driver walks it', () => {
  it('ends on a list that never ends, and on a bus of all ones', () => {
    const looped: ConfigurationAccess = { readConfig: (_, offset) => (offset === 6 ? 0x10 : 0x40), writeConfig: () => undefined };
    expect(findCapabilities(looped, { bus: 0, device: 0, function: 0 }).length).toBe(48);
    const ones: ConfigurationAccess = { readConfig: (_, __, width) => 2 ** (8 * width) - 1, writeConfig: () => undefined };
    expect(findCapabilities(ones, { bus: 0, device: 0, function: 0 }).length).toBeLessThanOrEqual(48);
    expect(findFunctions(ones)).toEqual([]);
  });
});
