import { describe, expect, it } from 'vitest';
import { ACK, FIN, flagsOf, MSS, RST, SERVER, SegmentsByHand, SYN } from '../../testing/segments-by-hand.ts';
import { userNetworkFixture } from '../../testing.ts';
import type { TcpState } from './state.ts';

const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));

describe('[RFC 9293 §3.5] Establishing a connection', () => {
  it('answers the SYN after the host has connected, with MSS, window and, if asked for, a scale', () => {
    const plain = new SegmentsByHand().open();
    expect(plain).toMatchObject({ flags: SYN | ACK, ack: 5001, window: 0xffff });
    expect([...plain.options]).toEqual(MSS(1460));
    const scaled = new SegmentsByHand().open([...MSS(1460), 1, 3, 3, 7]);
    expect([...scaled.options]).toEqual([...MSS(1460), 1, 3, 3, 3]);
    const small = new SegmentsByHand(userNetworkFixture({ mtu: 1000 })).open();
    expect([...small.options]).toEqual(MSS(960));
  });

  it('answers nothing while the host still connects, and opens one connection for a repeated SYN', () => {
    const hand = new SegmentsByHand();
    hand.fixture.memory.otherwise = 'hang';
    for (let i = 0; i < 3; i++) expect(hand.send(SYN, { port: 81, ack: 0 })).toEqual([]);
    expect(hand.state).toBe('CONNECTING');
    expect(hand.fixture.memory.connects.length).toBe(1);
    hand.send(RST, { port: 81, seq: 5001 });
    expect(hand.state).toBe(undefined);
  });

  it('gives RST when the host is refused, host unreachable when there is no way', () => {
    const hand = new SegmentsByHand();
    expect(hand.send(SYN, { port: 81, ack: 0 })).toMatchObject([{ flags: RST | ACK, seq: 0, ack: 5001 }]);
    hand.fixture.memory.otherwise = 'timeout';
    expect(flagsOf(hand.send(SYN, { port: 82, ack: 0 }))).toEqual([RST | ACK]);
    hand.fixture.memory.otherwise = 'unreachable';
    expect(hand.send(SYN, { port: 83, ack: 0 })).toEqual([]);
    const error = hand.fixture.guest.packets.at(-1);
    expect([error?.source, error?.protocol, error?.payload[0], error?.payload[1]]).toEqual(['10.0.2.2', 1, 3, 1]);
    expect([...(error?.payload.subarray(28, 32) ?? [])]).toEqual([4000 >> 8, 4000 & 255, 0, 83]);
    expect(hand.state).toBe(undefined);
  });

  it('leads 10.0.2.2 to the loopback of the host, other addresses to themselves', () => {
    const { guest, memory, pass } = userNetworkFixture();
    guest.connect('10.0.2.2', 80);
    guest.connect('8.8.4.4', 80);
    pass();
    expect(memory.connects.map((c) => c.address)).toEqual(['127.0.0.1', '8.8.4.4']);
  });

  it('answers a segment without a connection with RST, an RST with nothing [§3.10.7.1]', () => {
    const hand = new SegmentsByHand();
    expect(hand.send(ACK, { seq: 1, ack: 77 })).toMatchObject([{ flags: RST, seq: 77 }]);
    expect(hand.send(FIN, { seq: 10, data: text('abc') })).toMatchObject([{ flags: RST | ACK, seq: 0, ack: 14 }]);
    expect(hand.send(SYN | ACK, { seq: 1, ack: 99 })).toMatchObject([{ flags: RST, seq: 99 }]);
    expect(hand.send(RST, { seq: 1 })).toEqual([]);
    expect(hand.send(RST | ACK, { seq: 1 })).toEqual([]);
  });

  it('a wrong acknowledgment of the SYN-ACK is reset; the SYN again gets the SYN-ACK again', () => {
    const hand = new SegmentsByHand();
    const [first] = hand.send(SYN, { ack: 0 });
    expect(hand.send(SYN, { ack: 0 })).toMatchObject([{ flags: SYN | ACK, seq: first?.seq, ack: 5001 }]);
    expect(hand.send(ACK, { seq: 5001, ack: first?.seq ?? 0 })).toMatchObject([{ flags: RST, seq: first?.seq }]);
    expect(hand.state).toBe('SYN-RECEIVED');
  });

  it('BK-08 an MSS of 0, 1 or none is answered with segments of a usable size', () => {
    for (const [options, size] of [
      [MSS(0), 64],
      [MSS(1), 64],
      [MSS(65_535), 1460],
      [[], 536],
      [[2, 3, 1, 0], 536],
    ] as const) {
      const hand = new SegmentsByHand();
      hand.open([...options]);
      const before = hand.count;
      hand.peer?.write(new Uint8Array(3000));
      hand.fixture.pass();
      expect(Math.max(...hand.since(before).map((s) => s.data.length))).toBe(size);
    }
  });

  it('BK-08 a data offset below 5 or past the segment drops it; every cut of a SYN does too', () => {
    const hand = new SegmentsByHand();
    const { guest, network } = hand.fixture;
    const segment = new Uint8Array(24);
    for (const offset of [0, 1, 2, 3, 4, 7, 15]) {
      segment.set([0x0f, 0xa0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, offset << 4, SYN]);
      const frame = guest.frame(0x0800, guest.ipv4(SERVER, 6, segment));
      guest.port.transmit(frame, { checksumValid: true });
    }
    for (let length = 0; length < 20; length++) {
      guest.port.transmit(guest.frame(0x0800, guest.ipv4(SERVER, 6, segment.slice(0, length))), { checksumValid: true });
    }
    expect(network.statistics().dropped.tcp).toBe(27);
    expect(hand.fixture.memory.connects).toEqual([]);
  });

  it('BK-08 an option with length 0, 1 or past the end hides what follows, not the segment', () => {
    for (const options of [
      [2, 0, 0, 0],
      [2, 1, 0, 0],
      [3, 255, 0, 0],
      [1, 1, 1, 2],
      [2, 4, 5, 180, 3, 0, 7, 0],
    ]) {
      const hand = new SegmentsByHand();
      expect(hand.open(options).flags).toBe(SYN | ACK);
    }
  });

  it('a bad checksum drops the segment, one left to be done does not', () => {
    const hand = new SegmentsByHand();
    const { guest, network } = hand.fixture;
    const bad = new Uint8Array(20);
    bad.set([0x0f, 0xa0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, SYN, 0xff, 0xff, 1, 2]);
    const frame = guest.frame(0x0800, guest.ipv4(SERVER, 6, bad));
    guest.port.transmit(frame);
    expect(network.statistics().dropped.tcp).toBe(1);
    guest.port.transmit(frame, { checksum: { start: 34, offset: 16 } });
    hand.fixture.pass();
    expect(guest.segments.length).toBe(1);
  });

  it('BK-08 a SYN flood is bounded, and does not keep out those who come later', () => {
    const hand = new SegmentsByHand(userNetworkFixture({ tcp: { maxOpening: 100 } }));
    const { network, memory, pass } = hand.fixture;
    memory.otherwise = 'hang';
    for (let port = 1; port <= 5000; port++) hand.send(SYN, { sourcePort: port, port: 81, ack: 0 });
    expect(network.statistics().connections.length).toBe(100);
    expect(memory.connects.length).toBe(100);
    const answered = new SegmentsByHand(userNetworkFixture({ tcp: { maxOpening: 100 } }));
    for (let port = 1; port <= 5000; port++) answered.send(SYN, { sourcePort: port, ack: 0 });
    expect(answered.fixture.network.statistics().connections.length).toBe(100);
    answered.fixture.pass(200_000);
    expect(answered.fixture.network.statistics().connections.length).toBe(0);
    answered.open();
    pass();
  });

  it('BK-08 the table of connections is bounded', () => {
    const { guest, memory, network, pass } = userNetworkFixture({ tcp: { maxConnections: 50 } });
    memory.serve(SERVER, 80, () => {});
    for (let i = 0; i < 80; i++) guest.connect(SERVER, 80);
    pass(500);
    expect(network.statistics().connections.length).toBe(50);
  });

  it('both open at once [Figure 7]', async () => {
    const fixture = userNetworkFixture();
    await fixture.network.forward({ host: { address: '127.0.0.1', port: 1 }, guest: { port: 22 } });
    const { guest, memory, pass } = fixture;
    guest.sendArp('10.0.2.2');
    const client = memory.connectAsClient('127.0.0.1', 1);
    pass();
    const syn = guest.segments[0];
    expect(syn?.flags).toBe(SYN);
    const base = { destination: '10.0.2.2', port: syn?.sourcePort ?? 0, sourcePort: 22 };
    guest.sendSegment({ ...base, seq: 700, flags: SYN });
    expect(guest.segments.at(-1)).toMatchObject({ flags: SYN | ACK, seq: syn?.seq, ack: 701 });
    guest.sendSegment({ ...base, seq: 700, ack: ((syn?.seq ?? 0) + 1) >>> 0, flags: SYN | ACK });
    guest.sendSegment({ ...base, seq: 701, ack: ((syn?.seq ?? 0) + 1) >>> 0, flags: ACK, data: text('hi') });
    pass();
    expect(client?.bytes).toEqual(text('hi'));
  });
});

