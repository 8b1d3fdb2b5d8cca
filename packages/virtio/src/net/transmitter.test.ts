import { Ram } from '@paravirt/bus';
import { MAX_FRAME_SIZE } from '@paravirt/net-backend/frame';
import { describe, expect, it, vi } from 'vitest';
import { checksumsRight, NetRig, plainFrame, RecordingPort, tcpFrame, tcpOffsets } from '../testing.ts';
import * as net from './protocol.ts';

const ALL_OFFLOADS = { checksum: true, segmentation: true, largeReceive: true };
const NEEDS_CSUM = net.VIRTIO_NET_HDR_F_NEEDS_CSUM;
const DEVICE_NEEDS_RESET = 0x40;

/** What a driver with checksum and segmentation offload sends: options for `send`. */
function large(frame: 'tcp4' | 'tcp6', size: number, vlan?: number) {
  const { transport, payload } = tcpOffsets({ kind: frame, ...(vlan === undefined ? {} : { vlan }) });
  return {
    flags: NEEDS_CSUM,
    gsoType: frame === 'tcp4' ? net.VIRTIO_NET_HDR_GSO_TCPV4 : net.VIRTIO_NET_HDR_GSO_TCPV6,
    gsoSize: size,
    headerLength: payload,
    checksumStart: transport,
    checksumOffset: 16,
  };
}
const TSO = [net.VIRTIO_NET_F_CSUM, net.VIRTIO_NET_F_HOST_TSO4, net.VIRTIO_NET_F_HOST_TSO6];

