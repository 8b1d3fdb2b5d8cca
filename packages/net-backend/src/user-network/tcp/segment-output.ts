/**
 * How segments reach the guest. One frame buffer is used again and again: headers are written in place, payload is copied into it from
 * the send buffer, and the card takes it away during the call. When the card can segment, a frame carries up to 64 KiB.
 */
import type { EthernetPort, FrameOffload, ReceiverOffloads } from '../../ethernet-port.ts';
import { checksum, fold, pseudoHeaderSum, writeU16, writeU32 } from '../../frame/network-order.ts';
import type { AddressPlan } from '../address.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, writeEthernetHeader } from '../ethernet.ts';
import { IPV4_HEADER, PROTOCOL_TCP, writeIpv4Header } from '../ipv4.ts';
import { ACK, MAX_WINDOW_SHIFT, OPTION_MSS, OPTION_WINDOW_SCALE, RST, type Segment, SYN, TCP_HEADER } from './segment.ts';
import type { SendBuffer } from './send-buffer.ts';

const TCP = ETHERNET_HEADER + IPV4_HEADER;
/** Offset of the checksum in a TCP header. */
const CHECKSUM_OFFSET = 16;
/** Largest payload of a segment: IPv4's total length less both headers. */
const MAX_PAYLOAD = 65_535 - IPV4_HEADER - TCP_HEADER;
const FLAG_DF = 0x4000;

/** The two ends of a connection; `local` is the one that we play. */
export interface Endpoints {
  readonly local: number;
  readonly localPort: number;
  readonly guest: number;
  readonly guestPort: number;
}

/** What a segment says. */
export interface SegmentFields {
  seq: number;
  ack: number;
  flags: number;
  /** As it stands in the header. */
  window: number;
}

/** Announced in a SYN. */
export interface SynFields {
  readonly mss: number;
  /** Undefined: the option is not sent. */
  readonly windowShift: number | undefined;
}

export interface SegmentOutputOptions {
  readonly plan: AddressPlan;
  /** Hands a frame to the card now; false: refused, and nothing was kept. */
  readonly offer: (frame: Uint8Array, offload: FrameOffload | undefined) => boolean;
  /** Keeps a frame until the card takes it, or drops it when too many wait. The frame is the callee's. */
  readonly post: (frame: Uint8Array) => void;
  readonly port: Pick<EthernetPort, 'receiverOffloads'>;
}

export class SegmentOutput {
  readonly #options: SegmentOutputOptions;
  readonly #frame = new Uint8Array(ETHERNET_HEADER + 65_535);
  #identification = 0;

  constructor(options: SegmentOutputOptions) {
    this.#options = options;
  }

  /** How much data a segment may carry now, a multiple of `mss`. */
  maxPayload(mss: number): number {
    return this.#receiver?.segmentation === true ? Math.max(1, Math.floor(MAX_PAYLOAD / mss)) * mss : mss;
  }

  /** Sends a SYN or SYN-ACK; false: the card refused it. */
  sendSyn(ends: Endpoints, mac: number, fields: SegmentFields, syn: SynFields): boolean {
    const frame = this.#frame;
    frame[TCP + 20] = OPTION_MSS;
    frame[TCP + 21] = 4;
    writeU16(frame, TCP + 22, syn.mss);
    let headerLength = TCP_HEADER + 4;
    if (syn.windowShift !== undefined) {
      frame[TCP + 24] = 1; // NOP, so that the header ends at a word
      frame[TCP + 25] = OPTION_WINDOW_SCALE;
      frame[TCP + 26] = 3;
      frame[TCP + 27] = Math.min(syn.windowShift, MAX_WINDOW_SHIFT);
      headerLength += 4;
    }
    return this.#emit(ends, mac, fields, headerLength, 0, 0);
  }

