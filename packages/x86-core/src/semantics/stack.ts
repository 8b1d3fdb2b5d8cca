/**
 * Stack instructions. [SDM 1 §5.1.1, §6.2, §6.6] The width of the stack pointer is that of the stack segment, the size of an element the
 * operand size. The pointer is written when nothing can fault any more.
 */
import { popFlags, readFlags } from '../system/index.ts';
import { binary, type Instruction, nullary, unary } from './instruction.ts';
import { isNotZero, pop, push, resize } from './phrases.ts';

const RSP = 4;
const RBP = 5;

/** PUSH: the stack pointer goes down, SRC is written there. PUSH of the pointer itself writes what it was. [SDM 2B, "PUSH"] */
export const PUSH: Instruction = unary(
  'PUSH',
  (x, src) => {
    push(x, x.bind(src.read()), x.width);
  },
  { stack: true },
);

/**
 * POP: DEST ← top of the stack, the pointer goes up. An address in DEST that is formed with the pointer sees it already moved; a POP of
 * the pointer itself leaves what was popped. [SDM 2B, "POP"]
 */
export const POP: Instruction = unary(
  'POP',
  (x, dest) => {
    const { value, release } = pop(x, x.width);
    if (dest.isMemory) {
      dest.write(value);
      release();
    } else {
      release();
      dest.write(value);
    }
  },
  { stack: true, popsIntoOperand: true },
);

/** PUSHA, PUSHAD: eAX eCX eDX eBX, eSP as it was, eBP eSI eDI. [SDM 2B, "PUSHA/PUSHAD"] */
export const PUSHA: Instruction = nullary(
  'PUSHA',
  (x) => {
    const pointer = x.gpr(RSP, x.stackWidth);
    const top = x.bind(pointer.read());
    const places = Array.from({ length: 8 }, (_, i) => x.bind(x.sub(top, x.constant(((i + 1) * x.width) / 8, x.stackWidth), x.stackWidth)));
    const elements = places.map((place) => x.memory('SS', place, x.width));
    for (const element of elements) x.probe(element, x.width / 8, 'write');
    elements.forEach((element, number) => {
      element.write(x.gpr(number).read());
    });
    pointer.write(places[7] ?? top);
  },
  { sized: true, stack: true, mnemonics: { 16: 'PUSHA', 32: 'PUSHAD', 64: 'PUSHAD' } },
);

/** POPA, POPAD: eDI eSI eBP, an element skipped, eBX eDX eCX eAX. [SDM 2B, "POPA/POPAD"] */
export const POPA: Instruction = nullary(
  'POPA',
  (x) => {
    const pointer = x.gpr(RSP, x.stackWidth);
    const top = x.bind(pointer.read());
    const place = (i: number) => x.bind(x.add(top, x.constant((i * x.width) / 8, x.stackWidth), x.stackWidth));
    const values = Array.from({ length: 8 }, (_, i) => x.bind(x.memory('SS', place(i), x.width).read()));
    const end = place(8);
    values.forEach((value, i) => {
      if (7 - i !== RSP) x.gpr(7 - i).write(value);
    });
    pointer.write(end);
  },
  { sized: true, stack: true, mnemonics: { 16: 'POPA', 32: 'POPAD', 64: 'POPAD' } },
);

/** PUSHF, PUSHFD, PUSHFQ: the image of the flags with VM and RF clear. [SDM 2B, "PUSHF/PUSHFD/PUSHFQ"] */
export const PUSHF: Instruction = nullary(
  'PUSHF',
  (x) => {
    const image = x.bind(x.system(readFlags, x.constant(x.width, 64)));
    push(x, resize(x, image, 64, x.width), x.width);
  },
  { sized: true, stack: true, mnemonics: { 16: 'PUSHF', 32: 'PUSHFD', 64: 'PUSHFQ' } },
);

/** POPF, POPFD, POPFQ: the flags that this privilege may change. [SDM 2B, "POPF/POPFD/POPFQ"] */
export const POPF: Instruction = nullary(
  'POPF',
  (x) => {
    const { value, release } = pop(x, x.width);
    x.system(popFlags, value, x.constant(x.width, 64));
    release();
  },
  { sized: true, stack: true, mnemonics: { 16: 'POPF', 32: 'POPFD', 64: 'POPFQ' } },
);

/**
 * ENTER: pushes rBP, copies `level` − 1 frame pointers of the enclosing procedures and the new one, and makes room for `room` bytes.
 * Faults unless the final top of the stack could be written. [SDM 2A, "ENTER—Make Stack Frame for Procedure Parameters"]
 */
export const ENTER: Instruction = binary(
  'ENTER',
  (x, room, level) => {
    const { stackWidth, width } = x;
    const step = x.constant(width / 8, stackWidth);
    const pointer = x.variable(x.gpr(RSP, stackWidth).read(), stackWidth);
    const outer = x.variable(x.gpr(RBP, stackWidth).read(), stackWidth);
    const down = (): void => pointer.write(x.sub(pointer.read(), step, stackWidth));
    const depth = x.bind(x.and(level.read(), x.constant(31, 8), 8));

    down();
    x.memory('SS', x.bind(pointer.read()), width).write(x.gpr(RBP, width).read());
    const frame = x.bind(pointer.read());
    const left = x.variable(depth, 8);
    x.when(isNotZero(x, depth, 8), () => {
      left.write(x.sub(left.read(), x.constant(1, 8), 8));
      x.loop(
        () => isNotZero(x, left.read(), 8),
        () => {
          outer.write(x.sub(outer.read(), step, stackWidth));
          down();
          const pointerOfOuter = x.bind(x.memory('SS', x.bind(outer.read()), width).read());
          x.memory('SS', x.bind(pointer.read()), width).write(pointerOfOuter);
          left.write(x.sub(left.read(), x.constant(1, 8), 8));
        },
      );
      down();
      x.memory('SS', x.bind(pointer.read()), width).write(resize(x, frame, stackWidth, width));
    });
    const end = x.bind(x.sub(pointer.read(), resize(x, room.read(), 16, stackWidth), stackWidth));
    x.probe(x.memory('SS', end, width), width / 8, 'write');
    x.gpr(RBP, width).write(resize(x, frame, stackWidth, width));
    x.gpr(RSP, stackWidth).write(end);
  },
  { sized: true, stack: true },
);

/** LEAVE: the stack pointer ← rBP; rBP ← POP. [SDM 2A, "LEAVE—High Level Procedure Exit"] */
export const LEAVE: Instruction = nullary(
  'LEAVE',
  (x) => {
    const { stackWidth, width } = x;
    const frame = x.bind(x.gpr(RBP, stackWidth).read());
    const value = x.bind(x.memory('SS', frame, width).read());
    x.gpr(RSP, stackWidth).write(x.add(frame, x.constant(width / 8, stackWidth), stackWidth));
    x.gpr(RBP, width).write(value);
  },
  { sized: true, stack: true },
);
