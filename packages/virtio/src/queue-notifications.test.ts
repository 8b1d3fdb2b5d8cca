import { type Mitigation, type RingEvent, VirtualClock } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1 } from './features.ts';
import { VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_MRG_RXBUF } from './net/protocol.ts';
import { VirtioNet } from './net/virtio-net.ts';
import type { NotificationOptions } from './queue-notifications.ts';
import { NetDriver, type NetDriverOptions, NetRig, plainFrame, RECEIVE_QUEUE, RecordingPort, TRANSMIT_QUEUE, VbusRig } from './testing.ts';

const FRAME = plainFrame(60);

/** A card and its driver; the time is the test's. */
function rig(options: NotificationOptions, bits: readonly number[] = []) {
  const clock = new VirtualClock();
  const rig = new NetRig({ card: { clock, ...options } });
  rig.pci.enableMsix();
  const driver = rig.start(bits, { vectors: [0, 1, 2] });
  const send = (frames = 1): boolean => {
    for (let i = 0; i < frames; i++) driver.post(FRAME);
    return driver.kick();
  };
  const messages = (): readonly number[] => rig.slot.messages.splice(0).map(({ data }) => data);
  return { ...rig, rig, clock, driver, send, messages, tx: () => rig.counters(TRANSMIT_QUEUE), sent: () => rig.port.sent.length };
}

const TIMER: Mitigation = { kind: 'timer', ns: 100 };
const POLL: Mitigation = { kind: 'poll', ns: 10, rounds: 2 };
const PACKETS: Mitigation = { kind: 'packets', count: 3, ns: 50 };

describe('Suppression none', () => {
  it('has every kick rung and every run told, whatever either side says it wants', () => {
    const { driver, send, messages, tx } = rig({ suppression: 'none' });
    driver.disableInterrupts(TRANSMIT_QUEUE);
    for (let i = 0; i < 3; i++) expect(send()).toBe(true);
    expect(messages()).toEqual([1, 1, 1]);
    expect(tx()).toMatchObject({ doorbells: 3, spurious: 0, interrupts: 3, suppressed: 0 });
    expect([driver.transmitQueue.usedFlags, driver.receiveQueue.usedFlags, driver.transmitQueue.availableEvent]).toEqual([0, 0, 0]);
  });

  it('does not even ask for silence while the card is polling', () => {
    const { clock, send, tx } = rig({ suppression: 'none', mitigation: POLL });
    send();
    clock.advanceTo(5n);
    expect(send()).toBe(true);
    expect(tx()).toMatchObject({ doorbells: 2 });
  });

  it('leaves the shm_signal as the only gate on a vbus: it is shut while a timer is running', () => {
    const port = new RecordingPort();
    const clock = new VirtualClock();
    const device = new VirtioNet({ port, mac: Uint8Array.of(0x52, 0x54, 0, 1, 2, 3) });
    const vbus = new VbusRig({ device, transport: { suppression: 'none', mitigation: TIMER, clock } });
    const driver = new NetDriver(vbus.open(), { features: featureSet(VIRTIO_F_VERSION_1) });
    const kicks = Array.from({ length: 4 }, () => {
      driver.post(FRAME);
      return driver.kick();
    });
    expect([kicks, port.sent.length]).toEqual([[true, false, false, false], 0]);
    clock.advanceTo(100n);
    expect(port.sent).toHaveLength(4);
    vbus.runDeferred();
    clock.advanceTo(300n);
    driver.post(FRAME);
    expect(driver.kick()).toBe(true);
  });
});

describe('The mitigation timer on the transmit queue', () => {
  it.each([
    ['flags', []],
    ['event-idx', [VIRTIO_F_EVENT_IDX]],
  ] as const)('collects frames for its time, at one doorbell: %s', (suppression, bits) => {
    const { clock, send, sent, tx, messages } = rig({ suppression, mitigation: TIMER }, bits);
    expect([send(), send(), send()]).toEqual([true, false, false]);
    clock.advanceTo(99n);
    expect(sent()).toBe(0);
    clock.advanceTo(100n);
    expect([sent(), messages()]).toEqual([3, [1]]);
    expect(tx()).toMatchObject({ doorbells: 1, spurious: 0 });
    expect(send()).toBe(true);
    clock.advanceTo(250n);
    expect(sent()).toBe(4);
  });

  it('looks at once when a driver in need rings again', () => {
    const { rig: net, clock, send, sent } = rig({ mitigation: TIMER });
    send(2);
    net.pci.forceKick(TRANSMIT_QUEUE);
    expect([sent(), clock.nextDeadline]).toEqual([2, undefined]);
  });

  it('leaves the receive queue and the control queue alone', () => {
    const { rig: net, driver, port, clock, messages } = rig({ mitigation: TIMER }, [VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_CTRL_RX]);
    port.deliver(FRAME);
    expect([messages(), driver.receive().length]).toEqual([[0], 1]);
    expect(driver.command(0, 0, Uint8Array.of(1))).toBe(0);
    net.pci.forceKick(RECEIVE_QUEUE);
    expect(clock.nextDeadline).toBeUndefined();
  });
});

