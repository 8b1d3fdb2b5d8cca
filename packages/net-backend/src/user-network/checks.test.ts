import { describe, expect, it } from 'vitest';
import { checksum, fold, pseudoHeaderSum, readU16, readU32, sumWords, writeU16 } from '../frame/network-order.ts';
import { type TestHost, type UserNetworkFixture, userNetworkFixture } from '../testing.ts';
import { Reassembly } from './reassembly.ts';

const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
const arps = (guest: TestHost): Uint8Array[] => guest.frames.filter((frame) => readU16(frame, 12) === 0x0806);
const icmp = ({ guest }: UserNetworkFixture): string[] =>
  guest.packets.filter((p) => p.protocol === 1).map((p) => `${p.source} ${p.payload[0]}/${p.payload[1]}`);

describe('[RFC 1071] The Internet checksum', () => {
  it('gives the sum of the example of §3', () => {
    expect(fold(sumWords(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7), 0, 8))).toBe(0xddf2);
  });

  it('is the same in parts of even length as in one, at every length and place', () => {
    const bytes = Uint8Array.from({ length: 41 }, (_, i) => (i * 73 + 11) & 0xff);
    for (let start = 0; start < 8; start++) {
      for (let end = start; end <= bytes.length; end++) {
        let slow = 0;
        for (let i = start; i < end; i++) slow += (i - start) % 2 === 0 ? (bytes[i] ?? 0) << 8 : (bytes[i] ?? 0);
        expect(sumWords(bytes, start, end)).toBe(slow);
      }
    }
  });

  it('does not overflow over 64 KiB of ones', () => {
    expect(checksum(new Uint8Array(65_535).fill(0xff), 0, 65_535, pseudoHeaderSum(0xffffffff, 0xffffffff, 255, 65_535))).toBeLessThan(
      0x10000,
    );
    expect(fold(sumWords(new Uint8Array(65_534).fill(0xff), 0, 65_534))).toBe(0xffff);
  });
});

describe('[RFC 826] ARP', () => {
  it('answers for the gateway and for the DNS server, nobody else', () => {
    const { guest } = userNetworkFixture();
    for (const target of ['10.0.2.2', '10.0.2.3', '10.0.2.1', '10.0.2.15', '10.0.2.255', '8.8.8.8']) guest.sendArp(target);
    expect(arps(guest).map((frame) => readU32(frame, 28))).toEqual([0x0a000202, 0x0a000203]);
    expect(arps(guest).every((frame) => frame[7] === 0x55 && frame[21] === 2)).toBe(true);
  });

  it('answers a probe [RFC 5227 §1.1]', () => {
    const { guest } = userNetworkFixture();
    guest.sendArp('10.0.2.2', { sender: '0.0.0.0' });
    expect(arps(guest).length).toBe(1);
  });

  it('BK-01 ignores wrong hlen, wrong plen, and packets cut off at every byte', () => {
    const { guest, network } = userNetworkFixture();
    for (const hlen of [0, 5, 7, 255]) guest.sendArp('10.0.2.2', { hlen });
    for (const plen of [0, 3, 16, 255]) guest.sendArp('10.0.2.2', { plen });
    for (let length = 0; length < 28; length++) guest.sendArp('10.0.2.2', { length });
    for (const operation of [0, 3, 0xffff]) guest.sendArp('10.0.2.2', { operation });
    expect(arps(guest).length).toBe(0);
    expect(network.statistics().dropped.arp).toBe(8 + 28 + 3);
  });

  it('BK-01 a gratuitous packet for the gateway or the DNS server poisons nothing', () => {
    const fixture = userNetworkFixture();
    const { guest, network } = fixture;
    guest.sendArp('10.0.2.2', { sender: '10.0.2.2' });
    guest.sendArp('10.0.2.2', { sender: '10.0.2.2', operation: 2 });
    guest.sendArp('10.0.2.3', { sender: '10.0.2.3' });
    guest.sendArp('192.168.0.1', { sender: '192.168.0.1' });
    expect(network.statistics().dropped.arp).toBe(4);
    guest.ping('10.0.2.2');
    expect(icmp(fixture)).toEqual(['10.0.2.2 0/0']);
  });

  it('BK-01 a station that claims many addresses costs a bounded table', () => {
    const { guest, network } = userNetworkFixture({ network: '10.0.0.0/8', gateway: '10.0.2.2', dns: '10.0.2.3', firstLease: '10.0.2.15' });
    for (let i = 0; i < 5000; i++) guest.sendArp('10.0.2.2', { sender: `10.1.${i >> 8}.${i & 0xff}` });
    expect(network.statistics().dropped.arp).toBe(0);
  });
});

