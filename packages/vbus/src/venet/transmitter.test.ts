import { checksumsRight, plainFrame, RecordingPort, tcpFrame, tcpOffsets } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import type { VenetDriverOptions } from '../testing/venet-driver.ts';
import { VenetRig, type VenetRigOptions } from '../testing/venet-rig.ts';
import { sgDescriptor, type TransmitWork } from '../testing/venet-transmit.ts';
import {
  CAP_ECN,
  CAP_LINKSTATE,
  CAP_PMTD,
  CAP_SG,
  CAP_TSO4,
  CAP_TSO6,
  CAP_TXC,
  MAX_FRAGMENTS,
  sgSize,
  VENET_IOV,
  VENET_SG,
} from './abi.ts';
import { TRANSMIT_BUDGET } from './transmitter.ts';

const ALL_OFFLOADS = { checksum: true, segmentation: true, largeReceive: true };
const SG = CAP_SG | CAP_TSO4 | CAP_TSO6 | CAP_ECN;

const MODES: readonly (readonly [name: string, options: VenetDriverOptions])[] = [
  ['flat', {}],
  ['flat with completion', { eventq: CAP_TXC }],
  ['scatter-gather', { sg: CAP_SG }],
  ['pre-mapped descriptors', { sg: CAP_SG | CAP_PMTD }],
  ['scatter-gather with completion', { sg: CAP_SG, eventq: CAP_TXC }],
  ['pre-mapped descriptors with completion', { sg: CAP_SG | CAP_PMTD, eventq: CAP_TXC | CAP_LINKSTATE }],
];

/** A card with its driver; `send` sends and lets deferred work be done. */
function started(options: VenetDriverOptions = {}, rigOptions: VenetRigOptions = {}) {
  const rig = new VenetRig(rigOptions);
  const { client, driver } = rig.start(options);
  const send = (frame: Uint8Array, work?: TransmitWork): boolean => {
    const sent = driver.send(frame, work);
    client.settle();
    return sent;
  };
  const { counters } = rig.device;
  return { rig, client, driver, send, counters, port: rig.port };
}

/** What a driver with segmentation offload asks for. */
const large = (kind: 'tcp4' | 'tcp6', size: number, ecn = false): TransmitWork => ({
  checksum: { start: tcpOffsets({ kind }).transport, offset: 16 },
  segmentation: { kind, size, ecn },
});

