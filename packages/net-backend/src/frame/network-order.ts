/**
 * Big-endian fields in a frame, and the Internet checksum [RFC 1071]. UNCHECKED: the `!` hold because every caller has compared offsets
 * with the end of its packet first; beyond the end the readers would give NaN-free zeros, never an exception.
 */

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** 0 to 2^32 - 1. */
export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Six bytes as a number below 2^48: how MAC addresses are held. */
export function readU48(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 0x1_0000_0000 + readU32(bytes, at + 2);
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function writeU48(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, Math.floor(value / 0x1_0000_0000));
  writeU32(bytes, at + 2, value >>> 0);
}

/**
 * Sum of the 16-bit words of [start, end), an odd last byte padded with zero, added to `sum`. Not folded: at most 2^31 for 64 KiB, so
 * sums of several ranges may be added before `fold`.
 */
export function sumWords(bytes: Uint8Array, start: number, end: number, sum = 0): number {
  let total = sum;
  let i = start;
  for (const stop = end - 7; i < stop; i += 8) {
    total +=
      ((bytes[i]! << 8) | bytes[i + 1]!) +
      ((bytes[i + 2]! << 8) | bytes[i + 3]!) +
      ((bytes[i + 4]! << 8) | bytes[i + 5]!) +
      ((bytes[i + 6]! << 8) | bytes[i + 7]!);
  }
  for (const stop = end - 1; i < stop; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!;
  if (i < end) total += bytes[i]! << 8;
  return total;
}

/** A sum below 2^32 in ones' complement, 0 to 0xffff. */
export function fold(sum: number): number {
  let total = (sum & 0xffff) + (sum >>> 16);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** What goes in the checksum field when [start, end) is covered, the field itself being zero. Over a correct packet: 0. */
export function checksum(bytes: Uint8Array, start: number, end: number, sum = 0): number {
  return ~fold(sumWords(bytes, start, end, sum)) & 0xffff;
}

/** The pseudo header of TCP and UDP, not folded [RFC 9293 §3.1, RFC 768]. Addresses as numbers, length of header and data in bytes. */
export function pseudoHeaderSum(source: number, destination: number, protocol: number, length: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length;
}
