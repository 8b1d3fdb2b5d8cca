/**
 * Paging: from a linear to a physical address by the guest's tables. [SDM 3A ch. 4: §4.3 32-bit, §4.4 PAE, §4.5 4-level, §4.6 access
 * rights, §4.7 page-fault error code, §4.8 accessed and dirty flags] Addresses come as two 32-bit halves, physical addresses are
 * numbers below 2^40, entries are read as two doublewords: no bigint on the way. A walk writes nothing unless it succeeds.
 *
 * UNCHECKED: state words are read by the offsets of state.ts, which lie within every linear memory.
 */
import { CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, EFER_LMA, EFER_NXE, PHYSICAL_ADDRESS_BITS } from '../control-bits.ts';
import { STATE } from '../state.ts';

/** What an access does. */
export const ACCESS = { read: 0, write: 1, execute: 2 } as const;
export type AccessKind = (typeof ACCESS)[keyof typeof ACCESS];

/** Page-fault error code. [SDM 3A, Figure 4-12] */
export const PF_P = 1;
export const PF_W = 2;
export const PF_U = 4;
export const PF_RSVD = 8;
export const PF_I = 16;

/** Bits of an entry of a paging structure. [SDM 3A, Figure 4-4, 4-7, 4-11] */
export const ENTRY_P = 1;
export const ENTRY_RW = 2;
export const ENTRY_US = 4;
export const ENTRY_A = 0x20;
export const ENTRY_D = 0x40;
export const ENTRY_PS = 0x80;
export const ENTRY_G = 0x100;
/** Bit 63, in the high doubleword. */
export const ENTRY_XD = 0x8000_0000;

const TWO_32 = 2 ** 32;
/** Address bits in the high doubleword of an entry, and the bits from MAXPHYADDR to 51 that must be zero there. */
export const ADDRESS_HIGH: number = 2 ** (PHYSICAL_ADDRESS_BITS - 32) - 1;
export const RESERVED_HIGH: number = 0x000f_ffff & ~ADDRESS_HIGH;
/** PAE paging reserves bits 52 to 62 too. [SDM 3A, Table 4-9 to 4-11] */
export const RESERVED_HIGH_PAE: number = 0x7fff_ffff & ~ADDRESS_HIGH;
/** Bit of a PDE of a 4-MiB page. [SDM 3A, Table 4-4] */
export const PSE_36_RESERVED = 0x20_0000;
/** Reserved bits of a present PDPTE besides those from MAXPHYADDR up: 1, 2, 5 to 8. [SDM 3A, Table 4-8] */
const PDPTE_RESERVED_LOW = 0x1e6;

const CR0 = STATE.cr0.address >>> 2;
const CR3 = STATE.cr3.address >>> 2;
const CR4 = STATE.cr4.address >>> 2;
const EFER = STATE.efer.address >>> 2;
const PDPTES = STATE.pdptes.address >>> 2;

/** Physical memory by aligned doublewords. */
export interface PhysicalWords {
  readWord(address: number): number;
  writeWord(address: number, value: number): void;
}

export class PageWalker {
  /** Of the last successful walk: physical address of the 4-KiB page. */
  frame = 0;
  /** The page is global and CR4.PGE is set. */
  global = false;
  /** A write with the same privilege needs no further walk: it is allowed and the dirty flag is set. */
  writable = false;
  /** 4-KiB pages in the page of the guest: 1, 512, 1024 or 262144. */
  pages = 1;
  /** Of the last failed walk. */
  errorCode = 0;

  readonly #state: Uint32Array;
  readonly #physical: PhysicalWords;
  /** Entries that the walk has used, and their low doublewords. */
  readonly #address = new Float64Array(4);
  readonly #low = new Uint32Array(4);
  #used = 0;

  /** @param state doublewords of linear memory, the CPU state among them */
  constructor(state: Uint32Array, physical: PhysicalWords) {
    this.#state = state;
    this.#physical = physical;
  }

