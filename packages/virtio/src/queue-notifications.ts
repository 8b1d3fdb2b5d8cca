/**
 * Notifications of one queue between its ring and its transport: when the device looks after a doorbell, and when the driver is told of
 * what was used. [virtio 1.2 §2.3, §2.7.7, §2.7.10]
 *
 *   doorbell → Pickup → device.notify             ring.takeInterrupt → SignalHold → transport
 *
 * What may wait follows from what the queue is for: the place and `packets` concern the data path, `timer` and `poll` what the driver
 * sends; a control queue is never kept waiting.
 */
import {
  type Clock,
  ConfigurationError,
  type Mitigation,
  NO_MITIGATION,
  Pickup,
  type RingEvent,
  SignalHold,
  type TraceSink,
} from '@paravirt/bus';
import type { QueueKind } from './device.ts';
import type { Suppression } from './queue/notification.ts';
import type { SplitQueue } from './queue/split.ts';

/** How a card and its driver notify each other, and where its data path runs: the same for every transport. */
export interface NotificationOptions {
  /**
   * What is offered to the driver. `none`: EVENT_IDX is not, and the device neither asks for fewer kicks nor heeds NO_INTERRUPT; on a vbus the
   * shm_signal is then the only gate. Default: event-idx.
   */
  readonly suppression?: Suppression;
  /** Default: none. */
  readonly mitigation?: Mitigation;
  /** `inline`: a kick is work for the device before it returns. `deferred`: the data path runs through `defer`. Default: inline. */
  readonly place?: 'inline' | 'deferred';
  /** Needed by a mitigation. */
  readonly clock?: Clock;
  /** Runs something soon, after the present call. */
  readonly defer?: (run: () => void) => void;
  readonly ringTrace?: TraceSink<RingEvent>;
  /** Of the card, in the trace: its rings are `${ringName}.rx` and so on. Default: the device's name. */
  readonly ringName?: string;
}

/** What the notifications of a queue are between. */
export interface NotificationEnds {
  readonly kind: QueueKind;
  /** The ring while it may be used. */
  ring(): SplitQueue | undefined;
  /** Has the device look at it. */
  notify(): void;
  /** Used buffer notification. */
  interrupt(): void;
}

/** Used indices have 16 bits: no more than half of what they can tell apart is held. */
const HELD_MAX = 0x8000;

export class QueueNotifications {
  readonly #ends: NotificationEnds;
  readonly #pickup: Pickup;
  readonly #hold: SignalHold | undefined;
  /** What became of the last signal that was held. */
  #released: 'sent' | 'suppressed' | 'none' = 'none';

  /** @throws ConfigurationError `mitigation-clock`: a mitigation without a clock. */
  constructor(ends: NotificationEnds, options: NotificationOptions) {
    const { kind } = ends;
    const { mitigation = NO_MITIGATION, place = 'inline', clock, defer } = options;
    if (mitigation.kind !== 'none' && clock === undefined)
      throw new ConfigurationError('mitigation-clock', `the mitigation ${mitigation.kind} needs a clock`, mitigation);
    this.#ends = ends;
    this.#pickup = new Pickup({
      clock,
      mitigation: kind === 'transmit' ? mitigation : NO_MITIGATION,
      defer: place === 'deferred' && kind !== 'control' ? defer : undefined,
      look: () => this.#look(),
      suppress: () => this.#ends.ring()?.suppressKicks(),
    });
    this.#hold =
      mitigation.kind === 'packets' && clock !== undefined && kind !== 'control'
        ? new SignalHold({ clock, count: Math.min(mitigation.count, HELD_MAX), ns: mitigation.ns, signal: () => this.#release() })
        : undefined;
  }

  /** The driver kicked. */
  rung(): void {
    this.#pickup.rung();
  }

  /** Tells the driver of what was published, if it wants to hear of it: now, or when the mitigation says so. */
  interrupt(): 'sent' | 'held' | 'suppressed' | 'none' {
    const ring = this.#ends.ring();
    if (ring === undefined || !ring.hasNews) return 'none';
    const hold = this.#hold;
    // Whether a held signal is wanted is asked when it goes: what it is held for stays untold until then.
    if (hold === undefined || !(hold.holding || ring.wantsInterrupt)) return this.#signal();
    const fresh = ring.untold - hold.held;
    if (fresh > 0) {
      ring.heldInterrupt();
      hold.ask(fresh);
    }
    return hold.holding ? 'held' : this.#released;
  }

  /** Nothing that is under way happens any more: the ring is gone. */
  stop(): void {
    this.#pickup.stop();
    this.#hold?.stop();
  }

  #release(): void {
    this.#released = this.#signal();
  }

  #signal(): 'sent' | 'suppressed' | 'none' {
    const ring = this.#ends.ring();
    if (ring === undefined || !ring.hasNews) return 'none';
    if (!ring.takeInterrupt()) return 'suppressed';
    this.#ends.interrupt();
    return 'sent';
  }

  #look(): boolean {
    const ring = this.#ends.ring();
    if (ring === undefined) return false;
    const before = ring.takenIndex;
    this.#ends.notify();
    return ring.takenIndex !== before;
  }
}
