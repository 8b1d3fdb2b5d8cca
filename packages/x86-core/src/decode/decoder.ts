/**
 * Bytes → Decoded: prefixes, opcode map cell, ModRM and SIB, immediates. [SDM 2A ch. 2; SDM 2D, Appendix A]
 */
import { ONE_BYTE } from '../isa/opcode-map.ts';
import { THREE_BYTE_38, TWO_BYTE } from '../isa/opcode-map-0f.ts';
import type { OperandCode } from '../isa/operand-codes.ts';
import type { Cell, Row } from '../isa/row.ts';
import type { BitWidth, SegmentName } from '../semantics/language.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import type { Decoded, DecodedOperand, DecodeMode, DecodeResult } from './decoded.ts';
import { type ModRm, memoryOperand, readModRm } from './modrm.ts';
import { type Prefixes, readPrefixes } from './prefixes.ts';

/** Number of the stack pointer. */
const SP = 4;
/** No instruction is longer. [SDM 2A §2.3.11] */
export const MAX_LENGTH = 15;

/** Thrown inside the decoder only: the bytes end before the instruction does. */
const MORE = Object.freeze({ more: true });
const UNDEFINED = Object.freeze({ undefinedOpcode: true });
const UNKNOWN = Object.freeze({ unknownOpcode: true });

/**
 * Decodes the instruction at the start of `bytes`, of which `available` may be looked at. Undefined: the instruction goes on behind them
 * (never for `available` ≥ 15: that is a #GP).
 */
export function decode(bytes: Uint8Array, available: number, mode: DecodeMode): DecodeResult | undefined {
  const reader = new Reader(bytes, Math.min(available, MAX_LENGTH));
  try {
    return decodeWith(reader, mode);
  } catch (error) {
    if (error === UNDEFINED || error === UNKNOWN) return { fault: 'ud', length: Math.max(1, reader.at), unknown: error === UNKNOWN };
    if (error !== MORE) throw error;
    return available >= MAX_LENGTH ? { fault: 'gp', length: MAX_LENGTH } : undefined;
  }
}