  /** Loads the PDPTE registers from the table at `cr3Low`. False, with nothing loaded, if one has a reserved bit set: #GP(0). */
  loadPdptes(cr3Low: number): boolean {
    const table = (cr3Low & ~0x1f) >>> 0;
    const loaded = new Uint32Array(8);
    for (let i = 0; i < 8; i += 2) {
      const low = this.#physical.readWord(table + 4 * i);
      const high = this.#physical.readWord(table + 4 * i + 4);
      if ((low & ENTRY_P) !== 0 && ((low & PDPTE_RESERVED_LOW) !== 0 || (high & ~ADDRESS_HIGH) !== 0)) return false;
      loaded[i] = low;
      loaded[i + 1] = high;
    }
    this.#state.set(loaded, PDPTES);
    return true;
  }

  /** Translates; false: #PF with `errorCode`. The address must be canonical (long mode) or below 2^32. */
  walk(low: number, high: number, access: AccessKind, user: boolean): boolean {
    const cr0 = this.#state[CR0]!;
    const cr4 = this.#state[CR4]!;
    if ((cr0 & CR0_PG) === 0) {
      this.frame = (low & ~0xfff) >>> 0;
      this.global = false;
      this.writable = true;
      this.pages = 1;
      return true;
    }
    this.#used = 0;
    return (cr4 & CR4_PAE) === 0 ? this.#walk32(low, access, user) : this.#walkPae(low, high, access, user);
  }

