/**
 * A CPU over 80 KiB of RAM with tables, handlers, a stack, code and data at fixed places, in any mode, for tests of the engines and of what
 * happens between instructions. Everything lies below 64 KiB, so that 16-bit addresses reach it. Exceptions end in HLT, interrupts
 * from the controller (vectors from 40H on) return at once.
 */
import { AddressSpace } from '@paravirt/bus';
import { Cpu, type CpuOptions, type EngineName } from './cpu.ts';
import { CpuMemory } from './cpu-memory.ts';
import { STATE, STATE_ARCHITECTURAL_END, STATE_BASE } from './state.ts';

export const IDT = 0x1000;
export const GDT = 0x2000;
export const TSS = 0x2800;
export const HANDLERS = 0x3000;
export const STACK_TOP = 0x5ff0;
export const INNER_STACK_TOP = 0x7ff0;
export const CODE = 0x8000;
export const DATA = 0xc000;
export const PAGE_TABLES = 0x1_0000;
export const RAM_SIZE = 0x1_4000;
/** A page of device registers; physical. */
export const DEVICE = 0x2_0000;
/** Linear pages with paging on: the device, a page that may only be read, none, and the second page of code again. */
export const DEVICE_PAGE = 0xb000;
export const READ_ONLY_PAGE = 0xd000;
export const ABSENT_PAGE = 0xe000;
export const ALIAS_PAGE = 0xf000;
/** OUT here raises INTR, NMI, or ends the slice. */
export const INTR_PORT = 0x80;
export const NMI_PORT = 0x81;
export const SLICE_PORT = 0x82;

/** `segmented`: 32-bit code, data segments with limits and bases, no paging. `protected32` and `long` have paging on. */
export type TestingMode = 'real' | 'protected16' | 'segmented' | 'protected32' | 'long';
export const TESTING_MODES: readonly TestingMode[] = ['real', 'protected16', 'segmented', 'protected32', 'long'];

const environment = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {};
/** All tests of the engines can be run on shared memory. */
const SHARED = environment['PARAVIRT_SHARED_MEMORY'] === '1';

const HLT = 0xf4;
const IRET = 0xcf;
const CODE_BASE_16 = 0x4000;

export interface TestingCpuOptions {
  readonly codeBytes?: number;
  readonly cpl?: 0 | 3;
  /** More RAM from 0x100000 on, in bytes. */
  readonly upperRam?: number;
  readonly timestamp?: CpuOptions['timestamp'];
  readonly unknownOpcodes?: 'fault' | 'stop';
  readonly hypercalls?: CpuOptions['hypercalls'];
  readonly hotAfter?: number;
  readonly observe?: boolean;
  /** Memory is shared with other threads, and fences are executed. Default: as PARAVIRT_SHARED_MEMORY says, else not. */
  readonly shared?: boolean;
}

export class TestingCpu {
  readonly mode: TestingMode;
  readonly cpu: Cpu;
  readonly memory: CpuMemory;
  readonly ports: AddressSpace = new AddressSpace('ports', 0x1_0000);
  readonly mmio: AddressSpace = new AddressSpace('memory', 2 ** 40);
  /** Accesses to ports and devices, and interrupts taken, with the count of retired instructions. */
  readonly log: string[] = [];
  readonly cpl: 0 | 3;
  readonly #state: Uint8Array;
  readonly #image: Uint8Array;
  #vector = 0x40;

