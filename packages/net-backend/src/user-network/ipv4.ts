/**
 * The Internet Protocol [RFC 791]: every check of a received header, reassembly, and building (and fragmenting) packets for the guest.
 * A packet is a range of a frame that is valid during the call only.
 */
import type { Clock } from '@paravirt/bus';
import type { FrameOffload } from '../ethernet-port.ts';
import { checksum, readU16, readU32, writeU16, writeU32 } from '../frame/network-order.ts';
import { type AddressPlan, BROADCAST_ADDRESS, BROADCAST_MAC } from './address.ts';
import type { Arp } from './arp.ts';
import type { DropCounters } from './counters.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, writeEthernetHeader } from './ethernet.ts';
import { Reassembly } from './reassembly.ts';

/** Bytes of a header without options. */
export const IPV4_HEADER = 20;
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
/** Time to live of what we send [RFC 1700]. */
const DEFAULT_TTL = 64;
const FLAG_DF = 0x4000;
const FLAG_MF = 0x2000;
const OPTION_LSRR = 131;
const OPTION_SSRR = 137;

/** A checked packet. */
export interface Ipv4Packet {
  readonly bytes: Uint8Array;
  /** Offset of the IP header in `bytes`. */
  readonly header: number;
  /** Where the protocol's part begins and ends in `bytes`. */
  readonly start: number;
  readonly end: number;
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly ttl: number;
  /** The transport checksum need not be looked at: the sender left it undone, or someone vouches for it. */
  readonly checksumKnown: boolean;
}

export class Ipv4Input {
  readonly #reassembly: Reassembly;
  readonly #dropped: DropCounters;

  constructor(clock: Clock, dropped: DropCounters) {
    this.#reassembly = new Reassembly(clock);
    this.#dropped = dropped;
  }

  /** The packet in a frame of EtherType 0x0800; undefined if it is none, or not whole yet. */
  parse(frame: Uint8Array, offload: FrameOffload | undefined): Ipv4Packet | undefined {
    const header = ETHERNET_HEADER;
    const available = frame.length - header;
    const first = frame[header] ?? 0;
    const headerLength = (first & 0xf) * 4;
    const totalLength = available >= IPV4_HEADER ? readU16(frame, header + 2) : 0;
    if (
      available < IPV4_HEADER ||
      first >>> 4 !== 4 ||
      headerLength < IPV4_HEADER ||
      totalLength < headerLength ||
      totalLength > available ||
      checksum(frame, header, header + headerLength) !== 0 ||
      hasSourceRoute(frame, header + IPV4_HEADER, header + headerLength)
    ) {
      this.#dropped.ipv4++;
      return undefined;
    }
    const packet = {
      bytes: frame,
      header,
      start: header + headerLength,
      end: header + totalLength,
      source: readU32(frame, header + 12),
      destination: readU32(frame, header + 16),
      protocol: frame[header + 9] ?? 0,
      ttl: frame[header + 8] ?? 0,
      checksumKnown: offload?.checksum !== undefined || offload?.checksumValid === true,
    };
    const fragment = readU16(frame, header + 6);
    return (fragment & (FLAG_MF | 0x1fff)) === 0 ? packet : this.#reassemble(packet, fragment, offload);
  }

  #reassemble(packet: Ipv4Packet, fragment: number, offload: FrameOffload | undefined): Ipv4Packet | undefined {
    const { bytes, header, start, end, source, destination, protocol } = packet;
    const key = `${source}:${destination}:${protocol}:${readU16(bytes, header + 4)}`;
    const offset = (fragment & 0x1fff) * 8;
    // A checksum that is left undone covers a whole datagram, so a fragment cannot have one.
    const payload =
      offload?.checksum === undefined && this.#reassembly.add(key, offset, (fragment & FLAG_MF) !== 0, bytes.subarray(start, end));
    if (payload === false) this.#dropped.fragment++;
    if (!payload) return undefined;
    const whole = new Uint8Array(header + IPV4_HEADER + payload.length);
    whole.set(bytes.subarray(0, header + IPV4_HEADER));
    whole.set(payload, header + IPV4_HEADER);
    whole[header] = 0x45;
    writeU16(whole, header + 2, IPV4_HEADER + payload.length);
    return { ...packet, bytes: whole, start: header + IPV4_HEADER, end: whole.length, checksumKnown: false };
  }
}

/** Packets that choose their own way are dropped [RFC 7126 §4.3]; options that lie about their length are, too. */
function hasSourceRoute(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const kind = bytes[at] ?? 0;
    if (kind === 0) return false;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
    if (length < 2 || at + length > end || kind === OPTION_LSRR || kind === OPTION_SSRR) return true;
    at += length;
  }
  return false;
}

/** Writes a 20-byte header at `at`, with its checksum. `fragment` is the field of flags and offset. */
export function writeIpv4Header(
  bytes: Uint8Array,
  at: number,
  fields: { totalLength: number; identification: number; fragment: number; protocol: number; source: number; destination: number },
): void {
  writeU16(bytes, at, 0x4500);
  writeU16(bytes, at + 2, fields.totalLength);
  writeU16(bytes, at + 4, fields.identification);
  writeU16(bytes, at + 6, fields.fragment);
  bytes[at + 8] = DEFAULT_TTL;
  bytes[at + 9] = fields.protocol;
  writeU16(bytes, at + 10, 0);
  writeU32(bytes, at + 12, fields.source);
  writeU32(bytes, at + 16, fields.destination);
  writeU16(bytes, at + 10, checksum(bytes, at, at + IPV4_HEADER));
}

/** Builds packets for the guest from finished ICMP and UDP messages. TCP has its own way, see tcp/segment-output.ts. */
export class Ipv4Output {
  readonly #plan: AddressPlan;
  readonly #mtu: number;
  readonly #arp: Arp;
  readonly #post: (frame: Uint8Array) => void;
  #identification = 0;

  constructor(plan: AddressPlan, mtu: number, arp: Arp, post: (frame: Uint8Array) => void) {
    this.#plan = plan;
    this.#mtu = mtu;
    this.#arp = arp;
    this.#post = post;
  }

  /**
   * Sends a message, in fragments if it is larger than the MTU. Without `mac` the station must be known: if it is not, it is asked for
   * and the message is dropped, as IP may.
   */
  send(source: number, destination: number, protocol: number, message: Uint8Array, mac?: number): void {
    const station = mac ?? (destination === BROADCAST_ADDRESS ? BROADCAST_MAC : this.#arp.resolve(destination));
    if (station === undefined || message.length > 65_535 - IPV4_HEADER) return;
    this.#identification = (this.#identification + 1) & 0xffff;
    const room = this.#mtu - IPV4_HEADER;
    const step = message.length <= room ? room : room & ~7;
    for (let offset = 0; offset === 0 || offset < message.length; offset += step) {
      const part = message.subarray(offset, offset + step);
      const more = offset + part.length < message.length;
      const frame = new Uint8Array(ETHERNET_HEADER + IPV4_HEADER + part.length);
      writeEthernetHeader(frame, station, this.#plan.mac, ETHERTYPE_IPV4);
      writeIpv4Header(frame, ETHERNET_HEADER, {
        totalLength: IPV4_HEADER + part.length,
        identification: this.#identification,
        fragment: (more ? FLAG_MF : 0) | (message.length <= room ? FLAG_DF : 0) | (offset >>> 3),
        protocol,
        source,
        destination,
      });
      frame.set(part, ETHERNET_HEADER + IPV4_HEADER);
      this.#post(frame);
    }
  }
}
