import { describe, expect, it } from 'vitest';
import { ACK, FIN, flagsOf, MSS, PSH, RST, SERVER, SegmentsByHand, SYN } from '../../testing/segments-by-hand.ts';
import { type MemoryPeer, type TestTcpSegment, userNetworkFixture } from '../../testing.ts';

const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));

describe('[RFC 9293 §3.8] Data communication', () => {
  it('BK-08 takes segments out of order, overlapping and twice, and acknowledges what is in order', () => {
    const hand = new SegmentsByHand();
    hand.open();
    const base = hand.seq;
    const at = (from: number, to: number): TestTcpSegment | undefined =>
      hand.send(ACK | PSH, { seq: base + from, data: text('abcdefghijklmnopqrstuvwxyz'.slice(from, to)) }).at(-1);
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
    const hand = new SegmentsByHand();
    hand.open();
    hand.send(FIN | ACK, { seq: hand.seq + 4, data: text('efgh') });
    hand.send(ACK, { seq: hand.seq + 8, data: text('WRONG') });
    expect(hand.state).toBe('ESTABLISHED');
    expect(hand.send(ACK, { data: text('abcd') }).at(-1)?.ack).toBe(hand.seq + 9);
    expect(hand.state).toBe('CLOSE-WAIT');
    expect(hand.peer?.bytes).toEqual(text('abcdefgh'));
  });

  it('BK-08 keeps a bounded number of pieces beyond a gap', () => {
    const hand = new SegmentsByHand();
    hand.open();
    for (let i = 1; i < 2000; i++) hand.send(ACK, { seq: hand.seq + 2 * i, data: text('x') });
    const [info] = hand.fixture.network.statistics().connections;
    expect(info?.toHost).toBe(256);
  });

  it('BK-08 closes the window when the host takes nothing, keeps its edge, and opens it again', () => {
    const hand = new SegmentsByHand();
    hand.open();
    hand.peer?.stopReading();
    let window = 0xffff;
    let last: TestTcpSegment | undefined;
    while (window > 0) {
      const data = new Uint8Array(Math.min(1460, window)).fill(1);
      last = hand.send(ACK | PSH, { data }).at(-1);
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
    const hand = new SegmentsByHand();
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
    const hand = new SegmentsByHand(userNetworkFixture({ tcp: { sendBuffer: 65_536 } }));
    hand.open(MSS(1460), 3000);
    hand.peer?.write(new Uint8Array(4 << 20));
    hand.fixture.pass();
    const [info] = hand.fixture.network.statistics().connections;
    expect(info?.toGuest).toBe(65_536);
    expect(hand.peer?.backlog).toBe((4 << 20) - 65_536);
  });

  it('BK-08 probes a closed window with one byte, ever more slowly, and goes on when it opens', () => {
    const hand = new SegmentsByHand();
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
    const hand = new SegmentsByHand();
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
    const hand = new SegmentsByHand();
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
    const hand = new SegmentsByHand();
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
    const hand = new SegmentsByHand();
    hand.send(SYN, { ack: 0 });
    hand.fixture.pass(200_000);
    expect(flagsOf(hand.fixture.guest.segments)).toEqual([...Array(7).fill(SYN | ACK), RST | ACK]);
    expect(hand.peer?.wasReset).toBe(true);
  });

  it('[RFC 5681 §3.2] three duplicate acknowledgments have the lost segment sent at once', () => {
    const hand = new SegmentsByHand();
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

  it('a bare acknowledgment is numbered past all that was sent, so that the guest hears it', () => {
    const hand = new SegmentsByHand();
    hand.open(MSS(1000));
    hand.peer?.write(new Uint8Array(5000));
    hand.fixture.pass(1001); // all is lost, the first is sent again
    expect(hand.fixture.guest.segments.at(-1)?.seq).toBe(hand.next);
    expect(hand.send(ACK | PSH, { data: text('x') }).at(-1)).toMatchObject({ flags: ACK, seq: hand.next + 5000, ack: hand.seq + 1 });
  });

  it('an acknowledgment of what was never sent is answered and otherwise ignored', () => {
    const hand = new SegmentsByHand();
    hand.open();
    expect(hand.send(ACK, { ack: hand.next + 1000, data: text('x') })).toMatchObject([{ flags: ACK, ack: hand.seq }]);
    expect(hand.peer?.bytes.length).toBe(0);
    hand.send(ACK, { ack: hand.next - 1000, data: text('y') });
    expect(hand.peer?.bytes).toEqual(text('y'));
  });

  it('[RFC 5681 §4.2] acknowledges every second full segment at once, a lone one after 40 ms', () => {
    const hand = new SegmentsByHand();
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
