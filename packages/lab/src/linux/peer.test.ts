import { VirtualClock } from '@paravirt/bus';
import { TestHost } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import { isPiece, PATTERN_PERIOD, PIECE_MAX, piece } from './pattern.ts';
import { Peer, STREAMS_PORT } from './peer.ts';
import { ANSWERS_PORT, PACKETS_PORT } from './peer-datagrams.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);

/** A guest with nothing but a network stack behind the lab's wire. */
function guestAndPeer({ index = 0, largeFrames = false } = {}) {
  const clock = new VirtualClock();
  const peer = new Peer({ clock, index, mac: MAC, mtu: 1500, bitsPerSecond: 1e9, latency: 5000, moderation: 0, largeFrames });
  const guest = new TestHost(peer.port, {
    clock,
    address: `10.0.${2 + index}.15`,
    gatewayMac: 0x5255_0a00_0002 + (2 + index) * 256,
    offloads: largeFrames,
  });
  return { clock, peer, guest, pass: (ms: number) => clock.advanceTo(clock.now() + BigInt(ms * 1e6)) };
}

const words = (...numbers: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(numbers).buffer);
const numbers = (bytes: Uint8Array): number[] => [...new Uint32Array(bytes.slice().buffer)];

describe('The pattern', () => {
  it('begins again after a prime number of bytes, and can be taken from anywhere', () => {
    expect(piece(0, 4)).toEqual(piece(PATTERN_PERIOD, 4));
    expect(piece(PATTERN_PERIOD - 2, PIECE_MAX).slice(2)).toEqual(piece(0, PIECE_MAX - 2));
    expect(piece(PATTERN_PERIOD - 1, PIECE_MAX).length).toBe(PIECE_MAX);
    expect(isPiece(piece(5, 100), 5)).toBe(true);
    expect(isPiece(piece(5, 100), 6)).toBe(false);
    expect(new Set(piece(0, PATTERN_PERIOD)).size).toBe(256);
  });
});

describe('The peer’s streams', () => {
  it.each([false, true])('give as much of the pattern as is asked for, large frames %s', (largeFrames) => {
    const { peer, guest, pass } = guestAndPeer({ largeFrames });
    const connection = guest.connect(peer.address, STREAMS_PORT);
    connection.write(words(300_000, 0));
    pass(100);
    expect(connection.receivedBytes).toBe(300_000);
    for (let at = 0; at < 300_000; at += 50_000) expect(isPiece(connection.bytes.subarray(at, at + 50_000), at)).toBe(true);
    expect(guest.errors).toEqual([]);
  });

  it('go at the speed of the wire', () => {
    const { peer, guest, pass, clock } = guestAndPeer();
    const connection = guest.connect(peer.address, STREAMS_PORT);
    pass(1);
    const since = Number(clock.now());
    connection.write(words(1_000_000, 0));
    let last = since;
    connection.onData = () => {
      last = Number(clock.now());
    };
    pass(100);
    const gigabits = (8 * 1_000_000) / (last - since);
    expect(gigabits).toBeGreaterThan(0.9);
    expect(gigabits).toBeLessThan(0.95);
  });

  it('check what they get, and say so behind what they send', () => {
    const { peer, guest, pass } = guestAndPeer();
    const connection = guest.connect(peer.address, STREAMS_PORT);
    // No more than the wire takes at once: the test's guest does not wait for it.
    connection.write(words(10, 70_000));
    for (let at = 0; at < 70_000; at += 35_000) connection.write(piece(at, 35_000));
    pass(200);
    expect(numbers(connection.bytes.slice(10))).toEqual([70_000, 1]);
    const wrong = guest.connect(peer.address, STREAMS_PORT);
    wrong.write(words(0, 100));
    wrong.write(piece(1, 100));
    pass(200);
    expect(numbers(wrong.bytes)).toEqual([100, 0]);
  });

  it('end when the guest does', () => {
    const { peer, guest, pass } = guestAndPeer();
    const connection = guest.connect(peer.address, STREAMS_PORT);
    connection.write(words(5, 0));
    connection.end();
    pass(100);
    expect([connection.receivedBytes, connection.peerEnded, connection.finAcknowledged]).toEqual([5, true, true]);
  });

  it('are at one port only', () => {
    const { peer, guest, pass } = guestAndPeer();
    const connection = guest.connect(peer.address, STREAMS_PORT + 7);
    pass(100);
    expect(connection.state).toBe('reset');
  });
});

const HELLO = 0xffff_ff00;
const GO = 0xffff_ff01;
const ALL = 0xffff_ff02;

