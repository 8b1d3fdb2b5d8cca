/** The two who talk over one card: the guest's stack and application above its driver, and the peer at the other end of the cable. */
import type { Board, Cable } from '../cards/board.ts';
import type { Nic } from '../cards/nic.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';

/** What both ends have. A message that is not as it was sent ends the run. */
abstract class End {
  onMessage: ((message: Message) => void) | undefined = undefined;
  /** Why what came cannot have been sent. */
  failed: string | undefined = undefined;
  /** Payload and messages that came. */
  payload = 0;
  messages = 0;
  protected readonly mac: Uint8Array;

  constructor(mac: Uint8Array) {
    this.mac = mac;
  }

  protected take(frame: Uint8Array): void {
    const message = decodeMessage(frame);
    if (message === undefined) {
      this.failed = 'a frame was changed on its way';
      return;
    }
    this.messages++;
    this.payload += message.payload;
    this.onMessage?.(message);
  }
}

/** Everything here happens within tasks of the guest's processor. */
export class GuestEnd extends End {
  /** Nothing waits for room in the ring any more. */
  onRoom: (() => void) | undefined = undefined;
  readonly #board: Board;
  readonly #nic: Nic;
  /** Frames that found the ring full: acknowledgements and answers; applications wait. */
  readonly #waiting: Uint8Array[] = [];
  #blocked = false;

  constructor(board: Board, nic: Nic, mac: Uint8Array) {
    super(mac);
    this.#board = board;
    this.#nic = nic;
    nic.onFrame = (frame) => {
      this.#pay(frame.length);
      this.take(frame);
    };
    nic.onRoom = () => this.process(() => this.#room());
  }

  /** The transmit ring was full when something was last sent: applications wait. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** A process becomes ready. */
  process(run: () => void): void {
    this.#board.vcpu.post(run);
  }

  send(message: Message): void {
    const frame = encodeMessage(message, this.mac, 'up');
    this.#pay(frame.length);
    if (this.#blocked || !this.#nic.send(frame)) {
      this.#blocked = true;
      this.#waiting.push(frame);
    }
  }

  #room(): void {
    this.#blocked = false;
    for (let frame = this.#waiting[0]; frame !== undefined; frame = this.#waiting[0]) {
      if (!this.#nic.send(frame)) {
        this.#blocked = true;
        return;
      }
      this.#waiting.shift();
    }
    this.onRoom?.();
  }

  #pay(length: number): void {
    const { guestFrame, guestByte } = this.#board.options.profile;
    this.#board.simulation.charge(guestFrame + length * guestByte, 'guest');
  }
}

/** Answers in no time: what is measured is the guest's side. */
export class PeerEnd extends End {
  readonly #cable: Cable;

  constructor(cable: Cable, mac: Uint8Array) {
    super(mac);
    this.#cable = cable;
    cable.wire.onArrival.up = (frame) => this.take(frame);
  }

  /** Frames that have arrived and wait before the card. */
  get backlog(): number {
    return this.#cable.host.backlog;
  }

  /** When the wire to the card is free. */
  get wireFreeAt(): number {
    return this.#cable.wire.freeAt('down');
  }

  send(message: Message): void {
    this.#cable.wire.send('down', encodeMessage(message, this.mac, 'down'));
  }
}