describe.each(MODES)('[vbus §2.6] Modes: %s', (_, mode) => {
  it('hands frames to the port in order and gives every buffer back', () => {
    const { send, port, driver, counters, client } = started(mode);
    const frames = Array.from({ length: 600 }, (_each, i) => plainFrame(60 + (i % 1400)));
    for (const frame of frames) expect(send(frame)).toBe(true);
    client.settle();
    driver.transmit.reap();
    expect(port.sent.map(({ frame }) => frame)).toEqual(frames);
    expect(driver.transmit).toMatchObject({ inFlight: 0, sent: 600, completed: 600 });
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    expect(counters).toMatchObject({ txFrames: 600, txBytes: bytes, txCopied: bytes });
  });

  it('fills the ring, not the host, when the port is slow, and goes on when it is not', () => {
    const { send, port, driver, counters, client } = started({ ...mode, ringLength: 8 });
    port.room = 3;
    let sent = 0;
    while (sent < 100 && send(plainFrame(60 + sent))) sent++;
    // Three sent, one in the buffer, a ring of them in the ring.
    expect(sent).toBe(12);
    expect(counters.txStalls).toBe(1);
    expect(port.sent).toHaveLength(3);
    port.open();
    client.settle();
    driver.transmit.reap();
    expect(port.sent.map(({ frame }) => frame.length)).toEqual(Array.from({ length: 12 }, (_each, i) => 60 + i));
    expect(driver.transmit).toMatchObject({ inFlight: 0, completed: 12 });
    expect(send(plainFrame(99))).toBe(true);
    expect(port.sent.at(-1)?.frame.length).toBe(99);
  });

  it('NET-01: drops what is shorter than a header or longer than the MTU, and passes everything between', () => {
    const { send, port, counters } = started(mode);
    for (const length of [1, 13, 14, 15, 59, 60, 1513, 1514, 1515]) send(plainFrame(length));
    expect(port.sent.map(({ frame }) => frame.length)).toEqual([14, 15, 59, 60, 1513, 1514]);
    expect(counters.drops).toMatchObject({ txTooShort: 2, txTooLong: 1 });
  });

  it('drops packets that are not memory, and completes them', () => {
    const { client, driver, port, counters } = started(mode);
    for (const pointer of [client.memory.size, client.memory.size - 30, 2 ** 32 - 1, 2 ** 53, 2 ** 63]) {
      expect(driver.transmit.offerRaw(pointer, 60, 7n)).toBe(true);
      driver.transmit.ring.signal?.inject();
      client.settle();
    }
    driver.transmit.reap();
    expect(port.sent).toHaveLength(0);
    expect(counters.drops.txBadDescriptor).toBe(5);
    expect(driver.transmit.completed).toBe(5);
  });

  it('LINKDOWN returns every slot and drops what the port has not taken', () => {
    const { send, port, driver, counters, client } = started({ ...mode, ringLength: 8 });
    port.room = 0;
    for (let i = 0; i < 6; i++) send(plainFrame(60));
    expect(driver.down()).toBe(0);
    client.settle();
    driver.transmit.reap();
    expect(driver.transmit).toMatchObject({ inFlight: 0, completed: 6 });
    expect(counters.drops.txLinkDown).toBe(6);
    port.open();
    client.settle();
    expect(port.sent).toHaveLength(0);
    expect(driver.up()).toBe(0);
    client.settle();
    expect(send(plainFrame(61))).toBe(true);
    expect(port.sent.map(({ frame }) => frame.length)).toEqual([61]);
  });

  it('touches nothing after DEVCLOSE, whatever the port does', () => {
    const { send, port, driver, client } = started({ ...mode, ringLength: 8 });
    port.room = 0;
    for (let i = 0; i < 6; i++) send(plainFrame(60));
    driver.close();
    const before = new Uint8Array(client.memory.size);
    client.memory.read(0, before);
    port.open();
    client.settle();
    const after = new Uint8Array(client.memory.size);
    client.memory.read(0, after);
    expect(after.every((byte, i) => byte === before[i])).toBe(true);
    expect(port.sent).toHaveLength(0);
  });
});

