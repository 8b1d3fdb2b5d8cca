/**
 * What a venet device did since it was made. Frames and bytes are counted as the guest sees them (`rx` goes to it, `tx` comes from it): a
 * TCP segment that was cut up for the wire is one frame.
 */
import { noSignals, type SignalCounters } from '../shm-signal.ts';

/** Why a frame went nowhere. */
export type VenetDropReason =
  /** No driver has the link up. */
  | 'rxNotReady'
  /** The cable is out. */
  | 'rxLinkDown'
  /** The administrator has not enabled the device, or has disabled it. */
  | 'rxDisabled'
  /** Shorter than an Ethernet header. */
  | 'rxTooShort'
  /** Longer than the MTU, or than the driver's buffer. */
  | 'rxTooLong'
  /** Work left to the receiver that does not fit the frame. */
  | 'rxBadOffload'
  /** The driver posts buffers that are no memory, a whole ring of them. */
  | 'rxBadBuffer'
  | 'txLinkDown'
  | 'txDisabled'
  | 'txTooShort'
  /** Longer than the MTU, or than 64 KiB. */
  | 'txTooLong'
  /** A descriptor that is no memory, or contradicts itself. */
  | 'txBadDescriptor'
  | 'txBadChecksum'
  /** Segmentation that was not negotiated, is unknown, or does not fit the frame. */
  | 'txBadSegmentation';

/** The rings that have a doorbell in each direction. */
export type VenetRing = 'rx' | 'tx' | 'event' | 'page';

export class VenetCounters {
  rxFrames = 0;
  rxBytes = 0;
  txFrames = 0;
  txBytes = 0;
  /** Bytes copied between the guest's memory and the host's, by direction; descriptors are not counted. */
  rxCopied = 0;
  txCopied = 0;
  /** Frames whose pages were left to the guest's memory until the port took them (`zcthresh`). */
  txReferenced = 0;
  /** Events posted, and those that had to wait for the guest to drain its queue. */
  events = 0;
  eventsDelayed = 0;
  /** Large frames cut up since the driver had no pages for them. */
  pagesMissing = 0;
  /** Times that the port did not take a frame at once. */
  txStalls = 0;
  /** Times that the driver had no room for a frame, which the port keeps. */
  rxStalls = 0;
  /** Doorbells that started a run, how many of them did at once instead of by deferred work, and how often the budget was used up. */
  txWakeups = 0;
  txDirect = 0;
  txOverBudget = 0;
  readonly drops: Record<VenetDropReason, number> = {
    rxNotReady: 0,
    rxLinkDown: 0,
    rxDisabled: 0,
    rxTooShort: 0,
    rxTooLong: 0,
    rxBadOffload: 0,
    rxBadBuffer: 0,
    txLinkDown: 0,
    txDisabled: 0,
    txTooShort: 0,
    txTooLong: 0,
    txBadDescriptor: 0,
    txBadChecksum: 0,
    txBadSegmentation: 0,
  };
  /** Doorbells of connections that are gone; `Venet.doorbells` adds those that live. */
  readonly rings: Record<VenetRing, SignalCounters> = { rx: noSignals(), tx: noSignals(), event: noSignals(), page: noSignals() };
}
