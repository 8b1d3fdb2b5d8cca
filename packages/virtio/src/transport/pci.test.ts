import type { Width } from '@paravirt/bus';
import { COMMAND_BUS_MASTER, COMMAND_MEMORY_SPACE } from '@paravirt/pci';
import { describe, expect, it } from 'vitest';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1 } from '../features.ts';
import { NetRig, plainFrame } from '../testing.ts';
import { COMMON_CFG, VIRTIO_MSI_NO_VECTOR } from './pci-registers.ts';

const VERSION_1 = featureSet(VIRTIO_F_VERSION_1);
const NEEDS_RESET = 0x40;
const FEATURES_OK = 0x8;
const COMMAND = 4;
const WIDTHS = [1, 2, 4] as const;

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
    const fresh = new NetRig().pci.snapshot();
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
      expect(rig.pci.snapshot()).toEqual(fresh);
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
    const fresh = rig.pci.snapshot();
    rig.start([], { vectors: [0, 1, 2] }).send(plainFrame(60));
    rig.pci.set('configMsixVector', 1);
    rig.card.function.reset();
    expect([rig.card.session.status, rig.slot.intx.high, rig.pci.read(rig.pci.common, 4)]).toEqual([0, false, 0xffff_ffff]);
    rig.pci.place();
    expect(rig.pci.snapshot()).toEqual(fresh);
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
