import { describe, expect, it } from 'vitest';
import { effectsOf, type OperandShape } from '../engines/effects.ts';
import type { BitWidth } from '../semantics/language.ts';
import { ONE_BYTE } from './opcode-map.ts';
import { INTEGER, THREE_BYTE_38, TWO_BYTE } from './opcode-map-0f.ts';
import type { Cell, OpcodeMap, Row } from './row.ts';

interface Found {
  readonly at: string;
  readonly row: Row;
}

const isRow = (cell: NonNullable<Cell>): cell is Row => Array.isArray(cell);

/** Every row under a cell, with its place in the map. */
function* rowsOf(cell: Cell, at: string): Generator<Found> {
  if (cell === undefined) return;
  if (isRow(cell)) {
    yield { at, row: cell };
    return;
  }
  for (const [choice, inner] of Object.entries(cell) as [string, Cell | readonly Cell[]][]) {
    if (choice === 'reg' || choice === 'rm') {
      for (const [i, each] of (inner as readonly Cell[]).entries()) yield* rowsOf(each, `${at} ${choice}=${i}`);
    } else yield* rowsOf(inner as Cell, `${at} ${choice}`);
  }
}

function* tablesOf(cell: Cell, at: string): Generator<{ at: string; entries: readonly Cell[] }> {
  if (cell === undefined || isRow(cell)) return;
  for (const [choice, inner] of Object.entries(cell) as [string, Cell | readonly Cell[]][]) {
    if (choice === 'reg' || choice === 'rm') {
      yield { at, entries: inner as readonly Cell[] };
      for (const each of inner as readonly Cell[]) yield* tablesOf(each, `${at} ${choice}`);
    } else yield* tablesOf(inner as Cell, `${at} ${choice}`);
  }
}

const hex = (opcode: string): string => Number(opcode).toString(16).padStart(2, '0');
const MAPS: readonly (readonly [string, OpcodeMap])[] = [
  ['', ONE_BYTE],
  ['0F ', TWO_BYTE],
  ['0F 38 ', THREE_BYTE_38],
];
const CELLS = MAPS.flatMap(([prefix, map]) => Object.entries(map).map(([opcode, cell]) => [prefix + hex(opcode), cell] as const));
const ROWS = CELLS.flatMap(([at, cell]) => [...rowsOf(cell, at)]);

/** Operands that the codes of a row make: Ap is an offset and a selector. */
const operandCount = (row: Row): number => row.slice(1).reduce((sum: number, code) => sum + (code === 'Ap' ? 2 : 1), 0);

/** Parameters of the body behind the language. */
const operandsTaken = (row: Row): number => Math.max(0, row[0].body.length - 1);

describe('[SDM 2D, Appendix A] Opcode maps', () => {
  it('every row names as many operands as its body takes', () => {
    const wrong = ROWS.filter(({ row }) => {
      const taken = operandsTaken(row);
      // A body that looks at no operand (NOP, UD1) leaves them out.
      return taken > operandCount(row) || (taken < operandCount(row) && taken !== 0);
    });
    expect(wrong.map(({ at, row }) => `${at}: ${row[0].mnemonic} takes ${operandsTaken(row)}, has ${row.slice(1).join(' ')}`)).toEqual([]);
  });

  it('every table chosen by ModRM.reg or ModRM.rm has eight entries', () => {
    const wrong = CELLS.flatMap(([at, cell]) => [...tablesOf(cell, at)]).filter(({ entries }) => entries.length !== 8);
    expect(wrong.map(({ at }) => at)).toEqual([]);
  });

  it('only an instruction whose first operand may be memory takes LOCK', () => {
    const codes = new Set(ROWS.filter(({ row }) => row[0].options.lockable === true).map(({ row }) => String(row[1])));
    for (const code of codes) expect(code).toMatch(/^(E|M|G|Z|AL|rAX)/);
  });
});

describe('[SDM 2D, Table A-2] One-byte opcode map', () => {
  it('considers all 256 cells', () => {
    expect(Object.keys(ONE_BYTE).map(Number)).toEqual(Array.from({ length: 256 }, (_, opcode) => opcode));
  });

  it('leaves only prefixes and the escape 0F undefined', () => {
    const prefixes = [0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
    const undefinedCells = Object.keys(ONE_BYTE)
      .map(Number)
      .filter((opcode) => ONE_BYTE[opcode] === undefined);
    expect(undefinedCells).toEqual(prefixes);
  });
});

describe('[SDM 2D, Table A-3] Two-byte opcode map', () => {
  /** Empty in the table, or of processors that have more: virtual machines, SMM, 3DNow!, the escapes of three-byte opcodes. */
  const ABSENT = [
    0x04, 0x0a, 0x0c, 0x0e, 0x0f, 0x24, 0x25, 0x26, 0x27, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x78, 0x79, 0x7a,
    0x7b, 0x7c, 0x7d, 0xa6, 0xa7, 0xaa, 0xd0, 0xf0,
  ];

  it('defines every cell that this processor has', () => {
    const undefinedCells = Array.from({ length: 256 }, (_, opcode) => opcode).filter((opcode) => TWO_BYTE[opcode] === undefined);
    expect(undefinedCells).toEqual(ABSENT);
  });

  it('has each cell in one file only, but for group 15', () => {
    const both = Object.keys(INTEGER).filter((opcode) => INTEGER[Number(opcode)] !== TWO_BYTE[Number(opcode)]);
    expect(both.map(Number).filter((opcode) => opcode !== 0xae)).toEqual([]);
  });
});

describe('Bodies of the rows', () => {
  const SIZES = [
    { operand: 16, address: 16, stack: 16, code: 16 },
    { operand: 32, address: 32, stack: 32, code: 32 },
    { operand: 64, address: 64, stack: 64, code: 64 },
  ] as const;
  const WIDTHS: Readonly<Record<string, BitWidth>> = { b: 8, w: 16, d: 32, q: 64, dq: 128, L: 8, X: 16 };
  const isWritable = (code: string): boolean => !/^(I|J|1|3|S|C[^L]|D[^X]|T)/.test(code);

  function shapesOf(row: Row, size: (typeof SIZES)[number]): OperandShape[] {
    return row.slice(1).flatMap((code): OperandShape[] => {
      const text = String(code);
      if (text === 'Ap')
        return [
          { width: size.operand, isMemory: false },
          { width: 16, isMemory: false },
        ];
      if (text.startsWith('J')) return [{ width: 64, isMemory: false }];
      return [{ width: WIDTHS[text.slice(1)] ?? (/^[13SCDT]/.test(text) ? 8 : size.operand), isMemory: /^[MO]/.test(text) }];
    });
  }

  it.each(SIZES)('run at operand size $operand, and write no immediate', (size) => {
    for (const { at, row } of ROWS) {
      const shapes = shapesOf(row, size);
      const [instruction] = row;
      const width = instruction.options.sized === true ? size.operand : (shapes[0]?.width ?? size.operand);
      for (const repeatPrefix of ['none', 'rep', 'repne'] as const) {
        const statics = { width, addressWidth: size.address, stackWidth: size.stack, codeWidth: size.code, repeatPrefix };
        const { writes } = effectsOf(instruction.body, statics, shapes);
        const wrong = writes.filter((written, i) => written && !isWritable(String(row[i + 1] ?? 'Ap')));
        expect(wrong, `${at} ${instruction.mnemonic}`).toEqual([]);
      }
    }
  });
});
