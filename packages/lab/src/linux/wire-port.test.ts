import { VirtualClock } from '@paravirt/bus';
import { type EthernetPort, type FrameOffload, LoopbackPort, type PortOffloads, type ReceiverOffloads } from '@paravirt/net-backend';
import { describeEthernetPort } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import { Peer } from './peer.ts';
import { WirePort } from './wire-port.ts';

/** The far end: takes everything, and sends what a test says. */
class FarEnd implements EthernetPort {
  onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined = undefined;
  onWritable: (() => void) | undefined = undefined;
  receiverOffloads: ReceiverOffloads | undefined = undefined;
  readonly offloads: PortOffloads = { checksum: true, segmentation: true, largeReceive: true };
  readonly arrived: { readonly at: number; readonly length: number; readonly offload: FrameOffload | undefined }[] = [];
  resumed = 0;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    this.arrived.push({ at: Number(this.#clock.now()), length: frame.length, offload });
    return true;
  }

  resume(): void {
    this.resumed++;
  }
}

/** A gigabit and 10 µs unless told otherwise. */
function wired({ bitsPerSecond = 1e9, latency = 10_000, largeFrames = true } = {}) {
  const clock = new VirtualClock();
  const far = new FarEnd(clock);
  const wire = new WirePort(far, { clock, bitsPerSecond, latency, moderation: 0, largeFrames });
  return { clock, far, wire, pass: (ns: number) => clock.advanceTo(clock.now() + BigInt(ns)) };
}

/** A TCP segment over IPv4, as far as the wire looks at it: 54 bytes of headers. */
function segment(payload: number): Uint8Array {
  const frame = new Uint8Array(54 + payload);
  frame[14] = 0x45;
  frame[14 + 20 + 12] = 0x50;
  return frame;
}

describeEthernetPort(
  'a wire in front of the lab’s peer',
  () => {
    const clock = new VirtualClock();
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
    const peer = new Peer({ clock, index: 0, mac, mtu: 1500, bitsPerSecond: 1e9, latency: 1000, moderation: 0, largeFrames: false });
    return {
      port: peer.port,
      frame: () => new Uint8Array(60),
      stimulate: () => peer.pings.ping(() => undefined),
      settle: () => clock.advanceTo(clock.now() + 1_000_000_000n),
      // What has arrived, and what was on the wire by then.
      keeps: 256 + 1250,
    };
  },
  { describe, it, expect },
);

describe('A wire', () => {
  it('takes the time of the frame, of what Ethernet adds, and the latency', () => {
    const { wire, far, pass } = wired();
    wire.transmit(new Uint8Array(1514));
    pass(1e6);
    // (1514 + 24) bytes at 8 ns.
    expect(far.arrived).toEqual([{ at: 12_304 + 10_000, length: 1514, offload: undefined }]);
    expect([wire.first, wire.last]).toEqual([0, 22_304]);
    wire.restart();
    expect([wire.first, wire.last]).toEqual([undefined, undefined]);
  });

  it('pads short frames to the least that Ethernet carries', () => {
    const { wire } = wired();
    expect(wire.timeOf(14)).toBe(84 * 8);
    expect(wire.timeOf(60)).toBe(84 * 8);
    expect(wire.timeOf(61)).toBe(85 * 8);
  });

  it('is busy with one frame at a time in each direction, and full duplex', () => {
    const { wire, far, pass, clock } = wired({ latency: 0 });
    const came: number[] = [];
    wire.onReceive = () => came.push(Number(clock.now())) > 0;
    for (let i = 0; i < 3; i++) {
      wire.transmit(new Uint8Array(1514));
      far.onReceive?.(new Uint8Array(1514));
    }
    pass(1e6);
    expect(far.arrived.map(({ at }) => at)).toEqual([12_304, 24_608, 36_912]);
    expect(came).toEqual([12_304, 24_608, 36_912]);
  });

  it('charges a large frame for the segments that it stands for, each with its headers', () => {
    const { wire, far, pass } = wired({ latency: 0 });
    const offload = { checksum: { start: 34, offset: 16 }, segmentation: { kind: 'tcp4', size: 1460 } } as const;
    wire.transmit(segment(2 * 1460 + 100), offload);
    pass(1e6);
    expect(far.arrived).toEqual([{ at: 2 * 12_304 + (54 + 100 + 24) * 8, length: 54 + 2 * 1460 + 100, offload }]);
  });

  it('offers and takes large frames only if it is to', () => {
    const { wire, far } = wired({ largeFrames: false });
    expect(wire.offloads).toEqual({ checksum: true, segmentation: false, largeReceive: false });
    wire.receiverOffloads = { checksum: true, segmentation: true };
    expect(far.receiverOffloads).toEqual({ checksum: true, segmentation: false });
    wire.receiverOffloads = undefined;
    expect(far.receiverOffloads).toBeUndefined();
  });

  it('refuses a card when 64 long frames wait, and tells it when there is room', () => {
    const { wire, far, pass } = wired();
    let writable = 0;
    wire.onWritable = () => writable++;
    let taken = 0;
    while (wire.transmit(new Uint8Array(1514))) taken++;
    expect(taken).toBe(65);
    expect(wire.transmit(new Uint8Array(1514))).toBe(false);
    pass(12_304);
    expect(writable).toBe(1);
    expect(wire.transmit(new Uint8Array(1514))).toBe(true);
    pass(1e7);
    expect(far.arrived.length).toBe(66);
  });

  it('holds the peer back in the same way, and until the card takes what arrived', () => {
    const { wire, far, pass } = wired();
    let room = 0;
    wire.onRoom = () => room++;
    let sent = 0;
    const flood = (): void => {
      while (far.onReceive?.(new Uint8Array(1514)) === true) sent++;
    };
    wire.onReceive = () => false;
    for (let i = 0; i < 20; i++) {
      flood();
      pass(1e6);
    }
    expect(sent).toBeLessThan(256 + 65 + 1);
    expect(room).toBe(far.resumed);
    let received = 0;
    wire.onReceive = () => ++received > 0;
    wire.resume();
    pass(1e7);
    expect(received).toBe(sent);
    expect(wire.askForRoom()).toBe(true);
    expect(room).toBeGreaterThan(0);
  });

  it('passes a frame on as it was when it was given', () => {
    const clock = new VirtualClock();
    const wire = new WirePort(new LoopbackPort(), { clock, bitsPerSecond: 1e9, latency: 0, moderation: 0, largeFrames: false });
    const got: number[] = [];
    wire.onReceive = (frame) => got.push(frame[20] ?? 0) > 0;
    const frame = new Uint8Array(60).fill(7);
    wire.transmit(frame);
    frame.fill(0);
    clock.advanceTo(1_000_000n);
    expect(got).toEqual([7]);
  });
});
