/** The real-mode vectors from a hardware 80286. [vectors/real_mode_286/README.md] */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AddressSpace } from '@paravirt/bus';
import { Cpu, CpuMemory, type EngineName } from '@paravirt/x86-core';
import { fromHex, type Snapshot } from './vector.ts';

export interface RealVector {
  readonly id: string;
  readonly asm: string;
  readonly bytes: string;
  readonly in: Snapshot;
  readonly out: Snapshot;
  readonly exc?: number;
  readonly flagsAt?: string;
}

const GENERAL = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const;
const SEGMENTS = ['es', 'cs', 'ss', 'ds'] as const;
/** A 386 has these bits of FLAGS in real mode, a 286 holds them at 0. */
const LATER_FLAGS = 0xf000;
const MOST_STEPS = 70_000;

const hexOf = (s: Snapshot, name: string): number | undefined => {
  const value = s[name];
  return typeof value === 'string' ? Number.parseInt(value, 16) : undefined;
};

export class RealModeMachine {
  readonly #cpu: Cpu;
  readonly #memory: CpuMemory;
  readonly #masks: Readonly<Record<string, string>>;

  constructor(engine: EngineName, folder: string) {
    this.#memory = new CpuMemory({ ram: [{ address: 0, size: 0x11_0000 }], codeBytes: 2 ** 18 });
    this.#cpu = new Cpu({
      memory: this.#memory,
      ports: new AddressSpace('ports', 0x1_0000),
      mmio: new AddressSpace('memory', 2 ** 40),
      engine,
    });
    this.#masks = JSON.parse(readFileSync(join(folder, 'flag-masks.json'), 'utf8')) as Record<string, string>;
  }

  run(v: RealVector): string[] {
    const r = this.#cpu.registers;
    const { ram } = this.#memory;
    const touched = new Map<number, number>();
    const put = (runs: Snapshot['mem'], into: Map<number, number>): void => {
      for (const [address, text] of runs ?? []) {
        fromHex(text).forEach((byte, i) => {
          into.set(Number.parseInt(address, 16) + i, byte);
        });
      }
    };
    put(v.in.mem, touched);
    for (const [address, byte] of touched) ram.writeU8(address, byte);

    GENERAL.forEach((name, n) => {
      r.setField('gpr', BigInt(hexOf(v.in, name) ?? 0), n);
    });
    for (const name of SEGMENTS) {
      const selector = hexOf(v.in, name) ?? 0;
      const attributes = name === 'cs' ? 0x9b : 0x93;
      r.setSegment(name.toUpperCase() as 'CS', { selector, base: BigInt(selector) << 4n, limit: 0xffff, attributes });
    }
    r.setField('cpl', 0n);
    r.setField('halted', 0n);
    // The coprocessor as FNINIT leaves it: an exception of an earlier case must not be pending.
    r.setField('fcw', 0x37fn);
    r.setField('fsw', 0n);
    r.setField('ftags', 0n);
    r.rip = BigInt(hexOf(v.in, 'ip') ?? 0);
    r.rflags = BigInt((hexOf(v.in, 'flags') ?? 0) & 0xfff) | 2n;
    for (let i = 0; i < MOST_STEPS && !this.#cpu.halted; i++) {
      const stop = this.#cpu.step();
      if (stop.kind !== 'budget' && stop.kind !== 'halt') return this.#clean(v, touched, [`stopped: ${stop.kind}`]);
    }
    return this.#clean(v, touched, this.#compare(v, touched));
  }

  #compare(v: RealVector, touched: Map<number, number>): string[] {
    const wrong: string[] = [];
    const r = this.#cpu.registers;
    const want = (name: string): number => hexOf(v.out, name) ?? hexOf(v.in, name) ?? 0;
    const check = (name: string, is: number, mask = 0xffff): void => {
      if ((is & mask) !== (want(name) & mask)) wrong.push(`${name} ${is.toString(16)}, not ${want(name).toString(16)}`);
    };
    GENERAL.forEach((name, n) => {
      check(name, Number(r.field('gpr', n) & 0xffffn));
    });
    for (const name of SEGMENTS) check(name, r.segment(name.toUpperCase() as 'CS').selector);
    check('ip', Number(r.rip & 0xffffn));
    const form = v.id.slice(0, v.id.indexOf('/'));
    const mask = Number.parseInt(this.#masks[form] ?? 'ffff', 16) & 0xffff & ~LATER_FLAGS;
    check('flags', Number(r.rflags & 0xffffn), mask);
    const expected = new Map(touched);
    for (const [address, text] of v.out.mem ?? []) {
      fromHex(text).forEach((byte, i) => {
        expected.set(Number.parseInt(address, 16) + i, byte);
      });
    }
    // The recorded address is that of the bus cycle: even, also where the word is not.
    const oddStack = (want('ss') << 4) + want('sp');
    const flagsAt = v.flagsAt === undefined ? pushedFlags(v) : Number.parseInt(v.flagsAt, 16) | (oddStack & 1);
    for (const [address, byte] of expected) {
      const bits = address === flagsAt ? mask & 0xff : address === flagsAt + 1 ? mask >> 8 : 0xff;
      const is = this.#memory.ram.readU8(address);
      if (((is ^ byte) & bits) !== 0) wrong.push(`[${address.toString(16)}] ${is.toString(16)}, not ${byte.toString(16)}`);
    }
    return wrong;
  }

  /** Memory back to zero where the case wrote. */
  #clean(v: RealVector, touched: Map<number, number>, result: string[]): string[] {
    const zero = (address: number): void => this.#memory.ram.writeU8(address, 0);
    for (const address of touched.keys()) zero(address);
    for (const [address, text] of v.out.mem ?? []) for (let i = 0; i < text.length / 2; i++) zero(Number.parseInt(address, 16) + i);
    return result;
  }
}