describe('[RFC 791] IPv4', () => {
  const probe = (f: UserNetworkFixture, change: (packet: Uint8Array) => Uint8Array | undefined): void => {
    const message = Uint8Array.of(8, 0, 0, 0, 0x42, 0x42, 0, 1, 1, 2, 3, 4);
    writeU16(message, 2, checksum(message, 0, message.length));
    const packet = f.guest.ipv4('10.0.2.2', 1, message);
    f.guest.port.transmit(f.guest.frame(0x0800, change(packet) ?? packet));
  };
  const rechecked = (packet: Uint8Array, header = 20): Uint8Array => {
    writeU16(packet, 10, 0);
    writeU16(packet, 10, checksum(packet, 0, Math.min(header, packet.length)));
    return packet;
  };

  it('BK-02 drops IHL below 5, an IHL past the packet, other versions', () => {
    const f = userNetworkFixture();
    for (const first of [0x40, 0x41, 0x42, 0x43, 0x44, 0x4f, 0x35, 0x65, 0x05]) {
      probe(f, (packet) => {
        packet[0] = first;
        return rechecked(packet, (first & 15) * 4);
      });
    }
    expect(f.network.statistics().dropped.ipv4).toBe(9);
    expect(icmp(f)).toEqual([]);
  });

  it('BK-02 drops a total length beyond the frame or below the header, and takes padding after it', () => {
    const f = userNetworkFixture();
    for (const length of [0, 19, 33, 1500, 65_535]) {
      probe(f, (packet) => {
        writeU16(packet, 2, length);
        return rechecked(packet);
      });
    }
    expect(f.network.statistics().dropped.ipv4).toBe(5);
    probe(f, (packet) => Uint8Array.of(...packet, 0, 0, 0, 0, 0, 0));
    expect(icmp(f)).toEqual(['10.0.2.2 0/0']);
  });

  it('BK-02 drops a bad header checksum, and every cut of a packet', () => {
    const f = userNetworkFixture();
    probe(f, (packet) => {
      packet[10] = (packet[10] ?? 0) ^ 1;
      return packet;
    });
    for (let length = 0; length < 32; length++) probe(f, (packet) => packet.slice(0, length));
    expect(f.network.statistics().dropped.ipv4).toBe(33);
  });

  it('BK-02 skips options, drops source routes and options that lie', () => {
    const send = (options: number[]): string[] => {
      const f = userNetworkFixture();
      const message = Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0);
      f.guest.port.transmit(f.guest.frame(0x0800, f.guest.ipv4('10.0.2.2', 1, message, { options: Uint8Array.from(options) })));
      return icmp(f);
    };
    expect(send([1, 1, 1, 0]).length).toBe(1); // NOPs, end
    expect(send([7, 4, 4, 0]).length).toBe(1); // record route
    expect(send([0x94, 4, 0, 0]).length).toBe(1); // router alert
    expect(send([131, 4, 4, 0]).length).toBe(0); // loose source route
    expect(send([137, 4, 4, 0]).length).toBe(0); // strict
    expect(send([7, 0, 0, 0]).length).toBe(0);
    expect(send([7, 1, 0, 0]).length).toBe(0);
    expect(send([7, 5, 0, 0]).length).toBe(0);
    expect(send([1, 1, 1, 7]).length).toBe(0);
  });

  it('BK-02 puts fragments together in any order, ignores a repeated one', () => {
    const r = new Reassembly(userNetworkFixture().clock);
    const part = (n: number, length = 8): Uint8Array => new Uint8Array(length).fill(n);
    expect(r.add('a', 16, false, part(3, 5))).toBe(undefined);
    expect(r.add('a', 0, true, part(1))).toBe(undefined);
    expect(r.add('a', 0, true, part(1))).toBe(undefined);
    expect(r.add('a', 8, true, part(2))).toEqual(Uint8Array.of(...part(1), ...part(2), ...part(3, 5)));
    expect(r.pending).toBe(0);
  });

  it('BK-02 fragments that overlap, run past 65 535 or past the end are refused', () => {
    const r = new Reassembly(userNetworkFixture().clock);
    r.add('a', 0, true, new Uint8Array(16));
    expect(r.add('a', 8, true, new Uint8Array(16))).toBe(false);
    expect(r.pending).toBe(0);
    expect(r.add('b', 65_528, false, new Uint8Array(8))).toBe(false);
    expect(r.add('b', 0, true, new Uint8Array(7))).toBe(false);
    expect(r.add('b', 0, true, new Uint8Array(0))).toBe(false);
    r.add('c', 0, false, new Uint8Array(16));
    r.add('d', 8, false, new Uint8Array(8));
    expect(r.add('d', 16, true, new Uint8Array(8))).toBe(false);
    r.add('e', 32, true, new Uint8Array(8));
    expect(r.add('e', 8, false, new Uint8Array(8))).toBe(false);
  });

  it('BK-02 fragments that are never completed are bounded in number and time', () => {
    const { clock } = userNetworkFixture();
    const r = new Reassembly(clock);
    for (let i = 0; i < 10_000; i++) r.add(`k${i}`, 8, true, new Uint8Array(8));
    expect(r.pending).toBe(16);
    for (let i = 0; i < 1000; i++) r.add('many', i * 16, true, new Uint8Array(8));
    expect(r.pending).toBeLessThanOrEqual(16);
    clock.advanceTo(31_000_000_000n);
    r.add('new', 0, true, new Uint8Array(8));
    expect(r.pending).toBe(1);
  });

  it('drops what does not come from a guest or is not for us', () => {
    const f = userNetworkFixture();
    for (const source of ['0.0.0.0', '10.0.2.2', '10.0.2.3', '10.0.2.0', '10.0.2.255', '127.0.0.1', '192.168.1.1', '224.0.0.1']) {
      f.guest.sendIpv4('10.0.2.2', 1, Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0), { source });
    }
    expect(f.guest.packets).toEqual([]);
    f.guest.gatewayMac = 0x0200_0000_0099;
    f.guest.ping('10.0.2.2');
    expect(f.guest.packets).toEqual([]);
  });

  it('says time exceeded for a packet that may go no further, unreachable for addresses where nobody is', () => {
    const f = userNetworkFixture();
    f.guest.sendIpv4('1.1.1.1', 17, f.guest.udp('1.1.1.1', 9, 9, text('x')), { ttl: 1 });
    f.guest.sendUdp('10.0.2.99', 9, 9, text('x'));
    f.guest.sendUdp('127.0.0.1', 9, 9, text('x'));
    f.guest.sendUdp('240.0.0.1', 9, 9, text('x'));
    f.guest.sendIpv4('10.0.2.2', 132, text('sctp....'));
    expect(icmp(f)).toEqual(['10.0.2.2 11/0', '10.0.2.2 3/1', '10.0.2.2 3/1', '10.0.2.2 3/2']);
    expect(f.memory.datagrams).toEqual([]);
  });
});

