import { describe, expect, it } from 'vitest';
import { readU16 } from '../frame/network-order.ts';
import { userNetworkFixture } from '../testing.ts';
import { encodeName, parseDnsQuery } from './dns-message.ts';

const labels = (name: string): number[] => [...(encodeName(name) ?? [])];

/** A query by hand: header fields, then raw bytes of the rest. */
function query(rest: readonly number[], fields: { flags?: number; qd?: number; an?: number; ar?: number } = {}): Uint8Array {
  const { flags = 0x0100, qd = 1, an = 0, ar = 0 } = fields;
  return Uint8Array.of(0xab, 0xcd, flags >> 8, flags & 255, qd >> 8, qd & 255, an >> 8, an & 255, 0, 0, ar >> 8, ar & 255, ...rest);
}
const question = (name: string, type = 1): number[] => [...labels(name), 0, type, 0, 1];
const OPT = (size: number): number[] => [0, 0, 41, size >> 8, size & 255, 0, 0, 0, 0, 0, 0];
const address = (n: number): { name: string; type: number; ttl: number; data: Uint8Array } => ({
  name: 'example.org',
  type: 1,
  ttl: 300,
  data: Uint8Array.of(1, 2, n >> 8, n & 255),
});

/** Sends over UDP and gives the answer. */
function ask(message: Uint8Array, fixture: ReturnType<typeof userNetworkFixture> = userNetworkFixture()): Uint8Array | undefined {
  const before = fixture.guest.datagrams.length;
  fixture.guest.sendUdp('10.0.2.3', 53, 5353, message);
  fixture.pass(1);
  expect(fixture.guest.errors).toEqual([]);
  return fixture.guest.datagrams[before]?.payload;
}
const rcode = (answer: Uint8Array | undefined): number | undefined => (answer ? (answer[3] ?? 0) & 15 : undefined);

describe('[RFC 1035] DNS', () => {
  it('asks the host and gives its records', () => {
    const fixture = userNetworkFixture();
    fixture.memory.names = ({ name, type }) => {
      expect([name, type]).toEqual(['example.org', 1]);
      return { code: 0, records: [address(3), { name: 'other.example', type: 5, ttl: 1, data: encodeName('x.y') ?? new Uint8Array(0) }] };
    };
    const answer = ask(query(question('example.org')), fixture) ?? new Uint8Array(0);
    expect([...answer.subarray(0, 12)]).toEqual([0xab, 0xcd, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0]);
    expect([...answer.subarray(12, 29)]).toEqual(question('example.org'));
    expect([...answer.subarray(29, 45)]).toEqual([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 1, 2, 0, 3]);
    expect([...answer.subarray(45)]).toEqual([...labels('other.example'), 0, 5, 0, 1, 0, 0, 0, 1, 0, 5, ...labels('x.y')]);
  });

  it('gives name error and server failure as the host does, and no IPv6 addresses', () => {
    const fixture = userNetworkFixture();
    expect(rcode(ask(query(question('nowhere.test')), fixture))).toBe(3);
    fixture.memory.names = () => ({ code: 2, records: [] });
    expect(rcode(ask(query(question('broken.test')), fixture))).toBe(2);
    fixture.memory.names = ({ name, type }) => ({ code: 0, records: [{ name, type, ttl: 1, data: new Uint8Array(16) }] });
    const answer = ask(query(question('six.test', 28)), fixture);
    expect([rcode(answer), readU16(answer ?? new Uint8Array(8), 6)]).toEqual([0, 0]);
  });

  it('BK-05 a pointer in the question, to itself or elsewhere, is a format error', () => {
    expect(rcode(ask(query([0xc0, 12, 0, 1, 0, 1])))).toBe(1);
    expect(rcode(ask(query([0xc0, 0, 0, 1, 0, 1])))).toBe(1);
    expect(rcode(ask(query([1, 97, 0xc0, 12, 0, 1, 0, 1])))).toBe(1);
  });

  it('BK-05 a label above 63 and a name above 255 bytes are format errors, the longest legal ones are asked', () => {
    const x = (n: number): number[] => [n, ...new Array<number>(n).fill(120)];
    expect(rcode(ask(query([...x(64), 0, 0, 1, 0, 1])))).toBe(1);
    expect(rcode(ask(query([...x(63), 0, 0, 1, 0, 1])))).toBe(3);
    expect(rcode(ask(query([...x(63), ...x(63), ...x(63), ...x(61), 0, 0, 1, 0, 1])))).toBe(3);
    expect(rcode(ask(query([...x(63), ...x(63), ...x(63), ...x(62), 0, 0, 1, 0, 1])))).toBe(1);
    expect(rcode(ask(query([...x(63), ...x(63), ...x(63), ...x(63), ...x(63), 0, 0, 1, 0, 1])))).toBe(1);
  });

  it('BK-05 QDCOUNT of 0, 2 and 65535, answers in a query: format error; other opcodes and classes are refused', () => {
    for (const qd of [0, 2, 65_535]) expect(rcode(ask(query(question('a'), { qd })))).toBe(1);
    expect(rcode(ask(query(question('a'), { an: 1 })))).toBe(1);
    expect(rcode(ask(query(question('a'), { flags: 0x2800 })))).toBe(4);
    expect(rcode(ask(query([...labels('a'), 0, 1, 0, 3])))).toBe(5);
  });

  it('BK-05 the empty message, one cut off anywhere, and a response get no answer or a format error', () => {
    const whole = query(question('example.org'));
    for (let length = 0; length < 12; length++) expect(ask(whole.slice(0, length))).toBe(undefined);
    for (let length = 12; length < whole.length; length++) expect(rcode(ask(whole.slice(0, length)))).toBe(1);
    expect(ask(query(question('a'), { flags: 0x8180 }))).toBe(undefined);
  });

  it('BK-05 a response larger than 512 is cut and says so; EDNS makes room', () => {
    const fixture = userNetworkFixture();
    fixture.memory.names = () => ({ code: 0, records: Array.from({ length: 100 }, (_, n) => address(n)) });
    const plain = ask(query(question('example.org')), fixture) ?? new Uint8Array(0);
    expect(plain.length).toBeLessThanOrEqual(512);
    expect((plain[2] ?? 0) & 2).toBe(2);
    expect(readU16(plain, 6)).toBe(30);
    const edns = ask(query([...question('example.org'), ...OPT(4096)], { ar: 1 }), fixture) ?? new Uint8Array(0);
    expect(edns.length).toBeLessThanOrEqual(1472);
    expect(readU16(edns, 6)).toBeGreaterThan(80);
    expect([...edns.slice(-11)]).toEqual(OPT(1232));
    const tiny = ask(query([...question('example.org'), ...OPT(1)], { ar: 1 }), fixture) ?? new Uint8Array(0);
    expect(readU16(tiny, 6)).toBe(29);
  });

  it('keeps bytes of labels that are no text', () => {
    const parsed = parseDnsQuery(query([4, 0x2e, 0x5c, 0x00, 0xff, 0, 0, 1, 0, 1]));
    expect(parsed).toMatchObject({ name: '\\.\\\\\\000\\255' });
    expect([...(encodeName('\\.\\\\\\000\\255') ?? [])]).toEqual([4, 0x2e, 0x5c, 0x00, 0xff, 0]);
    expect(encodeName('')).toEqual(Uint8Array.of(0));
    expect(encodeName('a..b')).toBe(undefined);
    expect(encodeName('x'.repeat(64))).toBe(undefined);
    expect(encodeName(Array.from({ length: 130 }, () => 'x').join('.'))).toBe(undefined);
  });

  it('bounds the questions that are with the host', () => {
    const fixture = userNetworkFixture();
    for (let i = 0; i < 1000; i++) fixture.guest.sendUdp('10.0.2.3', 53, 5353, query(question('a')));
    expect(fixture.guest.datagrams.length).toBe(744);
    fixture.pass(1);
    expect(fixture.guest.datagrams.length).toBe(1000);
  });
});

