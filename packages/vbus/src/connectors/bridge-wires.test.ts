/** The bridge by its other wires: doorbells in memory, INTx alone. What the guest does is the same, and so is what comes of it. */
import type { RingEvent } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BRIDGE_DOORBELL_BASE } from '../testing/bridge-driver.ts';
import { BridgeRig, type BridgeRigOptions } from '../testing/bridge-rig.ts';
import { ECHO_HEARD, ECHO_REVERSE, ECHO_VERSION } from '../testing/echo-device.ts';

function started(options: BridgeRigOptions = {}): BridgeRig {
  const rig = new BridgeRig(options);
  rig.plug('one');
  expect(rig.driver.probe()).toBe(0);
  expect(rig.settle()).toBe(true);
  return rig;
}

/** A doorbell of device 0, and how often it rang for the driver. */
function doorbell(rig: BridgeRig) {
  const device = rig.driver.session.open(0, ECHO_VERSION);
  if (typeof device === 'number') throw new Error(`DEVOPEN answers ${device}`);
  const shared = device.shmWithSignal(7, 64, 16);
  if (typeof shared === 'number') throw new Error(`DEVSHM answers ${shared}`);
  let heard = 0;
  shared.signal.onSignal = () => heard++;
  shared.signal.enable();
  return { device, signal: shared.signal, heard: () => heard };
}

describe('[PCI 3.0 §6.2.5.1] BAR1 as memory', () => {
  const rig = started({ bridge: { doorbell: 'mmio' } });

  it('is a range of 32 bytes below 4 GiB, not prefetchable', () => {
    const { config } = new BridgeRig({ bridge: { doorbell: 'mmio' } }).bridge.function;
    config.write(0x14, 4, 0xffff_ffff);
    expect(config.read(0x14, 4)).toBe(0xffff_ffe0);
  });

  it('carries fast calls, doorbells and kicks; ports are not used', () => {
    const { device, signal, heard } = doorbell(rig);
    expect(device.call(ECHO_REVERSE, new Uint8Array(3))).toBe(3);
    signal.inject();
    expect(device.call(ECHO_HEARD)).toBe(1);
    rig.settle();
    expect(heard()).toBe(1);
    // DEVOPEN, DEVSHM and two DEVCALLs.
    expect([rig.bridge.counters.signals, rig.bridge.counters.busCalls]).toEqual([1, 4]);
    expect([...rig.ports.totals.values()].reduce((sum, { reads, writes }) => sum + reads + writes, 0)).toBe(0);
  });

  it('takes aligned 32-bit writes and nothing else', () => {
    const before = rig.bridge.counters.ignored;
    for (const width of [1, 2] as const) rig.mmio.write(BRIDGE_DOORBELL_BASE + 8, width, 0);
    rig.mmio.write(BRIDGE_DOORBELL_BASE + 9, 4, 0);
    rig.mmio.write(BRIDGE_DOORBELL_BASE + 12, 4, 0);
    expect(rig.mmio.read(BRIDGE_DOORBELL_BASE, 4)).toBe(0xffff_ffff);
    expect(rig.bridge.counters.ignored - before).toBe(5);
  });
});

describe('[PCI 3.0 §6.8] A bridge without MSI', () => {
  it('has no capability, and its driver takes INTx', () => {
    const rig = started({ bridge: { interrupts: 'intx' } });
    expect([rig.driver.msiCapability, rig.bridge.function.config.read(6, 2) & 0x10]).toEqual([0, 0]);
    expect(rig.bridge.function.intxAssertions).toBe(1);
    const { signal, heard } = doorbell(rig);
    signal.inject();
    expect(rig.intx.high).toBe(true);
    expect(rig.driver.interrupt()).toBe(true);
    expect([heard(), rig.intx.high]).toEqual([1, false]);
  });

  it('leaves a line alone that another function has raised', () => {
    const rig = started({ bridge: { interrupts: 'intx' } });
    const before = { ...rig.bridge.counters };
    expect(rig.driver.interrupt()).toBe(false);
    expect(rig.bridge.counters.kicks).toBe(before.kicks);
  });

  it('interrupts again for what comes while the handler is at work', () => {
    const rig = started({ bridge: { interrupts: 'intx' } });
    const { signal, heard } = doorbell(rig);
    signal.inject();
    const [end] = rig.devices.get('one')?.connection?.shms.values() ?? [];
    // Drained already, and the pin not looked at yet.
    rig.driver.session.interrupt();
    end?.signal?.inject();
    rig.driver.kick();
    expect(rig.intx.high).toBe(true);
    expect(rig.settle()).toBe(true);
    expect([heard(), rig.intx.high]).toEqual([2, false]);
  });
});

describe('The ring trace', () => {
  it.each(['msi', 'intx'] as const)('tells each interrupt with the name of the bridge: %s', (interrupts) => {
    const told: RingEvent[] = [];
    const rig = started({ bridge: { interrupts, ringTrace: (event) => void told.push(event) } });
    const { signal } = doorbell(rig);
    for (let i = 0; i < 3; i++) {
      signal.inject();
      rig.settle();
    }
    expect(told).toEqual(Array.from({ length: rig.bridge.counters.interrupts }, () => ({ kind: 'interrupt', source: 'vbus-bridge' })));
    expect(told).toHaveLength(4);
  });
});

describe('Every pair of wires', () => {
  it('carries the same events in the same order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('signal' as const, 'settle' as const, 'plug' as const), { maxLength: 30 }), (steps) => {
        const outcomes = (['port', 'mmio'] as const).flatMap((doorbellKind) =>
          (['msi', 'intx'] as const).map((interrupts) => {
            const rig = started({ bridge: { doorbell: doorbellKind, interrupts } });
            const { signal, heard } = doorbell(rig);
            for (const [i, step] of steps.entries()) {
              if (step === 'signal') signal.inject();
              else if (step === 'plug') rig.plug(`more-${i}`);
              else rig.settle();
            }
            expect(rig.settle()).toBe(true);
            return [heard(), rig.bridge.counters.signals, rig.bridge.counters.events.events, [...rig.driver.session.devices.keys()]];
          }),
        );
        for (const each of outcomes) expect(each).toEqual(outcomes[0]);
      }),
      { numRuns: 60 },
    );
  });
});
