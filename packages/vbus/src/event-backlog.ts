/**
 * Events that wait for room in the event ring. [vbus PCI-2, calls and events] Eight first-in-first-out queues, one per priority, 7 first. It is
 * bounded without dropping anything: a signal waits at most once, and a device that came and went before the guest heard of it is
 * forgotten, so that what is told to the guest later is how the bus is then (resync).
 *
 * So that a busy high priority does not starve the others, after seven events in a row that overtook an older one, the one that has
 * waited longest goes.
 */
import { VBUS_PRIORITIES } from './abi.ts';

/** What a client is told. `handle` is the signal's, `cookie` the client's own name for it, `device` the id on the bus of what signals. */
export type VbusEvent =
  | { readonly kind: 'devadd'; readonly id: number; readonly type: string }
  | { readonly kind: 'devdrop'; readonly id: number }
  | { readonly kind: 'shmsignal'; readonly handle: number; readonly cookie: bigint; readonly device: number }
  | { readonly kind: 'shmclose'; readonly handle: number; readonly cookie: bigint };

export interface WaitingEvent {
  readonly event: VbusEvent;
  /** 0 to 7, 7 goes first. */
  readonly prio: number;
  /** Called when the client can see the event, or never will. */
  readonly placed: (() => void) | undefined;
}

interface Entry extends WaitingEvent {
  readonly order: number;
}

/** So many events may overtake an older one of lower priority in a row. */
const OVERTAKERS = 7;

const keyOf = (event: VbusEvent): string => ('id' in event ? `${event.kind} ${event.id}` : `${event.kind} ${event.handle}`);

export class EventBacklog {
  readonly #queues: readonly Map<string, Entry>[] = Array.from({ length: VBUS_PRIORITIES }, () => new Map());
  /** Which queue holds an event. */
  readonly #where: Map<string, Map<string, Entry>> = new Map();
  #order = 0;
  #overtaken = 0;

  get size(): number {
    return this.#where.size;
  }

  /** Puts an event at the end of its queue. False if it is not needed: it waits already, or it ends what nobody has heard of. */
  add(event: VbusEvent, prio: number, placed?: () => void): boolean {
    const key = keyOf(event);
    if (this.#where.has(key)) return false;
    if (event.kind === 'devdrop' && this.#remove(`devadd ${event.id}`)) {
      placed?.();
      return false;
    }
    // A closed signal has nothing more to say.
    if (event.kind === 'shmclose') this.#remove(`shmsignal ${event.handle}`);
    const level = Math.min(Math.max(Math.trunc(prio) || 0, 0), VBUS_PRIORITIES - 1);
    const queue = this.#queues[level] as Map<string, Entry>;
    queue.set(key, { event, prio: level, placed, order: this.#order++ });
    this.#where.set(key, queue);
    return true;
  }

  /** The event that goes next; it stays until `take`. */
  get next(): WaitingEvent | undefined {
    const { first, oldest } = this.#candidates();
    return this.#overtaken >= OVERTAKERS ? oldest : first;
  }

  /** Removes the event that goes next. */
  take(): WaitingEvent | undefined {
    const { first, oldest } = this.#candidates();
    const taken = this.#overtaken >= OVERTAKERS ? oldest : first;
    if (taken === undefined) return undefined;
    this.#overtaken = taken === oldest ? 0 : this.#overtaken + 1;
    this.#remove(keyOf(taken.event));
    return taken;
  }

  /** Forgets everything. */
  clear(): void {
    for (const queue of this.#queues) queue.clear();
    this.#where.clear();
    this.#overtaken = 0;
  }

  #candidates(): { first: Entry | undefined; oldest: Entry | undefined } {
    let first: Entry | undefined;
    let oldest: Entry | undefined;
    for (let prio = VBUS_PRIORITIES - 1; prio >= 0; prio--) {
      const entry = this.#queues[prio]?.values().next().value;
      if (entry === undefined) continue;
      first ??= entry;
      if (oldest === undefined || entry.order < oldest.order) oldest = entry;
    }
    return { first, oldest };
  }

  #remove(key: string): boolean {
    const queue = this.#where.get(key);
    if (queue === undefined) return false;
    this.#where.delete(key);
    return queue.delete(key);
  }
}