describe('[RFC 792] ICMP', () => {
  it('answers echo for the gateway and the DNS server with the same data', () => {
    const f = userNetworkFixture();
    f.guest.ping('10.0.2.2', 56);
    f.guest.ping('10.0.2.3', 0);
    f.guest.ping('8.8.8.8');
    expect(icmp(f)).toEqual(['10.0.2.2 0/0', '10.0.2.3 0/0', '10.0.2.2 3/1']);
    expect(f.guest.packets[0]?.payload.subarray(8)).toEqual(Uint8Array.from({ length: 56 }, (_, i) => i));
    expect(f.guest.errors).toEqual([]);
  });

  it('BK-07 answers a huge echo in fragments, and ignores truncated ones', () => {
    const f = userNetworkFixture();
    f.guest.ping('10.0.2.2', 65_507);
    expect(f.guest.packets.map((p) => p.payload.length)).toEqual([65_515]);
    expect(f.guest.frames.every((frame) => frame.length <= 1514)).toBe(true);
    for (let length = 0; length < 8; length++)
      f.guest.sendIpv4('10.0.2.2', 1, Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0).subarray(0, length));
    expect(f.guest.packets.length).toBe(1);
    expect(f.guest.errors).toEqual([]);
    expect(f.network.statistics().dropped.icmp).toBe(8);
  });

  it('answers no error, no reply and nothing with a bad checksum', () => {
    const f = userNetworkFixture();
    for (const type of [0, 3, 5, 11, 13, 30, 255]) {
      const message = Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0);
      writeU16(message, 2, checksum(message, 0, 8));
      f.guest.sendIpv4('10.0.2.2', 1, message);
      if (type !== 0) f.guest.sendIpv4('9.9.9.9', 1, message);
    }
    f.guest.sendIpv4('10.0.2.2', 1, Uint8Array.of(8, 0, 1, 1, 0, 0, 0, 0));
    expect(f.guest.packets).toEqual([]);
  });

  it('BK-07 ND with an option of length 0 is not even looked at: IPv6 is not spoken here', () => {
    const f = userNetworkFixture();
    const ns = new Uint8Array(40 + 32);
    ns[0] = 0x60;
    ns[5] = 32;
    ns[6] = 58;
    ns[40] = 135;
    ns[64] = 1; // source link-layer address, length 0
    f.guest.port.transmit(f.guest.frame(0x86dd, ns));
    f.guest.port.transmit(f.guest.frame(0x86dd, ns, 0x3333_ff00_0001));
    expect(f.guest.frames).toEqual([]);
    expect(f.network.statistics().dropped.ignored).toBe(2);
  });
});

