/**
 * The name server of the guest's network [RFC 1035 §7]: it knows nothing itself and asks the host. One class for the questions, one for
 * the stream of them that TCP carries.
 */
import type { Clock } from '@paravirt/bus';
import { readU16, writeU16 } from '../frame/network-order.ts';
import type { DropCounters } from './counters.ts';
import { Deadline, nowNs } from './deadline.ts';
import { buildDnsAnswer, buildDnsRefusal, DNS_UDP_LIMIT, type DnsQuery, parseDnsQuery, REFUSED, SERVFAIL, TYPE } from './dns-message.ts';
import type { DnsAnswer, HostNetwork, HostTcpEvents, HostTcpSocket } from './host-network.ts';

/** Questions that are with the host at one time; more are refused with SERVFAIL. */
const MAX_PENDING = 256;
/** Answers of one TCP connection that wait for the guest, in bytes, before what it asks more is not heard. */
const MAX_STREAM_BUFFER = 0x1_0000 + 2;
/** Longest query over TCP: one question and some EDNS options are far shorter. */
const MAX_STREAM_QUERY = 4096;

export interface DnsOptions {
  readonly host: Pick<HostNetwork, 'resolve'>;
  readonly dropped: DropCounters;
  /** False under `restrict`: every question is refused. */
  readonly enabled: boolean;
  /** Largest answer over UDP that fits a packet, in bytes. */
  readonly udpLimit: number;
}

export class DnsServer {
  readonly #options: DnsOptions;
  #pending = 0;

  constructor(options: DnsOptions) {
    this.#options = options;
  }

  /** A query over UDP. `reply` is called once, at once or later, or never for what deserves no answer. */
  input(message: Uint8Array, reply: (answer: Uint8Array) => void): void {
    this.query(message, reply, (query) => Math.min(Math.max(query.udpSize ?? 0, DNS_UDP_LIMIT), this.#options.udpLimit));
  }

  /** A query over any transport; `limit` says how large the answer may be. Gives false for what is not answered. */
  query(message: Uint8Array, reply: (answer: Uint8Array) => void, limit: (query: DnsQuery) => number): boolean {
    const { host, dropped, enabled } = this.#options;
    const query = parseDnsQuery(message);
    if (query === undefined || 'code' in query) {
      dropped.dns++;
      if (query !== undefined) reply(buildDnsRefusal(query));
      return query !== undefined;
    }
    const answer = (code: number, records: DnsAnswer['records']): void => reply(buildDnsAnswer(query, code, records, limit(query)));
    if (!enabled) {
      dropped.restricted++;
      answer(REFUSED, []);
    } else if (this.#pending >= MAX_PENDING) {
      dropped.dns++;
      answer(SERVFAIL, []);
    } else {
      this.#pending++;
      let answered = false;
      host.resolve({ name: query.name, type: query.type }, ({ code, records }) => {
        if (answered) return;
        answered = true;
        this.#pending--;
        // There is no IPv6 here, so an address of it would only send the guest on a detour: the name exists without that type.
        answer(
          code,
          records.filter((r) => r.type !== TYPE.AAAA),
        );
      });
    }
    return true;
  }
}

/**
 * The server's side of a TCP connection to port 53, looking to the TCP stack like a socket of the host. Messages have two bytes of length
 * before them [RFC 1035 §4.2.2]; answers may come in any order [RFC 7766 §6.2.1.1].
 */
export class DnsStream implements HostTcpSocket {
  readonly #server: DnsServer;
  readonly #events: HostTcpEvents;
  readonly #clock: Clock;
  /** Events are delivered from the clock, since a socket delivers none inside a call. */
  readonly #delivery: Deadline;
  /** What has come of the message that is not complete yet. */
  #partial = new Uint8Array(0);
  #outstanding = 0;
  #ended = false;
  #failed = false;
  #closed = false;
  #paused = true;
  #answers: Uint8Array[] = [];
  #answerBytes = 0;

  constructor(server: DnsServer, clock: Clock, events: HostTcpEvents) {
    this.#server = server;
    this.#clock = clock;
    this.#events = events;
    this.#delivery = new Deadline(clock, () => this.#deliver());
  }

  /** Counts the answers that wait, so that a guest that asks without listening is stopped. */
  get bufferedAmount(): number {
    return this.#answerBytes;
  }

  write(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#partial.length + bytes.length);
    joined.set(this.#partial);
    joined.set(bytes, this.#partial.length);
    let at = 0;
    while (joined.length - at >= 2 && !this.#failed) {
      const length = readU16(joined, at);
      if (length > MAX_STREAM_QUERY) this.#failed = true;
      if (joined.length - at - 2 < length) break;
      this.#ask(joined.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    this.#partial = this.#failed ? new Uint8Array(0) : joined.slice(at);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  reset(): void {
    this.#closed = true;
    this.#answers = [];
    this.#delivery.cancel();
  }

  #wake(): void {
    if (!this.#closed) this.#delivery.set(nowNs(this.#clock));
  }

  #ask(message: Uint8Array): void {
    if (this.#answerBytes > MAX_STREAM_BUFFER) return;
    this.#outstanding++;
    const taken = this.#server.query(
      message,
      (answer) => {
        this.#outstanding--;
        if (this.#closed) return;
        const framed = new Uint8Array(2 + answer.length);
        writeU16(framed, 0, answer.length);
        framed.set(answer, 2);
        this.#answers.push(framed);
        this.#answerBytes += framed.length;
        this.#wake();
      },
      () => 0xffff,
    );
    if (!taken) this.#outstanding--;
  }

  #deliver(): void {
    const before = this.#answerBytes;
    while (!this.#paused && !this.#closed) {
      const answer = this.#answers.shift();
      if (answer === undefined) break;
      this.#answerBytes -= answer.length;
      this.#events.onData(answer);
    }
    if (this.#closed) return;
    if (this.#answerBytes < before) this.#events.onWritten();
    if (this.#failed) {
      this.#closed = true;
      this.#events.onClose('reset');
    } else if (this.#ended && !this.#paused && this.#outstanding === 0) {
      this.#closed = true;
      this.#events.onEnd();
      this.#events.onClose();
    }
  }
}
