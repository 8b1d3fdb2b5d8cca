/**
 * A stream in one direction, as TCP would carry it over a network that loses nothing: segments within a window, every second one acknowledged,
 * and the last. What arrives must be the next segment.
 */
import type { Message } from './message.ts';

/** Bytes in flight at most. */
const WINDOW = 256 * 1024;
const MIN_WINDOW_SEGMENTS = 4;

export class StreamSender {
  readonly #bytes: number;
  readonly #segment: number;
  readonly #segments: number;
  readonly #window: number;
  #sent = 0;
  #acknowledged = 0;

  /** @param segment payload of a full segment, in bytes. */
  constructor(bytes: number, segment: number) {
    this.#bytes = bytes;
    this.#segment = segment;
    this.#segments = Math.ceil(bytes / segment);
    this.#window = Math.max(MIN_WINDOW_SEGMENTS, Math.floor(WINDOW / segment));
  }

  get done(): boolean {
    return this.#acknowledged === this.#segments;
  }

  /** The next segment, if the window lets it go. */
  next(): Message | undefined {
    if (this.#sent === this.#segments || this.#sent - this.#acknowledged >= this.#window) return undefined;
    const number = this.#sent++;
    const payload = Math.min(this.#segment, this.#bytes - number * this.#segment);
    return { kind: 'data', number, payload, last: this.#sent === this.#segments };
  }

  acknowledge({ number }: Message): void {
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(number, this.#sent));
  }
}

export class StreamReceiver {
  /** What went wrong. */
  failed: string | undefined = undefined;
  #arrived = 0;
  #told = 0;

  /** The acknowledgement that this segment causes, if it does. */
  accept({ number, last }: Message): Message | undefined {
    if (number !== this.#arrived) {
      this.failed = `segment ${number} came where ${this.#arrived} was due`;
      return undefined;
    }
    this.#arrived++;
    if (!last && this.#arrived - this.#told < 2) return undefined;
    this.#told = this.#arrived;
    return { kind: 'acknowledgement', number: this.#arrived, payload: 0, last };
  }
}
