/**
 * A CPU set up as the vectors' README says: flat user segments, the windows mapped for the user and nothing else, and a supervisor half
 * with descriptor tables, a task state segment and a handler for every exception. A case runs one instruction; an exception shows as the
 * entry into its handler, with the frame on the supervisor's stack.
 */
import { AddressSpace } from '@paravirt/bus';
import { Cpu, CpuMemory, type EngineName, STATE, type Stop } from '@paravirt/x86-core';
import { CODE, CODE_RIP, fromHex, LOW_WINDOW, LOW_WINDOW_SIZE, type Mode, pattern, WINDOW, WINDOW_SIZE } from './vector.ts';

/** Physical addresses; the supervisor's lie at SUPERVISOR + address in linear memory, where no case points. */
const SUPERVISOR = 0x5ead_0000;
const TABLES = 0x1_0000;
const GDT = 0x2000;
const IDT = 0x3000;
const TSS = 0x4000;
const STACK_TOP = 0x6000;
const HANDLERS = 0x7000;
const CODE_PAGE = 0x2_0000;
const WINDOW_PAGES = 0x2_1000;
const LOW_PAGE = 0x2_3000;
const RAM_SIZE = 0x3_0000;

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;

const KERNEL_CODE = 0x10;
const KERNEL_STACK = 0x18;

type Runs = readonly (readonly [string, string])[];

export interface Frame {
  readonly vector: number;
  readonly errorCode: number | undefined;
  readonly ip: bigint;
  readonly flags: bigint;
  readonly sp: bigint;
}

const BREAKPOINT = 3;
const HLT = 0xf4;
const WITH_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);

export class VectorMachine {
  readonly mode: Mode;
  readonly cpu: Cpu;
  readonly #memory: CpuMemory;
  readonly #view: DataView;
  readonly #window = new Uint8Array(WINDOW_SIZE);
  readonly #low = new Uint8Array(LOW_WINDOW_SIZE);

  constructor(mode: Mode, engine: EngineName) {
    this.mode = mode;
    // A translator gets every instruction as a region.
    this.#memory = new CpuMemory({ ram: [{ address: 0, size: RAM_SIZE }], codeBytes: engine === 'translator' ? 2 ** 21 : 2 ** 18 });
    this.cpu = new Cpu({
      hotAfter: 0,
      memory: this.#memory,
      ports: new AddressSpace('ports', 0x1_0000),
      mmio: new AddressSpace('memory', 2 ** 40),
      engine,
    });
    for (let i = 0; i < WINDOW_SIZE; i++) this.#window[i] = pattern(i);
    for (let i = 0; i < LOW_WINDOW_SIZE; i++) this.#low[i] = pattern(i);
    this.#view = new DataView(this.#memory.memory.buffer);
    this.#buildTables();
    this.#buildDescriptors();
    this.resetSystem();
  }

