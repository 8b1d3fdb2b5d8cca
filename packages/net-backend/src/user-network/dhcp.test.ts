import { describe, expect, it } from 'vitest';
import { readU16, readU32, writeU32 } from '../frame/network-order.ts';
import { TestHost as Host, type TestHost, userNetworkFixture } from '../testing.ts';
import { formatIpv4, parseIpv4 } from './address.ts';
import { parseDhcp } from './dhcp-message.ts';

const ip = (text: string): Uint8Array => {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, parseIpv4(text) ?? 0);
  return bytes;
};
const optionAddress = (value: Uint8Array | undefined): string => (value ? formatIpv4(readU32(value, 0)) : 'none');
const requestFor = (guest: TestHost, address: string): Uint8Array => guest.dhcp(3, [[50, ip(address)]]);

describe('[RFC 2131] DHCP', () => {
  it('gives the first client 10.0.2.15 and tells what it needs to know', () => {
    const { guest } = userNetworkFixture({ mtu: 1400, hostname: 'debian' }, { address: '0.0.0.0', mtu: 1400 });
    expect(guest.configure()).toBe('10.0.2.15');
    const options = guest.lastDhcp()?.options ?? new Map<number, Uint8Array>();
    expect(optionAddress(options.get(1))).toBe('255.255.255.0');
    expect(optionAddress(options.get(3))).toBe('10.0.2.2');
    expect(optionAddress(options.get(6))).toBe('10.0.2.3');
    expect(optionAddress(options.get(28))).toBe('10.0.2.255');
    expect(optionAddress(options.get(54))).toBe('10.0.2.2');
    expect(readU16(options.get(26) ?? new Uint8Array(2), 0)).toBe(1400);
    expect(readU32(options.get(51) ?? new Uint8Array(4), 0)).toBe(86_400);
    expect(String.fromCharCode(...(options.get(12) ?? []))).toBe('debian');
    expect(guest.errors).toEqual([]);
  });

  it('tells what to boot, in the fixed fields and in options 66 and 67 [RFC 2132 §9.4, §9.5]', () => {
    const bootFile = 'x'.repeat(127);
    const { guest } = userNetworkFixture({ bootFile, hostname: 'h'.repeat(63) }, { address: '0.0.0.0' });
    const field = (at: number, length: number): string =>
      String.fromCharCode(...(guest.datagrams.at(-1)?.payload.subarray(at, at + length) ?? [])).replace(/\0+$/, '');
    guest.configure();
    for (const { payload } of guest.datagrams) expect(formatIpv4(readU32(payload, 20))).toBe('10.0.2.2');
    expect(guest.datagrams.length).toBe(2);
    expect([field(44, 64), field(108, 128)]).toEqual(['10.0.2.2', bootFile]);
    expect(String.fromCharCode(...(guest.lastDhcp()?.options.get(66) ?? []))).toBe('10.0.2.2');
    expect(String.fromCharCode(...(guest.lastDhcp()?.options.get(67) ?? []))).toBe(bootFile);
    guest.sendDhcp(requestFor(guest, '192.168.1.5'));
    expect(guest.lastDhcp()).toMatchObject({ type: 6 });
    expect([field(44, 64), field(108, 128), guest.lastDhcp()?.options.has(67)]).toEqual(['', '', false]);
    for (const wrong of ['', 'x'.repeat(128), 'a\nb', 'ä']) expect(() => userNetworkFixture({ bootFile: wrong })).toThrow('boot file');
  });

  it('answers the client directly, or all stations when it asks for that [§4.1]', () => {
    const { guest } = userNetworkFixture({}, { address: '0.0.0.0' });
    guest.sendDhcp(guest.dhcp(1));
    guest.sendDhcp(guest.dhcp(1, [], { broadcast: true }));
    expect(guest.packets.map((p) => p.destination)).toEqual(['10.0.2.15', '255.255.255.255']);
    expect(guest.frames.map((frame) => frame[0])).toEqual([0x02, 0xff]);
  });

  it('gives the same client the same address, another one the next', () => {
    const { guest, network, clock } = userNetworkFixture({}, { address: '0.0.0.0' });
    expect(guest.configure()).toBe('10.0.2.15');
    expect(guest.configure()).toBe('10.0.2.15');
    const other = new Host(network, { clock, mac: 0x0200_0000_0002, address: '0.0.0.0' });
    expect(other.configure()).toBe('10.0.2.16');
    expect(network.statistics().leases).toEqual(['10.0.2.15', '10.0.2.16']);
  });

  it('knows a client by its identifier before its MAC [§4.2]', () => {
    const { guest } = userNetworkFixture({}, { address: '0.0.0.0' });
    const discover = (id: number): string | undefined => {
      guest.sendDhcp(guest.dhcp(1, [[61, Uint8Array.of(0, id)]]));
      return guest.lastDhcp()?.address;
    };
    expect([discover(1), discover(2), discover(1)]).toEqual(['10.0.2.15', '10.0.2.16', '10.0.2.15']);
  });

  it('confirms a lease that a rebooted client asks for, and renews it [§4.3.2]', () => {
    const { guest } = userNetworkFixture({}, { address: '0.0.0.0' });
    guest.sendDhcp(requestFor(guest, '10.0.2.20'));
    expect(guest.lastDhcp()).toMatchObject({ type: 5, address: '10.0.2.20' });
    guest.address = '10.0.2.20';
    guest.sendIpv4('10.0.2.2', 17, guest.udp('10.0.2.2', 67, 68, guest.dhcp(3, [], { ciaddr: '10.0.2.20' })));
    expect(guest.lastDhcp()).toMatchObject({ type: 5, address: '10.0.2.20' });
  });

  it('BK-03 REQUEST for an address that is not to be had gets a NAK', () => {
    const { guest, network, clock } = userNetworkFixture({}, { address: '0.0.0.0' });
    for (const address of ['192.168.1.5', '10.0.2.2', '10.0.2.3', '10.0.2.255', '10.0.2.0', '10.0.2.4', '0.0.0.0', '255.255.255.255']) {
      guest.sendDhcp(requestFor(guest, address));
      expect(guest.lastDhcp()).toMatchObject({ type: 6, address: '0.0.0.0' });
      expect(guest.packets.at(-1)?.destination).toBe('255.255.255.255');
    }
    expect(network.statistics().leases).toEqual([]);
    guest.configure();
    const other = new Host(network, { clock, mac: 0x0200_0000_0002, address: '0.0.0.0' });
    other.sendDhcp(requestFor(other, '10.0.2.15'));
    expect(other.lastDhcp()?.type).toBe(6);
  });

  it('BK-03 REQUEST to another server frees the offer without an answer', () => {
    const { guest, network } = userNetworkFixture({}, { address: '0.0.0.0' });
    guest.sendDhcp(guest.dhcp(1));
    const answers = guest.datagrams.length;
    guest.sendDhcp(
      guest.dhcp(3, [
        [50, ip('10.0.2.15')],
        [54, ip('10.0.2.77')],
      ]),
    );
    expect(guest.datagrams.length).toBe(answers);
    expect(network.statistics().leases).toEqual([]);
  });

  it('BK-03 RELEASE gives the address back, only for the client that has it', () => {
    const { guest, network, clock } = userNetworkFixture({}, { address: '0.0.0.0' });
    guest.configure();
    const other = new Host(network, { clock, mac: 0x0200_0000_0002, address: '0.0.0.0' });
    other.sendDhcp(other.dhcp(7, [], { ciaddr: '10.0.2.15' }));
    expect(network.statistics().leases).toEqual(['10.0.2.15']);
    guest.sendDhcp(guest.dhcp(7, [], { ciaddr: '10.0.2.15' }));
    expect(network.statistics().leases).toEqual([]);
    expect(other.configure()).toBe('10.0.2.15');
  });

  it('DECLINE keeps the address from everyone for an hour', () => {
    const { guest, pass } = userNetworkFixture({}, { address: '0.0.0.0' });
    guest.configure();
    guest.sendDhcp(guest.dhcp(4, [[50, ip('10.0.2.15')]]));
    expect(guest.configure()).toBe('10.0.2.16');
    guest.sendDhcp(guest.dhcp(7, [], { ciaddr: '10.0.2.16' }));
    pass(3_601_000);
    expect(guest.configure()).toBe('10.0.2.15');
  });

  it('INFORM is answered without a lease [§4.3.5]', () => {
    const { guest, network } = userNetworkFixture({}, { address: '10.0.2.50' });
    guest.sendIpv4('10.0.2.2', 17, guest.udp('10.0.2.2', 67, 68, guest.dhcp(8, [], { ciaddr: '10.0.2.50' })));
    const answer = guest.lastDhcp();
    expect(answer).toMatchObject({ type: 5, address: '0.0.0.0' });
    expect(answer?.options.has(51)).toBe(false);
    expect(optionAddress(answer?.options.get(3))).toBe('10.0.2.2');
    expect(network.statistics().leases).toEqual([]);
    guest.sendDhcp(guest.dhcp(8, [], { ciaddr: '1.2.3.4' }));
    expect(guest.datagrams.length).toBe(1);
  });

  it('BK-03 a pool that is exhausted makes no offer; offers that nobody takes come back', () => {
    const { guest, network, pass } = userNetworkFixture({}, { address: '0.0.0.0' });
    for (let id = 0; id < 1000; id++) guest.sendDhcp(guest.dhcp(1, [[61, Uint8Array.of(0, id >> 8, id)]]));
    expect(guest.datagrams.length).toBe(240);
    expect(network.statistics().leases.length).toBe(240);
    pass(61_000);
    guest.sendDhcp(guest.dhcp(1, [[61, Uint8Array.of(9, 9, 9)]]));
    expect(guest.datagrams.length).toBe(241);
    expect(network.statistics().leases.length).toBe(240);
  });

  it('BK-03 a message truncated at any byte is answered or not, and nothing else', () => {
    const { guest, network } = userNetworkFixture({}, { address: '0.0.0.0' });
    const message = guest.dhcp(1, [
      [50, ip('10.0.2.15')],
      [61, new Uint8Array(200)],
    ]);
    for (let length = 0; length < 240 + 3; length++) guest.sendDhcp(message.slice(0, length));
    expect(guest.datagrams).toEqual([]);
    expect(network.statistics().dropped.dhcp).toBe(243);
    for (let length = 243; length <= message.length; length++) guest.sendDhcp(message.slice(0, length));
    expect(guest.errors).toEqual([]);
  });

  it('BK-03 options without an end are read, an option past the end makes the message void', () => {
    const { guest } = userNetworkFixture({}, { address: '0.0.0.0' });
    const message = guest.dhcp(1);
    expect(parseDhcp(message.slice(0, -1))?.type).toBe(1);
    expect(parseDhcp(Uint8Array.of(...message.slice(0, -1), 61))).toBe(undefined);
    expect(parseDhcp(Uint8Array.of(...message.slice(0, -1), 61, 1))).toBe(undefined);
    expect(parseDhcp(Uint8Array.of(...message.slice(0, -1), 61, 255, 1, 2))).toBe(undefined);
    expect(parseDhcp(Uint8Array.of(...message.slice(0, -1), 0, 0, 0, 61, 2, 1, 2, 255))?.client).toBe('id:1.2');
    expect(parseDhcp(Uint8Array.of(...message.slice(0, 240), 255))).toBe(undefined);
    expect(parseDhcp(Uint8Array.of(...message.slice(0, 240), 53, 0, 255))).toBe(undefined);
  });

  it('BK-03 replies, other hardware, relayed messages and unknown types are dropped', () => {
    const { guest, network } = userNetworkFixture({}, { address: '0.0.0.0' });
    for (const [at, value] of [
      [0, 2],
      [1, 6],
      [2, 16],
      [24, 10],
      [28, 1],
      [236, 0],
      [242, 99],
    ] as const) {
      const message = guest.dhcp(1);
      message[at] = value;
      guest.sendDhcp(message);
    }
    expect(guest.datagrams).toEqual([]);
    expect(network.statistics().dropped.dhcp).toBe(7);
  });
});
