/** A TCP segment as it arrives [RFC 9293 §3.1]: header, options, and what is wrong with it. */

import { checksum, pseudoHeaderSum, readU16, readU32 } from '../../frame/network-order.ts';
import { type Ipv4Packet, PROTOCOL_TCP } from '../ipv4.ts';

/** Bytes of a header without options. */
export const TCP_HEADER = 20;

/** Control bits [RFC 9293 §3.1]. */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** Option kinds [RFC 9293 §3.2; RFC 7323 §2.2]. */
export const OPTION_MSS = 2;
export const OPTION_WINDOW_SCALE = 3;
const OPTION_END = 0;
const OPTION_NOP = 1;

/** Largest shift that may be used [RFC 7323 §2.3]. */
export const MAX_WINDOW_SHIFT = 14;

export interface Segment {
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** As in the header, not scaled. */
  readonly window: number;
  /** A view of the packet, valid during the call. */
  readonly data: Uint8Array;
  /** Maximum segment size that a SYN announced. */
  readonly mss: number | undefined;
  /** Window shift that a SYN announced, at most 14. */
  readonly windowShift: number | undefined;
}

/** The segment in a packet; undefined when the header does not fit or the checksum is wrong. */
export function parseSegment(packet: Ipv4Packet): Segment | undefined {
  const { bytes, start, end, source, destination } = packet;
  const length = end - start;
  if (length < TCP_HEADER) return undefined;
  const headerLength = ((bytes[start + 12] ?? 0) >>> 4) * 4;
  if (headerLength < TCP_HEADER || headerLength > length) return undefined;
  if (!packet.checksumKnown && checksum(bytes, start, end, pseudoHeaderSum(source, destination, PROTOCOL_TCP, length)) !== 0) {
    return undefined;
  }
  const sourcePort = readU16(bytes, start);
  const destinationPort = readU16(bytes, start + 2);
  if (sourcePort === 0 || destinationPort === 0) return undefined;
  const flags = (bytes[start + 13] ?? 0) & 0x3f;
  const options = (flags & SYN) !== 0 ? parseOptions(bytes, start + TCP_HEADER, start + headerLength) : NO_OPTIONS;
  return {
    source,
    sourcePort,
    destination,
    destinationPort,
    seq: readU32(bytes, start + 4),
    ack: readU32(bytes, start + 8),
    flags,
    window: readU16(bytes, start + 14),
    data: bytes.subarray(start + headerLength, end),
    mss: options.mss,
    windowShift: options.windowShift,
  };
}

interface SynOptions {
  mss: number | undefined;
  windowShift: number | undefined;
}

const NO_OPTIONS: Readonly<SynOptions> = { mss: undefined, windowShift: undefined };

/** Reads options until one is no option: a length below 2 or past the end hides all that follows, not the segment. */
function parseOptions(bytes: Uint8Array, start: number, end: number): SynOptions {
  const options: SynOptions = { mss: undefined, windowShift: undefined };
  for (let at = start; at < end; ) {
    const kind = bytes[at] ?? OPTION_END;
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
    if (length < 2 || at + length > end) break;
    if (kind === OPTION_MSS && length === 4) options.mss = readU16(bytes, at + 2);
    if (kind === OPTION_WINDOW_SCALE && length === 3) options.windowShift = Math.min(bytes[at + 2] ?? 0, MAX_WINDOW_SHIFT);
    at += length;
  }
  return options;
}
