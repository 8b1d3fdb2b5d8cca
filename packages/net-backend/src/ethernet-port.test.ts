import { VirtualClock } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { capture, counted, type EthernetPort, LoopbackPort, portPair } from './index.ts';
import { describeEthernetPort, type PortFixture, userNetworkFixture } from './testing.ts';

const runner = { describe, it, expect };
const FRAME = (): Uint8Array => Uint8Array.from({ length: 60 }, (_, i) => i);

function fixture(port: EthernetPort, stimulate: () => void, clock?: VirtualClock): PortFixture {
  return {
    port,
    frame: FRAME,
    stimulate,
    settle: () => clock?.advanceTo(clock.now() + 1_000_000_000n),
    keeps: 65,
  };
}

describeEthernetPort(
  'loopback',
  () => {
    const port = new LoopbackPort();
    return fixture(port, () => void port.transmit(FRAME()));
  },
  runner,
);

describeEthernetPort(
  'a pair, immediate',
  () => {
    const [a, b] = portPair();
    b.onReceive = () => true;
    return fixture(a, () => void b.transmit(FRAME()));
  },
  runner,
);

describeEthernetPort(
  'a pair in virtual time',
  () => {
    const clock = new VirtualClock();
    const [a, b] = portPair({ clock, latencyNs: 1000n });
    b.onReceive = () => true;
    return fixture(a, () => void b.transmit(FRAME()), clock);
  },
  runner,
);

describeEthernetPort(
  'a counted pair',
  () => {
    const [a, b] = portPair();
    b.onReceive = () => true;
    return fixture(counted(a), () => void b.transmit(FRAME()));
  },
  runner,
);

describeEthernetPort(
  'a captured pair',
  () => {
    const [a, b] = portPair();
    b.onReceive = () => true;
    return fixture(capture(a, { clock: new VirtualClock(), sink: () => {} }), () => void b.transmit(FRAME()));
  },
  runner,
);

describeEthernetPort(
  'the user network',
  () => {
    const { network, guest, clock } = userNetworkFixture();
    const arp = new Uint8Array(28);
    arp.set([0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2]);
    const frame = (): Uint8Array => guest.frame(0x0806, arp, 0xffff_ffff_ffff);
    return {
      port: network,
      frame,
      stimulate: () => void network.transmit(frame()),
      settle: () => clock.advanceTo(clock.now() + 1_000_000_000n),
      keeps: 512,
    };
  },
  runner,
);

describe('a pair of ports', () => {
  it('delivers after the latency, not before', () => {
    const clock = new VirtualClock();
    const [a, b] = portPair({ clock, latencyNs: 500n });
    const times: bigint[] = [];
    b.onReceive = () => {
      times.push(clock.now());
      return true;
    };
    a.transmit(FRAME());
    clock.advanceTo(100n);
    a.transmit(FRAME());
    clock.advanceTo(10_000n);
    expect(times).toEqual([500n, 600n]);
  });

  it('says no when it is full and writable when there is room, keeping the order', () => {
    const [a, b] = portPair({ capacity: 2 });
    let taking = false;
    const got: number[] = [];
    let writable = 0;
    b.onReceive = (frame) => {
      if (taking) got.push(frame[0] ?? 0);
      return taking;
    };
    a.onWritable = () => writable++;
    const results = [1, 2, 3].map((n) => a.transmit(new Uint8Array(60).fill(n)));
    expect(results).toEqual([true, true, false]);
    taking = true;
    b.resume();
    expect(writable).toBe(1);
    expect(a.transmit(new Uint8Array(60).fill(3))).toBe(true);
    expect(got).toEqual([1, 2, 3]);
  });

  it('hands an offload on as it is', () => {
    const offloads = { checksum: true, segmentation: true, largeReceive: true };
    const [a, b] = portPair({ offloads });
    expect(a.offloads).toEqual(offloads);
    let seen: unknown;
    b.onReceive = (_, offload) => {
      seen = offload;
      return true;
    };
    a.transmit(FRAME(), { checksum: { start: 34, offset: 16 } });
    expect(seen).toEqual({ checksum: { start: 34, offset: 16 } });
  });

  it('refuses options that make no sense', () => {
    expect(() => portPair({ capacity: 0 })).toThrow('room for a frame');
    expect(() => portPair({ latencyNs: 1n })).toThrow('needs a clock');
    expect(() => portPair({ clock: new VirtualClock(), latencyNs: -1n })).toThrow('negative');
  });
});

describe('a counted port', () => {
  it('counts a refused frame once, and each refusal', () => {
    const [a, b] = portPair();
    const port = counted(a);
    let taking = false;
    port.onReceive = () => taking;
    b.transmit(FRAME());
    taking = true;
    port.resume();
    port.transmit(FRAME());
    expect(port.received).toEqual({ frames: 1, octets: 60, refused: 1 });
    expect(port.transmitted).toEqual({ frames: 1, octets: 60, refused: 0 });
  });

  it('passes what the receiver takes on to the inner port', () => {
    const [a] = portPair();
    const port = counted(a);
    port.receiverOffloads = { checksum: true, segmentation: false };
    expect(a.receiverOffloads).toEqual({ checksum: true, segmentation: false });
    expect(port.offloads).toBe(undefined);
  });
});
