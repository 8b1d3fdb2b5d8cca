/**
 * One TCP connection between the guest and a socket of the host: the state machine of [RFC 9293 §3.3.2] with the arrival rules of
 * §3.10.7.4 in their order, including the defences of [RFC 5961]. What the guest sends goes to the socket, what the socket gives goes to
 * the guest; neither side is read faster than the other takes.
 */
import { Deadline, nowNs, SECOND } from '../deadline.ts';
import type { HostTcpEvents, HostTcpFailure, HostTcpSocket } from '../host-network.ts';
import type { ConnectionContext } from './connection-context.ts';
import { Emitter } from './emitter.ts';
import { Receiver } from './receiver.ts';
import { ACK, FIN, PSH, RST, type Segment, SYN } from './segment.ts';
import type { Endpoints } from './segment-output.ts';
import { Sender } from './sender.ts';
import { advance, before, distance } from './sequence.ts';
import { nextState, type TcpState } from './state.ts';

/** Smallest MSS that is believed; less would make 1460 headers of one segment. Linux has such a floor for the same reason. */
const MIN_MSS = 64;
/** What a SYN without the option means [RFC 9293 §3.7.1]. */
const DEFAULT_MSS = 536;
/** 2 MSL; the cable keeps nothing for 30 s. */
const TIME_WAIT = 60 * SECOND;
/** Time-outs without any sign of the guest before a connection is given up: a minute for a SYN, four for data [RFC 9293 §3.8.3]. */
const MAX_SYN_TIMEOUTS = 6;
const MAX_TIMEOUTS = 9;

export class Connection implements HostTcpEvents {
  readonly ends: Endpoints;
  state: TcpState;
  /** Set by the stack: already in its list of those that have something to send. */
  queued = false;
  readonly #context: ConnectionContext;
  readonly #sender = new Sender();
  readonly #receiver = new Receiver();
  readonly #retransmission: Deadline;
  readonly #emitter: Emitter;
  /** Asked after something was delivered: the guest may have answered with RST meanwhile. */
  readonly #isOpen = (): boolean => this.state !== 'CLOSED';
  readonly #deliver = (bytes: Uint8Array): void => this.#socket?.write(bytes);
  #socket: HostTcpSocket | undefined = undefined;
  #paused = true;
  #timeouts = 0;
  #irs = 0;

  constructor(context: ConnectionContext, ends: Endpoints, iss: number, state: 'CONNECTING' | 'SYN-SENT') {
    this.#context = context;
    this.ends = ends;
    this.state = state;
    this.#sender.start(iss);
    this.#sender.mss = Math.min(DEFAULT_MSS, context.mss);
    this.#retransmission = new Deadline(context.clock, () => this.#onTimeout());
    this.#emitter = new Emitter({
      context,
      ends,
      sender: this.#sender,
      receiver: this.#receiver,
      waiting: () => this.#socket?.bufferedAmount ?? 0,
      onDelayedAck: () => {
        this.#acknowledge();
        context.flush();
      },
    });
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
    this.#emitter.scale(true);
    this.#emitter.synPending = true;
    this.#context.ready(this);
  }

  // What the host says.

  onConnect(): void {
    if (this.state !== 'CONNECTING') return;
    this.state = nextState(this.state, 'host-connected');
    this.#emitter.synPending = true;
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
    if (this.#receives && this.#receiver.worthTelling(this.#emitter.room)) {
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
      this.#emitter.synPending = false;
      this.#establish();
      this.#acknowledge();
    } else {
      this.state = nextState(this.state, 'syn');
      this.#emitter.synPending = true;
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
        else this.#emitter.synPending = true;
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
      this.#emitter.synPending = false;
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
        if (!this.#isOpen()) return false;
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
    else this.#emitter.acknowledgeLater();
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
    if (this.#emitter.synPending && !this.#emitter.sendSyn(mac, this.state === 'SYN-RECEIVED')) return 'refused';
    if (!this.#isOpen()) return 'done';
    if (this.state === 'SYN-SENT' || this.state === 'SYN-RECEIVED') {
      this.#arm();
      return 'done';
    }
    const sender = this.#sender;
    if (sender.retransmit && sender.inFlight && !this.#emitter.resend(mac, sender.mss)) return 'refused';
    const result = this.#emitter.sendData(mac, this.#isOpen);
    if (result !== 'refused' && this.#isOpen()) this.#arm();
    return result;
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

  get #receives(): boolean {
    return this.state === 'ESTABLISHED' || this.state === 'FIN-WAIT-1' || this.state === 'FIN-WAIT-2';
  }

  // Timers and ends.

  /** Keeps the timer running while something is under way or waits for a window. */
  #arm(): void {
    const waits = this.#sender.inFlight || this.#sender.hasUnsent || this.#emitter.synPending;
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
      this.#emitter.synPending = true;
      this.#context.ready(this);
    } else if (sender.window === 0 || !sender.inFlight) {
      // The window is closed, or open by less than is worth sending: one byte, or what there is room for, asks how it stands.
      sender.timeout.backOff();
      const mac = this.#context.resolve(this.ends.guest);
      if (mac !== undefined) this.#emitter.resend(mac, Math.max(1, Math.min(sender.window, sender.mss)));
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
    sender.windowShift = segment.windowShift ?? 0;
    this.#irs = segment.seq;
    const shift = this.#emitter.scale(segment.windowShift !== undefined);
    this.#receiver.start(segment.seq, Math.min(announced, this.#context.mss), shift);
  }

  #establish(): void {
    this.state = nextState(this.state, 'syn-acknowledged');
    if (this.#sender.finQueued) this.state = nextState(this.state, 'host-ended');
    this.#retransmission.clear();
    this.#context.established(this);
    this.#resume();
    if (this.#sender.hasUnsent) this.#context.ready(this);
  }

  #acknowledge(): void {
    this.#emitter.ackPending = true;
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
    this.#emitter.cancel();
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
