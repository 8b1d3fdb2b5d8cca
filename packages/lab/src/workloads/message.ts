/**
 * What guest and peer send each other: Ethernet frames as long as TCP or UDP over IPv4 would make them, whose headers carry a kind and a number
 * instead of the protocols', and whose payload can be checked byte by byte, so that nothing that is lost, changed, reordered or repeated on
 * the way goes unseen.
 */

export type MessageKind = 'data' | 'acknowledgement' | 'datagram' | 'request' | 'answer';

export interface Message {
  readonly kind: MessageKind;
  /** Of a stream's segment, a datagram, a request; an acknowledgement's: how many segments have arrived in order. */
  readonly number: number;
  /** Bytes. */
  readonly payload: number;
  /** Nothing more comes. */
  readonly last: boolean;
}

const KINDS: readonly MessageKind[] = ['data', 'acknowledgement', 'datagram', 'request', 'answer'];
const ETHERNET_HEADER = 14;
/** EtherType for local experiments. [IEEE 802, clause 9.2.4] */
const ETHER_TYPE = 0x88b5;
/** Ethernet, IPv4, and TCP or UDP, in bytes. */
export const STREAM_HEADER: number = ETHERNET_HEADER + 20 + 20;
export const DATAGRAM_HEADER: number = ETHERNET_HEADER + 20 + 8;
const MIN_FRAME = 60;
const PEER_MAC = [0x52, 0x54, 0, 0xff, 0xff, 0xfe];

/** As in streams or not: what is before the payload. */
const headerOf = (kind: MessageKind): number => (kind === 'data' || kind === 'acknowledgement' ? STREAM_HEADER : DATAGRAM_HEADER);

/** Payloads are windows of this; which one follows from the number. */
const WINDOWS = 4093;
const PATTERN: Uint8Array = new Uint8Array(WINDOWS + 65_536);
for (let i = 0, x = 1; i < PATTERN.length; i++) {
  x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
  PATTERN[i] = x >>> 24;
}
const patternOf = (number: number, length: number): Uint8Array => {
  const at = (number * 31) % WINDOWS;
  return PATTERN.subarray(at, at + length);
};

/** A fresh frame, to the card with this address if it goes down. */
export function encodeMessage(message: Message, mac: Uint8Array, direction: 'up' | 'down'): Uint8Array {
  const { kind, number, payload, last } = message;
  const header = headerOf(kind);
  const frame = new Uint8Array(Math.max(MIN_FRAME, header + payload));
  frame.set(direction === 'down' ? mac : PEER_MAC, 0);
  frame.set(direction === 'down' ? PEER_MAC : mac, 6);
  const view = new DataView(frame.buffer);
  view.setUint16(12, ETHER_TYPE);
  view.setUint8(14, KINDS.indexOf(kind));
  view.setUint8(15, last ? 1 : 0);
  view.setUint32(16, number);
  view.setUint32(20, payload);
  frame.set(patternOf(number, payload), header);
  return frame;
}

/** What a frame says; undefined if it is not as it was sent. */
export function decodeMessage(frame: Uint8Array): Message | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < MIN_FRAME || view.getUint16(12) !== ETHER_TYPE) return undefined;
  const kind = KINDS[view.getUint8(14)];
  const number = view.getUint32(16);
  const payload = view.getUint32(20);
  if (kind === undefined) return undefined;
  const header = headerOf(kind);
  if (frame.length !== Math.max(MIN_FRAME, header + payload)) return undefined;
  const expected = patternOf(number, payload);
  for (let i = 0; i < payload; i++) if (frame[header + i] !== expected[i]) return undefined;
  return { kind, number, payload, last: view.getUint8(15) === 1 };
}
