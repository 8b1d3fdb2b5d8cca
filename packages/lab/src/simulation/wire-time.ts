/** How long a frame occupies a wire: its bits, and what Ethernet adds to them. */

/** Preamble and start of frame, frame check sequence, gap between frames. [IEEE 802.3 §3.1, §4.4.2] In bytes. */
const FRAME_OVERHEAD = 8 + 4 + 12;
/** Shorter ones are padded. [IEEE 802.3 §3.2.8] */
const MIN_FRAME = 60;

/** For a frame of `length` bytes without its frame check sequence: ns, with fractions. */
export const wireTime = (length: number, bitsPerSecond: number): number =>
  ((Math.max(length, MIN_FRAME) + FRAME_OVERHEAD) * 8e9) / bitsPerSecond;
