/** What a driver can do wrong with a virtio device on a vbus: each ends in an error number or a state, and the device works afterwards. */
import { Ram } from '@paravirt/bus';
import { RecordingPort } from '@paravirt/net-backend/testing';
import { BufferMemory, type ClientMemory, EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, MappedMemory } from '@paravirt/vbus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEVICE_NEEDS_RESET } from '../device-status.ts';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1 } from '../features.ts';
import { VirtioNet } from '../net/virtio-net.ts';
import { NetDriver, plainFrame, type VbusDriver, VbusRig } from '../testing.ts';
import { NOTICE, RING_HEAD, RING_SIGNAL_OFFSET } from './vbus-abi.ts';

const RX = 0;
const TX = 1;
const SHM_TX = 2;

function makeRig(memory: ClientMemory = new MappedMemory(new Ram(new ArrayBuffer(2 << 20)))) {
  const port = new RecordingPort();
  const rig = new VbusRig({ device: new VirtioNet({ port, mac: Uint8Array.of(2, 0, 0, 0, 0, 1), queueSize: 16 }), memory });
  return { port, rig };
}

/** A driver up to FEATURES_OK whose transmit queue has memory with a right head, not enabled. */
function prepared() {
  const { rig, port } = makeRig();
  const driver = rig.open();
  driver.negotiate(featureSet(VIRTIO_F_VERSION_1));
  driver.setUpQueue(RX);
  driver.setUpQueue(TX);
  driver.reset();
  driver.negotiate(featureSet(VIRTIO_F_VERSION_1));
  return { rig, port, driver, head: driver.ringAddress(TX) ?? 0 };
}

function works(rig: VbusRig, driver: VbusDriver, port: RecordingPort): void {
  port.open();
  port.sent.length = 0;
  const net = new NetDriver(driver, { features: featureSet(VIRTIO_F_VERSION_1), queueSize: 4, receiveBuffers: 2, receiveBufferSize: 256 });
  rig.runDeferred();
  expect(net.send(plainFrame(60))?.written).toBe(0);
  expect(port.sent.length).toBe(1);
  port.deliver(plainFrame(61));
  expect(net.receive().map(({ frame }) => frame.length)).toEqual([61]);
}