describe('[RFC 768] UDP', () => {
  it('goes to a socket of the host and back; the gateway is the host itself', () => {
    const f = userNetworkFixture();
    f.guest.sendUdp('10.0.2.2', 7, 5000, text('hello'));
    f.guest.sendUdp('9.9.9.9', 8, 5000, text('world'));
    expect(f.memory.datagrams.map((d) => d.to)).toEqual([
      { address: '127.0.0.1', port: 7 },
      { address: '9.9.9.9', port: 8 },
    ]);
    expect(f.memory.udpSockets).toBe(1);
    for (const datagram of f.memory.datagrams) datagram.reply(text('back'));
    f.pass();
    expect(f.guest.datagrams.map((d) => `${d.source}:${d.sourcePort} ${d.destinationPort}`)).toEqual(['10.0.2.2:7 5000', '9.9.9.9:8 5000']);
    expect(f.guest.errors).toEqual([]);
  });

  it('[RFC 4787 REQ-8] only peers that were written to may answer', () => {
    const f = userNetworkFixture();
    f.guest.sendUdp('9.9.9.9', 8, 5000, text('x'));
    f.memory.datagrams[0]?.reply(text('no'), { address: '6.6.6.6', port: 8 });
    f.memory.datagrams[0]?.reply(text('no'), { address: '::1', port: 8 });
    f.memory.datagrams[0]?.reply(text('yes'), { address: '9.9.9.9', port: 99 });
    f.pass();
    expect(f.guest.datagrams.length).toBe(1);
    expect(f.network.statistics().dropped.udp).toBe(2);
  });

  it('BK-06 drops a length below 8 or beyond the packet, a bad checksum; takes a checksum of 0', () => {
    const f = userNetworkFixture();
    const send = (change: (udp: Uint8Array) => void): void => {
      const udp = f.guest.udp('9.9.9.9', 8, 5000, text('data'));
      change(udp);
      f.guest.sendIpv4('9.9.9.9', 17, udp);
    };
    for (const length of [0, 7, 13, 65_535]) send((udp) => writeU16(udp, 4, length));
    send((udp) => writeU16(udp, 6, readU16(udp, 6) ^ 1));
    for (let length = 0; length < 8; length++) f.guest.sendIpv4('9.9.9.9', 17, new Uint8Array(length));
    send((udp) => writeU16(udp, 2, 0));
    expect(f.memory.datagrams).toEqual([]);
    expect(f.network.statistics().dropped.udp).toBe(14);
    send((udp) => writeU16(udp, 6, 0));
    expect(f.memory.datagrams.length).toBe(1);
  });

  it('BK-06 UDP over IPv6 is dropped', () => {
    const f = userNetworkFixture();
    const packet = new Uint8Array(48);
    packet[0] = 0x60;
    packet[6] = 17;
    f.guest.port.transmit(f.guest.frame(0x86dd, packet));
    expect(f.network.statistics().dropped.ignored).toBe(1);
  });

  it('carries 65 507 bytes both ways in fragments', () => {
    const f = userNetworkFixture();
    const large = Uint8Array.from({ length: 65_507 }, (_, i) => i * 7);
    f.guest.sendUdp('9.9.9.9', 8, 5000, large);
    expect(f.memory.datagrams[0]?.bytes).toEqual(large);
    f.memory.datagrams[0]?.reply(large);
    f.pass();
    expect(f.guest.datagrams[0]?.payload).toEqual(large);
    expect(f.guest.errors).toEqual([]);
  });

  it('bounds the flows, closes the one unused for longest, and all after two idle minutes', () => {
    const f = userNetworkFixture();
    for (let port = 1; port <= 1000; port++) f.guest.sendUdp('9.9.9.9', 8, port, text('x'));
    expect(f.memory.udpSockets).toBe(256);
    f.pass(60_000);
    f.guest.sendUdp('9.9.9.9', 8, 1000, text('x'));
    f.pass(61_000);
    expect(f.memory.udpSockets).toBe(1);
    f.pass(120_000);
    expect(f.memory.udpSockets).toBe(0);
    expect(f.network.statistics().udpFlows).toBe(0);
  });

  it('answers what is not for a port of the DNS server with port unreachable', () => {
    const f = userNetworkFixture();
    f.guest.sendUdp('10.0.2.3', 54, 5000, text('x'));
    expect(icmp(f)).toEqual(['10.0.2.2 3/3']);
  });
});

