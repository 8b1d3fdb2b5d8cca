/**
 * Fragments of IPv4 datagrams [RFC 791 §3.2, RFC 815]. Bounded in everything: datagrams, fragments and bytes each, time. Fragments that
 * overlap end their datagram, as [RFC 5722 §4] demands for IPv6 and for the same reason; an exact duplicate is ignored.
 */
import type { Clock } from '@paravirt/bus';
import { nowNs, SECOND } from './deadline.ts';

/** Datagrams under construction; the oldest makes room. */
const MAX_DATAGRAMS = 16;
const MAX_FRAGMENTS = 256;
const MAX_PAYLOAD = 65_515;
/** How long fragments wait for each other [RFC 1122 §3.3.2 allows 60 to 120 s; a virtual cable needs less]. */
const TIMEOUT = 30 * SECOND;

interface Fragment {
  readonly offset: number;
  readonly data: Uint8Array;
}

interface Datagram {
  readonly fragments: Fragment[];
  readonly expires: number;
  bytes: number;
  /** Length of the whole payload, known with the last fragment. */
  total: number | undefined;
}

export class Reassembly {
  readonly #clock: Clock;
  readonly #datagrams = new Map<string, Datagram>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Datagrams that wait for fragments. */
  get pending(): number {
    return this.#datagrams.size;
  }

  /**
   * Adds a fragment. `key` names source, destination, protocol and identification; `offset` in bytes. `data` is copied. Gives the whole
   * payload when it is complete, false when the fragment was refused, undefined when more is to come.
   */
  add(key: string, offset: number, more: boolean, data: Uint8Array): Uint8Array | false | undefined {
    const end = offset + data.length;
    if (data.length === 0 || end > MAX_PAYLOAD || (more && data.length % 8 !== 0)) return false;
    this.#expire();
    let datagram = this.#datagrams.get(key);
    if (datagram === undefined) {
      if (this.#datagrams.size >= MAX_DATAGRAMS) {
        for (const oldest of this.#datagrams.keys()) {
          this.#datagrams.delete(oldest);
          break;
        }
      }
      datagram = { fragments: [], expires: nowNs(this.#clock) + TIMEOUT, bytes: 0, total: undefined };
      this.#datagrams.set(key, datagram);
    }
    const { fragments } = datagram;
    if (fragments.some((f) => f.offset === offset && f.data.length === data.length)) return undefined;
    const overlaps = fragments.some((f) => f.offset < end && offset < f.offset + f.data.length);
    const beyond = datagram.total !== undefined && (end > datagram.total || !more);
    const shorter = !more && fragments.some((f) => f.offset + f.data.length > end);
    if (overlaps || beyond || shorter || fragments.length >= MAX_FRAGMENTS) {
      this.#datagrams.delete(key);
      return false;
    }
    fragments.push({ offset, data: data.slice() });
    datagram.bytes += data.length;
    if (!more) datagram.total = end;
    if (datagram.bytes !== datagram.total) return undefined;
    this.#datagrams.delete(key);
    const payload = new Uint8Array(datagram.bytes);
    for (const fragment of fragments) payload.set(fragment.data, fragment.offset);
    return payload;
  }

  #expire(): void {
    const now = nowNs(this.#clock);
    for (const [key, datagram] of this.#datagrams) if (datagram.expires <= now) this.#datagrams.delete(key);
  }
}
