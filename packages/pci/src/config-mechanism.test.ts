import type { Width } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { Ecam } from './ecam.ts';
import { createHostBridge } from './host-bridge.ts';
import { createTestBus } from './testing.ts';

const ONES: Readonly<Record<Width, number>> = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff };

describe('[PCI 3.0 §3.2.2.3.2] Software Generation of Configuration Transactions', () => {
  it('reads the DWORD that CONFIG_ADDRESS names, in every width', () => {
    const { ports, bus } = createTestBus();
    bus.plug(0, 0, createHostBridge());
    ports.write(0xcf8, 4, 0x8000_0000);
    expect(ports.read(0xcfc, 4)).toBe(0x0008_1b36);
    expect(ports.read(0xcfe, 2)).toBe(0x0008);
    expect(ports.read(0xcfd, 1)).toBe(0x1b);
    expect(ports.read(0xcfd, 2)).toBe(0x081b);
  });

  it('keeps CONFIG_ADDRESS as written, but for reserved bits', () => {
    const { ports } = createTestBus();
    expect(ports.read(0xcf8, 4)).toBe(0);
    ports.write(0xcf8, 4, 0xffff_ffff);
    expect(ports.read(0xcf8, 4)).toBe(0x80ff_fffc);
  });

  it('takes only 4-byte accesses for CONFIG_ADDRESS', () => {
    const { ports } = createTestBus();
    ports.write(0xcf8, 4, 0x8001_2344);
    ports.write(0xcf8, 1, 0);
    ports.write(0xcf8, 2, 0);
    ports.write(0xcfa, 2, 0);
    ports.write(0xcf9, 4, 0);
    ports.write(0xcfb, 1, 0);
    expect(ports.read(0xcf8, 4)).toBe(0x8001_2344);
    expect([ports.read(0xcf8, 1), ports.read(0xcf8, 2), ports.read(0xcfa, 2), ports.read(0xcfb, 1)]).toEqual([0xff, 0xffff, 0xffff, 0xff]);
  });

  it('answers nothing at CONFIG_DATA while it is not enabled', () => {
    const { ports, bus } = createTestBus();
    const bridge = createHostBridge();
    bus.plug(0, 0, bridge);
    ports.write(0xcf8, 4, 0x0000_003c);
    expect(ports.read(0xcfc, 4)).toBe(0xffff_ffff);
    ports.write(0xcfc, 1, 9);
    expect(bridge.config.read(0x3c, 1)).toBe(0);
  });

  it('TP-15 answers all ones for absent buses, devices and functions, and loses writes, in every width', () => {
    const { ports, bus, config } = createTestBus();
    bus.plug(0, 0, createHostBridge());
    const before = Array.from({ length: 64 }, (_, i) => bus.readConfig({ bus: 0, device: 0, function: 0 }, 4 * i, 4));
    const absent = [
      { bus: 1, device: 0, function: 0 },
      { bus: 255, device: 31, function: 7 },
      { bus: 0, device: 1, function: 0 },
      { bus: 0, device: 31, function: 7 },
      { bus: 0, device: 0, function: 1 },
    ];
    for (const address of absent) {
      for (const width of [1, 2, 4] as const) {
        for (let offset = 0; offset < 0x100; offset += width) {
          expect(config.readConfig(address, offset, width)).toBe(ONES[width]);
          config.writeConfig(address, offset, width, ONES[width]);
        }
      }
    }
    expect(Array.from({ length: 64 }, (_, i) => bus.readConfig({ bus: 0, device: 0, function: 0 }, 4 * i, 4))).toEqual(before);
    expect(ports.read(0xcf8, 4)).toBe(0x8000_01fc);
  });

  it('cuts an access that runs beyond CFFh', () => {
    const { ports, bus } = createTestBus();
    const bridge = createHostBridge();
    bus.plug(0, 0, bridge);
    ports.write(0xcf8, 4, 0x8000_0038);
    bridge.config.write(0x3c, 1, 0x77);
    expect(ports.read(0xcff, 2)).toBe(0xff00);
    ports.write(0xcff, 4, 0xffff_ffff);
    expect(bridge.config.read(0x3c, 1)).toBe(0x77);
    ports.write(0xcf8, 4, 0x8000_000c);
    ports.write(0xcfd, 4, 0x1111_1122);
    expect(bridge.config.read(0x0c, 4)).toBe(0x2200);
    expect(ports.read(0xcfd, 4)).toBe(0xff00_0022);
  });
});

describe('[ICH9 §13.7.5] Reset Control Register', () => {
  it('resets when RST_CPU goes from 0 to 1, as SYS_RST says', () => {
    const { ports, resets } = createTestBus();
    ports.write(0xcf9, 1, 0x02);
    expect(resets).toEqual([]);
    ports.write(0xcf9, 1, 0x06);
    ports.write(0xcf9, 1, 0x06);
    expect(resets).toEqual(['hard']);
    ports.write(0xcf9, 1, 0x00);
    ports.write(0xcf9, 1, 0x04);
    expect(resets).toEqual(['hard', 'soft']);
    ports.write(0xcf9, 1, 0xff);
    expect(ports.read(0xcf9, 1)).toBe(0x0e);
  });
});

describe('[PCIe 3.0 §7.2.2] Enhanced Configuration Access Mechanism', () => {
  it('finds each function at its place and ones beyond 256 bytes', () => {
    const { bus } = createTestBus();
    bus.plug(2, 0, createHostBridge({ deviceId: 0x1111 }));
    bus.plug(2, 3, createHostBridge({ deviceId: 0x2222 }));
    const ecam = new Ecam({ bus, lastBus: 1 });
    expect(ecam.size).toBe(0x20_0000);
    expect(ecam.read(0x1_0000, 4)).toBe(0x1111_1b36);
    expect(ecam.read(0x1_3002, 2)).toBe(0x2222);
    expect(ecam.read(0x1_3100, 4)).toBe(0xffff_ffff);
    expect(ecam.read(0x11_0000, 4)).toBe(0xffff_ffff);
    expect(ecam.read(0x1_1000, 1)).toBe(0xff);
    ecam.write(0x1_303c, 1, 5);
    expect(bus.at(2, 3)?.config.read(0x3c, 1)).toBe(5);
    ecam.write(0x1_303d, 4, 0xffff_ffff);
    expect(ecam.read(0x1_3001, 4)).toBe(0xffff_ffff);
    expect(ecam.read(0x20_0000, 4)).toBe(0xffff_ffff);
  });

  it('refuses bus numbers that there are not', () => {
    const { bus } = createTestBus();
    expect(() => new Ecam({ bus, firstBus: 2, lastBus: 1 })).toThrow();
    expect(() => new Ecam({ bus, lastBus: 256 })).toThrow();
  });
});
