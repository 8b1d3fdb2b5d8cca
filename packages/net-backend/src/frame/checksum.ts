/**
 * The completion of a checksum that the sender of a frame left to do: the field holds the sum of the pseudo header, the rest is added here.
 * [RFC 1071] See `FrameOffload.checksum`.
 */
import { checksum, writeU16 } from './network-order.ts';

/** True if a checksum over [start, end) at `start + offset` lies within the frame. Sums cannot overflow: both are 16 bits. */
export const checksumFits = (start: number, offset: number, end: number): boolean => start + offset + 2 <= end;

/**
 * Stores the checksum over [start, end) at `start + offset`, where the pseudo-header sum lies. A result of zero is stored as FFFFh, which
 * is the same number and does not mean "none" to UDP. [RFC 768] The caller has checked `checksumFits`.
 */
export function completeChecksum(frame: Uint8Array, end: number, start: number, offset: number): void {
  const sum = checksum(frame, start, end);
  writeU16(frame, start + offset, sum === 0 ? 0xffff : sum);
}
