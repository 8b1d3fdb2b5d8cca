/**
 * A processor over 4 MiB of RAM with descriptor tables, gates and page tables at fixed places, for tests of the system routines.
 * Physical = linear unless a test turns paging on.
 */
import { AddressSpace, Ram } from '@paravirt/bus';
import { GUEST_FAULT } from './fault.ts';
import { SEGMENT_NUMBER } from './state.ts';
import type { Stop } from './stop.ts';
import { reset } from './system/reset.ts';
import type { SystemRoutine } from './system/routine.ts';
import { SystemProcessor, type SystemProcessorOptions } from './system-processor.ts';

export const GDT = 0x1000;
export const IDT = 0x2000;
export const TSS = 0x3000;
export const TSS_2 = 0x3800;
export const LDT = 0x4000;
export const PAGE_TABLES = 0x10_0000;
const RAM_OFFSET = 0x12_0000;
const RAM_SIZE = 0x40_0000;

/** Selectors of the tables that `protectedMode` and `longMode` set up; with RPL 0. */
export const CODE_0 = 0x08;
export const DATA_0 = 0x10;
export const CODE_3 = 0x18;
export const DATA_3 = 0x20;
export const CONFORMING = 0x28;
export const TSS_SELECTOR = 0x30;
export const TSS_2_SELECTOR = 0x40;
export const LDT_SELECTOR = 0x50;
export const CODE_16 = 0x60;
export const FREE = 0x68;
export const CODE_32_USER = 0x78;

export class TestingProcessor extends SystemProcessor {
  readonly stops: Stop[] = [];
  readonly ram: Ram;

  constructor(extra: Partial<SystemProcessorOptions> = {}) {
    const buffer = new ArrayBuffer(RAM_OFFSET + RAM_SIZE);
    const ram = new Ram(buffer, [{ address: 0, size: RAM_SIZE, offset: RAM_OFFSET }]);
    super({ buffer, ram, ports: new AddressSpace('ports', 0x1_0000), mmio: new AddressSpace('mmio', 2 ** 40), ...extra });
    this.ram = ram;
    this.onStop = (stop) => this.stops.push(stop);
    reset(this);
  }

  u32(address: number, value: number): void {
    this.ram.writeU32(address, value >>> 0);
  }

  u64(address: number, value: bigint): void {
    this.ram.writeU64(address, value);
  }

  /** A descriptor in the GDT: base, limit field, attributes as the state keeps them. */
  descriptor(selector: number, base: number, limit: number, attributes: number): void {
    const at = GDT + (selector & 0xfff8);
    this.u32(at, (limit & 0xffff) | (base << 16));
    this.u32(at + 4, ((base >>> 16) & 0xff) | (base & 0xff00_0000) | (limit & 0xf_0000) | (attributes << 8));
  }

  /** A gate of 8 bytes at `address`. `access`: type, DPL and P. */
  gate(address: number, selector: number, offset: number, access: number, count = 0): void {
    this.u32(address, (selector << 16) | (offset & 0xffff));
    this.u32(address + 4, (offset & 0xffff_0000) | (access << 8) | count);
  }

  /** Loads a segment register past all checks. */
  segment(n: number, selector: number, attributes: number, limit = 0xffff_ffff, base = 0n): void {
    this.set('segmentSelector', selector, n);
    this.set('segmentAttributes', attributes, n);
    this.set('segmentLimit', limit, n);
    this.set64('segmentBase', base, n);
  }

