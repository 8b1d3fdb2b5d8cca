import { ALL_ONES, RegisterFile, registers, ro, rw, type Width } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { registerCapability, vendorCapability } from './capability.ts';
import { Ecam } from './ecam.ts';
import { findCapabilities, findFunctions } from './enumeration.ts';
import { PciFunction } from './function.ts';
import { createHostBridge } from './host-bridge.ts';
import { assignAddresses, createTestBus, type TestBus } from './testing.ts';
import { COMMAND_INTERRUPT_DISABLE } from './type0-header.ts';

/** What a guest can do to a bus, and what devices do meanwhile. */
type Operation =
  | { kind: 'config'; device: number; offset: number; width: Width; value: number }
  | { kind: 'ecam'; offset: number; width: Width; value: number }
  | { kind: 'port'; port: number; width: Width; value: number }
  | { kind: 'range'; device: number; bar: number; offset: number; width: Width; value: number }
  | { kind: 'signal'; device: number; vector: number }
  | { kind: 'intx'; device: number; raised: boolean }
  | { kind: 'dma'; device: number; address: number }
  | { kind: 'reset' };

const width = fc.constantFrom<Width[]>(1, 2, 4);
const value = fc.oneof(fc.constantFrom(0, 1, 7, 0xffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff));
/** The two devices mostly, but the bridge and absent ones too. */
const device = fc.constantFrom(1, 3, 1, 3, 0, 2, 4);
/** Where something is: the header's registers and the start of the capabilities. */
const register = fc.oneof(
  fc.constantFrom(0x04, 0x05, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x34, 0x3c, 0x42, 0x50, 0x5a, 0x5b),
  fc.nat(0x110),
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('config'), device, offset: register, width, value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ecam'), offset: fc.nat(0x20_1000), width, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('port'), port: fc.integer({ min: 0xcf0, max: 0xd08 }), width, value }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('range'), device, bar: fc.nat(5), offset: fc.nat(0x1010), width, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('signal'), device, vector: fc.integer({ min: -1, max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('intx'), device, raised: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dma'), device, address: fc.oneof(fc.nat(0x2_0000), fc.nat()) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset') }) },
);

/** Two devices that use everything there is; device 2 and 6 share PIRQ C. */
function plugDevices(test: TestBus): readonly PciFunction[] {
  const make = (name: string): PciFunction => {
    const file = new RegisterFile(registers(0x1000, { all: rw(0x1000) }));
    const window = registers(8, { id: ro(1), next: ro(1), length: ro(1), index: rw(1), data: rw(4) });
    return new PciFunction({
      name,
      vendorId: 0x1af4,
      deviceId: 0x1041,
      classCode: 0x02_00_00,
      interruptPin: 1,
      bars: [
        { index: 0, kind: 'io', size: 0x20, handler: file },
        { index: 1, kind: 'memory32', size: 0x1000, handler: file },
        { index: 4, kind: 'memory64', size: 0x1000, prefetchable: true, handler: file },
      ],
      msi: { vectors: 32 },
      msix: { vectors: 5, bar: 4, tableOffset: 0x400 },
      capabilities: [
        registerCapability(0x01, 'plain', new RegisterFile(registers(8, { id: ro(1), next: ro(1), control: rw(2), data: rw(4) }))),
        vendorCapability('window', 8, new RegisterFile(window)),
      ],
    });
  };
  test.bus.plug(0, 0, createHostBridge());
  const functions = [make('first'), make('second')] as const;
  test.bus.plug(2, 0, functions[0]);
  test.bus.plug(6, 0, functions[1]);
  return functions;
}

