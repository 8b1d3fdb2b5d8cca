import { assignAddresses } from '@paravirt/pci';
import { createTestBus } from '@paravirt/pci/testing';
import { describe, expect, it } from 'vitest';
import { VirtioRng } from '../entropy/virtio-rng.ts';
import { featureSet, hasFeature, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1 } from '../features.ts';
import { NetRig, PciDriver, PciSlot, plainFrame } from '../testing.ts';
import { VirtioPci } from './pci.ts';
import { VIRTIO_MSI_NO_VECTOR } from './pci-registers.ts';

const RX = 0;
const TX = 1;

describe('The interrupts of a card', () => {
  it('msix-shared: has two vectors, so that all queues are on one', () => {
    const rig = new NetRig({ card: { interrupts: 'msix-shared' } });
    expect(rig.card.function.msix?.vectors).toBe(2);
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [1, 1, 1] });
    rig.pci.set('configMsixVector', 2);
    expect(rig.pci.get('configMsixVector')).toBe(VIRTIO_MSI_NO_VECTOR);
    rig.pci.set('configMsixVector', 0);
    driver.send(plainFrame(60));
    rig.port.deliver(plainFrame(60));
    rig.device.linkUp = false;
    expect(rig.slot.messages.map(({ data }) => data)).toEqual([1, 1, 0]);
  });

  it('msi: sends one message for what the ISR status says, and the next after it was read', () => {
    const rig = new NetRig({ card: { interrupts: 'msi' } });
    expect([rig.card.function.msix, rig.card.function.bars.has(2), rig.pci.msixCapability]).toEqual([undefined, false, 0]);
    rig.pci.enableMsi(0x41);
    const driver = rig.start();
    driver.send(plainFrame(60));
    expect(rig.slot.messages).toEqual([{ address: 0xfee0_0000n, data: 0x41 }]);
    driver.send(plainFrame(60));
    rig.device.linkUp = false;
    expect([rig.slot.messages.length, rig.slot.intx.high]).toEqual([1, false]);
    expect(rig.pci.readIsr()).toBe(3);
    rig.device.linkUp = true;
    expect([rig.slot.messages.length, rig.pci.readIsr(), rig.pci.readIsr()]).toEqual([2, 2, 0]);
  });

  it('msi: falls back to INTx with the same ISR status when the driver does not enable it', () => {
    const rig = new NetRig({ card: { interrupts: 'msi' } });
    rig.start().send(plainFrame(60));
    expect([rig.slot.messages.length, rig.slot.intx.high]).toEqual([0, true]);
    expect([rig.pci.readIsr(), rig.slot.intx.high]).toEqual([1, false]);
  });

  it('msi: remembers a message while the function may not send one', () => {
    const rig = new NetRig({ card: { interrupts: 'msi' } });
    rig.pci.enableMsi();
    rig.start();
    const command = rig.pci.readPci(4, 2);
    rig.pci.writePci(4, 2, command & ~4);
    rig.device.linkUp = false;
    expect(rig.slot.messages).toHaveLength(0);
    rig.pci.writePci(4, 2, command);
    expect([rig.slot.messages.length, rig.pci.readIsr()]).toEqual([1, 2]);
  });

  it('intx: has neither capability', () => {
    const rig = new NetRig({ card: { interrupts: 'intx' } });
    expect([rig.pci.msixCapability, rig.pci.msiCapability, rig.card.function.bars.has(2)]).toEqual([0, 0, false]);
    const driver = rig.start([], { vectors: [0, 1, 2] });
    expect(rig.pci.get('queueMsixVector')).toBe(VIRTIO_MSI_NO_VECTOR);
    driver.send(plainFrame(60));
    expect([rig.slot.intx.high, rig.slot.intx.edges]).toEqual([true, 1]);
    expect([rig.pci.readIsr(), rig.slot.intx.high]).toEqual([1, false]);
  });

  it('tells the trace of a message that is sent and of a wire that rises, not of what is masked', () => {
    const sources: string[] = [];
    const ringTrace = (event: { kind: string; source?: string }): void => {
      if (event.kind === 'interrupt') sources.push(event.source ?? '');
    };
    const intx = new NetRig({ card: { interrupts: 'intx', ringName: 'net3', ringTrace } });
    const driver = intx.start();
    driver.send(plainFrame(60));
    driver.send(plainFrame(60));
    expect(sources).toEqual(['net3']);
    const msix = new NetRig({ card: { ringTrace } });
    msix.pci.enableMsix();
    const other = msix.start([], { vectors: [0, 1, 2] });
    msix.pci.write(msix.pci.msixBase + 16 + 12, 4, 1);
    other.send(plainFrame(60));
    expect(sources).toHaveLength(1);
    msix.pci.write(msix.pci.msixBase + 16 + 12, 4, 0);
    expect(sources).toEqual(['net3', 'virtio-net']);
  });
});

