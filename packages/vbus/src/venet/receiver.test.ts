import { checksumsRight, plainFrame, RecordingPort, tcpFrame } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import type { VenetDriverOptions } from '../testing/venet-driver.ts';
import { VenetRig, type VenetRigOptions } from '../testing/venet-rig.ts';
import { SG_STRIDE } from '../testing/venet-transmit.ts';
import { CAP_ECN, CAP_SG, CAP_TSO4, CAP_TSO6, sgSize, VENET_IOV, VENET_SG } from './abi.ts';

const ALL_OFFLOADS = { checksum: true, segmentation: true, largeReceive: true };
const L4RO = CAP_SG | CAP_TSO4 | CAP_TSO6 | CAP_ECN;

function started(options: VenetDriverOptions = {}, rigOptions: VenetRigOptions = {}) {
  const rig = new VenetRig({ port: new RecordingPort(ALL_OFFLOADS), ...rigOptions });
  const { client, driver } = rig.start(options);
  const deliver: RecordingPort['deliver'] = (frame, offload) => {
    const taken = rig.port.deliver(frame, offload);
    client.settle();
    return taken;
  };
  const frames = (): Uint8Array[] => driver.received.splice(0).map(({ frame }) => frame);
  /** The driver does not look at its ring until `poll`. */
  const sleep = (): void => driver.receive.ring.signal?.disable();
  return { rig, client, driver, deliver, frames, sleep, counters: rig.device.counters, port: rig.port };
}