describe('[RFC 7766] DNS over TCP', () => {
  const framed = (message: Uint8Array): number[] => [message.length >> 8, message.length & 255, ...message];

  it('answers whole, several questions in one connection, split at any byte', () => {
    const fixture = userNetworkFixture();
    fixture.memory.names = () => ({ code: 0, records: Array.from({ length: 100 }, (_, n) => address(n)) });
    const tcp = fixture.guest.connect('10.0.2.3', 53);
    fixture.pass(1);
    const stream = Uint8Array.from([...framed(query(question('example.org'))), ...framed(query(question('example.org')))]);
    for (const byte of stream) tcp.write(Uint8Array.of(byte));
    tcp.end();
    fixture.pass(1000);
    const length = readU16(tcp.bytes, 0);
    expect(readU16(tcp.bytes, 2 + 6)).toBe(100);
    expect(tcp.receivedBytes).toBe(2 * (2 + length));
    expect(tcp.peerEnded && tcp.finAcknowledged).toBe(true);
    expect(fixture.network.statistics().connections.length).toBe(0);
    expect(fixture.memory.connects).toEqual([]);
  });

  it('BK-05 a length of 0 is skipped, one of 65535 ends the connection, and a guest that never reads is bounded', () => {
    const fixture = userNetworkFixture();
    const zero = fixture.guest.connect('10.0.2.3', 53);
    fixture.pass(1);
    zero.write(Uint8Array.from([0, 0, ...framed(query(question('a')))]));
    fixture.pass(100);
    expect(zero.receivedBytes).toBeGreaterThan(12);
    zero.write(Uint8Array.of(0xff, 0xff, 1));
    fixture.pass(100);
    expect(zero.state).toBe('reset');
    fixture.memory.names = () => ({ code: 0, records: Array.from({ length: 1000 }, (_, n) => address(n)) });
    const deaf = fixture.guest.connect('10.0.2.3', 53, { receiveBuffer: 2000 });
    deaf.reading = false;
    fixture.pass(1);
    for (let i = 0; i < 200; i++) {
      deaf.write(Uint8Array.from(framed(query(question('example.org')))));
      fixture.pass(10);
    }
    const [info] = fixture.network.statistics().connections;
    expect((info?.toGuest ?? 0) + (info?.toHost ?? 0)).toBeLessThan(3 << 20);
  });

  it('other ports of the DNS server refuse', () => {
    const { guest, pass } = userNetworkFixture();
    const tcp = guest.connect('10.0.2.3', 80);
    pass(1);
    expect(tcp.state).toBe('reset');
  });
});
