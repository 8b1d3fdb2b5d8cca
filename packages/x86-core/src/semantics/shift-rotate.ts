/**
 * Shift and rotate instructions. [SDM 1 §5.1.5] Counts are taken modulo 32, or modulo 64 for 64-bit operands. A count of zero leaves the
 * flags alone; the destination is written back all the same. Where the manual leaves OF undefined (counts other than 1) it is what the
 * last of so many steps by one place gives, as on the 80286 and its successors; AF is cleared by shifts and kept by rotates.
 */
import { binary, type Instruction, ternary } from './instruction.ts';
import type { BitWidth, Language, Operand } from './language.ts';
import { bitAt, isNotZero, isZero, resize, signOf } from './phrases.ts';

/** The masked count, in the given width. */
function countOf<V>(x: Language<V>, count: Operand<V>, width: BitWidth): V {
  const masked = x.and(count.read(), x.constant(x.width === 64 ? 63 : 31, count.width), count.width);
  return x.bind(resize(x, masked, count.width, width));
}

/** SHL, SAL: bits move up, zeros come in. CF: the last bit out. OF: the sign changed. [SDM 2B, "SAL/SAR/SHL/SHR—Shift"] */
export const SHL: Instruction = binary('SHL', (x, dest, count) => {
  const a = x.bind(dest.read());
  const c = countOf(x, count, x.width);
  const result = x.bind(x.shl(a, c));
  dest.write(result);
  x.when(isNotZero(x, c), () => {
    const carry = x.bind(signOf(x, x.shl(a, x.sub(c, x.constant(1)))));
    x.resultFlags(result, carry, x.xor(carry, signOf(x, result), 8));
  });
});

/** SHR: bits move down, zeros come in. CF: the last bit out. OF: the sign before the last place. [SDM 2B, "SAL/SAR/SHL/SHR—Shift"] */
export const SHR: Instruction = binary('SHR', (x, dest, count) => {
  const a = x.bind(dest.read());
  const c = countOf(x, count, x.width);
  const result = x.bind(x.shr(a, c));
  dest.write(result);
  x.when(isNotZero(x, c), () => {
    const last = x.bind(x.shr(a, x.sub(c, x.constant(1))));
    x.resultFlags(result, bitAt(x, last, 0), signOf(x, last));
  });
});

/** SAR: bits move down, the sign comes in. CF: the last bit out. OF: zero. [SDM 2B, "SAL/SAR/SHL/SHR—Shift"] */
export const SAR: Instruction = binary('SAR', (x, dest, count) => {
  const a = x.bind(dest.read());
  const c = countOf(x, count, x.width);
  const result = x.bind(x.sar(a, c));
  dest.write(result);
  x.when(isNotZero(x, c), () => {
    x.resultFlags(result, bitAt(x, x.sar(a, x.sub(c, x.constant(1))), 0), x.constant(0, 8));
  });
});

/** `a` rotated up by `count`, which is below the width. */
function rotatedUp<V>(x: Language<V>, a: V, count: V): V {
  const back = x.and(x.sub(x.constant(x.width), count), x.constant(x.width - 1));
  return x.or(x.shl(a, count), x.shr(a, back));
}

/** ROL: bits move up, those out come in below. CF: the lowest bit. OF: CF is not the sign. [SDM 2B, "RCL/RCR/ROL/ROR—Rotate"] */
export const ROL: Instruction = binary('ROL', (x, dest, count) => {
  const a = x.bind(dest.read());
  const c = countOf(x, count, x.width);
  const result = x.bind(rotatedUp(x, a, x.bind(x.and(c, x.constant(x.width - 1)))));
  dest.write(result);
  x.when(isNotZero(x, c), () => {
    const carry = x.bind(bitAt(x, result, 0));
    x.setFlags({ CF: carry, OF: x.xor(carry, signOf(x, result), 8) });
  });
});

