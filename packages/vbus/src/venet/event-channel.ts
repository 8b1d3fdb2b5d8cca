/**
 * The device's side of the event queue: state of the link, and completion of transmission. [vbus PCI-2, venet EVENTQ]
 *
 * The guest posts slots, each naming 24 bytes of the pool; an event is written there and its slot pushed back. No event is lost when the
 * guest is slow: completions wait in order (whoever transmits looks at `backlog` and stops at a bound), of the link's state the last is
 * kept. The doorbell of the ring is unmasked only while something waits.
 */
import type { SharedRegion } from '../shared-region.ts';
import { EVENT_LINKSTATE, EVENT_TXC, LINKSTATE_EVENT, TX_QUEUE, TXC_EVENT } from './abi.ts';
import type { VenetCounters } from './counters.ts';
import type { FillingEnd } from './ring-ends.ts';

export class EventChannel {
  readonly #ring: FillingEnd;
  readonly #pool: SharedRegion;
  readonly #counters: VenetCounters;
  readonly #onDrained: () => void;
  /** Completions that wait, oldest first. */
  readonly #cookies: bigint[] = [];
  #linkState: boolean | undefined = undefined;

  /** `onDrained`: nothing waits any more. */
  constructor(ring: FillingEnd, pool: SharedRegion, counters: VenetCounters, onDrained: () => void) {
    this.#ring = ring;
    this.#pool = pool;
    this.#counters = counters;
    this.#onDrained = onDrained;
    ring.onSignal = () => this.#flush();
    ring.mask();
  }

  /** Events that wait for the guest. */
  get backlog(): number {
    return this.#cookies.length + (this.#linkState === undefined ? 0 : 1);
  }

  /** Posts LINKSTATE and tells the guest. */
  linkState(up: boolean): void {
    if (this.backlog === 0 && this.#postLinkState(up)) this.signal();
    else {
      if (this.#linkState === undefined) this.#counters.eventsDelayed++;
      this.#linkState = up;
      this.#ring.unmask();
    }
  }

  /** Posts TXC for one packet; the caller tells the guest with `signal`. */
  complete(cookie: bigint): void {
    if (this.backlog === 0 && this.#postCompletion(cookie)) return;
    this.#counters.eventsDelayed++;
    this.#cookies.push(cookie);
    this.#ring.unmask();
  }

  /** Rings for what was posted. */
  signal(): void {
    this.#ring.signal();
  }

  /** The guest has given slots back. */
  #flush(): void {
    if (this.backlog === 0) {
      this.#ring.mask();
      return;
    }
    let posted = 0;
    // The state of the link may overtake completions; they do not depend on each other.
    if (this.#linkState !== undefined && this.#postLinkState(this.#linkState)) {
      this.#linkState = undefined;
      posted++;
    }
    let done = 0;
    while (done < this.#cookies.length && this.#postCompletion(this.#cookies[done] ?? 0n)) done++;
    this.#cookies.splice(0, done);
    if (posted + done > 0) this.signal();
    if (this.backlog > 0) return;
    this.#ring.mask();
    this.#onDrained();
  }

  #postLinkState(up: boolean): boolean {
    const at = this.#slot(LINKSTATE_EVENT.size);
    if (at === undefined) return false;
    this.#writeHeader(at, EVENT_LINKSTATE, LINKSTATE_EVENT.size);
    this.#pool.writeU32(at + LINKSTATE_EVENT.offset.state, up ? 1 : 0);
    this.#ring.push(LINKSTATE_EVENT.size);
    return true;
  }

  #postCompletion(cookie: bigint): boolean {
    const at = this.#slot(TXC_EVENT.size);
    if (at === undefined) return false;
    this.#writeHeader(at, EVENT_TXC, TXC_EVENT.size);
    this.#pool.writeU32(at + TXC_EVENT.offset.txqid, TX_QUEUE);
    this.#pool.writeU64(at + TXC_EVENT.offset.cookie, cookie);
    this.#ring.push(TXC_EVENT.size);
    return true;
  }

  #writeHeader(at: number, id: number, size: number): void {
    this.#counters.events++;
    this.#pool.writeU32(at + LINKSTATE_EVENT.offset.flags, 0);
    this.#pool.writeU32(at + LINKSTATE_EVENT.offset.size, size);
    this.#pool.writeU32(at + LINKSTATE_EVENT.offset.id, id);
  }

  /** Where in the pool the next event goes, undefined if the guest has posted no slot. Slots outside the pool are given back empty. */
  #slot(size: number): number | undefined {
    const ring = this.#ring;
    for (let left = ring.count; left > 0 && ring.ready; left--) {
      if (ring.length >= size && ring.address + size <= this.#pool.length) return ring.address;
      ring.push(0);
    }
    return undefined;
  }
}
