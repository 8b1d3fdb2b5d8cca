import { plainFrame } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import * as net from '../net/protocol.ts';
import { NetRig } from '../testing/net-rig.ts';

const TX = net.TRANSMIT_QUEUE;
const RX = net.RECEIVE_QUEUE;

describe('What a queue counts', () => {
  it('is a doorbell, a chain there and back, and an interrupt for a frame that is sent', () => {
    const rig = new NetRig();
    const driver = rig.start();
    const before = rig.counters(TX);
    driver.send(plainFrame(60));
    const after = rig.counters(TX);
    expect(after).toEqual({
      doorbells: before.doorbells + 1,
      spurious: before.spurious,
      available: before.available + 1,
      used: before.used + 1,
      interrupts: before.interrupts + 1,
      suppressed: before.suppressed,
      held: 0,
    });
    expect(rig.device.counters).toMatchObject({ txFrames: 1, txBytes: 60, txCopied: 60 + net.NET_HEADER_SIZE });
  });

  it('is a spurious doorbell if there was nothing new', () => {
    const rig = new NetRig();
    const driver = rig.start();
    driver.send(plainFrame(60));
    const before = rig.counters(TX);
    rig.pci.forceKick(TX);
    const after = rig.counters(TX);
    expect([after.doorbells - before.doorbells, after.spurious - before.spurious]).toEqual([1, 1]);
    expect(after.available).toBe(before.available);
  });

  it('goes on when the driver resets the device, and counts nothing while no queue is open', () => {
    const rig = new NetRig();
    rig.start().send(plainFrame(60));
    const before = rig.counters(TX);
    rig.pci.reset();
    rig.pci.forceKick(TX);
    expect(rig.counters(TX)).toEqual(before);
    rig.start().send(plainFrame(60));
    expect(rig.counters(TX).used).toBe(before.used + 1);
  });

  it('is the frame and its header in bytes copied to the driver', () => {
    const rig = new NetRig();
    rig.start();
    rig.port.deliver(plainFrame(100));
    expect(rig.counters(RX)).toMatchObject({ used: 1, interrupts: 1 });
    expect(rig.device.counters.rxCopied).toBe(100 + net.NET_HEADER_SIZE);
  });
});
