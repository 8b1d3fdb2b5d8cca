/** Streams as fast as they go, down, up, or both at once. */
import type { Workload } from '../point.ts';
import type { GuestEnd, PeerEnd } from './ends.ts';
import { type Message, STREAM_HEADER } from './message.ts';
import { StreamReceiver, StreamSender } from './stream.ts';
import type { Traffic, TrafficOptions } from './traffic.ts';

export class Bulk implements Traffic {
  readonly roundTrips: readonly number[] = [];
  readonly #guest: GuestEnd;
  readonly #peer: PeerEnd;
  readonly #up: StreamSender | undefined;
  readonly #down: StreamSender | undefined;
  readonly #atPeer: StreamReceiver = new StreamReceiver();
  readonly #atGuest: StreamReceiver = new StreamReceiver();
  /** The sending process is ready to run. */
  #scheduled = false;

  constructor({ direction, bytes, frame }: Workload & { readonly kind: 'bulk' }, { guest, peer }: TrafficOptions) {
    this.#guest = guest;
    this.#peer = peer;
    const segment = Math.max(1, frame - STREAM_HEADER);
    this.#up = direction === 'down' ? undefined : new StreamSender(bytes, segment);
    this.#down = direction === 'up' ? undefined : new StreamSender(bytes, segment);
    guest.onMessage = (message) => this.#guestHears(message);
    guest.onRoom = () => this.#schedule();
    peer.onMessage = (message) => this.#peerHears(message);
  }

  get done(): boolean {
    return (this.#up?.done ?? true) && (this.#down?.done ?? true);
  }

  get failed(): string | undefined {
    return this.#atPeer.failed ?? this.#atGuest.failed;
  }

  start(): void {
    this.#schedule();
    this.#peerSends();
  }

  #guestHears(message: Message): void {
    if (message.kind === 'acknowledgement') {
      this.#up?.acknowledge(message);
      this.#schedule();
      return;
    }
    const answer = this.#atGuest.accept(message);
    if (answer !== undefined) this.#guest.send(answer);
  }

  #peerHears(message: Message): void {
    if (message.kind === 'acknowledgement') {
      this.#down?.acknowledge(message);
      this.#peerSends();
      return;
    }
    const answer = this.#atPeer.accept(message);
    if (answer !== undefined) this.#peer.send(answer);
  }

  #peerSends(): void {
    for (let message = this.#down?.next(); message !== undefined; message = this.#down?.next()) this.#peer.send(message);
  }

  #schedule(): void {
    if (this.#scheduled || this.#up === undefined || this.#up.done) return;
    this.#scheduled = true;
    this.#guest.process(() => this.#guestSends());
  }

  /** One segment a task, as long as the window and the ring have room. */
  #guestSends(): void {
    this.#scheduled = false;
    if (this.#guest.blocked) return;
    const message = this.#up?.next();
    if (message === undefined) return;
    this.#guest.send(message);
    this.#schedule();
  }
}
