/**
 * The receiving half of a connection [RFC 9293 §3.4, §3.8.6]: what is in the window, in which order it goes on, and how large a window
 * is announced. The window is the room that the host's socket has; its right edge never moves back.
 */
import { OutOfOrderQueue } from './out-of-order.ts';
import { advance, before, distance } from './sequence.ts';

/** A step of the window that is worth taking whatever the segment size. */
const LARGE_STEP = 16_384;

export class Receiver {
  /** RCV.NXT: the next byte that is expected. */
  nxt = 0;
  /** The first byte that was not allowed by any window announced so far. */
  #edge = 0;
  #shift = 0;
  #segmentSize = 536;
  readonly #outOfOrder = new OutOfOrderQueue();
  /** Where the guest's FIN stands. */
  #finAt: number | undefined = undefined;
  /** Data taken since the last acknowledgment, in bytes. */
  #unacknowledged = 0;

  /** The guest's SYN has come; `shift` is what our windows will be scaled by. */
  start(irs: number, segmentSize: number, shift: number): void {
    this.nxt = advance(irs, 1);
    this.#edge = this.nxt;
    this.#segmentSize = segmentSize;
    this.#shift = shift;
  }

  /** Bytes beyond a gap that are kept. */
  get outOfOrderBytes(): number {
    return this.#outOfOrder.bytes;
  }

  /** RCV.WND as the guest knows it. */
  get window(): number {
    return distance(this.nxt, this.#edge);
  }

  /** Whether some of the segment is in the window [RFC 9293 §3.10.7.4, first check]. `length` counts SYN and FIN. */
  acceptable(seq: number, length: number): boolean {
    const { window } = this;
    const start = distance(this.nxt, seq);
    if (window === 0) return start === 0; // a probe: its data is cut off, its acknowledgment counts
    return (start >= 0 && start < window) || (length > 0 && start < window && start + length > 0);
  }

  /**
   * Takes the part of the data that is in the window; what is in order goes to `deliver`, views valid during the call. Gives true when
   * the segment must be acknowledged at once: it left or filled a gap, or was not taken whole.
   */
  accept(seq: number, data: Uint8Array, fin: boolean, deliver: (bytes: Uint8Array) => void): boolean {
    let start = seq;
    let bytes = data;
    const behind = distance(seq, this.nxt);
    if (behind > 0) {
      bytes = bytes.subarray(Math.min(behind, bytes.length));
      start = this.nxt;
    }
    const room = distance(start, this.#edge);
    const whole = behind <= 0 && bytes.length <= room;
    if (bytes.length > room) bytes = bytes.subarray(0, Math.max(room, 0));
    if (fin && this.#finAt === undefined && data.length - Math.max(behind, 0) <= room) this.#finAt = advance(seq, data.length);
    if (this.#finAt !== undefined) bytes = bytes.subarray(0, Math.max(0, Math.min(bytes.length, distance(start, this.#finAt))));
    if (start !== this.nxt) {
      this.#outOfOrder.insert(start, bytes);
      return true;
    }
    const hadGap = this.#outOfOrder.pieces > 0;
    let next: Uint8Array | undefined = bytes;
    while (next !== undefined) {
      if (next.length > 0) {
        deliver(next);
        this.nxt = advance(this.nxt, next.length);
        this.#unacknowledged += next.length;
      }
      next = hadGap ? this.#outOfOrder.take(this.nxt) : undefined;
    }
    return hadGap || !whole;
  }

  /** Steps over the guest's FIN if all before it has come; true once. */
  takeFin(): boolean {
    if (this.#finAt !== this.nxt || this.#finAt === undefined) return false;
    this.nxt = advance(this.nxt, 1);
    if (before(this.#edge, this.nxt)) this.#edge = this.nxt;
    this.#finAt = undefined;
    this.#outOfOrder.clear();
    return true;
  }

  /** Whether two full segments or more wait for an acknowledgment [RFC 5681 §4.2]. */
  get acknowledgmentDue(): boolean {
    return this.#unacknowledged >= 2 * this.#segmentSize;
  }

  /** Whether a window for `room` bytes is so much larger that the guest is told of it unasked [RFC 9293 §3.8.6.2.2]. */
  worthTelling(room: number): boolean {
    return room - this.window >= Math.min(2 * this.#segmentSize, LARGE_STEP);
  }

  /** The window field of a segment that is sent now, when the host has room for `room` bytes. The segment acknowledges all so far. */
  announce(room: number, scaled = true): number {
    this.#unacknowledged = 0;
    const shift = scaled ? this.#shift : 0;
    let window = this.window;
    // Less than a segment more is not offered, so that the guest is not led into sending crumbs.
    if (room - window >= Math.min(this.#segmentSize, LARGE_STEP)) window = room;
    // Rounded up, so that the edge stays where it is; the host takes these few bytes more.
    const field = Math.min(Math.ceil(window / 2 ** shift), 0xffff);
    const edge = advance(this.nxt, field * 2 ** shift);
    if (before(this.#edge, edge)) this.#edge = edge;
    return field;
  }

  clear(): void {
    this.#outOfOrder.clear();
  }
}