describe('The mitigation poll on the transmit queue', () => {
  it.each([
    ['flags', []],
    ['event-idx', [VIRTIO_F_EVENT_IDX]],
  ] as const)('needs one doorbell until the driver has been idle for so many looks: %s', (suppression, bits) => {
    const { clock, send, sent, tx } = rig({ suppression, mitigation: POLL }, bits);
    expect([send(), sent()]).toEqual([true, 1]);
    for (let i = 1; i < 10; i++) {
      clock.advanceTo(BigInt(10 * i) - 5n);
      expect(send()).toBe(false);
      clock.advanceTo(BigInt(10 * i));
      expect(sent()).toBe(i + 1);
    }
    expect(tx()).toMatchObject({ doorbells: 1, spurious: 0 });
    clock.advanceTo(1000n);
    expect(clock.nextDeadline).toBeUndefined();
    expect([send(), sent()]).toEqual([true, 11]);
  });
});

describe('The mitigation packets', () => {
  it('interrupts for so many buffers, or when the first has waited long enough', () => {
    const { clock, driver, port, messages } = rig({ mitigation: PACKETS });
    for (let i = 0; i < 4; i++) port.deliver(FRAME);
    expect(messages()).toEqual([0]);
    clock.advanceTo(49n);
    expect(messages()).toEqual([]);
    clock.advanceTo(50n);
    expect([messages(), driver.receive().length]).toEqual([[0], 4]);
  });

  it('counts buffers that the event index alone would keep silent about', () => {
    const { send, messages, tx } = rig({ mitigation: PACKETS }, [VIRTIO_F_EVENT_IDX]);
    for (let i = 0; i < 3; i++) send();
    expect(messages()).toEqual([1]);
    expect(tx()).toMatchObject({ used: 3, interrupts: 1, suppressed: 0 });
  });

  it('does not interrupt for what the driver has found by itself meanwhile', () => {
    const { clock, driver, send, messages, tx } = rig({ mitigation: PACKETS }, [VIRTIO_F_EVENT_IDX]);
    send(2);
    driver.reapTransmitted();
    driver.enableInterrupts(TRANSMIT_QUEUE);
    clock.advanceTo(100n);
    expect([messages(), tx().suppressed]).toEqual([[], 1]);
    send();
    clock.advanceTo(200n);
    expect(messages()).toEqual([1]);
  });

  it('holds nothing that the driver does not want', () => {
    const { clock, driver, send, messages } = rig({ mitigation: PACKETS });
    driver.disableInterrupts(TRANSMIT_QUEUE);
    send(5);
    expect([messages(), clock.nextDeadline]).toEqual([[], undefined]);
  });

  it('never keeps the control queue waiting', () => {
    const { driver, messages } = rig({ mitigation: PACKETS }, [VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_CTRL_RX]);
    expect(driver.command(0, 0, Uint8Array.of(1))).toBe(0);
    expect(messages()).toEqual([2]);
  });

  it('tells of what it held when the card may reach memory again', () => {
    const { rig: net, clock, port, messages } = rig({ mitigation: PACKETS });
    port.deliver(FRAME);
    const command = net.pci.readPci(4, 2);
    net.pci.writePci(4, 2, command & ~4);
    clock.advanceTo(100n);
    net.pci.writePci(4, 2, command);
    clock.advanceTo(200n);
    expect(messages()).toEqual([0]);
  });
});

describe('The place of the data path', () => {
  it('deferred: a kick only puts work off, once for all kicks that come before it', () => {
    const { rig: net, send, sent, tx } = rig({ place: 'deferred' });
    send();
    send();
    expect([sent(), net.deferred.length]).toEqual([0, 1]);
    net.runDeferred();
    expect([sent(), tx().doorbells]).toEqual([2, 2]);
  });

  it('deferred: refused frames are taken in the turn after the driver has made room', () => {
    const { rig: net, driver, port } = rig({ place: 'deferred' });
    const size = driver.receiveQueue.size;
    for (let i = 0; i <= size; i++) port.deliver(FRAME);
    expect([port.waiting, driver.receive().length, port.waiting]).toEqual([1, size, 1]);
    net.runDeferred();
    expect([port.waiting, driver.receive().length]).toEqual([0, 1]);
  });

  it('deferred: the control queue is answered at once, as configuration is', () => {
    const { rig: net, driver } = rig({ place: 'deferred' }, [VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_CTRL_RX]);
    expect([driver.command(0, 0, Uint8Array.of(1)), net.deferred.length]).toEqual([0, 0]);
  });
});

