import { AddressSpace } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, EFER_LMA, EFER_NXE } from '../control-bits.ts';
import { CpuMemory } from '../cpu-memory.ts';
import { isCanonical, Mmu } from '../memory/mmu.ts';
import { ACCESS } from '../memory/paging.ts';
import { TLB_SUPERVISOR_BASE, TLB_USER_BASE } from '../memory/tlb.ts';
import { STATE, STATE_BASE } from '../state.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { WASM } from '../wasm/runtime.ts';
import { buildPageWalk, WALK } from './page-walk.ts';

const TABLES = 64;
/** Where large pages point, and what 32 bits do not reach. */
const HIGH_RAM = 0x4000_0000;
const HIGHEST_RAM = 2 ** 36;
const END_OF_TLBS = 0x12_0000;

type Mode = '32-bit' | '32-bit PSE' | 'PAE' | '4-level' | 'none';
const MODES: Mode[] = ['32-bit', '32-bit PSE', 'PAE', '4-level', 'none'];

interface Functions {
  fillTlb(linear: bigint, access: number): number;
  flushTlb(): void;
}

/** One machine: with the walk in WebAssembly before that in TypeScript, or without. */
class Side {
  readonly memory: CpuMemory = new CpuMemory({
    ram: [
      { address: 0, size: TABLES * 4096 },
      { address: HIGH_RAM, size: 2 ** 22 },
      { address: HIGHEST_RAM, size: 2 ** 14 },
    ],
    codeBytes: 2 ** 18,
  });
  readonly words: Uint32Array = new Uint32Array(this.memory.memory.buffer);
  readonly mmu: Mmu;
  readonly wasm: Functions;

  constructor() {
    const fault = (): never => {
      throw new Error('lookUp does not fault');
    };
    this.mmu = new Mmu({
      buffer: this.memory.memory.buffer,
      ram: this.memory.ram,
      mmio: new AddressSpace('nothing', 2 ** 40),
      faults: { pageFault: fault, nonCanonical: fault },
    });
    const module = new ModuleBuilder();
    module.importMemory('env', 'memory');
    buildPageWalk(module, new Map());
    const { exports } = new WASM.Instance(new WASM.Module(module.encode()), { env: { memory: this.memory.memory } });
    this.wasm = exports as unknown as Functions;
  }

  set(field: keyof typeof STATE, value: number, element = 0): void {
    this.words[(STATE[field].address + element * STATE[field].size) >>> 2] = value;
  }

  /** State, TLBs, tables. */
  bytes(): Uint8Array[] {
    const { buffer } = this.memory.memory;
    const { ram } = this.memory;
    return [
      new Uint8Array(buffer, STATE_BASE, END_OF_TLBS - STATE_BASE),
      new Uint8Array(buffer, ram.offsetOf(0, TABLES * 4096), TABLES * 4096),
      new Uint8Array(buffer, ram.offsetOf(HIGHEST_RAM, 2 ** 14), 2 ** 14),
    ];
  }
}

