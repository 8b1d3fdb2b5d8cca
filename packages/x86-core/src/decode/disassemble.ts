/**
 * Decoded → text, in Intel's syntax: what the decoder understood, so that a wrong row shows. Everything is taken from the decoded instruction,
 * its row in the opcode map and the names that the semantics give; there is no table of instructions here.
 *
 *   mov eax, dword ptr [rbp-0x8]     lock cmpxchg dword ptr [rdi], ecx     rep movsd     jnz 0x401020     fadd st, st(3)
 *
 * A segment, an address size or an operand size that differs from the usual and that no operand shows stands in front: `fs lodsb`,
 * `addr32 loop 0x10`, `data16 ret`. Prefixes that say nothing are left out.
 */
import type { OperandCode } from '../isa/operand-codes.ts';
import type { BitWidth } from '../semantics/language.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import type { Decoded, DecodedOperand } from './decoded.ts';

type MemoryOperand = Extract<DecodedOperand, { readonly kind: 'memory' }>;
type RegisterOperand = Extract<DecodedOperand, { readonly kind: 'register' }>;

const SP = 4;
const BP = 5;
const WORDS = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const BYTES = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'];
const HIGH_BYTES = ['ah', 'ch', 'dh', 'bh'];
/** What stands behind r8 … r15. */
const SUFFIX: Readonly<Record<BitWidth, string>> = { 8: 'b', 16: 'w', 32: 'd', 64: '', 128: '' };
const SEGMENTS = Object.keys(SEGMENT_NUMBER).map((name) => name.toLowerCase());
const SIZES: Readonly<Record<BitWidth, string>> = {
  8: 'byte ptr ',
  16: 'word ptr ',
  32: 'dword ptr ',
  64: 'qword ptr ',
  128: 'xmmword ptr ',
};
/** Far pointers: a selector and an offset of 16, 32 or 64 bits. */
const FAR_SIZES: Readonly<Record<number, string>> = { 16: 'dword ptr ', 32: 'fword ptr ', 64: 'tbyte ptr ' };

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/**
 * @param address Of the instruction: the instruction pointer, or any other address that branches are to be counted from. Targets of relative
 * branches and addresses relative to RIP are given as they come from there.
 */
export function disassemble(decoded: Decoded, address: bigint): string {
  const next = address + BigInt(decoded.length);
  const operands = operandTexts(decoded, next);
  const comment = ripRelative(decoded, next);
  return `${[...prefixes(decoded), mnemonicOf(decoded)].join(' ')}${operands.length === 0 ? '' : ` ${operands.join(', ')}`}${comment}`;
}

/** Bytes that are no instruction, as a directive to an assembler: `db 0x0f, 0x0b`. */
export function dataText(bytes: Uint8Array): string {
  return `db ${Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(', ')}`;
}

function mnemonicOf({ instruction, width, addressWidth, row }: Decoded): string {
  const { mnemonics, mnemonicsByAddress } = instruction.options;
  const bySize = mnemonics?.[width as 16 | 32 | 64] ?? mnemonicsByAddress?.[addressWidth];
  // With this source it has a name of its own. [SDM 2B, "MOVSX/MOVSXD"]
  const extended = instruction.mnemonic === 'MOVSX' && row[2] === 'Ed' ? 'MOVSXD' : undefined;
  return (bySize ?? extended ?? instruction.mnemonic).toLowerCase();
}

function prefixes(d: Decoded): string[] {
  const memory = d.operands.find((o) => o.kind === 'memory');
  const texts: string[] = [];
  if (d.lock) texts.push('lock');
  if (d.repeatPrefix !== 'none') texts.push(d.repeatPrefix);
  if (memory === undefined && d.sourceSegment !== 'DS') texts.push(d.sourceSegment.toLowerCase());
  const shown = (memory !== undefined && hasRegister(memory)) || d.instruction.options.mnemonicsByAddress !== undefined;
  if (d.addressWidth !== d.codeWidth && !shown) texts.push(`addr${d.addressWidth}`);
  const size = hiddenSize(d);
  if (size === 16 && d.codeWidth !== 16) texts.push('data16');
  if (size === 32 && d.codeWidth === 16) texts.push('data32');
  return texts;
}

/** The operand size, if the instruction has one that neither its mnemonic nor an operand shows. */
function hiddenSize({ instruction: { options }, operands, row, width }: Decoded): BitWidth | undefined {
  if (options.mnemonics !== undefined || operands.some((o) => o.kind === 'register')) return undefined;
  const memory = operands.findIndex((o) => o.kind === 'memory');
  if (memory >= 0) return row[memory + 1] === 'M' || row[memory + 1] === 'Ms' ? operands[memory]?.width : undefined;
  return options.sized === true || options.stack === true ? width : undefined;
}

