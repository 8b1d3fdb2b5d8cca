/**
 * 8-bit arithmetic and logic, all of it: every operation on every pair of bytes, with CF clear and set, against formulas that know nothing of
 * the semantics. The interpreter runs all pairs in loops of guest code; the reference a sample.
 */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, TestingCpu } from '../testing-cpu.ts';

const CF = 1;
const PF = 4;
const AF = 0x10;
const ZF = 0x40;
const SF = 0x80;
const OF = 0x800;
const STATUS = CF | PF | AF | ZF | SF | OF;

interface Outcome {
  /** What the destination holds afterwards. */
  readonly result: number;
  readonly flags: number;
}

/** [SDM 1 §3.4.3.1] PF, ZF and SF of a byte. */
function ofResult(result: number): number {
  let ones = 0;
  for (let bit = 0; bit < 8; bit++) ones += (result >> bit) & 1;
  return (ones % 2 === 0 ? PF : 0) | (result === 0 ? ZF : 0) | (result >= 0x80 ? SF : 0);
}

const signed = (byte: number): number => (byte < 0x80 ? byte : byte - 0x100);

function sum(a: number, b: number, carry: number): Outcome {
  const result = (a + b + carry) % 256;
  const exact = signed(a) + signed(b) + carry;
  const flags = (a + b + carry > 255 ? CF : 0) | ((a % 16) + (b % 16) + carry > 15 ? AF : 0) | (exact > 127 || exact < -128 ? OF : 0);
  return { result, flags: flags | ofResult(result) };
}

function difference(a: number, b: number, borrow: number): Outcome {
  const result = (a - b - borrow + 512) % 256;
  const exact = signed(a) - signed(b) - borrow;
  const flags = (a < b + borrow ? CF : 0) | (a % 16 < (b % 16) + borrow ? AF : 0) | (exact > 127 || exact < -128 ? OF : 0);
  return { result, flags: flags | ofResult(result) };
}

const logic = (result: number): Outcome => ({ result, flags: ofResult(result) });
const keepingCarry = (outcome: Outcome, carry: number): Outcome => ({ ...outcome, flags: (outcome.flags & ~CF) | carry });

/** ModRM C8: AL, CL. */
const AL_CL = 0xc8;

interface Operation {
  readonly name: string;
  readonly code: readonly number[];
  readonly expected: (a: number, b: number, carry: number) => Outcome;
  /** AF is undefined. */
  readonly ignored?: number;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'ADD', code: [0x00, AL_CL], expected: (a, b) => sum(a, b, 0) },
  { name: 'OR', code: [0x08, AL_CL], expected: (a, b) => logic(a | b), ignored: AF },
  { name: 'ADC', code: [0x10, AL_CL], expected: sum },
  { name: 'SBB', code: [0x18, AL_CL], expected: difference },
  { name: 'AND', code: [0x20, AL_CL], expected: (a, b) => logic(a & b), ignored: AF },
  { name: 'SUB', code: [0x28, AL_CL], expected: (a, b) => difference(a, b, 0) },
  { name: 'XOR', code: [0x30, AL_CL], expected: (a, b) => logic(a ^ b), ignored: AF },
  { name: 'CMP', code: [0x38, AL_CL], expected: (a, b) => ({ result: a, flags: difference(a, b, 0).flags }) },
  { name: 'TEST', code: [0x84, AL_CL], expected: (a, b) => ({ result: a, flags: logic(a & b).flags }), ignored: AF },
  { name: 'INC', code: [0xfe, 0xc0], expected: (a, _b, carry) => keepingCarry(sum(a, 1, 0), carry) },
  { name: 'DEC', code: [0xfe, 0xc8], expected: (a, _b, carry) => keepingCarry(difference(a, 1, 0), carry) },
  { name: 'NEG', code: [0xf6, 0xd8], expected: (a) => difference(0, a, 0) },
];

/**
 * For one value of AL, all 256 of CL: result and low byte of the flags to [RDI], OF behind them.
 *   next: mov al, bl; clc or stc; OPERATION; mov [rdi], al; pushfq; pop rdx; mov [rdi+1], dx; add rdi, 4; inc cl; jnz next; hlt
 */
const loop = (operation: Operation, carry: number): number[] => {
  const body = [0x88, 0xd8, carry === 0 ? 0xf8 : 0xf9, ...operation.code, 0x88, 0x07, 0x9c, 0x5a, 0x66, 0x89, 0x57, 0x01];
  const tail = [0x48, 0x83, 0xc7, 0x04, 0xfe, 0xc1];
  return [...body, ...tail, 0x75, -(body.length + tail.length + 2) & 0xff, 0xf4];
};

function wrongOutcomes(machine: TestingCpu, operation: Operation, values: readonly number[]): string[] {
  const wrong: string[] = [];
  const { cpu, memory } = machine;
  const compared = STATUS & ~(operation.ignored ?? 0);
  const out = new Uint8Array(1024);
  for (const carry of [0, 1]) {
    machine.reset();
    machine.load(loop(operation, carry));
    for (const a of values) {
      const r = cpu.registers;
      r.setField('halted', 0n);
      r.rip = BigInt(CODE);
      r.rbx = BigInt(a);
      r.rcx = 0n;
      r.rdi = BigInt(DATA);
      if (cpu.run(10_000).kind !== 'halt') return [`${operation.name}: no end`];
      memory.ram.read(DATA, out);
      for (let b = 0; b < 256; b++) {
        const { result, flags } = operation.expected(a, b, carry);
        const is = (out[4 * b + 1] as number) | ((out[4 * b + 2] as number) << 8);
        if (out[4 * b] !== result || ((is ^ flags) & compared) !== 0)
          wrong.push(
            `${operation.name} ${a}, ${b}, CF ${carry}: ${out[4 * b]} and flags ${is.toString(16)}, not ${result} and ${flags.toString(16)}`,
          );
      }
    }
  }
  return wrong.slice(0, 5);
}

describe('[SDM 2A, 2B] 8-bit arithmetic and logic, on all operands', () => {
  const interpreter = new TestingCpu('long', 'interpreter');
  const reference = new TestingCpu('long', 'reference');
  const all = Array.from({ length: 256 }, (_, a) => a);
  it.each(OPERATIONS)('$name', (operation) => {
    expect(wrongOutcomes(interpreter, operation, all)).toEqual([]);
    expect(wrongOutcomes(reference, operation, [0, 0x7f, 0x80])).toEqual([]);
  });
});
