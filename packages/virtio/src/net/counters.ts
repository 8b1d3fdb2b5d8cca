/**
 * What a network device did since it was made. Frames and bytes are counted as the driver sees them: a TCP segment that was cut up for
 * the wire is one frame. Doorbells and interrupts are counted by its queues, see queue/counters.ts.
 */

/** Why a frame went nowhere. `tx` is from the driver, `rx` from the port. */
export type DropReason =
  /** No driver is active. */
  | 'rxNotReady'
  | 'rxLinkDown'
  /** Unicast, multicast, broadcast or VLAN that the driver did not ask for. */
  | 'rxFiltered'
  /** Shorter than an Ethernet header. */
  | 'rxTooShort'
  /** Longer than the MTU, than any frame, or than the buffers of the driver. */
  | 'rxTooLong'
  /** Work left to the receiver that does not fit the frame. */
  | 'rxBadOffload'
  | 'txLinkDown'
  /** Less than a virtio header and an Ethernet header. */
  | 'txTooShort'
  /** Longer than the MTU, or than any frame. */
  | 'txTooLong'
  /** `csum_start` and `csum_offset` outside the frame, or checksum offload not negotiated. */
  | 'txBadChecksum'
  /** Segmentation that was not negotiated, is unknown, or does not fit the frame. */
  | 'txBadSegmentation';

export class NetCounters {
  rxFrames = 0;
  rxBytes = 0;
  txFrames = 0;
  txBytes = 0;
  /** Bytes copied between the guest's memory and the host's, headers included, by direction. */
  rxCopied = 0;
  txCopied = 0;
  /** Times that the port did not take a frame at once. */
  txStalls = 0;
  /** Times that the driver had no room for a frame, which the port keeps. */
  rxStalls = 0;
  readonly drops: Record<DropReason, number> = {
    rxNotReady: 0,
    rxLinkDown: 0,
    rxFiltered: 0,
    rxTooShort: 0,
    rxTooLong: 0,
    rxBadOffload: 0,
    txLinkDown: 0,
    txTooShort: 0,
    txTooLong: 0,
    txBadChecksum: 0,
    txBadSegmentation: 0,
  };
}
