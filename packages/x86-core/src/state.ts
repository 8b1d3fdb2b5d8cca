/**
 * CPU state: one table. Names are the manual's; offsets follow from the order. The state lies in linear memory beside guest RAM, so that
 * generated code and TypeScript see the same bytes; every offset in the project comes from here.
 *
 * General registers are 64 bits wide, so that AH is a byte address and a 32-bit write zero-extends in one place.
 *
 * Status flags are kept lazily as two 64-bit words:
 *   flagResult  the last result, sign-extended from its width:  ZF = (flagResult = 0)
 *   flagCarries bit 63 = CF, bit 62 = carry into the sign bit (OF = bit 63 xor bit 62), bit 3 = AF,
 *               bits 15–8 = parity delta (PF = even parity of (flagResult xor flagCarries>>8) & 0xff),
 *               bit 16 = sign delta (SF = sign of flagResult xor bit 16); all other bits zero
 * The deltas let any combination of flags be stored. `eflags` holds the other bits of RFLAGS (its status bits are zero); see flags.ts.
 */

export type ArchitecturalField =
  | 'gpr'
  | 'rip'
  | 'flagResult'
  | 'flagCarries'
  | 'eflags'
  | 'interruptShadow'
  | 'segmentBase'
  | 'segmentLimit'
  | 'segmentAttributes'
  | 'segmentSelector'
  | 'gdtrBase'
  | 'gdtrLimit'
  | 'idtrLimit'
  | 'idtrBase'
  | 'cr0'
  | 'cr2'
  | 'cr3'
  | 'cr4'
  | 'pdptes'
  | 'efer'
  | 'star'
  | 'lstar'
  | 'cstar'
  | 'sfmask'
  | 'kernelGsBase'
  | 'sysenterCs'
  | 'sysenterEsp'
  | 'sysenterEip'
  | 'pat'
  | 'tscAux'
  | 'tscOffset'
  | 'miscEnable'
  | 'dr'
  | 'cpl'
  | 'halted'
  | 'nmiBlocked'
  | 'fcw'
  | 'fsw'
  | 'ftags'
  | 'fop'
  | 'ftop'
  | 'mxcsr'
  | 'fip'
  | 'fdp'
  | 'fcs'
  | 'fds'
  | 'fpr'
  | 'xmm';
export type DerivedField =
  | 'zero'
  | 'linearMask'
  | 'codeBias'
  | 'codeRange'
  | 'linearBase'
  | 'segmentLower'
  | 'segmentUpper'
  | 'segmentAccess'
  | 'flatSegments'
  | 'flagKind'
  | 'callFrom'
  | 'callTo'
  | 'callSlot'
  | 'flagCarry'
  | 'hotAfter'
  | 'translated'
  | 'regionExits'
  | 'commonMode'
  | 'attention'
  | 'shadowUntil'
  | 'codeTlbFilled'
  | 'codeTlbFilledGlobal'
  | 'codeTlbMixed'
  | 'timestampStart'
  | 'timestampFrom'
  | 'timestampRate'
  | 'x87Blocked'
  | 'mmxBlocked'
  | 'sseBlocked'
  | 'tlb'
  | 'codeTlb'
  | 'tlbFilled'
  | 'tlbFilledGlobal'
  | 'tlbLargePages'
  | 'ramFirstPage'
  | 'ramPages'
  | 'ramHost'
  | 'watchedPages'
  | 'codeDirectory'
  | 'codeKey'
  | 'faultVector'
  | 'faultErrorCode'
  | 'faulted'
  | 'deliversFaults'
  | 'deliveredAt'
  | 'remaining'
  | 'record'
  | 'runStart'
  | 'ripBase'
  | 'pageMap'
  | 'slowAddress'
  | 'slowValue'
  | 'slowHigh'
  | 'systemArguments'
  | 'systemResult';

interface FieldShape {
  /** Bytes of one element. */
  readonly size: 1 | 2 | 4 | 8 | 16;
  readonly count: number;
}

const u16 = (count = 1): FieldShape => ({ size: 2, count });
const u32 = (count = 1): FieldShape => ({ size: 4, count });
const u64 = (count = 1): FieldShape => ({ size: 8, count });
const v128 = (count = 1): FieldShape => ({ size: 16, count });

/** Regions of RAM that generated code can find; pages of others are TypeScript's to find. */
export const RAM_REGIONS = 8;
/** Size of the set `tlbLargePages`, in words of 32 bits. */
export const TLB_LARGE_PAGE_WORDS = 128;

