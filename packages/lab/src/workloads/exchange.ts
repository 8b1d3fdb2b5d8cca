/** Requests and answers, one after another. The guest asks, or the peer does and the guest sleeps in between. */
import type { GuestEnd, PeerEnd } from './ends.ts';
import type { Message } from './message.ts';
import type { Traffic, TrafficOptions } from './traffic.ts';

export interface ExchangeOptions {
  readonly asks: 'guest' | 'peer';
  readonly count: number;
  /** Payload of each, in bytes. */
  readonly size: number;
  /** From one request of the peer to its next at least, in virtual ns. */
  readonly interval: number;
}

export class Exchange implements Traffic {
  readonly roundTrips: number[] = [];
  failed: string | undefined = undefined;
  readonly #exchange: ExchangeOptions;
  readonly #options: TrafficOptions;
  readonly #guest: GuestEnd;
  readonly #peer: PeerEnd;
  #asked = 0;
  #askedAt = 0;

  constructor(exchange: ExchangeOptions, options: TrafficOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#guest = options.guest;
    this.#peer = options.peer;
    this.#guest.onMessage = (message) => this.#hears(this.#guest, message);
    this.#peer.onMessage = (message) => this.#hears(this.#peer, message);
  }

  get done(): boolean {
    return this.roundTrips.length === this.#exchange.count;
  }

  start(): void {
    this.#askSoon();
  }

  #askSoon(): void {
    const { asks, interval } = this.#exchange;
    const { simulation } = this.#options.board;
    if (asks === 'guest') this.#guest.process(() => this.#ask(this.#guest));
    else if (this.#asked === 0) this.#ask(this.#peer);
    else simulation.schedule(this.#askedAt + interval, () => this.#ask(this.#peer));
  }

  #ask(end: GuestEnd | PeerEnd): void {
    this.#askedAt = this.#options.board.simulation.now;
    end.send({ kind: 'request', number: this.#asked++, payload: this.#exchange.size, last: this.#asked === this.#exchange.count });
  }

  #hears(end: GuestEnd | PeerEnd, message: Message): void {
    if (message.number !== this.#asked - 1) {
      this.failed = `${message.kind} ${message.number} came where ${this.#asked - 1} was due`;
      return;
    }
    if (message.kind === 'request') {
      end.send({ ...message, kind: 'answer' });
      return;
    }
    this.roundTrips.push(this.#options.board.simulation.now - this.#askedAt);
    if (!this.done) this.#askSoon();
  }
}
