/**
 * Data transfer instructions. [SDM 1 §5.1.1] PUSH and POP are in stack.ts, the exchanges that compare or add in atomic.ts, moves of
 * segment registers in segment.ts, of control registers in system-instructions.ts.
 */
import { binary, type Instruction, nullary, unary } from './instruction.ts';
import type { BitWidth, Language } from './language.ts';
import { resize, resizeSigned } from './phrases.ts';

/** Condition codes in the order of their encoding. [SDM 2D, B.1.4.7 "tttn"] */
export const CONDITIONS: readonly string[] = ['O', 'NO', 'B', 'NB', 'Z', 'NZ', 'BE', 'NBE', 'S', 'NS', 'P', 'NP', 'L', 'NL', 'LE', 'NLE'];

/** MOV: DEST ← SRC. [SDM 2B, "MOV—Move"] */
export const MOV: Instruction = binary('MOV', (_x, dest, src) => {
  dest.write(src.read());
});

/** MOVZX: DEST ← zero-extended SRC. [SDM 2B, "MOVZX—Move With Zero-Extend"] */
export const MOVZX: Instruction = binary('MOVZX', (x, dest, src) => {
  dest.write(resize(x, src.read(), src.width, dest.width));
});

/** MOVSX, MOVSXD: DEST ← sign-extended SRC. [SDM 2B, "MOVSX/MOVSXD—Move With Sign-Extension"] */
export const MOVSX: Instruction = binary('MOVSX', (x, dest, src) => {
  dest.write(resizeSigned(x, src.read(), src.width, dest.width));
});

/** MOVNTI: DEST ← SRC, with a hint that there is no cache here to take. [SDM 2B, "MOVNTI"] */
export const MOVNTI: Instruction = binary('MOVNTI', (_x, dest, src) => {
  dest.write(src.read());
});

/** XCHG: TEMP ← DEST; DEST ← SRC; SRC ← TEMP. Locked with or without the prefix. [SDM 2C, "XCHG—Exchange Register/Memory With Register"] */
export const XCHG: Instruction = binary(
  'XCHG',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    dest.write(b);
    src.write(a);
    if (dest.isMemory) x.fence();
  },
  { lockable: true },
);

/** CMOVcc: TEMP ← SRC; IF condition THEN DEST ← TEMP. A 32-bit DEST is zero-extended either way. [SDM 2A, "CMOVcc—Conditional Move"] */
export const CMOVcc: readonly Instruction[] = CONDITIONS.map((name, code) =>
  binary(`CMOV${name}`, (x, dest, src) => {
    const value = x.bind(src.read());
    dest.write(x.select(x.condition(code), value, dest.read()));
  }),
);

/** The bytes of a value in reverse order. */
function swapBytes<V>(x: Language<V>, value: V, width: BitWidth): V {
  const masks: Readonly<Record<number, bigint>> = { 8: 0x00ff00ff00ff00ffn, 16: 0x0000ffff0000ffffn };
  let swapped = value;
  for (let size = 8; size < width; size *= 2) {
    const from = x.bind(swapped);
    const count = x.constant(size, width);
    if (2 * size === width) swapped = x.or(x.shl(from, count, width), x.shr(from, count, width), width);
    else {
      const even = x.constant(BigInt.asUintN(width, masks[size] ?? 0n), width);
      swapped = x.or(x.shl(x.and(from, even, width), count, width), x.and(x.shr(from, count, width), even, width), width);
    }
  }
  return swapped;
}

/**
 * BSWAP: DEST ← its bytes in reverse order. [SDM 2A, "BSWAP—Byte Swap"] With 16-bit operands undefined; the bytes are cleared, as current
 * processors do.
 */
export const BSWAP: Instruction = unary('BSWAP', (x, dest) => {
  dest.write(dest.width === 16 ? x.constant(0) : swapBytes(x, dest.read(), dest.width));
});

/** MOVBE: DEST ← the bytes of SRC in reverse order. [SDM 2B, "MOVBE—Move Data After Swapping Bytes"] */
export const MOVBE: Instruction = binary('MOVBE', (x, dest, src) => {
  dest.write(swapBytes(x, src.read(), src.width));
});

/** CBW, CWDE, CDQE: rAX ← its lower half, sign-extended. [SDM 2A, "CBW/CWDE/CDQE"] */
export const CBW: Instruction = nullary(
  'CBW',
  (x) => {
    const half = (x.width / 2) as BitWidth;
    x.gpr(0).write(x.signExtend(x.gpr(0, half).read(), half, x.width));
  },
  { sized: true, mnemonics: { 16: 'CBW', 32: 'CWDE', 64: 'CDQE' } },
);

/** CWD, CDQ, CQO: rDX ← the sign of rAX in every bit. [SDM 2A, "CWD/CDQ/CQO"] */
export const CWD: Instruction = nullary(
  'CWD',
  (x) => {
    x.gpr(2).write(x.sar(x.gpr(0).read(), x.constant(x.width - 1)));
  },
  { sized: true, mnemonics: { 16: 'CWD', 32: 'CDQ', 64: 'CQO' } },
);