describe('[virtio 1.2 §5.1.6.2] Packet Transmission', () => {
  it('hands the frame without its virtio header to the port and returns the buffer unwritten', () => {
    const rig = new NetRig();
    const driver = rig.start();
    expect(driver.send(plainFrame(60))).toEqual({ head: 0, written: 0 });
    expect(rig.port.sent.map(({ frame }) => frame)).toEqual([plainFrame(60)]);
    expect(rig.device.counters).toMatchObject({ txFrames: 1, txBytes: 60 });
  });

  it('NET-01: drops what is shorter than both headers or longer than any frame, passes everything between', () => {
    const rig = new NetRig();
    const driver = rig.start([], { receiveBuffers: 4 });
    for (const size of [1, net.NET_HEADER_SIZE - 1, net.NET_HEADER_SIZE, net.NET_HEADER_SIZE + 1, net.NET_HEADER_SIZE + 13])
      expect(driver.sendRaw(new Uint8Array(size))?.written, `${size} bytes`).toBe(0);
    driver.transmitQueue.add([{ address: 0x1000, length: 0 }]);
    rig.pci.kick(net.TRANSMIT_QUEUE);
    expect(driver.transmitQueue.reap()).toHaveLength(1);
    expect(rig.port.sent).toHaveLength(0);
    expect(rig.device.counters.drops.txTooShort).toBe(6);
    for (const length of [59, 60, 1514, 65535, 65549]) driver.send(plainFrame(length));
    expect(rig.port.sent.map(({ frame }) => frame.length)).toEqual([59, 60, 1514, 65535, 65549]);
    driver.send(plainFrame(MAX_FRAME_SIZE + 1));
    driver.send(plainFrame(65550));
    expect(rig.device.counters.drops.txTooLong).toBe(2);
    expect(rig.pci.status & DEVICE_NEEDS_RESET).toBe(0);
  });

  it('NET-02: takes a header that is split over 2 to 12 one-byte descriptors', () => {
    const rig = new NetRig();
    const driver = rig.start();
    for (let pieces = 2; pieces <= 12; pieces++) driver.send(plainFrame(100), { split: Array.from({ length: pieces }, () => 1) });
    expect(rig.port.sent.map(({ frame }) => frame)).toEqual(Array.from({ length: 11 }, () => plainFrame(100)));
  });

  it('NET-02: takes 1000 one-byte entries of an indirect table', () => {
    const rig = new NetRig({ queueSize: 1024 });
    const driver = rig.start([28], { receiveBuffers: 1 });
    driver.send(plainFrame(1000 - net.NET_HEADER_SIZE), { split: Array.from({ length: 999 }, () => 1), indirect: true });
    expect(rig.port.sent.map(({ frame }) => frame)).toEqual([plainFrame(1000 - net.NET_HEADER_SIZE)]);
  });

  it('NET-03: drops a checksum that lies outside the frame, wherever start and offset point', () => {
    const rig = new NetRig({ offloads: 'software' });
    const driver = rig.start([net.VIRTIO_NET_F_CSUM]);
    const places = [
      [60, 0],
      [59, 0],
      [0, 59],
      [0, 0xffff],
      [0xffff, 0],
      [0xffff, 0xffff],
      [0x8000, 0x8000],
    ] as const;
    for (const [checksumStart, checksumOffset] of places) driver.send(plainFrame(60), { flags: NEEDS_CSUM, checksumStart, checksumOffset });
    expect(rig.port.sent).toHaveLength(0);
    expect(rig.device.counters.drops.txBadChecksum).toBe(places.length);
    for (const [checksumStart, checksumOffset] of [
      [33, 4],
      [58, 0],
      [0, 58],
    ] as const)
      driver.send(plainFrame(60), { flags: NEEDS_CSUM, checksumStart, checksumOffset });
    expect(rig.port.sent).toHaveLength(3);
  });

  it('NET-03: drops a checksum that was not negotiated', () => {
    const rig = new NetRig({ offloads: 'software' });
    rig.start().send(plainFrame(60), { flags: NEEDS_CSUM, checksumStart: 34, checksumOffset: 16 });
    expect(rig.device.counters.drops.txBadChecksum).toBe(1);
  });

  it('completes a checksum for a port that does not, and leaves it to a port that does', () => {
    const frame = tcpFrame(333, { partial: true });
    const options = { flags: NEEDS_CSUM, checksumStart: 34, checksumOffset: 16 };
    const software = new NetRig({ offloads: 'software' });
    software.start([net.VIRTIO_NET_F_CSUM]).send(frame, options);
    expect(software.port.sent).toEqual([{ frame: tcpFrame(333), offload: undefined }]);
    const port = new NetRig({ port: new RecordingPort(ALL_OFFLOADS) });
    port.start([net.VIRTIO_NET_F_CSUM]).send(frame, options);
    expect(port.port.sent).toEqual([{ frame, offload: { checksum: { start: 34, offset: 16 } } }]);
  });

  it('NET-04: drops unknown segmentation, size 0, a missing checksum; takes any size and any hdr_len', () => {
    const rig = new NetRig({ offloads: 'software' });
    const driver = rig.start(TSO);
    const frame = tcpFrame(3000, { partial: true });
    const good = large('tcp4', 1000);
    const bad = [
      { ...good, gsoType: 2 },
      { ...good, gsoType: 3 },
      { ...good, gsoType: 5 },
      { ...good, gsoType: 0x81 },
      { ...good, gsoType: 0xff },
      { ...good, gsoSize: 0 },
      { ...good, flags: 0 },
      { ...good, checksumOffset: 6 },
      { ...good, checksumStart: 35 },
      { ...good, gsoType: net.VIRTIO_NET_HDR_GSO_TCPV6 },
    ];
    for (const options of bad) expect(driver.send(frame, options)?.written).toBe(0);
    expect(rig.device.counters.drops.txBadSegmentation).toBe(bad.length);
    expect(rig.port.sent).toHaveLength(0);
    for (const headerLength of [0, 1, 0xffff]) driver.send(frame, { ...good, headerLength });
    expect(rig.port.sent).toHaveLength(9);
    for (const gsoSize of [3000, 3001, 0xffff]) driver.send(frame, { ...good, gsoSize });
    expect(rig.port.sent.slice(9).map((sent) => sent.frame)).toEqual([tcpFrame(3000), tcpFrame(3000), tcpFrame(3000)]);
    driver.send(tcpFrame(40, { partial: true }), { ...good, gsoSize: 1 });
    expect(rig.port.sent).toHaveLength(12 + 40);
  });

  it('NET-05: drops segmentation that was not negotiated', () => {
    const rig = new NetRig({ port: new RecordingPort(ALL_OFFLOADS) });
    const driver = rig.start([net.VIRTIO_NET_F_CSUM, net.VIRTIO_NET_F_HOST_TSO4]);
    driver.send(tcpFrame(3000, { kind: 'tcp6', partial: true }), large('tcp6', 1000));
    rig.start([net.VIRTIO_NET_F_CSUM]).send(tcpFrame(3000, { partial: true }), large('tcp4', 1000));
    rig.start().send(tcpFrame(3000, { partial: true }), large('tcp4', 1000));
    expect(rig.port.sent).toHaveLength(0);
    expect(rig.device.counters.drops.txBadSegmentation).toBe(3);
  });

  it('NET-06: drops large frames whose headers lie', () => {
    const rig = new NetRig({ offloads: 'software' });
    const driver = rig.start(TSO);
    const lies: ((frame: Uint8Array) => void)[] = [
      ...[0, 1, 2, 3, 4, 6, 15].map((ihl) => (frame: Uint8Array) => void (frame[14] = 0x40 | ihl)),
      (frame) => void (frame[14] = 0x65),
      (frame) => void (frame[12] = 0x86),
      (frame) => void (frame[23] = 17),
      (frame) => void (frame[20] = 0x20),
      (frame) => void (frame[21] = 1),
      (frame) => void (frame[46] = 0x00),
      (frame) => void (frame[46] = 0x40),
    ];
    for (const lie of lies) {
      const frame = tcpFrame(3000, { partial: true });
      lie(frame);
      driver.send(frame, large('tcp4', 1000));
    }
    driver.send(tcpFrame(3000, { partial: true }).subarray(0, 50), large('tcp4', 1000));
    driver.send(tcpFrame(0, { partial: true, options: 40 }).subarray(0, 60), large('tcp4', 1000));
    driver.send(tcpFrame(3000, { kind: 'tcp6', partial: true }), { ...large('tcp6', 1000), checksumStart: 20 });
    driver.send(tcpFrame(3000, { kind: 'tcp6', partial: true }), { ...large('tcp6', 1000), checksumStart: 0xffff });
    expect(rig.device.counters.drops.txBadSegmentation).toBe(lies.length + 4);
    expect(rig.port.sent).toHaveLength(0);
  });

  it('NET-06: does not believe the total length of a large frame', () => {
    const rig = new NetRig({ offloads: 'software' });
    const frame = tcpFrame(2000, { partial: true });
    frame[16] = 0xff;
    rig.start(TSO).send(frame, large('tcp4', 1000));
    expect(rig.port.sent.map((sent) => [sent.frame[16], sent.frame[17], checksumsRight(sent.frame)])).toEqual([
      [4, 28, true],
      [4, 28, true],
    ]);
  });

  it('gives a large frame whole to a port that segments', () => {
    const rig = new NetRig({ port: new RecordingPort(ALL_OFFLOADS) });
    const frame = tcpFrame(60_000, { partial: true });
    rig.start(TSO).send(frame, large('tcp4', 1448));
    expect(rig.port.sent).toEqual([
      { frame, offload: { checksum: { start: 34, offset: 16 }, segmentation: { kind: 'tcp4', size: 1448 } } },
    ]);
  });

  it.each([
    ['tcp4', undefined],
    ['tcp6', undefined],
    ['tcp4', 7],
    ['tcp6', 7],
  ] as const)('cuts a large %s frame (VLAN %s) for a port that does not', (kind, vlan) => {
    const rig = new NetRig({ offloads: 'software' });
    const options = { kind, ...(vlan === undefined ? {} : { vlan }) };
    rig.start(TSO).send(tcpFrame(3500, { ...options, partial: true, flags: 0x99 }), large(kind, 1000, vlan));
    const frames = rig.port.sent.map(({ frame }) => frame);
    const { transport, payload } = tcpOffsets(options);
    const sequence = (frame: Uint8Array): number => new DataView(frame.buffer).getUint32(transport + 4);
    expect(frames.map((frame) => frame.length - payload)).toEqual([1000, 1000, 1000, 500]);
    expect(frames.map(sequence)).toEqual([0, 1000, 2000, 3000].map((n) => 0x1234_5678 + n));
    expect(frames.map((frame) => frame[transport + 13])).toEqual([0x90, 0x10, 0x10, 0x19]);
    expect(frames.every((frame) => checksumsRight(frame, options))).toBe(true);
    expect(frames.flatMap((frame) => [...frame.subarray(payload)])).toEqual([...tcpFrame(3500, options).subarray(payload)]);
  });

  it('stops when the port does not take a frame, goes on when told, loses and repeats nothing', () => {
    const rig = new NetRig();
    rig.port.room = 2;
    const driver = rig.start();
    driver.send(plainFrame(60));
    driver.send(plainFrame(61));
    expect(driver.send(plainFrame(62))).toBeUndefined();
    expect(driver.send(plainFrame(63))).toBeUndefined();
    expect(rig.device.counters).toMatchObject({ txStalls: 1, txFrames: 2 });
    rig.port.open(1);
    rig.port.open();
    expect(driver.transmitQueue.reap()).toHaveLength(2);
    // The third frame was gathered before the driver reused its buffer, the fourth was not.
    expect(rig.port.sent.map(({ frame }) => frame.length)).toEqual([60, 61, 62, 63]);
    expect(rig.port.sent[2]?.frame).toEqual(plainFrame(62));
  });

  it('goes on with the segment that the port did not take', () => {
    const rig = new NetRig({ offloads: 'software' });
    const driver = rig.start(TSO);
    rig.port.room = 2;
    expect(driver.send(tcpFrame(5000, { partial: true }), large('tcp4', 1000))).toBeUndefined();
    rig.port.open(1);
    rig.port.open();
    expect(rig.port.sent.map(({ frame }) => frame.length)).toEqual([1066, 1066, 1066, 1066, 1066]);
    expect(new Set(rig.port.sent.map(({ frame }) => frame.join())).size).toBe(5);
    expect(driver.transmitQueue.reap()).toHaveLength(1);
  });

  it('VQ-12: sends the readable part of a chain with a writable descriptor, and drops one that has only those', () => {
    const rig = new NetRig();
    const driver = rig.start();
    driver.transmitQueue.add([
      { address: 0x8000, length: 72 },
      { address: 0x9000, length: 100, writable: true },
    ]);
    driver.transmitQueue.add([{ address: 0x9000, length: 100, writable: true }]);
    rig.pci.kick(net.TRANSMIT_QUEUE);
    expect(driver.transmitQueue.reap().map(({ written }) => written)).toEqual([0, 0]);
    expect(rig.port.sent.map(({ frame }) => frame.length)).toEqual([60]);
    expect(rig.device.counters.drops.txTooShort).toBe(1);
  });

  it('VQ-24: does not touch the old ring when the port becomes writable after a reset', () => {
    const rig = new NetRig();
    const driver = rig.start();
    rig.port.room = 0;
    driver.send(plainFrame(60));
    rig.pci.reset();
    const { interrupts } = rig.counters(net.TRANSMIT_QUEUE);
    rig.port.open();
    expect(driver.transmitQueue.usedIndex).toBe(0);
    expect(rig.port.sent).toHaveLength(0);
    expect(rig.counters(net.TRANSMIT_QUEUE).interrupts).toBe(interrupts);
    expect(rig.slot.intx.high).toBe(false);
    expect(rig.start().send(plainFrame(60))?.written).toBe(0);
    expect(rig.port.sent).toHaveLength(1);
  });

  it('answers a kick from within transmit without recursion', () => {
    const rig = new NetRig();
    const driver = rig.start();
    let depth = 0;
    let deepest = 0;
    const transmit = rig.port.transmit.bind(rig.port);
    rig.port.transmit = (frame, offload) => {
      depth++;
      deepest = Math.max(deepest, depth);
      if (rig.port.sent.length < 5) rig.pci.forceKick(net.TRANSMIT_QUEUE);
      rig.port.onWritable?.();
      const taken = transmit(frame, offload);
      depth--;
      return taken;
    };
    for (let i = 0; i < 3; i++) driver.transmitQueue.add([{ address: 0x8000, length: 72 }]);
    rig.pci.kick(net.TRANSMIT_QUEUE);
    expect(deepest).toBe(1);
    expect(rig.port.sent).toHaveLength(3);
  });

  it('does no more than two rings of work for one kick, and the rest later', () => {
    const rig = new NetRig({ queueSize: 8 });
    const driver = rig.start();
    const add = () => driver.transmitQueue.add([{ address: 0x8000, length: 72 }]);
    const transmit = rig.port.transmit.bind(rig.port);
    rig.port.transmit = (frame, offload) => {
      // As if another processor of the guest added a buffer for each one that is sent.
      driver.transmitQueue.reap();
      if (rig.port.sent.length < 40) add();
      return transmit(frame, offload);
    };
    add();
    add();
    rig.pci.kick(net.TRANSMIT_QUEUE);
    expect([rig.port.sent.length, rig.deferred.length]).toEqual([16, 1]);
    for (let i = 0; i < 5; i++) rig.runDeferred();
    expect([rig.port.sent.length, rig.deferred.length]).toEqual([42, 0]);
  });

  it('forgets work that was put off when the device is reset', () => {
    const rig = new NetRig();
    rig.start();
    rig.card.session.notifyLater(net.TRANSMIT_QUEUE);
    rig.pci.reset();
    rig.start();
    const notified = vi.spyOn(rig.device, 'notify');
    rig.runDeferred();
    expect(notified).not.toHaveBeenCalled();
  });

  it('VQ-17: reads header and frame once: what the driver changes afterwards has no effect', () => {
    /** After every read of the device the guest scribbles over what was read. */
    class Scribbling extends Ram {
      scribble = false;
      override read(address: number, into: Uint8Array): void {
        super.read(address, into);
        if (this.scribble) this.write(address, new Uint8Array(into.length).fill(0xff));
      }
    }
    const memory = new Scribbling(new ArrayBuffer(2 << 20));
    const rig = new NetRig({ offloads: 'software', memory });
    const driver = rig.start(TSO);
    memory.scribble = true;
    rig.port.room = 1;
    driver.send(tcpFrame(3000, { partial: true }), large('tcp4', 1000));
    rig.port.open();
    expect(rig.port.sent.map(({ frame }) => [frame.length, checksumsRight(frame)])).toEqual([
      [1066, true],
      [1066, true],
      [1066, true],
    ]);
  });

  it('tries again when the port became writable during the call that refused', () => {
    const rig = new NetRig();
    const driver = rig.start();
    const transmit = rig.port.transmit.bind(rig.port);
    let refused = false;
    rig.port.transmit = (frame, offload) => {
      if (refused) return transmit(frame, offload);
      refused = true;
      rig.port.onWritable?.();
      return false;
    };
    expect(driver.send(plainFrame(60))).toBeDefined();
    expect(rig.port.sent).toHaveLength(1);
  });
});