describe('The end of a driver', () => {
  it.each([TIMER, POLL, PACKETS])('is the end of what was under way: %o', (mitigation) => {
    for (const place of ['inline', 'deferred'] as const) {
      const { rig: net, clock, send, messages, sent, port } = rig({ mitigation, place });
      send();
      port.deliver(FRAME);
      net.runDeferred();
      send();
      net.pci.reset();
      messages();
      const before = sent();
      net.runDeferred();
      clock.advanceTo(1000n);
      expect([sent(), messages(), clock.nextDeadline]).toEqual([before, [], undefined]);
      const again = net.start();
      again.post(FRAME);
      again.kick();
      net.runDeferred();
      clock.advanceTo(2000n);
      expect(sent()).toBe(before + 1);
    }
  });

  it('is that of one queue when it is reset alone', () => {
    const { rig: net, clock, send, sent } = rig({ mitigation: TIMER }, [VIRTIO_F_RING_RESET]);
    send();
    net.pci.set('queueSelect', TRANSMIT_QUEUE);
    net.pci.set('queueReset', 1);
    expect([clock.nextDeadline, sent()]).toEqual([undefined, 0]);
  });
});

describe('The ring trace', () => {
  const traced = (options: NotificationOptions = {}, bits: readonly number[] = [], buffers: Partial<NetDriverOptions> = {}) => {
    const events: RingEvent[] = [];
    const clock = new VirtualClock();
    const net = new NetRig({ card: { clock, ringName: 'net0', ringTrace: (event) => void events.push(event), ...options } });
    net.pci.enableMsix();
    const driver = net.start(bits, { ...buffers, vectors: [0, 1, 2], ringName: 'net0', ringTrace: (event) => void events.push(event) });
    events.length = 0;
    return { net, driver, clock, take: () => events.splice(0).map(line) };
  };
  const line = (event: RingEvent): string => {
    if (event.kind === 'interrupt') return `interrupt ${event.source}`;
    if (event.kind === 'doorbell' || event.kind === 'signal') return `${event.ring} ${event.kind} ${event.outcome}`;
    return `${event.ring} ${event.kind} ${event.buffer} ${event.bytes}`;
  };

  it('follows a frame that is sent, from the driver and back', () => {
    const { driver, take } = traced();
    driver.post(FRAME);
    driver.kick();
    driver.reapTransmitted();
    expect(take()).toEqual([
      'net0.tx posted 0 72',
      'net0.tx doorbell sent',
      'net0.tx seen 0 72',
      'net0.tx mapped 0 72',
      'net0.tx copied 0 72',
      'net0.tx completed 0 0',
      'net0.tx signal sent',
      'interrupt net0',
      'net0.tx reaped 0 0',
    ]);
  });

  it('follows a frame that is received', () => {
    const { net, driver, take } = traced();
    net.port.deliver(FRAME);
    driver.poll(1);
    expect(take()).toEqual([
      'net0.rx seen 0 2048',
      'net0.rx mapped 0 2048',
      'net0.rx copied 0 72',
      'net0.rx completed 0 72',
      'net0.rx signal sent',
      'interrupt net0',
      'net0.rx reaped 0 72',
      'net0.rx posted 0 2048',
      'net0.rx doorbell suppressed',
    ]);
  });

  it('tells of notifications that were not wanted, held, or for nothing', () => {
    const { net, driver, clock, take } = traced({ mitigation: PACKETS });
    driver.post(FRAME);
    driver.kick();
    net.pci.forceKick(TRANSMIT_QUEUE);
    driver.disableInterrupts(TRANSMIT_QUEUE);
    clock.advanceTo(100n);
    driver.post(FRAME);
    driver.kick();
    const notifications = take().filter((each) => each.includes('doorbell') || each.includes('signal') || each.includes('interrupt'));
    expect(notifications).toEqual([
      'net0.tx doorbell sent',
      'net0.tx signal held',
      'net0.tx doorbell spurious',
      'net0.tx signal suppressed',
      'net0.tx doorbell sent',
      'net0.tx signal suppressed',
    ]);
  });

  it('tells once of a buffer that was put back and taken again', () => {
    const { net, driver, take } = traced({}, [VIRTIO_NET_F_MRG_RXBUF], { receiveBuffers: 2, receiveBufferSize: 64 });
    expect(net.port.deliver(plainFrame(150))).toBe(false);
    driver.refill(1);
    expect(driver.receive()).toHaveLength(1);
    const steps = take();
    expect(steps.filter((each) => each.includes('seen'))).toEqual(['net0.rx seen 0 64', 'net0.rx seen 1 64', 'net0.rx seen 2 64']);
    expect(steps.filter((each) => each.includes('completed'))).toHaveLength(3);
  });
});
