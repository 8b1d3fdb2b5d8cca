import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { featureSet, VIRTIO_F_VERSION_1 } from '../features.ts';
import { PciDriver, PciSlot } from '../testing.ts';
import { VirtioPci } from '../transport/pci.ts';
import { RNG_CLASS_CODE, VirtioRng } from './virtio-rng.ts';

function rig() {
  const device = new VirtioRng({ fill: (into) => void into.fill(0x5a) });
  const card = new VirtioPci({ device, classCode: RNG_CLASS_CODE });
  const slot = new PciSlot(card.function, new Ram(new ArrayBuffer(1 << 20)));
  const pci = new PciDriver(slot);
  pci.negotiate(featureSet(VIRTIO_F_VERSION_1));
  const ring = pci.setUpQueue(0);
  pci.driverOk();
  return { slot, pci, ring };
}

describe('[virtio 1.2 §5.4.6] Entropy device: Device Operation', () => {
  it('fills what it is given and says how much', () => {
    const { slot, pci, ring } = rig();
    ring.add([
      { address: 0x8000, length: 3, writable: true },
      { address: 0x8010, length: 2, writable: true },
    ]);
    pci.kick(0);
    expect(ring.reap()).toEqual([{ head: 0, written: 5 }]);
    expect([slot.memory.readU32(0x8000), slot.memory.readU32(0x8010)]).toEqual([0x005a_5a5a, 0x5a5a]);
    expect(slot.intx.high).toBe(true);
  });

  it('DEV-01: gives no more than 64 KiB for one request', () => {
    const { pci, ring } = rig();
    ring.add(Array.from({ length: 8 }, () => ({ address: 0x8000, length: 0x8_0000, writable: true })));
    pci.kick(0);
    expect(ring.reap()).toEqual([{ head: 0, written: 65536 }]);
  });

  it('returns a request without room unwritten', () => {
    const { pci, ring } = rig();
    ring.add([{ address: 0x8000, length: 3 }]);
    pci.kick(0);
    expect(ring.reap()).toEqual([{ head: 0, written: 0 }]);
  });

  it('has no configuration of its own, and needs its queue', () => {
    const { pci } = rig();
    expect(pci.config).toBe(0);
    pci.negotiate(featureSet(VIRTIO_F_VERSION_1));
    pci.driverOk();
    expect(pci.status & 0x40).toBe(0x40);
  });
});
