/**
 * RFLAGS: its bits, and how the status flags are worked out of the two lazy words that state.ts describes, and put back into them.
 * [SDM 1 §3.4.3] Words are taken and given as 32-bit halves, so that no bigint is made on the way.
 */
export const RFLAGS_CF = 1;
/** Bit 1 always reads as one. */
export const RFLAGS_ALWAYS: number = 1 << 1;
export const RFLAGS_PF: number = 1 << 2;
export const RFLAGS_AF: number = 1 << 4;
export const RFLAGS_ZF: number = 1 << 6;
export const RFLAGS_SF: number = 1 << 7;
export const RFLAGS_TF: number = 1 << 8;
export const RFLAGS_IF: number = 1 << 9;
export const RFLAGS_DF: number = 1 << 10;
export const RFLAGS_OF: number = 1 << 11;
export const RFLAGS_IOPL: number = 3 << 12;
export const RFLAGS_NT: number = 1 << 14;
export const RFLAGS_RF: number = 1 << 16;
export const RFLAGS_VM: number = 1 << 17;
export const RFLAGS_AC: number = 1 << 18;
export const RFLAGS_VIF: number = 1 << 19;
export const RFLAGS_VIP: number = 1 << 20;
export const RFLAGS_ID: number = 1 << 21;

export const STATUS_FLAGS: number = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;
/** The bits that `eflags` of the state may hold besides bit 1. VIF and VIP stay zero: virtual-8086 mode extensions are absent. */
export const SYSTEM_FLAGS: number =
  RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC | RFLAGS_ID;

/** CF PF AF ZF SF OF at their places in RFLAGS, from the halves of `flagResult` and `flagCarries`. */
export function statusFlags(resultLow: number, resultHigh: number, carriesLow: number, carriesHigh: number): number {
  let flags = 0;
  if (carriesHigh >>> 31 !== 0) flags |= RFLAGS_CF;
  if ((((carriesHigh >>> 31) ^ (carriesHigh >>> 30)) & 1) !== 0) flags |= RFLAGS_OF;
  if ((carriesLow & 8) !== 0) flags |= RFLAGS_AF;
  const byte = (resultLow ^ (carriesLow >>> 8)) & 0xff;
  // Bit n of 6996H is the parity of n.
  if (((0x6996 >>> ((byte ^ (byte >>> 4)) & 15)) & 1) === 0) flags |= RFLAGS_PF;
  if ((resultLow | resultHigh) === 0) flags |= RFLAGS_ZF;
  if ((((resultHigh >>> 31) ^ (carriesLow >>> 16)) & 1) !== 0) flags |= RFLAGS_SF;
  return flags;
}

/** A `flagResult` (its low half; the high half is zero) that goes with `lazyCarriesLow` and `lazyCarriesHigh` of the same flags. */
export const lazyResult = (flags: number): number => ((flags & RFLAGS_ZF) !== 0 ? 0 : 1);

export function lazyCarriesLow(flags: number): number {
  let word = (flags & RFLAGS_AF) !== 0 ? 8 : 0;
  // The result 0 has even parity by itself, the result 1 odd parity; its sign is clear in both cases.
  if (((flags & RFLAGS_ZF) !== 0) !== ((flags & RFLAGS_PF) !== 0)) word |= 1 << 8;
  if ((flags & RFLAGS_SF) !== 0) word |= 1 << 16;
  return word;
}

export function lazyCarriesHigh(flags: number): number {
  const carry = flags & RFLAGS_CF;
  const overflow = (flags >>> 11) & 1;
  return ((carry << 31) | ((carry ^ overflow) << 30)) >>> 0;
}

/** The status flags of two lazy words given as bigints. */
export function statusFlagsOf(result: bigint, carries: bigint): number {
  const low = (n: bigint): number => Number(BigInt.asUintN(32, n));
  return statusFlags(low(result), low(result >> 32n), low(carries), low(carries >> 32n));
}
