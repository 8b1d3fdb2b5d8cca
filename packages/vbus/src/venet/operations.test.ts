/**
 * Random lists of operations against venet: whatever a driver, a port and an administrator do, it ends in a state. Invariants: no
 * exception, bounded work for one operation, no write outside of what the driver gave, and a device that works for the next driver.
 */
import { plainFrame, RecordingPort, tcpFrame, tcpOffsets } from '@paravirt/net-backend/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ioqLength } from '../ioq.ts';
import { BufferMemory } from '../shared-region.ts';
import type { DirectDevice } from '../testing/direct-device.ts';
import { VenetDriver } from '../testing/venet-driver.ts';
import { VenetRig } from '../testing/venet-rig.ts';
import { sgDescriptor } from '../testing/venet-transmit.ts';
import { CAP_LINKSTATE, CAP_TXC } from './abi.ts';

const ALL = 0xffff_ffff;
const RING = 4;
const MEMORY = 1 << 20;
/** Where the driver's memory begins; below it nothing may be written. */
const START = 0x1_0000;

/** Memory that sees writes of a device where it has no business. */
class GuardedMemory extends BufferMemory {
  guarded = false;

  override write(address: number, from: Uint8Array): void {
    if (this.guarded && address < START) throw new Error(`write of ${from.length} bytes at 0x${address.toString(16)}`);
    super.write(address, from);
  }
}