/** ROR: bits move down, those out come in above. CF: the sign. OF: the two highest bits differ. [SDM 2B, "RCL/RCR/ROL/ROR—Rotate"] */
export const ROR: Instruction = binary('ROR', (x, dest, count) => {
  const a = x.bind(dest.read());
  const c = countOf(x, count, x.width);
  const result = x.bind(rotatedUp(x, a, x.bind(x.and(x.sub(x.constant(0), c), x.constant(x.width - 1)))));
  dest.write(result);
  x.when(isNotZero(x, c), () => {
    const carry = x.bind(signOf(x, result));
    x.setFlags({ CF: carry, OF: x.xor(carry, bitAt(x, result, x.width - 2), 8) });
  });
});

/** The number of places that a rotation through carry by `count` moves: modulo width + 1. In width 64. */
function throughCarryPlaces<V>(x: Language<V>, count: V): V {
  // 31 is below 33, and 63 below 65.
  if (x.width >= 32) return count;
  const short = x.truncate(count, 64, 32);
  return x.bind(x.zeroExtend(x.remUnsigned(short, x.constant(x.width + 1, 32), 32), 32, 64));
}

/** The ring CF:a of width + 1 ≤ 33 bits moved up by `count` ≤ width places, as a 64-bit value. */
function ringUp<V>(x: Language<V>, a: V, count: V): V {
  const carry = x.shl(x.zeroExtend(x.flag('CF'), 8, 64), x.constant(x.width, 64), 64);
  const ring = x.bind(x.or(carry, x.zeroExtend(a, x.width, 64), 64));
  return x.bind(x.or(x.shl(ring, count, 64), x.shr(ring, x.sub(x.constant(x.width + 1, 64), count, 64), 64), 64));
}

/** A rotation through carry: result and carry out; for `count` zero both are what they were. */
interface Rotated<V> {
  readonly result: V;
  readonly carry: V;
}

function rotatedUpThroughCarry<V>(x: Language<V>, a: V, count: V): Rotated<V> {
  if (x.width < 64) {
    const ring = ringUp(x, a, count);
    return { result: x.bind(x.truncate(ring, 64, x.width)), carry: x.bind(bitAt(x, ring, x.width, 64)) };
  }
  const carryIn = x.bind(x.flag('CF'));
  const still = x.bind(isZero(x, count));
  const before = x.bind(x.and(x.sub(count, x.constant(1)), x.constant(63)));
  const behind = x.bind(x.and(x.sub(x.constant(64), count), x.constant(63)));
  const middle = x.shl(x.zeroExtend(carryIn, 8, 64), before);
  const moved = x.or(x.or(x.shl(a, count), middle), x.shr(x.shr(a, x.constant(1)), behind));
  return {
    result: x.bind(x.select(still, a, moved)),
    carry: x.bind(x.select(still, carryIn, bitAt(x, x.shr(a, behind), 0), 8)),
  };
}

function rotatedDownThroughCarry<V>(x: Language<V>, a: V, count: V): Rotated<V> {
  if (x.width < 64) {
    // Down by c is up by width + 1 − c, and by none for c = 0.
    const places = x.select(isZero(x, count, 64), count, x.sub(x.constant(x.width + 1, 64), count, 64), 64);
    return rotatedUpThroughCarry(x, a, x.bind(places));
  }
  const carryIn = x.bind(x.flag('CF'));
  const still = x.bind(isZero(x, count));
  const before = x.bind(x.and(x.sub(count, x.constant(1)), x.constant(63)));
  const behind = x.bind(x.and(x.sub(x.constant(64), count), x.constant(63)));
  const middle = x.shl(x.zeroExtend(carryIn, 8, 64), behind);
  const moved = x.or(x.or(x.shr(a, count), middle), x.shl(x.shl(a, x.constant(1)), behind));
  return {
    result: x.bind(x.select(still, a, moved)),
    carry: x.bind(x.select(still, carryIn, bitAt(x, x.shr(a, before), 0), 8)),
  };
}

/** RCL: CF:DEST rotates up. OF: CF is not the sign. [SDM 2B, "RCL/RCR/ROL/ROR—Rotate"] */
export const RCL: Instruction = binary('RCL', (x, dest, count) => {
  const c = countOf(x, count, 64);
  const { result, carry } = rotatedUpThroughCarry(x, x.bind(dest.read()), throughCarryPlaces(x, c));
  dest.write(result);
  x.when(isNotZero(x, c, 64), () => {
    x.setFlags({ CF: carry, OF: x.xor(carry, signOf(x, result), 8) });
  });
});

