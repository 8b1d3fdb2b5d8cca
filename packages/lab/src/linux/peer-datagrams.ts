/**
 * The peer's UDP services: one that sends and takes datagrams as fast as the wire goes, one that answers each with the same bytes. A datagram
 * of data begins with its place in the sequence, 32 bits, and has the pattern from that place on behind it; higher numbers are words
 * between guest and peer. [guests/linux/lab/datagrams.c]
 */
import type { HostUdpEvents, HostUdpSocket, SocketAddress } from '@paravirt/net-backend';
import { isPiece, piece } from './pattern.ts';

export const PACKETS_PORT = 5002;
export const ANSWERS_PORT = 5003;

const CONTROL = 0xffff_ff00;
const HELLO = CONTROL;
const GO = CONTROL + 1;
const ALL = CONTROL + 2;
const GO_SIZE = 16;
/** Largest payload of UDP over IPv4. */
const SIZE_MAX = 65_507;

export interface DatagramServiceOptions {
  readonly events: HostUdpEvents;
  /** Runs something soon, not within the call. */
  readonly defer: (run: () => void) => void;
  /** Whether the wire takes one more; if not, `more` is called when it does. */
  readonly hasRoom: () => boolean;
}

export class DatagramService implements HostUdpSocket {
  readonly #options: DatagramServiceOptions;
  #open = true;
  #address: SocketAddress | undefined = undefined;
  /** Datagrams to send, of so many bytes; to be received; and how many went and came, those that came wrong apart. */
  #down = 0;
  #size = 4;
  #up = 0;
  #sent = 0;
  #received = 0;

  constructor(options: DatagramServiceOptions) {
    this.#options = options;
  }

  send(bytes: Uint8Array, to: SocketAddress): void {
    if (bytes.length < 4) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const word = view.getUint32(0, true);
    if (word === HELLO || to.port === ANSWERS_PORT) {
      const copy = bytes.slice();
      this.#later(() => this.#options.events.onMessage(copy, to));
    } else if (to.port !== PACKETS_PORT) return;
    else if (word === GO && bytes.length === GO_SIZE) {
      this.#down = view.getUint32(4, true);
      this.#up = view.getUint32(8, true);
      this.#size = Math.min(SIZE_MAX, Math.max(4, view.getUint32(12, true)));
      this.#sent = 0;
      this.#received = 0;
      this.#address = to;
      this.#later(() => this.more());
    } else if (word < CONTROL && bytes.length === this.#size && isPiece(bytes.subarray(4), word)) {
      this.#received++;
      if (this.#received === this.#up) this.#later(() => this.#tell(to));
    }
  }

  close(): void {
    this.#open = false;
  }

  /** Sends what the wire takes. */
  more(): void {
    const { events, hasRoom } = this.#options;
    const from = this.#address;
    while (this.#open && from !== undefined && this.#sent < this.#down && hasRoom()) {
      const datagram = new Uint8Array(this.#size);
      new DataView(datagram.buffer).setUint32(0, this.#sent, true);
      datagram.set(piece(this.#sent, this.#size - 4), 4);
      this.#sent++;
      events.onMessage(datagram, from);
    }
  }

  #tell(to: SocketAddress): void {
    const answer = new Uint8Array(8);
    new DataView(answer.buffer).setUint32(0, ALL, true);
    new DataView(answer.buffer).setUint32(4, this.#received, true);
    this.#options.events.onMessage(answer, to);
  }

  #later(run: () => void): void {
    this.#options.defer(() => {
      if (this.#open) run();
    });
  }
}
