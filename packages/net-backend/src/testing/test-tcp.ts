/**
 * A small TCP for the guest's side of tests, written apart from the one that it tests: go-back-N with a fixed time-out, out-of-order data
 * kept in a map, every segment acknowledged. It is as simple as a TCP can be that survives a bad cable.
 */
import { Deadline, nowNs, SECOND } from '../user-network/deadline.ts';
import type { TestHost } from './test-host.ts';

export interface TestTcpSegment {
  readonly source: string;
  readonly sourcePort: number;
  readonly port: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  readonly options: Uint8Array;
  readonly data: Uint8Array;
}

export interface TestTcpOptions {
  /** Initial sequence number. Default 1000. */
  readonly isn?: number;
  /** Announced MSS. Default: MTU less 40. */
  readonly mss?: number;
  /** Window shift that is announced; undefined: no option. Default 7. */
  readonly windowShift?: number | undefined;
  /** Bytes that are kept unread. Default 256 KiB. */
  readonly receiveBuffer?: number;
}

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;

export class TestTcp {
  readonly host: TestHost;
  readonly destination: string;
  readonly port: number;
  readonly sourcePort: number;
  state: 'closed' | 'syn-sent' | 'syn-received' | 'established' | 'reset' = 'closed';
  /** The peer's FIN has come; ours has been acknowledged. */
  peerEnded = false;
  finAcknowledged = false;
  /** Data read so far, in order. */
  readonly received: Uint8Array[] = [];
  receivedBytes = 0;
  /** Whether data is read; if not, the window closes. */
  reading = true;
  onData: ((bytes: Uint8Array) => void) | undefined = undefined;
  onEnd: (() => void) | undefined = undefined;
  onOpen: (() => void) | undefined = undefined;
  /** Segments that were sent again. */
  retransmissions = 0;
  readonly #isn: number;
  readonly #mss: number;
  readonly #windowShift: number | undefined;
  readonly #buffer: number;
  #peerMss = 536;
  #peerShift = 0;
  #una = 0;
  #nxt = 0;
  #window = 0;
  /** Bytes from SND.UNA on. */
  #outgoing = new Uint8Array(0);
  #finQueued = false;
  #rcv = 0;
  #unread = 0;
  #early = new Map<number, Uint8Array>();
  #peerFin: number | undefined = undefined;
  readonly #timer: Deadline;

  constructor(host: TestHost, destination: string, port: number, sourcePort: number, options: TestTcpOptions) {
    this.host = host;
    this.destination = destination;
    this.port = port;
    this.sourcePort = sourcePort;
    this.#isn = options.isn ?? 1000;
    this.#mss = options.mss ?? host.mtu - 40;
    this.#windowShift = 'windowShift' in options ? options.windowShift : 7;
    this.#buffer = options.receiveBuffer ?? 262_144;
    this.#timer = new Deadline(host.clock, () => this.#timeout());
  }

