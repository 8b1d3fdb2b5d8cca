/**
 * The processor without an engine: state, memory, segmentation and the world outside, as system routines see them. `Cpu` owns one and
 * sets its hooks; tests of the system routines use it alone.
 *
 * UNCHECKED: state is read and written at the offsets of state.ts through typed arrays over linear memory; `!` stands where the index is
 * one of these.
 */
import { type AddressSpace, ALL_ONES, type Ram } from '@paravirt/bus';
import { CR0_EM, CR0_PE, CR0_TS, CR4_OSFXSR, EFER_LMA, LINEAR_ADDRESS_BITS } from './control-bits.ts';
import type { DecodeMode } from './decode/decoded.ts';
import type { Environment, HypercallHandler, InterruptController, MsrHandler } from './environment.ts';
import { GUEST_FAULT, HAS_ERROR_CODE, VECTOR } from './fault.ts';
import { lazyCarriesHigh, lazyCarriesLow, lazyResult, RFLAGS_ALWAYS, RFLAGS_VM, SYSTEM_FLAGS, statusFlags } from './flags.ts';
import { isCanonical, Mmu } from './memory/mmu.ts';
import { ACCESS } from './memory/paging.ts';
import { TLB_SUPERVISOR_BASE, TLB_USER_BASE } from './memory/tlb.ts';
import type { MemoryAccess, Processor } from './processor.ts';
import type { SegmentName } from './semantics/language.ts';
import { type FieldName, SEGMENT_NUMBER, STATE } from './state.ts';
import type { Stop } from './stop.ts';
import { ATTRIBUTE_BIG, ATTRIBUTE_CODE, ATTRIBUTE_EXPAND_DOWN, ATTRIBUTE_LONG, ATTRIBUTE_READ_WRITE } from './system/descriptor.ts';

/** Code TLBs of the engine, for supervisor and user code. */
export const CODE_TLB_SUPERVISOR_BASE = 0x3_0000;
export const CODE_TLB_USER_BASE = 0x3_4000;

/** Thrown by `unknownOpcode`, caught by the run loop only: the run ends with the stop that was given before. */
export const LEAVE_RUN: { readonly leaveRun: true } = Object.freeze({ leaveRun: true as const });

export interface SystemProcessorOptions extends Environment {
  /** Linear memory, as a buffer, and the RAM in it. */
  readonly buffer: ArrayBufferLike;
  readonly ram: Ram;
}

const word = (field: FieldName): number => STATE[field].address >>> 2;
const W = {
  flagResult: word('flagResult'),
  flagCarries: word('flagCarries'),
  eflags: word('eflags'),
  cr0: word('cr0'),
  cr2: word('cr2'),
  cr4: word('cr4'),
  efer: word('efer'),
  cpl: word('cpl'),
  limit: word('segmentLimit'),
  attributes: word('segmentAttributes'),
  base: word('segmentBase'),
  linearBase: word('linearBase'),
  lower: word('segmentLower'),
  upper: word('segmentUpper'),
  access: word('segmentAccess'),
  flat: word('flatSegments'),
  commonMode: word('commonMode'),
  linearMask: word('linearMask'),
  codeBias: word('codeBias'),
  codeRange: word('codeRange'),
  x87Blocked: word('x87Blocked'),
  mmxBlocked: word('mmxBlocked'),
  sseBlocked: word('sseBlocked'),
  faultVector: word('faultVector'),
  faultErrorCode: word('faultErrorCode'),
  tlb: word('tlb'),
  codeTlb: word('codeTlb'),
};
const READABLE = 1;
const WRITABLE = 2;
const ALL = 0xffff_ffff;
const MASK_64 = 0xffff_ffff_ffff_ffffn;
/** Half the canonical addresses: t + 2^47 < 2^48. */
const CANONICAL_HIGH = 2 ** (LINEAR_ADDRESS_BITS - 1 - 32);

export class SystemProcessor implements Processor {
  readonly mmu: Mmu;
  readonly ports: AddressSpace;
  readonly tscHz: number | undefined;
  readonly crystalHz: number | undefined;
  readonly hypercalls: HypercallHandler | undefined;
  instructionPointer = 0n;
  stepTrap = false;
  decodeMode: DecodeMode = decodeModeOf(false, 0, 0);