  constructor(mode: TestingMode, engine: EngineName, options: TestingCpuOptions = {}) {
    this.mode = mode;
    this.cpl = mode === 'real' ? 0 : (options.cpl ?? 0);
    const ram = [{ address: 0, size: RAM_SIZE }];
    if (options.upperRam !== undefined) ram.push({ address: 0x10_0000, size: options.upperRam });
    const shared = options.shared ?? SHARED;
    this.memory = new CpuMemory({ ram, codeBytes: options.codeBytes ?? 2 ** 18, shared });
    const interrupts = {
      acknowledge: (): number => {
        this.cpu.intr.lower();
        this.#log(`vector ${this.#vector}`);
        return this.#vector;
      },
      taskPriority: 0,
      setTaskPriority: (): void => {},
    };
    const { memory, ports, mmio } = this;
    this.cpu = new Cpu({
      memory,
      ports,
      mmio,
      engine,
      interrupts,
      ...(options.timestamp && { timestamp: options.timestamp }),
      ...(options.unknownOpcodes && { unknownOpcodes: options.unknownOpcodes }),
      ...(options.hypercalls && { hypercalls: options.hypercalls }),
      ...(options.hotAfter !== undefined && { hotAfter: options.hotAfter }),
      ...(options.observe !== undefined && { observe: options.observe }),
    });
    this.#connect();
    const { buffer } = memory.memory;
    this.#state = new Uint8Array(buffer, STATE_BASE, STATE_ARCHITECTURAL_END - STATE_BASE);
    this.#buildTables();
    this.#image = new Uint8Array(RAM_SIZE);
    memory.ram.read(0, this.#image);
    this.reset();
  }

  /** Memory, segments and control registers as at the start; the log is empty. */
  reset(): void {
    this.memory.ram.write(0, this.#image);
    this.cpu.reset();
    this.cpu.intr.lower();
    this.log.length = 0;
    this.#vector = 0x40;
    this.#resetSystem();
    this.cpu.registers.rip = BigInt(this.codeOffset(CODE));
    this.cpu.registers.rflags = 2n;
  }

  /** Offset in CS of a linear address. */
  codeOffset(linear: number): number {
    return this.mode === 'protected16' ? linear - CODE_BASE_16 : linear;
  }

  /** Writes code at a linear address (by default the start of the code) and starts there. */
  load(bytes: readonly number[] | Uint8Array, at: number = CODE): this {
    this.memory.ram.write(at, Uint8Array.from(bytes));
    this.cpu.registers.rip = BigInt(this.codeOffset(at));
    return this;
  }

  /** Goes on at a linear address after an exception, a triple fault or HLT: segments, privilege and stack as at the start. */
  resume(at: number): void {
    const r = this.cpu.registers;
    r.setField('halted', 0n);
    r.setField('nmiBlocked', 0n);
    this.#resetSystem();
    r.rip = BigInt(this.codeOffset(at));
    r.rflags = r.rflags & 0xeffn;
  }

  /** x87 registers (all in use) and XMM registers get bits of `values`; exceptions of both units are masked as the control words say. */
  setUnits(values: readonly bigint[], fcw: number, mxcsr: number): void {
    const r = this.cpu.registers;
    const view = new DataView(this.memory.memory.buffer);
    const put = (field: 'xmm' | 'fpr', n: number, low: bigint, high: bigint): void => {
      view.setBigUint64(STATE[field].address + 16 * n, low, true);
      view.setBigUint64(STATE[field].address + 16 * n + 8, high, true);
    };
    for (let n = 0; n < 16; n++) put('xmm', n, values[n] ?? 0n, values[(n + 1) % 16] ?? 0n);
    // Normal numbers near one, or whatever the bits say.
    for (let n = 0; n < 8; n++) {
      const bits = values[n + 8] ?? 0n;
      put('fpr', n, bits | (1n << 63n), (bits & 0x1fn) === 0n ? bits & 0xffffn : 0x3ff0n + (bits & 0x1fn));
    }
    r.setField('ftags', 0xffn);
    r.setField('fsw', 0n);
    r.setField('fcw', BigInt(fcw));
    r.setField('mxcsr', BigInt(mxcsr));
  }

  /** The vector whose handler has halted the CPU, undefined if none. */
  get exception(): number | undefined {
    const { rip } = this.cpu.registers;
    const place = Number(rip) - HANDLERS;
    return this.cpu.halted && (place & 15) === 1 && place >= 0 && place < 0x1000 ? place >> 4 : undefined;
  }

  /** Everything that two engines must agree on, but for memory. */
  snapshot(): Record<string, bigint | string> {
    const r = this.cpu.registers;
    const all: Record<string, bigint | string> = { retired: this.cpu.retired, rflags: r.rflags, log: this.log.join('\n') };
    for (const name of COMPARED) {
      const { count } = STATE[name];
      for (let i = 0; i < count; i++) all[count === 1 ? name : `${name}[${i}]`] = r.field(name, i);
    }
    return all;
  }

  /** The architectural state byte by byte, but for the lazy flags. */
  stateBytes(): Uint8Array {
    const bytes = this.#state.slice();
    const lazy = STATE.flagResult.address - STATE_BASE;
    bytes.fill(0, lazy, lazy + 16);
    return bytes;
  }

  ram(): Uint8Array {
    const bytes = new Uint8Array(RAM_SIZE);
    this.memory.ram.read(0, bytes);
    return bytes;
  }

  #resetSystem(): void {
    const r = this.cpu.registers;
    const { mode } = this;
    const long = mode === 'long';
    const paged = long || mode === 'protected32';
    if (mode !== 'real') {
      r.efer = long ? 0xd01n : 0n;
      r.cr4 = long ? 0x620n : 0x600n;
      r.cr3 = BigInt(PAGE_TABLES);
      // PE, MP, ET, NE, WP; PG.
      r.cr0 = paged ? 0x8001_0033n : 0x1_0033n;
      r.gdtr = { base: BigInt(GDT), limit: 0x7f };
      r.idtr = { base: BigInt(IDT), limit: 0xfff };
      r.setSegment('TR', { selector: 0x38, base: BigInt(TSS), limit: 0x67, attributes: 0x8b });
    } else r.idtr = { base: 0n, limit: 0x3ff };
    this.#resetSegments();
    r.rsp = BigInt(STACK_TOP);
  }

  #log(what: string): void {
    this.log.push(`${this.cpu.retired} ${what}`);
  }

