import { ConfigurationError } from '@paravirt/bus';
import { type EthernetPort, portPair } from '@paravirt/net-backend';
import { HOTPLUG_EJECT } from '@paravirt/pci';
import { EEXIST, EINVAL, ENODEV, ENOENT } from '@paravirt/vbus';
import { describe, expect, it } from 'vitest';
import type { VbusOptions } from './card-options.ts';
import { type Host, platformHost } from './host.ts';
import { createPc, type Pc } from './pc.ts';
import type { NetOptions, PcOptions } from './pc-options.ts';

const bios = new Uint8Array(16).fill(0xf4);
const connect = (): EthernetPort => portPair()[0];
const machine = (nets: readonly NetOptions[], options: Partial<PcOptions> = {}): Pc =>
  createPc({ memory: 16 * 2 ** 20, boot: { bios }, time: { mode: 'deterministic' }, nets, ...options });

const THREE: readonly NetOptions[] = [
  { connect },
  { connect, model: 'venet' },
  { connect, bus: 'vbus' },
  { connect, model: 'venet', wire: 'hypercall' },
];
const places = (pc: Pc) => pc.cards.list.map(({ name, model, bus, place }) => [name, model, bus, place]);

describe('Network cards', () => {
  it('are on the bus and the wire that the options say', () => {
    const pc = machine(THREE);
    expect(places(pc)).toEqual([
      ['net0', 'virtio-net', 'pci', '00:01.0'],
      ['net1', 'venet', 'vbus', 'pci/0'],
      ['net2', 'virtio-net', 'vbus', 'pci/1'],
      ['net3', 'venet', 'vbus', 'hypercall/0'],
    ]);
    expect(pc.pci.functions.map(({ name }) => name)).toEqual(['host bridge', 'virtio-net net0', 'vbus-bridge']);
    expect(pc.exits.toJSON().connectors.map(({ connector, bus }) => [connector, bus])).toEqual([
      ['vbus-bridge', 'pci'],
      ['vbus-hypercalls', 'hypercall'],
    ]);
    const macs = pc.cards.list.map(({ device }) => device.mac[5]);
    expect(macs).toEqual([0x56, 0x57, 0x58, 0x59]);
  });

  it('bring a bridge and hypercalls only if one of them needs it, or the options ask for it', () => {
    const without = machine([{ connect }]);
    expect(without.pci.functions).toHaveLength(2);
    expect(without.exits.toJSON().connectors).toEqual([]);
    expect([...machine([], { vbus: ['hypercall'] }).vbus.buses.keys()]).toEqual(['hypercall']);
    expect(machine([], { vbus: ['pci'] }).pci.functions.map(({ name }) => name)).toEqual(['host bridge', 'vbus-bridge']);
  });

  it('take the first slots of PCI, whatever stands between them', () => {
    expect(places(machine([{ connect, model: 'venet' }, { connect }, { connect }])).map(([, , , place]) => place)).toEqual([
      'pci/0',
      '00:01.0',
      '00:02.0',
    ]);
  });

  it('that do not exist are refused', () => {
    const refused = (net: NetOptions): string => {
      try {
        machine([net]);
      } catch (error) {
        if (error instanceof ConfigurationError) return error.code;
        throw error;
      }
      return 'taken';
    };
    expect(refused({ connect, model: 'venet', bus: 'pci' })).toBe('no-such-card');
    expect(refused({ connect, wire: 'hypercall' })).toBe('no-such-card');
    expect(refused({ connect, bus: 'vbus', mac: new Uint8Array(6) })).toBe('bad-mac');
  });

  it('have a cable', () => {
    const pc = machine(THREE);
    for (const card of pc.cards.list) {
      card.linkUp = false;
      expect([card.linkUp, card.device.linkUp]).toEqual([false, false]);
    }
  });

  it('report what they did, without a quotient before the first frame', () => {
    const [port, far] = portPair();
    const pc = machine([{ connect: () => port }, ...THREE]);
    far.transmit(new Uint8Array(60));
    expect(pc.exits.toJSON().cards[0]).toMatchObject({ card: 'net0', frames: { transmitted: 0, received: 0 }, perFrame: undefined });
    expect(pc.exits.toJSON().cards.map(({ model, wire }) => [model, wire])).toEqual([
      ['virtio-net', undefined],
      ['virtio-net', undefined],
      ['venet', 'pci'],
      ['virtio-net', 'pci'],
      ['venet', 'hypercall'],
    ]);
  });
});

