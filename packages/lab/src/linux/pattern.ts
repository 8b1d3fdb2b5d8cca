/**
 * What every stream and datagram of a Linux workload carries: pieces of one pattern, which begins again after a prime number of bytes, so
 * that bytes at a wrong place are seen. [guests/linux/lab/labnet.c, "make_pattern"]
 */

export const PATTERN_PERIOD = 65_521;
/** A piece can be taken from anywhere in one go if it is no longer than this. */
export const PIECE_MAX = 65_536;

/** Marsaglia's xorshift of 32 bits, low bytes. */
function make(): Uint8Array {
  const bytes = new Uint8Array(PATTERN_PERIOD + PIECE_MAX);
  let state = 2_463_534_242;
  for (let i = 0; i < PATTERN_PERIOD; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  for (let i = PATTERN_PERIOD; i < bytes.length; i++) bytes[i] = bytes[i - PATTERN_PERIOD] as number;
  return bytes;
}

const PATTERN = make();

/** `length` bytes from `offset` on, at most PIECE_MAX. Not to be changed. */
export function piece(offset: number, length: number): Uint8Array {
  const at = offset % PATTERN_PERIOD;
  return PATTERN.subarray(at, at + length);
}

/** Whether `bytes`, at most PIECE_MAX, are those from `offset` on. */
export function isPiece(bytes: Uint8Array, offset: number): boolean {
  const at = offset % PATTERN_PERIOD;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== PATTERN[at + i]) return false;
  return true;
}
