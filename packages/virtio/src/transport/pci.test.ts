import { Ram, type Width } from '@paravirt/bus';
import { COMMAND_BUS_MASTER, COMMAND_MEMORY_SPACE, MSIX_ENABLE, MSIX_FUNCTION_MASK } from '@paravirt/pci';
import { describe, expect, it } from 'vitest';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1 } from '../features.ts';
import { MAX_QUEUE_SIZE } from '../queue/layout.ts';
import { GuestArena, NetRig, plainFrame, SplitRingDriver } from '../testing.ts';
import { COMMON_CFG, type CommonRegister, VIRTIO_MSI_NO_VECTOR } from './pci-registers.ts';

const VERSION_1 = featureSet(VIRTIO_F_VERSION_1);
const NEEDS_RESET = 0x40;
const DRIVER_OK = 0x4;
const FEATURES_OK = 0x8;
const COMMAND = 4;
const STATUS = 6;
const WIDTHS = [1, 2, 4] as const;

/** Every stored field of the common configuration. */
const common = (rig: NetRig): Record<string, number> =>
  Object.fromEntries(
    (Object.keys(COMMON_CFG.fields) as CommonRegister[])
      .filter((name) => name !== 'deviceFeature')
      .map((name) => [name, rig.pci.get(name)]),
  );