const datagram = (sequence: number, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(words(sequence));
  bytes.set(piece(sequence, size - 4), 4);
  return bytes;
};

describe('The peer’s datagrams', () => {
  it('are greetings that are returned', () => {
    const { peer, guest, pass } = guestAndPeer({ index: 3 });
    expect(peer.address).toBe('10.0.5.2');
    for (const port of [PACKETS_PORT, ANSWERS_PORT]) guest.sendUdp(peer.address, port, 1000, words(HELLO));
    pass(1);
    expect(guest.datagrams.map(({ payload }) => numbers(payload))).toEqual([[HELLO], [HELLO]]);
  });

  it('come as fast as the wire goes, all of them, in order', () => {
    const { peer, guest, pass, clock } = guestAndPeer();
    guest.sendUdp(peer.address, PACKETS_PORT, 1000, words(GO, 5000, 0, 64));
    const since = Number(clock.now());
    pass(1);
    const early = guest.datagrams.length;
    // 64 bytes of data in 110 of Ethernet's 130, padded to nothing: 106 + 24 bytes of wire each.
    expect(early).toBeGreaterThan(900);
    expect(early).toBeLessThan((1e6 - since) / (130 * 8) + 1);
    pass(20);
    expect(guest.datagrams.length).toBe(5000);
    guest.datagrams.forEach(({ payload }, index) => {
      if (index % 500 === 0) expect(payload).toEqual(datagram(index, 64));
    });
  });

  it('are counted, if they are right, and the last one is answered', () => {
    const { peer, guest, pass } = guestAndPeer();
    guest.sendUdp(peer.address, PACKETS_PORT, 1000, words(GO, 0, 3, 40));
    for (const bytes of [datagram(0, 40), datagram(1, 41), datagram(2, 40).fill(9, 10), datagram(1, 40), datagram(2, 40)])
      guest.sendUdp(peer.address, PACKETS_PORT, 1000, bytes);
    pass(5);
    expect(guest.datagrams.map(({ payload }) => numbers(payload))).toEqual([[ALL, 3]]);
  });

  it('are returned as they are by the port of answers, and not at all by others', () => {
    const { peer, guest, pass } = guestAndPeer();
    guest.sendUdp(peer.address, ANSWERS_PORT, 1000, datagram(77, 200));
    guest.sendUdp(peer.address, 9, 1000, datagram(78, 200));
    guest.sendUdp(peer.address, ANSWERS_PORT, 1000, new Uint8Array(3));
    pass(5);
    expect(guest.datagrams.map(({ payload }) => payload)).toEqual([datagram(77, 200)]);
  });

  it('of any size and content that is asked for break nothing', () => {
    const { peer, guest, pass } = guestAndPeer();
    guest.sendUdp(peer.address, PACKETS_PORT, 1000, words(GO, 2, 0xffff_ffff, 0xffff_ffff));
    guest.sendUdp(peer.address, PACKETS_PORT, 1001, words(GO, 2, 0, 0));
    pass(10);
    expect(guest.datagrams.map(({ payload }) => payload.length).sort()).toEqual([4, 4, 65_507, 65_507]);
    expect(guest.errors).toEqual([]);
  });
});

describe('The peer’s pings', () => {
  it('are timed from when they leave until the answer is back', () => {
    const { peer, guest, pass } = guestAndPeer();
    // A test host answers no pings: this one sends back what came, as an answer.
    const times: (number | undefined)[] = [];
    const { onReceive } = peer.port;
    peer.port.onReceive = (frame, offload) => {
      if (frame[14 + 9] !== 1) return onReceive?.(frame, offload) ?? true;
      expect(frame.subarray(0, 6)).toEqual(MAC);
      const answer = frame.slice();
      answer.set(frame.subarray(6, 12), 0);
      answer.set(frame.subarray(0, 6), 6);
      answer.set(frame.subarray(30, 34), 26);
      answer.set(frame.subarray(26, 30), 30);
      answer[34] = 0;
      peer.port.transmit(answer);
      return true;
    };
    peer.pings.ping((ns) => times.push(ns));
    pass(1);
    expect(times).toEqual([2 * (5000 + (98 + 24) * 8)]);
    expect(guest.errors).toEqual([]);
  });

  it('end without an answer after a while', () => {
    const { peer, guest, pass } = guestAndPeer();
    guest.takeFrames(false);
    const times: (number | undefined)[] = [];
    peer.pings.ping((ns) => times.push(ns));
    pass(4000);
    expect(times).toEqual([]);
    pass(2000);
    expect(times).toEqual([undefined]);
  });
});