/** Deterministic numbers from a seed: below `n`. */
function numbers(seed: number): (n: number) => number {
  let state = seed | 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/** An entry that a system might write, and now and then one that it should not. */
function entry(below: (n: number) => number): readonly [low: number, high: number] {
  const often = (bit: number, of: number): number => (below(of) !== 0 ? bit : 0);
  let low = often(1, 24) | often(2, 4) | often(4, 4) | (below(2) * 0x20) | (below(2) * 0x40) | (below(3) === 0 ? 0x100 : 0);
  let high = 0;
  const where = below(16);
  if (where < 3) low |= 0x80 | (HIGH_RAM + (where === 0 ? below(2) * 0x20_0000 : 0));
  else if (where === 3) {
    low |= below(4) << 12;
    high = 2 ** 4;
  } else low |= below(TABLES + 1) << 12;
  if (below(12) === 0) high |= 0x8000_0000;
  if (below(48) === 0) high |= 1 << below(31);
  if (below(48) === 0) low ^= 1 << below(32);
  return [low >>> 0, high >>> 0];
}

function prepare(sides: readonly Side[], mode: Mode, seed: number, watches: boolean): void {
  const below = numbers(seed);
  const tables = Array.from({ length: TABLES * 512 }, () => entry(below)).flat();
  const watched = Array.from({ length: TABLES }, () => (watches && below(20) === 0 ? 1 : 0));
  const cr0 = (mode === 'none' ? 0 : CR0_PG) + below(2) * CR0_WP;
  const cr4 = (mode === 'PAE' || mode === '4-level' ? CR4_PAE : 0) | (mode === '32-bit PSE' ? CR4_PSE : 0) | (below(2) * CR4_PGE);
  const efer = (mode === '4-level' ? EFER_LMA : 0) | (below(4) === 0 ? 0 : EFER_NXE);
  const cr3 = below(TABLES) * 4096;
  const pdptes = Array.from({ length: 4 }, () => [((below(TABLES) << 12) | (below(8) === 0 ? 0 : 1)) >>> 0, 0]).flat();
  for (const side of sides) {
    side.mmu.tlb.flushAll();
    const base = side.memory.ram.offsetOf(0, 4096);
    side.words.set(tables, base >>> 2);
    side.memory.ram.watched.fill(0);
    side.memory.ram.watched.set(watched, base >>> 12);
    side.set('cr0', cr0);
    side.set('cr3', cr3);
    side.set('cr4', cr4);
    side.set('efer', efer);
    for (const [i, word] of pdptes.entries()) side.set('pdptes', word, i);
  }
}

function linearIn(mode: Mode, below: (n: number) => number): readonly [low: number, high: number] {
  // Few different entries of the upper tables, so that accesses meet again.
  const page = below(4) === 0 ? below(0x10_0000) : below(8) * 0x4_0000 + below(2) * 512 + below(4);
  const low = (page * 4096 + below(4096)) >>> 0;
  if (mode === 'none') return [below(2) === 0 ? low : below(TABLES * 4096), 0];
  if (mode !== '4-level') return [low, 0];
  const high = below(16) === 0 ? below(2 ** 32) : below(4) * 0x80;
  return [low, below(2) === 0 && high < 0x8000 ? (high | 0xffff_8000) >>> 0 : high];
}

describe('[SDM 3A §4.3–4.10] The page walk in WebAssembly', () => {
  const sides = [new Side(), new Side()] as const;
  const [plain, fast] = sides;

  it.each(MODES)('leaves tables and TLB as the walk in TypeScript does, and takes every walk that is common, %s', (mode) => {
    let taken = 0;
    const property = fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.boolean(), (seed, watches) => {
      prepare(sides, mode, seed, watches);
      const below = numbers(Math.imul(seed, 0x9e37_79b1));
      for (let step = 0; step < 60; step++) {
        const [low, high] = linearIn(mode, below);
        const user = below(2) === 1;
        const write = below(2) === 1;
        const supervisor = below(4) === 0;
        if (below(12) === 0) {
          plain.mmu.tlb.flushNonGlobal();
          fast.wasm.flushTlb();
        }
        if (below(30) === 0) for (const { mmu } of sides) mmu.tlb.invalidate(low, high);
        for (const side of sides) side.set('tlb', user ? TLB_USER_BASE : TLB_SUPERVISOR_BASE);
        const linear = (BigInt(high) << 32n) | BigInt(low);
        const wants = (write ? WALK.write : 0) | (supervisor ? WALK.supervisor : 0);
        const tables = fast.bytes()[1]?.slice() as Uint8Array;
        const unseen = below(3) === 0 && fast.wasm.fillTlb(linear, wants | WALK.unseen) === 1;
        expect(sameBytes(tables, fast.bytes()[1] as Uint8Array)).toBe(true);
        const done = fast.wasm.fillTlb(linear, wants) === 1;
        expect(done || !unseen).toBe(true);
        if (mode === '4-level' && !isCanonical(high)) {
          expect(done).toBe(false);
          continue;
        }
        const access = write ? ACCESS.write : ACCESS.read;
        const physical = plain.mmu.lookUp(low, high, access, user && !supervisor);
        if (!done) expect(fast.mmu.lookUp(low, high, access, user && !supervisor)).toBe(physical);
        else expect(physical).toBeGreaterThanOrEqual(0);
        if (done) taken++;
        else if (!watches) expect(physical >= 0 && plain.mmu.host >= 0).toBe(false);
      }
      expect(plain.bytes().every((bytes, i) => sameBytes(bytes, fast.bytes()[i] as Uint8Array))).toBe(true);
    });
    fc.assert(property, { numRuns: 40, seed: 20_261_122 });
    expect(taken).toBeGreaterThan(100);
  });
});

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  const x = new BigUint64Array(a.buffer, a.byteOffset, a.length >>> 3);
  const y = new BigUint64Array(b.buffer, b.byteOffset, b.length >>> 3);
  return x.every((word, i) => word === y[i]);
}
