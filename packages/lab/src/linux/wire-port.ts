/**
 * A cable with a speed and a latency, on a clock: a port in front of a peer. It is full duplex, loses nothing and keeps the order. A frame
 * occupies its direction for its bits and what Ethernet adds to them, and arrives whole, after the latency. A large frame that is left to be
 * segmented takes the time of the frames that it stands for, and arrives in one piece, as from a network card that puts segments together.
 *
 * What waits is bounded: the card is refused when so many long frames wait for the wire; the peer, too, or when the card has not taken what
 * arrived.
 */
import type { Clock } from '@paravirt/bus';
import { type EthernetPort, type FrameOffload, type PortOffloads, type ReceiverOffloads, WrappedPort } from '@paravirt/net-backend';
import { Moderation } from '../simulation/moderation.ts';
import { wireTime } from '../simulation/wire-time.ts';

export interface WireOptions {
  readonly clock: Clock;
  /** At least 1. */
  readonly bitsPerSecond: number;
  /** In ns, a whole number. */
  readonly latency: number;
  /** Least time between two interrupts of the host's network card, in ns; it hands over together what came in between. */
  readonly moderation: number;
  /** Frames may be larger than the MTU, and carry what is left to do. */
  readonly largeFrames: boolean;
}

const LONG_FRAME = 1514;
/** Long frames whose time may be waited for. */
const QUEUE_FRAMES = 64;
/** Frames that have arrived and that the card refuses. */
const ARRIVED_MAX = 256;

interface Arrived {
  readonly frame: Uint8Array;
  readonly offload: FrameOffload | undefined;
}

export class WirePort extends WrappedPort {
  /** The peer may send again, after there was no room. Called once for that, after the peer's port was told. */
  onRoom: (() => void) | undefined = undefined;
  /** Virtual ns of the first bit and of the last arrival, in either direction, since `restart`; undefined before. */
  first: number | undefined = undefined;
  last: number | undefined = undefined;
  readonly #options: WireOptions;
  readonly #queueTime: number;
  readonly #moderation: Moderation;
  #upFreeAt = 0;
  #downFreeAt = 0;
  readonly #arrived: Arrived[] = [];
  #cardRefuses = false;
  #cardWaits = false;
  #peerWaits = false;

  constructor(peer: EthernetPort, options: WireOptions) {
    super(peer);
    this.#options = options;
    this.#moderation = new Moderation(options.moderation);
    this.#queueTime = QUEUE_FRAMES * this.timeOf(LONG_FRAME);
  }

  /** A card that cannot do large frames is told so by what the wire offers; checksums are left to do in any case. */
  override get offloads(): PortOffloads {
    const { largeFrames } = this.#options;
    return { checksum: true, segmentation: largeFrames, largeReceive: largeFrames };
  }

  override get receiverOffloads(): ReceiverOffloads | undefined {
    return this.inner.receiverOffloads;
  }

  override set receiverOffloads(offloads: ReceiverOffloads | undefined) {
    this.inner.receiverOffloads =
      offloads === undefined
        ? undefined
        : { checksum: offloads.checksum, segmentation: offloads.segmentation && this.#options.largeFrames };
  }

  /** Virtual ns that a frame of `length` bytes occupies the wire, with fractions. */
  timeOf(length: number): number {
    return wireTime(length, this.#options.bitsPerSecond);
  }

  /** Forgets what passed. */
  restart(): void {
    this.first = undefined;
    this.last = undefined;
  }

  /** Whether the peer's next frame would be taken now; if not, `onRoom` is called when it would. */
  askForRoom(): boolean {
    if (this.#hasRoom) return true;
    this.#waitForPeer();
    return false;
  }

  get #hasRoom(): boolean {
    return this.#arrived.length < ARRIVED_MAX && this.#downFreeAt - this.#now() <= this.#queueTime;
  }

  override transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    const now = this.#now();
    if (this.#upFreeAt - now > this.#queueTime) {
      this.#waitForCard();
      return false;
    }
    this.first ??= now;
    this.#upFreeAt = Math.max(this.#upFreeAt, now) + this.#timeOnWire(frame, offload);
    const copy = frame.slice();
    this.#at(this.#upFreeAt + this.#options.latency, () => {
      this.last = this.#now();
      this.inner.transmit(copy, offload);
    });
    return true;
  }

  protected override receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    if (!this.askForRoom()) return false;
    const now = this.#now();
    this.first ??= now;
    this.#downFreeAt = Math.max(this.#downFreeAt, now) + this.#timeOnWire(frame, offload);
    const arriving = { frame: frame.slice(), offload };
    this.#at(this.#moderation.deliveryOf(this.#downFreeAt + this.#options.latency), () => {
      this.last = this.#now();
      this.#arrived.push(arriving);
      this.#deliver();
    });
    return true;
  }

  /** The card takes frames again. */
  override resume(): void {
    this.#cardRefuses = false;
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#cardRefuses) {
      const [next] = this.#arrived;
      if (next === undefined) break;
      // Off the queue before the call: the card may call back.
      this.#arrived.shift();
      if (this.onReceive?.(next.frame, next.offload) === false) {
        this.#arrived.unshift(next);
        this.#cardRefuses = true;
      }
    }
    if (this.#arrived.length < ARRIVED_MAX) this.#roomForPeer();
  }

  #waitForCard(): void {
    if (this.#cardWaits) return;
    this.#cardWaits = true;
    this.#at(this.#upFreeAt - this.#queueTime, () => {
      this.#cardWaits = false;
      this.onWritable?.();
    });
  }

  /** For the wire; if the card is behind, it is waited for by `#deliver`. */
  #waitForPeer(): void {
    if (this.#peerWaits) return;
    this.#peerWaits = true;
    if (this.#arrived.length < ARRIVED_MAX) this.#at(this.#downFreeAt - this.#queueTime, () => this.#roomForPeer());
  }

  #roomForPeer(): void {
    if (!this.#peerWaits || !this.#hasRoom) return;
    this.#peerWaits = false;
    this.inner.resume();
    this.onRoom?.();
  }

  #timeOnWire(frame: Uint8Array, offload: FrameOffload | undefined): number {
    const size = offload?.segmentation?.size;
    const headers = size === undefined ? 0 : headersOf(frame);
    if (size === undefined || frame.length - headers <= size) return this.timeOf(frame.length);
    const payload = frame.length - headers;
    const whole = Math.floor(payload / size);
    const rest = payload % size;
    return whole * this.timeOf(headers + size) + (rest === 0 ? 0 : this.timeOf(headers + rest));
  }

  #now(): number {
    return Number(this.#options.clock.now());
  }

  #at(time: number, run: () => void): void {
    this.#options.clock.schedule(BigInt(Math.ceil(time)), run);
  }
}

const ETHERNET_HEADER = 14;

/** Of a TCP segment over IPv4 or IPv6 without extension headers, in bytes. */
function headersOf(frame: Uint8Array): number {
  const first = frame[ETHERNET_HEADER] ?? 0;
  const ip = first >>> 4 === 6 ? 40 : (first & 0xf) * 4;
  const tcp = ((frame[ETHERNET_HEADER + ip + 12] ?? 0) >>> 4) * 4;
  return ETHERNET_HEADER + ip + tcp;
}
