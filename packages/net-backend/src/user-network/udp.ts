/** User datagrams [RFC 768]: checking what the guest sent and building what it gets. */

import { checksum, pseudoHeaderSum, readU16, writeU16 } from '../frame/network-order.ts';
import { type Ipv4Output, type Ipv4Packet, PROTOCOL_UDP } from './ipv4.ts';

/** Bytes before the payload. */
export const UDP_HEADER = 8;

export interface UdpDatagram {
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  /** A view of the packet, valid during the call. */
  readonly payload: Uint8Array;
}

/** The datagram in a packet; undefined when lengths or checksum are wrong. A checksum field of 0 means that there is none. */
export function parseUdp(packet: Ipv4Packet): UdpDatagram | undefined {
  const { bytes, start, end, source, destination } = packet;
  if (end - start < UDP_HEADER) return undefined;
  const length = readU16(bytes, start + 4);
  if (length < UDP_HEADER || length > end - start) return undefined;
  if (!packet.checksumKnown && readU16(bytes, start + 6) !== 0) {
    if (checksum(bytes, start, start + length, pseudoHeaderSum(source, destination, PROTOCOL_UDP, length)) !== 0) return undefined;
  }
  const sourcePort = readU16(bytes, start);
  const destinationPort = readU16(bytes, start + 2);
  if (destinationPort === 0) return undefined;
  return { source, sourcePort, destination, destinationPort, payload: bytes.subarray(start + UDP_HEADER, start + length) };
}

/** Sends a datagram to the guest; `mac` where the station cannot be known from its address (DHCP). */
export function sendUdp(output: Ipv4Output, datagram: UdpDatagram, mac?: number): void {
  const { source, sourcePort, destination, destinationPort, payload } = datagram;
  const message = new Uint8Array(UDP_HEADER + payload.length);
  writeU16(message, 0, sourcePort);
  writeU16(message, 2, destinationPort);
  writeU16(message, 4, message.length);
  message.set(payload, UDP_HEADER);
  const sum = checksum(message, 0, message.length, pseudoHeaderSum(source, destination, PROTOCOL_UDP, message.length));
  writeU16(message, 6, sum === 0 ? 0xffff : sum); // 0 would mean: none
  output.send(source, destination, PROTOCOL_UDP, message, mac);
}
