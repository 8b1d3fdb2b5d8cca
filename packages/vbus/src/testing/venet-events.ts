/** The driver's side of venet's event queue. [vbus PCI-2, venet EVENTQ] Every slot names its own 24 bytes of the pool. */
import type { Ioq } from '../ioq.ts';
import type { IoqIterator } from '../ioq-iterator.ts';
import type { SharedRegion } from '../shared-region.ts';
import { EVENT_LINKSTATE, EVENT_SIZE, EVENT_TXC, LINKSTATE_EVENT, TXC_EVENT } from '../venet/abi.ts';

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

  constructor(ring: Ioq, pool: SharedRegion) {
    this.ring = ring;
    this.pool = pool;
    this.#consumer = ring.iterator('inuse');
    this.#consumer.seek('head');
  }

  /** Posts slots for the first time. */
  post(count: number = this.ring.count): void {
    const poster = this.ring.iterator('valid');
    poster.seek('tail');
    for (let left = count; left > 0 && poster.isOwned; left--) {
      this.#fill(poster);
      poster.valid = true;
      if (!poster.push()) return;
    }
  }

  /** Takes events whenever the device rings. */
  listen(): void {
    const { signal } = this.ring;
    if (signal === undefined) return;
    signal.onSignal = () => {
      this.drain();
    };
    signal.enable();
  }

  /** Takes all events; how many there were. */
  drain(): number {
    const slot = this.#consumer;
    let taken = 0;
    while (slot.isReady) {
      this.#take(slot.position * EVENT_SIZE, slot.length);
      this.#fill(slot);
      if (!slot.pop()) break;
      taken++;
    }
    if (taken > 0) this.ring.signal?.inject();
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