describe('[virtio 1.2 §4.1.4.3] Common configuration structure layout', () => {
  it('TP-01: feature windows beyond 64 bits read zero and ignore writes', () => {
    const { pci } = new NetRig();
    pci.writeFeatures(VERSION_1);
    for (const select of [2, 4, 0x8000_0000, 0xffff_ffff]) {
      pci.set('deviceFeatureSelect', select);
      expect(pci.get('deviceFeature')).toBe(0);
      expect(pci.get('deviceFeatureSelect')).toBe(select);
      pci.set('driverFeatureSelect', select);
      pci.set('driverFeature', 0xffff_ffff);
      expect(pci.get('driverFeature')).toBe(0);
    }
    expect(pci.chosen()).toBe(VERSION_1);
  });

  it('TP-02: a queue that does not exist has size 0, no vector, and ignores writes', () => {
    const rig = new NetRig();
    const { pci } = rig;
    pci.negotiate(VERSION_1);
    for (const select of [3, 4, 0x7fff, 0xffff]) {
      pci.set('queueSelect', select);
      for (const register of ['queueSize', 'queueMsixVector', 'queueEnable', 'queueDescLow', 'queueDescHigh', 'queueReset'] as const)
        pci.set(register, 1);
      expect(pci.get('queueSize')).toBe(0);
      expect(pci.get('queueMsixVector')).toBe(VIRTIO_MSI_NO_VECTOR);
      expect([pci.get('queueEnable'), pci.get('queueDescLow'), pci.get('queueNotifyOff')]).toEqual([0, 0, 0]);
    }
    pci.set('queueSelect', 2);
    expect(pci.get('queueSize')).toBe(64);
    expect(pci.get('queueMsixVector')).toBe(VIRTIO_MSI_NO_VECTOR);
  });

  it('TP-04: FEATURES_OK reads back clear for a bit that was not offered or lacks its dependency', () => {
    const rig = new NetRig({ offloads: 'software' });
    expect(rig.pci.negotiate(VERSION_1 | featureSet(50))).toBe(false);
    expect(rig.pci.negotiate(VERSION_1 | featureSet(7))).toBe(false);
    expect(rig.events.filter(({ kind }) => kind === 'features-refused')).toHaveLength(2);
    rig.pci.writeFeatures(VERSION_1 | featureSet(7, 1));
    rig.pci.set('deviceStatus', 0xb);
    expect(rig.pci.status & FEATURES_OK).toBe(FEATURES_OK);
  });

  it('TP-05: ignores features that are written after FEATURES_OK', () => {
    const { pci } = new NetRig();
    pci.negotiate(VERSION_1 | featureSet(5));
    pci.writeFeatures(0n);
    expect(pci.chosen()).toBe(VERSION_1 | featureSet(5));
  });

  it('TP-06: DRIVER_OK without queues needs a reset and interrupts with a configuration change', () => {
    const rig = new NetRig();
    rig.pci.negotiate(VERSION_1);
    rig.pci.driverOk();
    expect(rig.pci.status).toBe(0xf | NEEDS_RESET);
    expect(rig.slot.intx.high).toBe(true);
    expect(rig.pci.readIsr()).toBe(2);
    expect(rig.start().send(plainFrame(60))?.written).toBe(0);
  });

  it('TP-06: a driver that starts without bus mastering needs a reset', () => {
    const rig = new NetRig();
    rig.pci.negotiate(VERSION_1);
    rig.pci.setUpQueue(0);
    rig.pci.setUpQueue(1);
    rig.pci.writePci(COMMAND, 2, COMMAND_MEMORY_SPACE);
    rig.pci.driverOk();
    expect(rig.pci.status & NEEDS_RESET).toBe(NEEDS_RESET);
  });

  it('TP-07: a reset in every state leaves the state of power-on', () => {
    const fresh = common(new NetRig());
    const stages: ((rig: NetRig) => void)[] = [
      () => undefined,
      (rig) => rig.pci.set('deviceStatus', 1),
      (rig) => rig.pci.set('deviceStatus', 3),
      (rig) => void rig.pci.negotiate(VERSION_1 | featureSet(VIRTIO_F_EVENT_IDX)),
      (rig) => void rig.start([VIRTIO_F_EVENT_IDX], { vectors: [0, 1, 2] }).send(plainFrame(60)),
      (rig) => {
        rig.start([], { vectors: [0, 1, 2] });
        rig.device.linkUp = false;
        rig.device.linkUp = true;
      },
      (rig) => {
        rig.start().transmitQueue.offer(0xffff);
        rig.pci.forceKick(1);
      },
      (rig) => rig.pci.set('deviceStatus', 0x80 | rig.pci.status),
    ];
    for (const stage of stages) {
      const rig = new NetRig();
      stage(rig);
      rig.pci.set('queueSelect', 2);
      rig.pci.set('configMsixVector', 1);
      rig.pci.reset();
      expect(common(rig)).toEqual(fresh);
      expect(rig.pci.readIsr()).toBe(0);
      for (const index of [0, 1, 2]) {
        rig.pci.set('queueSelect', index);
        expect([rig.pci.get('queueEnable'), rig.pci.get('queueDescLow'), rig.pci.get('queueMsixVector')]).toEqual([
          0,
          0,
          VIRTIO_MSI_NO_VECTOR,
        ]);
      }
      const driver = rig.start();
      driver.send(plainFrame(60));
      rig.port.deliver(plainFrame(70));
      expect(driver.receive()).toHaveLength(1);
      expect(rig.port.sent.at(-1)?.frame.length).toBe(60);
    }
  });

  it('TP-07: a reset of the function leaves the state of power-on, too', () => {
    const rig = new NetRig();
    const fresh = common(rig);
    rig.start([], { vectors: [0, 1, 2] }).send(plainFrame(60));
    rig.pci.set('configMsixVector', 1);
    rig.card.function.reset();
    expect([rig.card.session.status, rig.slot.intx.high, rig.pci.read(rig.pci.common, 4)]).toEqual([0, false, 0xffff_ffff]);
    rig.pci.place();
    expect(common(rig)).toEqual(fresh);
    expect(rig.pci.readIsr()).toBe(0);
    expect(rig.start().send(plainFrame(60))?.written).toBe(0);
  });

  it('TP-08: answers accesses of every width at every offset of every structure', () => {
    const rig = new NetRig();
    for (const stage of [() => undefined, () => rig.start()]) {
      stage();
      for (const structure of [rig.pci.common, rig.pci.isr, rig.pci.config, rig.pci.notify])
        for (let offset = 0; offset < 0x48; offset++)
          for (const width of WIDTHS) {
            const value = rig.pci.read(structure + offset, width);
            expect(Number.isInteger(value) && value >= 0 && value < 2 ** (8 * width)).toBe(true);
          }
      for (const structure of [rig.pci.common, rig.pci.isr, rig.pci.config, rig.pci.notify])
        for (let offset = 0; offset < 0x48; offset++)
          for (const width of WIDTHS) for (const value of [0, 1, 2 ** (8 * width) - 1]) rig.pci.write(structure + offset, width, value);
    }
    const last = rig.pci.notify + 0x1000;
    for (const width of WIDTHS) {
      expect(rig.pci.read(last - 1, width) >= 0).toBe(true);
      rig.pci.write(last - 1, width, 0xff);
    }
    rig.pci.reset();
    expect(rig.start().send(plainFrame(60))?.written).toBe(0);
  });

  it('TP-08: puts a field together from narrow writes', () => {
    const { pci } = new NetRig();
    const { offset } = COMMON_CFG.fields.queueDescLow;
    pci.write(pci.common + offset, 1, 0x12);
    pci.write(pci.common + offset + 1, 2, 0x5634);
    pci.write(pci.common + offset + 3, 1, 0x78);
    expect(pci.get('queueDescLow')).toBe(0x7856_3412);
  });

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
    const before = common(rig);
    rig.pci.set('queueSize', 2);
    rig.pci.writeLayout({ layout: { size: 2, descriptors: 0x10, available: 0x20, used: 0x40 } });
    rig.pci.set('queueEnable', 0);
    expect(common(rig)).toEqual(before);
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

describe('[virtio 1.2 §4.1.4.6] Device-specific configuration', () => {
  it('TP-09: is read-only, and reads zero beyond its end', () => {
    const { pci } = new NetRig({ mtu: 1500 });
    const bytes = (): number[] => Array.from({ length: 20 }, (_, i) => pci.read(pci.config + i, 1));
    const before = bytes();
    for (let offset = 0; offset < 20; offset++)
      for (const width of WIDTHS) pci.write(pci.config + offset, width, 0xaaaa_aaaa % 2 ** (8 * width));
    expect(bytes()).toEqual(before);
    expect(before.slice(12)).toEqual(new Array(8).fill(0));
    expect(pci.read(pci.config + 10, 4)).toBe(1500);
    expect(pci.read(pci.config + 0xffe, 4)).toBe(0);
  });
});

describe('[virtio 1.2 §4.1.4.4] Notification structure', () => {
  it('TP-10: takes only the number of the queue, written to its own register', () => {
    const rig = new NetRig();
    const driver = rig.start();
    driver.transmitQueue.add([{ address: 0x8000, length: 72 }]);
    const { notify } = rig.pci;
    const wrong: readonly (readonly [number, Width, number])[] = [
      [4, 1, 1],
      [4, 2, 0],
      [4, 2, 2],
      [4, 2, 0xffff],
      [4, 4, 0x1_0001],
      [5, 2, 1],
      [6, 2, 1],
      [0, 2, 1],
      [12, 2, 3],
      [4 * 0x3ff, 2, 0x3ff],
      [0xffe, 2, 0x7fff],
    ];
    for (const [offset, width, value] of wrong) rig.pci.write(notify + offset, width, value);
    expect(driver.transmitQueue.usedIndex).toBe(0);
    rig.pci.write(notify + 4, 2, 1);
    expect(driver.transmitQueue.usedIndex).toBe(1);
  });
});

describe('[virtio 1.2 §4.1.4.5] ISR status capability', () => {
  it('TP-11: reading clears it and drops INTx', () => {
    const rig = new NetRig();
    rig.start().send(plainFrame(60));
    expect(rig.slot.intx.high).toBe(true);
    expect(rig.pci.readPci(STATUS, 2) & 8).toBe(8);
    expect(rig.pci.readIsr()).toBe(1);
    expect([rig.slot.intx.high, rig.pci.readIsr()]).toEqual([false, 0]);
    expect(rig.pci.readPci(STATUS, 2) & 8).toBe(0);
  });

  it('TP-11: with MSI-X the queue bit is not used and INTx stays low', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [0, 1, 2] });
    driver.send(plainFrame(60));
    rig.port.deliver(plainFrame(60));
    expect(rig.slot.messages.map(({ data }) => data)).toEqual([1, 0]);
    expect([rig.pci.readIsr(), rig.slot.intx.high]).toEqual([0, false]);
    rig.pci.set('configMsixVector', 3);
    rig.device.linkUp = false;
    expect(rig.slot.messages.at(-1)).toEqual({ address: 0xfee0_0000n, data: 3 });
    expect(rig.pci.readIsr()).toBe(2);
  });
});

