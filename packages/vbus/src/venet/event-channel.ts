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
    ring.answer({ look: () => this.#flush() });
    ring.mask();
  }

  /** Events that wait for the guest. */
  get backlog(): number {
    return this.#cookies.length + (this.#linkState === undefined ? 0 : 1);
  }

  /** Posts LINKSTATE and tells the guest, without any mitigation. */
  linkState(up: boolean): void {
    if (this.backlog === 0 && this.#postLinkState(up)) this.#ring.signalNow();
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

  /** Tells the guest of so many completions that were posted. */
  signal(completions: number): void {
    this.#ring.signal(completions);
  }

  /** Tells it at once, of all. */
  signalNow(): void {
    this.#ring.signalNow();
  }

  /** The guest has given slots back. False: nothing waited, or there is no room. */
  #flush(): boolean {
    if (this.backlog === 0) return false;
    let posted = 0;
    // The state of the link may overtake completions; they do not depend on each other.
    if (this.#linkState !== undefined && this.#postLinkState(this.#linkState)) {
      this.#linkState = undefined;
      posted++;
    }
    let done = 0;
    while (done < this.#cookies.length && this.#postCompletion(this.#cookies[done] ?? 0n)) done++;
    this.#cookies.splice(0, done);
    if (posted > 0) this.signalNow();
    else if (done > 0) this.signal(done);
    if (this.backlog > 0) this.#ring.unmask();
    else this.#onDrained();
    return posted + done > 0;
  }

  #postLinkState(up: boolean): boolean {
    const at = this.#slot(LINKSTATE_EVENT.size);
    if (at === undefined) return false;
    this.#writeHeader(at, EVENT_LINKSTATE, LINKSTATE_EVENT.size);
    this.#pool.writeU32(at + LINKSTATE_EVENT.offset.state, up ? 1 : 0);
    this.#push(LINKSTATE_EVENT.size);
    return true;
  }

  #postCompletion(cookie: bigint): boolean {
    const at = this.#slot(TXC_EVENT.size);
    if (at === undefined) return false;
    this.#writeHeader(at, EVENT_TXC, TXC_EVENT.size);
    this.#pool.writeU32(at + TXC_EVENT.offset.txqid, TX_QUEUE);
    this.#pool.writeU64(at + TXC_EVENT.offset.cookie, cookie);
    this.#push(TXC_EVENT.size);
    return true;
  }

  /** Gives the slot back with the event in it. */
  #push(size: number): void {
    const { number } = this.#ring;
    this.#ring.tell('seen', number, size);
    this.#ring.push(size);
    this.#ring.tell('completed', number, size);
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