const word = fc.oneof(fc.nat(40), fc.constantFrom(ALL, 0x8000_0000, 0xffff), fc.nat(ALL));
const address = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: START, max: MEMORY - 1 }) },
  { weight: 1, arbitrary: fc.constantFrom(MEMORY - 1, MEMORY, 2 ** 32 - 1, 2 ** 53, 2 ** 63, 0, 48, 320) },
);
const length = fc.oneof(fc.nat(2000), fc.constantFrom(0, 47, 48, 64, 320, 65536, 2 ** 32, 2 ** 63));
const mode = fc.record({
  sg: fc.oneof(fc.constantFrom(0, 1, 33, 0x2f), fc.nat(63)),
  eventq: fc.constantFrom(0, CAP_LINKSTATE, CAP_TXC, 3),
  l4ro: fc.oneof(fc.constantFrom(0, 1, 15), fc.nat(15)),
  offloads: fc.constantFrom('port' as const, 'software' as const, 'none' as const),
  given: fc.boolean(),
});
const work = fc.record({
  start: fc.oneof(fc.constantFrom(34, 54), fc.nat(0xffff)),
  offset: fc.oneof(fc.constant(16), fc.nat(0xffff)),
  size: fc.oneof(fc.constantFrom(1000, 1400), fc.nat(0xffff)),
  split: fc.array(fc.nat(600), { maxLength: 17 }),
});
const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      length: fc.integer({ min: 1, max: 1600 }),
      work: fc.option(work, { nil: undefined }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('sendLarge' as const), payload: fc.nat(20_000), kind6: fc.boolean(), work }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('sendRaw' as const),
      pointer: address,
      length,
      flags: word,
      count: word,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      length: fc.nat(1600),
      checksum: fc.option(fc.record({ start: fc.nat(0xffff), offset: fc.nat(0xffff) }), { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('deliverLarge' as const), payload: fc.nat(30_000), size: fc.nat(3000), kind6: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('poll' as const, 'drain' as const, 'reap' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('settle' as const, 'step' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('call' as const), func: fc.nat(9), data: fc.uint8Array({ maxLength: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('up' as const, 'down' as const, 'flush' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('room' as const), room: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('scribble' as const),
      ring: fc.nat(3),
      at: fc.nat(ioqLength(RING) / 4 - 1),
      value: word,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pool' as const), at: fc.nat(319), value: word }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('shm' as const),
      id: fc.constantFrom(0, 1, 2, 100, 101, 102, 103, 104, ALL),
      length: fc.integer({ min: 1, max: 400 }),
      ring: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('linkUp' as const, 'enabled' as const), on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('attribute' as const),
      index: fc.nat(6),
      text: fc.constantFrom('0', '1', '10', '4294967295', 'x'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), us: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function run(rig: VenetRig, client: DirectDevice, driver: VenetDriver, each: Operation): void {
  const { transmit, receive, events } = driver;
  switch (each.kind) {
    case 'send': {
      const left = each.work;
      driver.send(plainFrame(each.length), left === undefined ? {} : { checksum: left, split: left.split });
      break;
    }
    case 'sendLarge': {
      const kind = each.kind6 ? ('tcp6' as const) : ('tcp4' as const);
      const frame = tcpFrame(each.payload, { kind, partial: true });
      const { size, split } = each.work;
      driver.send(frame, { checksum: { start: tcpOffsets({ kind }).transport, offset: 16 }, segmentation: { kind, size }, split });
      break;
    }
    case 'sendRaw': {
      const bytes = sgDescriptor(START, 100, 1n);
      const view = new DataView(bytes.buffer);
      view.setUint32(8, each.flags, true);
      view.setUint32(28, each.count, true);
      if (client.memory.contains(each.pointer, bytes.length) && each.pointer >= START) client.memory.write(each.pointer, bytes);
      transmit.offerRaw(each.pointer, each.length, 1n);
      transmit.ring.signal?.inject();
      break;
    }
    case 'deliver':
      rig.port.deliver(plainFrame(each.length), each.checksum === undefined ? undefined : { checksum: each.checksum });
      break;
    case 'deliverLarge': {
      const kind = each.kind6 ? ('tcp6' as const) : ('tcp4' as const);
      rig.port.deliver(tcpFrame(each.payload, { kind, partial: true }), { segmentation: { kind, size: each.size } });
      break;
    }
    case 'poll':
      driver.drain();
      break;
    case 'drain':
      events?.drain();
      break;
    case 'reap':
      transmit.reap();
      break;
    case 'settle':
      client.settle();
      break;
    case 'step':
      client.deferred.shift()?.();
      break;
    case 'call':
      client.call(each.func, each.data.slice());
      break;
    case 'up':
    case 'down':
    case 'flush':
    case 'close':
      driver[each.kind]();
      break;
    case 'room':
      rig.port.open(each.room);
      break;
    case 'scribble': {
      const ring = [receive.ring, transmit.ring, events?.ring, driver.pages?.ring][each.ring];
      ring?.region.writeU32(each.at * 4, each.value);
      break;
    }
    case 'pool':
      receive.pool?.writeU32(each.at * 4, each.value);
      break;
    case 'shm':
      if (each.ring) client.ioq(each.id, Math.max(1, each.length % 8));
      else client.shm(each.id, each.length);
      break;
    case 'linkUp':
    case 'enabled':
      rig.device[each.kind] = each.on;
      break;
    case 'attribute':
      rig.device.attributes[each.index]?.store?.(each.text);
      break;
    case 'time':
      rig.clock.advanceTo(rig.clock.now() + BigInt(each.us) * 1000n);
  }
}

/** The next driver has a card that works. */
function worksAfterwards(rig: VenetRig): void {
  rig.device.linkUp = true;
  rig.device.enabled = true;
  rig.port.room = Number.POSITIVE_INFINITY;
  rig.port.sent.length = 0;
  const { client, driver } = rig.start({ ringLength: 8 });
  driver.received.length = 0;
  expect(driver.send(plainFrame(60))).toBe(true);
  client.settle();
  expect(rig.port.sent.map(({ frame }) => frame)).toEqual([plainFrame(60)]);
  expect(rig.port.deliver(plainFrame(61))).toBe(true);
  client.settle();
  expect(driver.received.at(-1)?.frame).toEqual(plainFrame(61));
  expect(driver.transmit.inFlight).toBe(0);
}

describe('random operations on venet', () => {
  it('end in a state, with bounded work, writes in their place, and a card that works for the next driver', () => {
    fc.assert(
      fc.property(mode, fc.array(operation, { maxLength: 60 }), (wanted, operations) => {
        const { offloads, given, ...groups } = wanted;
        const port = new RecordingPort(given ? { checksum: true, segmentation: true, largeReceive: true } : undefined);
        const rig = new VenetRig({ port, offloads });
        const memory = new GuardedMemory(new ArrayBuffer(MEMORY));
        const client = rig.open({ memory, start: START });
        const driver = VenetDriver.probe(client, (bytes) => (client.free >= bytes ? client.allocate(bytes) : undefined), {
          ...groups,
          ringLength: RING,
        });
        if (typeof driver === 'number') throw new Error(`the probe ends with ${driver}`);
        memory.guarded = true;
        for (const each of operations) {
          const deferred = client.deferred.length;
          run(rig, client, driver, each);
          // A few doorbells and runs, never one for each frame.
          expect(client.deferred.length - deferred).toBeLessThan(40);
          if (client.free < 4096) break;
        }
        memory.guarded = false;
        driver.close();
        client.settle();
        expect(rig.device.opened).toBe(false);
        worksAfterwards(rig);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('random traffic of a driver that keeps the rules', () => {
  it('loses, repeats and reorders nothing, whatever is slow', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), length: fc.integer({ min: 14, max: 1514 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('large' as const), payload: fc.integer({ min: 1, max: 8000 }) }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), length: fc.integer({ min: 14, max: 1514 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('room' as const), room: fc.nat(4) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('step' as const, 'sleep' as const, 'wake' as const, 'poll' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), us: fc.nat(300) }) },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(0, CAP_TXC),
        fc.boolean(),
        fc.constantFrom(0, 15),
        fc.nat(200),
        fc.array(step, { maxLength: 80 }),
        (eventq, scatterGather, l4ro, burst, steps) => {
          const rig = new VenetRig({ port: new RecordingPort({ checksum: true, segmentation: true, largeReceive: true }) });
          rig.device.settings.burstThreshold = burst;
          const { client, driver } = rig.start({ sg: scatterGather ? 0x2f : 0, eventq, l4ro, ringLength: 8 });
          const sent: Uint8Array[] = [];
          const delivered: Uint8Array[] = [];
          const { signal } = driver.receive.ring;
          for (const each of steps) {
            if (each.kind === 'send') {
              const frame = plainFrame(each.length);
              frame[each.length - 1] = sent.length;
              if (driver.send(frame)) sent.push(frame);
            } else if (each.kind === 'large' && scatterGather) {
              const frame = tcpFrame(each.payload, { partial: true, sequence: sent.length });
              const work = { checksum: { start: 34, offset: 16 }, segmentation: { kind: 'tcp4' as const, size: 1400 }, split: [54, 900] };
              if (driver.send(frame, work)) sent.push(frame);
            } else if (each.kind === 'deliver') {
              const frame = plainFrame(each.length);
              frame[each.length - 1] = delivered.length;
              delivered.push(frame);
              rig.port.deliver(frame);
            } else if (each.kind === 'room') rig.port.open(each.room);
            else if (each.kind === 'step') client.deferred.shift()?.();
            else if (each.kind === 'sleep') signal?.disable();
            else if (each.kind === 'wake') signal?.enable();
            else if (each.kind === 'poll') driver.drain();
            else if (each.kind === 'time') rig.clock.advanceTo(rig.clock.now() + BigInt(each.us) * 1000n);
          }
          signal?.enable();
          rig.port.open();
          client.settle();
          expect(rig.port.sent.map(({ frame }) => frame)).toEqual(sent);
          expect(driver.received.map(({ frame }) => frame)).toEqual(delivered);
          expect(driver.transmit).toMatchObject({ inFlight: 0, completed: sent.length });
          expect(rig.port.waiting).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
