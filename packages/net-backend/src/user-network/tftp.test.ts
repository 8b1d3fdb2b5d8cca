import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readU16 } from '../frame/network-order.ts';
import { ImpairedPort, type TestDatagram, type UserNetworkFixture, userNetworkFixture } from '../testing.ts';
import type { UserNetworkOptions } from './user-network.ts';

const SERVER = '10.0.2.2';
const [RRQ, WRQ, DATA, ACK, ERROR, OACK] = [1, 2, 3, 4, 5, 6];

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 13);
const packet = (opcode: number, body: string): Uint8Array => Uint8Array.of(opcode >> 8, opcode & 255, ...ascii(body));
const request = (name: string, options: readonly (string | number)[] = [], mode = 'octet'): Uint8Array =>
  packet(RRQ, [name, mode, ...options].map((field) => `${field}\0`).join(''));
const ack = (block: number): Uint8Array => Uint8Array.of(0, ACK, block >> 8, block & 255);

interface Fixture extends UserNetworkFixture {
  /** Names that the files were asked for. */
  readonly asked: string[];
  /** Sends to the server and gives what came back inside the call. */
  send(payload: Uint8Array, port?: number, from?: number): TestDatagram[];
}

function tftpFixture(
  files: Readonly<Record<string, Uint8Array>> = { 'pxelinux.0': pattern(1200) },
  options: Partial<UserNetworkOptions> = {},
  wrap?: Parameters<typeof userNetworkFixture>[2],
): Fixture {
  const asked: string[] = [];
  const read = (name: string): Uint8Array | undefined => {
    asked.push(name);
    return files[name];
  };
  const fixture = userNetworkFixture({ tftp: { read }, ...options }, { mtu: options.mtu ?? 1500 }, wrap);
  const { guest } = fixture;
  const send = (payload: Uint8Array, port = 69, from = 2000): TestDatagram[] => {
    const before = guest.datagrams.length;
    guest.sendUdp(SERVER, port, from, payload);
    expect(guest.errors).toEqual([]);
    return guest.datagrams.slice(before);
  };
  return { ...fixture, asked, send };
}

/** What one packet says: `DATA 1 512`, `OACK tsize=5`, `ERROR 1`. */
function say(answers: readonly TestDatagram[]): string {
  return answers
    .map(({ payload }) => {
      const number = readU16(payload, 2);
      switch (readU16(payload, 0)) {
        case DATA:
          return `DATA ${number} ${payload.length - 4}`;
        case ERROR:
          expect(payload.at(-1)).toBe(0);
          return `ERROR ${number}`;
        case OACK:
          return `OACK ${text(payload.subarray(2)).replace(/([^\0]*)\0([^\0]*)\0/g, '$1=$2 ')}`.trim();
        default:
          return 'other';
      }
    })
    .join(', ');
}

/** A client as firmware has it: acknowledges each block once more for each time that it comes. */
function download(fixture: Fixture, name: string, options: readonly (string | number)[] = [], from = 2000): Uint8Array {
  const { guest, pass } = fixture;
  const blocks: Uint8Array[] = [];
  let size = 512;
  let done = false;
  for (let seen = guest.datagrams.length, turn = 0; !done && turn < 10_000; turn++) {
    if (guest.datagrams.slice(seen).every((d) => d.destinationPort !== from)) {
      if (blocks.length === 0 && turn % 3 === 0) guest.sendUdp(SERVER, 69, from, request(name, options));
      pass(500);
    }
    for (; seen < guest.datagrams.length && !done; seen++) {
      const { payload, sourcePort, destinationPort } = guest.datagrams[seen] as TestDatagram;
      if (destinationPort !== from) continue;
      const block = readU16(payload, 2);
      switch (readU16(payload, 0)) {
        case OACK:
          size = Number(/blksize\0(\d+)/.exec(text(payload))?.[1] ?? 512);
          guest.sendUdp(SERVER, sourcePort, from, ack(0));
          break;
        case DATA:
          if (block === ((blocks.length + 1) & 0xffff)) {
            blocks.push(payload.slice(4));
            done = payload.length - 4 < size;
          }
          guest.sendUdp(SERVER, sourcePort, from, ack(block));
          break;
        default:
          throw new Error(say([guest.datagrams[seen] as TestDatagram]));
      }
    }
  }
  const whole = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  blocks.reduce((at, block) => {
    whole.set(block, at);
    return at + block.length;
  }, 0);
  return whole;
}