  /** Windows and code page as at the start of a case. */
  resetMemory(code: Uint8Array): void {
    const { ram } = this.#memory;
    ram.write(CODE_PAGE, new Uint8Array(4096).fill(0xcc));
    ram.write(CODE_PAGE + 0x800, code);
    ram.write(WINDOW_PAGES, this.#window);
    if (this.mode === 'i386') ram.write(LOW_PAGE, this.#low);
  }

  /** Writes at a linear address within the mapped user pages; bytes outside are left out. */
  write(linear: number, bytes: Uint8Array): void {
    bytes.forEach((byte, i) => {
      const at = this.#physical(linear + i);
      if (at !== undefined) this.#memory.ram.writeU8(at, byte);
    });
  }

  /** What the windows hold now: [linear address of the first byte, bytes]. */
  windows(): (readonly [number, Uint8Array])[] {
    const all: [number, number, number][] = [
      [CODE, CODE_PAGE, 4096],
      [WINDOW, WINDOW_PAGES, WINDOW_SIZE],
    ];
    if (this.mode === 'i386') all.push([LOW_WINDOW, LOW_PAGE, LOW_WINDOW_SIZE]);
    return all.map(([linear, physical, size]) => {
      const bytes = new Uint8Array(size);
      this.#memory.ram.read(physical, bytes);
      return [linear, bytes] as const;
    });
  }

  /** The user's segments, privilege and control registers. */
  resetSystem(): void {
    const r = this.cpu.registers;
    const long = this.mode === 'x86_64';
    r.efer = long ? 0xd01n : 0n;
    r.cr4 = long ? 0x620n : 0x600n;
    r.cr3 = BigInt(TABLES);
    r.cr0 = 0x8005_0033n;
    r.gdtr = { base: BigInt(SUPERVISOR + GDT), limit: 0xff };
    r.idtr = { base: BigInt(SUPERVISOR + IDT), limit: 0xfff };
    r.setSegment('TR', { selector: 0x38, base: BigInt(SUPERVISOR + TSS), limit: 0x67, attributes: 0x8b });
    this.resetSegments(0n);
  }

  resetSegments(gsBase: bigint): void {
    const r = this.cpu.registers;
    const long = this.mode === 'x86_64';
    const data = { selector: 0x2b, base: 0n, limit: 0xffff_ffff, attributes: 0xc0f3 };
    const none = { selector: 0, base: 0n, limit: 0, attributes: 0 };
    r.setSegment('SS', data);
    r.setSegment('DS', long ? none : data);
    r.setSegment('ES', long ? none : data);
    r.setSegment('FS', none);
    r.setSegment('GS', { ...none, base: gsBase });
    r.setSegment('CS', long ? { ...data, selector: 0x33, attributes: 0xa0fb } : { ...data, selector: 0x23, attributes: 0xc0fb });
  }

  /** The exception that was just delivered, undefined if none was. */
  frame(): Frame | undefined {
    const r = this.cpu.registers;
    if ((r.segment('CS').selector & 3) === 3) return undefined;
    const vector = Number(r.rip - BigInt(SUPERVISOR + HANDLERS)) / 16;
    const width = this.mode === 'x86_64' ? 8 : 4;
    let at = Number(r.rsp) - SUPERVISOR;
    const pop = (): bigint => {
      const value = width === 8 ? this.#memory.ram.readU64(at) : BigInt(this.#memory.ram.readU32(at));
      at += width;
      return value;
    };
    const errorCode = WITH_ERROR_CODE.has(vector) ? Number(pop()) : undefined;
    const ip = pop();
    pop();
    const flags = pop();
    return { vector, errorCode, ip, flags, sp: pop() };
  }

  /**
   * Executes the instruction of `length` bytes at RIP as `cpu.step` does, but through `cpu.run`, so that a translator translates it. Unless it jumps, the
   * breakpoint behind it is executed as well, and undone; if it faults, so is the HLT of the handler.
   */
  runThrough(length: number): Stop {
    let stop = this.cpu.run(1);
    if (stop.kind === 'halt') {
      this.cpu.registers.setField('halted', 0n);
      this.cpu.registers.rip -= 1n;
      stop = { kind: 'budget' };
    }
    const frame = this.frame();
    if (frame === undefined || frame.vector !== BREAKPOINT || frame.ip !== BigInt(CODE_RIP + length + 1)) return stop;
    const r = this.cpu.registers;
    const gs = r.segment('GS');
    const [es, ds, fs] = [r.segment('ES'), r.segment('DS'), r.segment('FS')];
    this.resetSegments(0n);
    r.setSegment('ES', es);
    r.setSegment('DS', ds);
    r.setSegment('FS', fs);
    r.setSegment('GS', gs);
    r.rip = frame.ip - 1n;
    r.rsp = frame.sp;
    r.rflags = frame.flags;
    return stop;
  }

  /** A 128-bit element of the state. */
  wide(field: 'fpr' | 'xmm', index: number): bigint {
    const at = STATE[field].address + 16 * index;
    return this.#view.getBigUint64(at, true) | (this.#view.getBigUint64(at + 8, true) << 64n);
  }

  setWide(field: 'fpr' | 'xmm', index: number, value: bigint): void {
    const at = STATE[field].address + 16 * index;
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), true);
    this.#view.setBigUint64(at + 8, value >> 64n, true);
  }

  /** A segment register of the user as if loaded with this selector of the descriptor table. */
  loadUserSegment(name: 'ES' | 'DS' | 'FS', selector: number): void {
    const base = (selector & ~7) === 0x68 ? BigInt(WINDOW) : 0n;
    const code = (selector & ~7) === 0x20;
    const value =
      selector < 4
        ? { selector, base: 0n, limit: 0, attributes: 0 }
        : { selector, base, limit: 0xffff_ffff, attributes: code ? 0xc0fb : 0xc0f3 };
    this.cpu.registers.setSegment(name, value);
  }

