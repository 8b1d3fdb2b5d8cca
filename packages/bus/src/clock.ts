/**
 * Virtual time. Everything that ticks (timers of the chipset, retransmission in the network, rate limits) asks a `Clock`, never the
 * host; the machine decides how virtual time follows instructions or host time.
 */

export interface Timer {
  /** Idempotent; after it the callback does not run. */
  cancel(): void;
}

export interface Clock {
  /** Nanoseconds since the clock was made; never decreases. */
  now(): bigint;
  /** Runs `run` once, when `now()` has reached `at`, never inside this call. Equal times run in the order of their scheduling. */
  schedule(at: bigint, run: () => void): Timer;
}

interface Entry {
  readonly at: bigint;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/**
 * A clock that moves when told. `source`, if given, tells the present time between two advances, so that a reader in the middle of a
 * slice sees time go on; without it, time stands still between advances.
 */
export class VirtualClock implements Clock {
  readonly #heap: Entry[] = [];
  readonly #source: (() => bigint) | undefined;
  #now = 0n;
  #order = 0;
  /** Cancelled entries that are still in the heap; never more than half of it, so that rearming a far timer costs no memory. */
  #cancelled = 0;
  /** Called when an event is scheduled that is earlier than all others: whoever runs the guest may have to stop sooner. */
  onEarlierDeadline: ((at: bigint) => void) | undefined = undefined;

  constructor(source?: () => bigint) {
    this.#source = source;
  }

  now(): bigint {
    const time = this.#source?.() ?? this.#now;
    if (time > this.#now) this.#now = time;
    return this.#now;
  }

  schedule(at: bigint, run: () => void): Timer {
    const entry: Entry = { at, order: this.#order++, run, cancelled: false };
    this.#push(entry);
    if (this.#heap[0] === entry) this.onEarlierDeadline?.(at);
    return {
      cancel: (): void => {
        if (entry.cancelled) return;
        entry.cancelled = true;
        if (++this.#cancelled > this.#heap.length / 2) this.#sweep();
      },
    };
  }

  /** Time of the earliest event, undefined if there is none. */
  get nextDeadline(): bigint | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.at;
  }

  /** Moves time to `to` (earlier times are ignored) and runs what is due, each event at its own time. */
  advanceTo(to: bigint): void {
    for (;;) {
      this.#dropCancelled();
      const next = this.#heap[0];
      if (next === undefined || next.at > to) break;
      this.#pop();
      // It is out of the heap: cancelling it from now on is nothing.
      next.cancelled = true;
      if (next.at > this.#now) this.#now = next.at;
      next.run();
    }
    if (to > this.#now) this.#now = to;
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.cancelled === true) {
      this.#pop();
      this.#cancelled--;
    }
  }

  /** Drops all cancelled entries. A sorted array is a heap. */
  #sweep(): void {
    const kept = this.#heap.filter((entry) => !entry.cancelled);
    kept.sort((a, b) => (before(a, b) ? -1 : 1));
    this.#heap.length = 0;
    for (const entry of kept) this.#heap.push(entry);
    this.#cancelled = 0;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[i] = heap[parent] as Entry;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, last)) break;
      heap[i] = heap[child] as Entry;
      i = child;
    }
    heap[i] = last;
  }
}
