/**
 * A CPU in flat 32-bit protected mode that runs one instruction at a time and tells which exception it raised: for the tests of MMX and
 * SSE. Registers are little-endian bytes, as in memory.
 */
import { AddressSpace } from '@paravirt/bus';
import { CR0_PE, CR4_OSFXSR, CR4_OSXMMEXCPT } from '../../control-bits.ts';
import { Cpu, type EngineName } from '../../cpu.ts';
import { CpuMemory } from '../../cpu-memory.ts';
import { type FieldName, STATE } from '../../state.ts';

const GDT = 0x1000;
const IDT = 0x2000;
const STACK = 0x4000;
const CODE = 0x5000;
/** Handler of vector n: IDENTITY + n. */
const HANDLERS = 0x6000;
/** Where instructions find their memory operand. */
export const DATA = 0x8000;
const VECTORS = 32;
const CODE_SELECTOR = 8;
const DATA_SELECTOR = 16;
const BOTH: readonly EngineName[] = ['reference', 'interpreter'];

export class VectorRig {
  readonly cpu: Cpu;
  readonly #memory = new CpuMemory({ ram: [{ address: 0, size: 0x1_0000 }], codeBytes: 2 ** 18 });
  readonly #state: Uint8Array;

  constructor(engine: EngineName) {
    this.#state = new Uint8Array(this.#memory.memory.buffer);
    this.cpu = new Cpu({
      memory: this.#memory,
      ports: new AddressSpace('ports', 0x1_0000),
      mmio: new AddressSpace('memory', 2 ** 32),
      engine,
    });
    const { ram } = this.#memory;
    ram.writeU64(GDT + CODE_SELECTOR, 0x00cf_9b00_0000_ffffn);
    ram.writeU64(GDT + DATA_SELECTOR, 0x00cf_9300_0000_ffffn);
    for (let n = 0; n < VECTORS; n++) ram.writeU64(IDT + 8 * n, 0x0000_8e00_0000_0000n | BigInt((CODE_SELECTOR << 16) | (HANDLERS + n)));
    this.reset();
  }

  /** Everything as at first: SSE on, no exception pending. */
  reset(): void {
    const { registers } = this.cpu;
    this.cpu.reset();
    registers.gdtr = { base: BigInt(GDT), limit: 0xff };
    registers.idtr = { base: BigInt(IDT), limit: 8 * VECTORS - 1 };
    registers.cr0 = BigInt(CR0_PE);
    registers.cr4 = BigInt(CR4_OSFXSR | CR4_OSXMMEXCPT);
    this.#flat('CS', CODE_SELECTOR, 0xc09b);
    for (const name of ['SS', 'DS', 'ES'] as const) this.#flat(name, DATA_SELECTOR, 0xc093);
  }

  #flat(name: 'CS' | 'SS' | 'DS' | 'ES', selector: number, attributes: number): void {
    this.cpu.registers.setSegment(name, { selector, base: 0n, limit: 0xffff_ffff, attributes });
  }

  /** Executes the instruction; the vector of the exception that it raised, if it did. */
  run(...bytes: number[]): number | undefined {
    const { registers } = this.cpu;
    this.#memory.ram.write(CODE, Uint8Array.from(bytes));
    registers.rip = BigInt(CODE);
    registers.rsp = BigInt(STACK);
    this.cpu.step();
    const at = Number(registers.rip);
    return at === CODE + bytes.length ? undefined : at - HANDLERS;
  }

  get(field: FieldName, index = 0): number {
    return Number(this.cpu.registers.field(field, index));
  }

  set(field: FieldName, value: number, index = 0): void {
    this.cpu.registers.setField(field, BigInt(value), index);
  }

  /** The 16 bytes of an XMM register (or of an x87 register, of which MMX has 8), in place. */
  bytes(field: 'xmm' | 'fpr', index: number): Uint8Array {
    const { address, size } = STATE[field];
    return this.#state.subarray(address + index * size, address + (index + 1) * size);
  }

  writeMemory(address: number, bytes: Uint8Array): void {
    this.#memory.ram.write(address, bytes);
  }

  readMemory(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#memory.ram.read(address, bytes);
    return bytes;
  }
}

export const RIGS: readonly VectorRig[] = BOTH.map((engine) => new VectorRig(engine));
/** For `it.each`. */
export const BY_ENGINE: readonly (readonly [EngineName, VectorRig])[] = BOTH.map((engine, i) => [engine, RIGS[i] as VectorRig]);
