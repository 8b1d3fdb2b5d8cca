/**
 * Guest faults. A faulting access or routine stores vector and error code in the state and throws one frozen token (no Error, no stack, no
 * allocation); only the run loop catches it. Generated code throws none: it hears of faults by results.
 */
export const GUEST_FAULT: { readonly guestFault: true } = Object.freeze({ guestFault: true as const });

/** [SDM 3A, Table 6-1] */
export const VECTOR = {
  DE: 0,
  DB: 1,
  NMI: 2,
  BP: 3,
  OF: 4,
  BR: 5,
  UD: 6,
  NM: 7,
  DF: 8,
  TS: 10,
  NP: 11,
  SS: 12,
  GP: 13,
  PF: 14,
  MF: 16,
  AC: 17,
  MC: 18,
  XM: 19,
} as const;

/** Vectors that push an error code. */
export const HAS_ERROR_CODE: ReadonlySet<number> = new Set([VECTOR.DF, VECTOR.TS, VECTOR.NP, VECTOR.SS, VECTOR.GP, VECTOR.PF, VECTOR.AC]);
