/**
 * The client's end of an event ring, for tests: builds it in memory, takes events out when told to, and counts interrupts without acting
 * on them, so that a test decides who runs when. (A client that works by itself is `NorthSession`.)
 */
import { EVENT_HEADER, EVENT_SIZE } from '../abi.ts';
import type { EventQueue } from '../event-queue.ts';
import { IOQ_SIGNAL_OFFSET, Ioq, ioqLength } from '../ioq.ts';
import type { IoqIterator } from '../ioq-iterator.ts';
import type { ClientMemory, SharedRegion } from '../shared-region.ts';
import { ShmSignal } from '../shm-signal.ts';

/** One event as it lay in its record. */
export interface ReadEvent {
  readonly id: number;
  /** Device id or cookie. */
  readonly handle: bigint;
  /** DEVADD's type, empty for others. */
  readonly type: string;
}

export interface EventRingDriverOptions {
  readonly memory: ClientMemory;
  /** Address of the ring, a multiple of 8; the records follow it. */
  readonly address: number;
  readonly count: number;
  /** The doorbell towards the south: default nobody hears it. */
  readonly ring?: () => void;
}

export class EventRingDriver {
  readonly ioq: Ioq;
  readonly signal: ShmSignal;
  /** Addresses of ring and records. */
  readonly ring: number;
  readonly data: number;
  readonly #records: SharedRegion;
  readonly #it: IoqIterator;

  /** The ring is set up with every record given to the south side, and listens to events. */
  constructor(options: EventRingDriverOptions) {
    const { memory, address, count, ring = () => undefined } = options;
    this.ring = address;
    this.data = address + ioqLength(count);
    const region = memory.map(this.ring, ioqLength(count));
    const records = memory.map(this.data, count * EVENT_SIZE);
    if (region === undefined || records === undefined) throw new RangeError('no room for an event ring');
    this.#records = records;
    this.signal = new ShmSignal({ region, offset: IOQ_SIGNAL_OFFSET, side: 'north', ring, defer: (run) => run() });
    const ioq = Ioq.init(region, count, { side: 'north', signal: this.signal });
    if (ioq === undefined) throw new RangeError('no room for an event ring');
    this.ioq = ioq;
    this.signal.enable();
    const it = ioq.iterator('valid');
    for (let i = 0; i < count; i++) {
      it.pointer = this.data + i * EVENT_SIZE;
      it.length = EVENT_SIZE;
      it.valid = true;
      it.push();
    }
    this.#it = ioq.iterator('inuse');
  }

  /** Names the ring to the queue: what QREG does. */
  register(queue: EventQueue, memory: ClientMemory): number {
    return queue.open(memory, this.ioq.count, this.ring, this.data);
  }

  /** Takes out up to `limit` events as a driver does on an interrupt, or on coming back to what it left, then tells the south side once. */
  drain(limit: number = Number.POSITIVE_INFINITY): ReadEvent[] {
    const events: ReadEvent[] = [];
    this.signal.onSignal = () => events.push(...this.take(limit - events.length));
    this.signal.wakeup();
    events.push(...this.take(limit - events.length));
    if (events.length > 0) this.signal.inject();
    return events;
  }

  /** Takes out up to `limit` events whether an interrupt came or not, and tells nobody. */
  take(limit: number = Number.POSITIVE_INFINITY): ReadEvent[] {
    const events: ReadEvent[] = [];
    while (events.length < limit && this.#it.isReady) {
      events.push(this.#read(this.#it.position * EVENT_SIZE));
      this.#records.write(this.#it.position * EVENT_SIZE, new Uint8Array(EVENT_SIZE));
      this.#it.pop();
    }
    return events;
  }

  #read(at: number): ReadEvent {
    const type = new Uint8Array(EVENT_SIZE - EVENT_HEADER.size);
    this.#records.read(at + EVENT_HEADER.size, type);
    return {
      id: this.#records.readU32(at + EVENT_HEADER.offset.eventid),
      handle: this.#records.readU64(at + EVENT_HEADER.offset.handle),
      type: String.fromCharCode(...type.subarray(0, type.indexOf(0))),
    };
  }
}
