import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { EINVAL, EIO, ENOMEM } from '../errno.ts';
import { MappedMemory } from '../shared-region.ts';
import { BridgeRig, RIG_MEMORY } from '../testing/bridge-rig.ts';
import { ECHO_RING, ECHO_VERSION } from '../testing/echo-device.ts';
import { NorthArena } from './north-arena.ts';
import type { NorthDevice } from './north-device.ts';
import { NorthSession } from './north-session.ts';

function started(): BridgeRig {
  const rig = new BridgeRig();
  rig.plug('one');
  expect(rig.driver.probe()).toBe(0);
  rig.settle();
  return rig;
}

function opened(rig: BridgeRig, id = 0): NorthDevice {
  const device = rig.driver.session.open(id, ECHO_VERSION);
  if (typeof device === 'number') throw new Error(`DEVOPEN answers ${device}`);
  return device;
}

describe('The north side', () => {
  it('takes any number of events, some at a time', () => {
    const rig = started();
    for (let i = 0; i < 300; i++) rig.plug(`more-${i}`);
    expect(rig.driver.session.devices.size).toBe(1);
    expect(rig.settle()).toBe(true);
    expect(rig.driver.session.devices.size).toBe(301);
    expect(rig.bridge.counters.events.delayed).toBe(0);
  });

  it('frees what it lent when the host says SHMCLOSE, and not before', () => {
    const rig = started();
    const { arena } = rig.driver.session;
    const before = arena.free;
    for (let i = 0; i < 50; i++) {
      const device = opened(rig);
      expect(typeof device.ioq(1, 64)).toBe('object');
      expect(typeof device.shmWithSignal(2, 64, 0)).toBe('object');
      expect(typeof device.shm(3, 4096)).toBe('object');
      expect(device.close()).toBe(0);
      expect(arena.free).toBeLessThan(before);
      rig.settle();
      expect(arena.free).toBe(before);
    }
  });

  it('gives memory back that the host refuses', () => {
    const rig = started();
    const device = opened(rig);
    expect(typeof device.shmWithSignal(1, 64, 0)).toBe('object');
    const { arena } = rig.driver.session;
    const before = arena.free;
    expect(device.shmWithSignal(1, 64, 0)).toBeLessThan(0);
    expect(device.ioq(1, 16)).toBeLessThan(0);
    expect(device.shm(1, 100)).toBeLessThan(0);
    expect(device.ioq(2, 4096)).toBe(-EINVAL);
    expect(arena.free).toBe(before);
    expect(device.shm(3, RIG_MEMORY)).toBe(-ENOMEM);
    expect(device.call(0, new Uint8Array(RIG_MEMORY))).toBe(-ENOMEM);
  });

  it('does not hear of a device that it has closed', () => {
    const rig = started();
    const device = opened(rig);
    const shared = device.shmWithSignal(1, 64, 0);
    if (typeof shared === 'number') throw new Error(`DEVSHM answers ${shared}`);
    shared.signal.onSignal = () => expect.unreachable();
    shared.signal.enable();
    expect(device.call(ECHO_RING)).toBe(0);
    device.close();
    rig.settle();
    expect(shared.signal.closed).toBe(true);
  });

  it('says −ENOMEM without memory, and −EIO to a host of another version', () => {
    const rig = new BridgeRig();
    const defer = (): void => undefined;
    const wire = { bridgeCall: () => 2, busCall: () => 0, kick: () => undefined, signal: () => undefined };
    const arena = new NorthArena(new MappedMemory(rig.ram), 0, 4096);
    const session = new NorthSession({ wire, arena, defer });
    expect(session.negotiate()).toBe(-EIO);
    expect(session.register()).toBe(-ENOMEM);
    for (const events of [0, 2049, 1.5]) expect(() => new NorthSession({ wire, arena, defer, events })).toThrow(ConfigurationError);
  });
});
