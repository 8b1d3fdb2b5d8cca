/**
 * The south end of a ring as venet uses it: on the rings that bring something (packets, pages) it consumes, on those that take something
 * (frames, events) it fills what the guest has posted. Both stand at the next descriptor always. [vbus PCI-2 §2.5]
 *
 *   doorbell → (masked) Pickup → look             signal → SignalHold → shm_signal
 *
 * "Ready" is false as well in a ring that the guest broke; from then on nothing happens on it until the device is opened anew.
 */
import { NO_MITIGATION, Pickup, type PickupOptions, type RingEvent, SignalHold } from '@paravirt/bus';
import type { Ioq } from '../ioq.ts';
import type { IoqIterator } from '../ioq-iterator.ts';
import type { ShmSignal } from '../shm-signal.ts';
import type { RingNotifications } from './notifications.ts';

/** What a ring's user says of how it is looked at; masking the doorbell is the ring's own business. */
type RingLook = Pick<PickupOptions, 'look'> & Partial<Pick<PickupOptions, 'mitigation' | 'defer'>>;

abstract class RingEnd {
  /** Descriptors in the ring. */
  readonly count: number;
  protected readonly iterator: IoqIterator;
  readonly #signal: ShmSignal;
  readonly #notifications: RingNotifications;
  readonly #name: string;
  readonly #hold: SignalHold | undefined;
  #pickup: Pickup | undefined = undefined;
  /** Descriptors given back so far; from 0 again after two rounds. */
  #done: number;

  constructor(ioq: Ioq, signal: ShmSignal, at: 'head' | 'tail', ring: string, notifications: RingNotifications) {
    this.count = ioq.count;
    this.iterator = ioq.iterator('inuse');
    this.iterator.seek(at);
    this.#done = this.iterator.position;
    this.#signal = signal;
    this.#notifications = notifications;
    this.#name = `${notifications.card}.${ring}`;
    const { mitigation, clock } = notifications;
    if (mitigation.kind === 'packets')
      this.#hold = new SignalHold({ clock, count: mitigation.count, ns: mitigation.ns, signal: () => this.#inject() });
    signal.onWakeup = (heard) => this.#rung(heard);
  }

  /** The present descriptor is this side's to work on. */
  abstract get ready(): boolean;

  /** `ptr` of the present descriptor: guest-physical, or an offset in a pool. */
  get address(): number {
    return this.iterator.pointer;
  }

  /** `len` of the present descriptor in bytes, up to 2^64 − 1. */
  get length(): number {
    return this.iterator.length;
  }

  /**
   * The present descriptor's name in the trace: its position, or that plus `count` in every second round. So a packet whose descriptor is
   * in use again before it is done with keeps a name of its own.
   */
  get number(): number {
    return this.#done;
  }

  /**
   * Has `look` called when the guest rings, or did so while the doorbell was masked, which it is from then on: `look` unmasks. At once, or
   * when the mitigation says so, or through `defer`. Default: no mitigation, and the `defer` of the place.
   */
  answer({ look, mitigation = NO_MITIGATION, defer = this.#notifications.defer }: RingLook): void {
    this.ignore();
    const { clock } = this.#notifications;
    const pickup = new Pickup({ clock, mitigation, defer, look, suppress: () => this.mask() });
    this.#pickup = pickup;
    this.#signal.onSignal = () => {
      // What was rung for while the doorbell was masked is mostly done by now.
      if (!this.ready) return;
      this.mask();
      pickup.rung();
    };
  }

  /** Nothing is looked at any more until `answer`; what was put off is forgotten. */
  ignore(): void {
    this.#pickup?.stop();
    this.#pickup = undefined;
    this.#signal.onSignal = undefined;
  }

  /** The guest need not ring. */
  mask(): void {
    this.#signal.disable();
  }

  /** The guest is to ring; what it added before is told soon. */
  unmask(): void {
    this.#signal.enable();
  }

  /** Tells the guest that so many more descriptors have changed: now, or when the mitigation says so. */
  signal(changed = 1): void {
    const hold = this.#hold;
    // Whether a held signal is wanted is asked when it goes; one that nobody wants now is found when the guest listens again.
    if (hold === undefined || !(hold.holding || this.#signal.wanted)) {
      this.#inject();
      return;
    }
    hold.ask(changed);
    if (!hold.holding) return;
    this.#signal.counters.held++;
    this.#notifications.trace?.({ kind: 'signal', ring: this.#name, outcome: 'held' });
  }

  /** Tells the guest at once of what changed, and of what was held. */
  signalNow(): void {
    this.#hold?.stop();
    this.#inject();
  }

  /** The guest is gone, or the ring is: nothing is looked at or told. */
  close(): void {
    this.ignore();
    this.#hold?.stop();
    this.#signal.onWakeup = undefined;
  }

  /** For the trace: a step in the life of a buffer. */
  tell(kind: Exclude<RingEvent['kind'], 'doorbell' | 'signal' | 'interrupt'>, buffer: number, bytes: number): void {
    this.#notifications.trace?.({ kind, ring: this.#name, buffer, bytes });
  }

  /** Goes on to the next descriptor's name. */
  protected passed(): void {
    this.#done = this.#done + 1 === 2 * this.count ? 0 : this.#done + 1;
  }

  #inject(): void {
    const rung = this.#signal.inject();
    this.#notifications.trace?.({ kind: 'signal', ring: this.#name, outcome: rung ? 'sent' : 'suppressed' });
  }

  #rung(heard: boolean): void {
    const spurious = !heard || !this.ready;
    // The signal has counted those that it did not hear.
    if (heard && spurious) this.#signal.counters.spurious++;
    this.#notifications.trace?.({ kind: 'doorbell', ring: this.#name, outcome: spurious ? 'spurious' : 'sent' });
  }
}

export class ConsumingEnd extends RingEnd {
  constructor(ioq: Ioq, signal: ShmSignal, ring: string, notifications: RingNotifications) {
    super(ioq, signal, 'head', ring, notifications);
  }

  /** The guest has put something into the present descriptor. */
  get ready(): boolean {
    return this.iterator.isReady;
  }

  /** The guest's own mark. */
  get cookie(): bigint {
    return this.iterator.cookie;
  }

  /** Gives the present descriptor back and goes on to the next. */
  pop(): void {
    if (this.iterator.pop()) this.passed();
  }
}

export class FillingEnd extends RingEnd {
  constructor(ioq: Ioq, signal: ShmSignal, ring: string, notifications: RingNotifications) {
    super(ioq, signal, 'tail', ring, notifications);
  }

  /** The guest has posted the present descriptor. */
  get ready(): boolean {
    return this.iterator.isOwned;
  }

  /** Gives the present descriptor back with `length` bytes of it used, and goes on to the next. */
  push(length: number): void {
    this.iterator.length = length;
    if (this.iterator.push()) this.passed();
  }
}