  // What the owner of the engine wants to know.
  onModeChanged: (() => void) | undefined = undefined;
  onInterruptsMayHaveChanged: (() => void) | undefined = undefined;
  onHoldInterrupts: (() => void) | undefined = undefined;
  /** One of the environment's MSRs was written. */
  onMsrWritten: (() => void) | undefined = undefined;
  /** Called after the TLB was flushed. */
  onFlush: ((what: 'non-global' | 'all' | bigint) => void) | undefined = undefined;
  onStop: ((stop: Stop) => void) | undefined = undefined;
  /** Instructions retired so far. */
  onRetired: () => bigint = () => 0n;

  readonly #u8: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #u64: BigUint64Array;
  readonly #interrupts: InterruptController | undefined;
  readonly #msrs: ReadonlyMap<number, MsrHandler> | undefined;
  readonly #timestamp: (() => bigint) | undefined;
  readonly #stopsAtUnknown: boolean;

  constructor(options: SystemProcessorOptions) {
    const { buffer } = options;
    this.#u8 = new Uint8Array(buffer);
    this.#u16 = new Uint16Array(buffer, 0, buffer.byteLength >>> 1);
    this.#u32 = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    this.#u64 = new BigUint64Array(buffer, 0, buffer.byteLength >>> 3);
    this.ports = options.ports;
    this.#interrupts = options.interrupts;
    this.#msrs = options.msrs;
    this.#timestamp = options.timestamp;
    this.#stopsAtUnknown = options.unknownOpcodes === 'stop';
    this.tscHz = options.tscHz;
    this.crystalHz = options.crystalHz;
    this.hypercalls = options.hypercalls;
    this.mmu = new Mmu({
      buffer,
      ram: options.ram,
      mmio: options.mmio,
      faults: {
        pageFault: (low, high, errorCode) => this.recordPageFault(low, high, errorCode),
        nonCanonical: () => this.recordFault(VECTOR.GP, 0),
      },
    });
  }

  /** True: data accesses go with user rights (CPL 3). */
  get user(): boolean {
    return this.#u32[W.cpl] === 3;
  }

  get(field: FieldName, index = 0): number {
    const { address, size } = STATE[field];
    const at = address + size * index;
    if (size === 4) return this.#u32[at >>> 2]!;
    if (size === 2) return this.#u16[at >>> 1]!;
    return size === 1 ? this.#u8[at]! : Number(this.#u64[at >>> 3]!);
  }

  set(field: FieldName, value: number, index = 0): void {
    const { address, size } = STATE[field];
    const at = address + size * index;
    if (size === 4) this.#u32[at >>> 2] = value;
    else if (size === 2) this.#u16[at >>> 1] = value;
    else if (size === 1) this.#u8[at] = value;
    else this.#u64[at >>> 3] = BigInt(value);
  }

  get64(field: FieldName, index = 0): bigint {
    const { address, size } = STATE[field];
    if (size < 8) return BigInt(this.get(field, index));
    const at = (address + size * index) >>> 3;
    return size === 8 ? this.#u64[at]! : this.#u64[at]! | (this.#u64[at + 1]! << 64n);
  }

  set64(field: FieldName, value: bigint, index = 0): void {
    const { address, size } = STATE[field];
    if (size >= 8) {
      const at = (address + size * index) >>> 3;
      this.#u64[at] = value;
      if (size === 16) this.#u64[at + 1] = value >> 64n;
    } else this.set(field, Number(BigInt.asUintN(32, value)), index);
  }

  get rflags(): bigint {
    const s = this.#u32;
    const status = statusFlags(s[W.flagResult]!, s[W.flagResult + 1]!, s[W.flagCarries]!, s[W.flagCarries + 1]!);
    return BigInt(s[W.eflags]! | status);
  }

