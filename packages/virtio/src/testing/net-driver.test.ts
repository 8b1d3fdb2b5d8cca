import { type Mitigation, NO_MITIGATION, type RingEvent, VirtualClock } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1 } from '../features.ts';
import { VIRTIO_NET_F_CSUM, VIRTIO_NET_F_MRG_RXBUF, VIRTIO_NET_HDR_F_NEEDS_CSUM } from '../net/protocol.ts';
import { VirtioNet } from '../net/virtio-net.ts';
import { NetDriver, NetRig, plainFrame, RECEIVE_QUEUE, RecordingPort, TRANSMIT_QUEUE, tcpFrame, VbusRig } from '../testing.ts';
import { NapiDriver } from './napi-driver.ts';

const sizes = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('A driver with many frames in flight', () => {
  it('posts each in a buffer of its own, and tells the device when it is asked to', () => {
    const rig = new NetRig();
    const driver = rig.start();
    for (const size of sizes(60, 20)) expect(driver.post(plainFrame(size))).toBe(true);
    expect([rig.port.sent.length, rig.counters(TRANSMIT_QUEUE).doorbells]).toEqual([0, 0]);
    expect(driver.kick()).toBe(true);
    expect(driver.kick()).toBe(false);
    expect(rig.port.sent.map(({ frame }) => frame)).toEqual(sizes(60, 20).map((size) => plainFrame(size)));
    expect([driver.reapTransmitted(), driver.reapTransmitted()]).toEqual([20, 0]);
  });

  it('has no room when the ring is full, and no less after any number of frames', () => {
    const rig = new NetRig();
    const driver = rig.start([], { queueSize: 8 });
    for (let round = 0; round < 100; round++) {
      for (let i = 0; i < 8; i++) expect(driver.post(plainFrame(60 + i))).toBe(true);
      expect(driver.post(plainFrame(60))).toBe(false);
      driver.kick();
      expect(driver.reapTransmitted()).toBe(8);
    }
    expect(rig.port.sent).toHaveLength(800);
  });

  it('leaves the checksum to the device if it is told to', () => {
    const rig = new NetRig({ offloads: 'software' });
    const driver = rig.start([VIRTIO_NET_F_CSUM]);
    driver.post(tcpFrame(100, { partial: true }), { flags: VIRTIO_NET_HDR_F_NEEDS_CSUM, checksumStart: 34, checksumOffset: 16 });
    driver.post(plainFrame(60));
    driver.kick();
    expect(rig.port.sent.map(({ frame }) => frame)).toEqual([tcpFrame(100), plainFrame(60)]);
  });

  it('refuses a frame that its buffers cannot hold', () => {
    const driver = new NetRig().start([], { transmitBufferSize: 100 });
    expect(driver.post(plainFrame(88))).toBe(true);
    expect(() => driver.post(plainFrame(89))).toThrowError(expect.objectContaining({ code: 'frame-too-large' }));
  });
});

describe('A driver that polls', () => {
  it.each([[], [VIRTIO_NET_F_MRG_RXBUF]])('takes frames within its budget, the rest later', (...bits) => {
    const rig = new NetRig();
    const driver = rig.start(bits, bits.length === 0 ? {} : { receiveBufferSize: 64 });
    for (const size of sizes(60, 10)) rig.port.deliver(plainFrame(size));
    expect([4, 4, 4].map((budget) => driver.poll(budget).map(({ frame }) => frame.length))).toEqual([
      [60, 61, 62, 63],
      [64, 65, 66, 67],
      [68, 69],
    ]);
  });

  it.each([[], [VIRTIO_F_EVENT_IDX]])('hears nothing while it does, and is told by enabling what came since', (...bits) => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start(bits, { vectors: [0, 1, 2] });
    driver.disableInterrupts(RECEIVE_QUEUE);
    rig.port.deliver(plainFrame(60));
    expect([rig.slot.messages.length, driver.poll(64).length]).toEqual([0, 1]);
    rig.port.deliver(plainFrame(60));
    expect(driver.enableInterrupts(RECEIVE_QUEUE)).toBe(true);
    expect(driver.poll(64)).toHaveLength(1);
    expect(driver.enableInterrupts(RECEIVE_QUEUE)).toBe(false);
    rig.port.deliver(plainFrame(60));
    expect(rig.slot.messages).toHaveLength(1);
  });

  it('sees that its ring is empty again by an interrupt that it asks for only then', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const napi = new NapiDriver(rig.start([], { vectors: [0, 1, 2], queueSize: 4 }));
    rig.port.room = 2;
    for (let i = 0; i < 4; i++) expect(napi.transmit(plainFrame(60))).toBe(true);
    // Two were sent before the ring was full; their buffers were taken back at once.
    expect([napi.stopped, napi.reaped, napi.transmit(plainFrame(60)), napi.transmit(plainFrame(60))]).toEqual([false, 2, true, true]);
    expect([napi.stopped, napi.transmit(plainFrame(60)), rig.slot.messages.length]).toEqual([true, false, 0]);
    rig.port.open();
    for (const { data } of rig.slot.messages.splice(0)) napi.interrupt(data);
    expect([napi.stopped, napi.reaped, rig.port.sent.length]).toEqual([false, 6, 6]);
  });
});

describe('A driver on a vbus whose shm_signal is the gate', () => {
  const start = (signalGates: boolean, mitigation: Mitigation = NO_MITIGATION) => {
    const port = new RecordingPort();
    const device = new VirtioNet({ port, mac: Uint8Array.of(0x52, 0x54, 0, 1, 2, 3) });
    const rig = new VbusRig({ device, transport: { suppression: 'none', mitigation, clock: new VirtualClock() } });
    const vbus = rig.open({ signalGates });
    const events: RingEvent[] = [];
    const driver = new NetDriver(vbus, { features: featureSet(VIRTIO_F_VERSION_1), ringTrace: (event) => void events.push(event) });
    const heard: number[] = [];
    vbus.onInterrupt = (queue) => void heard.push(queue);
    return { port, rig, driver, heard, events };
  };

  it('is not told while it polls, and soon after it has enabled what was left', () => {
    const { port, rig, driver, heard } = start(true);
    driver.disableInterrupts(RECEIVE_QUEUE);
    for (let i = 0; i < 3; i++) port.deliver(plainFrame(60));
    expect(heard).toEqual([]);
    expect(driver.enableInterrupts(RECEIVE_QUEUE)).toBe(true);
    rig.runDeferred();
    expect([heard, driver.poll(8).length]).toEqual([[RECEIVE_QUEUE], 3]);
    port.deliver(plainFrame(60));
    expect(heard).toHaveLength(2);
  });

  it('is told each time if it does not switch it, as Linux does not', () => {
    const { port, driver, heard } = start(false);
    driver.disableInterrupts(RECEIVE_QUEUE);
    for (let i = 0; i < 3; i++) port.deliver(plainFrame(60));
    expect(heard).toHaveLength(3);
  });

  it('says that a kick did not ring, and tells the trace', () => {
    const { driver, events } = start(false, { kind: 'timer', ns: 100 });
    events.length = 0;
    const kicks = [0, 1].map(() => driver.post(plainFrame(60)) && driver.kick());
    expect(kicks).toEqual([true, false]);
    expect(events.map((event) => ('outcome' in event ? event.outcome : event.kind))).toEqual(['posted', 'posted', 'suppressed']);
  });
});
