/**
 * The processor as system routines and the reference engine see it: state by name, memory through segments and paging, faults, and the
 * world outside. Implemented by Cpu.
 */
import type { AddressSpace } from '@paravirt/bus';
import type { DecodeMode } from './decode/decoded.ts';
import type { HypercallHandler } from './environment.ts';
import type { SegmentName } from './semantics/language.ts';
import type { FieldName } from './state.ts';
import type { Stop } from './stop.ts';

export type MemoryAccess = 'read' | 'write';

export interface Processor {
  /** State fields as numbers (fields of at most 4 bytes) and as bigints (8 bytes), by name and element. */
  get(field: FieldName, index?: number): number;
  set(field: FieldName, value: number, index?: number): void;
  get64(field: FieldName, index?: number): bigint;
  set64(field: FieldName, value: bigint, index?: number): void;

  /** All of RFLAGS, status flags worked out. */
  rflags: bigint;

  /** Vector and error code (−1: none) that the last `fault` or `pageFault` left. */
  readonly faultVector: number;
  readonly faultErrorCode: number;
  /** Stores vector and error code and throws GUEST_FAULT. */
  fault(vector: number, errorCode?: number): never;
  /** #PF with CR2. */
  pageFault(linear: bigint, errorCode: number): never;

  /** Linear memory with the current privilege (or as a supervisor: descriptor tables, TSS, stacks of inner rings). Width in bytes 1–8. */
  readLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, supervisor?: boolean): bigint;
  writeLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, value: bigint, supervisor?: boolean): void;
  /** Faults now if a later access would. */
  probeLinear(linear: bigint, bytes: number, access: MemoryAccess, supervisor?: boolean): void;
  /** segment:offset to linear, with limit, rights and canonical checks (#SS or #GP). */
  linear(segment: SegmentName, offset: bigint, bytes: number, access: MemoryAccess): bigint;

  /** Address (RIP) of the instruction being executed; `rip` of the state already points behind it. Set by the engine. */
  instructionPointer: bigint;
  /**
   * A single-step trap follows this instruction: TF was set before it. POPF and IRET that clear TF leave it, the entry to a handler and a
   * SYSCALL that masks TF drop it. [SDM 3B §18.3.1.4]
   */
  stepTrap: boolean;
  /** Code and stack size as CS and SS say now. */
  readonly decodeMode: DecodeMode;
  /** linear + bytes, cut to the linear address width. */
  addLinear(linear: bigint, bytes: number): bigint;
  /**
   * Copies instruction bytes from `ip` into `into` at `at`, up to the end of its page or of `into`; how many there were. Faults as an
   * instruction fetch does: #GP(0) beyond the CS limit or non-canonical, #PF with the I/D bit where NX is on.
   */
  fetch(ip: bigint, into: Uint8Array, at: number): number;
  /** Bytes that the maps do not know: #UD, or, if the CPU's owner wants it so, leaves the run with `unsupported`, RIP at them. */
  unknownOpcode(bytes: Uint8Array): never;

  /** Works out the derived fields after CS, SS, data segments, CR0, CR4, EFER or CPL changed, and makes the engine look again. */
  modeChanged(): void;
  /** Drops translations: all but global ones, all, or those of one linear address. */
  flushTlb(what: 'non-global' | 'all' | bigint): void;

  /** PAE paging: loads the PDPTE registers from the table at `cr3`. False: a reserved bit is set, nothing is loaded. */
  loadPdptes(cr3: bigint): boolean;

  readonly ports: AddressSpace;
  readPort(port: number, bytes: 1 | 2 | 4): number;
  writePort(port: number, bytes: 1 | 2 | 4, value: number): void;
  /** What CPUID tells of clocks, in Hz: of the time stamp counter, and of the crystal that drives it and the local APIC's timer. */
  readonly tscHz: number | undefined;
  readonly crystalHz: number | undefined;
  /** Value of the time stamp counter. */
  timestamp(): bigint;
  readonly retired: bigint;
  readTaskPriority(): number;
  writeTaskPriority(value: number): void;
  /** MSRs that belong to somebody else. */
  readExternalMsr(index: number): bigint | undefined;
  /** undefined: not there; false: #GP. */
  writeExternalMsr(index: number, value: bigint): boolean | undefined;
  /** Who answers VMCALL, VMMCALL and the CPUID leaves of a virtual machine monitor. */
  readonly hypercalls: HypercallHandler | undefined;
  /** Interrupts stay off for one instruction after this one: 1 after STI, 2 after MOV SS and POP SS. [SDM 3A §6.8.3] */
  holdInterrupts(shadow: 1 | 2): void;
  /** Interrupts may have become deliverable (IF, CR8 changed): look at the next boundary. */
  interruptsMayHaveChanged(): void;
  /** Leaves the run with this stop at the end of the instruction. */
  stop(stop: Stop): void;
}