describe('Options of cards', () => {
  it('reach the card and its report', () => {
    const pc = machine([
      { connect, interrupts: 'intx', doorbell: 'port', suppression: 'flags', place: 'deferred' },
      { connect, interrupts: 'msix-shared', mitigation: { kind: 'timer', ns: 50_000 } },
      { connect, bus: 'vbus', suppression: 'shm-signal', mitigation: { kind: 'packets', count: 4, ns: 50_000 } },
      { connect, model: 'venet', place: 'deferred' },
    ]);
    expect(pc.exits.toJSON().cards.map(({ options }) => options)).toEqual([
      { interrupts: 'intx', doorbell: 'port', suppression: 'flags', mitigation: 'none', place: 'deferred' },
      { interrupts: 'msix-shared', doorbell: 'mmio', suppression: 'event-idx', mitigation: 'timer:50us', place: 'inline' },
      { suppression: 'shm-signal', mitigation: 'packets:4:50us', place: 'inline' },
      { suppression: 'shm-signal', mitigation: 'none', place: 'deferred' },
    ]);
    const [, first = '', second = ''] = pc.pci.describe().split(/(?=^00:)/m);
    expect(first).toContain('BAR4 io');
    expect(first).not.toContain('BAR2');
    expect(second).toContain('BAR2 memory32');
    expect(second).not.toContain('BAR4');
  });

  it('of connectors reach the bridge', () => {
    const bridge = (vbusOptions: VbusOptions): string => {
      const described = machine([], { vbus: ['pci'], vbusOptions }).pci.describe();
      return described.slice(described.indexOf('vbus-bridge'));
    };
    expect(bridge({})).toMatch(/BAR1 io/);
    expect(bridge({ doorbell: 'mmio', interrupts: 'intx', aggregation: false })).toMatch(/BAR1 memory32/);
  });

  it('that do not go together are refused, also of a card that comes later or that an administrator makes', () => {
    const bad: NetOptions = { connect, bus: 'vbus', interrupts: 'msi' };
    expect(() => machine([bad])).toThrow('interrupts msi: a card on a vbus has those of its connector');
    const pc = machine([], { vbus: ['pci'], plug: () => bad });
    expect(() => pc.cards.add(bad)).toThrow('interrupts msi');
    expect(pc.vbus.createDevice('x', 'virtio-net')).toBe(-EINVAL);
    expect(() => machine([], { vbusOptions: { aggregation: false } })).toThrow('no vbus whose interrupts could be aggregated');
  });
});

describe('A network that is in this process', () => {
  it('lets a guest of the deterministic mode wait without real time, if the options say so', async () => {
    const slept: number[] = [];
    const platform = platformHost();
    const host: Host = {
      ...platform,
      sleep: (ms) => {
        slept.push(ms);
        return platform.sleep(0);
      },
    };
    const waits = async (options: Partial<PcOptions>): Promise<bigint> => {
      const pc = machine([{ connect }], { host, ...options });
      pc.clock.schedule(10_000_000_000n, () => pc.stop());
      await pc.run();
      return pc.clock.now();
    };
    expect(await waits({ attended: false })).toBe(10_000_000_000n);
    expect(slept).toEqual([]);
    expect(await waits({})).toBe(10_000_000_000n);
    expect(slept.length).toBeGreaterThan(0);
  });
});

