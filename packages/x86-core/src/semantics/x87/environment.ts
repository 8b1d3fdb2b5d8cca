/**
 * Environment and state images of the x87. [SDM 1 §8.1.10, Figures 8-9 to 8-12; SDM 2A, "FLDENV", "FRSTOR", "FSAVE/FNSAVE", "FSTENV/FNSTENV"]
 *
 * An image has seven words of 16 or 32 bits (by operand size): control, status, tags, and pointers to the last instruction and its operand,
 * as selector and offset in protected mode, as linear addresses of 20 or 32 bits in real and virtual-8086 mode. A state image goes on with
 * ST(0) to ST(7), 10 bytes each.
 */
import { CR0_PE } from '../../control-bits.ts';
import { RFLAGS_VM } from '../../flags.ts';
import { Words } from '../float/words.ts';
import { type Instruction, unary } from '../instruction.ts';
import type { Language, Operand } from '../language.ts';
import { initialize, loadControlWord, loadStatusWord, statusWord } from './control.ts';
import { Fpu } from './fpu.ts';

type Size = 16 | 32;
/** 64-bit mode has the 32-bit image. */
const sizeOf = <V>(x: Language<V>): Size => (x.width === 16 ? 16 : 32);
const ENVIRONMENT_WORDS = 7;
const REGISTER_BYTES = 10;
const environmentBytes = (size: Size): number => ENVIRONMENT_WORDS * (size / 8);

/** Faults unless an image may be read or written. Its first byte is tried first, its last one next: CR2 tells. */
function probeImage<V>(x: Language<V>, image: Operand<V>, bytes: number, access: 'read' | 'write'): void {
  x.probe(image, 1, access);
  x.probe(x.part(image, bytes - 1, 8), 1, access);
  x.probe(image, bytes, access);
}

/** Tag of a register, two bits: 0 valid, 1 zero, 2 special (NaN, infinity, denormal, unsupported), 3 empty. [SDM 1, Figure 8-7] */
function tagOf<V>(fpu: Fpu<V>, slot: number): V {
  const { x, d, q } = fpu;
  const { significand, top } = fpu.read(d.constant(slot));
  const field = d.and(top, 0x7fff);
  const normal = x.bind(x.and(d.below(d.sub(field, 1), 0x7ffe), q.less(significand, 0), 8));
  const zero = x.bind(x.and(d.eq(field, 0), q.eq(significand, 0), 8));
  const occupied = fpu.isOccupied(d.constant(slot));
  return d.select(occupied, d.select(normal, 0, d.select(zero, 1, 2)), 3);
}

function tagWord<V>(fpu: Fpu<V>): V {
  const { d } = fpu;
  let word = d.constant(0);
  for (let slot = 0; slot < 8; slot++) word = d.or(word, d.shl(tagOf(fpu, slot), 2 * slot));
  return word;
}

/** Whether addresses in an image are linear: real and virtual-8086 mode. */
function isReal<V>(x: Language<V>): V {
  const q = new Words(x, 64);
  const d = new Words(x, 32);
  const real = q.eq(q.and(x.field('cr0').read(), CR0_PE), 0);
  return x.bind(x.or(real, d.ne(d.and(x.field('eflags').read(), RFLAGS_VM), 0), 8));
}

/** The four words of pointers, each as a value of width 32. */
function pointers<V>(fpu: Fpu<V>, size: Size): V[] {
  const { x, d } = fpu;
  const half = (name: 'fcs' | 'fds' | 'fop'): V => x.bind(x.zeroExtend(x.field(name).read(), 16, 32));
  const offset = (name: 'fip' | 'fdp'): V => x.bind(x.truncate(x.field(name).read(), 64, 32));
  const [ip, cs, dp, ds, opcode] = [offset('fip'), half('fcs'), offset('fdp'), half('fds'), d.and(half('fop'), 0x7ff)];
  const linearIp = d.add(d.shl(cs, 4), ip);
  const linearDp = d.add(d.shl(ds, 4), dp);
  const real = isReal(x);
  if (size === 16) {
    const high = (linear: V): V => d.and(d.shr(linear, 4), 0xf000);
    return [
      d.select(real, linearIp, ip),
      d.select(real, d.or(high(linearIp), opcode), cs),
      d.select(real, linearDp, dp),
      d.select(real, high(linearDp), ds),
    ];
  }
  const high = (linear: V): V => d.and(d.shr(linear, 4), 0xfff_f000);
  const low = (linear: V): V => d.or(d.and(linear, 0xffff), 0xffff_0000);
  return [
    d.select(real, low(linearIp), ip),
    d.select(real, d.or(high(linearIp), opcode), d.or(cs, d.shl(opcode, 16))),
    d.select(real, low(linearDp), dp),
    d.select(real, high(linearDp), d.or(ds, 0xffff_0000)),
  ];
}