describe('docs/virtio-vbus.md: Memory of a queue', () => {
  it('DEVSHM: unknown ids, no doorbell, too short, twice', () => {
    const { rig } = makeRig();
    const driver = rig.open();
    const address = rig.arena.allocate(4096);
    rig.memory.writeU32(address + RING_SIGNAL_OFFSET, 0x58fa_39df);
    rig.memory.writeU32(address + RING_SIGNAL_OFFSET + 4, 1);
    const lend = (id: number, length: number, signal: number | undefined = RING_SIGNAL_OFFSET): number =>
      driver.lend(id, address, length, signal);
    expect([lend(4, 4096), lend(0xffff_ffff, 4096), lend(SHM_TX, 4096, -1)]).toEqual([-ENOENT, -ENOENT, -EINVAL]);
    expect([driver.lend(SHM_TX, address, 4096, undefined), lend(SHM_TX, RING_HEAD.size - 1), lend(0, NOTICE.size - 1)]).toEqual([
      -EINVAL,
      -EINVAL,
      -EINVAL,
    ]);
    expect(driver.lend(SHM_TX, rig.memory.size - 16, 4096, 0)).toBe(-EFAULT);
    expect([lend(SHM_TX, 4096) >= 0, lend(SHM_TX, 4096)]).toEqual([true, -EEXIST]);
  });

  it('QUEUE_ENABLE reads the head once and refuses what does not fit', () => {
    const { rig, port, driver, head } = prepared();
    const original = new Uint8Array(RING_HEAD.size);
    rig.memory.read(head, original);
    const { magic, version, size, descriptors, available, used, reserved0, reserved2 } = RING_HEAD.offset;
    const cases: readonly (readonly [number, readonly number[], number])[] = [
      [magic, [0, 0x58fa_39df], -EINVAL],
      [version, [0, 2], -EINVAL],
      [size, [0, 3, 32, 0x8000, 0x1_0000, 0xffff_ffff], -EINVAL],
      [descriptors, [0, 48, 72, 0xffff_ffff], -EINVAL],
      [descriptors, [0x1_0000, 0xffff_fff0], -EFAULT],
      [available, [0, 60, 66, 0xffff_ffff], -EINVAL],
      [available, [0x1_0000, 0xffff_fffc], -EFAULT],
      [used, [0, 60, 66], -EINVAL],
      [used, [0x1_0000, 0xffff_fffc], -EFAULT],
      // Over another area.
      [used, [64, 320], -EINVAL],
      [reserved0, [1], -EINVAL],
      [reserved2 + 4, [0x8000_0000], -EINVAL],
    ];
    for (const [offset, values, result] of cases)
      for (const value of values) {
        rig.memory.write(head, original);
        rig.memory.writeU32(head + offset, value);
        expect(driver.enableQueue(TX), `${value.toString(16)} at ${offset}`).toBe(result);
      }
    rig.memory.write(head, original);
    expect([driver.enableQueue(TX), driver.enableQueue(TX)]).toEqual([0, -EBUSY]);
    // What is written afterwards changes nothing.
    rig.memory.writeU32(head + used, 0xffff_fff0);
    rig.memory.writeU32(head + size, 0);
    driver.enableQueue(RX);
    driver.driverOk();
    expect(rig.transport.session.queues[TX]?.ring?.size).toBe(16);
    works(rig, driver, port);
  });

  it('an area that ends with the memory fits, one byte more does not', () => {
    const { rig, port, driver, head } = prepared();
    const length = RING_HEAD.size + 16 * 16 + 38 + 134 + 8;
    const last = Math.floor((length - 136) / 4) * 4;
    rig.memory.writeU32(head + RING_HEAD.offset.used, last + 4);
    expect(driver.enableQueue(TX)).toBe(-EFAULT);
    rig.memory.writeU32(head + RING_HEAD.offset.used, last);
    expect(driver.enableQueue(TX)).toBe(0);
    works(rig, driver, port);
  });
});

describe('docs/virtio-vbus.md: Order', () => {
  it('TP-03, TP-07: queues go with a reset from any state, their memory does not', () => {
    const { rig, port } = makeRig();
    const driver = rig.open();
    for (let i = 0; i < 3; i++) {
      works(rig, driver, port);
      expect(driver.writeStatus(0)).toBe(0);
      driver.forceKick(TX);
      expect([driver.enableQueue(TX), rig.transport.session.queues[TX]?.enabled]).toEqual([-EBUSY, false]);
    }
  });

  it('QUEUE_RESET before DRIVER_OK, and kicks of a queue that is reset', () => {
    const { rig, port } = makeRig();
    const driver = rig.open();
    driver.negotiate(featureSet(VIRTIO_F_VERSION_1, VIRTIO_F_RING_RESET));
    driver.setUpQueue(RX);
    driver.setUpQueue(TX);
    expect(driver.resetQueue(TX)).toBe(-EBUSY);
    driver.driverOk();
    expect([driver.resetQueue(TX), driver.resetQueue(TX)]).toEqual([0, 0]);
    driver.forceKick(TX);
    driver.ringWire(TX);
    works(rig, driver, port);
  });

  it('after DEVCLOSE every call, doorbell and memory is refused', () => {
    const { rig, port } = makeRig();
    const driver = rig.open();
    works(rig, driver, port);
    driver.close();
    driver.ringWire(TX);
    driver.forceKick(TX);
    expect([driver.status, driver.enableQueue(TX), driver.lend(0, 0x1_0000, 64, 0)]).toEqual([-ENOENT, -ENOENT, -ENOENT]);
    works(rig, rig.open(), port);
  });
});

