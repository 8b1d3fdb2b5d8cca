import { ConfigurationError, RegisterFile, registers, rw, type Width } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PciFunction } from './function.ts';
import { MSIX_ENABLE, MSIX_FUNCTION_MASK, type MsixOptions } from './msix.ts';
import { assignAddresses, createTestBus, MsixDriver, setCommand } from './testing.ts';
import { COMMAND_BUS_MASTER, COMMAND_MEMORY_SPACE } from './type0-header.ts';

const WINDOWS = { io: { base: 0xc000, size: 0x1000 }, memory32: { base: 0xe000_0000, size: 0x1000_0000 } };

/** A function with `vectors` vectors; the structures lie at 800h and C00h of a range with registers of its own. */
function setUp(vectors = 3) {
  const test = createTestBus();
  const own = new RegisterFile(registers(0x1000, { all: rw(0x1000) }));
  const device = new PciFunction({
    name: 'msix',
    vendorId: 1,
    deviceId: 1,
    classCode: 0,
    interruptPin: 1,
    bars: [{ index: 2, kind: 'memory64', size: 0x1000, handler: own }],
    msix: { vectors, bar: 2, tableOffset: 0x800, pbaOffset: 0xc00 },
  });
  const address = test.bus.plug(1, 0, device);
  const [bar] = assignAddresses(test.config, WINDOWS);
  const driver = new MsixDriver(test.config, test.memory, address);
  return { ...test, own, device, address, driver, base: bar?.address ?? 0 };
}

/** With MSI-X on and vector n sending 40h + n. */
function enabled(vectors = 3) {
  const test = setUp(vectors);
  test.driver.enable(0xfee0_0000n, 0x40);
  return test;
}

