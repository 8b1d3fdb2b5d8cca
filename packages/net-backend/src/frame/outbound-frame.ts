/**
 * A frame on its way from a driver to a port, with the work that the driver left to the card. What the driver says about that work is
 * checked once, when the frame is loaded; then the port gets the frame with the work described, if it takes such frames, and otherwise the
 * work is done here: the checksum in place, a large TCP frame in segments, one after the other. A refused frame (or segment) is kept where
 * it is, so `send` can be called again and repeats nothing.
 */
import type { EthernetPort, FrameOffload } from '../ethernet-port.ts';
import { checksumFits, completeChecksum } from './checksum.ts';
import { fitsMtu } from './ethernet.ts';
import { locateTcp, TCP_CHECKSUM, TcpSegmenter } from './tcp-segmenter.ts';

/** Why a frame cannot be sent: longer than the MTU; a checksum outside of it; segmentation that does not fit its headers. */
export type OutboundFault = 'tooLong' | 'badChecksum' | 'badSegmentation';

export class OutboundFrame {
  readonly #port: EthernetPort;
  readonly #segmenter: TcpSegmenter = new TcpSegmenter();
  #frame: Uint8Array = new Uint8Array(0);
  #offload: FrameOffload | undefined = undefined;
  #segmenting = false;

  constructor(port: EthernetPort) {
    this.#port = port;
  }

  /**
   * A frame of at least 14 bytes with nothing left to do. `mtu` is the longest payload of a frame on the wire in bytes. The bytes stay the
   * caller's and must not change until `send` gave true; so with the other two, which may also write to them.
   */
  loadPlain(frame: Uint8Array, mtu: number): OutboundFault | undefined {
    this.#frame = frame;
    this.#offload = undefined;
    this.#segmenting = false;
    return fitsMtu(frame, mtu) ? undefined : 'tooLong';
  }

  /** A frame whose checksum over [start, end) belongs at `start + offset`. */
  loadPartial(frame: Uint8Array, mtu: number, start: number, offset: number): OutboundFault | undefined {
    const fault = this.loadPlain(frame, mtu);
    if (fault !== undefined) return fault;
    if (!checksumFits(start, offset, frame.length)) return 'badChecksum';
    if (this.#port.offloads?.checksum === true) this.#offload = { checksum: { start, offset } };
    else completeChecksum(frame, frame.length, start, offset);
    return undefined;
  }

  /**
   * A TCP frame up to 64 KiB with `size` bytes of payload for each segment. `start` and `offset` are those of its checksum: a driver that
   * leaves segmentation leaves that too, so they must name the TCP header and the field in it.
   */
  loadLarge(frame: Uint8Array, mtu: number, kind: 'tcp4' | 'tcp6', size: number, start: number, offset: number): OutboundFault | undefined {
    const at = size > 0 && offset === TCP_CHECKSUM ? locateTcp(frame, frame.length, kind, start) : undefined;
    if (at === undefined) return 'badSegmentation';
    if (!fitsMtu(frame.subarray(0, at.payload + Math.min(size, frame.length - at.payload)), mtu)) return 'tooLong';
    this.#frame = frame;
    this.#offload = undefined;
    this.#segmenting = this.#port.offloads?.segmentation !== true;
    if (this.#segmenting) this.#segmenter.start(frame, frame.length, kind, at, size);
    else this.#offload = { checksum: { start, offset }, segmentation: { kind, size } };
    return undefined;
  }

  /** Hands what was loaded to the port, or what is left of it; false if the port does not take more now. */
  send(): boolean {
    if (!this.#segmenting) return this.#port.transmit(this.#frame, this.#offload);
    for (let segment = this.#segmenter.current; segment !== undefined; segment = this.#segmenter.current) {
      if (!this.#port.transmit(segment)) return false;
      this.#segmenter.next();
    }
    return true;
  }

  /** Gives up what is left. */
  forget(): void {
    this.#segmenter.stop();
  }
}