/** Little-endian reads within what is available. */
export class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #available: number;

  constructor(bytes: Uint8Array, available: number) {
    this.#bytes = bytes;
    this.#available = available;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get available(): number {
    return this.#available;
  }

  u8(): number {
    if (this.at >= this.#available) throw MORE;
    return this.#bytes[this.at++] ?? 0;
  }

  peek(): number {
    if (this.at >= this.#available) throw MORE;
    return this.#bytes[this.at] ?? 0;
  }

  /** Unsigned, of 1, 2, 4 or 8 bytes. */
  unsigned(size: number): bigint {
    let value = 0n;
    for (let i = 0; i < size; i++) value |= BigInt(this.u8()) << BigInt(8 * i);
    return value;
  }

  signed(size: number): bigint {
    return BigInt.asIntN(8 * size, this.unsigned(size));
  }
}

/** What choosing a row settles besides the row. */
interface Chosen {
  readonly row: Row;
  readonly operandSize: 16 | 32 | 64;
}

function decodeWith(reader: Reader, mode: DecodeMode): DecodeResult {
  const mode64 = mode.codeWidth === 64;
  const prefixes = readPrefixes(reader.bytes, reader.available, mode64);
  reader.at = prefixes.length;

  let map = ONE_BYTE;
  let opcode = reader.u8();
  let twoByte = false;
  if (opcode === 0x0f) {
    opcode = reader.u8();
    map = TWO_BYTE;
    twoByte = true;
    if (opcode === 0x38) {
      opcode = reader.u8();
      map = THREE_BYTE_38;
      twoByte = false;
    }
  }

  const addressWidth = mode64 ? (prefixes.addressSize ? 32 : 64) : (mode.codeWidth === 32) === prefixes.addressSize ? 16 : 32;
  let modRm: ModRm | undefined;
  // Control and debug register moves take ModRM as a register form whatever mod says. [SDM 2B, "MOV—Move to/from Control Registers"]
  const alwaysRegister = twoByte && opcode >= 0x20 && opcode <= 0x23;
  const needModRm = (): ModRm => (modRm ??= readModRm(reader, addressWidth, prefixes.rex, mode64, alwaysRegister));

  const chosen = choose(map[opcode], operandSizeOf(prefixes, mode), prefixes, mode, needModRm);
  if (chosen === undefined) throw UNKNOWN;
  const { row, operandSize } = chosen;
  const instruction = row[0];
  // ModRM (with its displacement) comes before any immediate.
  if (row.some((code, i) => i > 0 && usesModRm(code as OperandCode))) needModRm();

  const operands: DecodedOperand[] = [];
  for (let i = 1; i < row.length; i++) {
    const code = row[i] as OperandCode;
    if (code === 'Ap') operands.push(...farPointer(reader, operandSize));
    else operands.push(operandOf(code, { reader, operandSize, addressWidth, prefixes, mode64, opcode, modRm, alwaysRegister }));
  }

  if (instruction.options.popsIntoOperand === true)
    operands.forEach((o, i) => {
      if (o.kind === 'memory' && o.base === SP) operands[i] = { ...o, displacement: o.displacement + BigInt(operandSize / 8) };
    });
  const first = operands[0];
  if (prefixes.lock && !(instruction.options.lockable === true && first?.kind === 'memory')) throw UNDEFINED;
  // MOV to CS is undefined. [SDM 2B, "MOV"]
  if (row[1] === 'Sw' && first?.kind === 'number' && first.value === 1n) throw UNDEFINED;
  const width: BitWidth = first === undefined || instruction.options.sized === true ? operandSize : first.width;
  const decoded: Decoded = {
    instruction,
    row,
    operands,
    length: reader.at,
    width,
    addressWidth,
    stackWidth: mode.stackWidth,
    codeWidth: mode.codeWidth,
    repeatPrefix: instruction.options.repeats !== true || prefixes.repeat === 0 ? 'none' : prefixes.repeat === 0xf3 ? 'rep' : 'repne',
    lock: prefixes.lock,
    sourceSegment: prefixes.segment ?? 'DS',
  };
  return decoded;
}

function operandSizeOf(prefixes: Prefixes, mode: DecodeMode): 16 | 32 | 64 {
  if (mode.codeWidth === 64) return (prefixes.rex & 8) !== 0 ? 64 : prefixes.operandSize ? 16 : 32;
  return (mode.codeWidth === 32) === prefixes.operandSize ? 16 : 32;
}

/** Walks the choices of a cell down to a row. */
function choose(cell: Cell, operandSize: 16 | 32 | 64, prefixes: Prefixes, mode: DecodeMode, needModRm: () => ModRm): Chosen | undefined {
  const mode64 = mode.codeWidth === 64;
  for (let at: Cell = cell, size = operandSize; ; ) {
    if (at === undefined) return undefined;
    if (isRow(at)) return { row: at, operandSize: size };
    if ('reg' in at) at = at.reg[needModRm().regField];
    else if ('rm' in at) at = at.rm[needModRm().rmField];
    else if ('memory' in at) at = needModRm().memory === undefined ? at.register : at.memory;
    else if ('in64' in at) at = mode64 ? at.in64 : at.other;
    else if ('extended' in at) at = (prefixes.rex & 1) !== 0 ? at.extended : at.plain;
    else if ('default64' in at) {
      if (mode64) size = prefixes.operandSize && (prefixes.rex & 8) === 0 ? 16 : 64;
      at = at.default64;
    } else if ('force64' in at) {
      if (mode64) size = 64;
      at = at.force64;
    } else if ('size16' in at) at = size === 16 ? at.size16 : size === 32 ? at.size32 : at.size64;
    else at = prefixes.repeat === 0xf3 ? at.pF3 : prefixes.repeat === 0xf2 ? at.pF2 : prefixes.operandSize ? at.p66 : at.none;
  }
}

function isRow(cell: NonNullable<Cell>): cell is Row {
  return Array.isArray(cell);
}

function usesModRm(code: OperandCode): boolean {
  return /^[CDEGMNPQRSTUVW]/.test(code) && code !== 'DX' && code !== 'CL' && !isSegment(code);
}

const isSegment = (code: OperandCode): code is SegmentName => /^[C-G]S$|^SS$/.test(code);

function farPointer(reader: Reader, operandSize: 16 | 32 | 64): DecodedOperand[] {
  const offset = reader.unsigned(operandSize === 16 ? 2 : 4);
  return [
    { kind: 'immediate', width: operandSize, value: offset },
    { kind: 'immediate', width: 16, value: reader.unsigned(2) },
  ];
}

interface OperandContext {
  readonly reader: Reader;
  readonly operandSize: 16 | 32 | 64;
  readonly addressWidth: 16 | 32 | 64;
  readonly prefixes: Prefixes;
  readonly mode64: boolean;
  readonly opcode: number;
  readonly modRm: ModRm | undefined;
  readonly alwaysRegister: boolean;
}

function operandOf(code: OperandCode, c: OperandContext): DecodedOperand {
  const { reader, operandSize, prefixes, modRm, mode64 } = c;
  const rexR = (prefixes.rex & 4) << 1;
  const rexB = (prefixes.rex & 1) << 3;
  switch (code) {
    case '1':
      return { kind: 'immediate', width: 8, value: 1n };
    case '3':
      return { kind: 'immediate', width: 8, value: 3n };
    case 'AL':
      return general(0, 8, true);
    case 'CL':
      return general(1, 8, true);
    case 'AX':
      return general(0, 16, true);
    case 'DX':
      return general(2, 16, true);
    case 'rAX':
      return general(0, operandSize, true);
    case 'eAX':
      return general(0, operandSize === 16 ? 16 : 32, true);
    case 'Ib':
      return { kind: 'immediate', width: 8, value: reader.unsigned(1) };
    case 'Ibs':
      return { kind: 'immediate', width: operandSize, value: BigInt.asUintN(operandSize, reader.signed(1)) };
    case 'Iw':
      return { kind: 'immediate', width: 16, value: reader.unsigned(2) };
    case 'Iz':
      return { kind: 'immediate', width: operandSize, value: BigInt.asUintN(operandSize, reader.signed(operandSize === 16 ? 2 : 4)) };
    case 'Iv':
      return { kind: 'immediate', width: operandSize, value: reader.unsigned(operandSize / 8) };
    case 'Jb':
      return { kind: 'immediate', width: 64, value: BigInt.asUintN(64, reader.signed(1)) };
    case 'Jz':
      return { kind: 'immediate', width: 64, value: BigInt.asUintN(64, reader.signed(operandSize === 16 ? 2 : 4)) };
    case 'Ob':
    case 'Ov':
      return {
        kind: 'memory',
        width: code === 'Ob' ? 8 : operandSize,
        segment: prefixes.segment ?? 'DS',
        base: undefined,
        index: undefined,
        scale: 0,
        displacement: BigInt.asIntN(64, reader.unsigned(c.addressWidth / 8)),
      };
    default:
  }
  if (isSegment(code)) return { kind: 'number', width: 8, value: BigInt(SEGMENT_NUMBER[code]) };
  const width = widthOf(code.slice(1), operandSize);
  if (code.startsWith('Z')) return general((c.opcode & 7) | rexB, width, prefixes.rex !== 0);
  if (modRm === undefined) throw UNDEFINED;
  switch (code[0]) {
    case 'G':
      return general(modRm.regField | rexR, width, prefixes.rex !== 0);
    case 'E':
      return modRm.memory === undefined
        ? general(modRm.rmField | rexB, width, prefixes.rex !== 0)
        : memoryOperand(modRm, width, prefixes.segment);
    case 'R':
      if (modRm.memory !== undefined) throw UNDEFINED;
      return general(modRm.rmField | rexB, c.alwaysRegister ? (mode64 ? 64 : 32) : width, true);
    case 'M':
      if (modRm.memory === undefined) throw UNDEFINED;
      return memoryOperand(modRm, width, prefixes.segment);
    case 'S':
      if (modRm.regField >= 6) throw UNDEFINED;
      return { kind: 'number', width: 8, value: BigInt(modRm.regField) };
    case 'C':
    case 'D':
      return { kind: 'number', width: 8, value: BigInt(modRm.regField | rexR) };
    case 'T':
      return { kind: 'number', width: 8, value: BigInt(modRm.rmField) };
    case 'P':
      return mmx(modRm.regField, width);
    case 'Q':
      return modRm.memory === undefined ? mmx(modRm.rmField, width) : memoryOperand(modRm, width, prefixes.segment);
    case 'N':
      if (modRm.memory !== undefined) throw UNDEFINED;
      return mmx(modRm.rmField, width);
    case 'V':
      return xmm(modRm.regField | rexR, width);
    case 'W':
      return modRm.memory === undefined ? xmm(modRm.rmField | rexB, width) : memoryOperand(modRm, width, prefixes.segment);
    default: // 'U'
      if (modRm.memory !== undefined) throw UNDEFINED;
      return xmm(modRm.rmField | rexB, width);
  }
}

const WIDTHS: Readonly<Record<string, BitWidth>> = { b: 8, w: 16, d: 32, q: 64, dq: 128 };

function widthOf(type: string, operandSize: 16 | 32 | 64): BitWidth {
  const fixed = WIDTHS[type];
  if (fixed !== undefined) return fixed;
  if (type === 'y') return operandSize === 64 ? 64 : 32;
  if (type === 'z') return operandSize === 16 ? 16 : 32;
  return operandSize;
}

/** `uniform`: a REX prefix (or the encoding) makes 4–7 mean SPL … DIL, not AH … BH. */
function general(number: number, width: BitWidth, uniform: boolean): DecodedOperand {
  const high = width === 8 && !uniform && number >= 4;
  return {
    kind: 'register',
    width,
    field: 'gpr',
    index: high ? number - 4 : number,
    displacement: high ? 1 : 0,
    zeroExtends: width === 32,
  };
}

const mmx = (number: number, width: BitWidth): DecodedOperand => ({
  kind: 'register',
  width,
  field: 'fpr',
  index: number,
  displacement: 0,
  zeroExtends: false,
});
const xmm = (number: number, width: BitWidth): DecodedOperand => ({
  kind: 'register',
  width,
  field: 'xmm',
  index: number,
  displacement: 0,
  zeroExtends: false,
});
