import { plainFrame, RecordingPort, tcpFrame } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import { EBUSY, EEXIST, EINVAL, ENOENT } from '../errno.ts';
import { IOQ_SIGNAL_OFFSET, Ioq, ioqLength } from '../ioq.ts';
import type { DirectDevice } from '../testing/direct-device.ts';
import { VenetDriver } from '../testing/venet-driver.ts';
import { VenetRig } from '../testing/venet-rig.ts';
import {
  CAP_ECN,
  CAP_LINKSTATE,
  CAP_PMTD,
  CAP_SG,
  CAP_TSO4,
  CAP_TSO6,
  CAP_TXC,
  CAP_UFO,
  EVENT_POOL,
  EVENT_QUEUE,
  EVENT_SIZE,
  EVQQUERY,
  FLUSHRX,
  GROUP_EVENTQ,
  GROUP_L4RO,
  GROUP_SG,
  L4RO_PAGES,
  L4RO_POOL,
  L4ROQUERY,
  LINKDOWN,
  LINKUP,
  MACQUERY,
  NEGCAP,
  PMTD_POOL,
  PMTDQUERY,
  RX_QUEUE,
  TX_QUEUE,
} from './abi.ts';

const ALL = 0xffff_ffff;
const ALL_OFFLOADS = { checksum: true, segmentation: true, largeReceive: true };
const TSO = CAP_TSO4 | CAP_TSO6 | CAP_ECN;

function negotiate(client: DirectDevice, group: number, bits: number): number {
  const words = Uint32Array.of(group, bits);
  const result = client.call(NEGCAP, new Uint8Array(words.buffer));
  return result < 0 ? result : (words[1] ?? 0);
}

const query = (client: DirectDevice, func: number): readonly number[] => {
  const words = new Uint32Array(8);
  const result = client.call(func, new Uint8Array(words.buffer));
  return result < 0 ? [result] : [...words];
};

describe('[vbus §2.6] DEVCALL functions', () => {
  it('LINKUP needs both queues, once; LINKDOWN needs the link', () => {
    const client = new VenetRig().open();
    expect(client.call(LINKUP)).toBe(-EINVAL);
    expect(client.call(LINKDOWN)).toBe(-ENOENT);
    client.ioq(RX_QUEUE, 8);
    expect(client.call(LINKUP)).toBe(-EINVAL);
    client.ioq(TX_QUEUE, 8);
    expect(client.call(LINKUP)).toBe(0);
    expect(client.call(LINKUP)).toBe(-EEXIST);
    expect(client.call(LINKDOWN)).toBe(0);
    expect(client.call(LINKDOWN)).toBe(-ENOENT);
    expect(client.call(LINKUP)).toBe(0);
  });

  it('MACQUERY fills exactly six bytes', () => {
    const client = new VenetRig({ mac: Uint8Array.of(2, 0, 0, 0, 0, 9) }).open();
    const mac = new Uint8Array(6);
    expect(client.call(MACQUERY, mac)).toBe(0);
    expect([...mac]).toEqual([2, 0, 0, 0, 0, 9]);
    for (const length of [0, 5, 7, 64]) expect(client.call(MACQUERY, new Uint8Array(length))).toBe(-EINVAL);
  });

  it('NEGCAP answers the bits that both know, 0 for an unknown group, and nothing while the link is up', () => {
    const rig = new VenetRig({ port: new RecordingPort(ALL_OFFLOADS) });
    const client = rig.open();
    expect(negotiate(client, GROUP_SG, ALL)).toBe(CAP_SG | TSO | CAP_PMTD);
    expect(negotiate(client, GROUP_SG, CAP_SG | CAP_UFO)).toBe(CAP_SG);
    expect(negotiate(client, GROUP_EVENTQ, ALL)).toBe(CAP_LINKSTATE | CAP_TXC);
    expect(negotiate(client, GROUP_L4RO, ALL)).toBe(CAP_SG | TSO);
    for (const group of [3, 4, ALL]) expect(negotiate(client, group, ALL)).toBe(0);
    // What else there is in a group means nothing without scatter-gather.
    expect(negotiate(client, GROUP_SG, TSO | CAP_PMTD)).toBe(0);
    expect(negotiate(client, GROUP_L4RO, CAP_TSO4)).toBe(0);
    for (const length of [0, 7, 9]) expect(client.call(NEGCAP, new Uint8Array(length))).toBe(-EINVAL);
    const up = new VenetRig().start().client;
    expect(negotiate(up, GROUP_SG, CAP_SG)).toBe(-EINVAL);
    up.call(LINKDOWN);
    expect(negotiate(up, GROUP_SG, CAP_SG)).toBe(CAP_SG);
  });

  it.each([
    ['port', ALL_OFFLOADS, TSO, TSO | CAP_SG],
    ['port', { ...ALL_OFFLOADS, segmentation: false }, 0, TSO | CAP_SG],
    ['port', { ...ALL_OFFLOADS, largeReceive: false }, TSO, 0],
    ['port', undefined, 0, 0],
    ['software', undefined, TSO, TSO | CAP_SG],
    ['none', ALL_OFFLOADS, 0, 0],
  ] as const)('offers what the policy %s makes of the port', (offloads, given, transmit, receive) => {
    const client = new VenetRig({ port: new RecordingPort(given), offloads }).open();
    expect(negotiate(client, GROUP_SG, ALL)).toBe(CAP_SG | CAP_PMTD | transmit);
    expect(negotiate(client, GROUP_L4RO, ALL)).toBe(receive);
  });

  it('queries answer sizes and ids of what was negotiated, and refuse otherwise', () => {
    const client = new VenetRig({ offloads: 'software' }).open();
    expect(client.call(PMTDQUERY)).toBe(-EINVAL);
    expect(query(client, EVQQUERY)).toEqual([-EINVAL]);
    expect(query(client, L4ROQUERY)).toEqual([-EINVAL]);
    negotiate(client, GROUP_SG, ALL);
    negotiate(client, GROUP_EVENTQ, ALL);
    negotiate(client, GROUP_L4RO, ALL);
    expect(client.call(PMTDQUERY)).toBe(100);
    expect(query(client, EVQQUERY)).toEqual([0, 24, 101, 102, 0, 0, 0, 0]);
    expect(query(client, L4ROQUERY)).toEqual([0, 103, 104, 0, 0, 0, 0, 0]);
    for (const func of [EVQQUERY, L4ROQUERY]) {
      for (const length of [0, 31, 33]) expect(client.call(func, new Uint8Array(length))).toBe(-EINVAL);
      expect(client.call(func, new Uint8Array(32).fill(1, 0, 1))).toBe(-EINVAL);
    }
  });

  it('knows no other function and no flags', () => {
    const client = new VenetRig().open();
    for (const func of [8, 9, 100, 0x7fff_ffff, ALL]) expect(client.call(func)).toBe(-EINVAL);
    expect(client.connection.call(MACQUERY, new Uint8Array(6), 1)).toBe(-EINVAL);
    expect(client.call(FLUSHRX)).toBe(-EINVAL);
  });
});

