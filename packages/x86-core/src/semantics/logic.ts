/**
 * Logical instructions. [SDM 1 §5.1.4] All but NOT clear OF and CF and set SF, ZF and PF; AF, which the manual leaves undefined, is
 * cleared.
 */
import { binary, type Instruction, unary } from './instruction.ts';

/** AND: DEST ← DEST AND SRC. [SDM 2A, "AND—Logical AND"] */
export const AND: Instruction = binary(
  'AND',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const result = x.bind(x.and(a, b));
    dest.write(result);
    x.flags('logic', a, b, result);
  },
  { lockable: true },
);

/** OR: DEST ← DEST OR SRC. [SDM 2B, "OR—Logical Inclusive OR"] */
export const OR: Instruction = binary(
  'OR',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const result = x.bind(x.or(a, b));
    dest.write(result);
    x.flags('logic', a, b, result);
  },
  { lockable: true },
);

/** XOR: DEST ← DEST XOR SRC. [SDM 2C, "XOR—Logical Exclusive OR"] */
export const XOR: Instruction = binary(
  'XOR',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const result = x.bind(x.xor(a, b));
    dest.write(result);
    x.flags('logic', a, b, result);
  },
  { lockable: true },
);

/** NOT: DEST ← NOT DEST. No flags. [SDM 2B, "NOT—One's Complement Negation"] */
export const NOT: Instruction = unary(
  'NOT',
  (x, dest) => {
    dest.write(x.not(dest.read()));
  },
  { lockable: true },
);

/** TEST: the flags of SRC1 AND SRC2, the result dropped. [SDM 2B, "TEST—Logical Compare"] */
export const TEST: Instruction = binary('TEST', (x, first, second) => {
  const a = x.bind(first.read());
  const b = x.bind(second.read());
  x.flags('logic', a, b, x.bind(x.and(a, b)));
});
