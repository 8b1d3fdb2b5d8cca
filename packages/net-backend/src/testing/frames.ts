/** Frames for tests: plain ones, and TCP ones with everything in place, over IPv4 and IPv6. */
import { checksum, fold, sumWords, writeU16, writeU32 } from '../frame/network-order.ts';

/** `length` bytes from 52:54:00:01:02:04 to `to`, of an EtherType that is for experiments; the payload counts up. */
export function plainFrame(length: number, to: readonly number[] = [0x52, 0x54, 0, 1, 2, 3]): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, i) => i & 0xff);
  frame.set([...to, 0x52, 0x54, 0, 1, 2, 4, 0x88, 0xb5].slice(0, length));
  return frame;
}

export interface TcpFrameOptions {
  readonly kind?: 'tcp4' | 'tcp6';
  /** Default 0x12345678. */
  readonly sequence?: number;
  /** Default: ACK, PSH and FIN. */
  readonly flags?: number;
  /** Bytes of TCP options, a multiple of 4. Default 12. */
  readonly options?: number;
  /** 802.1Q tag. */
  readonly vlan?: number;
  /** True leaves only the pseudo-header sum in the checksum field, as a driver with checksum offload does. */
  readonly partial?: boolean;
}

/** Offsets of the headers of a frame that `tcpFrame` made. */
export function tcpOffsets({ kind = 'tcp4', options = 12, vlan }: TcpFrameOptions = {}): {
  network: number;
  transport: number;
  payload: number;
} {
  const network = vlan === undefined ? 14 : 18;
  const transport = network + (kind === 'tcp4' ? 20 : 40);
  return { network, transport, payload: transport + 20 + options };
}

/** A TCP frame with `payload` bytes, which count up modulo 251. */
export function tcpFrame(payload: number, frameOptions: TcpFrameOptions = {}): Uint8Array {
  const { kind = 'tcp4', sequence = 0x1234_5678, flags = 0x19, options = 12, vlan, partial = false } = frameOptions;
  const at = tcpOffsets(frameOptions);
  const end = at.payload + payload;
  const frame = new Uint8Array(end);
  frame.set([0x52, 0x54, 0, 1, 2, 3, 0x52, 0x54, 0, 1, 2, 4]);
  if (vlan !== undefined) {
    writeU16(frame, 12, 0x8100);
    writeU16(frame, 14, vlan);
  }
  writeU16(frame, at.network - 2, kind === 'tcp4' ? 0x0800 : 0x86dd);
  if (kind === 'tcp4') {
    frame.set([0x45, 0, 0, 0, 0xff, 0xff, 0x40, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2], at.network);
    writeU16(frame, at.network + 2, end - at.network);
    writeU16(frame, at.network + 10, checksum(frame, at.network, at.transport));
  } else {
    frame.set([0x60, 0, 0, 0, 0, 0, 6, 64], at.network);
    writeU16(frame, at.network + 4, end - at.transport);
    for (let i = 8; i < 40; i++) frame[at.network + i] = i;
  }
  writeU16(frame, at.transport, 5001);
  writeU16(frame, at.transport + 2, 80);
  writeU32(frame, at.transport + 4, sequence);
  frame[at.transport + 12] = ((20 + options) / 4) << 4;
  frame[at.transport + 13] = flags;
  writeU16(frame, at.transport + 14, 0x4000);
  for (let i = 0; i < options; i++) frame[at.transport + 20 + i] = 1;
  for (let i = 0; i < payload; i++) frame[at.payload + i] = i % 251;
  const pseudo = pseudoHeaderSum(frame, at.network, kind, end - at.transport);
  writeU16(frame, at.transport + 16, partial ? pseudo : checksum(frame, at.transport, end, pseudo));
  return frame;
}

/** The sum over addresses, protocol and length, folded to 16 bits. [RFC 9293 §3.1, RFC 8200 §8.1] */
export function pseudoHeaderSum(frame: Uint8Array, network: number, kind: 'tcp4' | 'tcp6', length: number): number {
  const addresses = kind === 'tcp4' ? network + 12 : network + 8;
  return fold(sumWords(frame, addresses, addresses + (kind === 'tcp4' ? 8 : 32), 6 + length));
}

/** True if the TCP checksum of a frame (and that of its IPv4 header) is right. */
export function checksumsRight(frame: Uint8Array, options: TcpFrameOptions = {}): boolean {
  const { kind = 'tcp4' } = options;
  const { network, transport } = tcpOffsets(options);
  const header = kind === 'tcp6' || checksum(frame, network, transport) === 0;
  const pseudo = pseudoHeaderSum(frame, network, kind, frame.length - transport);
  return header && checksum(frame, transport, frame.length, pseudo) === 0;
}