describe('A card that comes and goes', () => {
  it('on PCI is given back by the guest, and disconnected then', () => {
    const pc = machine([]);
    let gone = 0;
    const card = pc.cards.add({ connect, disconnect: () => gone++ });
    expect(card.place).toBe('00:01.0');
    expect(pc.cards.remove(card.name)).toBe('requested');
    expect([gone, pc.cards.list.length]).toEqual([0, 1]);
    // The guest's eject, as its ACPI method writes it.
    pc.hotplug.write(HOTPLUG_EJECT, 4, 1 << 1);
    expect([gone, pc.cards.list.length, pc.pci.functions.length]).toEqual([1, 0, 1]);
    expect(pc.cards.remove(card.name)).toBe('unknown');
  });

  it('on PCI can be pulled', () => {
    const pc = machine([{ connect }]);
    expect(pc.cards.remove('net0', true)).toBe('removed');
    expect(pc.cards.list).toEqual([]);
  });

  it('on a vbus goes at once, and its number is not used again', () => {
    const pc = machine([], { vbus: ['pci'] });
    let gone = 0;
    for (const id of [0, 1]) {
      const card = pc.cards.add({ connect, model: 'venet', disconnect: () => gone++ });
      expect([card.name, card.place]).toEqual([`net${id}`, `pci/${id}`]);
      expect(pc.cards.remove(card.name)).toBe('removed');
      expect(gone).toBe(id + 1);
    }
    expect(pc.vbus.devices.size).toBe(0);
  });

  it('needs its wire and a slot', () => {
    const pc = machine([]);
    expect(() => pc.cards.add({ connect, model: 'venet' })).toThrow('no vbus on the wire pci');
    for (let slot = 1; slot < 32; slot++) pc.cards.add({ connect });
    expect(() => pc.cards.add({ connect })).toThrow('all slots of the bus are taken');
  });
});

describe('A card that an administrator makes', () => {
  it('is a device of a class, enabled and linked by him', () => {
    let gone = 0;
    const pc = machine([], { vbus: ['pci'], plug: (name) => (name === 'office' ? { connect, disconnect: () => gone++ } : undefined) });
    const { vbus } = pc;
    expect(vbus.createDevice('office')).toBe(0);
    expect(pc.cards.list).toEqual([]);
    expect(vbus.setDeviceClass('office', 'venet-tap')).toBe(0);
    expect(places(pc)).toEqual([['office', 'venet', 'vbus', undefined]]);
    expect(vbus.link('pci', 'office')).toBe(0);
    expect(pc.cards.find('office')?.place).toBe('pci/0');
    expect(vbus.unlink('pci', 'office')).toBe(0);
    expect(vbus.removeDevice('office')).toBe(0);
    expect([pc.cards.list.length, gone]).toEqual([0, 1]);
  });

  it('is refused where nothing can be plugged in, or the name is that of another card', () => {
    const pc = machine([{ connect }], {
      vbus: ['pci'],
      plug: (name) => (name === 'bad' ? { connect, mac: new Uint8Array(6) } : name === 'none' ? undefined : { connect }),
    });
    expect(pc.vbus.createDevice('none', 'venet-tap')).toBe(-ENODEV);
    expect(pc.vbus.createDevice('bad', 'virtio-net')).toBe(-EINVAL);
    expect(pc.vbus.createDevice('net0', 'virtio-net')).toBe(-EEXIST);
    expect(pc.vbus.createDevice('good', 'unknown-class')).toBe(-ENOENT);
    expect(machine([]).vbus.createDevice('a', 'venet-tap')).toBe(-ENODEV);
  });

  it('may take a name that a later card would have had', () => {
    const pc = machine([], { vbus: ['pci'], plug: () => ({ connect }) });
    expect(pc.vbus.createDevice('net1', 'venet-tap')).toBe(0);
    expect(pc.cards.add({ connect }).name).toBe('net2');
  });
});