function storeEnvironment<V>(fpu: Fpu<V>, dest: Operand<V>, size: Size): void {
  const { x, d } = fpu;
  const status = x.bind(x.zeroExtend(statusWord(x), 16, 32));
  const words = [fpu.control, status, tagWord(fpu)].map((word) => d.or(word, 0xffff_0000));
  [...words, ...pointers(fpu, size)].forEach((word, i) => {
    x.part(dest, (i * size) / 8, size).write(size === 16 ? x.truncate(word, 32, 16) : word);
  });
}

/** FNSTENV: and masks all exceptions. */
export const FNSTENV: Instruction = unary(
  'FNSTENV',
  (x, dest) => {
    const fpu = Fpu.notWaiting(x);
    const size = sizeOf(x);
    probeImage(x, dest, environmentBytes(size), 'write');
    storeEnvironment(fpu, dest, size);
    loadControlWord(x, x.truncate(fpu.d.or(fpu.control, 0x3f), 32, 16));
  },
  { sized: true },
);

/** FNSAVE: and then does as FNINIT. */
export const FNSAVE: Instruction = unary(
  'FNSAVE',
  (x, dest) => {
    const fpu = Fpu.notWaiting(x);
    const size = sizeOf(x);
    const start = environmentBytes(size);
    probeImage(x, dest, start + 8 * REGISTER_BYTES, 'write');
    storeEnvironment(fpu, dest, size);
    for (let i = 0; i < 8; i++) {
      const { significand, top } = fpu.read(fpu.slot(i));
      x.part(dest, start + i * REGISTER_BYTES, 64).write(significand);
      x.part(dest, start + i * REGISTER_BYTES + 8, 16).write(x.truncate(top, 32, 16));
    }
    initialize(x);
  },
  { sized: true },
);

/** What an environment image holds, read but not yet taken. */
function readEnvironment<V>(x: Language<V>, src: Operand<V>, size: Size): V[] {
  return Array.from({ length: ENVIRONMENT_WORDS }, (_, i) => {
    const word = x.part(src, (i * size) / 8, size).read();
    return x.bind(size === 16 ? x.zeroExtend(word, 16, 32) : word);
  });
}

function loadEnvironment<V>(x: Language<V>, words: readonly V[], size: Size): void {
  const d = new Words(x, 32);
  const [control, status, tags, ip, cs, dp, ds] = words as [V, V, V, V, V, V, V];
  loadControlWord(x, x.truncate(control, 32, 16));
  loadStatusWord(x, x.truncate(status, 32, 16));
  // A register is empty if both bits of its tag are set.
  const used = d.not(d.and(tags, d.shr(tags, 1)));
  let occupied = d.constant(0);
  for (let i = 0; i < 8; i++) occupied = d.or(occupied, d.shl(d.and(d.shr(used, 2 * i), 1), i));
  x.field('ftags').write(x.truncate(occupied, 32, 16));

  const real = isReal(x);
  const linear = (low: V, high: V): V =>
    size === 16 ? d.or(low, d.shl(d.and(high, 0xf000), 4)) : d.or(d.and(low, 0xffff), d.shl(d.and(high, 0xfff_f000), 4));
  const widen = (value: V): V => x.zeroExtend(value, 32, 64);
  const narrow = (value: V): V => x.truncate(value, 32, 16);
  x.field('fip').write(widen(d.select(real, linear(ip, cs), ip)));
  x.field('fdp').write(widen(d.select(real, linear(dp, ds), dp)));
  x.field('fcs').write(narrow(d.select(real, 0, d.and(cs, 0xffff))));
  x.field('fds').write(narrow(d.select(real, 0, d.and(ds, 0xffff))));
  const opcode = size === 16 ? d.select(real, d.and(cs, 0x7ff), 0) : d.and(d.select(real, cs, d.shr(cs, 16)), 0x7ff);
  x.field('fop').write(narrow(opcode));
}

export const FLDENV: Instruction = unary(
  'FLDENV',
  (x, src) => {
    Fpu.waiting(x);
    const size = sizeOf(x);
    probeImage(x, src, environmentBytes(size), 'read');
    loadEnvironment(x, readEnvironment(x, src, size), size);
  },
  { sized: true },
);

export const FRSTOR: Instruction = unary(
  'FRSTOR',
  (x, src) => {
    Fpu.waiting(x);
    const size = sizeOf(x);
    const start = environmentBytes(size);
    probeImage(x, src, start + 8 * REGISTER_BYTES, 'read');
    const environment = readEnvironment(x, src, size);
    const values = Array.from({ length: 8 }, (_, i) => {
      const significand = x.bind(x.part(src, start + i * REGISTER_BYTES, 64).read());
      return { significand, top: x.bind(x.zeroExtend(x.part(src, start + i * REGISTER_BYTES + 8, 16).read(), 16, 32)) };
    });
    loadEnvironment(x, environment, size);
    // The image is in stack order under the TOP it holds.
    const fpu = Fpu.notWaiting(x);
    values.forEach((value, i) => {
      fpu.overwrite(fpu.slot(i), value);
    });
  },
  { sized: true },
);
