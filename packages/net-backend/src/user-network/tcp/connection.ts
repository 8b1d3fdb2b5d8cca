/**
 * One TCP connection between the guest and a socket of the host: the state machine of [RFC 9293 §3.3.2] with the arrival rules of
 * §3.10.7.4 in their order, including the defences of [RFC 5961]. What the guest sends goes to the socket, what the socket gives goes to
 * the guest; neither side is read faster than the other takes.
 */
import { Deadline, MILLISECOND, nowNs, SECOND } from '../deadline.ts';
import type { HostTcpEvents, HostTcpFailure, HostTcpSocket } from '../host-network.ts';
import type { ConnectionContext } from './connection-context.ts';
import { Receiver } from './receiver.ts';
import { ACK, FIN, MAX_WINDOW_SHIFT, PSH, RST, type Segment, SYN } from './segment.ts';
import type { Endpoints } from './segment-output.ts';
import { Sender } from './sender.ts';
import { advance, before, distance } from './sequence.ts';
import { nextState, type TcpState } from './state.ts';

/** Smallest MSS that is believed; less would make 1460 headers of one segment. Linux has such a floor for the same reason. */
const MIN_MSS = 64;
/** What a SYN without the option means [RFC 9293 §3.7.1]. */
const DEFAULT_MSS = 536;
const DELAYED_ACK = 40 * MILLISECOND;
/** 2 MSL; the cable keeps nothing for 30 s. */
const TIME_WAIT = 60 * SECOND;
/** Time-outs without any sign of the guest before a connection is given up: a minute for a SYN, four for data [RFC 9293 §3.8.3]. */
const MAX_SYN_TIMEOUTS = 6;
const MAX_TIMEOUTS = 9;
/** Segments that one connection sends before the next has its turn. */
const TURN = 16;

export class Connection implements HostTcpEvents {
  readonly ends: Endpoints;
  state: TcpState;
  /** Set by the stack: already in its list of those that have something to send. */
  queued = false;
  readonly #context: ConnectionContext;
  readonly #sender = new Sender();
  readonly #receiver = new Receiver();
  readonly #retransmission: Deadline;
  readonly #delayedAck: Deadline;
  readonly #deliver = (bytes: Uint8Array): void => this.#socket?.write(bytes);
  #socket: HostTcpSocket | undefined = undefined;
  #paused = true;
  #timeouts = 0;
  #irs = 0;
  #windowShift = 0;
  #scaling = false;
  #synPending = false;
  #ackNow = false;