/** RCR: CF:DEST rotates down. OF: the two highest bits differ. [SDM 2B, "RCL/RCR/ROL/ROR—Rotate"] */
export const RCR: Instruction = binary('RCR', (x, dest, count) => {
  const c = countOf(x, count, 64);
  const { result, carry } = rotatedDownThroughCarry(x, x.bind(dest.read()), throughCarryPlaces(x, c));
  dest.write(result);
  x.when(isNotZero(x, c, 64), () => {
    x.setFlags({ CF: carry, OF: x.xor(signOf(x, result), bitAt(x, result, x.width - 2), 8) });
  });
});

/** Result and last bit out of a double shift; `carry` counts only for counts above zero. */
type DoubleShift = <V>(x: Language<V>, dest: V, src: V, count: V) => Rotated<V>;

/** 32 bits that come in: SRC, or SRC of 16 bits twice, so that counts above 16 bring it in again. 64 wide. */
function incoming<V>(x: Language<V>, src: V): V {
  const once = resize(x, src, x.width, 64);
  if (x.width === 32) return once;
  const bound = x.bind(once);
  return x.or(x.shl(bound, x.constant(16, 64), 64), bound, 64);
}

const shiftUpDouble: DoubleShift = (x, dest, src, count) => {
  const { width } = x;
  if (width === 64) {
    // 64 − count places, in two steps so that a count of zero brings nothing in.
    const from = x.shr(x.shr(src, x.constant(1)), x.xor(count, x.constant(63)));
    const before = x.and(x.sub(count, x.constant(1)), x.constant(63));
    return { result: x.bind(x.or(x.shl(dest, count), from)), carry: signOf(x, x.shl(dest, before)) };
  }
  const c = x.bind(resize(x, count, width, 64));
  const wide = x.bind(resize(x, dest, width, 64));
  const behind = x.constant(32, 64);
  const shifted = x.shl(x.or(x.shl(wide, behind, 64), incoming(x, src), 64), c, 64);
  const carry = bitAt(x, x.shr(x.shl(wide, c, 64), x.constant(width, 64), 64), 0, 64);
  return { result: x.bind(x.truncate(x.shr(shifted, behind, 64), 64, width)), carry };
};

const shiftDownDouble: DoubleShift = (x, dest, src, count) => {
  const { width } = x;
  const before = x.and(x.sub(count, x.constant(1)), x.constant(width === 64 ? 63 : 31));
  const carry = bitAt(x, x.shr(dest, before), 0);
  if (width === 64) {
    const from = x.shl(x.shl(src, x.constant(1)), x.xor(count, x.constant(63)));
    return { result: x.bind(x.or(x.shr(dest, count), from)), carry };
  }
  const above = x.shl(incoming(x, src), x.constant(width, 64), 64);
  const shifted = x.shr(x.or(above, resize(x, dest, width, 64), 64), resize(x, count, width, 64), 64);
  return { result: x.bind(x.truncate(shifted, 64, width)), carry };
};

const doubleShift = (mnemonic: string, shift: DoubleShift): Instruction =>
  ternary(mnemonic, (x, dest, src, count) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const c = countOf(x, count, x.width);
    const { result, carry } = shift(x, a, b, c);
    dest.write(result);
    x.when(isNotZero(x, c), () => {
      x.resultFlags(result, carry, x.xor(signOf(x, result), signOf(x, a), 8));
    });
  });

/**
 * SHLD: DEST moves up, the highest bits of SRC come in. CF: the last bit out. OF: the sign changed. The result of 16-bit operands with
 * counts above 16 is undefined; SRC comes in again, as on an AMD EPYC and in what valgrind's tests expect of Intel's processors.
 * [SDM 2B, "SHLD—Double Precision Shift Left"]
 */
export const SHLD: Instruction = doubleShift('SHLD', shiftUpDouble);

/** SHRD: DEST moves down, the lowest bits of SRC come in. [SDM 2B, "SHRD—Double Precision Shift Right"] */
export const SHRD: Instruction = doubleShift('SHRD', shiftDownDouble);
