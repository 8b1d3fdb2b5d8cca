import { describe, expect, it } from 'vitest';
import {
  allSetups,
  isInvalid,
  isValid,
  VENET_BRIDGE,
  VENET_HYPERCALL,
  VIRTIO_PCI_MSIX,
  VIRTIO_VBUS_BRIDGE,
  VIRTIO_VBUS_HYPERCALL,
} from './matrix.ts';
import { percentiles } from './measuring.ts';
import { type CardSetup, pointName } from './point.ts';

describe('The matrix', () => {
  const NAMED = [VIRTIO_PCI_MSIX, VIRTIO_VBUS_BRIDGE, VIRTIO_VBUS_HYPERCALL, VENET_BRIDGE, VENET_HYPERCALL];

  it('holds the set-ups that have names', () => {
    for (const setup of NAMED) expect(isInvalid(setup)).toBeUndefined();
    expect(allSetups()).toEqual(expect.arrayContaining(NAMED));
  });

  it('holds each set-up once, under a name of its own', () => {
    const names = allSetups('poll:20us:3').map((card) =>
      pointName({ driver: 'model', card, cards: 1, workload: { kind: 'probe' }, profile: '2009' }),
    );
    expect(new Set(names).size).toBe(names.length);
    // PCI: 4 interrupts × 2 doorbells × 3 suppressions; a vbus: (2 × 2 by the bridge + 1) × 2 × (3 with virtio, 1 with venet); three places.
    expect(names.length).toBe(3 * (24 + 5 * 2 * 4));
  });

  it.each([
    [VENET_BRIDGE, { bus: 'pci' }],
    [VENET_BRIDGE, { wire: undefined }],
    [VENET_BRIDGE, { suppression: 'event-idx' }],
    [VENET_BRIDGE, { interrupts: 'msix' }],
    [VENET_BRIDGE, { doorbell: 'hypercall' }],
    [VIRTIO_VBUS_BRIDGE, { suppression: 'none' }],
    [VIRTIO_VBUS_HYPERCALL, { interrupts: 'msi' }],
    [VIRTIO_VBUS_HYPERCALL, { doorbell: 'port' }],
    [VIRTIO_PCI_MSIX, { suppression: 'shm-signal' }],
    [VIRTIO_PCI_MSIX, { interrupts: 'vector' }],
    [VIRTIO_PCI_MSIX, { wire: 'pci' }],
    [VIRTIO_PCI_MSIX, { aggregation: true }],
    [VIRTIO_PCI_MSIX, { mitigation: 'sometimes' }],
  ] as const)('says why %o cannot have %o', (setup, change) => {
    const changed = { ...setup, ...change } as CardSetup;
    expect(isValid(changed)).toBe(false);
    expect(isInvalid(changed)).toMatch(/^.+$/);
  });
});

describe('Percentiles', () => {
  it('are samples, by nearest rank', () => {
    const samples = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(percentiles(samples)).toEqual({ count: 200, median: 100, percentile99: 198, longest: 200 });
    expect(percentiles([7])).toEqual({ count: 1, median: 7, percentile99: 7, longest: 7 });
  });
});
