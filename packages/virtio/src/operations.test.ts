/**
 * Random lists of operations against ring, transport and network device: whatever a driver and a port do, it ends in a state. Invariants:
 * no exception, bounded steps, no write outside the rings and the writable buffers, a used index that only grows, and a device that works
 * after the next reset.
 */
import { type Mitigation, Ram, VirtualClock } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_RING_RESET } from './features.ts';
import type { DescriptorChain } from './queue/chain.ts';
import { SplitQueue } from './queue/split.ts';
import { GuestArena, type NetDriver, NetRig, plainFrame, RecordingPort, SplitRingDriver, tcpFrame, tcpOffsets } from './testing.ts';

/** Memory as a device reaches it: counts reads, and refuses writes outside what is allowed. */
class GuardedRam extends Ram {
  steps = 0;
  allowed: readonly { readonly start: number; readonly end: number }[] = [];

  override readU16(address: number): number {
    this.steps++;
    return super.readU16(address);
  }

  override readU32(address: number): number {
    this.steps++;
    return super.readU32(address);
  }

  override read(address: number, into: Uint8Array): void {
    this.steps++;
    super.read(address, into);
  }

  override writeU16(address: number, value: number): void {
    this.#check(address, 2);
    super.writeU16(address, value);
  }

  override writeU32(address: number, value: number): void {
    this.#check(address, 4);
    super.writeU32(address, value);
  }

  override write(address: number, from: Uint8Array): void {
    this.#check(address, from.length);
    super.write(address, from);
  }

  #check(address: number, length: number): void {
    this.steps++;
    if (!this.allowed.some(({ start, end }) => address >= start && address + length <= end))
      throw new Error(`write of ${length} bytes at 0x${address.toString(16)}`);
  }
}

const SIZE = 8;
const RAM = 0x1_0000;

/** The writable buffers of a chain, found without the code under test. */
function writableRanges(ram: Ram, table: number, head: number): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  let at = table + 16 * head;
  let base = table;
  for (let steps = 0; steps <= SIZE + 1 && ram.contains(at, 16); steps++) {
    const [start, length, flags, next] = [Number(ram.readU64(at)), ram.readU32(at + 8), ram.readU16(at + 12), ram.readU16(at + 14)];
    if ((flags & 4) !== 0) {
      base = start;
      at = start;
      continue;
    }
    if ((flags & 2) !== 0) ranges.push({ start, end: start + length });
    if ((flags & 1) === 0) break;
    at = base + 16 * next;
  }
  return ranges;
}

const address = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x4000, max: RAM - 1 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x1400 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, RAM - 1, RAM, 2 ** 32 - 1, 2n ** 53n, 2n ** 64n - 1n) },
);
const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat(64) },
  { weight: 1, arbitrary: fc.constantFrom(0, 16, 32, 48, RAM, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff) },
);
const descriptor = fc.record({
  kind: fc.constant('descriptor' as const),
  index: fc.nat(SIZE - 1),
  /** Where in memory: the table of the queue, or one of four others that indirect descriptors may point to. */
  table: fc.nat(4),
  address: fc.oneof(address, fc.constantFrom(0x4000, 0x4100, 0x4200, 0x4300)),
  length,
  flags: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(0, 1, 2, 3) },
    { weight: 3, arbitrary: fc.constant(4) },
    { weight: 1, arbitrary: fc.nat(0xffff) },
  ),
  next: fc.oneof({ weight: 8, arbitrary: fc.nat(SIZE - 1) }, { weight: 1, arbitrary: fc.nat(0xffff) }),
});
/** Written before anything else, so that most chains have something in them. */
const tables = fc.array(descriptor, { minLength: 20, maxLength: 40 });
const ringOperation = fc.oneof(
  { weight: 4, arbitrary: descriptor },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('offer' as const), head: fc.nat(SIZE - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('offer' as const), head: fc.constantFrom(SIZE, 0xffff) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('availableIndex' as const), index: fc.nat(0xffff) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('scribble' as const), at: fc.nat(0x3ff), value: fc.nat(0xff) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), which: fc.nat(SIZE), written: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('kicks' as const, 'noKicks' as const, 'interrupt' as const, 'pause' as const) }),
  },
);

const suppressions = fc.constantFrom('none' as const, 'flags' as const, 'event-idx' as const);

