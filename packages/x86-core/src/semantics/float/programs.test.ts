/**
 * Loops of x87 and SSE instructions, on registers and memory with numbers of every class, under any control words: the interpreter and
 * translated code must end where the reference engine does, flags, tags, pointers and exceptions included.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODE, DATA, TestingCpu } from '../../testing-cpu.ts';
import { differences } from '../../testing-differences.ts';

const HLT = 0xf4;
const ROUNDS = 4;
/** Distance between operands in memory. */
const STEP = 16;
const OPERANDS = 12;

const dword = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff];
/** ModRM with SIB for an absolute address, which 32-bit and 64-bit code have alike. */
const absolute = (reg: number, operand: number): number[] => [(reg << 3) | 4, 0x25, ...dword(DATA + STEP * operand)];
const operand = fc.nat(OPERANDS - 1);
const st = fc.nat(7);

/** Opcode, and the reg field or the first ModRM byte. */
type Row = readonly [opcode: number, second: number];
const rows = (opcodes: readonly number[], seconds: readonly number[]): Row[] =>
  opcodes.flatMap((opcode) => seconds.map((second): Row => [opcode, second]));

/** With a memory operand: arithmetic, comparisons, loads and stores of all widths. */
const WITH_MEMORY: readonly Row[] = rows([0xd8, 0xda, 0xdc, 0xde], [0, 1, 2, 3, 4, 5, 6, 7]);
const MOVES: readonly Row[] = [...rows([0xd9, 0xdb, 0xdd, 0xdf], [0, 2, 3]), ...rows([0xdb, 0xdf], [5, 7])];
/** With ST(i). */
const WITH_REGISTER: readonly Row[] = [
  ...rows([0xd8, 0xdc, 0xde], [0xc0, 0xc8, 0xe0, 0xe8, 0xf0, 0xf8]),
  ...rows([0xd8], [0xd0, 0xd8]),
  ...rows([0xd9], [0xc0, 0xc8]),
  ...rows([0xdd], [0xc0, 0xd0, 0xd8, 0xe0, 0xe8]),
  ...rows([0xda, 0xdb], [0xc0, 0xc8, 0xd0, 0xd8]),
  ...rows([0xdb, 0xdf], [0xe8, 0xf0]),
];
/** FCHS, FABS, FTST, FXAM, constants, FSQRT, FRNDINT, FDECSTP, FINCSTP, FCOMPP, FNSTSW AX, FNCLEX, FNINIT. */
const ALONE = [
  ...[0xe0, 0xe1, 0xe4, 0xe5, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xfa, 0xfc, 0xf6, 0xf7].map((modRm) => [0xd9, modRm]),
  ...[
    [0xde, 0xd9],
    [0xdf, 0xe0],
    [0xdb, 0xe2],
    [0xdb, 0xe3],
  ],
];

const x87 = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...WITH_REGISTER), st).map(([[opcode, modRm], i]) => [opcode, modRm | i]) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...WITH_MEMORY), operand).map(([[opcode, reg], at]) => [opcode, ...absolute(reg, at)]) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...MOVES), operand).map(([[opcode, reg], at]) => [opcode, ...absolute(reg, at)]) },
  { weight: 1, arbitrary: fc.constantFrom(...ALONE) },
);

/** Arithmetic, order, conversions; a predicate follows C2. */
const SSE_OPCODES = [0x51, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x2a, 0x2c, 0x2d, 0x2e, 0x2f, 0xc2, 0xe6];
const sse = fc
  .tuple(fc.constantFrom([], [0x66], [0xf2], [0xf3]), fc.constantFrom(...SSE_OPCODES), st, st, fc.nat(7), operand, fc.boolean())
  .map(([prefix, opcode, reg, rm, predicate, at, inMemory]) => {
    // General registers: not the stack pointer, nor the counter of the loop.
    const to = (opcode === 0x2c || opcode === 0x2d) && (reg === 4 || reg === 1) ? 0 : reg;
    const modRm = inMemory ? absolute(to, at) : [0xc0 | (to << 3) | rm];
    return [...prefix, 0x0f, opcode, ...modRm, ...(opcode === 0xc2 ? [predicate] : [])];
  });