describe('[vbus §2.6] DEVSHM', () => {
  it('VB-09: takes memories of what was negotiated only, and each once', () => {
    const client = new VenetRig({ offloads: 'software' }).open();
    for (const id of [2, 99, 105, ALL]) expect(client.shm(id, 4096)).toBe(-EINVAL);
    for (const id of [PMTD_POOL, EVENT_POOL, L4RO_POOL]) expect(client.shm(id, 4096)).toBe(-EINVAL);
    for (const id of [EVENT_QUEUE, L4RO_PAGES]) expect(client.ioq(id, 8)).toBe(-EINVAL);
    negotiate(client, GROUP_SG, ALL);
    negotiate(client, GROUP_EVENTQ, ALL);
    negotiate(client, GROUP_L4RO, ALL);
    for (const id of [PMTD_POOL, L4RO_POOL]) {
      expect(client.shm(id, 4096)).toMatchObject({ length: 4096 });
      expect(client.shm(id, 4096)).toBe(-EEXIST);
    }
    expect(client.shm(EVENT_POOL, 8 * EVENT_SIZE)).toMatchObject({ length: 192 });
    expect(client.shm(EVENT_POOL, 8 * EVENT_SIZE)).toBe(-EEXIST);
    for (const id of [RX_QUEUE, TX_QUEUE, EVENT_QUEUE, L4RO_PAGES]) {
      expect(client.ioq(id, 8)).toMatchObject({ count: 8 });
      expect(client.ioq(id, 8)).toBe(-EEXIST);
    }
    expect(client.call(LINKUP)).toBe(0);
  });

  it('LINKUP needs the memories of everything that was negotiated', () => {
    for (const [group, bits] of [
      [GROUP_SG, CAP_SG | CAP_PMTD],
      [GROUP_EVENTQ, CAP_LINKSTATE],
      [GROUP_EVENTQ, CAP_TXC],
      [GROUP_L4RO, CAP_SG],
    ] as const) {
      const client = new VenetRig({ offloads: 'software' }).open();
      negotiate(client, group, bits);
      client.ioq(RX_QUEUE, 8);
      client.ioq(TX_QUEUE, 8);
      expect(client.call(LINKUP)).toBe(-EINVAL);
      // Without it, it is the flat device.
      negotiate(client, group, 0);
      expect(client.call(LINKUP)).toBe(0);
    }
  });

  it('wants a pool of events that is as long as its ring, whichever comes first', () => {
    for (const wrong of [8 * EVENT_SIZE - 1, 8 * EVENT_SIZE + 1, 7 * EVENT_SIZE, 16]) {
      const poolFirst = new VenetRig().open();
      negotiate(poolFirst, GROUP_EVENTQ, ALL);
      poolFirst.shm(EVENT_POOL, wrong);
      expect(poolFirst.ioq(EVENT_QUEUE, 8)).toBe(-EINVAL);
      const ringFirst = new VenetRig().open();
      negotiate(ringFirst, GROUP_EVENTQ, ALL);
      ringFirst.ioq(EVENT_QUEUE, 8);
      expect(ringFirst.shm(EVENT_POOL, wrong)).toBe(-EINVAL);
      expect(ringFirst.shm(EVENT_POOL, 8 * EVENT_SIZE)).toMatchObject({ length: 192 });
    }
  });

  it('takes no memory while the link is up', () => {
    const { client } = new VenetRig().start();
    for (const id of [RX_QUEUE, TX_QUEUE, EVENT_QUEUE]) expect(client.ioq(id, 8)).toBe(-EBUSY);
  });

  it('VB-03: refuses a ring without a doorbell, with another magic, version or count, or longer than its memory', () => {
    const client = new VenetRig().open();
    const give = (change: (ring: Uint32Array) => void, length = ioqLength(8), doorbell = true): number => {
      const region = client.allocate(length);
      const bytes = new Uint8Array(ioqLength(8));
      const whole = client.allocate(ioqLength(8));
      Ioq.init(whole, 8, { side: 'north' });
      whole.read(0, bytes);
      change(new Uint32Array(bytes.buffer));
      region.write(0, bytes.subarray(0, length));
      const [, south] = client.signals(region, IOQ_SIGNAL_OFFSET);
      return client.connection.shm(RX_QUEUE, 0, region, doorbell ? south : undefined);
    };
    expect(give(() => {}, ioqLength(8), false)).toBe(-EINVAL);
    expect(give((words) => void (words[0] = 0))).toBe(-EINVAL);
    expect(give((words) => void (words[1] = 3))).toBe(-EINVAL);
    for (const count of [0, 9, 2049, ALL]) expect(give((words) => void (words[12] = count))).toBe(-EINVAL);
    expect(give(() => {}, ioqLength(8) - 1)).toBe(-EINVAL);
    expect(client.connection.shm(RX_QUEUE, 1, client.allocate(ioqLength(8)), undefined)).toBe(-EINVAL);
    expect(give(() => {})).toBe(0);
  });
});

