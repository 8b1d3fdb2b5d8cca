import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { featureSet, VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1 } from '../features.ts';
import { MAX_QUEUE_SIZE } from '../queue/layout.ts';
import { GuestArena, NetRig, plainFrame, SplitRingDriver } from '../testing.ts';
import { COMMON_CFG } from './pci-registers.ts';

const VERSION_1 = featureSet(VIRTIO_F_VERSION_1);
const NEEDS_RESET = 0x40;
const DRIVER_OK = 0x4;

describe('[virtio 1.2 §4.1.5.1.3] Virtqueue Configuration', () => {
  it('VQ-20: takes a power of two up to the maximum as queue size and ignores everything else', () => {
    const { pci } = new NetRig();
    for (const size of [0, 3, 100, 512, 0x8000, 0xffff]) {
      pci.set('queueSize', size);
      expect(pci.get('queueSize')).toBe(256);
    }
    pci.write(pci.common + COMMON_CFG.fields.queueSize.offset, 4, 0x1_0000);
    expect(pci.get('queueSize')).toBe(256);
    for (const size of [1, 2, 128, 256]) {
      pci.set('queueSize', size);
      expect(pci.get('queueSize')).toBe(size);
    }
    const largest = new NetRig({ queueSize: MAX_QUEUE_SIZE });
    expect(largest.pci.get('queueSize')).toBe(32768);
  });

  it('VQ-21: ignores size and addresses that are written while the queue is enabled', () => {
    const rig = new NetRig();
    const driver = rig.start();
    rig.pci.set('queueSelect', 1);
    const before = rig.pci.snapshot();
    rig.pci.set('queueSize', 2);
    rig.pci.writeLayout({ layout: { size: 2, descriptors: 0x10, available: 0x20, used: 0x40 } });
    rig.pci.set('queueEnable', 0);
    expect(rig.pci.snapshot()).toEqual(before);
    expect(driver.send(plainFrame(60))?.written).toBe(0);
  });

  it('VQ-22: does not enable a queue whose addresses were never set, or before FEATURES_OK, or after DRIVER_OK', () => {
    const rig = new NetRig();
    const { pci } = rig;
    pci.negotiate(VERSION_1);
    pci.set('queueEnable', 1);
    expect(pci.get('queueEnable')).toBe(0);
    pci.reset();
    pci.set('deviceStatus', 3);
    const ring = new SplitRingDriver({ memory: rig.slot.memory, arena: pci.arena, size: 256 });
    pci.writeLayout(ring);
    pci.set('queueEnable', 1);
    expect(pci.get('queueEnable')).toBe(0);
    rig.start();
    pci.set('queueSelect', 2);
    pci.set('queueSize', 64);
    pci.writeLayout(new SplitRingDriver({ memory: rig.slot.memory, arena: pci.arena, size: 64 }));
    pci.set('queueEnable', 1);
    expect(pci.get('queueEnable')).toBe(0);
  });

  it('VQ-22: a size that was never set is the maximum', () => {
    expect(new NetRig().start().transmitQueue.size).toBe(256);
  });

  it('VQ-22: a notification before the queue is enabled, or after a reset, does nothing', () => {
    const rig = new NetRig();
    rig.pci.forceKick(1);
    rig.pci.negotiate(VERSION_1);
    rig.pci.forceKick(1);
    const driver = rig.start();
    rig.pci.reset();
    driver.transmitQueue.add([{ address: 0x8000, length: 72 }]);
    rig.pci.forceKick(1);
    expect(rig.device.counters.txFrames).toBe(0);
    expect(driver.transmitQueue.usedIndex).toBe(0);
  });

  it('VQ-23: does not enable a queue with misaligned areas', () => {
    const rig = new NetRig();
    for (const [area, wrong] of [
      ['descriptors', 8],
      ['available', 1],
      ['used', 2],
    ] as const) {
      rig.pci.negotiate(VERSION_1);
      rig.pci.set('queueSelect', 1);
      const { layout } = new SplitRingDriver({ memory: rig.slot.memory, arena: rig.pci.arena, size: 256 });
      rig.pci.writeLayout({ layout: { ...layout, [area]: layout[area] + wrong } });
      rig.pci.set('queueEnable', 1);
      expect(rig.pci.get('queueEnable')).toBe(0);
    }
  });

  it('VQ-18: does not enable a queue with areas outside RAM, above 2^53, or in the device', () => {
    const rig = new NetRig();
    for (const used of [rig.slot.memory.size, 2 ** 40, rig.pci.common, 2 ** 54, 2 ** 64 - 4096]) {
      rig.pci.negotiate(VERSION_1);
      rig.pci.set('queueSelect', 1);
      const { layout } = new SplitRingDriver({ memory: rig.slot.memory, arena: rig.pci.arena, size: 256 });
      rig.pci.writeLayout({ layout: { ...layout, used } });
      rig.pci.set('queueEnable', 1);
      expect(rig.pci.get('queueEnable'), `${used}`).toBe(0);
    }
  });

  it('serves buffers that were made available before DRIVER_OK', () => {
    const rig = new NetRig();
    rig.pci.negotiate(VERSION_1);
    rig.pci.setUpQueue(0);
    const ring = rig.pci.setUpQueue(1);
    ring.add([{ address: 0x8000, length: 72 }]);
    rig.pci.kick(1);
    expect(ring.usedIndex).toBe(0);
    rig.pci.driverOk();
    expect(ring.usedIndex).toBe(1);
  });
});

