/**
 * Random programs for tests that hold engines against each other: instructions of every cell of the opcode maps with random
 * prefixes and operands, steered so that most addresses point to code, data or the stack of `TestingCpu`.
 */
import fc from 'fast-check';
import { ONE_BYTE } from './isa/opcode-map.ts';
import { TWO_BYTE } from './isa/opcode-map-0f.ts';
import type { OpcodeMap } from './isa/row.ts';
import { ALIAS_PAGE, CODE, DATA, DEVICE_PAGE, INTR_PORT, READ_ONLY_PAGE, type TestingMode } from './testing-cpu.ts';

/** Bytes before ModRM of every defined cell. */
const defined = (map: OpcodeMap): number[] =>
  Object.keys(map)
    .map(Number)
    .filter((opcode) => map[opcode] !== undefined);
const OPCODES: readonly (readonly number[])[] = [
  ...defined(ONE_BYTE).map((opcode) => [opcode]),
  ...defined(TWO_BYTE).map((opcode) => [0x0f, opcode]),
];

const isBits16 = (mode: TestingMode): boolean => mode === 'real' || mode === 'protected16';
const little = (value: number, bytes: number): number[] => Array.from({ length: bytes }, (_, i) => (value >> (8 * i)) & 0xff);

/** Registers that hold addresses at the start: BX, BP, SI, DI. */
const POINTERS = [3, 5, 6, 7] as const;

/** ModRM, SIB, displacement and immediate bytes: mostly small displacements from a pointer. */
const operandBytes: fc.Arbitrary<number[]> = fc
  .record({
    steered: fc.integer({ min: 0, max: 9 }),
    mod: fc.constantFrom(0, 1, 2, 3, 3),
    reg: fc.nat(7),
    rm: fc.constantFrom(...POINTERS),
    random: fc.nat(255),
    sib: fc.nat(255),
    displacement: fc.nat(0x3ff),
    negative: fc.boolean(),
    immediate: fc.nat(0xffff_ffff),
  })
  .map((o) => {
    const modRm = o.steered === 0 ? o.random : (o.mod << 6) | (o.reg << 3) | o.rm;
    const fill = o.negative && o.mod === 2 ? 0xff : 0;
    const sib = (modRm & 7) === 4 && modRm < 0xc0 ? [o.sib] : [];
    return [modRm, ...sib, o.displacement & 0xff, o.displacement >> 8, fill, fill, ...little(o.immediate, 4), 0, 0];
  });

const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3] as const;
const prefixes = (mode: TestingMode): fc.Arbitrary<number[]> =>
  fc
    .tuple(
      fc.oneof(
        { weight: 5, arbitrary: fc.constant<number[]>([]) },
        { weight: 2, arbitrary: fc.array(fc.constantFrom(...PREFIXES), { maxLength: 3 }) },
      ),
      fc.integer({ min: 0x38, max: 0x4f }),
    )
    .map(([legacy, rex]) => (mode === 'long' && rex >= 0x40 ? [...legacy, rex] : legacy));

/** Any instruction; its length is for the decoder to say. */
const anyInstruction = (mode: TestingMode): fc.Arbitrary<number[]> =>
  fc.tuple(prefixes(mode), fc.constantFrom(...OPCODES), operandBytes).map((parts) => parts.flat());

const ADDRESSES = [DATA, DATA + 0xffe, READ_ONLY_PAGE + 8, DEVICE_PAGE, ALIAS_PAGE, CODE + 0x20, 0x5f80] as const;

/** A register gets an address. */
const loadPointer = (mode: TestingMode): fc.Arbitrary<number[]> =>
  fc
    .tuple(fc.constantFrom(...POINTERS), fc.constantFrom(...ADDRESSES), fc.nat(32))
    .map(([register, base, offset]) => [0xb8 + register, ...little(base + offset, isBits16(mode) ? 2 : 4)]);

/** A jump, a loop or a call over a few bytes. */
const nearJump: fc.Arbitrary<number[]> = fc
  .tuple(
    fc.constantFrom(0xeb, 0xe0, 0xe1, 0xe2, 0xe3, ...Array.from({ length: 16 }, (_, i) => 0x70 + i)),
    fc.integer({ min: -24, max: 24 }),
  )
  .map(([opcode, distance]) => [opcode, distance & 0xff]);
const nearCall = (mode: TestingMode): fc.Arbitrary<number[]> =>
  fc.integer({ min: -24, max: 24 }).map((distance) => [0xe8, ...little(distance, isBits16(mode) ? 2 : 4)]);