describe('[RFC 1350] TFTP', () => {
  it('gives a file in blocks of 512 from a port of its own, each when the one before is acknowledged', () => {
    const { send, network } = tftpFixture();
    const first = send(request('pxelinux.0'));
    expect(say(first)).toBe('DATA 1 512');
    const port = first[0]?.sourcePort ?? 0;
    expect(port).toBeGreaterThanOrEqual(63_488);
    expect(say(send(ack(1), port))).toBe('DATA 2 512');
    expect(say(send(ack(2), port))).toBe('DATA 3 176');
    expect(network.statistics().tftpTransfers).toBe(1);
    expect(send(ack(3), port)).toEqual([]);
    expect(network.statistics().tftpTransfers).toBe(0);
  });

  it.each([0, 1, 511, 512, 513, 1024, 100_000])(
    'a file of %i bytes arrives whole; a full last block is followed by an empty one',
    (size) => {
      const fixture = tftpFixture({ f: pattern(size) });
      expect(download(fixture, 'f')).toEqual(pattern(size));
      expect(fixture.guest.datagrams.length).toBe(Math.floor(size / 512) + 1);
      expect(fixture.network.statistics().tftpTransfers).toBe(0);
    },
  );

  it('block numbers begin again at 0 after 65535', () => {
    const fixture = tftpFixture({ f: pattern(8 * 65_540 + 3) });
    fixture.guest.recording = false;
    expect(download(fixture, 'f', ['blksize', 8])).toEqual(pattern(8 * 65_540 + 3));
  });

  it('a file that is not there is error 1, writing error 2, netascii and mail error 4', () => {
    const { send, asked } = tftpFixture();
    expect(say(send(request('nothing')))).toBe('ERROR 1');
    expect(asked).toEqual(['nothing']);
    expect(say(send(packet(WRQ, 'pxelinux.0\0octet\0')))).toBe('ERROR 2');
    for (const mode of ['netascii', 'mail', '', 'x']) expect(say(send(request('pxelinux.0', [], mode)))).toBe('ERROR 4');
    expect(asked).toEqual(['nothing']);
    expect(say(send(request('pxelinux.0', [], 'OcTeT')))).toBe('DATA 1 512');
  });

  it('sends again after 1, 2, 4, 8 and 16 s, then gives up [RFC 1123 §4.2.3.2]', () => {
    const { send, guest, pass, network } = tftpFixture();
    const start = guest.datagrams.length;
    send(request('pxelinux.0'));
    const times: number[] = [];
    for (let second = 1, seen = start + 1; second <= 100; second++) {
      pass(1000);
      for (; seen < guest.datagrams.length; seen++) times.push(second);
    }
    expect(times).toEqual([1, 3, 7, 15, 31]);
    expect(new Set(guest.datagrams.map((d) => text(d.payload))).size).toBe(1);
    expect(network.statistics().tftpTransfers).toBe(0);
  });

  it('an acknowledgement that comes twice is answered once [RFC 1123 §4.2.3.1]', () => {
    const { send } = tftpFixture();
    const port = send(request('pxelinux.0'))[0]?.sourcePort ?? 0;
    expect(say(send(ack(1), port))).toBe('DATA 2 512');
    expect(send(ack(1), port)).toEqual([]);
    expect(say(send(ack(2), port))).toBe('DATA 3 176');
  });

  it('an error of the client ends the transfer, and is not answered anywhere', () => {
    const { send, network, guest, pass } = tftpFixture();
    const port = send(request('pxelinux.0'))[0]?.sourcePort ?? 0;
    const error = packet(ERROR, '\0\0enough\0');
    expect(send(error, port)).toEqual([]);
    expect(network.statistics().tftpTransfers).toBe(0);
    expect([...send(error, port), ...send(error), ...send(error, 63_743)]).toEqual([]);
    const before = guest.datagrams.length;
    pass(100_000);
    expect(guest.datagrams.length).toBe(before);
  });

  it('an unknown transfer ID is error 5 and disturbs nobody [§4]', () => {
    const { send, network } = tftpFixture();
    const port = send(request('pxelinux.0'))[0]?.sourcePort ?? 0;
    expect(say(send(ack(1), port, 2001))).toBe('ERROR 5');
    expect(say(send(ack(1), port + 1))).toBe('ERROR 5');
    for (const opcode of [DATA, ACK, OACK]) expect(say(send(packet(opcode, '\0\x01')))).toBe('ERROR 5');
    expect(network.statistics().dropped.tftp).toBe(5);
    expect(say(send(ack(1), port))).toBe('DATA 2 512');
  });

  it('an opcode that a client has no use for is error 4, and ends a transfer', () => {
    const { send, network } = tftpFixture();
    for (const opcode of [0, 7, 0x0100, 0xffff]) expect(say(send(packet(opcode, 'a\0octet\0')))).toBe('ERROR 4');
    for (const opcode of [0, RRQ, WRQ, DATA, OACK, 7]) {
      const port = send(request('pxelinux.0'))[0]?.sourcePort ?? 0;
      expect(say(send(packet(opcode, '\0\x01'), port))).toBe('ERROR 4');
      expect(network.statistics().tftpTransfers).toBe(0);
    }
  });

  it('the transfer unused for longest makes room for another', () => {
    const { send, network } = tftpFixture();
    const ports = Array.from({ length: 32 }, (_, i) => send(request('pxelinux.0'), 69, 2000 + i)[0]?.sourcePort ?? 0);
    expect(new Set(ports).size).toBe(32);
    send(ack(1), ports[0], 2000);
    expect(say(send(request('pxelinux.0'), 69, 3000))).toBe('DATA 1 512');
    expect(network.statistics().tftpTransfers).toBe(32);
    expect(say(send(ack(1), ports[1], 2001))).toBe('ERROR 5');
    expect(say(send(ack(2), ports[0], 2000))).toBe('DATA 3 176');
    for (let i = 0; i < 1000; i++) send(request('pxelinux.0'), 69, 4000 + i);
    expect(network.statistics().tftpTransfers).toBe(32);
  });

  it('files that are on their way are bounded in bytes, too', () => {
    const { send, network } = tftpFixture({ big: new Uint8Array(100 * 2 ** 20) });
    for (let i = 0; i < 5; i++) expect(say(send(request('big'), 69, 2000 + i))).toBe('DATA 1 512');
    expect(network.statistics().tftpTransfers).toBe(2);
  });

  it('loss, repetition and disorder on the cable change nothing', () => {
    const file = pattern(60_000);
    for (let seed = 1; seed <= 8; seed++) {
      const impair = { loss: 0.15, duplication: 0.15, jitterNs: 3e6, seed };
      let cable: ImpairedPort | undefined;
      const fixture = tftpFixture({ kernel: file }, {}, (port, clock) => {
        cable = new ImpairedPort(port, { clock, ...impair });
        return cable;
      });
      expect(download(fixture, 'kernel', seed % 2 === 0 ? [] : ['blksize', 1024, 'tsize', 0])).toEqual(file);
      expect(cable?.lost).toBeGreaterThan(5);
      expect(fixture.guest.errors).toEqual([]);
      fixture.pass(600_000);
      expect(fixture.network.statistics().tftpTransfers).toBe(0);
    }
  });

  it('works under `restrict`, and not at other addresses; without files the port is the host’s', () => {
    const restricted = tftpFixture({ f: pattern(5) }, { restrict: true });
    expect(say(restricted.send(request('f')))).toBe('DATA 1 5');
    restricted.guest.sendUdp('9.9.9.9', 69, 2000, request('f'));
    expect(restricted.guest.datagrams.length).toBe(1);
    const { guest, network } = userNetworkFixture();
    guest.sendUdp(SERVER, 69, 2000, request('f'));
    guest.sendUdp(SERVER, 63_488, 2000, ack(1));
    expect(guest.datagrams).toEqual([]);
    expect(network.statistics().udpFlows).toBe(1);
  });

  it('ends with the network', () => {
    const { send, network, guest, pass } = tftpFixture();
    send(request('pxelinux.0'));
    network.close();
    pass(100_000);
    expect(guest.datagrams.length).toBe(1);
    expect(network.statistics().tftpTransfers).toBe(0);
  });
});

