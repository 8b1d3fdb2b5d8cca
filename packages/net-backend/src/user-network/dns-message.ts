/**
 * DNS messages [RFC 1035 §4]: reading one question without trusting its lengths, and building an answer. Compression pointers are
 * followed backwards only, which bounds the work; in a query's question they have no place to point to and are an error.
 */

import { readU16, writeU16, writeU32 } from '../frame/network-order.ts';
import type { DnsRecord } from './host-network.ts';

export const DNS_PORT = 53;
/** Largest message over UDP without EDNS [RFC 1035 §4.2.1]. */
export const DNS_UDP_LIMIT = 512;
const HEADER = 12;
const CLASS_IN = 1;
const TYPE_OPT = 41;
/** Longest name in bytes, with all length bytes [RFC 1035 §2.3.4]. */
const MAX_NAME = 255;

/** RCODEs [RFC 1035 §4.1.1]. */
export const NOERROR = 0;
const FORMERR = 1;
export const SERVFAIL = 2;
export const NXDOMAIN = 3;
export const NOTIMP = 4;
export const REFUSED = 5;

/** Types [RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 2782]. */
export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 } as const;

const FLAG_QR = 0x8000;
const FLAG_TC = 0x0200;
const FLAG_RD = 0x0100;
const FLAG_RA = 0x0080;

export interface DnsQuery {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly name: string;
  readonly type: number;
  /** The question section as it came: an answer repeats it. A copy. */
  readonly question: Uint8Array;
  /** The client's buffer as its OPT record says; undefined without one [RFC 6891 §6.2.3]. */
  readonly udpSize: number | undefined;
}

/** What is wrong with a query: nothing is answered (undefined), or an RCODE. */
export type DnsRefusal = { readonly id: number; readonly flags: number; readonly code: number };

/**
 * Reads a query with exactly one question of class IN. Gives undefined for what deserves no answer (no header, a response), a refusal for
 * the rest of the errors.
 */
export function parseDnsQuery(bytes: Uint8Array): DnsQuery | DnsRefusal | undefined {
  if (bytes.length < HEADER) return undefined;
  const id = readU16(bytes, 0);
  const flags = readU16(bytes, 2);
  if ((flags & FLAG_QR) !== 0) return undefined;
  const refuse = (code: number): DnsRefusal => ({ id, flags, code });
  if (((flags >>> 11) & 0xf) !== 0) return refuse(NOTIMP);
  if (readU16(bytes, 4) !== 1 || readU16(bytes, 6) !== 0 || readU16(bytes, 8) !== 0) return refuse(FORMERR);
  const name = readName(bytes, HEADER);
  if (name === undefined || name.end + 4 > bytes.length) return refuse(FORMERR);
  const type = readU16(bytes, name.end);
  if (readU16(bytes, name.end + 2) !== CLASS_IN) return refuse(REFUSED);
  const end = name.end + 4;
  const additional = readU16(bytes, 10);
  let udpSize: number | undefined;
  // Of the additional records only the OPT pseudo record means something, and it stands alone in practice: root name, type, size.
  if (additional >= 1 && end + 11 <= bytes.length && bytes[end] === 0 && readU16(bytes, end + 1) === TYPE_OPT) {
    udpSize = readU16(bytes, end + 3);
  }
  return { id, recursionDesired: (flags & FLAG_RD) !== 0, name: name.text, type, question: bytes.slice(HEADER, end), udpSize };
}

/** A name without compression at `at`; undefined if it is cut off, too long, or has a label that is no label. */
function readName(bytes: Uint8Array, at: number): { text: string; end: number } | undefined {
  const labels: string[] = [];
  let place = at;
  for (;;) {
    const length = bytes[place];
    if (length === undefined || length > 63 || place + 1 + length > bytes.length || place + 1 + length - at > MAX_NAME) return undefined;
    if (length === 0) return { text: labels.join('.'), end: place + 1 };
    labels.push(escapeLabel(bytes.subarray(place + 1, place + 1 + length)));
    place += 1 + length;
  }
}

/** [RFC 1035 §5.1]: `\.` and `\\`, `\DDD` for what cannot be printed. */
function escapeLabel(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (char === '.' || char === '\\') text += `\\${char}`;
    else if (byte <= 0x20 || byte >= 0x7f) text += `\\${byte.toString().padStart(3, '0')}`;
    else text += char;
  }
  return text;
}

/** A name as bytes, without compression; undefined if it is none. Takes the escapes that `DnsQuery.name` has. */
export function encodeName(name: string): Uint8Array | undefined {
  const bytes: number[] = [];
  if (name !== '' && name !== '.') {
    for (const label of name.replace(/\.$/, '').match(/(?:\\\d{3}|\\.|[^.\\])+|(?<=\.|^)(?=\.|$)/g) ?? []) {
      const plain = label.replace(/\\(\d{3}|.)/g, (_, c: string) => (c.length === 3 ? String.fromCharCode(Number(c) & 0xff) : c));
      if (plain.length < 1 || plain.length > 63) return undefined;
      bytes.push(plain.length);
      for (let i = 0; i < plain.length; i++) bytes.push(plain.charCodeAt(i) & 0xff);
    }
  }
  bytes.push(0);
  return bytes.length <= MAX_NAME ? Uint8Array.from(bytes) : undefined;
}

function header(id: number, flags: number, counts: readonly [number, number, number, number]): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  writeU16(bytes, 0, id);
  writeU16(bytes, 2, flags);
  counts.forEach((count, i) => {
    writeU16(bytes, 4 + 2 * i, count);
  });
  return bytes;
}

/** An error without a question section. */
export function buildDnsRefusal(refusal: DnsRefusal): Uint8Array {
  return header(refusal.id, FLAG_QR | (refusal.flags & (0x7800 | FLAG_RD)) | FLAG_RA | refusal.code, [0, 0, 0, 0]);
}

/**
 * The answer to a query in at most `limit` bytes. Records that do not fit are left out and TC is set, which makes the client ask again
 * over TCP. Records whose name or data cannot be written are left out.
 */
export function buildDnsAnswer(query: DnsQuery, code: number, records: readonly DnsRecord[], limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const edns = query.udpSize !== undefined ? 11 : 0;
  let length = HEADER + query.question.length + edns;
  let truncated = false;
  for (const record of records) {
    // Most answers are for the name that was asked: a pointer to the question says it in two bytes [RFC 1035 §4.1.4].
    const name = record.name === query.name ? Uint8Array.of(0xc0, HEADER) : encodeName(record.name);
    if (name === undefined || record.data.length > 0xffff) continue;
    const part = new Uint8Array(name.length + 10 + record.data.length);
    part.set(name);
    writeU16(part, name.length, record.type);
    writeU16(part, name.length + 2, CLASS_IN);
    writeU32(part, name.length + 4, record.ttl);
    writeU16(part, name.length + 8, record.data.length);
    part.set(record.data, name.length + 10);
    if (length + part.length > limit) {
      truncated = true;
      break;
    }
    parts.push(part);
    length += part.length;
  }
  const flags = FLAG_QR | (query.recursionDesired ? FLAG_RD : 0) | FLAG_RA | (truncated ? FLAG_TC : 0) | (code & 0xf);
  const bytes = new Uint8Array(length);
  bytes.set(header(query.id, flags, [1, parts.length, 0, edns ? 1 : 0]));
  bytes.set(query.question, HEADER);
  let at = HEADER + query.question.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  if (edns) {
    writeU16(bytes, at + 1, TYPE_OPT);
    writeU16(bytes, at + 3, 1232); // what we take: fits any path [RFC 9715 §3.2]
  }
  return bytes;
}
