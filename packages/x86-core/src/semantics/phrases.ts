/**
 * Phrases: short combinations of the vocabulary that several families of instructions say again and again. Nothing here is an
 * instruction. Widths come last, as in `Language`.
 */
import type { BitWidth, Language, Operand } from './language.ts';

/** `value` cut or zero-extended from one width to another. */
export function resize<V>(x: Language<V>, value: V, from: BitWidth, to: BitWidth): V {
  if (from === to) return value;
  return from < to ? x.zeroExtend(value, from, to) : x.truncate(value, from, to);
}

/** `value` cut or sign-extended from one width to another. */
export function resizeSigned<V>(x: Language<V>, value: V, from: BitWidth, to: BitWidth): V {
  if (from === to) return value;
  return from < to ? x.signExtend(value, from, to) : x.truncate(value, from, to);
}

/** Bit `place` of a value, as a truth value. */
export function bitAt<V>(x: Language<V>, value: V, place: number, width: BitWidth = x.width): V {
  const moved = place === 0 ? value : x.shr(value, x.constant(place, width), width);
  return resize(x, place === width - 1 ? moved : x.and(moved, x.constant(1, width), width), width, 8);
}

/** The sign bit of a value, as a truth value. */
export function signOf<V>(x: Language<V>, value: V, width: BitWidth = x.width): V {
  return bitAt(x, value, width - 1, width);
}

export function isZero<V>(x: Language<V>, value: V, width: BitWidth = x.width): V {
  return x.eq(value, x.constant(0, width), width);
}

export function isNotZero<V>(x: Language<V>, value: V, width: BitWidth = x.width): V {
  return x.ne(value, x.constant(0, width), width);
}

/** NOT of a truth value. */
export function negated<V>(x: Language<V>, truth: V): V {
  return x.eq(truth, x.constant(0, 8), 8);
}

/** Selector in a segment register, by encoding number (0 ES … 5 GS, 6 LDTR, 7 TR). Width 16. */
export function selectorOf<V>(x: Language<V>, number: V): V {
  return x.indexedField('segmentSelector', number, 4, 0, 16).read();
}

/** #GP(0) unless CPL is 0: for instructions that look at their memory operand only after this check. */
export function requireSupervisor<V>(x: Language<V>): V {
  const user = isNotZero(x, x.field('cpl').read(), 32);
  x.faultIf(user, 13);
  return user;
}

/** Writes `value` below the stack pointer and moves the pointer there. [SDM 1 §6.2] */
export function push<V>(x: Language<V>, value: V, width: BitWidth): void {
  const pointer = x.gpr(4, x.stackWidth);
  const top = x.bind(x.sub(pointer.read(), x.constant(width / 8, x.stackWidth), x.stackWidth));
  x.memory('SS', top, width).write(value);
  pointer.write(top);
}

/** What a pop finds: the value on top of the stack, and the stack pointer behind it, not yet written. */
export interface Popped<V> {
  readonly value: V;
  /** Moves the stack pointer behind the value, and `further` bytes more. */
  readonly release: (further?: V) => void;
}

/** Reads the top of the stack. The pointer moves by `release`, when nothing can fault any more. */
export function pop<V>(x: Language<V>, width: BitWidth): Popped<V> {
  const pointer = x.gpr(4, x.stackWidth);
  const top = x.bind(pointer.read());
  const value = x.bind(x.memory('SS', top, width).read());
  const behind = x.bind(x.add(top, x.constant(width / 8, x.stackWidth), x.stackWidth));
  return {
    value,
    release: (further) => pointer.write(further === undefined ? behind : x.add(behind, further, x.stackWidth)),
  };
}

/** Faults now if `operand`, which is read and written as a piece of a larger one, may not be written. */
export function forWriting<V>(x: Language<V>, operand: Operand<V>): Operand<V> {
  if (operand.isMemory) x.probe(operand, operand.width / 8, 'write');
  return operand;
}