/** Where PUSHF leaves its image, −1 for other instructions. */
function pushedFlags(v: RealVector): number {
  if (!v.id.startsWith('9C')) return -1;
  const sp = ((hexOf(v.in, 'sp') ?? 0) - 2) & 0xffff;
  return (((hexOf(v.in, 'ss') ?? 0) << 4) + sp) & 0xff_ffff;
}

/** Instructions whose operand on the stack is not written in their text. */
const STACK = new Set([
  0x07, 0x17, 0x1f, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x61, 0x8f, 0x9d, 0xc2, 0xc3, 0xc8, 0xc9, 0xca, 0xcb, 0xcf,
]);
const WORD_STRINGS = new Set([0x6d, 0x6f, 0xa5, 0xa7, 0xab, 0xad, 0xaf]);
const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0xf0, 0xf2, 0xf3]);

/** Instructions that take LOCK with a memory destination. [SDM 2A, "LOCK"] By opcode: all of them, or the values of ModRM.reg. */
const LOCKABLE = new Map<number, readonly number[] | 'all'>([
  ...[0x00, 0x01, 0x08, 0x09, 0x10, 0x11, 0x18, 0x19, 0x20, 0x21, 0x28, 0x29, 0x30, 0x31, 0x86, 0x87].map((op) => [op, 'all'] as const),
  ...[0x80, 0x81, 0x82, 0x83].map((op) => [op, [0, 1, 2, 3, 4, 5, 6]] as const),
  ...[0xf6, 0xf7].map((op) => [op, [2, 3]] as const),
  ...[0xfe, 0xff].map((op) => [op, [0, 1]] as const),
]);

function isLockable(opcode: number, modRm: number): boolean {
  const allowed = LOCKABLE.get(opcode);
  if (allowed === undefined || modRm >= 0xc0) return false;
  return allowed === 'all' || allowed.includes((modRm >> 3) & 7);
}

/**
 * Cases in which a later processor differs from an 80286: opcodes that it lacks, its limit of 10 bytes, and LOCK before an instruction
 * that does not take it, which the 80286 ignores and every processor since the 80386 answers with #UD.
 */
export function isLeftOut(v: RealVector): boolean {
  const bytes = fromHex(v.bytes);
  let at = 0;
  let lock = false;
  for (; PREFIXES.has(bytes[at] ?? 0); at++) lock ||= bytes[at] === 0xf0;
  const opcode = bytes[at] ?? 0;
  if (lock && !isLockable(opcode, bytes[at + 1] ?? 0)) return true;
  // An access beyond FFFF through SS is #SS since the 80386; the 80286 raises #GP. A word string instruction that faults has moved its
  // registers on the 80286; since then faults leave them alone. [SDM 3A §6.5]
  if (v.exc === 13 && (/\[(ss:)?bp|ss:/.test(v.asm) || STACK.has(opcode) || WORD_STRINGS.has(opcode))) return true;
  // FS and GS.
  if ((opcode === 0x8c || opcode === 0x8e) && ((bytes[at + 1] ?? 0) & 0x30) === 0x20) return true;
  if (opcode === 0x0f || (opcode >= 0x64 && opcode <= 0x67) || opcode === 0xf1) return true;
  return bytes.length - 1 > 10;
}
