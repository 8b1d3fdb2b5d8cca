import { RecordingPort } from '@paravirt/net-backend/testing';
import { EBUSY, EINVAL, ENOENT, ENXIO } from '@paravirt/vbus';
import { describe, expect, it } from 'vitest';
import { DEVICE_NEEDS_RESET, DRIVER_OK, FEATURES_OK } from '../device-status.ts';
import { VirtioRng } from '../entropy/virtio-rng.ts';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1 } from '../features.ts';
import { VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_MAC, VIRTIO_NET_F_STATUS } from '../net/protocol.ts';
import { VirtioNet } from '../net/virtio-net.ts';
import { NetDriver, NetRig, plainFrame, VbusRig } from '../testing.ts';
import { virtioClass } from './vbus.ts';
import { NOTICE, RING_HEAD } from './vbus-abi.ts';

const MAC = Uint8Array.of(0x52, 0x54, 0, 1, 2, 3);
const RX = 0;
const TX = 1;

function makeNet() {
  const port = new RecordingPort();
  const device = new VirtioNet({ port, mac: MAC });
  const rig = new VbusRig({ device });
  return { port, device, rig };
}

function startNet(bits: readonly number[] = []) {
  const made = makeNet();
  const vbus = made.rig.open();
  const notice = vbus.setUpNotice();
  const driver = new NetDriver(vbus, { features: featureSet(VIRTIO_F_VERSION_1, ...bits), queueSize: 16 });
  return { ...made, vbus, notice, driver };
}

describe('docs/virtio-vbus.md: Opening', () => {
  it('is an interface of type virtio with one driver at a time, of version 1', () => {
    const { rig } = makeNet();
    expect(rig.events).toEqual([{ kind: 'devadd', id: 0, type: 'virtio' }]);
    expect([rig.client.deviceOpen(0, 0), rig.client.deviceOpen(0, 2)]).toEqual([-EINVAL, -EINVAL]);
    const driver = rig.open();
    expect([rig.client.deviceOpen(0, 1), rig.transport.open]).toEqual([-EBUSY, true]);
    expect([driver.close(), rig.transport.open]).toEqual([0, false]);
    expect(rig.open().status).toBe(0);
  });

  it('is on one bus at a time, and its attributes tell what the driver made of it', () => {
    const { rig } = startNet();
    rig.host.createBus('other');
    expect(rig.host.link('other', 'device')).toBe(-EBUSY);
    expect(rig.transport.attributes.map(({ name, show }) => `${name} ${show()}`)).toEqual([
      'device_id 1',
      `features 0x${rig.transport.session.negotiation.offered.toString(16)}`,
      'driver_features 0x100000000',
      'status 0xf',
    ]);
  });

  it('a class makes devices by name', () => {
    const names: string[] = [];
    const { name, create } = virtioClass('virtio-rng', (device) => {
      names.push(device);
      return { device: new VirtioRng({ fill: () => undefined }) };
    });
    const device = create('rng0');
    expect([name, names, typeof device === 'number' ? device : device.interfaces[0]?.name]).toEqual(['virtio-rng', ['rng0'], 'virtio-rng']);
  });
});

