import { describe, expect, it } from 'vitest';
import { type MemoryPeer, type SegmentSpec, type TestTcpSegment, type UserNetworkFixture, userNetworkFixture } from '../../testing.ts';
import type { TcpState } from './state.ts';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const SERVER = '9.9.9.9';
const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
const MSS = (mss: number): number[] => [2, 4, mss >> 8, mss & 255];

/** A guest whose segments are written by hand: what it sends, what it gets, where the connection stands. */
class ByHand {
  readonly fixture: UserNetworkFixture;
  peer: MemoryPeer | undefined;
  seq = 5000;
  iss = 0;

  constructor(fixture: UserNetworkFixture = userNetworkFixture()) {
    this.fixture = fixture;
    fixture.memory.serve(SERVER, 80, (peer) => {
      this.peer = peer;
    });
  }

  send(flags: number, fields: Partial<SegmentSpec> = {}): TestTcpSegment[] {
    const { guest } = this.fixture;
    const before = guest.segments.length;
    guest.sendSegment({ destination: SERVER, port: 80, sourcePort: 4000, seq: this.seq, ack: this.next, flags, ...fields });
    this.fixture.pass();
    return guest.segments.slice(before);
  }

  /** What came since `before` segments. */
  since(before: number): TestTcpSegment[] {
    return this.fixture.guest.segments.slice(before);
  }

  get count(): number {
    return this.fixture.guest.segments.length;
  }

  /** The next sequence number that the guest expects, if it takes all. */
  next = 0;

  get state(): TcpState | undefined {
    return this.fixture.network.statistics().connections[0]?.state;
  }

  /** SYN, SYN-ACK, ACK. */
  open(options: number[] = MSS(1460), window = 0xffff): TestTcpSegment {
    const [synAck] = this.send(SYN, { options: Uint8Array.from(options), ack: 0, window });
    if (synAck === undefined) throw new Error('no SYN-ACK');
    this.iss = synAck.seq;
    this.next = (synAck.seq + 1) >>> 0;
    this.seq = (this.seq + 1) >>> 0;
    this.send(ACK, { window });
    expect(this.state).toBe('ESTABLISHED');
    return synAck;
  }
}

const flagsOf = (segments: readonly TestTcpSegment[]): number[] => segments.map((s) => s.flags & 0x17);

