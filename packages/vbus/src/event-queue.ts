/**
 * The event ring, south side: how a client is told of devices and signals, any number of them with one interrupt. [vbus PCI-2, calls and events] The
 * ring is an ioq whose descriptors point to records of 144 bytes, which the client gave away (pushed on `valid`, owned by the south). An
 * event is written into the record at `inuse.tail` and pushed; the client takes it at `inuse.head` and pops. When there is no room events
 * wait (event-backlog.ts), and the doorbell towards this side is enabled until they have gone.
 *
 * The records' memory is checked once; where a descriptor points and how long it says it is, each time.
 */
import type { TraceSink } from '@paravirt/bus';
import {
  EVENT_HEADER,
  EVENT_SIZE,
  VBUS_EVENT_DEVADD,
  VBUS_EVENT_DEVDROP,
  VBUS_EVENT_SHMCLOSE,
  VBUS_EVENT_SHMSIGNAL,
  VBUS_MAX_EVENTS,
} from './abi.ts';
import { EFAULT, EINVAL } from './errno.ts';
import { EventBacklog, type VbusEvent, type WaitingEvent } from './event-backlog.ts';
import { IOQ_SIGNAL_OFFSET, Ioq, type IoqFault, ioqLength } from './ioq.ts';
import type { IoqIterator } from './ioq-iterator.ts';
import type { ClientMemory, SharedRegion } from './shared-region.ts';
import { isShmSignal, ShmSignal } from './shm-signal.ts';

/** Where a client of the bus has its events sent. */
export interface EventSink {
  /**
   * Tells the client, now or when there is room; in order within a priority, 7 before 0. `placed` is called once, when the client can see
   * the event or never will; not if everything is forgotten by a reset.
   */
  post(event: VbusEvent, prio: number, placed?: () => void): void;
}

/** What went wrong with an event ring, for whoever watches. */
export type EventQueueTrace = { readonly kind: 'event-ring-broken'; readonly why: IoqFault };

export interface EventQueueOptions {
  /** Interrupts the client. */
  readonly interrupt: () => void;
  /** Runs something soon, after the present call. */
  readonly defer: (run: () => void) => void;
  /** False: every event is an interrupt of its own, whether or not the client has finished with the last one. Default true. */
  readonly aggregation?: boolean;
  /**
   * An interrupt is on its way that cannot be asked for again (a pin that is high): also without aggregation no other one is asked for
   * until the client has finished with it. Default: there is none.
   */
  readonly isRaised?: () => boolean;
  readonly trace?: TraceSink<EventQueueTrace> | undefined;
}

/** Counted since the queue was made. */
export interface EventCounters {
  /** Events that went into the ring. */
  events: number;
  /** Of those, signals. */
  signals: number;
  /** Interrupts. */
  interrupts: number;
  /** Events that did not need one: the client was busy with earlier ones, or polls. `events` = `interrupts` + `suppressed`. */
  suppressed: number;
  /**
   * Of those, signals, by what had been told since the last interrupt: a signal of the same device, too, for which an interrupt of its own
   * would not have come again either; or others only (signals of other devices, hot-plug), where sharing one has saved it.
   */
  coalescedSame: number;
  coalescedOther: number;
  /** Events that had to wait for room. */
  delayed: number;
  /** Events that were not needed: a signal that waited already, a device that came and went. */
  merged: number;
  /** Times that the client rang because it made room. */
  kicks: number;
}

interface Ring {
  readonly ioq: Ioq;
  readonly iterator: IoqIterator;
  readonly signal: ShmSignal;
  readonly records: SharedRegion;
}

/** Until `open` all events wait. */
export class EventQueue implements EventSink {
  readonly counters: EventCounters = {
    events: 0,
    signals: 0,
    interrupts: 0,
    suppressed: 0,
    coalescedSame: 0,
    coalescedOther: 0,
    delayed: 0,
    merged: 0,
    kicks: 0,
  };
  readonly #options: EventQueueOptions;
  readonly #backlog = new EventBacklog();
  /** Devices whose signals were told since the last interrupt. */
  readonly #heard: Set<number> = new Set();
  #ring: Ring | undefined = undefined;
  readonly #record = new Uint8Array(EVENT_SIZE);
  readonly #view = new DataView(this.#record.buffer);

  constructor(options: EventQueueOptions) {
    this.#options = options;
  }

  /** True between `open` and the end of the ring, also if it is broken. */
  get isOpen(): boolean {
    return this.#ring !== undefined;
  }

  /** Why the ring takes no events any more; undefined while it is sound or not there. */
  get broken(): IoqFault | undefined {
    return this.#ring?.ioq.broken;
  }

  /** Events that wait for room. */
  get waiting(): number {
    return this.#backlog.size;
  }