describe('[virtio 1.2 §4.1.4.4] The doorbell of a card in an I/O range', () => {
  it('is found by the capability, and kicks queues', () => {
    const rig = new NetRig({ card: { doorbell: 'port' } });
    expect(rig.card.function.bars.get(4)).toMatchObject({ kind: 'io', size: 16 });
    expect([rig.pci.notify, rig.pci.doorbells === rig.slot.ports]).toEqual([0xc000, true]);
    const driver = rig.start();
    expect(driver.send(plainFrame(60))?.written).toBe(0);
    rig.pci.forceKick(RX);
    expect([rig.counters(TX).doorbells, rig.counters(RX).doorbells]).toEqual([1, 1]);
    // Nothing answers where the registers in memory would be.
    rig.pci.write(rig.pci.common + 0x3000 + 4, 2, 1);
    expect(rig.counters(TX).doorbells).toBe(1);
  });

  it('is off while I/O decoding is off', () => {
    const rig = new NetRig({ card: { doorbell: 'port' } });
    const driver = rig.start();
    rig.pci.writePci(4, 2, rig.pci.readPci(4, 2) & ~1);
    expect(driver.send(plainFrame(60))).toBeUndefined();
    rig.pci.place();
    rig.pci.forceKick(TX);
    expect(rig.port.sent).toHaveLength(1);
  });

  it('can be reached through the window, too', () => {
    const rig = new NetRig({ card: { doorbell: 'port' } });
    const driver = rig.start();
    driver.transmitQueue.add([{ address: rig.pci.arena.allocate(128), length: 72 }]);
    const at = rig.pci.windowCapability;
    rig.pci.writePci(at + 4, 1, 4);
    rig.pci.writePci(at + 8, 4, 4);
    rig.pci.writePci(at + 12, 4, 2);
    rig.pci.writePci(at + 16, 2, TX);
    expect(rig.counters(TX).doorbells).toBe(1);
    expect(driver.transmitQueue.reap()).toHaveLength(1);
    // Beyond the range, and a range without structures.
    for (const [bar, offset] of [
      [4, 16],
      [4, 0xffff_fffe],
      [2, 0],
      [5, 0],
    ] as const) {
      rig.pci.writePci(at + 4, 1, bar);
      rig.pci.writePci(at + 8, 4, offset);
      expect(rig.pci.readPci(at + 16, 2)).toBe(0xffff);
    }
  });

  it('is placed by firmware as any range, for a device with one queue', () => {
    const { bus, config, memory, ports, ram } = createTestBus(1 << 20);
    const card = new VirtioPci({ device: new VirtioRng({ fill: (into) => into.fill(7) }), classCode: 0xff_0000, doorbell: 'port' });
    bus.plug(3, 0, card.function);
    const placed = assignAddresses(config, { memory32: { base: 0xe000_0000, size: 1 << 28 }, io: { base: 0xc000, size: 0x1000 } });
    const at = (index: number): number => placed.find((bar) => bar.index === index)?.address ?? 0;
    const slot = { function: card.function, memory: ram, mmio: memory, ports };
    const pci = new PciDriver(slot, { registerBase: at(0), msixBase: at(2), doorbellBase: at(4) });
    expect(pci.negotiate(featureSet(VIRTIO_F_VERSION_1))).toBe(true);
    const ring = pci.setUpQueue(0, { size: 8 });
    pci.driverOk();
    ring.add([{ address: 0x8_0000, length: 16, writable: true }]);
    expect(pci.kick(0)).toBe(true);
    expect(ring.reap()).toEqual([{ head: 0, written: 16 }]);
  });

  it('has room for 64 queues and no more', () => {
    const device = (queues: number) => Object.assign(new VirtioRng({ fill: () => undefined }), { queueSizes: new Array(queues).fill(8) });
    expect(new VirtioPci({ device: device(64), classCode: 0xff_0000, doorbell: 'port' }).function.bars.get(4)?.size).toBe(256);
    expect(() => new VirtioPci({ device: device(65), classCode: 0xff_0000, doorbell: 'port' })).toThrowError(
      expect.objectContaining({ code: 'too-many-queues' }),
    );
  });
});

describe('What a card offers', () => {
  it.each([
    ['event-idx', true],
    ['flags', false],
    ['none', false],
  ] as const)('has the event index only with suppression %s: %s', (suppression, offered) => {
    const { pci } = new NetRig({ card: { suppression } });
    expect(hasFeature(pci.offered(), VIRTIO_F_EVENT_IDX)).toBe(offered);
  });

  it('needs a clock for a mitigation', () => {
    for (const mitigation of [
      { kind: 'timer', ns: 10 },
      { kind: 'packets', count: 2, ns: 10 },
      { kind: 'poll', ns: 10, rounds: 1 },
    ] as const)
      expect(() => new NetRig({ card: { mitigation } })).toThrowError(expect.objectContaining({ code: 'mitigation-clock' }));
  });

  it('stays in its slot when the options differ: the same identity', () => {
    const a = new NetRig().pci;
    const b = new NetRig({ card: { interrupts: 'intx', doorbell: 'port', suppression: 'none' } }).pci;
    for (const offset of [0, 8, 0x2c]) expect(b.readPci(offset, 4)).toBe(a.readPci(offset, 4));
    expect(new PciSlot(new NetRig().card.function).intx.high).toBe(false);
  });
});