describe.each([
  ['flat', {}],
  ['large receive', { l4ro: L4RO }],
] as const)('[vbus §1.5] Guest RX: %s', (_, mode) => {
  it('puts frames into the posted buffers in order', () => {
    const { deliver, frames, counters } = started(mode);
    const sent = Array.from({ length: 600 }, (_each, i) => plainFrame(14 + (i % 1501)));
    for (const frame of sent) expect(deliver(frame)).toBe(true);
    expect(frames()).toEqual(sent);
    const bytes = sent.reduce((sum, { length }) => sum + length, 0);
    expect(counters).toMatchObject({ rxFrames: 600, rxBytes: bytes, rxCopied: bytes });
  });

  it('NET-10: leaves frames with the port when the ring is empty, and takes them when buffers return', () => {
    const { driver, client, deliver, frames, port, counters, sleep } = started({ ...mode, ringLength: 4 });
    sleep();
    const taken = Array.from({ length: 10 }, (_each, i) => deliver(plainFrame(60 + i)));
    expect(taken).toEqual([true, true, true, true, ...Array.from({ length: 6 }, () => false)]);
    expect([port.waiting, counters.rxStalls]).toEqual([6, 1]);
    for (let i = 0; i < 4; i++) {
      driver.drain();
      client.settle();
    }
    expect(port.waiting).toBe(0);
    expect(frames().map(({ length }) => length)).toEqual(Array.from({ length: 10 }, (_each, i) => 60 + i));
  });

  it('masks the doorbell of the ring while there are buffers, and unmasks it when there are none', () => {
    const { rig, driver, client, deliver, sleep } = started({ ...mode, ringLength: 4 });
    for (let i = 0; i < 20; i++) deliver(plainFrame(60));
    expect(rig.device.doorbells.rx.wakeups).toBe(0);
    sleep();
    for (let i = 0; i < 5; i++) deliver(plainFrame(60));
    driver.drain();
    client.settle();
    expect(rig.device.doorbells.rx.wakeups).toBe(1);
  });

  it('rings once for any number of frames that the guest has not looked at', () => {
    const { rig, driver, deliver, sleep } = started(mode);
    sleep();
    for (let i = 0; i < 50; i++) deliver(plainFrame(60));
    expect(rig.device.doorbells.rx).toMatchObject({ injected: 50, rung: 0, suppressed: 50 });
    driver.drain();
    expect(driver.received).toHaveLength(50);
  });

  it('NET-07: drops what is shorter than a header or longer than the MTU; a VLAN tag is no payload', () => {
    const { deliver, frames, counters } = started(mode);
    for (const length of [0, 1, 13, 1515, 9000]) expect(deliver(plainFrame(length))).toBe(true);
    const tagged = plainFrame(1518);
    tagged.set([0x81, 0], 12);
    deliver(tagged);
    expect(frames()).toEqual([tagged]);
    expect(counters.drops).toMatchObject({ rxTooShort: 3, rxTooLong: 2 });
  });

  it('cuts a large frame for a guest that does not take it, also when there is no room for all of it', () => {
    const l4ro = 'l4ro' in mode ? CAP_SG : 0;
    const { driver, client, deliver, frames, port, sleep } = started({ l4ro, ringLength: 2 });
    sleep();
    expect(deliver(tcpFrame(5000, { partial: true }), { segmentation: { kind: 'tcp4', size: 1000 } })).toBe(true);
    expect(deliver(plainFrame(60))).toBe(false);
    for (let i = 0; i < 4; i++) {
      driver.drain();
      client.settle();
    }
    const received = frames();
    expect(received.map(({ length }) => length)).toEqual([1066, 1066, 1066, 1066, 1066, 60]);
    expect(received.slice(0, 5).every((frame) => checksumsRight(frame))).toBe(true);
    expect(port.waiting).toBe(0);
  });

  it('drops frames whose work does not fit them', () => {
    const { deliver, counters } = started(mode);
    deliver(plainFrame(60), { checksum: { start: 34, offset: 30 } });
    deliver(plainFrame(60), { checksum: { start: 0xffff, offset: 0xffff } });
    deliver(plainFrame(2000), { segmentation: { kind: 'tcp4', size: 1000 } });
    deliver(tcpFrame(3000, { partial: true }), { segmentation: { kind: 'tcp4', size: 0 } });
    deliver(tcpFrame(3000, { partial: true }), { segmentation: { kind: 'tcp6', size: 1000 } });
    expect(counters.drops.rxBadOffload).toBe(5);
  });

  it('gives buffers that are no memory back empty', () => {
    const { client, driver, deliver, frames, counters } = started({ ...mode, ringLength: 8, buffers: 0 });
    const post = driver.receive.ring.iterator('valid');
    post.seek('tail');
    for (const pointer of [client.memory.size, client.memory.size - 20, 2 ** 53, 2 ** 63]) {
      post.pointer = pointer;
      post.length = 1518;
      post.push();
    }
    expect(deliver(plainFrame(60))).toBe(false);
    // The guest was told, and posts better ones.
    expect(driver.receive.flushed).toBe(4);
    driver.receive.post();
    driver.receive.ring.signal?.inject();
    client.settle();
    expect(frames()).toEqual([plainFrame(60)]);
    expect(counters.drops.rxBadBuffer).toBe(0);
  });

  it('bounds what it does for one frame when all buffers are no memory', () => {
    const { rig, driver, deliver, counters, sleep } = started({ ...mode, ringLength: 8, buffers: 0 });
    sleep();
    const post = driver.receive.ring.iterator('valid');
    post.seek('tail');
    for (let i = 0; i < 8; i++) {
      post.pointer = 2 ** 40;
      post.length = 1518;
      post.push();
    }
    expect(deliver(plainFrame(60))).toBe(true);
    expect(counters.drops.rxBadBuffer).toBe(1);
    expect(rig.trace.at(-1)).toEqual({ kind: 'drop', reason: 'rxBadBuffer' });
  });

  it('FLUSHRX returns every posted buffer empty and says nothing', () => {
    const { rig, driver, deliver, frames } = started({ ...mode, ringLength: 8 });
    const { injected } = rig.device.doorbells.rx;
    expect(driver.flush()).toBe(0);
    expect(driver.receive.flushed).toBe(8);
    expect(rig.device.doorbells.rx.injected).toBe(injected);
    // They were posted again.
    deliver(plainFrame(77));
    expect(frames()).toEqual([plainFrame(77)]);
  });

  it('drops what comes before LINKUP, after LINKDOWN, without a cable, disabled, and after DEVCLOSE', () => {
    const { rig, driver, deliver, frames, counters } = started(mode);
    driver.down();
    deliver(plainFrame(60));
    driver.up();
    deliver(plainFrame(61));
    rig.device.linkUp = false;
    deliver(plainFrame(62));
    rig.device.linkUp = true;
    rig.device.enabled = false;
    deliver(plainFrame(63));
    rig.device.enabled = true;
    expect(frames().map(({ length }) => length)).toEqual([61]);
    driver.close();
    deliver(plainFrame(64));
    expect(counters.drops).toMatchObject({ rxNotReady: 2, rxLinkDown: 1, rxDisabled: 1 });
  });

  it('asks the port for what it kept when the driver goes', () => {
    const { driver, deliver, port, counters, sleep } = started({ ...mode, ringLength: 4 });
    sleep();
    for (let i = 0; i < 9; i++) deliver(plainFrame(60));
    driver.down();
    expect(port.waiting).toBe(0);
    expect(counters.drops.rxNotReady).toBe(5);
  });
});

