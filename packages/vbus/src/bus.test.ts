import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { type BusDevice, type Vbus, VbusHost } from './bus.ts';
import type { DeviceInterface, VbusDevice } from './device.ts';
import { EBUSY, EEXIST, EINVAL, ENODEV, ENOENT, ENOTEMPTY } from './errno.ts';

/** A device with `types.length` interfaces on at most one bus; remembers what is done to it. */
class Probe implements VbusDevice {
  readonly attributes = [];
  readonly interfaces: readonly DeviceInterface[];
  readonly log: string[] = [];
  onBus = false;

  constructor(types: readonly string[]) {
    this.interfaces = types.map((type, i) => ({ name: `${i}`, type, connect: () => -ENODEV }));
  }

  busConnect(): number {
    if (this.onBus) return -EBUSY;
    this.onBus = true;
    this.log.push('connect');
    return 0;
  }

  busDisconnect(): void {
    this.onBus = false;
    this.log.push('disconnect');
  }

  release(): void {
    this.log.push('release');
  }
}

class Rig {
  readonly host = new VbusHost();
  readonly probes = new Map<string, Probe>();

  constructor() {
    const make =
      (types: readonly string[]) =>
      (name: string): Probe => {
        const probe = new Probe(types);
        this.probes.set(name, probe);
        return probe;
      };
    this.host.addClass({ name: 'one', create: make(['a']) });
    this.host.addClass({ name: 'two', create: make(['a', 'b']) });
    this.host.addClass({ name: 'none', create: () => -ENODEV });
    this.host.addClass({ name: 'bad', create: make(['no spaces']) });
    this.host.addClass({ name: 'long', create: make(['x'.repeat(128)]) });
    this.host.createBus('left');
    this.host.createBus('right');
  }

  bus(name: string): Vbus {
    return this.host.buses.get(name) as Vbus;
  }
}

describe('[vbus PCI-2, roles] The container', () => {
  it('makes devices of classes, and shells that get a class later, once', () => {
    const { host } = new Rig();
    expect(host.createDevice('d', 'one')).toBe(0);
    expect(host.createDevice('d', 'one')).toBe(-EEXIST);
    expect(host.createDevice('e', 'unknown')).toBe(-ENOENT);
    expect(host.createDevice('e', 'none')).toBe(-ENODEV);
    expect(host.createDevice('e', 'bad')).toBe(-EINVAL);
    expect(host.createDevice('e', 'long')).toBe(-EINVAL);
    expect(host.devices.has('e')).toBe(false);
    expect(host.createDevice('e')).toBe(0);
    expect(host.link('left', 'e')).toBe(-EINVAL);
    expect(host.setDeviceClass('e', 'unknown')).toBe(-ENOENT);
    expect(host.setDeviceClass('f', 'one')).toBe(-ENOENT);
    expect(host.setDeviceClass('e', 'two')).toBe(0);
    expect(host.setDeviceClass('e', 'one')).toBe(-EBUSY);
    expect(host.devices.get('e')?.className).toBe('two');
  });

  it('takes names of one path component only', () => {
    const { host } = new Rig();
    for (const name of ['', '.', '..', 'a/b', 'a b', '-a', 'x'.repeat(65), 'ä', 'a\n'])
      expect([host.createBus(name), host.createDevice(name)]).toEqual([-EINVAL, -EINVAL]);
    expect(() => host.addClass({ name: 'a/b', create: () => 0 })).toThrow(ConfigurationError);
    expect(() => host.addClass({ name: 'one', create: () => 0 })).toThrow(ConfigurationError);
  });

  it('removes what is not in use', () => {
    const { host, probes } = new Rig();
    host.createDevice('d', 'one');
    host.link('left', 'd');
    expect([host.removeDevice('d'), host.removeBus('left'), host.removeBus('none'), host.removeDevice('none')]).toEqual([
      -EBUSY,
      -ENOTEMPTY,
      -ENOENT,
      -ENOENT,
    ]);
    host.unlink('left', 'd');
    expect([host.removeDevice('d'), host.removeBus('left'), host.createBus('left'), host.createBus('right')]).toEqual([0, 0, 0, -EEXIST]);
    expect(probes.get('d')?.log).toEqual(['connect', 'disconnect', 'release']);
  });
});

describe('[vbus PCI-2, administration] A link', () => {
  it('gives each interface an id that counts up from 0 on its bus and is never used again', () => {
    const rig = new Rig();
    rig.host.createDevice('d', 'two');
    rig.host.createDevice('e', 'one');
    const ids: (readonly number[])[] = [];
    for (let i = 0; i < 3; i++) {
      rig.host.link('left', 'd');
      ids.push(rig.host.idsOf('left', 'd'));
      rig.host.unlink('left', 'd');
    }
    rig.host.link('left', 'e');
    rig.host.link('right', 'd');
    expect(ids).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect([rig.host.idsOf('left', 'e'), rig.host.idsOf('right', 'd'), rig.host.idsOf('right', 'e')]).toEqual([[6], [0, 1], []]);
  });

  it('is refused twice, for what is not there, and where the device says no', () => {
    const { host } = new Rig();
    host.createDevice('d', 'one');
    expect([host.link('none', 'd'), host.link('left', 'none'), host.unlink('left', 'd')]).toEqual([-ENOENT, -ENOENT, -ENOENT]);
    expect([host.link('left', 'd'), host.link('left', 'd'), host.link('right', 'd')]).toEqual([0, -EEXIST, -EBUSY]);
    expect([host.unlink('right', 'd'), host.unlink('none', 'd'), host.unlink('left', 'd'), host.link('right', 'd')]).toEqual([
      -ENOENT,
      -ENOENT,
      0,
      0,
    ]);
  });

  it('tells who listens to that bus, and nobody else', () => {
    const rig = new Rig();
    const heard: string[] = [];
    const listen = (name: string): (() => void) =>
      rig.bus(name).subscribe({
        added: ({ id, interface: { type } }: BusDevice) => void heard.push(`${name} +${id} ${type}`),
        dropped: ({ id }: BusDevice) => void heard.push(`${name} -${id}`),
      });
    const stop = listen('left');
    listen('right');
    rig.host.createDevice('d', 'two');
    rig.host.link('left', 'd');
    rig.host.unlink('left', 'd');
    stop();
    rig.host.link('left', 'd');
    rig.host.unlink('left', 'd');
    rig.host.link('right', 'd');
    expect(heard).toEqual(['left +0 a', 'left +1 b', 'left -0', 'left -1', 'right +0 a', 'right +1 b']);
    expect([...rig.bus('right').devices.keys()]).toEqual([0, 1]);
    rig.bus('right').drop(17);
  });
});