describe('[virtio 1.2 §4.1.4.9] PCI configuration access capability', () => {
  const window = (rig: NetRig, bar: number, offset: number, length: number): number => {
    const at = rig.pci.windowCapability;
    rig.pci.writePci(at + 4, 1, bar);
    rig.pci.writePci(at + 8, 4, offset);
    rig.pci.writePci(at + 12, 4, length);
    return at + 16;
  };

  it('reaches the structures in 1, 2 and 4 bytes, also while the range is not decoded', () => {
    const rig = new NetRig();
    rig.pci.writePci(COMMAND, 2, 0);
    expect(rig.pci.readPci(window(rig, 0, 0x12, 2), 2)).toBe(3);
    const status = window(rig, 0, 0x14, 1);
    rig.pci.writePci(status, 1, 1);
    expect(rig.pci.readPci(status, 1)).toBe(1);
    rig.pci.writePci(window(rig, 0, 0, 4), 4, 1);
    expect(rig.pci.readPci(window(rig, 0, 4, 4), 4)).toBe(Number(rig.card.session.negotiation.offered >> 32n));
  });

  it('kicks, and reading the ISR status through it clears it', () => {
    const rig = new NetRig();
    const driver = rig.start();
    driver.transmitQueue.add([{ address: 0x8000, length: 72 }]);
    rig.pci.writePci(window(rig, 0, 0x3004, 2), 2, 1);
    expect(driver.transmitQueue.usedIndex).toBe(1);
    const isr = window(rig, 0, 0x1000, 1);
    rig.pci.writePci(isr, 1, 0xff);
    expect(rig.slot.intx.high).toBe(true);
    expect(rig.pci.readPci(isr, 1)).toBe(1);
    expect(rig.slot.intx.high).toBe(false);
  });

  it('TP-12: answers ones and ignores writes for another BAR, length or place', () => {
    const rig = new NetRig();
    const wrong = [
      [1, 0x14, 1],
      [2, 0x14, 1],
      [6, 0x14, 1],
      [7, 0x14, 1],
      [0xff, 0x14, 1],
      [0, 0x14, 0],
      [0, 0x14, 3],
      [0, 0x14, 8],
      [0, 0x14, 0xffff_ffff],
      [0, 0x15, 2],
      [0, 0x12, 4],
      [0, 0x4000, 1],
      [0, 0x3ffe, 4],
      [0, 0xffff_fffc, 4],
    ] as const;
    for (const [bar, offset, length] of wrong) {
      const data = window(rig, bar, offset, length);
      for (const width of WIDTHS) {
        rig.pci.writePci(data, width, 1);
        expect(rig.pci.readPci(data, width)).toBe(2 ** (8 * width) - 1);
      }
    }
    expect(rig.card.session.status).toBe(0);
    const data = window(rig, 0, 0x14, 1);
    rig.pci.writePci(data + 1, 1, 1);
    expect([rig.pci.readPci(data + 1, 1), rig.card.session.status]).toEqual([0xff, 0]);
  });
});

