import { ConfigurationError, RegisterFile, registers, ro, rw } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Capability, placeCapabilities, registerCapability, vendorCapability } from './capability.ts';
import { findCapabilities } from './enumeration.ts';
import { PciFunction } from './function.ts';
import { PciBus } from './pci-bus.ts';

const capability = (size: number, at?: number): Capability => ({
  id: 0x09,
  name: `of ${size} bytes`,
  size,
  registers: { read: () => 0, write: () => undefined },
  ...(at === undefined ? {} : { at }),
});

describe('[PCI 3.0 §6.7] Capabilities List', () => {
  it('places capabilities one behind the other and ends with a zero pointer', () => {
    const placed = placeCapabilities([capability(12), capability(5), capability(24)]);
    expect(placed.map(({ offset, next, size }) => [offset, next, size])).toEqual([
      [0x40, 0x4c, 12],
      [0x4c, 0x54, 8],
      [0x54, 0, 24],
    ]);
  });

  it('keeps to wanted offsets and out of the way of what is taken', () => {
    const placed = placeCapabilities([capability(8), capability(8, 0x40), capability(0x20)], [{ offset: 0x50, size: 1 }]);
    expect(placed.map(({ offset }) => offset)).toEqual([0x48, 0x40, 0x54]);
  });

  it('refuses what does not fit', () => {
    const code = (capabilities: readonly Capability[]): string | undefined => {
      try {
        placeCapabilities(capabilities);
        return undefined;
      } catch (error) {
        return (error as ConfigurationError).code;
      }
    };
    expect(code([capability(192)])).toBeUndefined();
    expect(code([capability(192), capability(2)])).toBe('capability-space');
    expect(code([capability(193)])).toBe('bad-capability');
    expect(code([capability(1)])).toBe('bad-capability');
    expect(code([capability(4, 0x42)])).toBe('bad-capability');
    expect(code([capability(4, 0x3c)])).toBe('bad-capability');
    expect(code([capability(8, 0xfc)])).toBe('bad-capability');
    expect(code([capability(8, 0x40), capability(8, 0x44)])).toBe('bad-capability');
    expect(code([{ ...capability(4), id: 0x100 }])).toBe('bad-capability');
  });

  it('TP-19 has aligned pointers, no cycle and everything within 40h to FFh, for any device', () => {
    const capabilities = fc.array(
      fc.record({
        id: fc.integer({ min: 0, max: 255 }),
        size: fc.integer({ min: 2, max: 80 }),
        at: fc.option(fc.integer({ min: 0, max: 255 })),
      }),
      { maxLength: 12 },
    );
    const blocks = fc.array(fc.record({ offset: fc.integer({ min: 0x40, max: 0xff }), size: fc.integer({ min: 1, max: 16 }) }), {
      maxLength: 2,
    });
    const other = { name: 'own', handler: { read: () => 0xa5, write: () => undefined } };
    let built = 0;
    fc.assert(
      fc.property(capabilities, blocks, fc.boolean(), fc.boolean(), (specs, own, msi, msix) => {
        let device: PciFunction;
        try {
          device = new PciFunction({
            name: 'any',
            vendorId: 1,
            deviceId: 1,
            classCode: 0,
            bars: [{ index: 0, kind: 'memory32', size: 0x1000 }],
            capabilities: specs.map(({ id, size, at }) => ({ ...capability(size, at ?? undefined), id })),
            registers: own.map((block) => ({ ...other, ...block })),
            ...(msi ? { msi: { vectors: 4 } } : {}),
            ...(msix ? { msix: { vectors: 4, bar: 0 } } : {}),
          });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
          return;
        }
        built++;
        const bus = new PciBus();
        const address = bus.plug(0, 0, device);
        const seen = new Set<number>();
        let at = bus.readConfig(address, 0x34, 1);
        while (at !== 0) {
          expect(at % 4).toBe(0);
          expect(at).toBeGreaterThanOrEqual(0x40);
          expect(seen.has(at)).toBe(false);
          seen.add(at);
          at = bus.readConfig(address, at + 1, 1);
        }
        const placed = device.config.capabilities;
        for (const { offset, capability: c } of placed) expect(offset + c.size).toBeLessThanOrEqual(0x100);
        expect(seen.size).toBe(specs.length + Number(msi) + Number(msix));
        expect(findCapabilities(bus, address)).toEqual(placed.map(({ offset, capability: { id } }) => ({ id, offset })));
      }),
    );
    expect(built).toBeGreaterThan(0);
  });

  it('answers ID and pointer itself, whatever the capability answers or the guest writes', () => {
    const device = new PciFunction({
      name: 'x',
      vendorId: 1,
      deviceId: 1,
      classCode: 0,
      capabilities: [
        { id: 0x55, name: 'all ones', size: 6, registers: { read: (_, width) => 2 ** (8 * width) - 1, write: () => undefined } },
        registerCapability(0x66, 'last', new RegisterFile(registers(4, { id: ro(1), next: ro(1), value: rw(2) }))),
      ],
    });
    device.config.write(0x40, 4, 0);
    expect(device.config.read(0x40, 4)).toBe(0xffff_4855);
    expect(device.config.read(0x41, 2)).toBe(0xff48);
    expect(device.config.read(0x44, 4)).toBe(0x0000_ffff);
    device.config.write(0x48, 4, 0xabcd_1234);
    expect(device.config.read(0x48, 4)).toBe(0xabcd_0066);
    device.reset();
    expect(device.config.read(0x48, 4)).toBe(0x66);
  });

  it('gives a vendor-specific capability its length', () => {
    const { id, registers: bytes } = vendorCapability('vendor', 20, { read: () => 0, write: () => undefined });
    expect(id).toBe(9);
    expect(bytes.read(0, 4)).toBe(20 << 16);
  });
});
