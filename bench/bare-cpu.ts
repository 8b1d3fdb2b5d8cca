/**
 * A CPU with memory of its own and nothing else, put into the state that a program wants: flat 32-bit protected mode without paging, or
 * 64-bit mode with large pages, at privilege 0 or 3, with a descriptor table, a task state segment and gates for what programs cause.
 */
import { AddressSpace } from '@paravirt/bus';
import { Cpu, CpuMemory, type CpuOptions, type EngineName, type SegmentRegister, type SegmentRegisterName } from '@paravirt/x86-core';

/** `user` is 64-bit mode at privilege 3. */
export type Mode = 'protected' | 'long' | 'user';

/** Where programs begin. */
export const ENTRY = 0x1000;
/** Where the handlers of programs are, which run at privilege 0. */
export const HANDLERS = { systemCall: 0x5000, interrupt: 0x5100, pageFault: 0x5200 } as const;
/** Linear; no page is there. */
export const FAULTING_ADDRESS = 0x4000_0000;

const MEMORY_SIZE = 0x80_0000;
const STACK = 0x9000;
const KERNEL_STACK = 0xb000;
const GDT = 0xc000;
const TSS = 0xd000;
const IDT = 0xe000;
const PML4 = 0x7c_0000;
const PDPT = 0x7c_1000;
const PAGE_DIRECTORY = 0x7c_2000;

/** Selectors, in the order that SYSCALL and SYSRET want. */
const SELECTOR = { code: 0x08, data: 0x10, userData: 0x23, userCode: 0x2b, tss: 0x30 } as const;
const DESCRIPTORS: readonly bigint[] = [
  0n,
  0x00af_9b00_0000_ffffn, // 64-bit code
  0x00cf_9300_0000_ffffn, // data
  0n,
  0x00cf_f300_0000_ffffn, // data, privilege 3
  0x00af_fb00_0000_ffffn, // 64-bit code, privilege 3
  0x0000_8b00_d000_0067n, // the task state segment
  0n,
];

const CODE_32 = 0xc09b;
const CODE_64 = 0xa09b;
const DATA = 0xc093;
const PRIVILEGE_3 = 0x60;

const PAGE_PRESENT_WRITABLE_USER = 7n;
const LARGE_PAGE = 0x80n;
const CR4_PAE_OSFXSR = 0x220n;
const EFER_LONG_MODE_WITH_SYSCALL = 0x501n;
const CR0_PE_ET = 0x11n;
const CR0_PE_ET_WP_PG = 0x8001_0011n;
const RFLAGS_FIXED = 2n;
const RFLAGS_IF = 0x200n;

export interface BareCpuOptions {
  readonly mode: Mode;
  readonly engine: EngineName;
  readonly code: readonly number[];
  /** Further code and data, by address. */
  readonly more?: Readonly<Record<number, readonly number[]>>;
  readonly hotAfter?: CpuOptions['hotAfter'];
  /** What answers when the program leaves the CPU. Default: nothing. */
  readonly environment?: Partial<CpuOptions>;
}

/** At ENTRY. */
export function bareCpu({ mode, engine, code, more = {}, hotAfter, environment = {} }: BareCpuOptions): Cpu {
  const memory = new CpuMemory({ ram: [{ address: 0, size: MEMORY_SIZE }] });
  memory.ram.write(ENTRY, Uint8Array.from(code));
  for (const [address, bytes] of Object.entries(more)) memory.ram.write(Number(address), Uint8Array.from(bytes));
  writeTables((address, values) => memory.ram.write(address, new Uint8Array(BigUint64Array.from(values).buffer)));
  const spaces = { ports: new AddressSpace('ports', 0x1_0000), mmio: new AddressSpace('mmio', 2 ** 40) };
  const cpu = new Cpu({ memory, ...spaces, ...environment, engine, ...(hotAfter === undefined ? {} : { hotAfter }) });
  start(cpu, mode);
  return cpu;
}

function writeTables(write: (address: number, values: readonly bigint[]) => void): void {
  write(GDT, DESCRIPTORS);
  write(PML4, [BigInt(PDPT) | PAGE_PRESENT_WRITABLE_USER]);
  write(PDPT, [BigInt(PAGE_DIRECTORY) | PAGE_PRESENT_WRITABLE_USER]);
  write(
    PAGE_DIRECTORY,
    [0n, 1n, 2n, 3n].map((i) => (i << 21n) | LARGE_PAGE | PAGE_PRESENT_WRITABLE_USER),
  );
  // RSP0 is at offset 4.
  write(TSS, [BigInt(KERNEL_STACK) << 32n, 0n]);
  write(IDT + 14 * 16, interruptGate(HANDLERS.pageFault));
  write(IDT + 0x80 * 16, interruptGate(HANDLERS.interrupt));
}

/** 64-bit, for privilege 3, to an address below 64 KiB. [SDM 3A, Figure 6-8] */
const interruptGate = (handler: number): readonly bigint[] => [BigInt(handler) | (BigInt(SELECTOR.code) << 16n) | (0xee00n << 32n), 0n];

function start(cpu: Cpu, mode: Mode): void {
  const r = cpu.registers;
  const user = mode === 'user';
  const rights = user ? PRIVILEGE_3 : 0;
  const segment = (selector: number, attributes: number): SegmentRegister => ({ selector, base: 0n, limit: 0xffff_ffff, attributes });
  r.cr4 = CR4_PAE_OSFXSR;
  if (mode !== 'protected') {
    r.cr3 = BigInt(PML4);
    r.efer = EFER_LONG_MODE_WITH_SYSCALL;
  }
  r.cr0 = mode === 'protected' ? CR0_PE_ET : CR0_PE_ET_WP_PG;
  r.gdtr = { base: BigInt(GDT), limit: DESCRIPTORS.length * 8 - 1 };
  r.idtr = { base: BigInt(IDT), limit: 0xfff };
  r.setSegment('TR', { selector: SELECTOR.tss, base: BigInt(TSS), limit: 0x67, attributes: 0x8b });
  r.setSegment('CS', segment(user ? SELECTOR.userCode : SELECTOR.code, (mode === 'protected' ? CODE_32 : CODE_64) | rights));
  for (const name of ['DS', 'ES', 'SS', 'FS', 'GS'] as const satisfies readonly SegmentRegisterName[])
    r.setSegment(name, segment(user ? SELECTOR.userData : SELECTOR.data, DATA | rights));
  r.setField('star', (0x18n << 48n) | (BigInt(SELECTOR.code) << 32n));
  r.setField('lstar', BigInt(HANDLERS.systemCall));
  r.setField('sfmask', RFLAGS_IF);
  r.rflags = RFLAGS_FIXED;
  r.rsp = BigInt(STACK);
  r.rsi = 0x1_0000n;
  r.rip = BigInt(ENTRY);
}
