/**
 * Memory as TypeScript sees it through linear addresses: TLB, then page walk, then RAM or a device. The slow path of generated code ends
 * here too. Linear addresses are two 32-bit halves; who has them as a bigint uses `readLinear` and `writeLinear`. [SDM 3A ch. 4]
 *
 * An access that crosses a page is checked in both pages before its first byte is read or written. Devices get accesses of 1, 2 and 4
 * bytes: 8 bytes as 4-byte ones, lowest first, 16 bytes as 8 and 8; physical addresses where nothing is read as all ones.
 *
 * Where an access faults, the fault is written down and GUEST_FAULT thrown; the slow paths of generated code give false instead.
 *
 * UNCHECKED: state words by the offsets of state.ts; host addresses come from the TLB or from Ram.offsetOf of a whole page.
 */
import type { AddressSpace, Ram } from '@paravirt/bus';
import { EFER_LMA } from '../control-bits.ts';
import { GUEST_FAULT } from '../fault.ts';
import { RAM_REGIONS, STATE } from '../state.ts';
import { ACCESS, type AccessKind, PageWalker, type PhysicalWords } from './paging.ts';
import { Tlb, tlbEntry } from './tlb.ts';

export type Bytes = 1 | 2 | 4 | 8 | 16;

const PAGE = 4096;
const EFER = STATE.efer.address >>> 2;
const LINEAR_MASK_HIGH = (STATE.linearMask.address >>> 2) + 1;
const SLOW_ADDRESS = STATE.slowAddress.address >>> 2;

/** In long mode bits 63 to 47 are alike; outside it every address is canonical. */
export const isCanonical = (high: number): boolean => (high | 0) >> 15 === 0 || (high | 0) >> 15 === -1;

/** Where the MMU writes down why an access is not possible: #PF, or #GP(0). */
export interface MmuFaults {
  pageFault(low: number, high: number, errorCode: number): void;
  nonCanonical(): void;
}

export interface MmuOptions {
  /** Linear memory: CPU state, TLB and RAM. */
  readonly buffer: ArrayBufferLike;
  readonly ram: Ram;
  /** Physical addresses that are not RAM. */
  readonly mmio: AddressSpace;
  readonly faults: MmuFaults;
}

export class Mmu implements PhysicalWords {
  readonly tlb: Tlb;
  readonly walker: PageWalker;
  /** A write reached a page that `Ram.watched` marks; `start` is its address in linear memory. Called after the write. */
  onCodeWrite: ((start: number, length: number) => void) | undefined = undefined;
  /** Of the last `translate`: address of the byte in linear memory, −1 if it is not RAM. */
  host = -1;

  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #ram: Ram;
  readonly #mmio: AddressSpace;
  readonly #faults: MmuFaults;
  /** The pieces of the access under way: where they are, and the length of the first. */
  #length0 = 0;
  #physical0 = 0;
  #physical1 = 0;
  #host0 = -1;
  #host1 = -1;
  readonly #scratch = new DataView(new ArrayBuffer(16));

  constructor(options: MmuOptions) {
    this.#view = new DataView(options.buffer);
    this.#bytes = new Uint8Array(options.buffer);
    this.#words = new Uint32Array(options.buffer, 0, options.buffer.byteLength >>> 2);
    this.#ram = options.ram;
    this.#mmio = options.mmio;
    this.#faults = options.faults;
    this.tlb = new Tlb(this.#words);
    this.walker = new PageWalker(this.#words, this);
    this.#tellRam();
  }

  /** Writes down where RAM is, for the page walk in WebAssembly. Without the watched pages in linear memory it finds none. */
  #tellRam(): void {
    const words = this.#words;
    const { regions, watched, buffer } = this.#ram;
    const seen = watched.buffer === buffer ? [...regions].sort((a, b) => b.size - a.size) : [];
    for (let i = 0; i < RAM_REGIONS; i++) {
      const region = seen[i];
      words[(STATE.ramFirstPage.address >>> 2) + i] = (region?.address ?? 0) / PAGE;
      words[(STATE.ramPages.address >>> 2) + i] = (region?.size ?? 0) / PAGE;
      words[(STATE.ramHost.address >>> 2) + i] = region?.offset ?? 0;
    }
    words[STATE.watchedPages.address >>> 2] = watched.byteOffset;
  }

  /** Aligned doubleword of physical memory. */
  readWord(address: number): number {
    const host = this.#ram.offsetOf(address, 4);
    return host >= 0 ? this.#words[host >>> 2]! : this.#mmio.read(address, 4);
  }

  writeWord(address: number, value: number): void {
    const host = this.#ram.offsetOf(address, 4);
    if (host < 0) {
      this.#mmio.write(address, 4, value);
      return;
    }
    this.#words[host >>> 2] = value;
    this.#wrote(host, 4);
  }

  /**
   * Physical address of one byte, or a page fault. Reads and writes of RAM pages are entered into the TLB.
   * @param user false: access with supervisor rights
   */
  translate(low: number, high: number, access: AccessKind, user: boolean): number {
    const physical = this.#translate(low, high, access, user);
    if (physical < 0) throw GUEST_FAULT;
    return physical;
  }

  /** −1 after a page fault was written down. */
  #translate(low: number, high: number, access: AccessKind, user: boolean): number {
    const physical = this.lookUp(low, high, access, user);
    if (physical < 0) this.#faults.pageFault(low, high, this.walker.errorCode);
    return physical;
  }