  /** Sends `length` bytes of the buffer from `offset` on, cut into segments of `mss` by the card if more; false: the card refused it. */
  send(ends: Endpoints, mac: number, fields: SegmentFields, buffer: SendBuffer, offset: number, length: number, mss: number): boolean {
    if (length > 0) buffer.copy(offset, length, this.#frame, TCP + TCP_HEADER);
    return this.#emit(ends, mac, fields, TCP_HEADER, length, mss);
  }

  /** Answers a segment that belongs to no connection [RFC 9293 §3.10.7.1]. `synchronized` states reset themselves with `send`. */
  refuse(segment: Segment, mac: number): void {
    if ((segment.flags & RST) !== 0) return;
    const acknowledges = (segment.flags & ACK) !== 0;
    const length = segment.data.length + ((segment.flags & SYN) !== 0 ? 1 : 0) + (segment.flags & 1);
    const fields: SegmentFields = acknowledges
      ? { seq: segment.ack, ack: 0, flags: RST, window: 0 }
      : { seq: 0, ack: (segment.seq + length) >>> 0, flags: RST | ACK, window: 0 };
    const ends: Endpoints = {
      local: segment.destination,
      localPort: segment.destinationPort,
      guest: segment.source,
      guestPort: segment.sourcePort,
    };
    this.reset(ends, mac, fields);
  }

  /** Sends a RST without waiting for the card. */
  reset(ends: Endpoints, mac: number, fields: SegmentFields): void {
    const frame = new Uint8Array(TCP + TCP_HEADER);
    this.#writeHeaders(frame, ends, mac, fields, TCP_HEADER, 0);
    writeU16(frame, TCP + CHECKSUM_OFFSET, checksum(frame, TCP, frame.length, pseudo(ends, TCP_HEADER)));
    this.#options.post(frame);
  }

  get #receiver(): ReceiverOffloads | undefined {
    return this.#options.port.receiverOffloads;
  }

  #emit(ends: Endpoints, mac: number, fields: SegmentFields, headerLength: number, length: number, mss: number): boolean {
    const bytes = this.#frame;
    const tcpLength = headerLength + length;
    this.#writeHeaders(bytes, ends, mac, fields, headerLength, length);
    const frame = bytes.subarray(0, TCP + tcpLength);
    const sum = pseudo(ends, tcpLength);
    if (this.#receiver?.checksum !== true) {
      writeU16(bytes, TCP + CHECKSUM_OFFSET, checksum(bytes, TCP, frame.length, sum));
      return this.#options.offer(frame, undefined);
    }
    writeU16(bytes, TCP + CHECKSUM_OFFSET, fold(sum));
    return this.#options.offer(
      frame,
      length > mss ? { checksum: PARTIAL, segmentation: { kind: 'tcp4', size: mss } } : { checksum: PARTIAL },
    );
  }

  #writeHeaders(frame: Uint8Array, ends: Endpoints, mac: number, fields: SegmentFields, headerLength: number, length: number): void {
    writeEthernetHeader(frame, mac, this.#options.plan.mac, ETHERTYPE_IPV4);
    this.#identification = (this.#identification + 1) & 0xffff;
    writeIpv4Header(frame, ETHERNET_HEADER, {
      totalLength: IPV4_HEADER + headerLength + length,
      identification: this.#identification,
      fragment: FLAG_DF,
      protocol: PROTOCOL_TCP,
      source: ends.local,
      destination: ends.guest,
    });
    writeU16(frame, TCP, ends.localPort);
    writeU16(frame, TCP + 2, ends.guestPort);
    writeU32(frame, TCP + 4, fields.seq);
    writeU32(frame, TCP + 8, fields.ack);
    frame[TCP + 12] = (headerLength / 4) << 4;
    frame[TCP + 13] = fields.flags;
    writeU16(frame, TCP + 14, fields.window);
    writeU32(frame, TCP + CHECKSUM_OFFSET, 0); // and the urgent pointer
  }
}

const PARTIAL = { start: TCP, offset: CHECKSUM_OFFSET } as const;

function pseudo(ends: Endpoints, tcpLength: number): number {
  return pseudoHeaderSum(ends.local, ends.guest, PROTOCOL_TCP, tcpLength);
}
