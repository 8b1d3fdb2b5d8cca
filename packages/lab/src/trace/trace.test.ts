import type { RingEvent } from '@paravirt/bus';
import type { EthernetPort } from '@paravirt/net-backend';
import { describe, expect, it } from 'vitest';
import { chromeTrace } from './chrome-trace.ts';
import { lifeCapture } from './life-capture.ts';
import { lifeTable } from './life-table.ts';
import { livesOf } from './lives.ts';
import { RingRecorder } from './ring-recorder.ts';

/** A recorder whose time a test moves, and a way to tell it things in µs. */
function recorder(most?: number) {
  let time = 0n;
  const ring = new RingRecorder({ now: () => time, ...(most === undefined ? {} : { most }) });
  const tell = (us: number, event: RingEvent): void => {
    time = BigInt(us * 1000);
    ring.sink(event);
  };
  return { ring, tell };
}

const tx = 'net0.tx';
const sent = { kind: 'doorbell', ring: tx, outcome: 'sent' } as const;
const step = (kind: 'posted' | 'seen' | 'mapped' | 'copied' | 'completed' | 'reaped', buffer: number): RingEvent => ({
  kind,
  ring: tx,
  buffer,
  bytes: 60,
});

function port(): EthernetPort & { frames: Uint8Array[] } {
  const frames: Uint8Array[] = [];
  return {
    frames,
    transmit: (frame) => frames.push(frame.slice()) > 0,
    onReceive: undefined,
    onWritable: undefined,
    resume: () => {},
  };
}

describe('lives of buffers', () => {
  it('are told from the first step to the last, with the notifications that were theirs', () => {
    const { ring, tell } = recorder();
    tell(1, step('posted', 4));
    tell(2, step('posted', 5));
    tell(3, sent);
    tell(4, step('seen', 4));
    tell(5, step('copied', 4));
    tell(6, step('completed', 4));
    tell(7, { kind: 'signal', ring: tx, outcome: 'sent' });
    tell(8, { kind: 'interrupt', source: 'net0' });
    tell(9, step('reaped', 4));
    const [first, second, ...more] = livesOf(ring.events);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ number: 1, buffer: 4, bytes: 60, doorbell: { at: 3000n, outcome: 'sent' }, interrupt: { at: 8000n } });
    expect(first?.steps).toEqual({ posted: 1000n, seen: 4000n, copied: 5000n, completed: 6000n, reaped: 9000n });
    expect(second).toMatchObject({ number: 2, buffer: 5, doorbell: { at: 3000n }, signal: undefined, interrupt: undefined });
  });

  it('take the doorbell before the first look where the driver tells nothing', () => {
    const { ring, tell } = recorder();
    tell(1, sent);
    for (const buffer of [3, 4]) tell(2, step('seen', buffer));
    expect(livesOf(ring.events).map(({ doorbell }) => doorbell?.at)).toEqual([1000n, undefined]);
  });

  it('take an interrupt on either side of their signal, and none of somebody else', () => {
    const { ring, tell } = recorder();
    const interrupt = (source: string) => ({ kind: 'interrupt', source }) as const;
    const signal = (name: string) => ({ kind: 'signal', ring: name, outcome: 'sent' }) as const;
    const done = (name: string, buffer: number): void => {
      for (const kind of ['seen', 'completed'] as const) tell(1, { kind, ring: name, buffer });
    };
    done('net0.rx', 0);
    tell(2, signal('net0.rx'));
    tell(2, interrupt('net0'));
    done('net1.rx', 1);
    tell(3, interrupt('bridge'));
    tell(3, signal('net1.rx'));
    done('net1.rx', 2);
    tell(4, signal('net1.rx'));
    done('net0.rx', 3);
    tell(5, interrupt('bridge'));
    expect(livesOf(ring.events).map((life) => life.interrupt?.source)).toEqual(['net0', 'bridge', undefined, undefined]);
  });

  it('begin anew when a buffer is used again', () => {
    const { ring, tell } = recorder();
    for (let i = 0; i < 3; i++) for (const kind of ['posted', 'seen', 'completed', 'reaped'] as const) tell(i, step(kind, 7));
    expect(livesOf(ring.events).map(({ number, steps }) => [number, steps.posted])).toEqual([
      [1, 0n],
      [2, 1000n],
      [3, 2000n],
    ]);
  });

  it('are told as far as the device knows them where the driver tells nothing', () => {
    const { ring, tell } = recorder();
    for (let i = 1; i <= 2; i++) for (const kind of ['seen', 'copied', 'completed'] as const) tell(i, step(kind, 7));
    expect(livesOf(ring.events).map(({ steps }) => Object.keys(steps))).toEqual([
      ['seen', 'copied', 'completed'],
      ['seen', 'copied', 'completed'],
    ]);
  });

  it('take a signal that was held when it is sent', () => {
    const { ring, tell } = recorder();
    tell(1, step('seen', 1));
    tell(2, step('completed', 1));
    tell(3, { kind: 'signal', ring: tx, outcome: 'held' });
    tell(9, { kind: 'signal', ring: tx, outcome: 'sent' });
    expect(livesOf(ring.events)[0]?.signal).toEqual({ at: 9000n, outcome: 'sent' });
  });
});

