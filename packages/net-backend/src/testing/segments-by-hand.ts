/** A TCP connection whose guest's segments are written by hand: for tests of single rules of the TCP of a user network. */
import type { TcpState } from '../user-network/tcp/state.ts';
import type { MemoryPeer } from './memory-host.ts';
import type { SegmentSpec } from './test-host.ts';
import type { TestTcpSegment } from './test-tcp.ts';
import { type UserNetworkFixture, userNetworkFixture } from './user-network-fixture.ts';

/** Control bits [RFC 9293 §3.1]. */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
/** Where a server of the host in memory accepts. */
export const SERVER = '9.9.9.9';

/** The option of a SYN. */
export const MSS = (mss: number): number[] => [2, 4, mss >> 8, mss & 255];

/** The control bits of segments, without PSH. */
export const flagsOf = (segments: readonly TestTcpSegment[]): number[] => segments.map((s) => s.flags & 0x17);

/** A guest whose segments are written by hand: what it sends, what it gets, where the connection stands. */
export class SegmentsByHand {
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
    if (this.state !== 'ESTABLISHED') throw new Error(`not established but ${this.state}`);
    return synAck;
  }
}
