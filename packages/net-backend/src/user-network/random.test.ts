import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameOffload } from '../ethernet-port.ts';
import { checksum, writeU16 } from '../frame/network-order.ts';
import { type MemoryPeer, type TestTcp, type UserNetworkFixture, userNetworkFixture } from '../testing.ts';

/** One thing that a guest, a peer or time does. */
type Operation =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'mutated';
      readonly which: number;
      readonly at: number;
      readonly value: number;
      readonly cut: number;
      readonly fix: boolean;
    }
  | {
      readonly kind: 'segment';
      readonly port: number;
      readonly seq: number;
      readonly ack: number;
      readonly flags: number;
      readonly window: number;
      readonly length: number;
    }
  | {
      readonly kind:
        | 'connect'
        | 'end'
        | 'reset'
        | 'read'
        | 'stop'
        | 'peer-end'
        | 'peer-fail'
        | 'peer-read'
        | 'peer-stop'
        | 'refuse'
        | 'take'
        | 'client';
      readonly which: number;
    }
  | { readonly kind: 'write' | 'peer-write'; readonly which: number; readonly length: number }
  | { readonly kind: 'pass'; readonly milliseconds: number };

const which = fc.nat(7);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('frame' as const), bytes: fc.uint8Array({ maxLength: 120 }) }),
  fc.record({
    kind: fc.constant('mutated' as const),
    which: fc.nat(),
    at: fc.nat(120),
    value: fc.nat(255),
    cut: fc.oneof(fc.constant(0), fc.nat(60)),
    fix: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('segment' as const),
    port: fc.integer({ min: 4000, max: 4003 }),
    seq: fc.oneof(fc.integer({ min: 990, max: 1010 }), fc.nat(0xffffffff)),
    ack: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.nat(0xffffffff)),
    flags: fc.nat(63),
    window: fc.nat(0xffff),
    length: fc.oneof(fc.constant(0), fc.nat(1460)),
  }),
  fc.record({
    kind: fc.constantFrom(
      ...([
        'connect',
        'end',
        'reset',
        'read',
        'stop',
        'peer-end',
        'peer-fail',
        'peer-read',
        'peer-stop',
        'refuse',
        'take',
        'client',
      ] as const),
    ),
    which,
  }),
  fc.record({ kind: fc.constantFrom('write' as const, 'peer-write' as const), which, length: fc.nat(100_000) }),
  fc.record({ kind: fc.constant('pass' as const), milliseconds: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(100_000)) }),
);

/** Right frames of every protocol, to be changed in one place. */
function seeds({ guest }: UserNetworkFixture): Uint8Array[] {
  const arp = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2);
  const dns = Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 119, 119, 119, 1, 97, 0, 0, 1, 0, 1);
  const echo = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4);
  writeU16(echo, 2, checksum(echo, 0, echo.length));
  const syn = Uint8Array.of(15, 160, 0, 80, 0, 0, 3, 232, 0, 0, 0, 0, 0x70, 2, 255, 255, 0, 0, 0, 0, 2, 4, 5, 180, 1, 3, 3, 7);
  return [
    guest.frame(0x0806, arp),
    guest.frame(0x0800, guest.ipv4('255.255.255.255', 17, guest.udp('255.255.255.255', 67, 68, guest.dhcp(1)), { source: '0.0.0.0' })),
    guest.frame(0x0800, guest.ipv4('10.0.2.3', 17, guest.udp('10.0.2.3', 53, 999, dns))),
    guest.frame(0x0800, guest.ipv4('9.9.9.9', 17, guest.udp('9.9.9.9', 9, 9, dns))),
    guest.frame(0x0800, guest.ipv4('10.0.2.2', 1, echo)),
    guest.frame(0x0800, guest.ipv4('10.0.2.2', 1, echo, { fragment: 0x2001 })),
    guest.frame(0x0800, guest.ipv4('9.9.9.9', 6, syn)),
  ];
}