describe('a recorder', () => {
  it('keeps no more than it is told to, and counts the rest', () => {
    const { ring, tell } = recorder(2);
    for (let i = 0; i < 5; i++) tell(i, sent);
    expect([ring.events.length, ring.missed]).toEqual([2, 3]);
  });

  it('keeps the frame that was on the cable with the buffer that it was copied from or to', () => {
    const { ring, tell } = recorder();
    const cable = port();
    const watched = ring.watch('net0', cable);
    watched.onReceive = () => {
      ring.sink({ kind: 'copied', ring: 'net0.rx', buffer: 1, bytes: 3 });
      return true;
    };
    tell(1, step('copied', 4));
    watched.transmit(Uint8Array.of(1, 2));
    watched.transmit(Uint8Array.of(9));
    cable.onReceive?.(Uint8Array.of(3, 4, 5));
    expect(ring.events.map(({ frame }) => frame)).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)]);
    expect(cable.frames).toHaveLength(2);
  });
});

describe('what is made of lives', () => {
  const { ring, tell } = recorder();
  const watched = ring.watch('net0', port());
  tell(1, step('posted', 4));
  tell(1.5, { ...sent, outcome: 'suppressed' });
  tell(2, step('seen', 4));
  tell(2.5, step('copied', 4));
  watched.transmit(new Uint8Array(60).fill(7));
  tell(3, step('completed', 4));
  tell(3.5, { kind: 'signal', ring: tx, outcome: 'sent' });
  tell(4, { kind: 'interrupt', source: 'net0' });
  tell(5, step('reaped', 4));
  const lives = livesOf(ring.events);

  it('is a table with a row for each', () => {
    expect(lifeTable(lives).rows).toEqual([
      [1, tx, 4, 60, 1, '+0.000', 'suppressed', '+1.000', null, '+1.500', '+2.000', '+2.500', '+3.000 net0', '+4.000'],
    ]);
  });

  it('is a trace in which every slice that begins ends', () => {
    const { traceEvents } = JSON.parse(chromeTrace(ring.events, lives)) as { traceEvents: { ph: string; name: string; ts: number }[] };
    const count = (ph: string): number => traceEvents.filter((event) => event.ph === ph).length;
    expect([count('b'), count('e'), count('i')]).toEqual([4, 4, 3]);
    expect(traceEvents.find(({ name }) => name === 'doorbell: suppressed')?.ts).toBe(1.5);
  });

  it('is a capture with the frame, and its life as a comment', () => {
    const file = lifeCapture(lives);
    const text = String.fromCharCode(...file);
    expect(text).toContain('net0.tx buffer 4, 60 bytes; from 1.000 us: posted +0.000, doorbell suppressed +0.500, seen +1.000');
    expect(text).toContain('\x07'.repeat(60));
    const view = new DataView(file.buffer);
    let blocks = 0;
    for (let at = 0; at < file.length; at += view.getUint32(at + 4, true)) blocks++;
    expect(blocks).toBe(3);
  });
});