describe('[RFC 2347] options', () => {
  it('are acknowledged first, and the acknowledgement of that is block 0', () => {
    const { send } = tftpFixture();
    const answer = send(request('pxelinux.0', ['TSIZE', 0, 'blksize', 1024, 'timeout', 3, 'windowsize', 8]));
    expect(say(answer)).toBe('OACK blksize=1024 timeout=3 tsize=1200');
    const port = answer[0]?.sourcePort ?? 0;
    expect(send(ack(1), port)).toEqual([]);
    expect(say(send(ack(0), port))).toBe('DATA 1 1024');
    expect(send(ack(0), port)).toEqual([]);
    expect(say(send(ack(1), port))).toBe('DATA 2 176');
  });

  it('that are unknown or nonsense are passed over', () => {
    for (const options of [
      ['windowsize', 4],
      ['blksize', ''],
      ['blksize', '1e3'],
      ['blksize', '-8'],
      ['blksize', '9'.repeat(300)],
      ['timeout', 0, 'timeout', 5],
      ['timeout', 256],
      ['tsize', '0x0'],
      ['', '', '', ''],
    ]) {
      expect(say(tftpFixture().send(request('pxelinux.0', options)))).toBe('DATA 1 512');
    }
  });

  it('blksize goes as far as a datagram goes without fragments [RFC 2348]', () => {
    for (const [mtu, asked, given] of [
      [1500, 8, 8],
      [1500, 1468, 1468],
      [1500, 1469, 1468],
      [1500, 65_464, 1468],
      [576, 1428, 544],
      [65_535, 65_464, 65_464],
    ] as const) {
      const fixture = tftpFixture({ f: pattern(70_000) }, { mtu });
      const answer = fixture.send(request('f', ['blksize', asked]));
      expect(say(answer)).toBe(`OACK blksize=${given}`);
      expect(say(fixture.send(ack(0), answer[0]?.sourcePort))).toBe(`DATA 1 ${given}`);
      expect(fixture.guest.largestFrame).toBeLessThanOrEqual(mtu + 14);
    }
  });

  it('timeout is when a packet is sent again [RFC 2349]', () => {
    const { send, guest, pass, network } = tftpFixture();
    send(request('pxelinux.0', ['timeout', 7]));
    pass(6_999);
    expect(guest.datagrams.length).toBe(1);
    pass(1);
    expect(say(guest.datagrams)).toBe('OACK timeout=7, OACK timeout=7');
    pass(100_000);
    expect(guest.datagrams.length).toBe(6);
    expect(network.statistics().tftpTransfers).toBe(0);
  });

  it('tsize alone is how firmware asks for a size: it then ends the transfer with an error', () => {
    const { send, network } = tftpFixture();
    const answer = send(request('pxelinux.0', ['tsize', 0]));
    expect(say(answer)).toBe('OACK tsize=1200');
    expect(send(packet(ERROR, '\0\x08\0'), answer[0]?.sourcePort)).toEqual([]);
    expect(network.statistics().tftpTransfers).toBe(0);
  });
});

