/** Comparison of results that processors only approximate. */

const EXPONENT = 0x7fffn;

/**
 * Two 80-bit numbers of one sign within 2^-60 of each other, or denormal and neighbours; zeros, infinities and NaNs must be equal.
 */
export function compareRegister80(a: bigint, b: bigint): boolean {
  if (a === b) return true;
  if (a >> 79n !== b >> 79n) return false;
  const ea = (a >> 64n) & EXPONENT;
  const eb = (b >> 64n) & EXPONENT;
  if (ea === EXPONENT || eb === EXPONENT) return false;
  const difference = ea - eb;
  if (difference > 1n || difference < -1n) return false;
  const low = (1n << 64n) - 1n;
  // Both scaled to the smaller exponent.
  const x = (a & low) << (difference > 0n ? 1n : 0n);
  const y = (b & low) << (difference < 0n ? 1n : 0n);
  const apart = x > y ? x - y : y - x;
  return apart << 60n <= (x > y ? x : y) || (ea === 0n && eb === 0n && apart <= 1n);
}

/** Lanes of reciprocal estimates, each within 1.5 · 2^-12 of the other. [SDM 2B, "RCPPS"] */
export function reciprocalWithin(a: bigint, b: bigint): boolean {
  const view = new DataView(new ArrayBuffer(4));
  const number = (bits: bigint): number => {
    view.setUint32(0, Number(bits & 0xffff_ffffn));
    return view.getFloat32(0);
  };
  for (let lane = 0n; lane < 128n; lane += 32n) {
    const x = (a >> lane) & 0xffff_ffffn;
    const y = (b >> lane) & 0xffff_ffffn;
    if (x === y) continue;
    const nx = number(x);
    const ny = number(y);
    if (!(Math.abs(nx - ny) <= 2 * 1.5 * 2 ** -12 * Math.abs(ny))) return false;
  }
  return true;
}
