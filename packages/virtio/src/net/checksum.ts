/**
 * The Internet checksum [RFC 1071] and the completion of a checksum that a driver or a port left to do. [virtio 1.2 §5.1.6.2]
 */

/** Adds the 16-bit big-endian words of [start, end) to `sum`, an odd last byte padded with zero; the result is folded to 16 bits. */
export function addWords(bytes: Uint8Array, start: number, end: number, sum = 0): number {
  let total = sum;
  let at = start;
  // 32767 words of 16 bits stay below 2^31: the sum is folded before it can leave the range of small integers.
  while (at < end) {
    const stop = Math.min(end, at + 65534);
    const even = stop - ((stop - at) & 1);
    for (; at < even; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (at < stop) total += (bytes[at++] ?? 0) << 8;
    total = (total & 0xffff) + (total >>> 16);
  }
  return (total & 0xffff) + (total >>> 16);
}

/** True if a checksum over [start, end) at `start + offset` lies within the frame. Sums cannot overflow: both are 16 bits. */
export const checksumFits = (start: number, offset: number, end: number): boolean => start + offset + 2 <= end;

/**
 * Stores the checksum over [start, end) at `start + offset`, where the pseudo-header sum lies. A result of zero is stored as FFFFh, which
 * is the same number and does not mean "none" to UDP. [RFC 768] The caller has checked `checksumFits`.
 */
export function completeChecksum(frame: Uint8Array, end: number, start: number, offset: number): void {
  const sum = ~addWords(frame, start, end) & 0xffff;
  writeU16(frame, start + offset, sum === 0 ? 0xffff : sum);
}

export const readU16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** Big-endian, as everything on a wire. */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export const readU32 = (bytes: Uint8Array, at: number): number => readU16(bytes, at) * 0x1_0000 + readU16(bytes, at + 2);

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, value >>> 16);
  writeU16(bytes, at + 2, value & 0xffff);
}