describe('[PCI 3.0 §6.8.2] MSI-X Capability and Table Structures', () => {
  it('tells number of vectors and where table and pending bits lie', () => {
    const { config, address, driver, base } = setUp(3);
    expect(config.readConfig(address, 0x40, 4)).toBe(0x0002_0011);
    expect(config.readConfig(address, 0x44, 4)).toBe(0x802);
    expect(config.readConfig(address, 0x48, 4)).toBe(0xc02);
    expect([driver.vectors, driver.table, driver.pba]).toEqual([3, base + 0x800, base + 0xc00]);
  });

  it('stores enable and function mask only', () => {
    const { config, address } = setUp(3);
    for (const offset of [0x40, 0x44, 0x48]) config.writeConfig(address, offset, 4, 0xffff_ffff);
    expect([0x40, 0x44, 0x48].map((offset) => config.readConfig(address, offset, 4))).toEqual([0xc002_0011, 0x802, 0xc02]);
  });

  it('has every vector masked after power-on and after a reset', () => {
    const { memory, driver, bus, device } = setUp(3);
    const controls = (): number[] => [0, 1, 2].map((vector) => memory.read(driver.table + 16 * vector + 12, 4));
    expect(controls()).toEqual([1, 1, 1]);
    driver.enable();
    expect(controls()).toEqual([0, 0, 0]);
    bus.reset();
    expect(device.interruptMode).toBe('intx');
    expect([0, 1, 2].map((vector) => device.msix?.isMasked(vector))).toEqual([true, true, true]);
    expect(device.msix?.table.read(0, 4)).toBe(0);
  });

  it('sends the message of each vector to its own address', () => {
    const { device, driver, messages } = enabled();
    driver.program(1, 0x12_3456_7890_abc0n, 0xdead_beef);
    expect(device.signal(0)).toBe(true);
    device.signal(1);
    expect(messages.sent).toEqual([
      { address: 0xfee0_0000n, data: 0x40 },
      { address: 0x12_3456_7890_abc0n, data: 0xdead_beef },
    ]);
  });

  it('TP-13 reads and writes the table in 1, 2 and 4 bytes at every offset, aligned or not', () => {
    for (const width of [1, 2, 4] as const) {
      const { memory, driver } = setUp(3);
      for (let offset = 0; offset + width <= 48; offset++) {
        const value = (0x9d83_4b71 * (offset + 1)) % 2 ** (8 * width);
        memory.write(driver.table + offset, width, value);
        let expected = 0;
        for (let i = 0; i < width; i++) {
          const at = (offset + i) % 16;
          const mask = at === 0 ? 0xfc : at < 12 ? 0xff : at === 12 ? 1 : 0;
          expected += (Math.floor(value / 2 ** (8 * i)) & mask) * 2 ** (8 * i);
        }
        expect(memory.read(driver.table + offset, width)).toBe(expected);
      }
    }
  });

  it('TP-13 takes 8 bytes as two DWORDs, as the bus makes them', () => {
    const { memory, driver, device, messages, config, address } = setUp(3);
    driver.setControl(MSIX_ENABLE);
    setCommand(config, address, COMMAND_BUS_MASTER);
    memory.write(driver.table + 32, 4, 0xfee0_2000);
    memory.write(driver.table + 36, 4, 0);
    device.signal(2);
    memory.write(driver.table + 40, 4, 0x99);
    memory.write(driver.table + 44, 4, 0);
    expect(messages.sent).toEqual([{ address: 0xfee0_2000n, data: 0x99 }]);
  });

  it('TP-13 answers beyond the end of table and pending bits from the range, and crosses the borders', () => {
    const { memory, driver, own, base, device } = setUp(3);
    memory.write(base + 0x82e, 4, 0xaabb_ccdd); // the last two bytes of the table, which are reserved, and two beyond it
    expect(own.read(0x830, 2)).toBe(0xaabb);
    expect(memory.read(base + 0x82e, 4)).toBe(0xaabb_0000);
    expect(own.read(0x82e, 2)).toBe(0);
    memory.write(driver.pba, 4, 0xffff_ffff);
    memory.write(driver.pba + 6, 4, 0x1234_5678);
    expect(memory.read(driver.pba, 4)).toBe(0);
    expect(memory.read(driver.pba + 6, 4)).toBe(0x1234_0000);
    const { table, pba } = device.msix ?? {};
    expect([table?.read(48, 4), table?.read(-4, 4), table?.read(46, 4)]).toEqual([0xffff_ffff, 0xffff_ffff, 0xffff_0000]);
    expect([pba?.read(8, 4), pba?.read(6, 4)]).toEqual([0xffff_ffff, 0xffff_0000]);
    table?.write(48, 4, 1);
    table?.write(-2, 4, 0xffff_ffff);
    table?.write(Number.MAX_SAFE_INTEGER, 1, 0);
    expect(table?.read(0, 4)).toBe(0x0000_fffc);
  });

  it('TP-13 has the pending bit of the last of 2048 vectors in the last place', () => {
    const { device, driver, memory, messages } = (() => {
      const test = createTestBus();
      const function2048 = new PciFunction({
        name: 'many',
        vendorId: 1,
        deviceId: 1,
        classCode: 0,
        bars: [{ index: 0, kind: 'memory32', size: 0x1_0000 }],
        msix: { vectors: 2048, bar: 0 },
      });
      const address = test.bus.plug(1, 0, function2048);
      assignAddresses(test.config, WINDOWS);
      return { ...test, device: function2048, driver: new MsixDriver(test.config, test.memory, address) };
    })();
    driver.enable(0xfee0_0000n, 0);
    expect(driver.pba - driver.table).toBe(0x8000);
    driver.setMask(2047, true);
    device.signal(2047);
    expect(memory.read(driver.pba + 0xfc, 4)).toBe(0x8000_0000);
    expect(messages.sent).toEqual([]);
    driver.setMask(2047, false);
    expect(messages.take()).toEqual([2047]);
    expect(memory.read(driver.pba + 0xfc, 4)).toBe(0);
  });

  it('TP-13 ignores vectors that do not exist', () => {
    const { device, messages } = enabled();
    for (const vector of [3, 0xffff, -1, 0.5, Number.NaN, 2 ** 31]) expect(device.signal(vector)).toBe(true);
    expect(messages.sent).toEqual([]);
    expect(device.msix?.pba.read(0, 4)).toBe(0);
  });

  it('TP-13 sends a masked vector exactly once after it is unmasked', () => {
    const { device, driver, messages } = enabled();
    driver.setMask(1, true);
    for (let i = 0; i < 5; i++) device.signal(1);
    device.signal(2);
    expect(messages.take()).toEqual([0x42]);
    expect([0, 1, 2].map((vector) => driver.isPending(vector))).toEqual([false, true, false]);
    driver.setMask(1, false);
    driver.setMask(1, false);
    driver.setMask(1, true);
    driver.setMask(1, false);
    expect(messages.take()).toEqual([0x41]);
    expect(driver.isPending(1)).toBe(false);
  });

  it('TP-13 sends what the entry holds when it is unmasked, not when it was signalled', () => {
    const { device, driver, messages } = enabled();
    driver.setMask(1, true);
    device.signal(1);
    driver.program(1, 0xfee0_3000n, 0x77);
    expect(messages.sent).toEqual([{ address: 0xfee0_3000n, data: 0x77 }]);
  });

  it('TP-13 holds every vector while the function is masked', () => {
    const { device, driver, messages } = enabled();
    driver.setControl(MSIX_ENABLE | MSIX_FUNCTION_MASK);
    driver.setMask(2, true);
    for (const vector of [0, 2, 0]) device.signal(vector);
    expect(messages.sent).toEqual([]);
    expect([0, 1, 2].map((vector) => driver.isPending(vector))).toEqual([true, false, true]);
    driver.setControl(MSIX_ENABLE);
    expect(messages.take()).toEqual([0x40]);
    driver.setMask(2, false);
    expect(messages.take()).toEqual([0x42]);
  });

  it('TP-13 keeps what is pending while it is disabled, and sends it once when it is enabled', () => {
    const { device, driver, messages } = enabled();
    driver.setMask(0, true);
    device.signal(0);
    driver.setControl(0);
    driver.setMask(0, false);
    expect(device.signal(1)).toBe(false);
    expect(messages.sent).toEqual([]);
    expect(driver.isPending(0)).toBe(true);
    driver.setControl(MSIX_ENABLE);
    driver.setControl(MSIX_ENABLE);
    expect(messages.take()).toEqual([0x40]);
    expect(driver.isPending(0)).toBe(false);
  });

  it('TP-13 forgets what is pending at a reset', () => {
    const { device, driver, messages, bus, config } = enabled();
    driver.setMask(0, true);
    device.signal(0);
    bus.reset();
    assignAddresses(config, WINDOWS);
    driver.enable();
    expect(messages.sent).toEqual([]);
  });

  it('TP-14 hands any address and data on, and never writes RAM', () => {
    const { device, driver, messages, ram } = enabled();
    const cases: readonly (readonly [bigint, number])[] = [
      [0x2000n, 1],
      [0xfecf_fffcn, 2],
      [0xfef0_0000n, 3],
      [0x1_fee0_0000n, 4],
      [0xffff_ffff_ffff_fffcn, 0xffff_ffff],
      [0xfee0_0000n, 0x0300], // reserved delivery mode 3
    ];
    for (const [address, data] of cases) {
      driver.program(0, address, data);
      device.signal(0);
    }
    expect(messages.sent).toEqual(cases.map(([address, data]) => ({ address, data })));
    expect(ram.readU32(0x2000)).toBe(0);
  });

  it('takes INTx off the wire while it is enabled', () => {
    const { device, driver, pirqs } = setUp();
    device.intx.raise();
    expect(pirqs[1].high).toBe(true);
    driver.setControl(MSIX_ENABLE | MSIX_FUNCTION_MASK);
    expect(pirqs[1].high).toBe(false);
    driver.setControl(0);
    expect(pirqs[1].high).toBe(true);
  });

  it('refuses structures that do not fit their range', () => {
    const make = (msix: MsixOptions, kind: 'io' | 'memory32' = 'memory32'): PciFunction =>
      new PciFunction({ name: 'x', vendorId: 1, deviceId: 1, classCode: 0, bars: [{ index: 0, kind, size: 0x100 }], msix });
    expect(() => make({ vectors: 15, bar: 0 })).not.toThrow();
    const bad: MsixOptions[] = [
      { vectors: 0, bar: 0 },
      { vectors: 2049, bar: 0 },
      { vectors: 1.5, bar: 0 },
      { vectors: 16, bar: 0 },
      { vectors: 1, bar: 1 },
      { vectors: 1, bar: 0, tableOffset: 4 },
      { vectors: 1, bar: 0, tableOffset: -8 },
      { vectors: 2, bar: 0, tableOffset: 0, pbaOffset: 0x18 },
    ];
    for (const options of bad) expect(() => make(options), JSON.stringify(options)).toThrow(ConfigurationError);
    expect(() => make({ vectors: 1, bar: 0 }, 'io')).toThrow(ConfigurationError);
  });
});

