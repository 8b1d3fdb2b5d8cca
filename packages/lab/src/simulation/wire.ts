/**
 * A cable between one card and its peer: full duplex, with a speed and a latency. A frame occupies it for its bits and what Ethernet adds
 * to them (preamble, FCS, gap), and arrives whole, after the latency; at the host when its network card tells of it. It loses nothing and keeps
 * the order.
 */
import { Moderation } from './moderation.ts';
import type { Simulation } from './simulation.ts';
import { wireTime } from './wire-time.ts';

export type WireDirection = 'up' | 'down';

export interface WireOptions {
  readonly simulation: Simulation;
  readonly bitsPerSecond: number;
  /** In ns. */
  readonly latency: number;
  /** Least time between two interrupts of the host's network card, in ns. */
  readonly moderation: number;
}

export class Wire {
  /** Takes a frame at its end: the card for `down`, the peer for `up`. */
  readonly onArrival: Record<WireDirection, ((frame: Uint8Array) => void) | undefined> = { up: undefined, down: undefined };
  readonly #options: WireOptions;
  readonly #freeAt: Record<WireDirection, number> = { up: 0, down: 0 };
  readonly #moderation: Moderation;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#moderation = new Moderation(options.moderation);
  }

  /** Virtual ns that a frame of `length` bytes occupies the wire. */
  timeOf(length: number): number {
    return Math.ceil(wireTime(length, this.#options.bitsPerSecond));
  }

  /** When all that was sent in a direction has left. */
  freeAt(direction: WireDirection): number {
    return this.#freeAt[direction];
  }

  /** The frame is not used by the caller any more. */
  send(direction: WireDirection, frame: Uint8Array): void {
    const { simulation, latency } = this.#options;
    const free = Math.max(this.#freeAt[direction], simulation.now) + this.timeOf(frame.length);
    this.#freeAt[direction] = free;
    const arrival = free + latency;
    const at = direction === 'down' ? this.#moderation.deliveryOf(arrival) : arrival;
    simulation.schedule(at, () => this.onArrival[direction]?.(frame));
  }
}