describe('BK-15 restrict', () => {
  it('BK-15 nothing leaves: no TCP, no UDP, no names; DHCP, ARP and echo work', () => {
    const f = userNetworkFixture({ restrict: true }, { address: '0.0.0.0' });
    expect(f.guest.configure()).toBe('10.0.2.15');
    expect(f.guest.lastDhcp()?.options.has(6)).toBe(false);
    f.guest.sendUdp('9.9.9.9', 8, 5000, text('x'));
    f.guest.sendUdp('10.0.2.2', 8, 5000, text('x'));
    const tcp = [f.guest.connect('9.9.9.9', 80), f.guest.connect('10.0.2.2', 80)];
    f.guest.sendUdp('10.0.2.3', 53, 5000, Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1));
    f.guest.ping('10.0.2.2');
    f.pass(1000);
    expect(f.memory.datagrams).toEqual([]);
    expect(f.memory.connects).toEqual([]);
    expect(tcp.map((t) => t.state)).toEqual(['reset', 'reset']);
    expect(icmp(f)).toEqual(['10.0.2.2 3/13', '10.0.2.2 3/13', '10.0.2.2 0/0']);
    expect((f.guest.datagrams.at(-1)?.payload[3] ?? 0) & 15).toBe(5); // REFUSED
    expect(f.network.statistics().dropped.restricted).toBe(5);
  });

  it('BK-15 forwarded ports work, names if asked for', async () => {
    const f = userNetworkFixture({ restrict: true, resolveNames: true });
    await f.network.forward({ host: { address: '127.0.0.1', port: 2222 }, guest: { port: 22 } });
    f.guest.listeners.set(22, (connection) => connection.write(text('SSH-2.0')));
    const client = f.memory.connectAsClient('127.0.0.1', 2222);
    f.memory.names = () => ({ code: 0, records: [] });
    f.guest.sendUdp('10.0.2.3', 53, 5000, Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1));
    f.pass(1000);
    expect(client?.bytes).toEqual(text('SSH-2.0'));
    expect((f.guest.datagrams.at(-1)?.payload[3] ?? 0) & 15).toBe(0);
  });
});

describe('BK-09 application layer gateways', () => {
  it('BK-09 there are none: FTP and IRC commands pass unchanged and open nothing', () => {
    const f = userNetworkFixture();
    const sent = text('PORT 10,0,2,15,4,1\r\nPRIVMSG x :\x01DCC SEND file 167772687 1025 1\x01\r\n');
    const got: Uint8Array[] = [];
    for (const port of [21, 6667]) {
      f.memory.serve('9.9.9.9', port, (peer) => {
        peer.onData = (bytes) => got.push(bytes);
      });
      f.guest.connect('9.9.9.9', port).write(sent);
    }
    f.pass(100);
    expect(got).toEqual([sent, sent]);
    expect(f.memory.connects.length).toBe(2);
    expect(f.network.statistics().connections.length).toBe(2);
  });
});

describe('addresses', () => {
  it('follow the network that is chosen', () => {
    const f = userNetworkFixture({ network: '192.168.76.0/24' });
    expect([f.network.plan.gateway, f.network.plan.dns, f.network.plan.firstLease]).toEqual([0xc0a84c02, 0xc0a84c03, 0xc0a84c0f]);
  });

  it('are checked', () => {
    for (const options of [
      { network: '10.0.2.1/24' },
      { network: '10.0.2.0' },
      { network: '10.0.2.0/30' },
      { gateway: '10.0.3.2' },
      { gateway: '10.0.2.255' },
      { dns: '10.0.2.2' },
      { firstLease: 'x' },
      { firstLease: '10.0.2.015' },
      { mtu: 500 },
      { tcp: { maxConnections: 0 } },
      { tcp: { sendBuffer: Number.NaN } },
      { mtu: 70_000 },
      { hostname: 'a b' },
      { hostname: '' },
    ]) {
      expect(() => userNetworkFixture(options)).toThrow(expect.objectContaining({ name: 'ConfigurationError' }));
    }
  });
});
