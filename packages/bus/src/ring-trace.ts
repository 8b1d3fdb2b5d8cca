/**
 * The life of buffers and signals, as the two sides of a ring tell it: the events are the same for virtqueues and for ioqs, so that one
 * packet can be followed whatever card carries it. Whoever listens adds the time.
 *
 *   driver   posted ────────────── doorbell ─┐                                        ┌─ interrupt ── reaped
 *   device                                   └─ seen ── mapped ── copied ── completed ── signal
 */

/** What became of a notification: `held` is given later by a mitigation; `spurious` found nothing to do. */
export type NotificationOutcome = 'sent' | 'suppressed' | 'held' | 'spurious';

export type RingEvent =
  /** One step of one buffer. `buffer` names it while it is in use: the head of a chain, the position of a slot. */
  | {
      readonly kind: 'posted' | 'seen' | 'mapped' | 'copied' | 'completed' | 'reaped';
      /** `net0.tx`: card and ring. */
      readonly ring: string;
      readonly buffer: number;
      /** Of the frame or the copy, with its headers. */
      readonly bytes?: number;
    }
  /** Driver → device. */
  | { readonly kind: 'doorbell'; readonly ring: string; readonly outcome: NotificationOutcome }
  /** Device → driver; what a connector makes of it is an interrupt. */
  | { readonly kind: 'signal'; readonly ring: string; readonly outcome: NotificationOutcome }
  /** An interrupt is on its way to a processor, from a card or a connector. */
  | { readonly kind: 'interrupt'; readonly source: string };