/** Does what the list says; gives what is there at the end. */
async function run(operations: readonly Operation[], offloads: boolean): Promise<UserNetworkFixture> {
  const fixture = userNetworkFixture({ tcp: { maxConnections: 20, maxOpening: 8 } }, { offloads });
  const { guest, network, memory, pass } = fixture;
  await network.forward({ host: { address: '127.0.0.1', port: 1 }, guest: { port: 22 } });
  guest.listeners.set(22, (connection) => connections.push(connection));
  const connections: TestTcp[] = [];
  const peers: MemoryPeer[] = [];
  memory.serve('9.9.9.9', 80, (peer) => peers.push(peer));
  const frames = seeds(fixture);
  const offload: FrameOffload = { checksumValid: true };
  for (const op of operations) {
    const tcp = 'which' in op ? connections[op.which % Math.max(1, connections.length)] : undefined;
    const peer = 'which' in op ? peers[op.which % Math.max(1, peers.length)] : undefined;
    switch (op.kind) {
      case 'frame':
        network.transmit(op.bytes, offload);
        break;
      case 'mutated': {
        const frame = (frames[op.which % frames.length] ?? new Uint8Array(0)).slice();
        frame[op.at % frame.length] = op.value;
        if (op.fix) {
          writeU16(frame, 24, 0);
          writeU16(frame, 24, checksum(frame, 14, 34));
        }
        network.transmit(frame.subarray(0, frame.length - op.cut), op.fix ? offload : undefined);
        break;
      }
      case 'segment':
        guest.sendSegment({
          destination: '9.9.9.9',
          port: 80,
          sourcePort: op.port,
          seq: op.seq,
          ack: op.ack,
          flags: op.flags,
          window: op.window,
          data: new Uint8Array(op.length),
        });
        break;
      case 'connect':
        connections.push(guest.connect('9.9.9.9', 80, { isn: 0xffff_fff0 }));
        break;
      case 'client': {
        const client = memory.connectAsClient('127.0.0.1', 1);
        if (client) peers.push(client);
        break;
      }
      case 'write':
        if (tcp !== undefined && tcp.unacknowledged < 1 << 20) tcp.write(new Uint8Array(op.length));
        break;
      case 'end':
        tcp?.end();
        break;
      case 'reset':
        tcp?.reset();
        break;
      case 'read':
        tcp?.read();
        break;
      case 'stop':
        if (tcp) tcp.reading = false;
        break;
      case 'peer-write':
        peer?.write(new Uint8Array(op.length));
        break;
      case 'peer-end':
        peer?.end();
        break;
      case 'peer-fail':
        peer?.fail('reset');
        break;
      case 'peer-read':
        peer?.startReading();
        break;
      case 'peer-stop':
        peer?.stopReading();
        break;
      case 'refuse':
      case 'take':
        guest.takeFrames(op.kind === 'take');
        break;
      case 'pass':
        pass(op.milliseconds);
    }
  }
  return fixture;
}

/** What must hold whatever happened. */
function check(fixture: UserNetworkFixture): void {
  const { network, guest } = fixture;
  const { connections, udpFlows, leases } = network.statistics();
  expect(connections.length).toBeLessThanOrEqual(20);
  expect(udpFlows).toBeLessThanOrEqual(256);
  expect(leases.length).toBeLessThanOrEqual(240);
  for (const { toGuest, toHost } of connections) {
    expect(toGuest).toBeLessThanOrEqual((1 << 20) + 65_536);
    expect(toHost).toBeLessThanOrEqual(3 * 262_144);
  }
  expect(guest.errors.filter((error) => error !== 'frame for another station')).toEqual([]);
}

describe('random operations', () => {
  for (const offloads of [false, true]) {
    it(`end in a state, with bounds kept${offloads ? ', with offloads' : ''}, and the network still answers`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 100, size: 'max' }), async (operations) => {
          const fixture = await run(operations, offloads);
          check(fixture);
          const { guest, network, pass } = fixture;
          guest.takeFrames(true);
          pass(1000);
          const before = guest.packets.length;
          guest.ping('10.0.2.2');
          expect(guest.packets.length).toBe(before + 1);
          network.close();
          expect(network.statistics().connections).toEqual([]);
        }),
        { numRuns: 200 },
      );
    });
  }

  it('random bytes and right frames with any one byte changed never throw', () => {
    const fixture = userNetworkFixture();
    for (const seed of seeds(fixture)) {
      for (let at = 0; at < Math.min(seed.length, 120); at++) {
        for (const value of [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff]) {
          const frame = seed.slice();
          frame[at] = value;
          fixture.network.transmit(frame);
          fixture.network.transmit(frame, { checksumValid: true });
        }
      }
      for (let length = 0; length < seed.length; length++) fixture.network.transmit(seed.subarray(0, length));
      fixture.pass(10);
    }
    fixture.pass(600_000);
    expect(fixture.network.statistics().connections.length).toBeLessThanOrEqual(4096);
    expect(fixture.network.statistics().udpFlows).toBe(0);
  });

  it('nonsense offloads are taken for what they are', () => {
    const fixture = userNetworkFixture();
    for (const seed of seeds(fixture)) {
      for (const start of [0, 13, 34, 65_535, -1, Number.NaN]) {
        for (const size of [0, 1, 1460, 0xffff_ffff]) {
          fixture.network.transmit(seed, { checksum: { start, offset: start }, segmentation: { kind: 'tcp6', size } });
        }
      }
    }
    fixture.pass(1000);
    check(fixture);
  });
});
