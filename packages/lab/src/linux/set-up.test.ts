import { createPc } from '@paravirt/machine';
import { describe, expect, it } from 'vitest';
import { profiles } from '../cost/profiles.ts';
import { allSetups, VENET_BRIDGE, VENET_HYPERCALL, VIRTIO_PCI_MSIX, VIRTIO_VBUS_BRIDGE } from '../matrix.ts';
import type { Point, Workload } from '../point.ts';
import { machinePrices } from './machine-prices.ts';
import { machineSetup, whyNotLinux } from './set-up.ts';

const point = (workload: Workload, change: Partial<Point> = {}): Point => ({
  driver: 'linux',
  card: VIRTIO_PCI_MSIX,
  cards: 1,
  workload,
  profile: '2009',
  ...change,
});
const PROBE = { kind: 'probe' } as const;

describe('A card set-up in the words of the machine', () => {
  it('is a machine’s for each of the matrix that a Linux guest can be measured with', () => {
    const setups = allSetups('timer:50us').filter((card) => whyNotLinux(point(PROBE, { card })) === undefined);
    expect(setups.length).toBeGreaterThan(40);
    for (const card of setups) {
      const { net, options } = machineSetup(card);
      // checkOptions is what createPc begins with, so that no machine has to be made: this memory is refused last.
      const connect = (): never => {
        throw new Error('connected');
      };
      const make = (): unknown =>
        createPc({ memory: 16 << 20, boot: { bios: new Uint8Array(16) }, nets: [{ ...net, connect }], ...options });
      expect(make, JSON.stringify(card)).toThrow('connected');
    }
  });

  it('gives a card on PCI its own words, and a connector those of a vbus', () => {
    expect(machineSetup(VIRTIO_PCI_MSIX)).toMatchObject({
      net: { model: 'virtio-net', bus: 'pci', interrupts: 'msix', doorbell: 'mmio', suppression: 'event-idx', place: 'inline' },
      options: {},
    });
    expect(machineSetup({ ...VENET_BRIDGE, interrupts: 'intx', aggregation: false })).toEqual({
      net: { model: 'venet', bus: 'vbus', wire: 'pci', mitigation: expect.anything(), place: 'inline' },
      options: { vbus: ['pci'], vbusOptions: { aggregation: false, doorbell: 'port', interrupts: 'intx' } },
    });
    expect(machineSetup(VENET_HYPERCALL).options).toEqual({ vbus: ['hypercall'], vbusOptions: { aggregation: true } });
    expect(machineSetup({ ...VIRTIO_VBUS_BRIDGE, suppression: 'flags' }).net).toMatchObject({ suppression: 'flags' });
  });

  it('is refused where words do not go together', () => {
    expect(() => machineSetup({ ...VIRTIO_PCI_MSIX, interrupts: 'vector' })).toThrow('neither a vector nor a hypercall');
    expect(() => machineSetup({ ...VENET_BRIDGE, doorbell: 'hypercall' })).toThrow('a doorbell in a BAR');
    expect(() => machineSetup({ ...VIRTIO_PCI_MSIX, place: 'worker' })).toThrow('no worker');
  });
});

describe('Why a point has no Linux guest', () => {
  it('is said in a line', () => {
    const bulk = { kind: 'bulk', direction: 'down', bytes: 1000, frame: 1514 } as const;
    expect(whyNotLinux(point(bulk))).toBeUndefined();
    const reasons = [
      point(bulk, { card: { ...VIRTIO_PCI_MSIX, place: 'worker' } }),
      point(bulk, { card: { ...VIRTIO_PCI_MSIX, interrupts: 'msi' } }),
      point({ ...bulk, frame: 100 }),
      point({ ...bulk, bytes: 2 ** 31 }),
      point({ kind: 'packets', direction: 'up', count: 1, size: 3 }),
      point({ kind: 'packets', direction: 'up', count: 1e6, size: 64 }),
      point({ kind: 'request-response', count: 1, size: 9000 }),
      point({ kind: 'hotplug', cycles: 2 }, { cards: 2 }),
    ].map(whyNotLinux);
    for (const reason of reasons) expect(reason).toMatch(/^[^\n]+$/);
    expect(new Set(reasons).size).toBe(7);
  });
});

describe('A cost profile as prices of the machine', () => {
  it('adds what the machine has no word for', () => {
    const profile = profiles.get('2009');
    if (profile === undefined) throw new Error('no profile');
    const inline = machinePrices(profile, { place: 'inline' });
    expect(inline.exits.halt).toBe(profile.exits.halt + profile.guestWake);
    expect(inline.frame).toBe(profile.hostFrame);
    expect(machinePrices(profile, { place: 'deferred' }).frame).toBe(profile.hostFrame + profile.userFrame);
    expect(inline.exits.endOfInterrupt).toBe(profile.exits.endOfInterrupt);
    const posted = machinePrices({ ...profile, posted: true }, { place: 'inline' });
    expect([posted.exits.endOfInterrupt, posted.exits.interruptWindow]).toEqual([0, 0]);
  });
});
