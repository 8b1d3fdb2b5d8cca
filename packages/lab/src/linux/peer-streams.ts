/**
 * The peer's TCP service. The guest says in eight bytes how many it wants and how many it sends; the peer sends pieces of the pattern,
 * checks those that come, and when it has all of them it says so behind its own: their number, and 1 if they were right.
 * [guests/linux/lab/stream.c]
 */
import type { HostTcpEvents, HostTcpSocket } from '@paravirt/net-backend';
import { isPiece, PIECE_MAX, piece } from './pattern.ts';

const REQUEST = 8;

/** A connection of the guest, as the network's socket to a server. */
export class StreamService implements HostTcpSocket {
  /** Everything is taken at once. */
  readonly bufferedAmount = 0;
  readonly #events: HostTcpEvents;
  readonly #defer: (run: () => void) => void;
  readonly #request = new Uint8Array(REQUEST);
  #requested = 0;
  /** Bytes to send and to be received; both known with the request. */
  #down = 0;
  #up = 0;
  #sent = 0;
  #received = 0;
  #right = true;
  #answered = false;
  #flowing = false;
  #ended = false;
  #closed = false;

  /** @param defer Runs something soon, not within the call. */
  constructor(events: HostTcpEvents, defer: (run: () => void) => void) {
    this.#events = events;
    this.#defer = (run) =>
      defer(() => {
        if (!this.#closed) run();
      });
    this.#defer(() => events.onConnect());
  }

  /** Bytes of the guest's that came, right or not. */
  get received(): number {
    return this.#received;
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.#requested < REQUEST) this.#request[this.#requested++] = bytes[at++] as number;
    if (this.#requested < REQUEST) return;
    const request = new DataView(this.#request.buffer);
    this.#down = request.getUint32(0, true);
    this.#up = request.getUint32(4, true);
    while (at < bytes.length) {
      const part = bytes.subarray(at, at + PIECE_MAX);
      this.#right &&= isPiece(part, this.#received);
      this.#received += part.length;
      at += part.length;
    }
    this.#defer(() => this.#flow());
  }

  end(): void {
    this.#ended = true;
    this.#defer(() => {
      this.#events.onEnd();
      this.#closed = true;
      this.#events.onClose();
    });
  }

  pause(): void {
    this.#flowing = false;
  }

  resume(): void {
    this.#flowing = true;
    this.#defer(() => this.#flow());
  }

  reset(): void {
    this.#closed = true;
  }

  #flow(): void {
    while (this.#flowing && !this.#ended && this.#sent < this.#down) {
      const part = piece(this.#sent, Math.min(PIECE_MAX, this.#down - this.#sent));
      this.#sent += part.length;
      this.#events.onData(part);
    }
    const complete = this.#up > 0 && this.#received >= this.#up && this.#sent === this.#down;
    if (!this.#flowing || this.#ended || this.#answered || !complete) return;
    this.#answered = true;
    const answer = new Uint8Array(8);
    new DataView(answer.buffer).setUint32(0, this.#received, true);
    new DataView(answer.buffer).setUint32(4, this.#right ? 1 : 0, true);
    this.#events.onData(answer);
  }
}