describe('[virtio 1.2 §2.6.1] Virtqueue Reset', () => {
  it('VQ-25: resets a queue with a receive pending, and takes it back with another size', () => {
    const rig = new NetRig();
    const driver = rig.start([VIRTIO_F_RING_RESET], { receiveBuffers: 0 });
    expect(rig.port.deliver(plainFrame(60))).toBe(false);
    rig.pci.set('queueSelect', 0);
    rig.pci.set('queueReset', 1);
    expect([rig.pci.get('queueReset'), rig.pci.get('queueEnable'), rig.pci.get('queueSize')]).toEqual([0, 0, 256]);
    driver.receiveQueue.add([{ address: 0x8000, length: 2048, writable: true }]);
    rig.pci.forceKick(0);
    expect(driver.receiveQueue.usedIndex).toBe(0);
    const ring = rig.pci.setUpQueue(0, { size: 16 });
    expect([rig.pci.get('queueEnable'), ring.size]).toEqual([1, 16]);
    ring.add([{ address: 0x8000, length: 2048, writable: true }]);
    rig.pci.kick(0);
    expect(ring.reap()).toEqual([{ head: 0, written: 72 }]);
    expect(rig.port.waiting).toBe(0);
  });

  it('VQ-25: gives up the frame of a transmit queue that is reset while the port is busy', () => {
    const rig = new NetRig();
    rig.port.room = 0;
    const driver = rig.start([VIRTIO_F_RING_RESET]);
    driver.send(plainFrame(60));
    rig.pci.set('queueSelect', 1);
    rig.pci.set('queueReset', 1);
    rig.port.open();
    expect(rig.port.sent).toHaveLength(0);
    expect(driver.transmitQueue.usedIndex).toBe(0);
    const ring = rig.pci.setUpQueue(1);
    ring.add([{ address: 0x8000, length: 72 }]);
    rig.pci.kick(1);
    expect(rig.port.sent).toHaveLength(1);
  });

  it('VQ-25: ignores queue_reset when it was not negotiated', () => {
    const rig = new NetRig();
    rig.start();
    rig.pci.set('queueSelect', 1);
    rig.pci.set('queueReset', 1);
    expect(rig.pci.get('queueEnable')).toBe(1);
  });
});

describe('[virtio 1.2 §2.1.2] Device Requirements: Device Status Field', () => {
  it('TP-21: a buffer in the device itself is refused: no recursion, a reset is needed, then it works', () => {
    const rig = new NetRig();
    for (const [queue, writable] of [
      [0, true],
      [1, false],
    ] as const) {
      for (const target of [rig.pci.notify, rig.pci.common, rig.pci.msixBase]) {
        const driver = rig.start([], { receiveBuffers: 0 });
        (queue === 0 ? driver.receiveQueue : driver.transmitQueue).add([{ address: target, length: 100, writable }]);
        rig.pci.forceKick(queue);
        rig.port.deliver(plainFrame(60));
        expect(rig.pci.status).toBe(0xf | NEEDS_RESET);
        expect(rig.pci.readIsr() & 2).toBe(2);
        expect(rig.events.at(-1)).toMatchObject({ kind: 'needs-reset' });
      }
    }
    const driver = rig.start();
    driver.send(plainFrame(60));
    rig.port.deliver(plainFrame(60));
    expect([rig.port.sent.length, driver.receive().length]).toEqual([1, 1]);
  });

  it('does nothing more in a queue after it needed a reset', () => {
    const rig = new NetRig();
    const driver = rig.start();
    driver.transmitQueue.offer(0xffff);
    rig.pci.forceKick(1);
    expect(rig.pci.status & (NEEDS_RESET | DRIVER_OK)).toBe(NEEDS_RESET | DRIVER_OK);
    rig.port.deliver(plainFrame(60));
    expect(driver.receiveQueue.usedIndex).toBe(0);
  });

  it('works with rings and buffers above 4 GiB', () => {
    const memory = new Ram(new ArrayBuffer(8 << 20), [
      { address: 0, size: 1 << 20, offset: 0 },
      { address: 2 ** 33, size: 7 << 20, offset: 1 << 20 },
    ]);
    const arena = new GuestArena(2 ** 33, 2 ** 33 + (7 << 20));
    const rig = new NetRig({ memory, driver: { arena } });
    const driver = rig.start();
    driver.send(plainFrame(60));
    rig.port.deliver(plainFrame(60));
    expect([rig.port.sent[0]?.frame, driver.receive()[0]?.frame]).toEqual([plainFrame(60), plainFrame(60)]);
  });
});