describe('[virtio 1.2 §4.1.5.1.2] MSI-X Vector Configuration', () => {
  it('TP-13: a vector that does not exist reads back NO_VECTOR', () => {
    const { pci } = new NetRig();
    for (const register of ['queueMsixVector', 'configMsixVector'] as const) {
      for (const vector of [0, 3]) {
        pci.set(register, vector);
        expect(pci.get(register)).toBe(vector);
      }
      for (const vector of [4, 0x7ff, 0x800, 0xfffe, 0xffff]) {
        pci.set(register, vector);
        expect(pci.get(register)).toBe(VIRTIO_MSI_NO_VECTOR);
      }
    }
  });

  it('TP-13: answers every access to the table and the pending bits, and beyond them', () => {
    const { pci } = new NetRig();
    for (const start of [0, 0x30, 0x3c, 0x40, 0x7fc, 0x800, 0x808, 0xffc])
      for (let offset = 0; offset < 8; offset++)
        for (const width of WIDTHS) {
          const at = pci.msixBase + start + offset;
          if (start + offset + width > 0x1000) continue;
          pci.write(at, width, 2 ** (8 * width) - 1);
          expect(pci.read(at, width)).toBeLessThan(2 ** (8 * width));
        }
    expect(pci.read(pci.msixBase + 0x800, 4)).toBe(0);
    pci.enableMsix();
    expect([pci.read(pci.msixBase + 0x30, 4), pci.read(pci.msixBase + 0x38, 2)]).toEqual([0xfee0_0000, 3]);
  });

  it('TP-13: a masked vector pends and fires exactly once when it is unmasked', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [0, 1, 2] });
    const mask = rig.pci.msixBase + 16 + 12;
    rig.pci.write(mask, 4, 1);
    driver.send(plainFrame(60));
    driver.send(plainFrame(60));
    expect([rig.slot.messages.length, rig.pci.read(rig.pci.msixBase + 0x800, 1)]).toEqual([0, 2]);
    rig.pci.write(mask, 4, 0);
    expect([rig.slot.messages.length, rig.pci.read(rig.pci.msixBase + 0x800, 1)]).toEqual([1, 0]);
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, MSIX_ENABLE | MSIX_FUNCTION_MASK);
    driver.send(plainFrame(60));
    expect(rig.slot.messages).toHaveLength(1);
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, MSIX_ENABLE);
    expect(rig.slot.messages).toHaveLength(2);
  });

  it('TP-13: what pends while MSI-X is disabled is sent when it is enabled again', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [0, 1, 2] });
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, MSIX_ENABLE | MSIX_FUNCTION_MASK);
    driver.send(plainFrame(60));
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, 0);
    expect(rig.slot.messages).toHaveLength(0);
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, MSIX_ENABLE);
    expect(rig.slot.messages.map(({ data }) => data)).toEqual([1]);
  });

  it('TP-14: hands any message address over as it was written', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [0, 1, 2] });
    const entry = rig.pci.msixBase + 16;
    for (const [low, high] of [
      [0, 0],
      [0x1000, 0],
      [0xffff_fffc, 0xffff_ffff],
      [0xfee0_0000, 1],
    ] as const) {
      rig.pci.write(entry, 4, low);
      rig.pci.write(entry + 4, 4, high);
      rig.pci.write(entry + 8, 4, 0xffff_ffff);
      driver.send(plainFrame(60));
      expect(rig.slot.messages.at(-1)).toEqual({ address: (BigInt(high) << 32n) | BigInt(low), data: 0xffff_ffff });
    }
    expect(rig.pci.status & NEEDS_RESET).toBe(0);
  });
});