describe('MSI-X against a model', () => {
  const VECTORS = 4;
  type Operation =
    | { kind: 'signal'; vector: number }
    | { kind: 'mask'; vector: number; masked: boolean }
    | { kind: 'control'; enable: boolean; mask: boolean }
    | { kind: 'master'; on: boolean }
    | { kind: 'decode'; on: boolean }
    | { kind: 'table'; offset: number; width: Width; value: number }
    | { kind: 'pba'; offset: number; width: Width; value: number };
  const vector = fc.integer({ min: -1, max: VECTORS });
  const width = fc.constantFrom<Width[]>(1, 2, 4);
  const value = fc.oneof(fc.constantFrom(0, 1, 0xffff_ffff), fc.nat(0xffff_ffff));
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('signal'), vector }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('mask'), vector: fc.nat(VECTORS - 1), masked: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('control'), enable: fc.boolean(), mask: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('master'), on: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('decode'), on: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('table'), offset: fc.nat(80), width, value }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pba'), offset: fc.nat(16), width, value }) },
  );

  it('TP-13 sends each message exactly once, whatever the order of masks, enables and signals', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(operation, { maxLength: 60, size: 'max' }), (running, operations) => {
        const { device, driver, memory, messages, config, address } = running ? enabled(VECTORS) : setUp(VECTORS);
        const model = {
          enable: running,
          functionMask: false,
          master: running,
          decode: true,
          masked: new Array<boolean>(VECTORS).fill(!running),
          pending: new Set<number>(),
        };
        const expected: number[] = [];
        const addresses = (): number[] => Array.from({ length: VECTORS }, (_, v) => device.msix?.table.read(16 * v + 8, 4) ?? 0);
        const deliver = (): void => {
          if (!model.enable || model.functionMask || !model.master) return;
          for (let v = 0; v < VECTORS; v++) if (!model.masked[v] && model.pending.delete(v)) expected.push(addresses()[v] ?? 0);
        };
        for (const op of operations) {
          if (op.kind === 'signal') {
            expect(device.signal(op.vector)).toBe(model.enable);
            if (model.enable && op.vector >= 0 && op.vector < VECTORS) model.pending.add(op.vector);
          } else if (op.kind === 'mask') {
            driver.setMask(op.vector, op.masked);
            if (model.decode) model.masked[op.vector] = op.masked;
          } else if (op.kind === 'control') {
            driver.setControl((op.enable ? MSIX_ENABLE : 0) | (op.mask ? MSIX_FUNCTION_MASK : 0));
            model.enable = op.enable;
            model.functionMask = op.mask;
          } else if (op.kind === 'master') {
            setCommand(config, address, op.on ? COMMAND_BUS_MASTER : 0, COMMAND_BUS_MASTER);
            model.master = op.on;
          } else if (op.kind === 'decode') {
            setCommand(config, address, op.on ? COMMAND_MEMORY_SPACE : 0, COMMAND_MEMORY_SPACE);
            model.decode = op.on;
          } else if (op.kind === 'table') {
            memory.write(driver.table + op.offset, op.width, op.value);
            for (let v = 0; v < VECTORS; v++) {
              const at = 16 * v + 12 - op.offset;
              if (model.decode && at >= 0 && at < op.width) model.masked[v] = (Math.floor(op.value / 2 ** (8 * at)) & 1) !== 0;
            }
          } else memory.write(driver.pba + op.offset, op.width, op.value);
          deliver();
          expect(messages.take()).toEqual(expected.splice(0));
          for (let v = 0; v < VECTORS; v++) {
            expect(device.msix?.isPending(v)).toBe(model.pending.has(v));
            expect(device.msix?.isMasked(v)).toBe(model.masked[v]);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
