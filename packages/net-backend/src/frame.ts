/** What a network card has to know of frames, and how to do in software what a frame leaves to the other side (see `FrameOffload`). */
export { checksumFits, completeChecksum } from './frame/checksum.ts';
export {
  ETHERNET_HEADER_SIZE,
  ETHERTYPE_VLAN,
  etherType,
  fitsMtu,
  MAX_FRAME_SIZE,
  VLAN_TAG_SIZE,
} from './frame/ethernet.ts';
export { readU16, readU48 } from './frame/network-order.ts';
export { type OutboundFault, OutboundFrame } from './frame/outbound-frame.ts';
export { locateTcp, TCP_CHECKSUM, type TcpLocation, TcpSegmenter } from './frame/tcp-segmenter.ts';