describe('[RFC 9293 §3.5] Establishing a connection', () => {
  it('answers the SYN after the host has connected, with MSS, window and, if asked for, a scale', () => {
    const plain = new ByHand().open();
    expect(plain).toMatchObject({ flags: SYN | ACK, ack: 5001, window: 0xffff });
    expect([...plain.options]).toEqual(MSS(1460));
    const scaled = new ByHand().open([...MSS(1460), 1, 3, 3, 7]);
    expect([...scaled.options]).toEqual([...MSS(1460), 1, 3, 3, 3]);
    const small = new ByHand(userNetworkFixture({ mtu: 1000 })).open();
    expect([...small.options]).toEqual(MSS(960));
  });

  it('answers nothing while the host still connects, and opens one connection for a repeated SYN', () => {
    const hand = new ByHand();
    hand.fixture.memory.otherwise = 'hang';
    for (let i = 0; i < 3; i++) expect(hand.send(SYN, { port: 81, ack: 0 })).toEqual([]);
    expect(hand.state).toBe('CONNECTING');
    expect(hand.fixture.memory.connects.length).toBe(1);
    hand.send(RST, { port: 81, seq: 5001 });
    expect(hand.state).toBe(undefined);
  });

  it('gives RST when the host is refused, host unreachable when there is no way', () => {
    const hand = new ByHand();
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
    const hand = new ByHand();
    expect(hand.send(ACK, { seq: 1, ack: 77 })).toMatchObject([{ flags: RST, seq: 77 }]);
    expect(hand.send(FIN, { seq: 10, data: text('abc') })).toMatchObject([{ flags: RST | ACK, seq: 0, ack: 14 }]);
    expect(hand.send(SYN | ACK, { seq: 1, ack: 99 })).toMatchObject([{ flags: RST, seq: 99 }]);
    expect(hand.send(RST, { seq: 1 })).toEqual([]);
    expect(hand.send(RST | ACK, { seq: 1 })).toEqual([]);
  });

  it('a wrong acknowledgment of the SYN-ACK is reset; the SYN again gets the SYN-ACK again', () => {
    const hand = new ByHand();
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
      const hand = new ByHand();
      hand.open([...options]);
      const before = hand.count;
      hand.peer?.write(new Uint8Array(3000));
      hand.fixture.pass();
      expect(Math.max(...hand.since(before).map((s) => s.data.length))).toBe(size);
    }
  });

  it('BK-08 a data offset below 5 or past the segment drops it; every cut of a SYN does too', () => {
    const hand = new ByHand();
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
      const hand = new ByHand();
      expect(hand.open(options).flags).toBe(SYN | ACK);
    }
  });

  it('a bad checksum drops the segment, one left to be done does not', () => {
    const hand = new ByHand();
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
    const hand = new ByHand(userNetworkFixture({ tcp: { maxOpening: 100 } }));
    const { network, memory, pass } = hand.fixture;
    memory.otherwise = 'hang';
    for (let port = 1; port <= 5000; port++) hand.send(SYN, { sourcePort: port, port: 81, ack: 0 });
    expect(network.statistics().connections.length).toBe(100);
    expect(memory.connects.length).toBe(100);
    const answered = new ByHand(userNetworkFixture({ tcp: { maxOpening: 100 } }));
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
    const hand = new ByHand();
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
    const hand = new ByHand();
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
    const hand = new ByHand();
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
    const states: [TcpState, (hand: ByHand) => void][] = [
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
      const hand = new ByHand();
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
    const hand = new ByHand();
    hand.open();
    expect(flagsOf(hand.send(RST, { seq: hand.seq + 100 }))).toEqual([ACK]);
    expect(hand.send(RST, { seq: hand.seq - 1 })).toEqual([]);
    expect(hand.send(RST, { seq: hand.seq + 70_000 })).toEqual([]);
    expect(flagsOf(hand.send(SYN, { seq: hand.seq }))).toEqual([ACK]);
    expect(flagsOf(hand.send(SYN, { seq: 5000 }))).toEqual([ACK]);
    expect(hand.state).toBe('ESTABLISHED');
  });

  it('a reset by the host is a reset for the guest, whatever it does', () => {
    const hand = new ByHand();
    hand.open();
    hand.peer?.fail('reset');
    hand.fixture.pass();
    expect(hand.fixture.guest.segments.at(-1)).toMatchObject({ flags: RST | ACK, seq: hand.next });
    expect(hand.state).toBe(undefined);
  });

  it('a SYN beyond the last one reopens a connection in TIME-WAIT; TIME-WAIT is bounded', () => {
    const hand = new ByHand(userNetworkFixture({ tcp: { maxTimeWait: 3 } }));
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

describe('[RFC 9293 §3.8] Data communication', () => {
  it('BK-08 takes segments out of order, overlapping and twice, and acknowledges what is in order', () => {
    const hand = new ByHand();
    hand.open();
    const base = hand.seq;
    const at = (from: number, to: number): TestTcpSegment | undefined =>
      hand.send(ACK | 8, { seq: base + from, data: text('abcdefghijklmnopqrstuvwxyz'.slice(from, to)) }).at(-1);
    expect(at(0, 4)?.ack).toBe(base + 4);
    expect(at(8, 12)?.ack).toBe(base + 4);
    expect(at(10, 16)?.ack).toBe(base + 4);
    expect(at(20, 22)?.ack).toBe(base + 4);
    expect(at(7, 21)?.ack).toBe(base + 4);
    expect(at(0, 4)?.ack).toBe(base + 4);
    expect(at(2, 8)?.ack).toBe(base + 22);
    expect(at(0, 26)?.ack).toBe(base + 26);
    expect(hand.peer?.bytes).toEqual(text('abcdefghijklmnopqrstuvwxyz'));
  });

  it('BK-08 a FIN beyond a gap counts when the gap is filled, and data after it does not', () => {
    const hand = new ByHand();
    hand.open();
    hand.send(FIN | ACK, { seq: hand.seq + 4, data: text('efgh') });
    hand.send(ACK, { seq: hand.seq + 8, data: text('WRONG') });
    expect(hand.state).toBe('ESTABLISHED');
    expect(hand.send(ACK, { data: text('abcd') }).at(-1)?.ack).toBe(hand.seq + 9);
    expect(hand.state).toBe('CLOSE-WAIT');
    expect(hand.peer?.bytes).toEqual(text('abcdefgh'));
  });

  it('BK-08 keeps a bounded number of pieces beyond a gap', () => {
    const hand = new ByHand();
    hand.open();
    for (let i = 1; i < 2000; i++) hand.send(ACK, { seq: hand.seq + 2 * i, data: text('x') });
    const [info] = hand.fixture.network.statistics().connections;
    expect(info?.toHost).toBe(256);
  });

  it('BK-08 closes the window when the host takes nothing, keeps its edge, and opens it again', () => {
    const hand = new ByHand();
    hand.open();
    hand.peer?.stopReading();
    let window = 0xffff;
    let last: TestTcpSegment | undefined;
    while (window > 0) {
      const data = new Uint8Array(Math.min(1460, window)).fill(1);
      last = hand.send(ACK | 8, { data }).at(-1);
      hand.seq += data.length;
      expect(last?.ack).toBe(hand.seq);
      expect(last?.window).toBe(window - data.length); // the right edge stays
      window = last?.window ?? 0;
    }
    expect(hand.peer?.unread).toBe(0xffff);
    // A probe of a closed window: not taken, but answered.
    expect(hand.send(ACK, { data: text('x') })).toMatchObject([{ flags: ACK, ack: hand.seq, window: 0 }]);
    const before = hand.count;
    hand.peer?.startReading(1000);
    hand.fixture.pass();
    expect(hand.since(before)).toEqual([]); // less than is worth telling
    hand.peer?.startReading();
    hand.fixture.pass();
    expect(hand.since(before)).toMatchObject([{ flags: ACK, window: 0xffff }]);
  });

  it('BK-08 data beyond the window is cut off', () => {
    const hand = new ByHand();
    hand.open();
    hand.peer?.stopReading();
    for (let sent = 0; sent < 65_000; sent += 1000) {
      hand.send(ACK, { data: new Uint8Array(1000) });
      hand.seq += 1000;
    }
    expect(hand.send(ACK, { data: new Uint8Array(1400) }).at(-1)).toMatchObject({ ack: hand.seq + 535, window: 0 });
    expect(hand.peer?.unread).toBe(0xffff);
  });

  it('BK-08 stops the host when the guest takes nothing, and holds a bounded amount', () => {
    const hand = new ByHand(userNetworkFixture({ tcp: { sendBuffer: 65_536 } }));
    hand.open(MSS(1460), 3000);
    hand.peer?.write(new Uint8Array(4 << 20));
    hand.fixture.pass();
    const [info] = hand.fixture.network.statistics().connections;
    expect(info?.toGuest).toBe(65_536);
    expect(hand.peer?.backlog).toBe((4 << 20) - 65_536);
  });

  it('BK-08 probes a closed window with one byte, ever more slowly, and goes on when it opens', () => {
    const hand = new ByHand();
    hand.open(MSS(1460), 0);
    const before = hand.count;
    hand.peer?.write(text('hello'));
    const times: number[] = [];
    let seen = before;
    for (let i = 0; i < 200; i++) {
      hand.fixture.pass(1000);
      if (hand.count > seen) {
        times.push(i + 1);
        expect(hand.since(seen)).toMatchObject([{ seq: hand.next, data: text('h') }]);
        hand.send(ACK, { window: 0 });
        seen = hand.count;
      }
    }
    expect(times).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
    const opened = hand.send(ACK, { window: 1000 });
    expect(opened.map((s) => new TextDecoder().decode(s.data))).toEqual(['hello']);
    expect(hand.state).toBe('ESTABLISHED');
  });

  it('BK-08 a window that shrinks below what was sent is waited for, not overrun', () => {
    const hand = new ByHand();
    hand.open(MSS(1000), 4000);
    hand.peer?.write(new Uint8Array(10_000));
    hand.fixture.pass();
    const sent = hand.fixture.guest.segments.filter((s) => s.data.length > 0);
    expect(sent.length).toBe(4);
    const before = hand.count;
    hand.send(ACK, { ack: hand.next + 1000, window: 500 });
    hand.fixture.pass(500);
    expect(hand.since(before)).toEqual([]);
    hand.send(ACK, { ack: hand.next + 4000, window: 4000 });
    expect(hand.since(before).map((s) => s.data.length)).toEqual([1000, 1000, 1000, 1000]);
    expect(hand.since(before)[0]?.seq).toBe((hand.next + 4000) >>> 0);
  });

  it('small windows do not make small segments [§3.8.6.2.1]', () => {
    const hand = new ByHand();
    hand.open(MSS(1000), 8000);
    hand.peer?.write(new Uint8Array(20_000));
    hand.fixture.pass();
    hand.next += 8000;
    const before = hand.count;
    hand.send(ACK, { window: 100 });
    expect(hand.since(before)).toEqual([]);
    hand.send(ACK, { window: 1500 });
    expect(hand.since(before).map((s) => s.data.length)).toEqual([1000]);
  });

  it('[RFC 6298 §5] BK-08 sends again after 1, 2, 4 … seconds, and gives up', () => {
    const hand = new ByHand();
    hand.open();
    hand.peer?.write(text('lost'));
    hand.fixture.pass();
    const times: number[] = [];
    let seen = hand.count;
    for (let i = 1; i <= 400; i++) {
      hand.fixture.pass(1000);
      if (hand.count === seen) continue;
      times.push(i);
      seen = hand.count;
    }
    expect(times).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243, 303]);
    expect(hand.fixture.guest.segments.at(-1)?.flags).toBe(RST | ACK);
    expect(hand.peer?.wasReset).toBe(true);
  });

  it('[RFC 6298 §5.5] the SYN-ACK is repeated for a minute', () => {
    const hand = new ByHand();
    hand.send(SYN, { ack: 0 });
    hand.fixture.pass(200_000);
    expect(flagsOf(hand.fixture.guest.segments)).toEqual([...Array(7).fill(SYN | ACK), RST | ACK]);
    expect(hand.peer?.wasReset).toBe(true);
  });

  it('[RFC 5681 §3.2] three duplicate acknowledgments have the lost segment sent at once', () => {
    const hand = new ByHand();
    hand.open(MSS(1000));
    hand.peer?.write(new Uint8Array(10_000));
    hand.fixture.pass();
    const before = hand.count;
    for (let i = 0; i < 2; i++) hand.send(ACK, { ack: hand.next + 2000 });
    expect(hand.since(before)).toEqual([]);
    for (let i = 0; i < 5; i++) hand.send(ACK, { ack: hand.next + 2000 });
    expect(hand.since(before)).toMatchObject([{ seq: hand.next + 2000 }]);
    // Another one was lost, too: the partial acknowledgment tells [RFC 6582 §3.2].
    hand.send(ACK, { ack: hand.next + 5000 });
    expect(hand.since(before).map((s) => s.seq)).toEqual([hand.next + 2000, hand.next + 5000]);
    hand.send(ACK, { ack: hand.next + 10_000 });
    hand.fixture.pass(100_000);
    expect(hand.since(before).length).toBe(2);
  });

  it('an acknowledgment of what was never sent is answered and otherwise ignored', () => {
    const hand = new ByHand();
    hand.open();
    expect(hand.send(ACK, { ack: hand.next + 1000, data: text('x') })).toMatchObject([{ flags: ACK, ack: hand.seq }]);
    expect(hand.peer?.bytes.length).toBe(0);
    hand.send(ACK, { ack: hand.next - 1000, data: text('y') });
    expect(hand.peer?.bytes).toEqual(text('y'));
  });

  it('[RFC 5681 §4.2] acknowledges every second full segment at once, a lone one after 40 ms', () => {
    const hand = new ByHand();
    hand.open(MSS(1000));
    expect(hand.send(ACK, { data: new Uint8Array(1000) })).toEqual([]);
    hand.seq += 1000;
    expect(hand.send(ACK, { data: new Uint8Array(1000) })).toMatchObject([{ ack: hand.seq + 1000 }]);
    hand.seq += 1000;
    expect(hand.send(ACK, { data: new Uint8Array(500) })).toEqual([]);
    const before = hand.count;
    hand.fixture.pass(41);
    expect(hand.since(before)).toMatchObject([{ ack: hand.seq + 500 }]);
  });

  it('waits when the card takes nothing and goes on when it does, losing nothing', () => {
    const { guest, memory, pass, network } = userNetworkFixture();
    const data = Uint8Array.from({ length: 200_000 }, (_, i) => i * 31);
    memory.serve(SERVER, 80, (peer) => {
      peer.write(data);
      peer.end();
    });
    const tcp = guest.connect(SERVER, 80);
    let left = 0;
    const { onReceive } = network;
    network.onReceive = (frame, offload) => left-- > 0 && onReceive?.(frame, offload) === true;
    for (let i = 0; i < 2000 && !tcp.peerEnded; i++) {
      left = 1 + (i % 3);
      network.resume();
      pass();
    }
    expect(tcp.bytes).toEqual(data);
    expect(tcp.peerEnded).toBe(true);
    expect(guest.errors).toEqual([]);
  });

  it('gives each connection its turn', () => {
    const { guest, memory, pass, network } = userNetworkFixture();
    const peers: MemoryPeer[] = [];
    memory.serve(SERVER, 80, (peer) => peers.push(peer));
    const all = Array.from({ length: 4 }, () => guest.connect(SERVER, 80));
    pass();
    let left = 0;
    const { onReceive } = network;
    network.onReceive = (frame, offload) => left-- > 0 && onReceive?.(frame, offload) === true;
    for (const peer of peers) peer.write(new Uint8Array(1 << 20));
    pass();
    left = 200;
    network.resume();
    const got = all.map((tcp) => tcp.receivedBytes);
    expect(Math.max(...got) - Math.min(...got)).toBeLessThanOrEqual(16 * 1460);
    expect(got.reduce((sum, bytes) => sum + bytes)).toBe(200 * 1460);
  });

  it('the share of the common budget shrinks as connections come', () => {
    const { guest, memory, pass, network } = userNetworkFixture({ tcp: { totalSendBuffer: 1 << 20 } });
    memory.serve(SERVER, 80, (peer) => peer.write(new Uint8Array(1 << 20)));
    for (let i = 0; i < 40; i++) guest.connect(SERVER, 80, { receiveBuffer: 1000 }).reading = false;
    pass(100);
    const total = network.statistics().connections.reduce((sum, c) => sum + c.toGuest, 0);
    expect(total).toBeLessThanOrEqual(40 * 65_536);
  });
});