/** Architectural state, saved and compared. */
const ARCHITECTURAL: Readonly<Record<ArchitecturalField, FieldShape>> = {
  gpr: u64(16),
  rip: u64(),
  flagResult: u64(),
  flagCarries: u64(),
  /** RFLAGS without CF PF AF ZF SF OF; bit 1 always set. */
  eflags: u32(),
  /** Not 0: an interrupt may not be taken before the next instruction has completed; 1 after STI, 2 after MOV SS and POP SS, which hold back single-step traps, too. */
  interruptShadow: u32(),
  /** Segment registers in encoding order ES CS SS DS FS GS, then LDTR, TR. */
  segmentBase: u64(8),
  /** Effective limit in bytes, granularity applied. */
  segmentLimit: u32(8),
  /** Access rights as in the second descriptor doubleword, bits 8–23, shifted right by 8: type 0–3, S 4, DPL 5–6, P 7, AVL 12, L 13, D/B 14, G 15. Zero: unusable (null). */
  segmentAttributes: u32(8),
  segmentSelector: u32(8),
  gdtrBase: u64(),
  gdtrLimit: u32(),
  idtrLimit: u32(),
  idtrBase: u64(),
  cr0: u64(),
  cr2: u64(),
  cr3: u64(),
  cr4: u64(),
  /** PDPTE registers: low and high doublewords of four entries, loaded with CR3 in PAE mode. [SDM 3A §4.4.1] */
  pdptes: u32(8),
  efer: u64(),
  star: u64(),
  lstar: u64(),
  cstar: u64(),
  sfmask: u64(),
  kernelGsBase: u64(),
  sysenterCs: u64(),
  sysenterEsp: u64(),
  sysenterEip: u64(),
  pat: u64(),
  tscAux: u64(),
  tscOffset: u64(),
  miscEnable: u64(),
  dr: u64(8),
  /** Current privilege level. */
  cpl: u32(),
  /** 1: waiting in HLT. */
  halted: u32(),
  /** 1: NMIs blocked until IRET. */
  nmiBlocked: u32(),
  /** x87. `fsw` has its TOP field always zero: TOP is `ftop`. `ftags` bit i = 1: physical register i is not empty. */
  fcw: u16(),
  fsw: u16(),
  ftags: u16(),
  fop: u16(),
  ftop: u32(),
  mxcsr: u32(),
  fip: u64(),
  fdp: u64(),
  fcs: u16(),
  fds: u16(),
  /** Physical x87 registers, 16 bytes each: significand in the first 8, sign and exponent in the next 2. */
  fpr: v128(8),
  xmm: v128(16),
};

