/** Ethernet II framing [IEEE 802.3-2018 §3.1.1, §3.2.6]: destination, source, EtherType, no FCS. */
import { readU16, readU48, writeU16, writeU48 } from '../frame/network-order.ts';

/** Bytes before the payload. */
export const ETHERNET_HEADER = 14;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;

export const destinationMac = (frame: Uint8Array): number => readU48(frame, 0);
export const sourceMac = (frame: Uint8Array): number => readU48(frame, 6);
export const etherType = (frame: Uint8Array): number => readU16(frame, 12);

export function writeEthernetHeader(frame: Uint8Array, destination: number, source: number, type: number): void {
  writeU48(frame, 0, destination);
  writeU48(frame, 6, source);
  writeU16(frame, 12, type);
}