describe('VB-06, VQ-30: another thread’s memory', () => {
  it('runs over a SharedArrayBuffer, with the indices read and written as words', () => {
    const { rig, port } = makeRig(new BufferMemory(new SharedArrayBuffer(2 << 20)));
    const net = new NetDriver(rig.open(), { features: featureSet(VIRTIO_F_VERSION_1, VIRTIO_F_EVENT_IDX), queueSize: 8 });
    for (let i = 0; i < 40; i++) {
      expect(net.send(plainFrame(60 + i))?.written).toBe(0);
      port.deliver(plainFrame(60 + i));
      expect(net.receive().map(({ frame }) => frame.length)).toEqual([60 + i]);
    }
  });
});

describe('A driver that does anything', () => {
  const word = fc.oneof(fc.nat(20), fc.constantFrom(0xffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff));
  const queue = fc.nat(3);
  const status = fc.constantFrom(0, 1, 3, 11, 15, 15, 15, 0x80, 0x4f, 0xff);
  const operation = fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('status' as const), value: status }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('features' as const), bits: fc.array(fc.nat(63), { maxLength: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('enable' as const), queue }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('resetQueue' as const), queue }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('kick' as const), queue }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wire' as const), queue }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('scribble' as const), queue, at: fc.nat(600), value: word }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        func: fc.nat(11),
        length: fc.nat(40),
        fill: fc.nat(0xff),
        flags: fc.nat(1),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('lend' as const), id: fc.nat(5), length: fc.nat(5000), signal: fc.nat(80) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('frame' as const), size: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('full' as const, 'room' as const, 'deferred' as const, 'link' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('reopen' as const, 'replug' as const) }) },
  );

  it('VB-05, VB-06: ends in a state, never in a throw, and the device works after it', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), (operations) => {
        const { rig, port } = makeRig();
        const device = rig.transport.session.device as VirtioNet;
        let driver = rig.open();
        driver.setUpNotice();
        for (const op of operations) {
          switch (op.kind) {
            case 'status':
              driver.writeStatus(op.value);
              break;
            case 'features':
              driver.writeFeatures(featureSet(VIRTIO_F_VERSION_1, ...op.bits));
              break;
            case 'start':
              driver.negotiate(featureSet(VIRTIO_F_VERSION_1, VIRTIO_F_RING_RESET));
              for (const index of [0, 1, 2]) if ((driver.ringAddress(index) ?? 0) > 0 || isFree(driver, index)) driver.setUpQueue(index);
              driver.driverOk();
              break;
            case 'enable':
              driver.enableQueue(op.queue);
              break;
            case 'resetQueue':
              driver.resetQueue(op.queue);
              break;
            case 'kick':
              driver.forceKick(op.queue);
              break;
            case 'wire':
              driver.ringWire(op.queue);
              break;
            case 'scribble': {
              const address = driver.ringAddress(op.queue);
              if (address !== undefined) rig.memory.writeU32(address + op.at, op.value);
              break;
            }
            case 'call':
              expect(Number.isInteger(driver.call(op.func, new Uint8Array(op.length).fill(op.fill), op.flags))).toBe(true);
              break;
            case 'lend':
              driver.lend(op.id, rig.arena.allocate(Math.max(op.length, 1)), op.length, op.signal);
              break;
            case 'frame':
              port.deliver(plainFrame(14 + op.size));
              break;
            case 'full':
              port.room = 0;
              break;
            case 'room':
              port.open();
              break;
            case 'deferred':
              rig.runDeferred();
              break;
            case 'link':
              device.linkUp = !device.linkUp;
              break;
            default:
              driver.close();
              if (op.kind === 'replug') {
                rig.unplug();
                rig.plug();
              }
              driver = rig.open();
          }
        }
        rig.runDeferred();
        expect(rig.transport.session.status & ~(0xf | 0x80 | DEVICE_NEEDS_RESET)).toBe(0);
        driver.close();
        device.linkUp = true;
        port.open();
        port.resume();
        const last = rig.open();
        works(rig, last, port);
      }),
      { numRuns: 300 },
    );
  });
});

/** True if memory for this queue can still be lent with a right head. */
const isFree = (driver: VbusDriver, index: number): boolean => driver.signal(index) === undefined && driver.queueSize(index) > 0;
