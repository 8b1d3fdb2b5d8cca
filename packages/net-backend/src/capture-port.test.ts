import { VirtualClock } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { type CapturedPort, type CaptureOptions, capture, pcap, portPair } from './index.ts';
import { userNetworkFixture } from './testing.ts';

interface Read {
  readonly timeNs: bigint;
  readonly captured: Uint8Array;
  readonly length: number;
  readonly outbound: boolean | undefined;
}

/** Reads a pcapng file by the specification's text, as far as it is whole; `valid` says whether it ends at a block. */
function readPcapng(file: Uint8Array): { frames: Read[]; valid: boolean; resolution: number; snapLength: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const frames: Read[] = [];
  let at = 0;
  let resolution = 6;
  let snapLength = 0;
  while (at + 12 <= file.length) {
    const type = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (length % 4 !== 0 || at + length > file.length || view.getUint32(at + length - 4, true) !== length) break;
    const options = (from: number): Map<number, Uint8Array> => {
      const found = new Map<number, Uint8Array>();
      for (let o = from; o + 4 <= at + length - 4; ) {
        const size = view.getUint16(o + 2, true);
        if (view.getUint16(o, true) === 0) break;
        found.set(view.getUint16(o, true), file.slice(o + 4, o + 4 + size));
        o += 4 + ((size + 3) & ~3);
      }
      return found;
    };
    if (type === 0x0a0d0d0a) {
      expect(view.getUint32(at + 8, true)).toBe(0x1a2b3c4d);
      expect(new TextDecoder().decode(options(at + 24).get(4))).toBe('paravirt');
    } else if (type === 1) {
      expect(view.getUint16(at + 8, true)).toBe(1);
      snapLength = view.getUint32(at + 12, true);
      resolution = options(at + 16).get(9)?.[0] ?? 6;
    } else if (type === 6) {
      const captured = view.getUint32(at + 20, true);
      const flags = options(at + 28 + ((captured + 3) & ~3)).get(2);
      frames.push({
        timeNs: (BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 16, true)),
        captured: file.slice(at + 28, at + 28 + captured),
        length: view.getUint32(at + 24, true),
        outbound: flags === undefined ? undefined : (flags[0] ?? 0) === 2,
      });
    }
    at += length;
  }
  return { frames, valid: at === file.length, resolution, snapLength };
}

function captured(options: Partial<CaptureOptions> = {}): {
  port: CapturedPort;
  far: ReturnType<typeof portPair>[1];
  clock: VirtualClock;
  file: () => Uint8Array;
} {
  const clock = new VirtualClock();
  const [near, far] = portPair();
  far.onReceive = () => true;
  const blocks: Uint8Array[] = [];
  const port = capture(near, { clock, sink: (block) => void blocks.push(block), ...options });
  return { port, far, clock, file: () => Uint8Array.from(blocks.flatMap((block) => [...block])) };
}

describe('BK-14 [draft-ietf-opsawg-pcapng §4] capture', () => {
  it('BK-14 keeps frames of every length mod 4 with nanosecond stamps and direction', () => {
    const { port, far, clock, file } = captured({ startTimeNs: 1_700_000_000_000_000_000n });
    port.onReceive = () => true;
    for (let i = 0; i < 8; i++) {
      clock.advanceTo(BigInt(i) * 1_000_000_007n);
      if (i % 2 === 0) port.transmit(new Uint8Array(60 + i).fill(i));
      else far.transmit(new Uint8Array(60 + i).fill(i));
    }
    const { frames, valid, resolution } = readPcapng(file());
    expect(valid).toBe(true);
    expect(resolution).toBe(9);
    expect(frames.length).toBe(8);
    frames.forEach((frame, i) => {
      expect(frame.timeNs).toBe(1_700_000_000_000_000_000n + BigInt(i) * 1_000_000_007n);
      expect(frame.captured).toEqual(new Uint8Array(60 + i).fill(i));
      expect(frame.outbound).toBe(i % 2 === 0);
    });
  });

  it('BK-14 cuts frames at the snap length and says how long they were', () => {
    const { port, file } = captured({ snapLength: 96 });
    port.transmit(new Uint8Array(1514).fill(7));
    const { frames, snapLength } = readPcapng(file());
    expect(snapLength).toBe(96);
    expect(frames[0]?.captured).toEqual(new Uint8Array(96).fill(7));
    expect(frames[0]?.length).toBe(1514);
  });

  it('BK-14 a file cut off anywhere reads up to the last whole block', () => {
    const { port, file } = captured();
    for (let i = 0; i < 3; i++) port.transmit(new Uint8Array(61 + i));
    const whole = file();
    const counts = Array.from({ length: whole.length + 1 }, (_, n) => readPcapng(whole.subarray(0, n)).frames.length);
    expect(counts.at(-1)).toBe(3);
    expect(counts.every((n, i) => i === 0 || n >= (counts[i - 1] ?? 0))).toBe(true);
  });

  it('BK-14 a write error leaves a valid prefix, and the traffic goes on', () => {
    const blocks: Uint8Array[] = [];
    const { port } = captured({
      sink: (block) => {
        if (blocks.length === 3) throw new Error('disk full');
        blocks.push(block);
      },
    });
    for (let i = 0; i < 5; i++) expect(port.transmit(new Uint8Array(60))).toBe(true);
    expect(String(port.failure)).toContain('disk full');
    const { frames, valid } = readPcapng(Uint8Array.from(blocks.flatMap((block) => [...block])));
    expect(valid).toBe(true);
    expect(frames.length).toBe(2);
  });

  it('BK-14 writes a refused frame once, when it is taken', () => {
    const { port, far, file } = captured();
    let taking = false;
    port.onReceive = () => taking;
    far.transmit(new Uint8Array(60));
    expect(readPcapng(file()).frames.length).toBe(0);
    taking = true;
    port.resume();
    expect(readPcapng(file()).frames.length).toBe(1);
  });

  it('BK-14 writes an answer that comes inside transmit after its question', () => {
    const blocks: Uint8Array[] = [];
    const { guest } = userNetworkFixture({}, {}, (port, clock) => capture(port, { clock, sink: (block) => void blocks.push(block) }));
    guest.ping('10.0.2.2');
    const { frames } = readPcapng(Uint8Array.from(blocks.flatMap((block) => [...block])));
    expect(frames.map((frame) => frame.outbound)).toEqual([true, false]);
  });

  it('stops when it is told to', () => {
    const { port, file } = captured();
    port.transmit(new Uint8Array(60));
    port.stop();
    port.transmit(new Uint8Array(60));
    expect(readPcapng(file()).frames.length).toBe(1);
  });

  it('refuses a snap length that makes no sense', () => {
    expect(() => captured({ snapLength: 0 })).toThrow('Snap length');
    expect(() => captured({ snapLength: 1 << 20 })).toThrow('Snap length');
  });
});

describe('[draft-ietf-opsawg-pcap] classic capture', () => {
  it('BK-14 has nanosecond stamps and lengths', () => {
    const { port, clock, file } = captured({ format: pcap, snapLength: 64 });
    clock.advanceTo(2_000_000_003n);
    port.transmit(new Uint8Array(100).fill(9));
    const view = new DataView(file().buffer);
    expect([view.getUint32(0, true), view.getUint32(16, true), view.getUint32(20, true)]).toEqual([0xa1b23c4d, 64, 1]);
    expect([24, 28, 32, 36].map((at) => view.getUint32(at, true))).toEqual([2, 3, 64, 100]);
    expect(view.byteLength).toBe(24 + 16 + 64);
  });
});
