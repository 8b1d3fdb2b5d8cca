/**
 * TCP segmentation in software: one large TCP frame becomes frames of at most `size` payload bytes, with headers and checksums of their
 * own, as a card with TSO makes them. [RFC 9293 §3.1, RFC 791 §3.1, RFC 8200 §3] Used where a frame has to go to a side that takes plain
 * frames only.
 *
 * `locateTcp` reads the headers and believes none of them: whoever wrote the frame may lie in every length.
 */
import { ETHERNET_HEADER_SIZE, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_VLAN, VLAN_TAG_SIZE } from './ethernet.ts';
import { checksum, readU16, readU32, sumWords, writeU16, writeU32 } from './network-order.ts';

/** Where the parts of a TCP frame start, in bytes from the start of the frame. */
export interface TcpLocation {
  /** IP header. */
  readonly network: number;
  /** TCP header. */
  readonly transport: number;
  /** First byte of the TCP payload. */
  readonly payload: number;
}

const PROTOCOL_TCP = 6;
const IPV4_HEADER_SIZE = 20;
const IPV6_HEADER_SIZE = 40;
const TCP_HEADER_SIZE = 20;
/** [RFC 9293 §3.1] Offsets in a TCP header. */
const TCP_SEQUENCE = 4;
const TCP_DATA_OFFSET = 12;
const TCP_FLAGS = 13;
export const TCP_CHECKSUM = 16;
const TCP_FIN = 0x01;
const TCP_PSH = 0x08;
const TCP_CWR = 0x80;

/**
 * Finds the headers in [0, length) of `frame`; undefined unless it is an unfragmented TCP frame of this kind whose headers lie within it.
 * `transport`, if known, is where the TCP header must start (it lets IPv6 extension headers be, which are copied, not read).
 */
export function locateTcp(frame: Uint8Array, length: number, kind: 'tcp4' | 'tcp6', transport?: number): TcpLocation | undefined {
  let network = ETHERNET_HEADER_SIZE;
  let type = readU16(frame, network - 2);
  for (let tags = 0; tags < 2 && (type === ETHERTYPE_VLAN || type === ETHERTYPE_SERVICE_VLAN); tags++) {
    network += VLAN_TAG_SIZE;
    type = readU16(frame, network - 2);
  }
  let found: number;
  if (kind === 'tcp4') {
    const ihl = ((frame[network] ?? 0) & 0xf) * 4;
    const fragmented = (readU16(frame, network + 6) & 0x3fff) !== 0;
    if (type !== ETHERTYPE_IPV4 || network + IPV4_HEADER_SIZE > length || (frame[network] ?? 0) >> 4 !== 4 || fragmented) return undefined;
    if (ihl < IPV4_HEADER_SIZE || frame[network + 9] !== PROTOCOL_TCP) return undefined;
    found = network + ihl;
    if (transport !== undefined && transport !== found) return undefined;
  } else {
    if (type !== ETHERTYPE_IPV6 || network + IPV6_HEADER_SIZE > length || (frame[network] ?? 0) >> 4 !== 6) return undefined;
    found = transport ?? network + IPV6_HEADER_SIZE;
    if (found < network + IPV6_HEADER_SIZE) return undefined;
    if (found === network + IPV6_HEADER_SIZE && frame[network + 6] !== PROTOCOL_TCP) return undefined;
  }
  if (found + TCP_HEADER_SIZE > length) return undefined;
  const header = ((frame[found + TCP_DATA_OFFSET] ?? 0) >> 4) * 4;
  if (header < TCP_HEADER_SIZE || found + header > length) return undefined;
  return { network, transport: found, payload: found + header };
}

/** Cuts one frame at a time. The large frame stays the caller's and must not change until the last segment was taken. */
export class TcpSegmenter {
  readonly #segment: Uint8Array = new Uint8Array(65536 + 256);
  #frame: Uint8Array = this.#segment;
  #length = 0;
  #kind: 'tcp4' | 'tcp6' = 'tcp4';
  #size = 0;
  #at: TcpLocation = { network: 0, transport: 0, payload: 0 };
  /** Where the payload of the present segment starts in the large frame; its end, once all were taken. */
  #position = 0;
  #index = 0;
  #current: Uint8Array | undefined = undefined;

  /** Starts on [0, length) of `frame`, found by `locateTcp`. `size` is the payload of a segment in bytes, at least 1. */
  start(frame: Uint8Array, length: number, kind: 'tcp4' | 'tcp6', at: TcpLocation, size: number): void {
    this.#frame = frame;
    this.#length = length;
    this.#kind = kind;
    this.#at = at;
    this.#size = Math.max(1, size);
    this.#position = at.payload;
    this.#index = 0;
    this.#current = this.#build();
  }

  /** The present segment, valid until `next`; undefined when none is left. */
  get current(): Uint8Array | undefined {
    return this.#current;
  }

  /** Goes on to the following segment. */
  next(): void {
    this.#position = Math.min(this.#length, this.#position + this.#size);
    this.#index++;
    this.#current = this.#position < this.#length ? this.#build() : undefined;
  }

  /** Forgets the frame. */
  stop(): void {
    this.#current = undefined;
  }

  #build(): Uint8Array {
    const { network, transport, payload } = this.#at;
    const segment = this.#segment;
    const count = Math.min(this.#size, this.#length - this.#position);
    const end = payload + count;
    segment.set(this.#frame.subarray(0, payload));
    segment.set(this.#frame.subarray(this.#position, this.#position + count), payload);
    const last = this.#position + count === this.#length;
    writeU32(segment, transport + TCP_SEQUENCE, (readU32(segment, transport + TCP_SEQUENCE) + (this.#position - payload)) >>> 0);
    let flags = segment[transport + TCP_FLAGS] ?? 0;
    // FIN and PSH belong to the last byte, CWR to the first segment. [RFC 3168 §6.1.2]
    if (!last) flags &= ~(TCP_FIN | TCP_PSH);
    if (this.#index > 0) flags &= ~TCP_CWR;
    segment[transport + TCP_FLAGS] = flags;
    const pseudo = this.#kind === 'tcp4' ? this.#finishIpv4(network, transport, end) : this.#finishIpv6(network, transport, end);
    writeU16(segment, transport + TCP_CHECKSUM, 0);
    writeU16(segment, transport + TCP_CHECKSUM, checksum(segment, transport, end, pseudo));
    return segment.subarray(0, end);
  }

  /** Total length, identification and header checksum of the segment; gives the pseudo-header sum. [RFC 791 §3.1, RFC 9293 §3.1] */
  #finishIpv4(network: number, transport: number, end: number): number {
    const segment = this.#segment;
    writeU16(segment, network + 2, end - network);
    writeU16(segment, network + 4, (readU16(segment, network + 4) + this.#index) & 0xffff);
    writeU16(segment, network + 10, 0);
    writeU16(segment, network + 10, checksum(segment, network, transport));
    return sumWords(segment, network + 12, network + 20, PROTOCOL_TCP + (end - transport));
  }

  /** Payload length of the segment; gives the pseudo-header sum. [RFC 8200 §3, §8.1] */
  #finishIpv6(network: number, transport: number, end: number): number {
    const segment = this.#segment;
    writeU16(segment, network + 4, end - network - IPV6_HEADER_SIZE);
    return sumWords(segment, network + 8, network + IPV6_HEADER_SIZE, PROTOCOL_TCP + (end - transport));
  }
}
