import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DATAGRAM_HEADER, decodeMessage, encodeMessage, type Message, STREAM_HEADER } from './message.ts';
import { StreamReceiver, StreamSender } from './stream.ts';

const MAC = Uint8Array.of(0x52, 0x54, 0, 0, 0, 1);
const message: fc.Arbitrary<Message> = fc.record({
  kind: fc.constantFrom('data', 'acknowledgement', 'datagram', 'request', 'answer'),
  number: fc.nat(2 ** 31),
  payload: fc.nat(3000),
  last: fc.boolean(),
});

describe('A message', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(decodeMessage(encodeMessage(each, MAC, 'down'))).toEqual(each);
      }),
    );
  });

  it('is none if any byte of its payload was changed, or its length', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (each, at, change) => {
        const frame = encodeMessage(each, MAC, 'up');
        expect(decodeMessage(frame.subarray(0, -1))).toBeUndefined();
        if (each.payload === 0) return;
        const header = each.kind === 'data' || each.kind === 'acknowledgement' ? STREAM_HEADER : DATAGRAM_HEADER;
        const place = header + (at % each.payload);
        frame[place] = (frame[place] ?? 0) ^ change;
        expect(decodeMessage(frame)).toBeUndefined();
      }),
    );
  });

  it('is as long as TCP and UDP over Ethernet would make it', () => {
    const data = { kind: 'data', number: 0, payload: 1460, last: false } as const;
    expect(encodeMessage(data, MAC, 'up').length).toBe(1514);
    expect(encodeMessage({ ...data, kind: 'datagram', payload: 1472 }, MAC, 'up').length).toBe(1514);
    expect(encodeMessage({ ...data, kind: 'acknowledgement', payload: 0 }, MAC, 'up').length).toBe(60);
  });
});

describe('A stream', () => {
  it('carries its bytes within the window, and ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000_000 }), fc.integer({ min: 500, max: 65_000 }), (bytes, segment) => {
        const sender = new StreamSender(bytes, segment);
        const receiver = new StreamReceiver();
        let arrived = 0;
        let inFlight: Message[] = [];
        while (!sender.done) {
          for (let next = sender.next(); next !== undefined; next = sender.next()) inFlight.push(next);
          expect(inFlight.length).toBeGreaterThan(0);
          for (const each of inFlight) {
            arrived += each.payload;
            const answer = receiver.accept(each);
            if (answer !== undefined) sender.acknowledge(answer);
          }
          inFlight = [];
        }
        expect([arrived, receiver.failed]).toEqual([bytes, undefined]);
      }),
    );
  });

  it('fails when a segment is missing, or comes again', () => {
    for (const number of [1, 3]) {
      const receiver = new StreamReceiver();
      for (const each of [0, 1, number]) receiver.accept({ kind: 'data', number: each, payload: 1, last: false });
      expect(receiver.failed).toBe(`segment ${number} came where 2 was due`);
    }
  });
});
