/**
 * What surrounds a CPU besides memory and ports: its interrupt controller, model-specific registers that belong to somebody else, and who
 * answers hypercalls.
 */
import type { AddressSpace } from '@paravirt/bus';

/** What the INTR pin asks: the local APIC or the PIC. */
export interface InterruptController {
  /** Vector to deliver, acknowledged; −1: none after all. */
  acknowledge(): number;
  /** CR8, 0 to 15. */
  readonly taskPriority: number;
  setTaskPriority(value: number): void;
}

/** One model-specific register. Must not throw, whatever the guest writes. */
export interface MsrHandler {
  read(): bigint;
  /** False: the value is not allowed, #GP(0). */
  write(value: bigint): boolean;
}

/** The time stamp counter when `retired` instructions have retired: start + ⌊(retired − from) × rate⌋, computed in double precision. */
export interface TimestampLine {
  readonly start: bigint;
  readonly from: number;
  /** Ticks per instruction, more than 0. */
  readonly rate: number;
}

/**
 * The caller's registers as VMCALL and VMMCALL show them: whole ones in 64-bit mode, else their low 32 bits; a write outside 64-bit mode clears
 * the upper half. Valid during the call only.
 */
export interface HypercallState {
  rax: bigint;
  rbx: bigint;
  rcx: bigint;
  rdx: bigint;
  rsi: bigint;
  rdi: bigint;
  /** Of a register: 64 in 64-bit mode. */
  readonly bits: 32 | 64;
  /** Current privilege level of the caller, 0 to 3. */
  readonly cpl: number;
}

/** EAX, EBX, ECX, EDX; unsigned. */
export type CpuidLeaf = readonly [number, number, number, number];

/** What is beneath the CPU, as a virtual machine monitor is. Must not throw, whatever the guest asks. */
export interface HypercallHandler {
  /** VMCALL or VMMCALL, at any privilege; RIP is behind the instruction. An answer goes into registers. */
  call(state: HypercallState): void;
  /** A CPUID leaf within 4000_0000H to 4000_FFFFH; undefined: what the CPU says without a handler. */
  cpuid?(leaf: number, subleaf: number): CpuidLeaf | undefined;
}

/** What a CPU is given besides its memory. */
export interface Environment {
  readonly ports: AddressSpace;
  /** Physical addresses that are not RAM. */
  readonly mmio: AddressSpace;
  readonly interrupts?: InterruptController;
  /** By number; those of the bases of FS and GS (C000_0100H to C000_0102H) are always the CPU's own. */
  readonly msrs?: ReadonlyMap<number, MsrHandler>;
  /** Default: VMCALL and VMMCALL raise #UD. */
  readonly hypercalls?: HypercallHandler;
  /** What RDTSC counts; default: retired instructions. */
  readonly timestamp?: () => bigint;
  /**
   * The same as a function of the retired instructions, as it is until `run` returns, the guest writes one of `msrs` or `Cpu.timestampMoved`
   * is called; undefined: it is not as simple as that. With it RDTSC needs no call.
   */
  readonly timestampLine?: () => TimestampLine | undefined;
  /** Told by CPUID leaves 15H and 16H if both are given. */
  readonly tscHz?: number;
  readonly crystalHz?: number;
  /**
   * What bytes do that are no instruction of this CPU (SSE3 and later, among others): raise #UD (the default), or end the run with
   * `unsupported`.
   */
  readonly unknownOpcodes?: 'fault' | 'stop';
}