  #walk32(low: number, access: AccessKind, user: boolean): boolean {
    const directory = (this.#state[CR3]! & ~0xfff) >>> 0;
    const pde = this.#use(directory + (low >>> 22) * 4);
    if ((pde & ENTRY_P) === 0) return this.#fault(0, access, user);
    if ((pde & ENTRY_PS) !== 0 && (this.#state[CR4]! & CR4_PSE) !== 0) {
      // PSE-36: bits 13 to 20 are bits 32 to 39 of the address; bit 21 is reserved. [SDM 3A, Table 4-4]
      if ((pde & PSE_36_RESERVED) !== 0) return this.#fault(PF_P | PF_RSVD, access, user);
      const frame = ((pde & 0xffc0_0000) >>> 0) + ((pde >>> 13) & 0xff) * TWO_32 + (low & 0x3f_f000);
      return this.#finish(frame, 1024, pde, 0, access, user);
    }
    const pte = this.#use(((pde & ~0xfff) >>> 0) + ((low >>> 12) & 0x3ff) * 4);
    if ((pte & ENTRY_P) === 0) return this.#fault(0, access, user);
    return this.#finish((pte & ~0xfff) >>> 0, 1, pde & pte, 0, access, user);
  }

  /** Tables of 8-byte entries: PAE from the PDPTE registers, 4-level from CR3. */
  #walkPae(low: number, high: number, access: AccessKind, user: boolean): boolean {
    const efer = this.#state[EFER]!;
    const long = (efer & EFER_LMA) !== 0;
    const reserved = (long ? RESERVED_HIGH : RESERVED_HIGH_PAE) | ((efer & EFER_NXE) !== 0 ? 0 : ENTRY_XD);
    let level: number;
    let table: number;
    if (long) {
      level = 4;
      table = ((this.#state[CR3]! & ~0xfff) >>> 0) + (this.#state[CR3 + 1]! & ADDRESS_HIGH) * TWO_32;
    } else {
      const pdpte = PDPTES + (low >>> 30) * 2;
      if ((this.#state[pdpte]! & ENTRY_P) === 0) return this.#fault(0, access, user);
      level = 2;
      table = ((this.#state[pdpte]! & ~0xfff) >>> 0) + (this.#state[pdpte + 1]! & ADDRESS_HIGH) * TWO_32;
    }
    let rights = ENTRY_RW | ENTRY_US;
    let disabled = 0;
    for (; ; level--) {
      const address = table + tableIndex(low, high, level) * 8;
      const entry = this.#use(address);
      if ((entry & ENTRY_P) === 0) return this.#fault(0, access, user);
      const entryHigh = this.#physical.readWord(address + 4);
      if ((entryHigh & reserved) !== 0) return this.#fault(PF_P | PF_RSVD, access, user);
      rights &= entry;
      disabled |= entryHigh & ENTRY_XD;
      const base = (entryHigh & ADDRESS_HIGH) * TWO_32;
      table = ((entry & ~0xfff) >>> 0) + base;
      if (level === 1) return this.#finish(table, 1, rights | (entry & ~(ENTRY_RW | ENTRY_US)), disabled, access, user);
      if ((entry & ENTRY_PS) === 0) continue;
      if (level === 4) return this.#fault(PF_P | PF_RSVD, access, user);
      // Bit 12 is PAT; the bits between it and the address of the page are reserved. [SDM 3A, Table 4-16, 4-18]
      const pages = level === 3 ? 0x4_0000 : 0x200;
      const within = (pages - 1) * 4096;
      if ((entry & within & ~0x1000) !== 0) return this.#fault(PF_P | PF_RSVD, access, user);
      const frame = ((entry & ~(within | 0xfff)) >>> 0) + base + (low & within);
      return this.#finish(frame, pages, rights | (entry & ~(ENTRY_RW | ENTRY_US)), disabled, access, user);
    }
  }

  /** Reads the low doubleword of an entry and remembers it for its accessed flag. */
  #use(address: number): number {
    const low = this.#physical.readWord(address);
    this.#address[this.#used] = address;
    this.#low[this.#used++] = low;
    return low;
  }

  #fault(code: number, access: AccessKind, user: boolean): false {
    let errorCode = code;
    if (access === ACCESS.write) errorCode |= PF_W;
    if (user) errorCode |= PF_U;
    // The I/D flag is defined only where execution can be disabled. [SDM 3A §4.7]
    if (access === ACCESS.execute && (this.#state[CR4]! & CR4_PAE) !== 0 && (this.#state[EFER]! & EFER_NXE) !== 0) errorCode |= PF_I;
    this.errorCode = errorCode;
    return false;
  }

  /** Access rights, then accessed and dirty flags. `entry`: the leaf, its R/W and U/S those of all levels together. */
  #finish(frame: number, pages: number, entry: number, disabled: number, access: AccessKind, user: boolean): boolean {
    const mayWrite = (entry & ENTRY_RW) !== 0 || (!user && (this.#state[CR0]! & CR0_WP) === 0);
    const allowed =
      (!user || (entry & ENTRY_US) !== 0) && (access !== ACCESS.write || mayWrite) && (access !== ACCESS.execute || disabled === 0);
    if (!allowed) return this.#fault(PF_P, access, user);

    const last = this.#used - 1;
    for (let i = 0; i <= last; i++) {
      const wanted = ENTRY_A | (i === last && access === ACCESS.write ? ENTRY_D : 0);
      const low = this.#low[i]!;
      if ((low & wanted) === wanted) continue;
      this.#low[i] = low | wanted;
      this.#physical.writeWord(this.#address[i]!, this.#low[i]!);
    }
    const leaf = this.#low[last]!;
    this.frame = frame;
    this.pages = pages;
    this.global = (leaf & ENTRY_G) !== 0 && (this.#state[CR4]! & CR4_PGE) !== 0;
    this.writable = mayWrite && (leaf & ENTRY_D) !== 0;
    return true;
  }
}

/** The nine bits of a linear address that choose an entry of the table at `level`. */
function tableIndex(low: number, high: number, level: number): number {
  if (level === 1) return (low >>> 12) & 0x1ff;
  if (level === 2) return (low >>> 21) & 0x1ff;
  if (level === 3) return ((high & 0x7f) << 2) | (low >>> 30);
  return (high >>> 7) & 0x1ff;
}