  /** All data received, in one. */
  get bytes(): Uint8Array {
    const all = new Uint8Array(this.receivedBytes);
    let at = 0;
    for (const part of this.received) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** The peer's window as it was told last, in bytes; what waits to be sent or acknowledged. */
  get peerWindow(): number {
    return this.#window;
  }

  get unacknowledged(): number {
    return this.#outgoing.length;
  }

  open(): void {
    this.state = 'syn-sent';
    this.#una = this.#isn;
    this.#nxt = (this.#isn + 1) >>> 0;
    this.#sendSyn();
  }

  accept(syn: TestTcpSegment): void {
    this.#una = this.#isn;
    this.#nxt = (this.#isn + 1) >>> 0;
    this.#takeSyn(syn);
    this.state = 'syn-received';
    this.#sendSyn();
  }

  /** Queues data; it is sent as the window allows. */
  write(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#outgoing.length + bytes.length);
    joined.set(this.#outgoing);
    joined.set(bytes, this.#outgoing.length);
    this.#outgoing = joined;
    this.#pump();
  }

  end(): void {
    this.#finQueued = true;
    this.#pump();
  }

  reset(): void {
    this.#send(RST | ACK, this.#nxt, new Uint8Array(0));
    this.#finish('reset');
  }

  /** Reads what waits and goes on reading. */
  read(): void {
    this.reading = true;
    this.#unread = 0;
    this.#ack();
  }

  input(segment: TestTcpSegment): void {
    const { flags, seq, ack } = segment;
    if (this.state === 'reset') return;
    if ((flags & RST) !== 0) {
      this.#finish('reset');
      return;
    }
    if ((flags & SYN) !== 0) {
      if (this.state === 'syn-sent' && ack === this.#nxt) {
        this.#takeSyn(segment);
        this.#una = ack;
        this.#window = segment.window;
        this.state = 'established';
        this.#ack();
        this.onOpen?.();
        this.#pump();
      } else if (this.state === 'syn-received') this.#sendSyn();
      else this.#ack();
      return;
    }
    if (this.state === 'syn-sent') return;
    const acked = (ack - this.#una) | 0;
    const inFlight = (this.#nxt - this.#una) | 0;
    if (acked >= 0) this.#window = segment.window * 2 ** this.#peerShift;
    if (this.state === 'syn-received' && ack === this.#nxt) {
      this.#una = ack;
      this.state = 'established';
      this.onOpen?.();
    } else if (acked > 0 && acked <= Math.max(inFlight, this.#outgoing.length + 1)) {
      if (acked > this.#outgoing.length) this.finAcknowledged = true;
      this.#outgoing = this.#outgoing.subarray(acked);
      this.#una = ack;
      if (((this.#nxt - ack) | 0) < 0) this.#nxt = ack;
      this.#timer.clear();
    }
    if (segment.data.length > 0 || (flags & FIN) !== 0) this.#take(seq, segment.data, (flags & FIN) !== 0);
    this.#pump();
  }

  #take(seq: number, data: Uint8Array, fin: boolean): void {
    if (fin) this.#peerFin = (seq + data.length) >>> 0;
    const room = this.#buffer - this.#unread;
    if (data.length > 0 && ((seq - this.#rcv) | 0) < room) {
      const held = this.#early.get(seq);
      if (held === undefined || held.length < data.length) this.#early.set(seq, data);
    }
    for (let found = true; found; ) {
      found = false;
      for (const [start, bytes] of this.#early) {
        const skip = (this.#rcv - start) | 0;
        if (skip < 0) continue;
        this.#early.delete(start);
        const fresh = bytes.subarray(skip, skip + this.#buffer - this.#unread);
        if (fresh.length === 0) continue;
        this.#rcv = (this.#rcv + fresh.length) >>> 0;
        this.received.push(fresh);
        this.receivedBytes += fresh.length;
        if (!this.reading) this.#unread += fresh.length;
        this.onData?.(fresh);
        found = true;
      }
    }
    if (this.#peerFin === this.#rcv && !this.peerEnded) {
      this.peerEnded = true;
      this.#rcv = (this.#rcv + 1) >>> 0;
      this.onEnd?.();
    }
    this.#ack();
  }

  #pump(): void {
    if (this.state !== 'established') return;
    for (;;) {
      const offset = (this.#nxt - this.#una) | 0;
      const left = this.#outgoing.length - offset;
      const limit = this.host.offloads ? Math.floor(65_000 / this.#peerMss) * this.#peerMss : Math.min(this.#peerMss, this.host.mtu - 40);
      const length = Math.min(left, this.#window - offset, limit);
      if (length > 0) {
        const push = length === left ? PSH : 0;
        this.#nxt = (this.#nxt + length) >>> 0;
        this.#send(ACK | push, (this.#una + offset) >>> 0, this.#outgoing.subarray(offset, offset + length));
        continue;
      }
      if (this.#finQueued && left === 0 && !this.finAcknowledged) {
        this.#nxt = (this.#nxt + 1) >>> 0;
        this.#send(ACK | FIN, (this.#una + offset) >>> 0, new Uint8Array(0));
      }
      break;
    }
    const waits = this.#nxt !== this.#una || this.#outgoing.length > 0;
    if (waits && !this.#timer.armed) this.#timer.set(nowNs(this.host.clock) + SECOND);
  }

  #timeout(): void {
    this.retransmissions++;
    if (this.state === 'syn-sent' || this.state === 'syn-received') {
      this.#sendSyn();
      return;
    }
    this.#nxt = this.#una;
    if (this.#window === 0 && this.#outgoing.length > 0) this.#send(ACK, this.#una, this.#outgoing.subarray(0, 1));
    this.#pump();
    if (!this.#timer.armed) this.#timer.set(nowNs(this.host.clock) + SECOND);
  }

  #takeSyn(segment: TestTcpSegment): void {
    this.#rcv = (segment.seq + 1) >>> 0;
    this.#window = segment.window;
    const { options } = segment;
    for (let at = 0; at < options.length && options[at] !== 0; at += options[at] === 1 ? 1 : Math.max(2, options[at + 1] ?? 2)) {
      if (options[at] === 2) this.#peerMss = ((options[at + 2] ?? 0) << 8) | (options[at + 3] ?? 0);
      if (options[at] === 3 && this.#windowShift !== undefined) this.#peerShift = options[at + 2] ?? 0;
    }
  }

  #sendSyn(): void {
    const options = [2, 4, this.#mss >>> 8, this.#mss & 0xff];
    if (this.#windowShift !== undefined) options.push(1, 3, 3, this.#windowShift);
    const flags = this.state === 'syn-received' ? SYN | ACK : SYN;
    this.#timer.set(nowNs(this.host.clock) + SECOND);
    this.#send(flags, this.#isn, new Uint8Array(0), Uint8Array.from(options), Math.min(this.#buffer, 0xffff));
  }

  #ack(): void {
    if (this.state === 'established' || this.state === 'syn-received') this.#send(ACK, this.#nxt, new Uint8Array(0));
  }

  #send(flags: number, seq: number, data: Uint8Array, options?: Uint8Array, window?: number): void {
    const shift = this.#windowShift ?? 0;
    const field = window ?? Math.min(0xffff, (this.#buffer - this.#unread) >>> shift);
    const spec = {
      destination: this.destination,
      port: this.port,
      sourcePort: this.sourcePort,
      seq,
      ack: this.#rcv,
      flags,
      window: field,
      data,
    };
    const offload = this.host.offloads
      ? {
          checksum: { start: 34, offset: 16 },
          ...(data.length > this.#peerMss ? { segmentation: { kind: 'tcp4' as const, size: this.#peerMss } } : {}),
        }
      : undefined;
    this.host.sendSegment(options ? { ...spec, options } : spec, offload);
  }

  #finish(state: 'reset'): void {
    this.state = state;
    this.#timer.cancel();
    this.host.forget(this);
  }
}