describe('BK-04 TFTP', () => {
  it('BK-04 truncated: a request cut off anywhere is error 4 or unheard, an acknowledgement cut off is unheard', () => {
    const { send, asked, network } = tftpFixture();
    const whole = request('pxelinux.0', ['blksize', 1024]);
    const bare = request('pxelinux.0').length;
    for (let length = 0; length < whole.length; length++) {
      const expected = length < 2 ? '' : length === bare ? 'DATA 1 512' : 'ERROR 4';
      expect(say(send(whole.slice(0, length), 69, 2000 + length))).toBe(expected);
    }
    expect(asked).toEqual(['pxelinux.0']);
    const port = send(request('pxelinux.0'), 69, 5000)[0]?.sourcePort ?? 0;
    for (let length = 0; length < 4; length++) expect(send(ack(1).slice(0, length), port, 5000)).toEqual([]);
    expect(say(send(ack(1), port, 5000))).toBe('DATA 2 512');
    expect(network.statistics().tftpTransfers).toBe(2);
  });

  it('BK-04 no NUL: a request whose strings do not end, or that is longer than 512 bytes, is error 4', () => {
    const { send, asked } = tftpFixture();
    for (const body of ['', '\0', 'a', 'a\0', 'a\0octet', 'aoctet', 'a\0octet\0tsize', 'a\0octet\0tsize\0', 'a\0octet\0tsize\x000']) {
      expect(say(send(packet(RRQ, body)))).toBe('ERROR 4');
    }
    expect(say(send(packet(RRQ, 'a'.repeat(1400))))).toBe('ERROR 4');
    expect(say(send(request('a'.repeat(600))))).toBe('ERROR 4');
    expect(say(send(request('pxelinux.0\0../secret')))).toBe('ERROR 4');
    expect(asked).toEqual([]);
    expect(say(send(request('a'.repeat(512 - 2 - 1 - 6))))).toBe('ERROR 1');
  });

  it('BK-04 `..`, absolute, and relative outside the root: error 2 before the files are asked, or a name below the root', () => {
    const { send, asked } = tftpFixture();
    for (const name of [
      '..',
      '../secret',
      '/..',
      '/../secret',
      'a/..',
      'a/../../secret',
      'a/../pxelinux.0',
      './..//secret',
      '..\\secret',
      'a\\b',
      '\\\\server\\share',
      'C:/secret',
      'c:secret',
      '/C:/secret',
      '',
      '/',
      '.',
      './',
      'a/',
      'a\nb',
      'a\x7f',
      'a\x01',
      '\xe4',
      '\xc0\xae\xc0\xae/secret',
    ]) {
      expect(say(send(request(name)))).toBe('ERROR 2');
    }
    expect(asked).toEqual([]);
    for (const name of ['/pxelinux.0', '//pxelinux.0', './pxelinux.0', '/.//./pxelinux.0']) {
      expect(say(send(request(name), 69, 2000 + name.length))).toBe('DATA 1 512');
    }
    for (const name of ['/etc/passwd', 'a//b', '...', '..a', '%2e%2e/a', 'a b']) expect(say(send(request(name)))).toBe('ERROR 1');
    expect(asked).toEqual([...new Array(4).fill('pxelinux.0'), 'etc/passwd', 'a/b', '...', '..a', '%2e%2e/a', 'a b']);
  });

  it('BK-04 two sessions on one port: a request repeated is the same transfer, another one takes its place', () => {
    const { send, asked, network } = tftpFixture({ a: pattern(2000), b: pattern(100) });
    const first = send(request('a'))[0];
    const again = send(request('a'))[0];
    expect(again).toEqual(first);
    expect(asked).toEqual(['a']);
    const other = send(request('b'))[0];
    expect(say(other ? [other] : [])).toBe('DATA 1 100');
    expect(other?.sourcePort).not.toBe(first?.sourcePort);
    expect(network.statistics().tftpTransfers).toBe(1);
    expect(say(send(ack(1), first?.sourcePort))).toBe('ERROR 5');
    expect(send(ack(1), other?.sourcePort)).toEqual([]);
    expect(network.statistics().tftpTransfers).toBe(0);
    // In the middle of a transfer the same request begins it anew.
    const begun = send(request('a'))[0]?.sourcePort;
    send(ack(1), begun);
    const anew = send(request('a'));
    expect(say(anew)).toBe('DATA 1 512');
    expect(anew[0]?.sourcePort).not.toBe(begun);
    expect(network.statistics().tftpTransfers).toBe(1);
  });

  it('BK-04 blksize 0 and 65535, and what else is out of 8 to 65464, is not acknowledged: blocks are 512 bytes', () => {
    for (const size of [0, 1, 7, 65_465, 65_535, 65_536, 2 ** 32, 2 ** 53]) {
      const { send } = tftpFixture();
      expect(say(send(request('pxelinux.0', ['blksize', size])))).toBe('DATA 1 512');
      expect(say(send(request('pxelinux.0', ['blksize', size, 'tsize', 0]), 69, 2001))).toBe('OACK tsize=1200');
    }
  });

  it('BK-04 an acknowledgement out of range is ignored', () => {
    const { send, network } = tftpFixture();
    const port = send(request('pxelinux.0'))[0]?.sourcePort ?? 0;
    for (const block of [0, 2, 3, 4, 0x0100, 0x7fff, 0x8000, 0xffff]) expect(send(ack(block), port)).toEqual([]);
    expect(network.statistics().dropped.tftp).toBe(8);
    expect(say(send(ack(1), port))).toBe('DATA 2 512');
    for (const block of [0, 1, 3, 0xffff]) expect(send(ack(block), port)).toEqual([]);
    expect(say(send(ack(2), port))).toBe('DATA 3 176');
  });

  it('BK-04 packets with anything changed never throw, ask for no name outside, and leave bounds kept', () => {
    const seeds = [
      request('a/pxelinux.0', ['blksize', 1024, 'tsize', 0, 'timeout', 1]),
      request('/../secret'),
      packet(WRQ, 'a\0octet\0'),
      ack(0),
      ack(1),
      Uint8Array.of(0, DATA, 0, 1, 1, 2, 3),
      packet(ERROR, '\0\x01no\0'),
      packet(OACK, 'blksize\x00512\0'),
    ];
    const step = fc.record({
      seed: fc.nat(seeds.length - 1),
      changes: fc.array(fc.tuple(fc.nat(60), fc.oneof(fc.constantFrom(0, 0x2e, 0x2f, 0x5c, 0xff), fc.nat(255))), { maxLength: 4 }),
      cut: fc.oneof(fc.constant(0), fc.nat(60)),
      port: fc.oneof(fc.constant(69), fc.integer({ min: 63_488, max: 63_500 })),
      from: fc.oneof(fc.constant(0), fc.integer({ min: 2000, max: 2003 })),
      wait: fc.oneof(fc.constant(0), fc.nat(3000)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { guest, asked, network, pass } = tftpFixture({ 'a/pxelinux.0': pattern(3000) });
        for (const { seed, changes, cut, port, from, wait } of steps) {
          const bytes = (seeds[seed] ?? new Uint8Array(0)).slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          guest.sendUdp(SERVER, port, from, bytes.subarray(0, Math.max(0, bytes.length - cut)));
          pass(wait);
        }
        expect(guest.errors).toEqual([]);
        for (const name of asked)
          expect(name.split('/').some((part) => ['', '.', '..'].includes(part) || /[^ -[\]-~]/.test(part))).toBe(false);
        expect(network.statistics().tftpTransfers).toBeLessThanOrEqual(4);
        pass(2_000_000);
        expect(network.statistics().tftpTransfers).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