describe('docs/virtio-vbus.md: Functions', () => {
  it('QUERY tells the device type, its queues, its configuration space and its features', () => {
    const { rig, device } = makeNet();
    const query = rig.open().query();
    expect(query).toEqual({
      deviceId: 1,
      vendorId: 0x1af4,
      queues: 3,
      configSize: 12,
      features: device.features | featureSet(VIRTIO_F_VERSION_1, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_RESET),
    });
  });

  it('FEATURES_SET may be repeated until FEATURES_OK, and FEATURES_OK is refused for what is not offered', () => {
    const { rig } = makeNet();
    const driver = rig.open();
    expect(driver.negotiate(featureSet(VIRTIO_F_VERSION_1, 57))).toBe(false);
    expect(driver.writeFeatures(featureSet(VIRTIO_F_VERSION_1))).toBe(0);
    expect(driver.writeStatus(3 | FEATURES_OK)).toBe(3 | FEATURES_OK);
    expect(driver.writeFeatures(featureSet(VIRTIO_F_VERSION_1, VIRTIO_NET_F_MAC))).toBe(-EBUSY);
    expect(rig.transport.session.features).toBe(featureSet(VIRTIO_F_VERSION_1));
  });

  it('CONFIG_GET reads what exists, at any offset, with the generation', () => {
    const { rig } = makeNet();
    const driver = rig.open();
    expect(driver.readConfig(0, 12)?.bytes).toEqual(Uint8Array.of(...MAC, 1, 0, 1, 0, 0, 0));
    expect(driver.readConfig(3, 5)?.bytes).toEqual(Uint8Array.of(1, 2, 3, 1, 0));
    expect([driver.readConfig(12, 1), driver.readConfig(0, 13), driver.readConfig(0xffff_ffff, 1), driver.readConfig(0, 0)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([driver.writeConfig(0, Uint8Array.of(9)), driver.readConfig(0, 1)?.bytes[0]]).toEqual([0, 0x52]);
  });

  it('refuses wrong lengths, flags and functions', () => {
    const { rig } = makeNet();
    const driver = rig.open();
    for (let func = 0; func <= 10; func++)
      for (const length of [0, 1, 3, 5, 7, 9, 31, 33, 64]) {
        // STATUS_GET takes nothing, CONFIG_GET and CONFIG_SET take any length beyond their head that exists.
        if ((func === 1 && length === 0) || ((func === 4 || func === 5) && length === 9)) continue;
        expect(driver.call(func, new Uint8Array(length)), `function ${func}, ${length} bytes`).toBe(-EINVAL);
      }
    expect([driver.call(1, new Uint8Array(0), 1), driver.call(0xffff_ffff)]).toEqual([-EINVAL, -EINVAL]);
    expect(driver.status).toBe(0);
  });

  it('queues that do not exist, without memory, or at the wrong stage', () => {
    const { rig } = makeNet();
    const driver = rig.open();
    expect([0, 1, 2, 3, 0xffff_ffff].map((queue) => driver.queueSize(queue))).toEqual([256, 256, 64, -ENOENT, -ENOENT]);
    expect([driver.enableQueue(RX), driver.enableQueue(3), driver.resetQueue(3), driver.resetQueue(RX)]).toEqual([
      -ENXIO,
      -ENOENT,
      -ENOENT,
      -EINVAL,
    ]);
    // Before FEATURES_OK.
    driver.setUpQueue(RX);
    expect([driver.enableQueue(RX), rig.transport.session.queues[RX]?.enabled]).toEqual([-EBUSY, false]);
    driver.negotiate(featureSet(VIRTIO_F_VERSION_1));
    driver.setUpQueue(RX);
    expect([driver.enableQueue(RX), rig.transport.session.queues[RX]?.enabled]).toEqual([-EBUSY, true]);
  });
});

describe('docs/virtio-vbus.md: The network device, unchanged', () => {
  it('frames go both ways, and commands are answered', () => {
    const { driver, port } = startNet([VIRTIO_NET_F_MAC, VIRTIO_NET_F_STATUS, VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_CTRL_RX]);
    expect(driver.transport.status & DRIVER_OK).toBe(DRIVER_OK);
    const frame = plainFrame(200);
    expect(driver.send(frame)).toEqual({ head: 0, written: 0 });
    expect(port.sent.map((sent) => sent.frame)).toEqual([frame]);
    for (let i = 0; i < 50; i++) {
      const answer = plainFrame(60 + i);
      expect(port.deliver(answer)).toBe(true);
      expect(driver.receive().map((received) => received.frame)).toEqual([answer]);
    }
    expect(driver.command(0, 0, Uint8Array.of(1))).toBe(0);
  });

  it('VB-12: the same frames arrive as through the PCI transport, byte for byte', () => {
    const sizes = [14, 60, 61, 590, 1514, 64];
    const over = (driver: NetDriver, port: RecordingPort): readonly Uint8Array[] => {
      const arrived: Uint8Array[] = [];
      for (const size of sizes) {
        driver.send(plainFrame(size), { split: [5, 7, 20], indirect: size % 2 === 0 });
        port.deliver(plainFrame(size + 1));
        arrived.push(...driver.receive().map(({ frame }) => frame));
      }
      return [...port.sent.map(({ frame }) => frame), ...arrived];
    };
    const bits = [VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX];
    const pci = new NetRig();
    const { driver, port } = startNet(bits);
    const frames = over(driver, port);
    expect(frames.length).toBe(2 * sizes.length);
    expect(frames).toEqual(over(pci.start(bits), pci.port));
  });

  it('works again after a reset, with the memory that was lent', () => {
    const { rig, vbus, port } = startNet();
    const address = vbus.ringAddress(TX);
    for (const size of [16, 256, 1 << 4]) {
      const again = new NetDriver(vbus, { features: featureSet(VIRTIO_F_VERSION_1, VIRTIO_F_EVENT_IDX), queueSize: size });
      again.send(plainFrame(99));
      expect([vbus.ringAddress(TX), again.transmitQueue.size]).toEqual([address, size]);
    }
    expect(port.sent.length).toBe(3);
    expect(rig.client.signalCount).toBe(3);
  });

  it('[virtio 1.2 §2.6.1] a queue is reset alone and comes back with another size', () => {
    const { vbus, driver, port, rig } = startNet([VIRTIO_F_RING_RESET]);
    port.room = 0;
    driver.send(plainFrame(70));
    expect(vbus.resetQueue(TX)).toBe(0);
    port.open();
    expect(port.sent.length).toBe(0);
    const ring = vbus.setUpQueue(TX, { size: 4 });
    const address = rig.arena.allocate(200);
    ring.add([{ address, length: 112 }]);
    expect([vbus.kick(TX), ring.reap().length, port.sent.length]).toEqual([true, 1, 1]);
  });
});

describe('docs/virtio-vbus.md: Notice of changes', () => {
  it('a change of the configuration counts, rings and shows the status', () => {
    const { rig, vbus, device, notice } = startNet([VIRTIO_NET_F_STATUS]);
    const changes = (): number => rig.memory.readU32(notice + NOTICE.offset.changes);
    expect([changes(), rig.memory.readU32(notice + NOTICE.offset.status)]).toEqual([0, 0xf]);
    const before = vbus.readConfig(6, 2);
    device.linkUp = false;
    const after = vbus.readConfig(6, 2);
    expect([vbus.notices, changes(), before?.bytes[0], after?.bytes[0]]).toEqual([1, 1, 1, 0]);
    expect(after?.generation).not.toBe(before?.generation);
  });

  it('[virtio 1.2 §2.1.2] DEVICE_NEEDS_RESET is seen in it without a call', () => {
    const { rig, vbus, driver, notice } = startNet();
    driver.transmitQueue.writeAvailableIndex(500);
    vbus.forceKick(TX);
    expect(rig.memory.readU32(notice + NOTICE.offset.status) & DEVICE_NEEDS_RESET).toBe(DEVICE_NEEDS_RESET);
    expect([vbus.notices, vbus.status & DEVICE_NEEDS_RESET]).toEqual([1, DEVICE_NEEDS_RESET]);
    expect(vbus.writeStatus(0)).toBe(0);
    expect(rig.memory.readU32(notice + NOTICE.offset.status)).toBe(0);
  });
});

describe('docs/virtio-vbus.md: Doorbells', () => {
  it('a kick is rung if virtio wants it and the device is not at it already', () => {
    const { rig, vbus, driver } = startNet([VIRTIO_F_EVENT_IDX]);
    const [before] = [rig.transport.signals[TX]];
    for (let i = 0; i < 10; i++) driver.send(plainFrame(64));
    const after = rig.transport.signals[TX];
    expect((after?.wakeups ?? 0) - (before?.wakeups ?? 0)).toBe(10);
    expect(after?.spurious).toBe(0);
    expect(rig.transport.session.queues[TX]?.counters).toMatchObject({ doorbells: 10, spurious: 0, available: 10, used: 10 });
    expect(vbus.signal(TX)?.counters).toMatchObject({ injected: 10, rung: 10, suppressed: 0 });
  });

  it('a ring of the wire for which no flag is set is spurious, and the device hears nothing of it', () => {
    const { rig, vbus } = startNet();
    const before = rig.transport.signals[TX];
    vbus.ringWire(TX);
    expect(rig.transport.signals[TX]).toEqual({ ...before, wakeups: (before?.wakeups ?? 0) + 1, spurious: (before?.spurious ?? 0) + 1 });
    expect(rig.transport.session.queues[TX]?.counters.doorbells).toBe(0);
  });

  it('while the driver is busy with one interrupt, further ones are not rung but remembered', () => {
    const { rig, vbus, driver, port } = startNet();
    const signal = vbus.signal(RX);
    let seen = 0;
    if (signal !== undefined)
      signal.onSignal = () => {
        seen++;
        // Three more frames while the driver is in its handler.
        if (seen === 1) for (let i = 0; i < 3; i++) port.deliver(plainFrame(80));
      };
    port.deliver(plainFrame(60));
    expect(seen).toBe(2);
    expect(rig.transport.signals[RX]).toMatchObject({ injected: 4, rung: 1, suppressed: 3 });
    expect(driver.receive().length).toBe(4);
  });

  it('[virtio 1.2 §2.7.7] an interrupt that virtio suppresses does not touch the doorbell', () => {
    const { rig, driver, port } = startNet();
    driver.receiveQueue.disableInterrupts();
    for (let i = 0; i < 5; i++) port.deliver(plainFrame(60));
    expect(rig.transport.signals[RX]).toMatchObject({ injected: 0 });
    driver.receiveQueue.enableInterrupts();
    port.deliver(plainFrame(60));
    expect([rig.transport.signals[RX]?.rung, driver.receive().length]).toEqual([1, 6]);
  });

  it('a driver that listens late is told of what came before', () => {
    const { rig, vbus, port } = startNet();
    const signal = vbus.signal(RX);
    signal?.disable();
    port.deliver(plainFrame(60));
    expect([vbus.interrupts[RX], rig.transport.signals[RX]?.suppressed]).toEqual([0, 1]);
    signal?.enable();
    rig.runDeferred();
    expect(vbus.interrupts[RX]).toBe(1);
  });

  it('counts over all drivers that there were', () => {
    const { rig, vbus, driver, device } = startNet([VIRTIO_NET_F_STATUS]);
    driver.send(plainFrame(64));
    device.linkUp = false;
    const before = [rig.transport.signals, rig.transport.noticeSignal];
    expect(before).toMatchObject([[{}, { wakeups: 1 }, {}], { injected: 1 }]);
    vbus.close();
    expect([rig.transport.signals, rig.transport.noticeSignal]).toEqual(before);
    new NetDriver(rig.open(), { features: featureSet(VIRTIO_F_VERSION_1) }).send(plainFrame(64));
    expect(rig.transport.signals[TX]?.wakeups).toBe(2);
  });
});

describe('docs/virtio-vbus.md: The end', () => {
  it('TP-22: unplugged with chains in flight, the device touches nothing any more, and works when it is plugged again', () => {
    const { rig, vbus, driver, port, device } = startNet();
    port.room = 0;
    driver.send(plainFrame(100));
    const before = new Uint8Array(rig.memory.size);
    rig.memory.read(0, before);
    const events = rig.events.length;
    expect(rig.unplug()).toBe(0);
    port.open();
    expect(port.deliver(plainFrame(70))).toBe(true);
    device.linkUp = false;
    rig.runDeferred();
    const after = new Uint8Array(rig.memory.size);
    rig.memory.read(0, after);
    expect(after.findIndex((byte, i) => byte !== before[i] && !inHead(vbus, i))).toBe(-1);
    expect([port.sent.length, rig.transport.open, rig.transport.session.status]).toEqual([0, false, 0]);
    expect(rig.events.slice(events)).toEqual([{ kind: 'devdrop', id: 0 }]);
    expect(vbus.status).toBeLessThan(0);
    vbus.close();

    device.linkUp = true;
    expect([rig.plug(), rig.id]).toEqual([0, 1]);
    new NetDriver(rig.open(), { features: featureSet(VIRTIO_F_VERSION_1), queueSize: 16 }).send(plainFrame(100));
    expect(port.sent.length).toBe(1);
  });

  it('[virtio 1.2 §5.4] another device type: random bytes', () => {
    const device = new VirtioRng({ fill: (into) => into.fill(7) });
    const rig = new VbusRig({ device });
    const driver = rig.open();
    expect([driver.query().configSize, driver.readConfig(0, 1)]).toEqual([0, undefined]);
    driver.negotiate(featureSet(VIRTIO_F_VERSION_1));
    const ring = driver.setUpQueue(0);
    driver.driverOk();
    const address = rig.arena.allocate(64);
    ring.add([{ address, length: 64, writable: true }]);
    driver.kick(0);
    expect([ring.reap(), rig.memory.readU8(address + 63), driver.interrupts[0]]).toEqual([[{ head: 0, written: 64 }], 7, 1]);
  });
});

/** Closing a doorbell may clear its flags. */
const inHead = (vbus: { ringAddress(queue: number): number | undefined }, at: number): boolean =>
  [0, 1, 2].some((queue) => {
    const start = vbus.ringAddress(queue) ?? Number.POSITIVE_INFINITY;
    return at >= start + RING_HEAD.offset.signal && at < start + RING_HEAD.offset.size;
  });
