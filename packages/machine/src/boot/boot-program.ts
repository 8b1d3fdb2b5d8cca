/**
 * What every loader returns: bytes to place in RAM and the state in which the CPU starts. Loaders look at files only; they touch no
 * machine, so that each is a pure function and a reset can apply its result again.
 */
import type { Placement } from './placement.ts';

/** A segment register with its hidden part. [SDM 3A §3.4.3] */
export interface StartSegment {
  readonly selector: number;
  /** Access byte of the descriptor: P, DPL, S, type. [SDM 3A §3.4.5] */
  readonly access: number;
  /** G (8), D/B (4), L (2), AVL (1). */
  readonly flags: number;
}

/**
 * CPU state that differs from the one after a reset. All segments are flat: base 0, limit 4 GiB. Interrupts are off and every register
 * that is not named is 0.
 */
export interface StartState {
  readonly cr0: number;
  readonly cr3: number;
  readonly cr4: number;
  readonly efer: number;
  readonly rip: number;
  readonly rax: number;
  readonly rbx: number;
  readonly rsi: number;
  readonly code: StartSegment;
  /** DS, ES, SS, FS and GS. */
  readonly data: StartSegment;
  readonly gdt: { readonly base: number; readonly limit: number };
}

export interface BootProgram {
  /** Disjoint, all within usable RAM. */
  readonly placements: readonly Placement[];
  /** Undefined: the CPU starts at its reset vector. */
  readonly start: StartState | undefined;
}

/** Read, execute, accessed code at privilege level 0; read, write, accessed data. */
export const ACCESS_CODE = 0x9b;
export const ACCESS_DATA = 0x93;
/** 4-KiB granularity with 32-bit operands, or with 64-bit code. */
export const FLAGS_32 = 0xc;
export const FLAGS_64 = 0xa;

export const CR0_PE = 0x1;
/** Extension type: always 1 since the Pentium. [SDM 3A §2.5] */
export const CR0_ET = 0x10;
export const CR0_PG = 0x8000_0000;
export const CR4_PAE = 0x20;
/** Long mode enabled and active. [SDM 3A §2.2.1] */
export const EFER_LME = 0x100;
export const EFER_LMA = 0x400;

/** The descriptors at selectors 0x10 and 0x18 of a table whose other entries are null. [SDM 3A §3.4.5, Figure 3-8] */
export function flatGdt(code: StartSegment, data: StartSegment): Uint8Array<ArrayBuffer> {
  const table = new Uint8Array(0x20);
  for (const segment of [code, data]) {
    // Limit 0xfffff in pages, base 0.
    table.set([0xff, 0xff, 0, 0, 0, segment.access, (segment.flags << 4) | 0xf, 0], segment.selector);
  }
  return table;
}