const bits = (width: number, places: number, bias: number): fc.Arbitrary<bigint> =>
  fc
    .record({
      fraction: fc.oneof(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: (1n << BigInt(places)) - 1n })),
      exponent: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: bias - 3, max: bias + 30 }) },
        { weight: 1, arbitrary: fc.constantFrom(0, 1, 2 * bias, 2 * bias + 1) },
      ),
      negative: fc.boolean(),
    })
    .map(({ fraction, exponent, negative }) => fraction | (BigInt(exponent) << BigInt(places)) | (negative ? 1n << BigInt(width - 1) : 0n));
const memory = fc.array(
  fc.oneof(
    fc.tuple(bits(64, 52, 1023), bits(64, 52, 1023)).map(([a, b]) => a | (b << 64n)),
    fc.tuple(bits(32, 23, 127), bits(32, 23, 127), bits(32, 23, 127)).map(([a, b, c]) => a | (b << 32n) | (c << 64n)),
    fc.tuple(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), bits(16, 0, 16383)).map(([s, top]) => s | (1n << 63n) | (top << 64n)),
    fc.bigInt({ min: -1000n, max: 1000n }).map((n) => BigInt.asUintN(64, n)),
  ),
  { minLength: OPERANDS, maxLength: OPERANDS },
);

const program = fc.record({
  body: fc.array(fc.oneof({ weight: 3, arbitrary: x87 }, { weight: 2, arbitrary: sse }), { minLength: 1, maxLength: 24 }),
  memory,
  units: fc.array(bits(64, 52, 1023), { minLength: 16, maxLength: 16 }),
  empties: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xff) }),
  control: fc.oneof(
    fc.constant(0x37f),
    fc.nat(15).map((n) => 0x7f | (n << 8)),
    fc.nat(0xfff),
  ),
  mxcsr: fc.oneof(fc.constantFrom(0x1f80, 0x1fa0), fc.nat(0xffff)),
});

describe('[SDM 1 ch. 8, 11] Programs of floating point', () => {
  it.each([
    ['interpreter', 'protected32'],
    ['interpreter', 'long'],
    ['translator', 'protected32'],
    ['translator', 'long'],
  ] as const)('do on the %s in mode %s what they do on the reference engine', (engine, mode) => {
    const other = engine === 'translator' ? { hotAfter: 0, codeBytes: 2 ** 21 } : {};
    const machines = [new TestingCpu(mode, 'reference'), new TestingCpu(mode, engine, other)] as const;
    const [reference, tested] = machines;
    const property = fc.property(program, (p) => {
      const body = p.body.flat();
      // mov ecx, ROUNDS; next: …; dec ecx; jnz next; hlt
      const code = [0xb9, ...dword(ROUNDS), ...body, 0xff, 0xc9, 0x0f, 0x85, ...dword(-(body.length + 8)), HLT];
      for (const machine of machines) {
        machine.reset();
        machine.setUnits(p.units, p.control, p.mxcsr);
        machine.cpu.registers.setField('ftags', BigInt(0xff & ~p.empties));
        p.memory.forEach((value, i) => {
          machine.memory.ram.writeU64(DATA + STEP * i, BigInt.asUintN(64, value));
          machine.memory.ram.writeU64(DATA + STEP * i + 8, value >> 64n);
        });
        machine.load(code, CODE);
      }
      // Slices end at the same places.
      for (let call = 0; call < 8; call++) {
        const budget = call < 3 ? 1 + ((body.length * (call + 1)) % 7) : 60;
        const kinds = machines.map((machine) => machine.cpu.run(budget).kind);
        const wrong = differences(reference, tested, `call ${call}`);
        if (kinds[0] !== kinds[1]) wrong.unshift(`call ${call}: stops with ${kinds[1]}, not ${kinds[0]}`);
        if (wrong.length > 0)
          expect.fail(`${wrong.slice(0, 12).join('\n')}\n${body.map((b) => b.toString(16).padStart(2, '0')).join(' ')}`);
        if (kinds[0] !== 'budget') break;
      }
    });
    fc.assert(property, { numRuns: 150 });
  });
});