describe('[PCI 3.0 §6.2.2] Device Control', () => {
  it('TP-18: with memory decoding off nobody answers', () => {
    const rig = new NetRig();
    const driver = rig.start();
    rig.pci.writePci(COMMAND, 2, COMMAND_BUS_MASTER);
    expect(rig.pci.read(rig.pci.common, 4)).toBe(0xffff_ffff);
    driver.transmitQueue.add([{ address: 0x8000, length: 72 }]);
    rig.pci.forceKick(1);
    expect(driver.transmitQueue.usedIndex).toBe(0);
  });

  it('TP-18: with bus mastering off touches no memory, and goes on where it stopped', () => {
    const rig = new NetRig();
    const driver = rig.start();
    rig.pci.writePci(COMMAND, 2, COMMAND_MEMORY_SPACE);
    expect(driver.send(plainFrame(60))).toBeUndefined();
    expect(rig.port.deliver(plainFrame(61))).toBe(false);
    rig.device.linkUp = false;
    rig.device.linkUp = true;
    expect(rig.slot.intx.high).toBe(true);
    expect(rig.pci.status & NEEDS_RESET).toBe(0);
    rig.pci.writePci(COMMAND, 2, COMMAND_MEMORY_SPACE | COMMAND_BUS_MASTER);
    expect(driver.transmitQueue.reap()).toHaveLength(1);
    expect(driver.receive().map(({ frame }) => frame.length)).toEqual([61]);
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
