import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { VIRTIO_F_EVENT_IDX } from '../features.ts';
import { checksumsRight, NetRig, plainFrame, RecordingPort, tcpFrame } from '../testing.ts';
import * as net from './protocol.ts';

const ALL_OFFLOADS = { checksum: true, segmentation: true, largeReceive: true };
const NEEDS_CSUM = net.VIRTIO_NET_HDR_F_NEEDS_CSUM;
const DEVICE_NEEDS_RESET = 0x40;

describe('[virtio 1.2 §5.1.6.4] Processing of Incoming Packets', () => {
  it('fills one buffer: a header with num_buffers 1, then the frame', () => {
    const rig = new NetRig();
    const driver = rig.start();
    expect(rig.port.deliver(plainFrame(60))).toBe(true);
    expect(driver.receive()).toEqual([
      { frame: plainFrame(60), flags: 0, gsoType: 0, headerLength: 0, gsoSize: 0, checksumStart: 0, checksumOffset: 0, buffers: 1 },
    ]);
    expect(rig.device.counters).toMatchObject({ rxFrames: 1, rxBytes: 60 });
  });

  it('NET-07: without mergeable buffers drops a frame that does not fit and keeps the buffer', () => {
    const rig = new NetRig();
    const driver = rig.start([], { receiveBuffers: 1, receiveBufferSize: 100 });
    expect(rig.port.deliver(plainFrame(89))).toBe(true);
    expect(driver.receiveQueue.usedIndex).toBe(0);
    expect(rig.device.counters.drops.rxTooLong).toBe(1);
    expect(rig.port.deliver(plainFrame(88))).toBe(true);
    expect(driver.receive().map(({ frame }) => frame)).toEqual([plainFrame(88)]);
  });

  it('NET-08: spans as many buffers as a frame needs and says how many', () => {
    const rig = new NetRig();
    const driver = rig.start([net.VIRTIO_NET_F_MRG_RXBUF], { receiveBuffers: 16, receiveBufferSize: 64 });
    for (const length of [52, 53, 116, 117, 500]) {
      rig.port.deliver(plainFrame(length));
      const [received] = driver.receive();
      expect(received?.frame).toEqual(plainFrame(length));
      expect(received?.buffers).toBe(Math.ceil((length + 12) / 64));
    }
  });

  it('NET-08: publishes nothing when buffers run out in the middle, and delivers once there are more', () => {
    const rig = new NetRig({ memory: new Ram(new ArrayBuffer(1 << 18)) });
    const driver = rig.start([net.VIRTIO_NET_F_MRG_RXBUF], { receiveBuffers: 3, receiveBufferSize: 64 });
    const before = new Uint8Array(rig.slot.memory.size);
    rig.slot.memory.read(0, before);
    expect(rig.port.deliver(plainFrame(250))).toBe(false);
    expect(driver.receiveQueue.usedIndex).toBe(0);
    const after = new Uint8Array(rig.slot.memory.size);
    rig.slot.memory.read(0, after);
    const flags = driver.receiveQueue.layout.used;
    before[flags] = after[flags] ?? 0;
    expect(after.every((byte, i) => byte === before[i])).toBe(true);
    driver.refill(2);
    expect(driver.receive().map(({ frame, buffers }) => [frame, buffers])).toEqual([[plainFrame(250), 5]]);
    expect(rig.port.waiting).toBe(0);
  });

  it('drops a frame that all buffers of the ring together cannot hold', () => {
    const rig = new NetRig({ queueSize: 4 });
    const driver = rig.start([net.VIRTIO_NET_F_MRG_RXBUF], { receiveBufferSize: 64 });
    expect(rig.port.deliver(plainFrame(245))).toBe(true);
    expect(rig.device.counters.drops.rxTooLong).toBe(1);
    rig.port.deliver(plainFrame(244));
    expect(driver.receive().map(({ buffers }) => buffers)).toEqual([4]);
  });

  it.each([0, 11])('NET-09: a receive buffer of %i bytes needs a reset, after which the device works', (size) => {
    for (const features of [[], [net.VIRTIO_NET_F_MRG_RXBUF]]) {
      const rig = new NetRig();
      const driver = rig.start(features, { receiveBuffers: 0 });
      driver.receiveQueue.add([{ address: 0x8000, length: size, writable: true }]);
      rig.pci.kick(net.RECEIVE_QUEUE);
      expect(rig.port.deliver(plainFrame(60))).toBe(true);
      expect(rig.pci.status & DEVICE_NEEDS_RESET).toBe(DEVICE_NEEDS_RESET);
      expect(rig.pci.readIsr() & 2).toBe(2);
      const next = rig.start(features);
      rig.port.deliver(plainFrame(60));
      expect(next.receive()).toHaveLength(1);
    }
  });

  it('VQ-12: a receive buffer with a readable descriptor only needs a reset', () => {
    const rig = new NetRig();
    const driver = rig.start([], { receiveBuffers: 0 });
    driver.receiveQueue.add([{ address: 0x8000, length: 2048 }]);
    rig.pci.kick(net.RECEIVE_QUEUE);
    rig.port.deliver(plainFrame(60));
    expect(rig.pci.status & DEVICE_NEEDS_RESET).toBe(DEVICE_NEEDS_RESET);
  });

  it.each([[], [VIRTIO_F_EVENT_IDX]])(
    'NET-10: an empty queue holds frames back and loses no wakeup (case %#: without and with EVENT_IDX)',
    (...features) => {
      const rig = new NetRig();
      const driver = rig.start(features, { receiveBuffers: 2 });
      for (let i = 0; i < 5; i++) rig.port.deliver(plainFrame(60 + i));
      expect(rig.port.waiting).toBe(3);
      const lengths: number[] = [];
      for (let i = 0; i < 4; i++) lengths.push(...driver.receive().map(({ frame }) => frame.length));
      expect(lengths).toEqual([60, 61, 62, 63, 64]);
      expect(rig.port.waiting).toBe(0);
      // While there are buffers the driver is not asked to kick.
      rig.port.deliver(plainFrame(60));
      driver.receiveQueue.add([{ address: 0x8000, length: 2048, writable: true }]);
      expect(driver.receiveQueue.kickNeeded()).toBe(false);
    },
  );

  it('completes a checksum for a driver that does not, and leaves it to one that does', () => {
    const rig = new NetRig({ port: new RecordingPort(ALL_OFFLOADS) });
    const frame = tcpFrame(100, { partial: true });
    const offload = { checksum: { start: 34, offset: 16 } };
    const plain = rig.start();
    rig.port.deliver(frame, offload);
    expect(plain.receive()[0]).toMatchObject({ frame: tcpFrame(100), flags: 0 });
    rig.port.deliver(frame, { checksum: { start: 34, offset: 160 } });
    expect(rig.device.counters.drops.rxBadOffload).toBe(1);
    const guest = rig.start([net.VIRTIO_NET_F_GUEST_CSUM]);
    expect(rig.port.receiverOffloads).toEqual({ checksum: true, segmentation: false });
    rig.port.deliver(frame, offload);
    rig.port.deliver(tcpFrame(100), { checksumValid: true });
    expect(guest.receive()).toMatchObject([
      { frame, flags: NEEDS_CSUM, checksumStart: 34, checksumOffset: 16 },
      { frame: tcpFrame(100), flags: net.VIRTIO_NET_HDR_F_DATA_VALID },
    ]);
  });

  it('gives a large frame whole to a driver that takes it', () => {
    const rig = new NetRig({ port: new RecordingPort(ALL_OFFLOADS) });
    const driver = rig.start([net.VIRTIO_NET_F_GUEST_CSUM, net.VIRTIO_NET_F_GUEST_TSO4, net.VIRTIO_NET_F_MRG_RXBUF]);
    expect(rig.port.receiverOffloads).toEqual({ checksum: true, segmentation: true });
    rig.port.deliver(tcpFrame(60_000, { partial: true }), { segmentation: { kind: 'tcp4', size: 1448 } });
    expect(driver.receive()).toMatchObject([
      {
        frame: tcpFrame(60_000, { partial: true }),
        flags: NEEDS_CSUM,
        gsoType: 1,
        gsoSize: 1448,
        headerLength: 66,
        checksumStart: 34,
        checksumOffset: 16,
      },
    ]);
    rig.pci.reset();
    expect(rig.port.receiverOffloads).toBeUndefined();
  });

  it('cuts a large frame for a driver that does not, also when there is no room for all of it at once', () => {
    const rig = new NetRig({ port: new RecordingPort(ALL_OFFLOADS) });
    const driver = rig.start([], { receiveBuffers: 2 });
    expect(rig.port.deliver(tcpFrame(5000, { partial: true }), { segmentation: { kind: 'tcp4', size: 1000 } })).toBe(true);
    expect(rig.port.deliver(plainFrame(60))).toBe(false);
    const frames = [...driver.receive(), ...driver.receive(), ...driver.receive(), ...driver.receive()].map(({ frame }) => frame);
    expect(frames.map((frame) => frame.length)).toEqual([1066, 1066, 1066, 1066, 1066, 60]);
    expect(frames.slice(0, 5).every((frame) => checksumsRight(frame))).toBe(true);
    expect(rig.port.waiting).toBe(0);
  });

  it('drops what the port hands over while no driver is active, and what it kept for one that is gone', () => {
    const rig = new NetRig();
    expect(rig.port.deliver(plainFrame(60))).toBe(true);
    rig.start([], { receiveBuffers: 0 });
    expect(rig.port.deliver(plainFrame(60))).toBe(false);
    rig.pci.reset();
    expect(rig.port.waiting).toBe(0);
    expect(rig.device.counters.drops.rxNotReady).toBe(2);
  });
});
