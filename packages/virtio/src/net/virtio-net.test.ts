import { describe, expect, it } from 'vitest';
import { NetRig, plainFrame, RecordingPort } from '../testing.ts';
import * as net from './protocol.ts';

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const ALL_OFFLOADS = { checksum: true, segmentation: true, largeReceive: true };

describe('[virtio 1.2 §5.1.4] Device configuration layout', () => {
  it('shows MAC address, status, one pair and the MTU', () => {
    const rig = new NetRig({ mtu: 1280 });
    const bytes = Array.from({ length: 12 }, (_, i) => rig.pci.read(rig.pci.config + i, 1));
    expect(bytes).toEqual([0x52, 0x54, 0, 1, 2, 3, 1, 0, 1, 0, 0, 5]);
  });

  it('NET-11: does not offer HASH_REPORT, and the header has 12 bytes with MRG_RXBUF and without', () => {
    const rig = new NetRig({ port: new RecordingPort(ALL_OFFLOADS), mtu: 1500 });
    expect((rig.pci.offered() >> 57n) & 1n).toBe(0n);
    expect(rig.pci.negotiate((1n << 57n) | (1n << 32n) | (1n << 15n))).toBe(false);
    for (const features of [[], [net.VIRTIO_NET_F_MRG_RXBUF]]) {
      const driver = rig.start(features);
      rig.port.deliver(plainFrame(60));
      expect(driver.receiveQueue.reap()).toMatchObject([{ written: 72 }]);
    }
  });

  it('tells of a change of the link and drops frames while the cable is out', () => {
    const rig = new NetRig();
    const driver = rig.start();
    const generation = rig.pci.get('configGeneration');
    rig.device.linkUp = false;
    expect(rig.pci.readIsr()).toBe(2);
    expect(rig.pci.read(rig.pci.config + 6, 2)).toBe(0);
    expect(rig.pci.get('configGeneration')).not.toBe(generation);
    driver.send(plainFrame(60));
    rig.port.deliver(plainFrame(60));
    expect(rig.device.counters.drops).toMatchObject({ txLinkDown: 1, rxLinkDown: 1 });
    rig.device.linkUp = true;
    driver.send(plainFrame(60));
    expect(rig.port.sent).toHaveLength(1);
  });

  it('NET-20: with an MTU, frames of MTU + 14 (+ 4 with a VLAN tag) pass and longer ones are dropped and counted', () => {
    const rig = new NetRig({ mtu: 1000 });
    const driver = rig.start([net.VIRTIO_NET_F_MTU]);
    const tagged = (length: number): Uint8Array => {
      const frame = plainFrame(length);
      frame.set([0x81, 0x00, 0, 5], 12);
      return frame;
    };
    driver.send(plainFrame(1014));
    driver.send(tagged(1018));
    expect(rig.port.sent).toHaveLength(2);
    driver.send(plainFrame(1015));
    driver.send(tagged(1019));
    expect(rig.device.counters.drops.txTooLong).toBe(2);
    rig.port.deliver(plainFrame(1014));
    rig.port.deliver(tagged(1018));
    expect(driver.receive()).toHaveLength(2);
    rig.port.deliver(plainFrame(1015));
    rig.port.deliver(tagged(1019));
    expect(rig.device.counters.drops.rxTooLong).toBe(2);
  });

  it('refuses a wrong MAC address and a wrong MTU', () => {
    const port = new RecordingPort();
    for (const mac of [[], [1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 0]])
      expect(() => new NetRig({ port, mac: Uint8Array.from(mac) })).toThrow(expect.objectContaining({ code: 'bad-mac' }));
    for (const mtu of [0, 67, 65536, 1.5]) expect(() => new NetRig({ port, mtu })).toThrow(expect.objectContaining({ code: 'bad-mtu' }));
    expect(() => new NetRig({ port, queueSize: 100 })).toThrow(expect.objectContaining({ code: 'bad-queue-size' }));
  });
});

describe('[virtio 1.2 §5.1.3] Feature bits', () => {
  it('offers the offloads that the port has', () => {
    const bits = (rig: NetRig): number[] => [0, 1, 2, 7, 8, 11, 12].filter((bit) => ((rig.pci.offered() >> BigInt(bit)) & 1n) === 1n);
    expect(bits(new NetRig())).toEqual([]);
    expect(bits(new NetRig({ port: new RecordingPort({ checksum: true, segmentation: false, largeReceive: false }) }))).toEqual([0, 1, 2]);
    expect(bits(new NetRig({ port: new RecordingPort(ALL_OFFLOADS) }))).toEqual([0, 1, 2, 7, 8, 11, 12]);
    expect(bits(new NetRig({ port: new RecordingPort(ALL_OFFLOADS), offloads: 'none' }))).toEqual([]);
    expect(bits(new NetRig({ offloads: 'software' }))).toEqual([0, 1, 2, 7, 8, 11, 12]);
  });
});

describe('[virtio 1.2 §5.1.6.5.1] Packet Receive Filtering', () => {
  it('passes everything until a mode is set, then what is addressed to the driver', () => {
    const rig = new NetRig();
    const driver = rig.start([net.VIRTIO_NET_F_CTRL_VQ, net.VIRTIO_NET_F_CTRL_RX]);
    const other = [2, 0, 0, 0, 0, 9];
    rig.port.deliver(plainFrame(60, other));
    expect(driver.receive()).toHaveLength(1);
    expect(driver.command(net.VIRTIO_NET_CTRL_RX, net.VIRTIO_NET_CTRL_RX_PROMISC, Uint8Array.of(0))).toBe(net.VIRTIO_NET_OK);
    rig.port.deliver(plainFrame(60, other));
    expect(driver.receive()).toHaveLength(0);
    expect(rig.device.counters.drops.rxFiltered).toBe(1);
    rig.port.deliver(plainFrame(60));
    rig.port.deliver(plainFrame(60, BROADCAST));
    expect(driver.receive()).toHaveLength(2);
  });
});