describe('[RFC 9293 §3.6] Closing a connection', () => {
  it('BK-08 half close by the guest: the host goes on sending, then ends', () => {
    const hand = new SegmentsByHand();
    hand.open();
    expect(flagsOf(hand.send(FIN | ACK))).toEqual([ACK]);
    hand.seq++;
    expect(hand.state).toBe('CLOSE-WAIT');
    expect(hand.peer?.ended).toBe(true);
    hand.peer?.write(text('more'));
    hand.fixture.pass();
    expect(hand.fixture.guest.segments.at(-1)?.data).toEqual(text('more'));
    hand.next += 4;
    hand.peer?.end();
    hand.fixture.pass();
    expect(hand.fixture.guest.segments.at(-1)).toMatchObject({ flags: FIN | ACK, seq: hand.next });
    expect(hand.state).toBe('LAST-ACK');
    hand.send(ACK, { ack: hand.next + 1 });
    expect(hand.state).toBe(undefined);
    expect(hand.peer?.wasReset).toBe(false);
  });

  it('BK-08 half close by the host: the guest goes on sending, then ends in TIME-WAIT', () => {
    const hand = new SegmentsByHand();
    hand.open();
    hand.peer?.end();
    hand.fixture.pass();
    expect(hand.state).toBe('FIN-WAIT-1');
    hand.next++;
    hand.send(ACK);
    expect(hand.state).toBe('FIN-WAIT-2');
    hand.send(ACK | 8, { data: text('still') });
    hand.seq += 5;
    expect(hand.peer?.bytes).toEqual(text('still'));
    hand.send(FIN | ACK);
    expect(hand.state).toBe('TIME-WAIT');
    const before = hand.count;
    hand.send(FIN | ACK); // the last ACK was lost
    expect(flagsOf(hand.since(before))).toEqual([ACK]);
    hand.fixture.pass(61_000);
    expect(hand.state).toBe(undefined);
  });

  it('BK-08 simultaneous close [Figure 13]', () => {
    const hand = new SegmentsByHand();
    hand.open();
    hand.peer?.end();
    hand.fixture.pass();
    hand.send(FIN | ACK); // does not acknowledge our FIN
    hand.seq++;
    expect(hand.state).toBe('CLOSING');
    hand.send(ACK, { ack: hand.next + 1 });
    expect(hand.state).toBe('TIME-WAIT');
    expect(hand.peer?.closed).toBe(true);
    expect(hand.peer?.wasReset).toBe(false);
  });

  it('BK-08 RST in each state ends the connection and resets the host', () => {
    const states: [TcpState, (hand: SegmentsByHand) => void][] = [
      ['SYN-RECEIVED', () => {}],
      ['ESTABLISHED', () => {}],
      ['FIN-WAIT-1', (hand) => hand.peer?.end()],
      [
        'FIN-WAIT-2',
        (hand) => {
          hand.peer?.end();
          hand.fixture.pass();
          hand.send(ACK, { ack: hand.next + 1 });
        },
      ],
      [
        'CLOSE-WAIT',
        (hand) => {
          hand.send(FIN | ACK);
          hand.seq++;
        },
      ],
      [
        'CLOSING',
        (hand) => {
          hand.peer?.end();
          hand.fixture.pass();
          hand.send(FIN | ACK);
          hand.seq++;
        },
      ],
      [
        'LAST-ACK',
        (hand) => {
          hand.send(FIN | ACK);
          hand.seq++;
          hand.peer?.end();
        },
      ],
      [
        'TIME-WAIT',
        (hand) => {
          hand.peer?.end();
          hand.fixture.pass();
          hand.send(FIN | ACK, { ack: hand.next + 1 });
          hand.seq++;
        },
      ],
    ];
    for (const [state, reach] of states) {
      const hand = new SegmentsByHand();
      if (state === 'SYN-RECEIVED') {
        hand.send(SYN, { ack: 0 });
        hand.seq++;
      } else hand.open();
      reach(hand);
      hand.fixture.pass();
      expect(hand.state).toBe(state);
      expect(hand.send(RST)).toEqual([]);
      expect(hand.state).toBe(undefined);
      expect(hand.peer?.closed).toBe(true);
    }
  });

  it('[RFC 5961 §3.2] an RST or SYN elsewhere in the window is challenged, outside it is ignored', () => {
    const hand = new SegmentsByHand();
    hand.open();
    expect(flagsOf(hand.send(RST, { seq: hand.seq + 100 }))).toEqual([ACK]);
    expect(hand.send(RST, { seq: hand.seq - 1 })).toEqual([]);
    expect(hand.send(RST, { seq: hand.seq + 70_000 })).toEqual([]);
    expect(flagsOf(hand.send(SYN, { seq: hand.seq }))).toEqual([ACK]);
    expect(flagsOf(hand.send(SYN, { seq: 5000 }))).toEqual([ACK]);
    expect(hand.state).toBe('ESTABLISHED');
  });

  it('a reset by the host is a reset for the guest, whatever it does', () => {
    const hand = new SegmentsByHand();
    hand.open();
    hand.peer?.fail('reset');
    hand.fixture.pass();
    expect(hand.fixture.guest.segments.at(-1)).toMatchObject({ flags: RST | ACK, seq: hand.next });
    expect(hand.state).toBe(undefined);
  });

  it('a SYN beyond the last one reopens a connection in TIME-WAIT; TIME-WAIT is bounded', () => {
    const hand = new SegmentsByHand(userNetworkFixture({ tcp: { maxTimeWait: 3 } }));
    hand.open();
    hand.peer?.end();
    hand.fixture.pass();
    hand.send(FIN | ACK, { ack: hand.next + 1 });
    expect(hand.state).toBe('TIME-WAIT');
    hand.seq += 1000;
    hand.open();
    const { guest, memory, pass, network } = hand.fixture;
    memory.serve(SERVER, 81, (peer) => peer.end());
    for (let i = 0; i < 10; i++) guest.connect(SERVER, 81).end();
    pass(100);
    expect(network.statistics().connections.filter((c) => c.state === 'TIME-WAIT').length).toBeLessThanOrEqual(3);
  });
});