function run(operations: readonly Operation[]): void {
  const test = createTestBus();
  const functions = plugDevices(test);
  test.memory.map('local APIC', 0xfee0_0000, 0x1000, { read: () => 0, write: () => undefined });
  const ecam = new Ecam({ bus: test.bus, lastBus: 1 });
  const raised = [false, false];
  /** Device numbers 0, 2, 4, 6, 8 of the bus: the bridge, nothing at 4 and 8, and the two. */
  const at = (n: number): PciFunction | undefined => test.bus.at(2 * n, 0);
  const inRange = (read: number, w: Width): void => {
    expect(Number.isInteger(read) && read >= 0 && read <= ALL_ONES[w]).toBe(true);
  };
  const invariants = (): void => {
    functions.forEach((f, i) => {
      const { config } = f;
      expect(config.read(0, 4)).toBe(0x1041_1af4);
      expect(config.read(0x08, 4)).toBe(0x0200_0000);
      const address = { bus: 0, device: i === 0 ? 2 : 6, function: 0 };
      expect(findCapabilities(test.bus, address).map(({ id }) => id)).toEqual([0x05, 0x11, 0x01, 0x09]);
      for (const bar of f.bars.values()) {
        const enabled = (f.command & (bar.kind === 'io' ? 1 : 2)) !== 0;
        if (!enabled) expect(bar.mapping).toBeUndefined();
        if (bar.mapping === undefined) continue;
        expect(bar.mapping.base).toBe(bar.address);
        expect(bar.mapping.base % bar.size).toBe(0);
        expect(bar.mapping.base + bar.size).not.toBe(2 ** 32);
      }
      expect((config.read(0x06, 2) & 8) !== 0).toBe(raised[i]);
      expect(f.dma.contains(0, 4)).toBe((f.command & 4) !== 0);
    });
    const asserted = functions.some((f, i) => raised[i] && (f.command & COMMAND_INTERRUPT_DISABLE) === 0 && f.interruptMode === 'intx');
    expect(test.pirqs.map(({ high }) => high)).toEqual([false, false, asserted, false]);
    expect(test.memory.mappings.length).toBeLessThanOrEqual(5);
    expect(test.memory.at(0xfee0_0000)?.name).toBe('local APIC');
  };
  for (const op of operations) {
    if (op.kind === 'config') {
      const address = { bus: 0, device: 2 * op.device, function: 0 };
      // Not beyond the DWORD: CFFh is the last port of the mechanism, and what lies behind it may be a range.
      const offset = op.offset - (op.offset % op.width);
      inRange(test.config.readConfig(address, offset, op.width), op.width);
      test.config.writeConfig(address, offset, op.width, op.value % (ALL_ONES[op.width] + 1));
      inRange(test.bus.readConfig(address, op.offset, op.width), op.width);
      test.bus.writeConfig(address, op.offset, op.width, op.value % (ALL_ONES[op.width] + 1));
    } else if (op.kind === 'ecam') {
      inRange(ecam.read(op.offset, op.width), op.width);
      ecam.write(op.offset, op.width, op.value % (ALL_ONES[op.width] + 1));
    } else if (op.kind === 'port') {
      inRange(test.ports.read(op.port, op.width), op.width);
      test.ports.write(op.port, op.width, op.value % (ALL_ONES[op.width] + 1));
    } else if (op.kind === 'range') {
      const bar = at(op.device)?.bars.get(op.bar);
      if (bar === undefined) continue;
      const space = bar.kind === 'io' ? test.ports : test.memory;
      inRange(space.read(bar.address + op.offset, op.width), op.width);
      space.write(bar.address + op.offset, op.width, op.value % (ALL_ONES[op.width] + 1));
      inRange(bar.read(op.offset, op.width), op.width);
    } else if (op.kind === 'signal') at(op.device)?.signal(op.vector);
    else if (op.kind === 'intx') {
      const f = at(op.device);
      if (f === undefined) continue;
      if (op.raised) f.intx.raise();
      else f.intx.lower();
      const i = functions.indexOf(f);
      if (i >= 0) raised[i] = op.raised;
    } else if (op.kind === 'dma') {
      const dma = at(op.device)?.dma;
      if (dma?.contains(op.address, 8) === true) dma.writeU64(op.address, dma.readU64(op.address) + 1n);
    } else {
      test.bus.reset();
      raised.fill(false);
    }
    invariants();
  }
  // Whatever happened, after a reset the bus works as a new one.
  test.bus.reset();
  expect(findFunctions(test.config).map(({ device: d }) => d)).toEqual([0, 2, 6]);
  const windows = { io: { base: 0xc000, size: 0x1000 }, memory32: { base: 0xe000_0000, size: 0x1000_0000 } };
  const fresh = createTestBus();
  plugDevices(fresh);
  expect(assignAddresses(test.config, windows)).toEqual(assignAddresses(fresh.config, windows));
  expect(test.bus.describe()).toBe(fresh.bus.describe());
}

describe('A guest that does anything to a bus', () => {
  it('TP-13 TP-15 TP-16 TP-17 TP-18 TP-19 TP-20 ends in a state, never in a throw', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), (operations) => run(operations)),
      { numRuns: 200 },
    );
  });
});