/** A byte of the program is overwritten, at its own address or through another page. */
const storeIntoCode = (mode: TestingMode, start: number): fc.Arbitrary<number[]> =>
  fc
    .record({
      offset: fc.nat(80),
      value: fc.constantFrom(0x90, 0x40, 0x48, 0xf4, 0x04, 0xfa, 0x66, 0xeb, 0x0f, 0xc3),
      alias: fc.boolean(),
    })
    .map(({ offset, value, alias }) => {
      const at = start + offset;
      const address = alias && at >= CODE + 0x1000 && !isBits16(mode) && mode !== 'segmented' ? at - CODE - 0x1000 + ALIAS_PAGE : at;
      if (mode === 'long') return [0xc6, 0x04, 0x25, ...little(address, 4), value];
      return isBits16(mode) ? [0xc6, 0x06, ...little(address, 2), value] : [0xc6, 0x05, ...little(address, 4), value];
    });

/** A few elements of a string; rCX is small. */
const repeated = (mode: TestingMode): fc.Arbitrary<number[]> =>
  fc
    .tuple(
      fc.nat(20),
      fc.constantFrom(0xf2, 0xf3),
      fc.constantFrom(0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0x6c, 0x6e, 0x6f),
    )
    .map(([count, prefix, opcode]) => [0xb9, ...little(count, isBits16(mode) ? 2 : 4), prefix, opcode]);

/** OUT to a port that raises INTR or NMI, or ends the slice; STI, CLI, POPF around it. */
const interrupting: fc.Arbitrary<number[]> = fc.oneof(
  fc.nat(2).map((n) => [0xe6, INTR_PORT + n]),
  fc.constantFrom<number[]>([0xfb], [0xfa], [0x9c, 0x9d], [0x16, 0x17], [0x8e, 0xd0]),
);

export interface Program {
  /** Linear address of its first byte. */
  readonly start: number;
  readonly bytes: readonly number[];
  /** Where each of its instructions starts in `bytes`. */
  readonly offsets: readonly number[];
  /** General registers but rSP. */
  readonly registers: readonly bigint[];
  /** Bits for the x87 and XMM registers. */
  readonly units: readonly bigint[];
  readonly flags: number;
  /** What is left to each call of `run`. */
  readonly budgets: readonly number[];
}

/** @param cut gives the bytes that belong to the first instruction */
export function programs(mode: TestingMode, cut: (bytes: readonly number[]) => readonly number[]): fc.Arbitrary<Program> {
  // In the middle of a page, and so that the program crosses into the next one.
  return fc.constantFrom(CODE, CODE + 0xff0, CODE + 0xff9, CODE + 0xfe3, CODE + 0x1000).chain((start) =>
    fc
      .record({
        instructions: fc.array(
          fc.oneof(
            { weight: 12, arbitrary: anyInstruction(mode) },
            { weight: 2, arbitrary: loadPointer(mode) },
            { weight: 2, arbitrary: nearJump },
            { weight: 1, arbitrary: nearCall(mode) },
            { weight: 1, arbitrary: storeIntoCode(mode, start) },
            { weight: 1, arbitrary: repeated(mode) },
            { weight: 1, arbitrary: interrupting },
          ),
          { minLength: 1, maxLength: 24 },
        ),
        pointers: fc.array(fc.constantFrom(...ADDRESSES), { minLength: 4, maxLength: 4 }),
        values: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 16, maxLength: 16 }),
        count: fc.nat(40),
        flags: fc
          .tuple(fc.nat(0xfff), fc.nat(15))
          .map(([low, rare]) => (low & ~0x100) | (rare === 0 ? 0x100 : 0) | (rare < 4 ? 0x3000 : 0)),
        budgets: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
      })
      .map(({ instructions, pointers, values, count, flags, budgets }) => {
        const registers = values.map((value, i) => {
          const pointer = POINTERS.indexOf(i as 3);
          return pointer >= 0 ? BigInt(pointers[pointer] as number) + (value & 0xfn) : mode === 'long' ? value : value & 0xffff_ffffn;
        });
        registers[1] = BigInt(count);
        const parts = instructions.map((bytes) => cut(bytes));
        const offsets = parts.map((_, n) => parts.slice(0, n).reduce((sum, part) => sum + part.length, 0));
        return { start, bytes: parts.flat(), offsets, registers, units: values, flags, budgets };
      }),
  );
}