describe('[vbus §2.6] Modes: SG', () => {
  it.each([CAP_SG, CAP_SG | CAP_PMTD])('takes a packet of 1 to 18 fragments, also empty and one-byte ones (bits %i)', (sg) => {
    const { send, port } = started({ sg });
    for (let pieces = 1; pieces <= MAX_FRAGMENTS; pieces++)
      send(plainFrame(1000), { split: Array.from({ length: pieces - 1 }, (_, i) => i % 3) });
    expect(port.sent.map(({ frame }) => frame)).toEqual(Array.from({ length: MAX_FRAGMENTS }, () => plainFrame(1000)));
  });

  it('VB-09: refuses a descriptor with no fragment, too many, more than its length has, another sum, or unknown flags', () => {
    const { client, driver, counters, port } = started({ sg: CAP_SG });
    const buffer = client.allocate(2048);
    const scratch = client.allocate(4096);
    const offer = (bytes: Uint8Array, length = bytes.length): void => {
      scratch.write(0, bytes);
      driver.transmit.offerRaw(scratch.address, length, 1n);
      driver.transmit.ring.signal?.inject();
      client.settle();
    };
    const changed = (change: (view: DataView) => void, split: readonly number[] = []): Uint8Array => {
      const bytes = sgDescriptor(buffer.address, 100, 5n, { split });
      change(new DataView(bytes.buffer));
      return bytes;
    };
    const { count, flags, len } = VENET_SG.offset;
    offer(changed((view) => view.setUint32(count, 0, true)));
    offer(changed((view) => view.setUint32(count, 2, true)));
    offer(
      changed((view) => view.setUint32(count, MAX_FRAGMENTS + 1, true)),
      4096,
    );
    offer(
      changed((view) => view.setUint32(count, 0xffff_ffff, true)),
      4096,
    );
    offer(changed((view) => view.setUint32(len, 99, true)));
    offer(changed((view) => view.setUint32(len, 101, true)));
    offer(changed((view) => view.setUint32(flags, 8, true)));
    offer(changed((view) => view.setUint32(VENET_SG.size + VENET_IOV.offset.len, 0xffff_ffff, true)));
    // Two lengths whose sum is right modulo 2^32.
    offer(changed((view) => view.setUint32(VENET_SG.size + VENET_IOV.offset.len, 0xffff_ffff, true), [101]));
    // A fragment past the end of memory, or at an address beyond all numbers.
    offer(changed((view) => view.setBigUint64(VENET_SG.size + VENET_IOV.offset.ptr, BigInt(client.memory.size - 99), true)));
    offer(changed((view) => view.setBigUint64(VENET_SG.size + VENET_IOV.offset.ptr, 2n ** 64n - 1n, true)));
    // A descriptor shorter than one, and one that ends beyond memory.
    offer(sgDescriptor(buffer.address, 100, 5n), sgSize(1) - 1);
    driver.transmit.offerRaw(client.memory.size - 40, sgSize(1), 1n);
    driver.transmit.ring.signal?.inject();
    client.settle();
    expect(counters.drops.txBadDescriptor).toBe(13);
    expect(port.sent).toHaveLength(0);
    offer(sgDescriptor(buffer.address, 100, 5n), 2 ** 53);
    expect(port.sent).toHaveLength(1);
  });

  it('refuses a descriptor outside of the pool', () => {
    const { client, driver, counters } = started({ sg: CAP_SG | CAP_PMTD, ringLength: 4 });
    const size = 4 * sgSize(MAX_FRAGMENTS);
    for (const pointer of [size, size - 47, size - 48, 2 ** 32, 2 ** 63]) {
      driver.transmit.reap();
      driver.transmit.offerRaw(pointer, pointer === size - 48 ? 64 : 48, 1n);
      driver.transmit.ring.signal?.inject();
      client.settle();
    }
    expect(counters.drops.txBadDescriptor).toBe(5);
  });

  it('VQ-17: copies a descriptor before it looks at it', () => {
    const { client, driver, port } = started({ sg: CAP_SG });
    const read = client.memory.read.bind(client.memory);
    const buffer = client.allocate(2048);
    buffer.write(0, plainFrame(100));
    const descriptor = client.allocate(sgSize(MAX_FRAGMENTS));
    descriptor.write(0, sgDescriptor(buffer.address, 100, 5n));
    client.memory.read = (address, into) => {
      read(address, into);
      if (address === descriptor.address) descriptor.write(0, new Uint8Array(sgSize(1)).fill(0xff));
    };
    driver.transmit.offerRaw(descriptor.address, sgSize(1), 5n);
    driver.transmit.ring.signal?.inject();
    client.settle();
    expect(port.sent.map(({ frame }) => frame)).toEqual([plainFrame(100)]);
  });

  it('NET-03: drops a checksum that lies outside the frame, wherever start and offset point', () => {
    const { send, port, counters } = started({ sg: CAP_SG });
    const places = [
      [60, 0],
      [59, 0],
      [0, 59],
      [0, 0xffff],
      [0xffff, 0],
      [0xffff, 0xffff],
      [0x8000, 0x8000],
    ] as const;
    for (const [start, offset] of places) send(plainFrame(60), { checksum: { start, offset } });
    expect(counters.drops.txBadChecksum).toBe(places.length);
    for (const [start, offset] of [
      [33, 4],
      [58, 0],
      [0, 58],
    ] as const)
      send(plainFrame(60), { checksum: { start, offset } });
    expect(port.sent).toHaveLength(3);
  });

  it('completes a checksum for a port that does not, and leaves it to a port that does', () => {
    const work = { checksum: { start: 34, offset: 16 } };
    const software = started({ sg: CAP_SG });
    software.send(tcpFrame(333, { partial: true }), work);
    expect(software.port.sent).toEqual([{ frame: tcpFrame(333), offload: undefined }]);
    const port = started({ sg: CAP_SG }, { port: new RecordingPort(ALL_OFFLOADS) });
    port.send(tcpFrame(333, { partial: true }), work);
    expect(port.port.sent).toEqual([{ frame: tcpFrame(333, { partial: true }), offload: work }]);
  });

  it.each(['tcp4', 'tcp6'] as const)('gives a large %s frame whole to a port that segments, and cuts it for one that does not', (kind) => {
    const frame = tcpFrame(30_000, { kind, partial: true });
    const { checksum } = large(kind, 1400);
    const whole = started({ sg: SG }, { port: new RecordingPort(ALL_OFFLOADS) });
    whole.send(frame, large(kind, 1400));
    expect(whole.port.sent).toEqual([{ frame, offload: { checksum, segmentation: { kind, size: 1400 } } }]);
    const cut = started({ sg: SG }, { offloads: 'software' });
    cut.send(frame, large(kind, 1400));
    expect(cut.port.sent).toHaveLength(22);
    expect(cut.port.sent.every((sent) => checksumsRight(sent.frame, { kind }))).toBe(true);
    expect(cut.counters).toMatchObject({ txFrames: 1, txBytes: frame.length });
  });

  it('takes a packet of 65536 bytes with segmentation, and no longer one', () => {
    const { send, port, counters } = started({ sg: SG }, { port: new RecordingPort(ALL_OFFLOADS) });
    send(tcpFrame(65536 - 66, { partial: true }), large('tcp4', 1448));
    send(tcpFrame(65537 - 66, { partial: true }), large('tcp4', 1448));
    expect(port.sent.map(({ frame }) => frame.length)).toEqual([65536]);
    expect(counters.drops.txTooLong).toBe(1);
  });

  it('NET-04: drops unknown segmentation, size 0, a missing checksum, one that is not TCP’s', () => {
    const { send, client, driver, port, counters } = started({ sg: SG }, { offloads: 'software' });
    const frame = tcpFrame(3000, { partial: true });
    const segmentation = { kind: 'tcp4' as const, size: 1000 };
    send(frame, { segmentation });
    send(frame, large('tcp4', 0));
    send(frame, { checksum: { start: 34, offset: 6 }, segmentation });
    send(frame, { checksum: { start: 35, offset: 16 }, segmentation });
    send(frame, { checksum: { start: 0xffff, offset: 16 }, segmentation });
    send(frame, { ...large('tcp4', 1000), segmentation: { kind: 'tcp6', size: 1000 } });
    const buffer = client.allocate(4096);
    buffer.write(0, frame);
    const descriptor = client.allocate(64);
    for (const type of [1, 3, 0xff]) {
      const bytes = sgDescriptor(buffer.address, frame.length, 1n, large('tcp4', 1000));
      bytes[VENET_SG.offset.gsoType] = type;
      descriptor.write(0, bytes);
      driver.transmit.offerRaw(descriptor.address, bytes.length, 1n);
      driver.transmit.ring.signal?.inject();
      client.settle();
    }
    expect(counters.drops.txBadSegmentation).toBe(9);
    expect(port.sent).toHaveLength(0);
  });

  it('NET-05, VB-09: drops segmentation and ECN that were not negotiated', () => {
    const offloads = { offloads: 'software' } as const;
    const frame = tcpFrame(3000, { partial: true });
    for (const [sg, work] of [
      [CAP_SG, large('tcp4', 1000)],
      [CAP_SG | CAP_TSO6, large('tcp4', 1000)],
      [CAP_SG | CAP_TSO4, large('tcp6', 1000)],
      [CAP_SG | CAP_TSO4, large('tcp4', 1000, true)],
    ] as const) {
      const { send, counters, port } = started({ sg }, offloads);
      send(work.segmentation?.kind === 'tcp6' ? tcpFrame(3000, { kind: 'tcp6', partial: true }) : frame, work);
      expect([counters.drops.txBadSegmentation, port.sent.length]).toEqual([1, 0]);
    }
    const { send, port } = started({ sg: SG }, offloads);
    send(tcpFrame(3000, { partial: true, flags: 0x98 }), large('tcp4', 1000, true));
    // CWR is in the first segment only.
    expect(port.sent.map((sent) => sent.frame[47])).toEqual([0x90, 0x10, 0x18]);
  });

  it('NET-06: drops large frames whose headers lie', () => {
    const { send, counters, port } = started({ sg: SG }, { offloads: 'software' });
    const lies: ((frame: Uint8Array) => void)[] = [
      ...[0, 1, 2, 3, 4, 6, 15].map((ihl) => (frame: Uint8Array) => void (frame[14] = 0x40 | ihl)),
      (frame) => void (frame[14] = 0x65),
      (frame) => void (frame[12] = 0x86),
      (frame) => void (frame[23] = 17),
      (frame) => void (frame[20] = 0x20),
      (frame) => void (frame[46] = 0x40),
    ];
    for (const lie of lies) {
      const frame = tcpFrame(3000, { partial: true });
      lie(frame);
      send(frame, large('tcp4', 1000));
    }
    expect(counters.drops.txBadSegmentation).toBe(lies.length);
    expect(port.sent).toHaveLength(0);
  });

  it('does not let segments of more than the MTU pass', () => {
    const { send, counters } = started({ sg: SG }, { port: new RecordingPort(ALL_OFFLOADS) });
    send(tcpFrame(9000, { partial: true }), large('tcp4', 1449));
    expect(counters.drops.txTooLong).toBe(1);
  });
});

