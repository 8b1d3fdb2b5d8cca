/** Sequence numbers: modulo 2^32, compared by the sign of their difference [RFC 9293 §3.4]. All are numbers 0 to 2^32 - 1. */

/** `a + n` for n of either sign. */
export const advance = (a: number, n: number): number => (a + n) >>> 0;

/** How far `to` is beyond `from`; negative if it is behind. Meaningful within 2^31. */
export const distance = (from: number, to: number): number => (to - from) | 0;

/** a < b. */
export const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;