  #tables(codeAttributes: number): void {
    this.descriptor(CODE_0, 0, 0xf_ffff, codeAttributes);
    this.descriptor(DATA_0, 0, 0xf_ffff, 0xc093);
    this.descriptor(CODE_3, 0, 0xf_ffff, codeAttributes | 0x60);
    this.descriptor(DATA_3, 0, 0xf_ffff, 0xc0f3);
    this.descriptor(CONFORMING, 0, 0xf_ffff, codeAttributes | 4);
    this.descriptor(TSS_SELECTOR, TSS, 0x67 + 0x100, 0x8b);
    this.descriptor(CODE_16, 0, 0xffff, 0x9b);
    this.descriptor(CODE_32_USER, 0, 0xf_ffff, 0xc0fb);
    this.set64('gdtrBase', BigInt(GDT));
    this.set('gdtrLimit', 0xfff);
    this.set64('idtrBase', BigInt(IDT));
    this.set('idtrLimit', 0xfff);
    this.segment(SEGMENT_NUMBER.TR, TSS_SELECTOR, 0x8b, 0x67 + 0x100, BigInt(TSS));
    this.segment(SEGMENT_NUMBER.LDTR, 0, 0, 0);
    this.set64('cr0', this.get64('cr0') | 1n);
  }

  /** 32-bit protected mode at `cpl`, flat; ring-0 stack at 0x9000 in the TSS, ESP = 0x8000, EIP = 0x5000. */
  protectedMode(cpl: 0 | 3 = 0): this {
    this.#tables(0xc09b);
    this.u32(TSS + 4, 0x9000);
    this.u32(TSS + 8, DATA_0);
    return this.#at(cpl, 0xc09b);
  }

  /** 64-bit mode at `cpl`, the low 4 MiB mapped to themselves for all; RSP0 = 0x9000, IST1 = 0xa000. */
  longMode(cpl: 0 | 3 = 0): this {
    this.#tables(0xa09b);
    this.u64(PAGE_TABLES, BigInt(PAGE_TABLES + 0x1007));
    this.u64(PAGE_TABLES + 0x1000, BigInt(PAGE_TABLES + 0x2007));
    this.u64(PAGE_TABLES + 0x2000, 0x87n);
    this.u64(PAGE_TABLES + 0x2008, 0x20_0087n);
    this.u64(TSS + 4, 0x9000n);
    this.u64(TSS + 36, 0xa000n);
    this.set64('cr3', BigInt(PAGE_TABLES));
    this.set64('cr4', 0x20n);
    this.set64('efer', 0xd01n);
    this.set64('cr0', this.get64('cr0') | 0x8000_0000n);
    return this.#at(cpl, 0xa09b);
  }

  #at(cpl: 0 | 3, codeAttributes: number): this {
    const dpl = cpl << 5;
    this.segment(SEGMENT_NUMBER.CS, (cpl === 3 ? CODE_3 : CODE_0) | cpl, codeAttributes | dpl);
    for (const n of [0, 2, 3, 4, 5]) this.segment(n, (cpl === 3 ? DATA_3 : DATA_0) | cpl, 0xc093 | dpl);
    this.set('cpl', cpl);
    this.set64('gpr', 0x8000n, 4);
    this.set64('rip', 0x5000n);
    this.instructionPointer = 0x4ffen;
    this.flushTlb('all');
    this.modeChanged();
    return this;
  }

  /** Runs a routine: its result, or the fault as [vector, error code]. */
  try(routine: SystemRoutine, ...values: (bigint | number)[]): bigint | undefined | readonly [number, number] {
    return this.faultOf(() => routine.run(this, ...values.map(BigInt)));
  }

  faultOf<T>(run: () => T): T | readonly [number, number] {
    try {
      return run();
    } catch (error) {
      if (error !== GUEST_FAULT) throw error;
      return [this.faultVector, this.faultErrorCode];
    }
  }

  get rip(): bigint {
    return this.get64('rip');
  }

  get rsp(): bigint {
    return this.get64('gpr', 4);
  }

  selector(n: number): number {
    return this.get('segmentSelector', n);
  }

  /** `count` values of `bytes` bytes from the stack pointer up. */
  stack(count: number, bytes: 2 | 4 | 8): number[] {
    const at = Number(this.get64('segmentBase', SEGMENT_NUMBER.SS) + this.rsp);
    return Array.from({ length: count }, (_, i) => {
      const address = at + i * bytes;
      return bytes === 2 ? this.ram.readU16(address) : bytes === 4 ? this.ram.readU32(address) : Number(this.ram.readU64(address));
    });
  }

  pushAll(bytes: 2 | 4 | 8, ...values: (number | bigint)[]): void {
    for (const value of values) {
      this.set64('gpr', this.rsp - BigInt(bytes), 4);
      const at = Number(this.get64('segmentBase', SEGMENT_NUMBER.SS) + this.rsp);
      if (bytes === 8) this.u64(at, BigInt(value));
      else if (bytes === 4) this.u32(at, Number(value));
      else this.ram.writeU16(at, Number(value));
    }
  }
}