  /**
   * QREG: the client's ring and its records. `count` descriptors at `ring`, as many records of 144 bytes at `data`. 0; −EINVAL for a ring
   * that is none, a second one, or a wrong count; −EFAULT if either is not memory.
   */
  open(memory: ClientMemory, count: number, ring: number, data: number): number {
    if (this.#ring !== undefined || !Number.isInteger(count) || count < 1 || count > VBUS_MAX_EVENTS) return -EINVAL;
    const region = memory.map(ring, ioqLength(count));
    const records = memory.map(data, count * EVENT_SIZE);
    if (region === undefined || records === undefined) return -EFAULT;
    if (!isShmSignal(region, IOQ_SIGNAL_OFFSET)) return -EINVAL;
    const signal = new ShmSignal({
      region,
      offset: IOQ_SIGNAL_OFFSET,
      side: 'south',
      ring: () => this.#interrupt(),
      coalesces: () => (this.#options.aggregation ?? true) || (this.#options.isRaised?.() ?? false),
      defer: this.#options.defer,
    });
    const ioq = Ioq.attach(region, { side: 'south', maxCount: VBUS_MAX_EVENTS, signal });
    if (ioq?.count !== count) return -EINVAL;
    ioq.onBroken = (why) => this.#options.trace?.({ kind: 'event-ring-broken', why });
    const iterator = ioq.iterator('inuse');
    if (!iterator.seek('tail')) return -EINVAL;
    signal.onSignal = () => this.#drain();
    this.#ring = { ioq, iterator, signal, records };
    this.#drain();
    return 0;
  }

  /** The client rang: it made room. Nothing happens unless it was asked to. */
  kick(): void {
    this.counters.kicks++;
    this.#ring?.signal.wakeup();
  }

  post(event: VbusEvent, prio: number, placed?: () => void): void {
    if (this.#backlog.size === 0 && this.#ring !== undefined && this.#place({ event, prio, placed })) {
      this.#tell([event]);
      return;
    }
    if (this.#backlog.add(event, prio, placed)) this.counters.delayed++;
    else this.counters.merged++;
    this.#drain();
  }

  /** The client is gone: the ring, and everything that waits. */
  reset(): void {
    this.#ring?.signal.close();
    this.#ring = undefined;
    this.#backlog.clear();
    this.#heard.clear();
  }

  /** Places what there is room for, and listens for the client's making room while something waits. */
  #drain(): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    const { aggregation = true } = this.#options;
    const placed: VbusEvent[] = [];
    for (let next = this.#backlog.next; next !== undefined && this.#place(next); next = this.#backlog.next) {
      this.#backlog.take();
      placed.push(next.event);
    }
    if (aggregation) this.#tell(placed);
    else for (const event of placed) this.#tell([event]);
    if (this.#backlog.size === 0 || ring.ioq.broken !== undefined) ring.signal.disable();
    else ring.signal.enable();
  }

  /** Interrupts the client for events that it can see, if it wants to hear of them: once for all. */
  #tell(events: readonly VbusEvent[]): void {
    const signal = this.#ring?.signal;
    if (signal === undefined || events.length === 0) return;
    const { counters } = this;
    let interrupted = signal.inject();
    if (interrupted) this.#heard.clear();
    for (const event of events) {
      const device = event.kind === 'shmsignal' ? event.device : undefined;
      if (!interrupted) {
        counters.suppressed++;
        if (device !== undefined) counters[this.#heard.has(device) ? 'coalescedSame' : 'coalescedOther']++;
      }
      // The first event has the interrupt to itself.
      interrupted = false;
      if (device !== undefined) this.#heard.add(device);
    }
  }

  #interrupt(): void {
    this.counters.interrupts++;
    this.#options.interrupt();
  }

  /** Writes an event into the ring. False if there is no room. */
  #place({ event, placed }: WaitingEvent): boolean {
    const ring = this.#ring;
    if (ring === undefined || !ring.iterator.isOwned) return false;
    const offset = ring.iterator.pointer - ring.records.address;
    if (!(offset >= 0 && offset + EVENT_SIZE <= ring.records.length && ring.iterator.length >= EVENT_SIZE)) {
      ring.ioq.fail('descriptor');
      return false;
    }
    ring.records.write(offset, this.#encode(event));
    if (!ring.iterator.push()) return false;
    this.counters.events++;
    if (event.kind === 'shmsignal') this.counters.signals++;
    placed?.();
    return true;
  }

  #encode(event: VbusEvent): Uint8Array {
    const { eventid, handle } = EVENT_HEADER.offset;
    const record = this.#record.fill(0);
    const put = (id: number, value: bigint): void => {
      this.#view.setUint32(eventid, id, true);
      this.#view.setBigUint64(handle, value, true);
    };
    if (event.kind === 'devadd') {
      put(VBUS_EVENT_DEVADD, BigInt(event.id));
      // Types are ASCII, and leave room for the NUL (bus.ts).
      for (let i = 0; i < event.type.length; i++) record[EVENT_HEADER.size + i] = event.type.charCodeAt(i);
    } else if (event.kind === 'devdrop') put(VBUS_EVENT_DEVDROP, BigInt(event.id));
    else put(event.kind === 'shmsignal' ? VBUS_EVENT_SHMSIGNAL : VBUS_EVENT_SHMCLOSE, event.cookie);
    return record;
  }
}
