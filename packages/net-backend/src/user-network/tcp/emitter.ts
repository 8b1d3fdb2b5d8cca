/**
 * What a connection says, as segments: the SYN with its options, data, acknowledgments, and the window in all of them. It knows what is
 * still to be said when the card takes nothing.
 */
import { Deadline, MILLISECOND, nowNs } from '../deadline.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { Receiver } from './receiver.ts';
import { ACK, FIN, MAX_WINDOW_SHIFT, PSH, SYN } from './segment.ts';
import type { Endpoints } from './segment-output.ts';
import type { Sender } from './sender.ts';

/** How long a lone segment waits for company before it is acknowledged; below the 500 ms of [RFC 9293 §3.8.6.3]. */
const DELAYED_ACK = 40 * MILLISECOND;
/** Segments that one connection sends before the next has its turn. */
const TURN = 16;

export interface EmitterOptions {
  readonly context: ConnectionContext;
  readonly ends: Endpoints;
  readonly sender: Sender;
  readonly receiver: Receiver;
  /** Bytes that the host's socket has not taken. */
  readonly waiting: () => number;
  /** The acknowledgment that was put off is due. */
  readonly onDelayedAck: () => void;
}

export class Emitter {
  readonly #options: EmitterOptions;
  readonly #delayedAck: Deadline;
  readonly #windowShift: number;
  /** Whether windows are scaled: both sides must have said so [RFC 7323 §2.2]. */
  #scaling = false;
  /** A SYN or SYN-ACK is to be sent. */
  synPending = false;
  /** An acknowledgment is to be sent, with data or without. */
  ackPending = false;

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#delayedAck = new Deadline(options.context.clock, options.onDelayedAck);
    let shift = 0;
    while (shift < MAX_WINDOW_SHIFT && options.context.receiveLimit >> shift > 0xffff) shift++;
    this.#windowShift = shift;
  }

  /** Says whether the option goes into our SYN; what our windows are scaled by then. */
  scale(scaling: boolean): number {
    this.#scaling = scaling;
    return scaling ? this.#windowShift : 0;
  }

  /** Room that the host has: the window to announce. */
  get room(): number {
    const { context, waiting } = this.#options;
    const limit = this.#scaling ? context.receiveLimit : Math.min(context.receiveLimit, 0xffff);
    return Math.max(0, limit - waiting());
  }

  /** Puts an acknowledgment off, in the hope that it goes with something else. */
  acknowledgeLater(): void {
    if (!this.#delayedAck.armed) this.#delayedAck.set(nowNs(this.#options.context.clock) + DELAYED_ACK);
  }

  cancel(): void {
    this.#delayedAck.cancel();
  }

  /** Sends the SYN, or with `answer` the SYN-ACK; false: the card refused it. */
  sendSyn(mac: number, answer: boolean): boolean {
    const { context, ends, sender, receiver } = this.#options;
    const fields = {
      seq: sender.una,
      ack: answer ? receiver.nxt : 0,
      flags: answer ? SYN | ACK : SYN,
      window: answer ? receiver.announce(this.room, false) : Math.min(this.room, 0xffff),
    };
    this.synPending = false;
    if (context.output.sendSyn(ends, mac, fields, { mss: context.mss, windowShift: this.#scaling ? this.#windowShift : undefined })) {
      return true;
    }
    this.synPending = true;
    return false;
  }

  /** Sends what may be sent, at most a turn of it, while `open` says so: the guest may answer a segment with RST at once. */
  sendData(mac: number, open: () => boolean): 'done' | 'more' | 'refused' {
    const { context, sender } = this.#options;
    const limit = context.output.maxPayload(sender.mss);
    for (let turn = 0; turn < TURN; turn++) {
      const length = sender.sendable(limit);
      if (length < 0) return this.ackPending && !this.#emit(mac, sender.bareSeq, ACK, 0, 0) ? 'refused' : 'done';
      const fin = sender.endsWith(length);
      const push = length > 0 && sender.offset + length === sender.buffer.length;
      const { nxt, offset } = sender;
      // The answer may come while the frame is delivered, so it counts as sent before.
      sender.sent(length, fin, nowNs(context.clock));
      if (!this.#emit(mac, nxt, ACK | (fin ? FIN : 0) | (push ? PSH : 0), offset, length)) {
        sender.takeBack();
        return 'refused';
      }
      if (!open()) return 'done';
    }
    return 'more';
  }

  /** Sends at most `limit` bytes again at SND.UNA, or tries a closed window with them; false: the card refused it. */
  resend(mac: number, limit: number): boolean {
    const { sender } = this.#options;
    const length = sender.resendable(limit);
    const fin = sender.endsFromUna(length);
    if (length === 0 && !fin) return true;
    const { una } = sender;
    sender.resent(length, fin);
    if (this.#emit(mac, una, ACK | (fin ? FIN : 0) | (length > 0 ? PSH : 0), 0, length)) return true;
    sender.takeBack();
    return false;
  }

  #emit(mac: number, seq: number, flags: number, offset: number, length: number): boolean {
    const { context, ends, sender, receiver } = this.#options;
    const fields = { seq, ack: receiver.nxt, flags, window: receiver.announce(this.room) };
    this.ackPending = false;
    this.#delayedAck.clear();
    if (context.output.send(ends, mac, fields, sender.buffer, offset, length, sender.mss)) return true;
    this.ackPending = true; // the window was announced to nobody, so it goes with the next try
    return false;
  }
}
