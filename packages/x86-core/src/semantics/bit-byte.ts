/**
 * Bit and byte instructions. [SDM 1 §5.1.6] Flags that the manual leaves undefined after them are cleared or follow the operand.
 */
import { CONDITIONS } from './data-transfer.ts';
import { binary, type Instruction, unary } from './instruction.ts';
import type { Language, Operand } from './language.ts';
import { bitAt, forWriting, isNotZero, isZero, resize, resizeSigned } from './phrases.ts';

/** SETcc: DEST ← condition. [SDM 2B, "SETcc—Set Byte on Condition"] */
export const SETcc: readonly Instruction[] = CONDITIONS.map((name, code) =>
  unary(`SET${name}`, (x, dest) => {
    dest.write(x.condition(code));
  }),
);

/** What becomes of the word in which a bit was tested. `one` has only that bit set. Undefined: nothing is written. */
type BitChange = (<V>(x: Language<V>, word: V, one: V) => V) | undefined;

const CHANGES: Readonly<Record<'BT' | 'BTS' | 'BTR' | 'BTC', BitChange>> = {
  BT: undefined,
  BTS: (x, word, one) => x.or(word, one),
  BTR: (x, word, one) => x.and(word, x.not(one)),
  BTC: (x, word, one) => x.xor(word, one),
};

/** CF ← bit `offset` modulo width of `word`, and the change. */
function testBit<V>(x: Language<V>, word: Operand<V>, offset: V, change: BitChange): void {
  const value = x.bind(word.read());
  const place = x.bind(x.and(offset, x.constant(x.width - 1)));
  const bit = x.bind(bitAt(x, x.shr(value, place), 0));
  if (change !== undefined) word.write(change(x, value, x.bind(x.shl(x.constant(1), place))));
  x.setFlags({ CF: bit });
}

/** With a register as offset: in memory it is a signed distance in bits from the operand's start. [SDM 2A §3.1.1.9, "Bit(BitBase, BitOffset)"] */
const withRegister = (mnemonic: keyof typeof CHANGES): Instruction => {
  const change = CHANGES[mnemonic];
  return binary(
    mnemonic,
    (x, base, offset) => {
      const places = x.bind(offset.read());
      if (!base.isMemory) {
        testBit(x, base, places, change);
        return;
      }
      const bytes = x.width / 8;
      const words = x.sar(places, x.constant(Math.log2(x.width)));
      const displacement = x.mul(resizeSigned(x, words, x.width, x.addressWidth), x.constant(bytes, x.addressWidth), x.addressWidth);
      const word = x.part(base, x.bind(displacement), x.width);
      testBit(x, change === undefined ? word : forWriting(x, word), places, change);
    },
    { lockable: change !== undefined, address: true },
  );
};

/** With an immediate as offset: modulo the width, always within the operand. */
const withImmediate = (mnemonic: keyof typeof CHANGES): Instruction => {
  const change = CHANGES[mnemonic];
  return binary(
    mnemonic,
    (x, base, offset) => {
      testBit(x, base, resize(x, offset.read(), offset.width, x.width), change);
    },
    { lockable: change !== undefined },
  );
};

/** BT: CF ← bit. [SDM 2A, "BT—Bit Test"] */
export const BT: Instruction = withRegister('BT');
export const BT_IMMEDIATE: Instruction = withImmediate('BT');
/** BTS: CF ← bit; bit ← 1. [SDM 2A, "BTS—Bit Test and Set"] */
export const BTS: Instruction = withRegister('BTS');
export const BTS_IMMEDIATE: Instruction = withImmediate('BTS');
/** BTR: CF ← bit; bit ← 0. [SDM 2A, "BTR—Bit Test and Reset"] */
export const BTR: Instruction = withRegister('BTR');
export const BTR_IMMEDIATE: Instruction = withImmediate('BTR');
/** BTC: CF ← bit; bit ← NOT bit. [SDM 2A, "BTC—Bit Test and Complement"] */
export const BTC: Instruction = withRegister('BTC');
export const BTC_IMMEDIATE: Instruction = withImmediate('BTC');

/** Place of a bit found by a scan, in the width of the operand. */
type Scan = <V>(x: Language<V>, value: V) => V;

const scan = (mnemonic: string, place: Scan): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    const value = x.bind(src.read());
    x.when(isNotZero(x, value), () => {
      dest.write(place(x, value));
    });
    x.flags('logic', value, value, value);
  });

/** BSF: ZF ← SRC = 0; otherwise DEST ← place of the lowest one. A zero SRC leaves DEST alone. [SDM 2A, "BSF—Bit Scan Forward"] */
export const BSF: Instruction = scan('BSF', (x, value) => x.ctz(value));

/** BSR: ZF ← SRC = 0; otherwise DEST ← place of the highest one. A zero SRC leaves DEST alone. [SDM 2A, "BSR—Bit Scan Reverse"] */
export const BSR: Instruction = scan('BSR', (x, value) => x.sub(x.constant(x.width - 1), x.clz(value)));

const count = (mnemonic: string, zeros: Scan): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    const value = x.bind(src.read());
    const result = x.bind(zeros(x, value));
    dest.write(result);
    x.resultFlags(result, isZero(x, value), x.constant(0, 8));
  });

/** TZCNT: DEST ← number of trailing zeros. CF: SRC is zero. ZF: DEST is zero. [SDM 2B, "TZCNT"] */
export const TZCNT: Instruction = count('TZCNT', (x, value) => x.ctz(value));

/** LZCNT: DEST ← number of leading zeros. CF: SRC is zero. ZF: DEST is zero. [SDM 2A, "LZCNT"] */
export const LZCNT: Instruction = count('LZCNT', (x, value) => x.clz(value));

/** POPCNT: DEST ← number of ones. ZF: SRC is zero; all other status flags are cleared. [SDM 2B, "POPCNT"] */
export const POPCNT: Instruction = binary('POPCNT', (x, dest, src) => {
  const value = x.bind(src.read());
  const zero = x.constant(0, 8);
  dest.write(x.popcnt(value));
  x.setFlags({ OF: zero, SF: zero, ZF: isZero(x, value), AF: zero, CF: zero, PF: zero });
});