describe('[vbus §2.6] TXC', () => {
  it('names every packet once, in order, by its own cookie, and rings the TX ring never', () => {
    const { rig, send, driver } = started({ sg: CAP_SG | CAP_PMTD, eventq: CAP_TXC });
    const cookies: bigint[] = [];
    const { events } = driver;
    if (events !== undefined) events.onCompletion = (cookie) => void cookies.push(cookie);
    for (let i = 0; i < 20; i++) send(plainFrame(60));
    expect(cookies).toEqual(Array.from({ length: 20 }, (_, i) => BigInt(i + 1)));
    expect(rig.device.doorbells.tx).toMatchObject({ injected: 0, rung: 0 });
  });

  it('copies frames below the threshold, and leaves large ones in the guest’s memory until the port takes them', () => {
    const { rig, send, driver, port, counters, client } = started({ sg: SG, eventq: CAP_TXC }, { port: new RecordingPort(ALL_OFFLOADS) });
    rig.device.settings.transmitMitigation = 1;
    port.room = 0;
    send(tcpFrame(400, { partial: true }), { checksum: { start: 34, offset: 16 } });
    // Copied: done with, though the port has not taken it.
    expect(driver.transmit.completed).toBe(1);
    for (let i = 0; i < 3; i++) send(tcpFrame(5000 + i, { partial: true }), large('tcp4', 1448));
    // Nothing is there by reference: nobody looks before the port takes frames again.
    expect([driver.transmit.completed, counters.txReferenced, driver.transmit.ring.inuse.count]).toEqual([1, 0, 3]);
    port.room = 1;
    port.onWritable?.();
    expect(driver.transmit.completed).toBe(1);
    expect(counters.txReferenced).toBe(3);
    // Their slots are free at once all the same.
    expect(driver.transmit.ring.inuse.count).toBe(0);
    port.open();
    client.settle();
    expect(driver.transmit).toMatchObject({ completed: 4, inFlight: 0 });
    expect(port.sent.map(({ frame }) => frame.length)).toEqual([466, 5066, 5067, 5068]);
    expect(counters.txCopied).toBe(466 + 5066 + 5067 + 5068);
    rig.device.settings.zeroCopyThreshold = 0;
    send(tcpFrame(5000, { partial: true }), large('tcp4', 1448));
    expect(counters.txReferenced).toBe(3);
  });

  it('holds no more than a ring of packets by reference', () => {
    const { send, driver, port, counters, client } = started(
      { sg: SG, eventq: CAP_TXC, ringLength: 8 },
      { port: new RecordingPort(ALL_OFFLOADS) },
    );
    port.room = 0;
    let sent = 0;
    while (sent < 100 && send(tcpFrame(2000, { partial: true }), large('tcp4', 1448))) sent++;
    // One in the buffer, a ring by reference, a ring in the ring.
    expect([sent, counters.txReferenced]).toEqual([17, 9]);
    port.open();
    client.settle();
    expect(driver.transmit).toMatchObject({ completed: 17, inFlight: 0 });
    expect(port.sent).toHaveLength(17);
  });

  it('loses no completion when the guest does not drain its events, and stops until it does', () => {
    const { send, driver, port, counters, client } = started({ eventq: CAP_TXC, ringLength: 4 });
    const { events } = driver;
    events?.ring.signal?.disable();
    let sent = 0;
    while (sent < 100 && send(plainFrame(60))) sent++;
    // A ring of events, a ring of completions that wait, a ring in the ring.
    expect([sent, port.sent.length, counters.eventsDelayed]).toEqual([12, 8, 4]);
    events?.drain();
    client.settle();
    events?.drain();
    client.settle();
    events?.drain();
    client.settle();
    expect(driver.transmit).toMatchObject({ completed: 12, inFlight: 0 });
    expect(port.sent).toHaveLength(12);
  });

  it('VB-09: sends no completion event unless it was negotiated', () => {
    const { send, driver } = started({ eventq: CAP_LINKSTATE });
    send(plainFrame(60));
    expect(driver.events).toMatchObject({ completions: 0, bad: 0, linkStates: [true] });
    expect(driver.transmit.completed).toBe(1);
  });
});