  set rflags(value: bigint) {
    const s = this.#u32;
    const flags = Number(value & 0xffff_ffffn);
    s[W.eflags] = (flags & SYSTEM_FLAGS) | RFLAGS_ALWAYS;
    s[W.flagResult] = lazyResult(flags);
    s[W.flagResult + 1] = 0;
    s[W.flagCarries] = lazyCarriesLow(flags);
    s[W.flagCarries + 1] = lazyCarriesHigh(flags);
  }

  get faultVector(): number {
    return this.#u32[W.faultVector]!;
  }

  get faultErrorCode(): number {
    return this.#u32[W.faultErrorCode]! | 0;
  }

  fault(vector: number, errorCode?: number): never {
    this.recordFault(vector, errorCode);
    throw GUEST_FAULT;
  }

  pageFault(linear: bigint, errorCode: number): never {
    this.recordPageFault(Number(linear & 0xffff_ffffn), Number((linear >> 32n) & 0xffff_ffffn), errorCode);
    throw GUEST_FAULT;
  }

  /** Vector and error code of a fault, for who delivers it. */
  recordFault(vector: number, errorCode?: number): void {
    this.#u32[W.faultVector] = vector;
    this.#u32[W.faultErrorCode] = errorCode ?? (HAS_ERROR_CODE.has(vector) ? 0 : -1);
  }

  /** Likewise #PF, with CR2. */
  recordPageFault(low: number, high: number, errorCode: number): void {
    this.#u32[W.cr2] = low;
    this.#u32[W.cr2 + 1] = high;
    this.recordFault(VECTOR.PF, errorCode);
  }

  readLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, supervisor = false): bigint {
    return this.mmu.readLinear(linear, bytes, this.user && !supervisor);
  }

  writeLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, value: bigint, supervisor = false): void {
    this.mmu.writeLinear(linear, bytes, value, this.user && !supervisor);
  }

  probeLinear(linear: bigint, bytes: number, access: MemoryAccess, supervisor = false): void {
    const low = Number(linear & 0xffff_ffffn);
    const high = Number((linear >> 32n) & 0xffff_ffffn);
    this.mmu.probe(low, high, bytes, ACCESS[access], this.user && !supervisor);
  }

  /** [SDM 3A §5.3, §5.4, §3.3.7.1] Offsets are cut to 32 bits outside 64-bit mode. */
  linear(segment: SegmentName, offset: bigint, bytes: number, access: MemoryAccess): bigint {
    const s = this.#u32;
    const n = SEGMENT_NUMBER[segment];
    const vector = segment === 'SS' ? VECTOR.SS : VECTOR.GP;
    if (s[W.linearMask + 1] !== 0) {
      const base = n >= SEGMENT_NUMBER.FS ? this.#u64[(W.base >>> 1) + n]! : 0n;
      const linear = (base + offset) & MASK_64;
      const last = (linear + BigInt(bytes - 1)) & MASK_64;
      if (!isCanonical(Number(linear >> 32n)) || !isCanonical(Number(last >> 32n))) this.fault(vector, 0);
      return linear;
    }
    const start = Number(offset & 0xffff_ffffn);
    const rights = s[W.access + n]!;
    if ((rights & (access === 'write' ? WRITABLE : READABLE)) === 0) this.fault(vector, 0);
    const lower = s[W.lower + 2 * n]!;
    const upper = s[W.upper + 2 * n]!;
    // In a segment of the full 4 GiB an access may wrap around, as on processors of family 6.
    if ((lower !== 0 || upper !== ALL) && (start < lower || start + bytes - 1 > upper)) this.fault(vector, 0);
    return BigInt((s[W.base + 2 * n]! + start) >>> 0);
  }

  addLinear(linear: bigint, bytes: number): bigint {
    return (linear + BigInt(bytes)) & this.#u64[W.linearMask >>> 1]!;
  }

  fetch(ip: bigint, into: Uint8Array, at: number): number {
    const s = this.#u32;
    const long = s[W.linearMask + 1] !== 0;
    let available = into.length - at;
    let low = Number(ip & 0xffff_ffffn);
    const high = long ? Number(ip >> 32n) : 0;
    if (long) {
      if (!isCanonical(high)) this.fault(VECTOR.GP, 0);
    } else {
      const limit = s[W.limit + SEGMENT_NUMBER.CS]!;
      if (low > limit) this.fault(VECTOR.GP, 0);
      available = Math.min(available, limit - low + 1);
      low = (low + s[W.base + 2 * SEGMENT_NUMBER.CS]!) >>> 0;
    }
    available = Math.min(available, 4096 - (low & 0xfff));
    const physical = this.mmu.translate(low, high, ACCESS.execute, this.user);
    this.mmu.readPhysical(physical, into, at, available);
    return available;
  }

  unknownOpcode(bytes: Uint8Array): never {
    if (!this.#stopsAtUnknown) return this.fault(VECTOR.UD);
    this.set64('rip', this.instructionPointer);
    this.stop({ kind: 'unsupported', rip: this.instructionPointer, bytes });
    throw LEAVE_RUN;
  }

  modeChanged(): void {
    const s = this.#u32;
    const cr0 = s[W.cr0]!;
    const codeAttributes = s[W.attributes + SEGMENT_NUMBER.CS]!;
    const long = (s[W.efer]! & EFER_LMA) !== 0 && (codeAttributes & ATTRIBUTE_LONG) !== 0;
    const real = (cr0 & CR0_PE) === 0 || (s[W.eflags]! & RFLAGS_VM) !== 0;
    this.decodeMode = decodeModeOf(long, codeAttributes, s[W.attributes + SEGMENT_NUMBER.SS]!);
    s[W.linearMask] = ALL;
    s[W.linearMask + 1] = long ? ALL : 0;
    s[W.codeBias] = 0;
    s[W.codeBias + 1] = long ? CANONICAL_HIGH : 0;
    s[W.codeRange] = long ? ALL : s[W.limit + SEGMENT_NUMBER.CS]!;
    s[W.codeRange + 1] = long ? 2 * CANONICAL_HIGH - 1 : 0;
    this.#deriveSegments(long, real);
    s[W.commonMode] = long ? 64 : !real && (s[W.efer]! & EFER_LMA) === 0 && this.#flatCode() ? 32 : 0;
    // [SDM 3A, Table 2-2 to 2-4]
    const emulated = (cr0 & CR0_EM) !== 0;
    const switched = (cr0 & CR0_TS) !== 0 ? VECTOR.NM : 0;
    s[W.x87Blocked] = emulated ? VECTOR.NM : switched;
    s[W.mmxBlocked] = emulated ? VECTOR.UD : switched;
    s[W.sseBlocked] = emulated || (s[W.cr4]! & CR4_OSFXSR) === 0 ? VECTOR.UD : switched;
    s[W.tlb] = this.user ? TLB_USER_BASE : TLB_SUPERVISOR_BASE;
    s[W.codeTlb] = this.user ? CODE_TLB_USER_BASE : CODE_TLB_SUPERVISOR_BASE;
    this.onModeChanged?.();
  }

  /** 32-bit code and stack in flat segments; the derived fields of the segments are right already. */
  #flatCode(): boolean {
    const s = this.#u32;
    const { CS, SS } = SEGMENT_NUMBER;
    const big = s[W.attributes + CS]! & s[W.attributes + SS]! & ATTRIBUTE_BIG;
    const based = s[W.base + 2 * CS]! | s[W.base + 2 * SS]!;
    return s[W.flat] !== 0 && big !== 0 && based === 0 && s[W.limit + CS] === ALL && s[W.access + CS] === READABLE;
  }

  #deriveSegments(long: boolean, real: boolean): void {
    const s = this.#u32;
    let flat = 1;
    for (let n = 0; n < 6; n++) {
      const attributes = s[W.attributes + n]!;
      const limit = s[W.limit + n]!;
      const code = (attributes & ATTRIBUTE_CODE) !== 0;
      let lower = 0;
      let upper = limit;
      let access = READABLE | WRITABLE;
      if (!real) {
        if (attributes === 0) access = 0;
        else if (code) access = (attributes & ATTRIBUTE_READ_WRITE) !== 0 ? READABLE : 0;
        else if ((attributes & ATTRIBUTE_READ_WRITE) === 0) access = READABLE;
        if (!code && (attributes & ATTRIBUTE_EXPAND_DOWN) !== 0) {
          // Valid offsets lie above the limit. A limit of all ones leaves none: lower > upper. [SDM 3A §5.3]
          upper = (attributes & ATTRIBUTE_BIG) !== 0 ? ALL : 0xffff;
          lower = limit >= upper ? 1 : limit + 1;
          if (limit >= upper) upper = 0;
        }
      }
      // CS is rarely read through, FS and GS are often null: accesses through them stay checked.
      if (
        (n <= SEGMENT_NUMBER.DS && (lower !== 0 || upper !== ALL || s[W.base + 2 * n] !== 0)) ||
        (n !== SEGMENT_NUMBER.CS && n <= SEGMENT_NUMBER.DS && access !== (READABLE | WRITABLE))
      )
        flat = 0;
      const based = !long || n >= SEGMENT_NUMBER.FS;
      s[W.linearBase + 2 * n] = based ? s[W.base + 2 * n]! : 0;
      s[W.linearBase + 2 * n + 1] = based ? s[W.base + 2 * n + 1]! : 0;
      s[W.lower + 2 * n] = long ? 0 : lower;
      s[W.lower + 2 * n + 1] = 0;
      s[W.upper + 2 * n] = long ? ALL : upper;
      s[W.upper + 2 * n + 1] = long ? ALL : 0;
      s[W.access + n] = long ? READABLE | WRITABLE : access;
    }
    s[W.flat] = long ? 1 : flat;
  }

  flushTlb(what: 'non-global' | 'all' | bigint): void {
    const { tlb } = this.mmu;
    if (what === 'all') tlb.flushAll();
    else if (what === 'non-global') tlb.flushNonGlobal();
    else tlb.invalidate(Number(what & 0xffff_ffffn), Number((what >> 32n) & 0xffff_ffffn));
    this.onFlush?.(what);
  }

  loadPdptes(cr3: bigint): boolean {
    return this.mmu.walker.loadPdptes(Number(cr3 & 0xffff_ffffn));
  }

  readPort(port: number, bytes: 1 | 2 | 4): number {
    return (this.ports.read(port, bytes) & ALL_ONES[bytes]) >>> 0;
  }

  writePort(port: number, bytes: 1 | 2 | 4, value: number): void {
    this.ports.write(port, bytes, (value & ALL_ONES[bytes]) >>> 0);
  }

  timestamp(): bigint {
    return BigInt.asUintN(64, (this.#timestamp?.() ?? this.onRetired()) + this.get64('tscOffset'));
  }

  get retired(): bigint {
    return this.onRetired();
  }

  readTaskPriority(): number {
    return this.#interrupts?.taskPriority ?? 0;
  }

  writeTaskPriority(value: number): void {
    this.#interrupts?.setTaskPriority(value);
  }

  readExternalMsr(index: number): bigint | undefined {
    return this.#msrs?.get(index)?.read();
  }

  writeExternalMsr(index: number, value: bigint): boolean | undefined {
    const written = this.#msrs?.get(index)?.write(value);
    if (written !== undefined) this.onMsrWritten?.();
    return written;
  }

  holdInterrupts(shadow: 1 | 2): void {
    this.set('interruptShadow', shadow);
    this.onHoldInterrupts?.();
  }

  interruptsMayHaveChanged(): void {
    this.onInterruptsMayHaveChanged?.();
  }

  stop(stop: Stop): void {
    this.onStop?.(stop);
  }
}

const DECODE_MODES: readonly DecodeMode[] = [
  { codeWidth: 16, stackWidth: 16 },
  { codeWidth: 16, stackWidth: 32 },
  { codeWidth: 32, stackWidth: 16 },
  { codeWidth: 32, stackWidth: 32 },
  { codeWidth: 64, stackWidth: 64 },
];

function decodeModeOf(long: boolean, code: number, stack: number): DecodeMode {
  const index = long ? 4 : ((code & ATTRIBUTE_BIG) !== 0 ? 2 : 0) + ((stack & ATTRIBUTE_BIG) !== 0 ? 1 : 0);
  return DECODE_MODES[index]!;
}