describe('random operations on a split ring', () => {
  it('end in a state, with bounded steps, writes in their place and a used index that only grows', () => {
    fc.assert(
      fc.property(
        tables,
        fc.array(ringOperation, { maxLength: 60 }),
        fc.boolean(),
        suppressions,
        (initial, list, indirect, suppression) => {
          const buffer = new ArrayBuffer(RAM);
          const ram = new Ram(buffer);
          const guarded = new GuardedRam(buffer);
          const driver = new SplitRingDriver({
            memory: ram,
            arena: new GuestArena(0x1000, 0x4000),
            size: SIZE,
            eventIndex: suppression === 'event-idx',
          });
          const { layout } = driver;
          const faults: string[] = [];
          const queue = new SplitQueue(guarded, layout, {
            indirect,
            suppression,
            onFault: (fault) => faults.push(fault),
          });
          const deviceArea = { start: layout.used, end: layout.used + 6 + 8 * SIZE };
          const held: { chain: DescriptorChain; ranges: { start: number; end: number }[] }[] = [];
          let pushed = 0;
          for (const operation of [...initial, ...list]) {
            guarded.steps = 0;
            guarded.allowed = [deviceArea];
            const usedBefore = queue.usedIndex;
            if (operation.kind === 'descriptor') {
              const table = operation.table === 0 ? layout.descriptors : 0x3f00 + 0x100 * operation.table;
              driver.writeDescriptor(operation.index, operation, table);
            } else if (operation.kind === 'offer') driver.offer(operation.head);
            else if (operation.kind === 'availableIndex') driver.writeAvailableIndex(operation.index);
            else if (operation.kind === 'scribble') ram.writeU8(0x1000 + operation.at, operation.value);
            else if (operation.kind === 'pop') {
              const chain = queue.pop();
              if (chain !== undefined) held.push({ chain, ranges: writableRanges(ram, layout.descriptors, chain.head) });
              expect(held.length).toBeLessThanOrEqual(SIZE);
            } else if (operation.kind === 'push') {
              const [one] = held.splice(operation.which % Math.max(1, held.length), 1);
              if (one !== undefined) {
                guarded.allowed = [deviceArea, ...one.ranges];
                one.chain.reader.read(new Uint8Array(100));
                expect(one.chain.writer.write(new Uint8Array(100).fill(0xcc))).toBeLessThanOrEqual(one.chain.writer.length);
                guarded.allowed = [deviceArea];
                queue.push(one.chain, operation.written);
                pushed++;
              }
            } else if (operation.kind === 'undo') {
              const one = held.pop();
              if (one !== undefined) queue.undo(one.chain);
            } else if (operation.kind === 'kicks') queue.requestKicks();
            else if (operation.kind === 'noKicks') queue.suppressKicks();
            else if (operation.kind === 'interrupt') queue.takeInterrupt();
            else queue.paused = !queue.paused;
            expect(guarded.steps).toBeLessThanOrEqual(4 * (SIZE + 2) + 2 * 100 + 8);
            expect((queue.usedIndex - usedBefore) & 0xffff).toBeLessThanOrEqual(1);
            expect(queue.usedIndex).toBeLessThanOrEqual(pushed);
            expect(faults.length).toBeLessThanOrEqual(1);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** How a card notifies, and where its data path runs. */
const cards = fc.record({
  interrupts: fc.constantFrom('msix' as const, 'msix-shared' as const, 'msi' as const, 'intx' as const),
  doorbell: fc.constantFrom('mmio' as const, 'port' as const),
  suppression: suppressions,
  mitigation: fc.constantFrom<Mitigation>(
    { kind: 'none' },
    { kind: 'timer', ns: 30 },
    { kind: 'packets', count: 3, ns: 50 },
    { kind: 'poll', ns: 10, rounds: 2 },
  ),
  place: fc.constantFrom('inline' as const, 'deferred' as const),
});

/** Time goes by, and what was put off happens. */
function pass(rig: NetRig, clock: VirtualClock): void {
  rig.runDeferred();
  clock.advanceTo(clock.now() + 100n);
}

/** A driver and a port that behave go on working after everything that was done before. */
function worksAfterReset(rig: NetRig, clock: VirtualClock): void {
  rig.pci.place();
  rig.pci.writePci(rig.pci.msixCapability + 2, 2, 0);
  rig.pci.reset();
  expect(rig.pci.status).toBe(0);
  rig.device.linkUp = true;
  rig.port.room = Number.POSITIVE_INFINITY;
  rig.pci.arena = new GuestArena(0x1_0000, rig.slot.memory.size);
  const driver = rig.start([], { receiveBuffers: 8 });
  driver.receive();
  rig.port.sent.length = 0;
  expect(driver.post(plainFrame(60))).toBe(true);
  driver.kick();
  pass(rig, clock);
  expect(driver.reapTransmitted()).toBe(1);
  expect(rig.port.sent.map(({ frame }) => frame)).toEqual([plainFrame(60)]);
  expect(rig.port.deliver(plainFrame(61))).toBe(true);
  expect(driver.receive().at(-1)?.frame).toEqual(plainFrame(61));
}

const width = fc.constantFrom(1 as const, 2 as const, 4 as const);
const value = fc.oneof(fc.nat(16), fc.constantFrom(0xff, 0xffff, 0xffff_ffff, 0x8000, 0x1_0000), fc.nat(0xffff_ffff));
const transportOperation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('register' as const),
      structure: fc.constantFrom('common' as const, 'isr' as const, 'config' as const, 'notify' as const, 'msixBase' as const),
      offset: fc.nat(0x48),
      width,
      value,
      write: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('status' as const), value: fc.constantFrom(0, 1, 3, 0xb, 0xf, 0x8f, 0x4f, 0x7) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('queue' as const), index: fc.nat(3), size: fc.constantFrom(1, 2, 8, 256) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('features' as const),
      value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      offered: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pci' as const),
      offset: fc.integer({ min: 0, max: 0xff }),
      width,
      value,
      write: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('deliver' as const, 'functionReset' as const, 'decode' as const, 'link' as const, 'time' as const),
    }),
  },
);

describe('random operations on the PCI transport', () => {
  it('end in a state that a reset leads out of', () => {
    fc.assert(
      fc.property(cards, fc.array(transportOperation, { maxLength: 60 }), (card, operations) => {
        const clock = new VirtualClock();
        const rig = new NetRig({ offloads: 'software', mtu: 1500, memory: new Ram(new ArrayBuffer(0x8_0000)), card: { ...card, clock } });
        const { pci } = rig;
        for (const operation of operations) {
          if (operation.kind === 'register') {
            const at = pci[operation.structure] + operation.offset;
            if (operation.write) pci.write(at, operation.width, operation.value % 2 ** (8 * operation.width));
            const read = pci.read(at, operation.width);
            expect(Number.isInteger(read) && read >= 0 && read < 2 ** (8 * operation.width)).toBe(true);
          } else if (operation.kind === 'status') pci.set('deviceStatus', operation.value);
          else if (operation.kind === 'queue') {
            pci.set('queueSelect', operation.index);
            const arena = new GuestArena(0x1000 + 0x4000 * operation.index, 0x8_0000);
            pci.writeLayout(new SplitRingDriver({ memory: rig.slot.memory, arena, size: operation.size }));
            pci.set('queueSize', operation.size);
            pci.set('queueEnable', 1);
          } else if (operation.kind === 'features')
            pci.writeFeatures(operation.offered ? (operation.value & rig.card.session.negotiation.offered) | (1n << 32n) : operation.value);
          else if (operation.kind === 'pci') {
            if (operation.write) pci.writePci(operation.offset, operation.width, operation.value % 2 ** (8 * operation.width));
            expect(pci.readPci(operation.offset, operation.width)).toBeLessThan(2 ** (8 * operation.width));
          } else if (operation.kind === 'deliver') rig.port.deliver(plainFrame(60));
          else if (operation.kind === 'time') pass(rig, clock);
          else if (operation.kind === 'functionReset') rig.card.function.reset();
          else if (operation.kind === 'decode') pci.writePci(4, 2, 6);
          else rig.device.linkUp = !rig.device.linkUp;
        }
        worksAfterReset(rig, clock);
      }),
      { numRuns: 300 },
    );
  });
});

const mostly = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const plain = fc.nat(2000).map((n) => plainFrame(n));
const tcp = fc.record({ size: fc.nat(3000), kind: fc.constantFrom('tcp4' as const, 'tcp6' as const) });
const frame = fc.oneof(
  plain,
  tcp.map(({ size, kind }) => tcpFrame(size, { kind, partial: true })),
);
/** What a driver hands over: plain frames, checksums and segmentation as they should be, and with one thing or another wrong. */
const packet = fc.oneof(
  plain.map((bytes) => ({ frame: bytes, header: {} })),
  tcp.chain(({ size, kind }) =>
    fc.record({
      frame: fc.constant(tcpFrame(size, { kind, partial: true })),
      header: fc.record({
        flags: mostly(1, fc.nat(0xff)),
        gsoType: mostly(kind === 'tcp4' ? 1 : 4, fc.nat(0xff)),
        gsoSize: mostly(1000, fc.oneof(fc.nat(3), fc.nat(0xffff))),
        checksumStart: mostly(tcpOffsets({ kind }).transport, fc.nat(0xffff)),
        checksumOffset: mostly(16, fc.nat(0xffff)),
      }),
    }),
  ),
  fc.record({ frame: plain, header: fc.record({ flags: fc.constant(1), checksumStart: fc.nat(100), checksumOffset: fc.nat(100) }) }),
);
/** Sets of feature bits, most of them such that the device takes them. */
const features = fc
  .tuple(
    fc.subarray([
      0,
      1,
      2,
      3,
      7,
      8,
      11,
      12,
      15,
      16,
      17,
      18,
      19,
      20,
      21,
      23,
      VIRTIO_F_INDIRECT_DESC,
      VIRTIO_F_EVENT_IDX,
      VIRTIO_F_RING_RESET,
    ]),
    mostly(true, fc.constant(false)),
  )
  .map(([bits, complete]) => (complete ? [...new Set([...bits, 0, 1, 17])] : bits));
const offload = fc.oneof(
  fc.constant(undefined),
  fc.record({ checksum: fc.record({ start: fc.nat(200), offset: fc.nat(200) }) }),
  fc.record({
    segmentation: fc.record({ kind: fc.constantFrom('tcp4' as const, 'tcp6' as const), size: fc.oneof(fc.nat(3), fc.nat(2000)) }),
  }),
);
const netOperation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      packet,
      split: fc.array(fc.nat(40), { maxLength: 5 }),
      indirect: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), frame, offload }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('receive' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      commandClass: fc.nat(6),
      command: fc.nat(6),
      data: fc.uint8Array({ maxLength: 24 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('room' as const), room: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('head' as const), queue: fc.nat(2), head: fc.nat(40) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      bits: features,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('link' as const, 'announce' as const, 'kick' as const, 'busMaster' as const, 'queueReset' as const),
    }),
  },
);

describe('random operations on the network device', () => {
  it('end in a state, lose no count of a frame, and a reset leads out of it', () => {
    fc.assert(
      fc.property(cards, features, fc.array(netOperation, { maxLength: 50 }), (card, first, operations) => {
        const clock = new VirtualClock();
        const memory = new GuardedRam(new ArrayBuffer(0x10_0000));
        memory.allowed = [{ start: 0, end: 0x10_0000 }];
        const rig = new NetRig({
          port: new RecordingPort(),
          offloads: 'software',
          mtu: 1500,
          queueSize: 16,
          memory,
          card: { ...card, clock },
        });
        const begin = (bits: readonly number[]): NetDriver => {
          rig.pci.arena = new GuestArena(0x1_0000, 0x10_0000);
          const known = card.suppression === 'event-idx' ? bits : bits.filter((bit) => bit !== VIRTIO_F_EVENT_IDX);
          return rig.start(known, { receiveBuffers: 8, receiveBufferSize: 512 });
        };
        let driver = begin(first);
        let delivered = 0;
        let mayIndirect = first.includes(VIRTIO_F_INDIRECT_DESC);
        for (const operation of operations) {
          memory.steps = 0;
          if (operation.kind === 'send')
            driver.send(operation.packet.frame, {
              ...operation.packet.header,
              split: operation.split,
              indirect: operation.indirect && mayIndirect,
            });
          else if (operation.kind === 'deliver') {
            rig.port.deliver(operation.frame, operation.offload);
            delivered++;
          } else if (operation.kind === 'receive') driver.receive();
          else if (operation.kind === 'command') driver.command(operation.commandClass, operation.command, operation.data);
          else if (operation.kind === 'time') pass(rig, clock);
          else if (operation.kind === 'room') rig.port.open(operation.room);
          else if (operation.kind === 'head') {
            [driver.receiveQueue, driver.transmitQueue, driver.controlQueue][operation.queue]?.offer(operation.head);
            rig.pci.forceKick(operation.queue);
          } else if (operation.kind === 'restart') {
            driver = begin(operation.bits);
            mayIndirect = operation.bits.includes(VIRTIO_F_INDIRECT_DESC);
          } else if (operation.kind === 'link') rig.device.linkUp = !rig.device.linkUp;
          else if (operation.kind === 'announce') rig.device.announce();
          else if (operation.kind === 'kick') for (const queue of [0, 1, 2, 3]) rig.pci.forceKick(queue);
          else if (operation.kind === 'busMaster') rig.pci.writePci(4, 2, rig.pci.readPci(4, 2) ^ 4);
          else {
            rig.pci.set('queueSelect', 0);
            rig.pci.set('queueReset', 1);
          }
          // A frame of 64 KiB cut into segments of one byte of payload would be the most; here frames are of at most 3 KiB.
          expect(memory.steps).toBeLessThan(200_000);
          // Frames that were cut count more than once, so none is lost if the sum is not below what was delivered and does not wait.
          const { rxFrames, drops } = rig.device.counters;
          const dropped = drops.rxNotReady + drops.rxLinkDown + drops.rxFiltered + drops.rxTooShort + drops.rxTooLong + drops.rxBadOffload;
          expect(rxFrames + dropped + rig.port.waiting + 1).toBeGreaterThanOrEqual(delivered);
        }
        worksAfterReset(rig, clock);
      }),
      { numRuns: 500 },
    );
  });
});
