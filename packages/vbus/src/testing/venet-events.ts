/** The driver's side of venet's event queue. [vbus PCI-2, venet EVENTQ] Every slot names its own 24 bytes of the pool. */
import type { Ioq } from '../ioq.ts';
import type { IoqIterator } from '../ioq-iterator.ts';
import type { SharedRegion } from '../shared-region.ts';
import { EVENT_LINKSTATE, EVENT_SIZE, EVENT_TXC, LINKSTATE_EVENT, TXC_EVENT } from '../venet/abi.ts';
import type { RingTeller } from './ring-teller.ts';

export class VenetEvents {
  readonly ring: Ioq;
  readonly pool: SharedRegion;
  /** LINKSTATE events so far; the last is the state. */
  readonly linkStates: boolean[] = [];
  /** Cookies of TXC events so far, unless `onCompletion` takes them. */
  onCompletion: ((cookie: bigint) => void) | undefined = undefined;
  completions = 0;
  /** Events that are none. */
  bad = 0;
  readonly #consumer: IoqIterator;
  readonly #teller: RingTeller;
  /** Slots that were taken so far. */
  #taken = 0;

  constructor(ring: Ioq, pool: SharedRegion, teller: RingTeller) {
    this.ring = ring;
    this.pool = pool;
    this.#teller = teller;
    this.#consumer = ring.iterator('inuse');
    this.#consumer.seek('head');
  }

  /** There are events to take. */
  get pending(): boolean {
    return this.#consumer.isReady;
  }

  /** Posts slots for the first time. */
  post(count: number = this.ring.count): void {
    const poster = this.ring.iterator('valid');
    poster.seek('tail');
    for (let posted = 0; posted < count && poster.isOwned; posted++) {
      this.#fill(poster);
      poster.valid = true;
      this.#teller.posted(this.#teller.numberOf(posted), EVENT_SIZE);
      if (!poster.push()) return;
    }
  }

  /** Tells the trace of signals that come for nothing. */
  watch(): void {
    this.#teller.watch(this.ring.signal, () => this.pending);
  }

  /** Takes up to `most` events; how many there were. */
  drain(most: number = Number.POSITIVE_INFINITY): number {
    const slot = this.#consumer;
    let taken = 0;
    while (taken < most && slot.isReady) {
      this.#teller.reaped(this.#teller.numberOf(this.#taken), slot.length);
      this.#take(slot.position * EVENT_SIZE, slot.length);
      this.#fill(slot);
      this.#teller.posted(this.#teller.numberOf(this.#taken + this.ring.count), EVENT_SIZE);
      if (!slot.pop()) break;
      this.#taken++;
      taken++;
    }
    if (taken > 0) this.#teller.kick(this.ring.signal);
    return taken;
  }

  #fill(slot: IoqIterator): void {
    slot.pointer = slot.position * EVENT_SIZE;
    slot.length = EVENT_SIZE;
  }

  #take(at: number, length: number): void {
    const id = this.pool.readU32(at + LINKSTATE_EVENT.offset.id);
    const size = this.pool.readU32(at + LINKSTATE_EVENT.offset.size);
    if (id === EVENT_LINKSTATE && size === LINKSTATE_EVENT.size && length === size)
      this.linkStates.push(this.pool.readU8(at + LINKSTATE_EVENT.offset.state) !== 0);
    else if (id === EVENT_TXC && size === TXC_EVENT.size && length === size) {
      this.completions++;
      this.onCompletion?.(this.pool.readU64(at + TXC_EVENT.offset.cookie));
    } else this.bad++;
  }
}