  constructor(context: ConnectionContext, ends: Endpoints, iss: number, state: 'CONNECTING' | 'SYN-SENT') {
    this.#context = context;
    this.ends = ends;
    this.state = state;
    this.#sender.start(iss);
    this.#sender.mss = Math.min(DEFAULT_MSS, context.mss);
    this.#retransmission = new Deadline(context.clock, () => this.#onTimeout());
    this.#delayedAck = new Deadline(context.clock, () => {
      this.#acknowledge();
      context.flush();
    });
    while (this.#windowShift < MAX_WINDOW_SHIFT && context.receiveLimit >> this.#windowShift > 0xffff) this.#windowShift++;
  }

  /** The socket of the host that it is joined with; given once. */
  attach(socket: HostTcpSocket): void {
    this.#socket = socket;
  }

  /** A SYN of the guest began it: CONNECTING. The answer waits for `onConnect`. */
  openPassive(segment: Segment): void {
    this.#takeSyn(segment);
  }

  /** A client of the host began it: SYN-SENT. */
  openActive(): void {
    this.#scaling = true;
    this.#synPending = true;
    this.#context.ready(this);
  }

  // What the host says.

  onConnect(): void {
    if (this.state !== 'CONNECTING') return;
    this.state = nextState(this.state, 'host-connected');
    this.#synPending = true;
    this.#wake();
  }

  onData(bytes: Uint8Array): void {
    if (this.state === 'CLOSED' || this.state === 'TIME-WAIT' || this.#sender.finQueued) return;
    this.#sender.buffer.push(bytes);
    if (this.#sender.buffer.length >= this.#context.sendLimit()) this.#pause();
    this.#wake();
  }

  onEnd(): void {
    if (this.#sender.finQueued || this.state === 'CLOSED') return;
    this.#sender.queueFin();
    this.state = nextState(this.state, 'host-ended');
    this.#wake();
  }

  onWritten(): void {
    if (this.#receives && this.#receiver.worthTelling(this.#room)) {
      this.#acknowledge();
      this.#context.flush();
    }
  }

  onClose(failure?: HostTcpFailure): void {
    this.#socket = undefined;
    if (this.state === 'CLOSED' || this.state === 'TIME-WAIT') return;
    const guestEnded = this.state === 'LAST-ACK' || this.state === 'CLOSING';
    if (failure === undefined && guestEnded) return; // all was said in order; the rest is between us and the guest
    if (this.state === 'CONNECTING' && failure === 'unreachable' && this.#context.unreachable(this)) this.#close();
    else this.abort();
    this.#context.flush();
  }

  // What the guest says.

  /** A segment of this connection [RFC 9293 §3.10.7]. */
  input(segment: Segment): void {
    this.#timeouts = 0;
    switch (this.state) {
      case 'CLOSED':
        return;
      case 'CONNECTING':
        // Only the SYN again, or the guest has lost interest; RST acknowledges nothing here, so its number tells.
        if ((segment.flags & RST) !== 0 && distance(segment.seq, this.#receiver.nxt) >>> 0 <= 1) this.#close();
        return;
      case 'SYN-SENT':
        this.#inputSynSent(segment);
        return;
      default:
        this.#inputSynchronized(segment);
    }
  }

  /** [RFC 9293 §3.10.7.3] */
  #inputSynSent(segment: Segment): void {
    const { flags, ack } = segment;
    const acknowledges = (flags & ACK) !== 0;
    const acceptable = acknowledges && ack === this.#sender.nxt;
    if (acknowledges && !acceptable) {
      this.#refuse(segment);
      return;
    }
    if ((flags & RST) !== 0) {
      if (acceptable) this.#close();
      return;
    }
    if ((flags & SYN) === 0) return;
    this.#takeSyn(segment);
    if (acceptable) {
      this.#sender.synchronize(segment.seq, ack, segment.window);
      this.#synPending = false;
      this.#establish();
      this.#acknowledge();
    } else {
      this.state = nextState(this.state, 'syn');
      this.#synPending = true;
    }
    this.#context.ready(this);
  }

  /** [RFC 9293 §3.10.7.4] */
  #inputSynchronized(segment: Segment): void {
    const { seq, flags, data } = segment;
    const receiver = this.#receiver;
    // First, the sequence number.
    const length = data.length + (flags & FIN) + ((flags & SYN) >>> 1);
    if (!receiver.acceptable(seq, length)) {
      if ((flags & RST) !== 0) return;
      if (this.state === 'SYN-RECEIVED' && (flags & SYN) !== 0 && seq === this.#irs) {
        // The SYN again: so is the answer. With an ACK it is the other half of a simultaneous open [RFC 9293 §3.5, Figure 7].
        if ((flags & ACK) !== 0) this.#inputAck(segment);
        else this.#synPending = true;
        this.#acknowledge();
      } else if (this.state === 'TIME-WAIT') {
        this.#startTimeWait();
        this.#acknowledge();
      } else this.#acknowledge();
      return;
    }
    // Second, RST: exactly the next number, or it is challenged [RFC 5961 §3.2].
    if ((flags & RST) !== 0) {
      if (seq === receiver.nxt) this.#close();
      else this.#acknowledge();
      return;
    }
    // Fourth, SYN: challenged [RFC 5961 §4.2].
    if ((flags & SYN) !== 0) {
      this.#acknowledge();
      return;
    }
    // Fifth, ACK.
    if ((flags & ACK) === 0) return;
    if (!this.#inputAck(segment)) return;
    // Seventh and eighth, data and FIN. A window of 0 lets nothing in.
    if (receiver.window === 0 && length > 0 && !this.#finOnly(segment)) {
      this.#acknowledge();
      return;
    }
    if (length > 0 && this.#receives) this.#inputData(segment);
    else if (length > 0) this.#acknowledge();
  }

  /** A FIN without data takes no room of the host, so a closed window does not stop it. */
  #finOnly(segment: Segment): boolean {
    return segment.data.length === 0 && segment.seq === this.#receiver.nxt;
  }

  /** False: the segment is done with. */
  #inputAck(segment: Segment): boolean {
    const { seq, ack, flags, data } = segment;
    const sender = this.#sender;
    const now = nowNs(this.#context.clock);
    if (this.state === 'SYN-RECEIVED') {
      if (ack !== advance(sender.una, 1)) {
        this.#refuse(segment);
        return false;
      }
      sender.synchronize(seq, ack, segment.window * 2 ** sender.windowShift);
      this.#synPending = false;
      this.#establish();
      return true;
    }
    const result = sender.acknowledge(seq, ack, segment.window, data.length === 0 && (flags & FIN) === 0, now);
    if (result === 'future' || (result === 'old' && distance(ack, sender.una) > 0x4000_0000)) {
      this.#acknowledge();
      return false;
    }
    if (result === 'progress') {
      this.#retransmission.clear();
      if (this.#paused && sender.buffer.length <= this.#context.sendLimit() / 2) this.#resume();
      if (sender.finAcknowledged) {
        this.#enter(nextState(this.state, 'fin-acknowledged'));
        if (this.#isClosed()) return false;
      }
    }
    if (sender.hasUnsent || sender.retransmit || sender.inFlight) this.#context.ready(this);
    return true;
  }

  #inputData(segment: Segment): void {
    const { seq, flags, data } = segment;
    const receiver = this.#receiver;
    const atOnce = receiver.accept(seq, data, (flags & FIN) !== 0, this.#deliver);
    if (receiver.takeFin()) {
      this.#socket?.end();
      this.#enter(nextState(this.state, 'fin'));
      this.#acknowledge();
    } else if (atOnce || receiver.acknowledgmentDue || (flags & PSH) !== 0) this.#acknowledge();
    else if (!this.#delayedAck.armed) this.#delayedAck.set(nowNs(this.#context.clock) + DELAYED_ACK);
  }

  // What is sent.

  /** Sends what may be sent. `refused`: the card takes no more; `more`: others have their turn, then this one again. */
  send(): 'done' | 'more' | 'refused' {
    if (this.state === 'CLOSED' || this.state === 'CONNECTING') return 'done';
    const mac = this.#context.resolve(this.ends.guest);
    if (mac === undefined) {
      this.#arm();
      return 'done';
    }
    if (this.#synPending && !this.#sendSyn(mac)) return 'refused';
    if (this.#isClosed()) return 'done';
    if (this.state === 'SYN-SENT' || this.state === 'SYN-RECEIVED') {
      this.#arm();
      return 'done';
    }
    const sender = this.#sender;
    if (sender.retransmit && sender.inFlight && !this.#resend(mac, sender.mss)) return 'refused';
    const limit = this.#context.output.maxPayload(sender.mss);
    for (let turn = 0; turn < TURN; turn++) {
      const length = sender.sendable(limit);
      if (length < 0) {
        if (this.#ackNow && !this.#emit(mac, sender.nxt, ACK, 0, 0)) return 'refused';
        this.#arm();
        return 'done';
      }
      const fin = sender.endsWith(length);
      const push = length > 0 && sender.offset + length === sender.buffer.length;
      const flags = ACK | (fin ? FIN : 0) | (push ? PSH : 0);
      const { nxt, offset } = sender;
      // The answer may come while the frame is delivered, so it counts as sent before.
      sender.sent(length, fin, nowNs(this.#context.clock));
      if (!this.#emit(mac, nxt, flags, offset, length)) {
        sender.takeBack();
        return 'refused';
      }
      if (this.#isClosed()) return 'done';
    }
    this.#arm();
    return 'more';
  }

  /** Ends it with an RST to the guest, where it knows of the connection, and to the host. */
  abort(): void {
    if (this.state === 'CLOSED') return;
    const mac = this.#context.resolve(this.ends.guest);
    if (mac !== undefined && this.state !== 'SYN-SENT' && this.state !== 'TIME-WAIT') {
      const { nxt, una } = this.#sender;
      const seq = this.state === 'CONNECTING' ? 0 : this.state === 'SYN-RECEIVED' ? advance(una, 1) : nxt;
      this.#context.output.reset(this.ends, mac, { seq, ack: this.#receiver.nxt, flags: RST | ACK, window: 0 });
    }
    this.#close();
  }

  /** For statistics: bytes that wait for the guest, and that the host's socket has not taken. */
  get buffered(): { toGuest: number; toHost: number } {
    return { toGuest: this.#sender.buffer.length, toHost: (this.#socket?.bufferedAmount ?? 0) + this.#receiver.outOfOrderBytes };
  }

  #sendSyn(mac: number): boolean {
    const sender = this.#sender;
    const answer = this.state === 'SYN-RECEIVED';
    const fields = {
      seq: sender.una,
      ack: answer ? this.#receiver.nxt : 0,
      flags: answer ? SYN | ACK : SYN,
      window: answer ? this.#receiver.announce(this.#room, false) : Math.min(this.#room, 0xffff),
    };
    const syn = { mss: this.#context.mss, windowShift: this.#scaling ? this.#windowShift : undefined };
    this.#synPending = false;
    if (this.#context.output.sendSyn(this.ends, mac, fields, syn)) return true;
    this.#synPending = true;
    return false;
  }

  /** Sends again at SND.UNA, or tries a closed window. */
  #resend(mac: number, limit: number): boolean {
    const sender = this.#sender;
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
    const { buffer, mss } = this.#sender;
    const fields = { seq, ack: this.#receiver.nxt, flags, window: this.#receiver.announce(this.#room) };
    this.#ackNow = false;
    this.#delayedAck.clear();
    if (this.#context.output.send(this.ends, mac, fields, buffer, offset, length, mss)) return true;
    this.#ackNow = true; // the window was announced to nobody, so it goes with the next try
    return false;
  }

  /** Room that the host has: the window to announce. What the guest sends after the host is gone is taken and lost, up to its RST. */
  get #room(): number {
    const limit = this.#scaling ? this.#context.receiveLimit : Math.min(this.#context.receiveLimit, 0xffff);
    return Math.max(0, limit - (this.#socket?.bufferedAmount ?? 0));
  }

  get #receives(): boolean {
    return this.state === 'ESTABLISHED' || this.state === 'FIN-WAIT-1' || this.state === 'FIN-WAIT-2';
  }

  // Timers and ends.

  /** Keeps the timer running while something is under way or waits for a window. */
  #arm(): void {
    const waits = this.#sender.inFlight || this.#sender.hasUnsent || this.#synPending;
    if (!waits || this.state === 'TIME-WAIT') {
      if (this.state !== 'TIME-WAIT') this.#retransmission.clear();
    } else if (!this.#retransmission.armed) this.#retransmission.set(nowNs(this.#context.clock) + this.#sender.timeout.timeout);
  }

  #onTimeout(): void {
    const sender = this.#sender;
    if (this.state === 'TIME-WAIT') {
      this.#close(false);
      return;
    }
    const opening = this.state === 'SYN-SENT' || this.state === 'SYN-RECEIVED';
    if (++this.#timeouts > (opening ? MAX_SYN_TIMEOUTS : MAX_TIMEOUTS)) this.abort();
    else if (opening) {
      sender.timeout.backOff();
      this.#synPending = true;
      this.#context.ready(this);
    } else if (sender.window === 0 || !sender.inFlight) {
      // The window is closed, or open by less than is worth sending: one byte, or what there is room for, asks how it stands.
      sender.timeout.backOff();
      const mac = this.#context.resolve(this.ends.guest);
      if (mac !== undefined) this.#resend(mac, Math.max(1, Math.min(sender.window, sender.mss)));
      this.#arm();
    } else {
      sender.expire();
      this.#context.ready(this);
    }
    this.#context.flush();
  }

  #takeSyn(segment: Segment): void {
    const sender = this.#sender;
    const announced = segment.mss ?? DEFAULT_MSS;
    sender.mss = Math.min(Math.max(announced, MIN_MSS), this.#context.mss);
    this.#scaling = segment.windowShift !== undefined;
    sender.windowShift = segment.windowShift ?? 0;
    this.#irs = segment.seq;
    this.#receiver.start(segment.seq, Math.min(announced, this.#context.mss), this.#scaling ? this.#windowShift : 0);
  }

  #establish(): void {
    this.state = nextState(this.state, 'syn-acknowledged');
    if (this.#sender.finQueued) this.state = nextState(this.state, 'host-ended');
    this.#retransmission.clear();
    this.#context.established(this);
    this.#resume();
    if (this.#sender.hasUnsent) this.#context.ready(this);
  }

  /** Asked after something was delivered: the guest may have answered with RST meanwhile. */
  #isClosed(): boolean {
    return this.state === 'CLOSED';
  }

  #acknowledge(): void {
    this.#ackNow = true;
    this.#context.ready(this);
  }

  #wake(): void {
    this.#context.ready(this);
    this.#context.flush();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket?.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  #refuse(segment: Segment): void {
    const mac = this.#context.resolve(this.ends.guest);
    if (mac !== undefined) this.#context.output.refuse(segment, mac);
  }

  /** Moves on after a FIN of either side. */
  #enter(state: TcpState): void {
    if (state === this.state) return;
    if (state === 'CLOSED') {
      this.#close(false); // both directions ended in order, so the host's socket goes by itself
      return;
    }
    this.state = state;
    if (state !== 'TIME-WAIT') return;
    this.#sender.buffer.clear();
    this.#receiver.clear();
    this.#startTimeWait();
    this.#context.waiting(this);
  }

  #startTimeWait(): void {
    this.#retransmission.set(nowNs(this.#context.clock) + TIME_WAIT);
  }

  /** It is over. `reset`: the host's socket may have something to say that nobody hears. */
  #close(reset = true): void {
    if (this.state === 'CLOSED') return;
    this.state = 'CLOSED';
    this.#retransmission.cancel();
    this.#delayedAck.cancel();
    this.#sender.buffer.clear();
    this.#receiver.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    if (reset) socket?.reset();
    this.#context.gone(this);
  }

  /** Drops it without a word: TIME-WAIT that makes room. */
  discard(): void {
    this.#close(this.state !== 'TIME-WAIT');
  }

  /** Whether a SYN may begin a new connection in this one's place [RFC 9293 §3.10.7.4, TIME-WAIT]. */
  yieldsTo(segment: Segment): boolean {
    return (
      this.state === 'TIME-WAIT' && (segment.flags & (SYN | ACK | RST)) === SYN && before(advance(this.#receiver.nxt, -1), segment.seq)
    );
  }
}