describe('[vbus §2.5] Rings that the driver breaks', () => {
  /** Offset of inuse.head in a ring. */
  const INUSE_HEAD = 36;
  /** Of the owner of a descriptor. */
  const sownOf = (position: number): number => 56 + 32 * position + 25;

  it.each(['tx', 'rx', 'event', 'page'] as const)('VB-03: stand still until the device is opened anew: %s', (name) => {
    const rig = new VenetRig({ port: new RecordingPort(ALL_OFFLOADS) });
    const { client, driver } = rig.start({ sg: CAP_SG, eventq: ALL, l4ro: CAP_SG | TSO, ringLength: 8 });
    const rings = { tx: driver.transmit.ring, rx: driver.receive.ring, event: driver.events?.ring, page: driver.pages?.ring };
    rings[name]?.region.writeU32(name === 'tx' || name === 'page' ? INUSE_HEAD : INUSE_HEAD + 4, 0x8000_0001);
    // A driver that keeps the rules would see it first.
    if (name === 'tx') driver.transmit.ring.region.writeU8(sownOf(0), 1);
    driver.transmit.ring.signal?.inject();
    for (let i = 0; i < 20; i++) {
      driver.send(plainFrame(60));
      rig.port.deliver(plainFrame(60));
      rig.port.deliver(tcpFrame(30_000, { partial: true }), { segmentation: { kind: 'tcp4', size: 1400 } });
      client.settle();
    }
    expect(rig.trace.filter(({ kind }) => kind === 'ring-broken')).toEqual([{ kind: 'ring-broken', ring: name, why: 'index' }]);
    expect(driver.down()).toBe(0);
    expect(driver.up()).toBe(0);
    client.settle();
    driver.close();
    rig.port.sent.length = 0;
    const again = rig.start();
    again.driver.send(plainFrame(70));
    rig.port.deliver(plainFrame(71));
    again.client.settle();
    expect(rig.port.sent.map(({ frame }) => frame)).toEqual([plainFrame(70)]);
    expect(again.driver.received.map(({ frame }) => frame)).toEqual([plainFrame(71)]);
  });

  it('VB-04: a buffer that the driver takes back is none: the frame waits', () => {
    const rig = new VenetRig();
    const { client, driver } = rig.start({ ringLength: 8 });
    rig.port.deliver(plainFrame(60));
    driver.receive.ring.region.writeU8(sownOf(1), 0);
    rig.port.deliver(plainFrame(61));
    client.settle();
    expect([rig.device.counters.rxFrames, rig.port.waiting]).toEqual([1, 1]);
    driver.receive.ring.region.writeU8(sownOf(1), 1);
    driver.receive.ring.signal?.inject();
    client.settle();
    expect([rig.device.counters.rxFrames, rig.port.waiting]).toEqual([2, 0]);
  });
});

