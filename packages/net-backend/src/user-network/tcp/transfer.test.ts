import { describe, expect, it } from 'vitest';
import { ImpairedPort, type MemoryPeer, type TestHostOptions, type UserNetworkFixture, userNetworkFixture } from '../../testing.ts';
import type { UserNetworkOptions } from '../user-network.ts';

const MIB = 1 << 20;

/** Bytes that tell where they are from, so that a hole, a repetition or an exchange shows. */
function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = seed | 1;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A guest that sends and gets at the same time; time passes until both have all, or an hour of it. */
function exchange(
  fixture: UserNetworkFixture,
  up: Uint8Array,
  down: Uint8Array,
  isn?: number,
): { seconds: number; retransmissions: number } {
  const { memory, guest, pass, clock } = fixture;
  let server: MemoryPeer | undefined;
  memory.serve('93.184.216.34', 80, (peer) => {
    server = peer;
    peer.write(down);
    peer.end();
  });
  guest.recording = false;
  const tcp = guest.connect('93.184.216.34', 80, isn === undefined ? {} : { isn });
  tcp.write(up);
  tcp.end();
  for (let i = 0; i < 36_000 && !(tcp.peerEnded && tcp.finAcknowledged && server?.ended); i++) pass(100);
  expect(same(server?.bytes ?? new Uint8Array(0), up)).toBe(true);
  expect(same(tcp.bytes, down)).toBe(true);
  expect(tcp.peerEnded && tcp.finAcknowledged).toBe(true);
  expect(guest.errors).toEqual([]);
  return { seconds: Number(clock.now()) / 1e9, retransmissions: tcp.retransmissions };
}

describe('[RFC 9293] TCP: data arrives intact', () => {
  const up = pattern(3 * MIB, 1);
  const down = pattern(3 * MIB, 2);
  const cases: [string, Partial<UserNetworkOptions>, Partial<TestHostOptions>][] = [
    ['in plain segments', {}, {}],
    ['in 64 KiB frames with offloads', {}, { offloads: true }],
    ['with an MTU of 9000', { mtu: 9000 }, { mtu: 9000 }],
    ['with an MTU of 65535', { mtu: 65_535 }, { mtu: 65_535 }],
  ];
  for (const [name, options, guestOptions] of cases) {
    it(`both ways at once ${name}, without a retransmission`, () => {
      const result = exchange(userNetworkFixture(options, guestOptions), up, down);
      expect(result.retransmissions).toBe(0);
      expect(result.seconds).toBeLessThan(2);
    });
  }

  for (const offloads of [false, true]) {
    it(`BK-08 across 2^32 in both sequence spaces${offloads ? ' with offloads' : ''}`, () => {
      const fixture = userNetworkFixture({ tcp: { initialSequence: () => 0xffff_ff00 } }, { offloads });
      exchange(fixture, up, down, 0xffff_fe01);
    });
  }

  for (const [name, impairment] of [
    ['2 % loss', { loss: 0.02 }],
    ['reordering', { jitterNs: 3e6 }],
    ['duplication', { duplication: 0.2 }],
    ['loss, reordering and duplication', { loss: 0.02, duplication: 0.05, jitterNs: 2e6 }],
    ['10 % loss', { loss: 0.1 }],
  ] as const) {
    for (const offloads of [false, true]) {
      it(`BK-08 over a cable with ${name}${offloads ? ', with offloads' : ''}`, () => {
        const size = name === '10 % loss' ? 4 : 2;
        const fixture = userNetworkFixture(
          { tcp: { initialSequence: () => 0xffff_f000 } },
          { offloads },
          (port, clock) => new ImpairedPort(port, { clock, seed: 7, ...impairment }),
        );
        exchange(fixture, up.subarray(0, MIB / size), down.subarray(0, MIB / size), 0xffff_e000);
      });
    }
  }

  it('gives the same frames for the same seed', () => {
    const run = (seed: number): string[] => {
      const fixture = userNetworkFixture({ seed });
      fixture.memory.serve('1.2.3.4', 5, (peer) => peer.write(pattern(10_000, 3)));
      fixture.guest.connect('1.2.3.4', 5).write(pattern(5000, 4));
      fixture.pass(1000);
      return fixture.guest.frames.map((frame) => frame.join());
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });
});
