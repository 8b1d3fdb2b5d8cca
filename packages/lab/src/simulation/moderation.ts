/**
 * A network card of the host moderates its interrupts, adaptively as drivers do: a frame of light traffic is told of at once; when more than a
 * few came within the interval, the next interrupt is not before the interval since the last one is over, and brings all of them. Without it
 * every frame of a stream would be an interrupt of the host, and so an occasion to interrupt the guest.
 */

/** More frames than these within an interval are a stream. */
const LIGHT = 2;

export class Moderation {
  readonly #interval: number;
  /** Arrivals of the last frames, oldest first. */
  readonly #arrivals: number[] = [];
  #last = Number.NEGATIVE_INFINITY;

  /** @param interval Least time between two interrupts of a stream, in ns; 0: each frame at once. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /** When the host has a frame that arrives at `arrival`; arrivals never go back. */
  deliveryOf(arrival: number): number {
    const [oldest] = this.#arrivals;
    const light = this.#arrivals.length < LIGHT || oldest === undefined || arrival - oldest >= this.#interval;
    this.#arrivals.push(arrival);
    if (this.#arrivals.length > LIGHT) this.#arrivals.shift();
    if (arrival > this.#last) this.#last = light ? arrival : Math.max(arrival, this.#last + this.#interval);
    return this.#last;
  }
}
