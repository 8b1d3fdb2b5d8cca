/**
 * The sending half of a connection [RFC 9293 §3.4, §3.8]: what was sent, what is acknowledged, what may be sent now, and what is sent
 * again. It decides; the connection does. The cable itself loses nothing, so there is no congestion window in the steady state; after a
 * time-out one grows from a single segment until all that was under way is acknowledged [RFC 5681 §3.1], and three duplicate
 * acknowledgments have one segment sent again, and the next with each partial acknowledgment [RFC 6582 §3.2].
 */
import { RetransmissionTimeout } from './retransmission.ts';
import { SendBuffer } from './send-buffer.ts';
import { advance, before, distance } from './sequence.ts';

/** What an acknowledgment was. `future`: of something never sent. */
export type AckResult = 'progress' | 'nothing' | 'old' | 'future';

export class Sender {
  readonly buffer: SendBuffer = new SendBuffer();
  readonly timeout: RetransmissionTimeout = new RetransmissionTimeout();
  /** SND.UNA, SND.NXT. */
  una = 0;
  nxt = 0;
  /** The highest number ever sent; beyond SND.NXT after a time-out or a probe. */
  max = 0;
  /** SND.WND, scaled. */
  window = 0;
  /** Eff.snd.MSS: bytes of data in a segment. */
  mss = 536;
  /** What the guest's windows are scaled by. */
  windowShift = 0;
  #largestWindow = 0;
  #wl1 = 0;
  #wl2 = 0;
  /** Sequence number of the buffer's first byte. */
  #base = 0;
  #finQueued = false;
  #finAcknowledged = false;
  #duplicates = 0;
  /** While data is recovered: the end of what was under way when the loss was seen. */
  #recover: number | undefined = undefined;
  /** The congestion window after a time-out, in bytes. */
  #congestion: number | undefined = undefined;
  /** The segment at SND.UNA is to be sent again. */
  retransmit = false;
  /** For `takeBack`. */
  #before = { una: 0, nxt: 0, max: 0, retransmit: false };

  /** Begins with the SYN, which counts as sent. */
  start(iss: number): void {
    this.una = iss;
    this.nxt = advance(iss, 1);
    this.max = this.nxt;
    this.#base = this.nxt;
  }

  /** The guest acknowledged the SYN, or its own SYN brought the first window. */
  synchronize(seq: number, ack: number, window: number): void {
    this.una = ack;
    this.#setWindow(seq, ack, window);
    this.timeout.progress();
  }

  /** No more data after what is buffered. */
  queueFin(): void {
    this.#finQueued = true;
  }

  get finQueued(): boolean {
    return this.#finQueued;
  }

  /** The guest has all data and the FIN. */
  get finAcknowledged(): boolean {
    return this.#finAcknowledged;
  }

  get inFlight(): boolean {
    return this.max !== this.una;
  }