  /** The windows as a case leaves them. */
  expectedWindows(before: Runs, after: Runs, code: Uint8Array): (readonly [number, Uint8Array])[] {
    const page = new Uint8Array(4096).fill(0xcc);
    page.set(code, 0x800);
    const all: (readonly [number, Uint8Array])[] = [
      [CODE, page],
      [WINDOW, this.#window.slice()],
    ];
    if (this.mode === 'i386') all.push([LOW_WINDOW, this.#low.slice()]);
    for (const [address, text] of [...before, ...after]) {
      fromHex(text).forEach((byte, i) => {
        const at = Number.parseInt(address, 16) + i;
        for (const [start, bytes] of all) if (at >= start && at < start + bytes.length) bytes[at - start] = byte;
      });
    }
    return all;
  }

  /** Differences between the windows and what they should hold, but for the ranges to ignore. */
  compareWindows(expected: readonly (readonly [number, Uint8Array])[], ignore: readonly (readonly [string, number])[]): string[] {
    const wrong: string[] = [];
    const now = this.windows();
    for (const [n, [start, want]] of expected.entries()) {
      const is = (now[n] as readonly [number, Uint8Array])[1];
      for (let i = 0; i < want.length && wrong.length < 4; i++) {
        if (is[i] === want[i]) continue;
        const at = start + i;
        if (ignore.some(([address, length]) => at >= Number.parseInt(address, 16) && at < Number.parseInt(address, 16) + length)) continue;
        wrong.push(`[${at.toString(16)}] ${is[i]?.toString(16)}, not ${want[i]?.toString(16)}`);
      }
    }
    return wrong;
  }

  #physical(linear: number): number | undefined {
    if (linear >= CODE && linear < CODE + 4096) return CODE_PAGE + linear - CODE;
    if (linear >= WINDOW && linear < WINDOW + WINDOW_SIZE) return WINDOW_PAGES + linear - WINDOW;
    if (this.mode === 'i386' && linear >= LOW_WINDOW && linear < LOW_WINDOW + LOW_WINDOW_SIZE) return LOW_PAGE + linear - LOW_WINDOW;
    return undefined;
  }

  #buildTables(): void {
    const { ram } = this.#memory;
    let free = TABLES + 4096;
    const long = this.mode === 'x86_64';
    const shifts = long ? [39, 30, 21, 12] : [22, 12];
    const entries = long ? 512 : 1024;
    const size = long ? 8 : 4;
    const map = (linear: number, physical: number, flags: number): void => {
      let table = TABLES;
      for (const [level, shift] of shifts.entries()) {
        const at = table + (Math.floor(linear / 2 ** shift) % entries) * size;
        if (level === shifts.length - 1) ram.writeU32(at, physical | flags);
        else if (ram.readU32(at) === 0) {
          ram.writeU32(at, free | PRESENT | WRITABLE | USER);
          table = free;
          free += 4096;
        } else table = ram.readU32(at) & ~0xfff;
      }
    };
    for (let page = 0; page < 8; page++) map(SUPERVISOR + page * 4096, page * 4096, PRESENT | WRITABLE);
    map(CODE, CODE_PAGE, PRESENT | WRITABLE | USER);
    for (let page = 0; page < WINDOW_SIZE; page += 4096) map(WINDOW + page, WINDOW_PAGES + page, PRESENT | WRITABLE | USER);
    // The last page of the lower half is the supervisor's, as under Linux.
    if (long) map(2 ** 47 - 4096, LOW_PAGE, PRESENT | WRITABLE);
    if (!long) map(LOW_WINDOW, LOW_PAGE, PRESENT | WRITABLE | USER);
  }

  #buildDescriptors(): void {
    const { ram } = this.#memory;
    const long = this.mode === 'x86_64';
    const descriptor = (selector: number, base: number, access: number, flags: number): void => {
      const value =
        0xffffn |
        (BigInt(base & 0xff_ffff) << 16n) |
        (BigInt(access) << 40n) |
        (0xfn << 48n) |
        (BigInt(flags) << 52n) |
        (BigInt(base >>> 24) << 56n);
      ram.writeU64(GDT + (selector & ~7), value);
    };
    descriptor(KERNEL_CODE, 0, 0x9b, long ? 0xa : 0xc);
    descriptor(KERNEL_STACK, 0, 0x93, 0xc);
    descriptor(0x23, 0, 0xfb, 0xc);
    descriptor(0x2b, 0, 0xf3, 0xc);
    descriptor(0x33, 0, 0xfb, 0xa);
    descriptor(0x6b, WINDOW, 0xf3, 0xc);
    if (long) ram.writeU64(TSS + 4, BigInt(SUPERVISOR + STACK_TOP));
    else {
      ram.writeU32(TSS + 4, SUPERVISOR + STACK_TOP);
      ram.writeU32(TSS + 8, KERNEL_STACK);
    }
    // The I/O permission bitmap would start behind the limit: no port is allowed.
    ram.writeU16(TSS + 0x66, 0x68);
    for (let vector = 0; vector < 32; vector++) {
      const handler = SUPERVISOR + HANDLERS + 16 * vector;
      this.#memory.ram.writeU8(HANDLERS + 16 * vector, HLT);
      // INT3 and INTO may be raised by the user; other gates are the supervisor's, as Linux has them.
      const dpl = vector === 3 || vector === 4 ? 3 : 0;
      const gate =
        BigInt(handler & 0xffff) | (BigInt(KERNEL_CODE) << 16n) | (BigInt(0x8e | (dpl << 5)) << 40n) | (BigInt(handler >>> 16) << 48n);
      ram.writeU64(IDT + (long ? 16 : 8) * vector, gate);
    }
  }
}