describe('[vbus §1.5] Who runs where', () => {
  it('masks doorbells while it works: packets that are added meanwhile need none', () => {
    const { rig, driver, client, port } = started();
    const { signal } = driver.transmit.ring;
    driver.send(plainFrame(60));
    const rung = signal?.counters.rung ?? 0;
    for (let i = 0; i < 50; i++) driver.send(plainFrame(60));
    expect(signal?.counters.rung).toBe(rung);
    // One run, and one look whether there is more.
    client.deferred.shift()?.();
    client.deferred.shift()?.();
    expect(client.deferred).toHaveLength(0);
    expect(port.sent).toHaveLength(51);
    expect(rig.device.doorbells.tx.wakeups).toBe(1);
  });

  it('serves a doorbell after a pause at once, a burst in deferred work', () => {
    const { rig, driver, client, port, counters } = started();
    rig.device.settings.burstThreshold = 100;
    rig.clock.advanceTo(1_000_000n);
    driver.send(plainFrame(60));
    expect(port.sent).toHaveLength(1);
    rig.clock.advanceTo(1_050_000n);
    driver.send(plainFrame(60));
    expect(port.sent).toHaveLength(1);
    client.settle();
    expect(port.sent).toHaveLength(2);
    rig.clock.advanceTo(2_000_000n);
    driver.send(plainFrame(60));
    expect(port.sent).toHaveLength(3);
    expect(counters.txDirect).toBe(2);
  });

  it('defers every doorbell while burst detection is off', () => {
    const { driver, client, port, counters } = started();
    driver.send(plainFrame(60));
    expect(port.sent).toHaveLength(0);
    client.settle();
    expect([port.sent.length, counters.txDirect]).toEqual([1, 0]);
  });

  it('sends no more than its budget in one turn, and the rest in the next', () => {
    const { driver, client, port, counters } = started();
    for (let i = 0; i < 200; i++) driver.send(plainFrame(60));
    client.deferred.shift()?.();
    expect([port.sent.length, client.deferred.length]).toEqual([TRANSMIT_BUDGET, 1]);
    client.settle();
    expect([port.sent.length, counters.txOverBudget]).toEqual([200, 3]);
  });

  it.each([
    [10, 4],
    [0, 35],
    [100, 1],
    [35, 1],
  ])('tells the guest every %i packets and at the end', (mitigation, times) => {
    const { rig, driver, client } = started();
    rig.device.settings.transmitMitigation = mitigation;
    for (let i = 0; i < 35; i++) driver.send(plainFrame(60));
    client.settle();
    expect(rig.device.doorbells.tx.injected).toBe(times);
  });

  it('tells the guest by number while the port takes one frame at a time, and of the rest when all is sent', () => {
    const { rig, driver, client, port } = started();
    rig.device.settings.transmitMitigation = 3;
    for (let i = 0; i < 7; i++) driver.send(plainFrame(60));
    for (let i = 0; i < 8; i++) {
      port.room = 1;
      port.onWritable?.();
      client.settle();
    }
    expect(port.sent).toHaveLength(7);
    expect(rig.device.doorbells.tx.injected).toBe(3);
    driver.transmit.reap();
    expect(driver.transmit.inFlight).toBe(0);
  });

  it('answers a port that calls back from within transmit without recursion', () => {
    const { rig, driver, client, port } = started();
    let depth = 0;
    let deepest = 0;
    const transmit = port.transmit.bind(port);
    port.transmit = (frame, offload) => {
      deepest = Math.max(deepest, ++depth);
      if (port.sent.length < 5) driver.send(plainFrame(60));
      port.onWritable?.();
      const taken = transmit(frame, offload);
      depth--;
      return taken;
    };
    rig.device.settings.burstThreshold = 1;
    driver.send(plainFrame(60));
    client.settle();
    expect([deepest, port.sent.length]).toEqual([1, 6]);
  });

  it.each(['down', 'close'] as const)('ends when the port has the driver go from within transmit: %s', (end) => {
    const { driver, client, port } = started({ ringLength: 8 });
    const transmit = port.transmit.bind(port);
    port.transmit = (frame, offload) => {
      if (port.sent.length === 2) driver[end]();
      return transmit(frame, offload);
    };
    for (let i = 0; i < 8; i++) driver.send(plainFrame(60));
    client.settle();
    expect(port.sent).toHaveLength(3);
  });
});