  #connect(): void {
    const handler = (name: string): { read(o: number, w: number): number; write(o: number, w: number, v: number): void } => ({
      read: (offset, width) => {
        this.#log(`${name} ${offset} read ${width}`);
        return (((offset + 1) * 0x9e37_79b1) >>> 0) % 2 ** (8 * width);
      },
      write: (offset, width, value) => {
        this.#log(`${name} ${offset} write ${width} ${value}`);
        if (name === 'port' && offset === INTR_PORT) {
          this.#vector = 0x40 + (value & 0x3f);
          this.cpu.intr.raise();
        } else if (name === 'port' && offset === NMI_PORT) this.cpu.nmi();
        else if (name === 'port' && offset === SLICE_PORT) this.cpu.endSlice();
      },
    });
    this.ports.map('ports', 0, 0x1_0000, handler('port'));
    this.mmio.map('device', DEVICE, 0x1000, handler('device'));
  }

  #resetSegments(): void {
    const r = this.cpu.registers;
    const { mode, cpl } = this;
    const dpl = cpl << 5;
    const data = { selector: 0x10 | cpl, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 | dpl };
    const byMode = {
      real: { ...data, selector: 0, limit: 0xffff, attributes: 0x93 },
      protected16: { ...data, limit: 0xffff, attributes: 0x93 | dpl },
      segmented: data,
      protected32: data,
      long: data,
    }[mode];
    for (const name of ['ES', 'SS', 'DS', 'FS', 'GS'] as const) r.setSegment(name, byMode);
    if (mode === 'segmented') {
      r.setSegment('DS', { ...data, limit: 0xd7ff });
      r.setSegment('ES', { ...data, base: 0x100n });
      // Expands down: offsets above 4FFFH.
      r.setSegment('FS', { ...data, limit: 0x4fff, attributes: data.attributes | 4 });
      r.setSegment('GS', { ...data, attributes: data.attributes & ~2 });
    }
    if (mode === 'long') r.setSegment('GS', { ...data, base: 0x40n });
    const code = {
      real: { selector: 0, base: 0n, limit: 0xffff, attributes: 0x9b },
      protected16: { selector: 8 | cpl, base: BigInt(CODE_BASE_16), limit: 0x7fff, attributes: 0x9b | dpl },
      segmented: { selector: 8 | cpl, base: 0n, limit: 0xabff, attributes: 0xc09b | dpl },
      protected32: { selector: 8 | cpl, base: 0n, limit: 0xffff_ffff, attributes: 0xc09b | dpl },
      long: { selector: 8 | cpl, base: 0n, limit: 0xffff_ffff, attributes: 0xa09b | dpl },
    }[mode];
    r.setSegment('CS', code);
  }

  #buildTables(): void {
    const { ram } = this.memory;
    const { mode } = this;
    const long = mode === 'long';
    const handlerCode = 0x20;
    // Numbers of every kind to compute with.
    for (let i = 0; i < 0x2000; i += 8) ram.writeU64(DATA + i, BigInt.asUintN(64, BigInt(i + 1) * 0x9e37_79b9_7f4a_7c15n));
    for (let vector = 0; vector < 256; vector++) {
      const handler = HANDLERS + 16 * vector;
      const returns = vector >= 0x40 && vector < 0x80;
      ram.write(handler, Uint8Array.from(returns ? (long ? [0x48, IRET] : [IRET]) : [HLT, 0xeb, 0xfd]));
      if (mode === 'real') ram.writeU32(4 * vector, handler);
      else {
        const gate = BigInt(handler) | (BigInt(handlerCode) << 16n) | (0xeen << 40n);
        ram.writeU64(IDT + (long ? 16 : 8) * vector, gate);
      }
    }
    if (mode === 'real') return;
    const descriptor = (selector: number, base: number, limit: number, attributes: number): void => {
      ram.writeU32(GDT + selector, ((limit & 0xffff) | (base << 16)) >>> 0);
      ram.writeU32(GDT + selector + 4, (((base >>> 16) & 0xff) | (base & 0xff00_0000) | (limit & 0xf_0000) | (attributes << 8)) >>> 0);
    };
    const dpl = this.cpl << 5;
    const sixteen = mode === 'protected16';
    descriptor(8, sixteen ? CODE_BASE_16 : 0, sixteen ? 0x7fff : 0xf_ffff, (long ? 0xa09b : sixteen ? 0x9b : 0xc09b) | dpl);
    descriptor(0x10, 0, sixteen ? 0xffff : 0xf_ffff, (sixteen ? 0x93 : 0xc093) | dpl);
    descriptor(0x20, 0, 0xf_ffff, long ? 0xa09b : 0xc09b);
    descriptor(0x28, 0, 0xf_ffff, 0xc093);
    descriptor(0x38, TSS, 0x67, 0x8b);
    if (long) ram.writeU64(TSS + 4, BigInt(INNER_STACK_TOP));
    else {
      ram.writeU32(TSS + 4, INNER_STACK_TOP);
      ram.writeU32(TSS + 8, 0x28);
    }
    ram.writeU16(TSS + 0x66, 0x68);
    if (long || mode === 'protected32') this.#buildPageTables(long);
  }

  #buildPageTables(long: boolean): void {
    const { ram } = this.memory;
    const levels = long ? 4 : 2;
    const size = long ? 8 : 4;
    for (let level = 0; level < levels - 1; level++) ram.writeU32(PAGE_TABLES + 4096 * level, (PAGE_TABLES + 4096 * (level + 1)) | 7);
    const last = PAGE_TABLES + 4096 * (levels - 1);
    for (let page = 0; page < 16; page++) {
      const linear = page * 4096;
      let entry = linear | 7;
      if (linear === DEVICE_PAGE) entry = DEVICE | 7;
      else if (linear === READ_ONLY_PAGE) entry = linear | 5;
      else if (linear === ABSENT_PAGE) entry = 0;
      else if (linear === ALIAS_PAGE) entry = (CODE + 0x1000) | 7;
      // Tables and handlers belong to the supervisor.
      else if (linear < 0x4000) entry = linear | 3;
      ram.writeU32(last + size * page, entry);
    }
  }
}

const COMPARED = [
  'gpr',
  'rip',
  'eflags',
  'segmentSelector',
  'segmentBase',
  'segmentLimit',
  'segmentAttributes',
  'gdtrBase',
  'idtrBase',
  'cr0',
  'cr2',
  'cr3',
  'cr4',
  'efer',
  'dr',
  'cpl',
  'halted',
  'nmiBlocked',
  'interruptShadow',
] as const;