/** What the engines keep beside it; can be made anew from the architectural part. */
const DERIVED: Readonly<Record<DerivedField, FieldShape>> = {
  /** Always zero: stands for an absent base, index or segment base. */
  zero: u64(),
  /** Linear addresses are cut with this: 2^32 − 1 outside 64-bit mode, all ones in it. */
  linearMask: u64(),
  /** Execution may go to t if (t + codeBias) mod 2^64 ≤ codeRange: the CS limit, or the canonical addresses. */
  codeBias: u64(),
  codeRange: u64(),
  /** What ES … GS add to an offset: the segment base; zero for ES, CS, SS, DS in 64-bit mode. */
  linearBase: u64(8),
  /** Offsets [lower, upper] are valid in each of ES … GS. */
  segmentLower: u64(8),
  segmentUpper: u64(8),
  /** Bit 0 readable, bit 1 writable. */
  segmentAccess: u32(8),
  /** 1: CS, ES, SS and DS are flat (base 0, limit 4 GiB; the last three readable and writable), or 64-bit mode: no checks through them. */
  flatSegments: u32(),
  /** How translated code that has just been left keeps the flags in flagResult and flagCarries; 0, as everybody else wants them. */
  flagKind: u32(),
  flagCarry: u32(),
  /** The last indirect call or jump out of translated code: RIP of the instruction, its target, slot of the region. */
  callFrom: u64(),
  callTo: u64(),
  callSlot: u32(),
  /** Jumps to a place after which it is translated; 2^16 and more: never. */
  hotAfter: u32(),
  /** Instructions executed by translated code since the CPU was made, and returns from it to the interpreter by their outcome (LEFT). */
  translated: u64(),
  regionExits: u64(3),
  /**
   * Modes between which the common cases of system routines move (system/common-case/): 64 in 64-bit mode; 32 in protected mode outside of
   * long mode when flatSegments holds, CS is readable 32-bit code and SS has B set; else 0, and every routine runs in TypeScript.
   */
  commonMode: u32(),
  /** Not 0: an interrupt or an NMI waits, so whoever sets IF or lets NMIs in must leave. */
  attention: u32(),
  /** Value of `remaining` at the boundary up to which the interrupt shadow lasts. */
  shadowUntil: u32(),
  /** Lists of the code TLB's entries that were filled, and whether the second one holds others than global pages. [engines/code-tlb.ts] */
  codeTlbFilled: u32(),
  codeTlbFilledGlobal: u32(),
  codeTlbMixed: u32(),
  /**
   * The time stamp counter without tscOffset: timestampStart + ⌊(timestampFrom − instructions left) × timestampRate⌋; the last two are
   * doubles. Rate 0: it must be asked for.
   */
  timestampStart: u64(),
  timestampFrom: u64(),
  timestampRate: u64(),
  /** Why x87, MMX or SSE instructions may not run now: 0, or the vector of the fault (6 #UD, 7 #NM). */
  x87Blocked: u32(),
  mmxBlocked: u32(),
  sseBlocked: u32(),
  /** Address in linear memory of the TLB and of the code TLB for the current privilege. */
  tlb: u32(),
  codeTlb: u32(),
  /** Lengths of the TLB's two journals, in entries, and a set of its large pages: see memory/tlb.ts. */
  tlbFilled: u32(),
  tlbFilledGlobal: u32(),
  tlbLargePages: u32(TLB_LARGE_PAGE_WORDS),
  /** RAM as the page walk finds it, largest region first: number of the first physical page, pages (0: no region), address in linear memory. */
  ramFirstPage: u32(RAM_REGIONS),
  ramPages: u32(RAM_REGIONS),
  ramHost: u32(RAM_REGIONS),
  /** Address in linear memory of the bytes of Ram.watched. */
  watchedPages: u32(),
  /** Directory of the maps of decoded code, and the mode whose maps hold what is executed now: see engines/code-pages.ts. */
  codeDirectory: u32(),
  codeKey: u32(),
  /** Of the last fault: vector, and error code (−1: none). */
  faultVector: u32(),
  faultErrorCode: u32(),
  /** 1: the run ended in a fault that is to be delivered. */
  faulted: u32(),
  /** 1: the common case of delivery is tried before a run ends in a fault. */
  deliversFaults: u32(),
  /** Value of `remaining` when a fault was last delivered; at most −2^30 if there was none yet. */
  deliveredAt: u32(),
  /** Instructions left in this slice; below zero: leave at the next boundary. */
  remaining: u32(),
  /** Record being executed and first record of the run since `remaining` was last brought up to date. */
  record: u32(),
  runStart: u32(),
  /** Current code page: RIP of its first byte, record map. */
  ripBase: u64(),
  pageMap: u32(),
  /** Arguments and result of calls out of Wasm. */
  slowAddress: u64(),
  slowValue: u64(),
  slowHigh: u64(),
  systemArguments: u64(6),
  systemResult: u64(),
};

export type FieldName = ArchitecturalField | DerivedField;

const TABLE: Readonly<Record<FieldName, FieldShape>> = { ...ARCHITECTURAL, ...DERIVED };

export interface StateField {
  /** Address in linear memory of element 0. */
  readonly address: number;
  /** Bytes of one element. */
  readonly size: 1 | 2 | 4 | 8 | 16;
  readonly count: number;
}

/** Address of the state in linear memory: page 0 stays unused. */
export const STATE_BASE = 0x1000;

function layOut(): { fields: Readonly<Record<FieldName, StateField>>; end: number; architecturalEnd: number } {
  const fields = {} as Record<FieldName, StateField>;
  let at = STATE_BASE;
  let architecturalEnd = at;
  for (const [name, shape] of Object.entries(TABLE) as [FieldName, FieldShape][]) {
    at = Math.ceil(at / shape.size) * shape.size;
    fields[name] = { address: at, size: shape.size, count: shape.count };
    at += shape.size * shape.count;
    if (name in ARCHITECTURAL) architecturalEnd = at;
  }
  return { fields, end: at, architecturalEnd };
}

const LAYOUT = layOut();

export const STATE: Readonly<Record<FieldName, StateField>> = LAYOUT.fields;
export const STATE_END: number = LAYOUT.end;
/** End of the part that is saved, restored and compared: [STATE_BASE, STATE_ARCHITECTURAL_END). */
export const STATE_ARCHITECTURAL_END: number = LAYOUT.architecturalEnd;

export const SEGMENT_NUMBER = { ES: 0, CS: 1, SS: 2, DS: 3, FS: 4, GS: 5, LDTR: 6, TR: 7 } as const;
