/** What a card knows of Ethernet frames: their header, VLAN tags and how long they may be. [IEEE 802.3 §3.2, 802.1Q §9] */
import { readU16 } from './network-order.ts';

/** Bytes before the payload of a frame, and of a VLAN tag. */
export const ETHERNET_HEADER_SIZE = 14;
export const VLAN_TAG_SIZE = 4;
/** The longest frame: an IP packet of 65535 bytes, its Ethernet header and one VLAN tag. */
export const MAX_FRAME_SIZE: number = 65535 + ETHERNET_HEADER_SIZE + VLAN_TAG_SIZE;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_SERVICE_VLAN = 0x88a8;

/** Type field of a frame of at least 14 bytes. */
export const etherType = (frame: Uint8Array): number => readU16(frame, 12);

/** True if a frame of at least 14 bytes carries no more than `mtu` bytes behind its header and its VLAN tag, if it has one. */
export const fitsMtu = (frame: Uint8Array, mtu: number): boolean =>
  frame.length <= mtu + ETHERNET_HEADER_SIZE + (etherType(frame) === ETHERTYPE_VLAN ? VLAN_TAG_SIZE : 0);