describe('[vbus §1.4] Connection model', () => {
  it('takes version 1, one driver at a time, and one bus', () => {
    const rig = new VenetRig();
    const { device } = rig;
    expect(device.interfaces.map(({ type }) => type)).toEqual(['virtual-ethernet']);
    for (const version of [0, 2, ALL]) expect(() => rig.open({ version })).toThrow(`${-EINVAL}`);
    const first = rig.open();
    expect(() => rig.open()).toThrow(`${-EBUSY}`);
    first.close();
    expect(rig.open()).toBeDefined();
    expect(device.busConnect()).toBe(0);
    expect(device.busConnect()).toBe(-EBUSY);
    device.busDisconnect();
    expect(device.busConnect()).toBe(0);
  });

  it('starts each driver afresh: no capability, no memory, no link', () => {
    const rig = new VenetRig({ offloads: 'software' });
    const { driver } = rig.start({ sg: CAP_SG | CAP_PMTD, eventq: ALL, l4ro: ALL });
    driver.close();
    expect(rig.port.receiverOffloads).toBeUndefined();
    const client = rig.open();
    expect(client.call(PMTDQUERY)).toBe(-EINVAL);
    expect(client.call(LINKUP)).toBe(-EINVAL);
    expect(client.call(LINKDOWN)).toBe(-ENOENT);
    client.close();
    const again = rig.start();
    again.driver.send(plainFrame(60));
    again.client.settle();
    expect(rig.port.sent).toHaveLength(1);
  });

  it('answers nothing after DEVCLOSE', () => {
    const client = new VenetRig().open();
    client.close();
    client.close();
    expect(client.call(MACQUERY, new Uint8Array(6))).toBe(-EINVAL);
    expect(client.ioq(RX_QUEUE, 8)).toBe(-EINVAL);
  });

  it('a full probe is eleven calls after DEVOPEN, with large receive fifteen', () => {
    const rig = new VenetRig({ offloads: 'software' });
    const sg = CAP_SG | TSO | CAP_PMTD;
    const eventq = CAP_LINKSTATE | CAP_TXC;
    const { client, driver } = rig.start({ sg, eventq });
    expect(client.calls).toBe(12);
    expect(driver.capabilities).toEqual({ sg, eventq, l4ro: 0 });
    driver.close();
    expect(rig.start({ sg, eventq, l4ro: CAP_SG | TSO }).client.calls).toBe(16);
  });

  it('refuses a probe at the first call that fails', () => {
    const rig = new VenetRig();
    const client = rig.open();
    client.ioq(TX_QUEUE, 8);
    expect(VenetDriver.probe(client, (length) => client.allocate(length))).toBe(-EEXIST);
  });

  it('counts the doorbells of all drivers so far', () => {
    const rig = new VenetRig();
    for (let i = 1; i <= 3; i++) {
      const { client, driver } = rig.start();
      driver.send(plainFrame(60));
      client.settle();
      expect(rig.device.doorbells.tx).toMatchObject({ wakeups: i, injected: i, rung: i });
      driver.close();
      expect(rig.device.doorbells.tx).toMatchObject({ wakeups: i, injected: i, rung: i });
    }
  });
});
