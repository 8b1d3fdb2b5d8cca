/**
 * ICMP [RFC 792]: echo is answered for our own addresses; errors tell the guest why a packet went nowhere. Echo to the world outside
 * would need raw sockets of the host, so it gets "host unreachable", which `ping` prints at once.
 */

import { checksum, writeU16 } from '../frame/network-order.ts';
import type { AddressPlan } from './address.ts';
import type { DropCounters } from './counters.ts';
import { type Ipv4Output, type Ipv4Packet, PROTOCOL_ICMP } from './ipv4.ts';

const ECHO_REPLY = 0;
const DESTINATION_UNREACHABLE = 3;
const ECHO = 8;
const TIME_EXCEEDED = 11;

/** The errors that are sent [RFC 792; RFC 1812 §5.2.7.1]. */
export type IcmpError = 'host-unreachable' | 'port-unreachable' | 'protocol-unreachable' | 'prohibited' | 'time-exceeded';

/** Type and code. */
const ICMP_ERRORS: Readonly<Record<IcmpError, readonly [number, number]>> = {
  'host-unreachable': [DESTINATION_UNREACHABLE, 1],
  'protocol-unreachable': [DESTINATION_UNREACHABLE, 2],
  'port-unreachable': [DESTINATION_UNREACHABLE, 3],
  prohibited: [DESTINATION_UNREACHABLE, 13],
  'time-exceeded': [TIME_EXCEEDED, 0],
};

export class Icmp {
  readonly #plan: AddressPlan;
  readonly #output: Ipv4Output;
  readonly #dropped: DropCounters;

  constructor(plan: AddressPlan, output: Ipv4Output, dropped: DropCounters) {
    this.#plan = plan;
    this.#output = output;
    this.#dropped = dropped;
  }

  /** A message for one of our own addresses. */
  input(packet: Ipv4Packet): void {
    const { bytes, start, end, source, destination } = packet;
    if (end - start < 8 || (!packet.checksumKnown && checksum(bytes, start, end) !== 0)) {
      this.#dropped.icmp++;
      return;
    }
    if (bytes[start] !== ECHO || bytes[start + 1] !== 0) {
      this.#dropped.ignored++;
      return;
    }
    const reply = bytes.slice(start, end);
    reply[0] = ECHO_REPLY;
    writeU16(reply, 2, 0);
    writeU16(reply, 2, checksum(reply, 0, reply.length));
    this.#output.send(destination, source, PROTOCOL_ICMP, reply);
  }

  /** Tells the sender of a packet that it went nowhere, unless the packet is itself an error or for many [RFC 1122 §3.2.2]. */
  error(packet: Ipv4Packet, error: IcmpError): void {
    const { bytes, start, end, header, destination, protocol } = packet;
    if (destination >>> 28 >= 0xe || destination === this.#plan.broadcast) return;
    if (protocol === PROTOCOL_ICMP && (end - start < 1 || bytes[start] !== ECHO)) return;
    this.report(packet.source, bytes.slice(header, Math.min(end, start + 8)), error);
  }

  /** The same for a packet that is gone: its IP header and first 8 bytes. The error comes from the gateway. */
  report(to: number, original: Uint8Array, error: IcmpError): void {
    const [type, code] = ICMP_ERRORS[error];
    const message = new Uint8Array(8 + original.length);
    message[0] = type;
    message[1] = code;
    message.set(original, 8);
    writeU16(message, 2, checksum(message, 0, message.length));
    this.#output.send(this.#plan.gateway, to, PROTOCOL_ICMP, message);
  }
}