const hasRegister = ({ base, index }: MemoryOperand): boolean => base !== undefined || index !== undefined;

function operandTexts(d: Decoded, next: bigint): string[] {
  const codes = d.row.slice(1) as readonly OperandCode[];
  if (codes[0] === 'Ap') return [farPointer(d)];
  return d.operands.map((operand, i) => operandText(d, operand, codes[i] as OperandCode, next));
}

/** selector:offset */
function farPointer({ operands: [offset, selector] }: Decoded): string {
  return `${operandValue(selector)}:${operandValue(offset)}`;
}

const operandValue = (operand: DecodedOperand | undefined): string => hex(operand !== undefined && 'value' in operand ? operand.value : 0n);

function operandText(d: Decoded, operand: DecodedOperand, code: OperandCode, next: bigint): string {
  switch (operand.kind) {
    case 'register':
      return registerText(operand);
    case 'memory':
      return memoryText(d, operand, code);
    case 'number':
      return numberText(Number(operand.value), code);
    case 'immediate':
      if (code.startsWith('J')) return hex(BigInt.asUintN(d.width, next + BigInt.asIntN(64, operand.value)));
      // Shifts by one have no immediate.
      return code === '1' ? '1' : hex(operand.value);
  }
}

function registerText({ field, index, width, displacement }: RegisterOperand): string {
  if (field === 'xmm') return `xmm${index}`;
  if (field === 'fpr') return `mm${index}`;
  return displacement === 1 ? (HIGH_BYTES[index] ?? '') : generalRegister(index, width);
}

function generalRegister(number: number, width: BitWidth): string {
  if (number >= 8) return `r${number}${SUFFIX[width]}`;
  if (width === 8) return BYTES[number] ?? '';
  return `${width === 64 ? 'r' : width === 32 ? 'e' : ''}${WORDS[number]}`;
}

function numberText(number: number, code: OperandCode): string {
  switch (code) {
    case 'Cy':
      return `cr${number}`;
    case 'Dy':
      return `dr${number}`;
    case 'Ti':
      return `st(${number})`;
    case 'T0i':
      return `st, st(${number})`;
    case 'Ti0':
      return `st(${number}), st`;
    default:
      return SEGMENTS[number] ?? '';
  }
}

function memoryText(d: Decoded, memory: MemoryOperand, code: OperandCode): string {
  const usual = memory.base === SP || memory.base === BP ? 'SS' : 'DS';
  const segment = memory.segment === usual ? '' : `${memory.segment.toLowerCase()}:`;
  return `${sizeText(memory.width, code)}${segment}[${addressText(d, memory)}]`;
}

function sizeText(width: BitWidth, code: OperandCode): string {
  switch (code) {
    // The instruction says how much it takes.
    case 'M':
    case 'Ms':
    case 'Ma':
      return '';
    case 'Mt':
      return 'tbyte ptr ';
    case 'Mp':
      return FAR_SIZES[width] ?? '';
    default:
      return SIZES[width];
  }
}

function addressText(d: Decoded, { base, index, scale, displacement }: MemoryOperand): string {
  // The decoder has moved what is formed with the stack pointer by what POP pops.
  const popped = d.instruction.options.popsIntoOperand === true && base === SP ? BigInt(d.width / 8) : 0n;
  const distance = displacement - popped;
  const parts: string[] = [];
  if (base !== undefined) parts.push(base === 'rip' ? (d.addressWidth === 64 ? 'rip' : 'eip') : generalRegister(base, d.addressWidth));
  if (index !== undefined) parts.push(`${generalRegister(index, d.addressWidth)}${d.addressWidth === 16 ? '' : `*${1 << scale}`}`);
  if (parts.length === 0) return hex(BigInt.asUintN(d.addressWidth, distance));
  const sign = distance < 0n ? '-' : '+';
  return `${parts.join('+')}${distance === 0n ? '' : `${sign}${hex(distance < 0n ? -distance : distance)}`}`;
}

/** Where an operand relative to RIP lies. */
function ripRelative(d: Decoded, next: bigint): string {
  const memory = d.operands.find((o) => o.kind === 'memory');
  return memory?.base === 'rip' ? ` # ${hex(BigInt.asUintN(d.addressWidth, next + memory.displacement))}` : '';
}