  /** Data or a FIN that was not sent yet. */
  get hasUnsent(): boolean {
    const unsent = this.#unsent;
    return unsent > 0 || (unsent === 0 && this.#finQueued);
  }

  /** Bytes that were not sent yet; -1 when the FIN was, too. */
  get #unsent(): number {
    return this.buffer.length - distance(this.#base, this.nxt);
  }

  /**
   * The number of a segment without data: past all that was sent, since the guest ignores what lies behind it. A probe of a closed window
   * does not count; beyond such a window nothing is heard.
   */
  get bareSeq(): number {
    return this.window === 0 ? this.nxt : this.max;
  }

  /** Offset in the buffer of SND.NXT. */
  get offset(): number {
    return distance(this.#base, this.nxt);
  }

  /**
   * How many bytes may be sent at SND.NXT now, at most `limit`; -1: nothing. 0 means a FIN alone. Small segments wait while the window,
   * not the data, makes them small [RFC 9293 §3.8.6.2.1].
   */
  sendable(limit: number): number {
    const unsent = this.#unsent;
    if (unsent < 0) return -1;
    const underWay = distance(this.una, this.nxt);
    const allowed = this.#congestion === undefined ? this.window : Math.min(this.window, this.#congestion);
    const room = allowed - underWay;
    let length = Math.min(unsent, room, limit);
    if (length <= 0) return unsent === 0 && this.#finQueued && room > 0 ? 0 : -1;
    if (length < unsent) {
      if (length < this.mss && length < this.#largestWindow / 2) return -1;
      if (length > this.mss) length -= length % this.mss;
    }
    return length;
  }

  /** Whether the FIN goes with a segment that carries `length` bytes at SND.NXT. */
  endsWith(length: number): boolean {
    return this.#finQueued && length === this.#unsent && this.window > distance(this.una, this.nxt) + length;
  }

  /** A segment goes out at SND.NXT. */
  sent(length: number, fin: boolean, now: number): void {
    this.#remember();
    const end = advance(this.nxt, length + (fin ? 1 : 0));
    if (this.nxt === this.max) this.timeout.sent(end, now);
    this.nxt = end;
    if (before(this.max, end)) this.max = end;
  }

  /** What is sent at SND.UNA to try a closed window, or again after a loss: bytes, 0 for a FIN alone. At least one of both is there. */
  resendable(limit: number): number {
    return Math.min(this.buffer.length, limit);
  }

  /** A segment goes out at SND.UNA. */
  resent(length: number, fin: boolean): void {
    this.#remember();
    const end = advance(this.una, length + (fin ? 1 : 0));
    if (before(this.max, end)) this.max = end;
    // With a window the byte is sent for good; without one it is a probe, and sent again when there is one.
    if (before(this.nxt, end) && (this.window > 0 || fin)) this.nxt = end;
    this.timeout.retransmitted();
    this.retransmit = false;
  }

  /** The last segment did not go out after all. */
  takeBack(): void {
    if (this.una !== this.#before.una) return; // it did: it was acknowledged
    this.nxt = this.#before.nxt;
    this.max = this.#before.max;
    this.retransmit = this.#before.retransmit;
    this.timeout.retransmitted();
  }

  #remember(): void {
    const { una, nxt, max, retransmit } = this;
    this.#before = { una, nxt, max, retransmit };
  }

  /** Whether a FIN goes with `length` bytes at SND.UNA: all of them are there, and it was sent before or nothing else is left. */
  endsFromUna(length: number): boolean {
    return this.#finQueued && length === this.buffer.length;
  }

  /** The timer expired with data under way: all of it is sent again, slowly. */
  expire(): void {
    this.timeout.backOff();
    this.#recover = this.max;
    this.#congestion = this.mss;
    this.#duplicates = 0;
    this.retransmit = false;
    this.nxt = this.una;
  }

  /** An acknowledgment with its window, not scaled; `bare`: the segment has no data and no FIN. */
  acknowledge(seq: number, ack: number, field: number, bare: boolean, now: number): AckResult {
    if (before(this.max, ack)) return 'future';
    if (before(ack, this.una)) return 'old';
    const window = field * 2 ** this.windowShift;
    const duplicate = bare && ack === this.una && window === this.window && this.inFlight && window > 0;
    if (before(this.#wl1, seq) || (this.#wl1 === seq && !before(ack, this.#wl2))) {
      if (this.window === 0 && window > 0) this.timeout.progress();
      this.#setWindow(seq, ack, window);
    }
    if (ack !== this.una) {
      this.#progress(ack, now);
      return 'progress';
    }
    if (duplicate && ++this.#duplicates === 3 && this.#recover === undefined) {
      this.#recover = this.max;
      this.retransmit = true;
    }
    return 'nothing';
  }

  #progress(ack: number, now: number): void {
    const bytes = distance(this.una, ack);
    const data = Math.min(distance(this.#base, ack), this.buffer.length);
    if (this.#finQueued && distance(this.#base, ack) > this.buffer.length) this.#finAcknowledged = true;
    this.buffer.consume(data);
    this.#base = advance(this.#base, data);
    this.una = ack;
    if (before(this.nxt, ack)) this.nxt = ack;
    this.#duplicates = 0;
    const { timed } = this.timeout;
    if (timed !== undefined && !before(ack, timed)) this.timeout.sample(now);
    this.timeout.progress();
    if (this.#recover === undefined) return;
    if (!before(ack, this.#recover)) {
      this.#recover = undefined;
      this.#congestion = undefined;
    } else if (this.#congestion === undefined) this.retransmit = true;
    else this.#congestion += bytes;
  }

  #setWindow(seq: number, ack: number, window: number): void {
    this.window = window;
    this.#largestWindow = Math.max(this.#largestWindow, window);
    this.#wl1 = seq;
    this.#wl2 = ack;
  }
}