describe('[vbus §2.6] Modes: flat', () => {
  it('completes checksums, and asks the port for no work', () => {
    const { deliver, frames, port } = started();
    expect(port.receiverOffloads).toBeUndefined();
    deliver(tcpFrame(100, { partial: true }), { checksum: { start: 34, offset: 16 } });
    deliver(tcpFrame(100), { checksumValid: true });
    expect(frames()).toEqual([tcpFrame(100), tcpFrame(100)]);
  });

  it('drops a frame that is longer than the buffer, which stays posted', () => {
    const { deliver, frames, counters } = started({ bufferSize: 100, ringLength: 4 });
    for (let i = 0; i < 10; i++) deliver(plainFrame(101));
    deliver(plainFrame(100));
    expect(frames()).toEqual([plainFrame(100)]);
    expect(counters.drops.rxTooLong).toBe(10);
  });
});

describe('[vbus §2.6] L4RO', () => {
  it.each(['tcp4', 'tcp6'] as const)('gives a %s frame of 64 KiB whole, in the buffer and lent pages', (kind) => {
    const { driver, deliver, port } = started({ l4ro: L4RO, ringLength: 32 });
    expect(port.receiverOffloads).toEqual({ checksum: true, segmentation: true });
    const frame = tcpFrame(65_000, { kind, partial: true });
    for (let i = 0; i < 40; i++) deliver(frame, { segmentation: { kind, size: 1400 } });
    expect(driver.received).toHaveLength(40);
    const transport = kind === 'tcp4' ? 34 : 54;
    for (const received of driver.received)
      expect(received).toEqual({
        frame,
        checksum: { start: transport, offset: 16 },
        segmentation: { kind, size: 1400, ecn: false, headerLength: transport + 32 },
        pages: 16,
      });
    expect(driver.pages?.free).toBeGreaterThan(0);
  });

  it('leaves checksums to the guest', () => {
    const { driver, deliver } = started({ l4ro: CAP_SG });
    deliver(tcpFrame(100, { partial: true }), { checksum: { start: 34, offset: 16 } });
    deliver(tcpFrame(100), { checksumValid: true });
    expect(driver.received).toEqual([
      { frame: tcpFrame(100, { partial: true }), checksum: { start: 34, offset: 16 }, pages: 0 },
      { frame: tcpFrame(100), pages: 0 },
    ]);
  });

  it('VB-09: cuts what was not negotiated: IPv6 without TSO6, CWR without ECN', () => {
    const { driver, deliver, port } = started({ l4ro: CAP_SG | CAP_TSO4 });
    expect(port.receiverOffloads).toEqual({ checksum: true, segmentation: true });
    deliver(tcpFrame(2000, { kind: 'tcp6', partial: true }), { segmentation: { kind: 'tcp6', size: 1000 } });
    deliver(tcpFrame(2000, { partial: true, flags: 0x90 }), { segmentation: { kind: 'tcp4', size: 1000 } });
    expect(driver.received.map(({ frame, segmentation }) => [frame.length, segmentation])).toEqual([
      [1086, undefined],
      [1086, undefined],
      [1066, undefined],
      [1066, undefined],
    ]);
  });

  it('says ECN if the first segment says CWR', () => {
    const { driver, deliver } = started({ l4ro: L4RO });
    deliver(tcpFrame(2000, { partial: true, flags: 0x90 }), { segmentation: { kind: 'tcp4', size: 1000 } });
    expect(driver.received[0]?.segmentation?.ecn).toBe(true);
  });

  it('VB-09: cuts a frame for which there are no pages or no room for fragments, and loses no page', () => {
    const { deliver, frames, counters } = started({ l4ro: L4RO, ringLength: 12 });
    const frame = tcpFrame(60_000, { partial: true });
    // Twelve pages are posted; fifteen are needed. They stay with the device, which has enough when the driver posts more.
    for (let i = 0; i < 2; i++) deliver(frame, { segmentation: { kind: 'tcp4', size: 1400 } });
    expect(counters).toMatchObject({ pagesMissing: 1, rxFrames: 43 + 1 });
    expect(frames().reduce((sum, { length }) => sum + length - 66, 0)).toBe(120_000);
  });

  it('fills a descriptor only within its own length', () => {
    const { driver, deliver, counters } = started({ l4ro: L4RO, ringLength: 16 });
    const slot = driver.receive.ring.iterator('valid');
    for (let i = 0; i < 16; i++) {
      slot.seek('set', i);
      // Room for two fragments, where four are needed.
      slot.length = sgSize(2);
    }
    deliver(tcpFrame(10_000, { partial: true }), { segmentation: { kind: 'tcp4', size: 1000 } });
    expect(driver.received.map(({ frame, pages }) => [frame.length, pages])).toEqual(Array.from({ length: 10 }, () => [1066, 0]));
    expect(counters.pagesMissing).toBe(1);
  });

  it('VB-09: drops a frame without segmentation that is too large for its buffer and all fragments', () => {
    const { driver, deliver, counters } = started({ l4ro: L4RO, bufferSize: 100, ringLength: 8 });
    deliver(plainFrame(1514));
    expect(driver.received).toEqual([{ frame: plainFrame(1514), pages: 1 }]);
    const slot = driver.receive.ring.iterator('valid');
    for (let i = 0; i < 8; i++) {
      slot.seek('set', i);
      slot.length = sgSize(1);
    }
    for (let i = 0; i < 20; i++) deliver(plainFrame(1514));
    deliver(plainFrame(100));
    expect(driver.received.at(-1)?.frame).toEqual(plainFrame(100));
    expect(counters.drops.rxTooLong).toBe(20);
  });

  it('gives pages that are no memory back unused', () => {
    const { driver, client, deliver, counters } = started({ l4ro: L4RO, ringLength: 16 });
    const pages = driver.pages?.ring.iterator('both');
    if (pages === undefined) throw new Error('no page queue');
    // The driver has posted good ones; take them off by a frame, then post bad ones.
    deliver(tcpFrame(60_000, { partial: true }), { segmentation: { kind: 'tcp4', size: 1400 } });
    const before = counters.rxFrames;
    expect(before).toBe(1);
    pages.seek('tail');
    for (let i = 0; i < 16 && pages.isOwned; i++) {
      pages.pointer = 2 ** 52;
      pages.length = 4096;
      pages.push();
    }
    for (let i = 0; i < 3; i++) deliver(tcpFrame(60_000, { partial: true }), { segmentation: { kind: 'tcp4', size: 1400 } });
    client.settle();
    expect(driver.received.reduce((sum, { frame }) => sum + frame.length - 66, 0)).toBe(240_000);
  });

  it('reads the first fragment once: what the guest changes while it is filled has no effect', () => {
    const { driver, deliver, client } = started({ l4ro: L4RO, ringLength: 4 });
    const write = client.memory.write.bind(client.memory);
    client.memory.write = (address, from) => {
      write(address, from);
      if (from.length === 1000) driver.receive.pool?.writeU32(VENET_SG.size + VENET_IOV.offset.len, 0xffff_ffff);
    };
    deliver(plainFrame(1000));
    expect(driver.received).toEqual([{ frame: plainFrame(1000), pages: 0 }]);
  });

  it('gives descriptors without memory back empty: no bytes, bytes outside of it, a place outside of the pool, too few bytes', () => {
    const { driver, deliver, frames } = started({ l4ro: L4RO, ringLength: 8 });
    const { pool, ring } = driver.receive;
    const iov = (i: number): number => i * SG_STRIDE + VENET_SG.size;
    pool?.writeU32(iov(0) + VENET_IOV.offset.len, 0);
    pool?.writeU64(iov(1) + VENET_IOV.offset.ptr, 2n ** 64n - 1n);
    const slot = ring.iterator('valid');
    for (const [i, pointer, length] of [
      [2, 8 * SG_STRIDE, SG_STRIDE],
      [3, 7 * SG_STRIDE + 1, SG_STRIDE],
      [4, 0, sgSize(1) - 1],
      [5, 2 ** 63, 2 ** 63],
    ] as const) {
      slot.seek('set', i);
      slot.pointer = pointer;
      slot.length = length;
    }
    deliver(plainFrame(60));
    expect(driver.receive.flushed).toBe(6);
    expect(frames()).toEqual([plainFrame(60)]);
  });
});
