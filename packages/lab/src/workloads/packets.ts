/**
 * Small datagrams as fast as they go. Nothing acknowledges them: the guest sends until its ring is full, the peer as the wire allows while
 * not too many wait before the card, so that none is dropped and the rate is what both sides of the ring can do.
 */
import type { Workload } from '../point.ts';
import type { GuestEnd, PeerEnd } from './ends.ts';
import type { Message } from './message.ts';
import type { Traffic, TrafficOptions } from './traffic.ts';

/** Frames that may wait before the card: what a network card's own ring holds. */
const BACKLOG = 256;
/** The peer looks again after so many virtual ns. */
const PATIENCE = 10_000;

export class Packets implements Traffic {
  readonly roundTrips: readonly number[] = [];
  failed: string | undefined = undefined;
  readonly #options: TrafficOptions;
  readonly #guest: GuestEnd;
  readonly #peer: PeerEnd;
  readonly #size: number;
  /** To be sent by each side. */
  readonly #count: { readonly up: number; readonly down: number };
  readonly #sent = { up: 0, down: 0 };
  readonly #arrived = { up: 0, down: 0 };

  constructor({ direction, count, size }: Workload & { readonly kind: 'packets' }, options: TrafficOptions) {
    this.#options = options;
    this.#guest = options.guest;
    this.#peer = options.peer;
    this.#size = size;
    this.#count = { up: direction === 'down' ? 0 : count, down: direction === 'up' ? 0 : count };
    this.#guest.onMessage = (message) => this.#arrives('down', message);
    this.#peer.onMessage = (message) => this.#arrives('up', message);
    this.#guest.onRoom = () => this.#guest.process(() => this.#guestSends());
  }

  get done(): boolean {
    return this.#arrived.up === this.#count.up && this.#arrived.down === this.#count.down;
  }

  start(): void {
    if (this.#count.up > 0) this.#guest.process(() => this.#guestSends());
    this.#peerSends();
  }

  #arrives(direction: 'up' | 'down', { number }: Message): void {
    if (number !== this.#arrived[direction]) this.failed = `datagram ${number} came where ${this.#arrived[direction]} was due`;
    this.#arrived[direction]++;
  }

  #next(direction: 'up' | 'down'): Message {
    const number = this.#sent[direction]++;
    return { kind: 'datagram', number, payload: this.#size, last: this.#sent[direction] === this.#count[direction] };
  }

  #guestSends(): void {
    if (this.#guest.blocked || this.#sent.up === this.#count.up) return;
    this.#guest.send(this.#next('up'));
    this.#guest.process(() => this.#guestSends());
  }

  #peerSends(): void {
    if (this.#sent.down === this.#count.down) return;
    const { simulation } = this.#options.board;
    if (this.#peer.backlog < BACKLOG) this.#peer.send(this.#next('down'));
    const again = this.#peer.backlog < BACKLOG ? this.#peer.wireFreeAt : simulation.now + PATIENCE;
    simulation.schedule(again, () => this.#peerSends());
  }
}
