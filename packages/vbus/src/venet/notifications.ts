/** How a venet and its driver notify each other, and where the data path runs: words that all cards share (`@paravirt/bus`). */
import type { Clock, Mitigation, RingEvent, TraceSink } from '@paravirt/bus';

/** Options of a card. */
export interface VenetNotificationOptions {
  /**
   * `timer` and `poll` concern what the guest sends, `packets` what it is told in both directions (the event ring too, but for the state of
   * the link). `packets` takes the place of the attribute txmitigation. Default: none.
   */
  readonly mitigation?: Mitigation;
  /**
   * `inline`: doorbells are answered in the guest's exit, or by a tasklet of the connector: the attribute burstthresh says which.
   * `deferred`: through `defer`, all of them. Default: inline.
   */
  readonly place?: 'inline' | 'deferred';
  /** Runs something soon, after the present call. Default: as the connector of the client that has the device open. */
  readonly defer?: (run: () => void) => void;
  readonly ringTrace?: TraceSink<RingEvent>;
  /** Of the card, in the trace: its rings are `${ringName}.rx`, `.tx`, `.event` and `.page`. Default: the device's name. */
  readonly ringName?: string;
}

/** The same as the rings of one connection have it. */
export interface RingNotifications {
  readonly mitigation: Mitigation;
  readonly clock: Clock;
  /** Only in the place `deferred`: doorbells are answered through it. */
  readonly defer: ((run: () => void) => void) | undefined;
  readonly trace: TraceSink<RingEvent> | undefined;
  /** Name of the card in the trace. */
  readonly card: string;
}