  /** Like `translate`, but −1 instead of a page fault; `walker.errorCode` tells why. */
  lookUp(low: number, high: number, access: AccessKind, user: boolean): number {
    const inPage = low & (PAGE - 1);
    const { walker } = this;
    if (!walker.walk(low, high, access, user)) return -1;
    const physical = walker.frame + inPage;
    const page = this.#ram.offsetOf(walker.frame, PAGE);
    if (page < 0) {
      this.host = -1;
      return physical;
    }
    this.host = page + inPage;
    if (access !== ACCESS.execute) {
      const writable = walker.writable && this.#ram.watched[page >>> 12] === 0;
      this.tlb.fill(low, high, user, page, walker.global, writable, walker.pages);
    }
    return physical;
  }

  /** 1, 2 or 4 bytes. */
  read(low: number, high: number, bytes: 1 | 2 | 4, user: boolean): number {
    const entry = tlbEntry(low, user);
    const words = this.#words;
    if (words[entry] === (low & ~0xfff) >>> 0 && words[entry + 1] === high && (low & 0xfff) + bytes <= PAGE) {
      const host = (low + words[entry + 4]!) >>> 0;
      return bytes === 1 ? this.#bytes[host]! : bytes === 2 ? this.#view.getUint16(host, true) : this.#view.getUint32(host, true);
    }
    if (!this.#gather(low, high, bytes, user)) throw GUEST_FAULT;
    return bytes === 1 ? this.#scratch.getUint8(0) : bytes === 2 ? this.#scratch.getUint16(0, true) : this.#scratch.getUint32(0, true);
  }

  read64(low: number, high: number, user: boolean): bigint {
    const entry = tlbEntry(low, user);
    const words = this.#words;
    if (words[entry] === (low & ~0xfff) >>> 0 && words[entry + 1] === high && (low & 0xfff) + 8 <= PAGE)
      return this.#view.getBigUint64((low + words[entry + 4]!) >>> 0, true);
    if (!this.#gather(low, high, 8, user)) throw GUEST_FAULT;
    return this.#scratch.getBigUint64(0, true);
  }

  /** 1, 2 or 4 bytes; of `value` the low ones are taken. */
  write(low: number, high: number, bytes: 1 | 2 | 4, value: number, user: boolean): void {
    const entry = tlbEntry(low, user);
    const words = this.#words;
    if (words[entry + 2] === (low & ~0xfff) >>> 0 && words[entry + 3] === high && (low & 0xfff) + bytes <= PAGE) {
      const host = (low + words[entry + 4]!) >>> 0;
      if (bytes === 1) this.#bytes[host] = value;
      else if (bytes === 2) this.#view.setUint16(host, value, true);
      else this.#view.setUint32(host, value, true);
      return;
    }
    if (!this.#resolve(low, high, bytes, ACCESS.write, user)) throw GUEST_FAULT;
    this.#scratch.setUint32(0, value, true);
    this.#scatter(bytes);
  }

  write64(low: number, high: number, value: bigint, user: boolean): void {
    const entry = tlbEntry(low, user);
    const words = this.#words;
    if (words[entry + 2] === (low & ~0xfff) >>> 0 && words[entry + 3] === high && (low & 0xfff) + 8 <= PAGE) {
      this.#view.setBigUint64((low + words[entry + 4]!) >>> 0, value, true);
      return;
    }
    if (!this.#resolve(low, high, 8, ACCESS.write, user)) throw GUEST_FAULT;
    this.#scratch.setBigUint64(0, value, true);
    this.#scatter(8);
  }

  readLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, user: boolean): bigint {
    const low = Number(linear & 0xffff_ffffn);
    const high = Number((linear >> 32n) & 0xffff_ffffn);
    return bytes === 8 ? this.read64(low, high, user) : BigInt(this.read(low, high, bytes, user));
  }

  writeLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, value: bigint, user: boolean): void {
    const low = Number(linear & 0xffff_ffffn);
    const high = Number((linear >> 32n) & 0xffff_ffffn);
    if (bytes === 8) this.write64(low, high, value, user);
    else this.write(low, high, bytes, Number(value & 0xffff_ffffn), user);
  }

  /** Bytes of one page from a physical address on, devices byte by byte. */
  readPhysical(physical: number, into: Uint8Array, at: number, length: number): void {
    const host = this.#ram.offsetOf(physical, length);
    for (let i = 0; i < length; i++) into[at + i] = host >= 0 ? this.#bytes[host + i]! : this.#mmio.read(physical + i, 1);
  }

  /** Faults now if an access to any of `bytes` bytes would; `bytes` is at least 1. */
  probe(low: number, high: number, bytes: number, access: AccessKind, user: boolean): void {
    if (!this.#reaches(low, high, bytes, access, user)) throw GUEST_FAULT;
  }

  #reaches(low: number, high: number, bytes: number, access: AccessKind, user: boolean): boolean {
    if ((low & 0xfff) + bytes <= PAGE && access !== ACCESS.execute) {
      const tag = tlbEntry(low, user) + (access === ACCESS.write ? 2 : 0);
      if (this.#words[tag] === (low & ~0xfff) >>> 0 && this.#words[tag + 1] === high) return true;
    }
    if (!this.#hasAddress(high)) return false;
    if (low + bytes > 2 ** 32 && !this.#hasAddress(this.#carried(high))) return false;
    if (this.#translate(low, high, access, user) < 0) return false;
    let at = low;
    let atHigh = high;
    for (let left = bytes - (PAGE - (low & 0xfff)); left > 0; left -= PAGE) {
      const next = ((at | 0xfff) + 1) >>> 0;
      if (next === 0) atHigh = this.#carried(atHigh);
      at = next;
      if (this.#translate(at, atHigh, access, user) < 0) return false;
    }
    return true;
  }

  /** Slow path of generated code: reads from the address in `slowAddress` into `slowValue` and, of 16 bytes, `slowHigh`. False: a fault. */
  readSlow(bytes: Bytes, user: boolean): boolean {
    this.#scratch.setBigUint64(0, 0n, true);
    if (!this.#gather(this.#words[SLOW_ADDRESS]!, this.#words[SLOW_ADDRESS + 1]!, bytes, user)) return false;
    this.#view.setBigUint64(STATE.slowValue.address, this.#scratch.getBigUint64(0, true), true);
    if (bytes === 16) this.#view.setBigUint64(STATE.slowHigh.address, this.#scratch.getBigUint64(8, true), true);
    return true;
  }

  /** Slow path of generated code: writes `slowValue` (and `slowHigh`) to the address in `slowAddress`. False: a fault. */
  writeSlow(bytes: Bytes, user: boolean): boolean {
    if (!this.#resolve(this.#words[SLOW_ADDRESS]!, this.#words[SLOW_ADDRESS + 1]!, bytes, ACCESS.write, user)) return false;
    this.#scratch.setBigUint64(0, this.#view.getBigUint64(STATE.slowValue.address, true), true);
    if (bytes === 16) this.#scratch.setBigUint64(8, this.#view.getBigUint64(STATE.slowHigh.address, true), true);
    this.#scatter(bytes);
    return true;
  }

  /** Slow path of generated code: whether an access to the address in `slowAddress` is possible. False: a fault. */
  probeSlow(bytes: number, access: AccessKind, user: boolean): boolean {
    return this.#reaches(this.#words[SLOW_ADDRESS]!, this.#words[SLOW_ADDRESS + 1]!, bytes, access, user);
  }

  /** False after #GP(0) was written down: the address is not canonical. */
  #hasAddress(high: number): boolean {
    if ((this.#words[EFER]! & EFER_LMA) === 0 || isCanonical(high)) return true;
    this.#faults.nonCanonical();
    return false;
  }

  /** High half of the address behind a 4-GiB boundary: addresses wrap at 2^32 outside 64-bit mode. */
  #carried(high: number): number {
    return high === 0 && this.#words[LINEAR_MASK_HIGH] === 0 ? 0 : (high + 1) >>> 0;
  }

  /** Translates both pages of an access of up to 16 bytes. False after a fault was written down. */
  #resolve(low: number, high: number, bytes: number, access: AccessKind, user: boolean): boolean {
    if (!this.#hasAddress(high)) return false;
    const first = Math.min(bytes, PAGE - (low & 0xfff));
    this.#length0 = first;
    const next = ((low | 0xfff) + 1) >>> 0;
    const nextHigh = next === 0 ? this.#carried(high) : high;
    // A non-canonical end comes before a page fault at the start.
    if (first < bytes && !this.#hasAddress(nextHigh)) return false;
    const physical0 = this.#translate(low, high, access, user);
    if (physical0 < 0) return false;
    const host0 = this.host;
    if (first < bytes) {
      this.#physical1 = this.#translate(next, nextHigh, access, user);
      if (this.#physical1 < 0) return false;
      this.#host1 = this.host;
    }
    this.#physical0 = physical0;
    this.#host0 = host0;
    return true;
  }

  /** Reads into the start of #scratch. False after a fault was written down. */
  #gather(low: number, high: number, bytes: number, user: boolean): boolean {
    if (!this.#resolve(low, high, bytes, ACCESS.read, user)) return false;
    const first = this.#length0;
    // A device's handler may itself use the MMU (DMA from a callback): take what #resolve left before calling one.
    const physical1 = this.#physical1;
    const host1 = this.#host1;
    this.#gatherPiece(0, first, this.#host0, this.#physical0);
    if (first < bytes) this.#gatherPiece(first, bytes - first, host1, physical1);
    return true;
  }

  #gatherPiece(at: number, length: number, host: number, physical: number): void {
    const scratch = this.#scratch;
    if (host >= 0) {
      for (let i = 0; i < length; i++) scratch.setUint8(at + i, this.#bytes[host + i]!);
      return;
    }
    if (at < 8 && at + length > 8) {
      this.#gatherPiece(at, 8 - at, host, physical);
      this.#gatherPiece(8, at + length - 8, host, physical + 8 - at);
      return;
    }
    const unit = length === 2 ? 2 : (length & 3) === 0 ? 4 : 1;
    for (let i = 0; i < length; i += unit) {
      const value = this.#mmio.read(physical + i, unit);
      if (unit === 4) scratch.setUint32(at + i, value, true);
      else if (unit === 2) scratch.setUint16(at + i, value, true);
      else scratch.setUint8(at + i, value);
    }
  }

  /** Writes the start of #scratch to the pieces that #resolve has found. */
  #scatter(bytes: number): void {
    const first = this.#length0;
    const physical1 = this.#physical1;
    const host1 = this.#host1;
    this.#scatterPiece(0, first, this.#host0, this.#physical0);
    if (first < bytes) this.#scatterPiece(first, bytes - first, host1, physical1);
  }

  #scatterPiece(at: number, length: number, host: number, physical: number): void {
    const scratch = this.#scratch;
    if (host >= 0) {
      for (let i = 0; i < length; i++) this.#bytes[host + i] = scratch.getUint8(at + i);
      this.#wrote(host, length);
      return;
    }
    if (at < 8 && at + length > 8) {
      this.#scatterPiece(at, 8 - at, host, physical);
      this.#scatterPiece(8, at + length - 8, host, physical + 8 - at);
      return;
    }
    const unit = length === 2 ? 2 : (length & 3) === 0 ? 4 : 1;
    for (let i = 0; i < length; i += unit) {
      const value = unit === 4 ? scratch.getUint32(at + i, true) : unit === 2 ? scratch.getUint16(at + i, true) : scratch.getUint8(at + i);
      this.#mmio.write(physical + i, unit, value);
    }
  }

  /** A piece lies within one page. */
  #wrote(host: number, length: number): void {
    if (this.#ram.watched[host >>> 12] !== 0) this.onCodeWrite?.(host, length);
  }
}
