/**
 * Segment register instructions. [SDM 1 §5.1.10] Loading one is a system routine (system/segment-load.ts); reading one is a move.
 */
import { SEGMENT_NUMBER } from '../state.ts';
import { loadSegment, requireProtected } from '../system/index.ts';
import { binary, type Instruction, nullary } from './instruction.ts';
import { pop, push, resize, selectorOf } from './phrases.ts';

/** MOV r/m, Sreg: a register gets the selector zero-extended, memory gets 16 bits. [SDM 2B, "MOV—Move"] */
export const MOV_FROM_SEGMENT: Instruction = binary('MOV', (x, dest, segment) => {
  const number = resize(x, segment.read(), segment.width, 32);
  dest.write(resize(x, selectorOf(x, number), 16, dest.width));
});

/** MOV Sreg, r/m16: loads selector and descriptor; SS also holds off interrupts for one instruction. [SDM 2B, "MOV—Move"] */
export const MOV_TO_SEGMENT: Instruction = binary('MOV', (x, segment, src) => {
  x.system(loadSegment, segment.read(), src.read());
});

const pushSegment = (number: number): Instruction =>
  nullary(
    'PUSH',
    (x) => {
      push(x, resize(x, selectorOf(x, x.constant(number, 32)), 16, x.width), x.width);
    },
    { sized: true, stack: true },
  );
/** PUSH Sreg: the selector zero-extended to the operand size. [SDM 2B, "PUSH"] */
export const PUSH_ES: Instruction = pushSegment(SEGMENT_NUMBER.ES);
export const PUSH_CS: Instruction = pushSegment(SEGMENT_NUMBER.CS);
export const PUSH_SS: Instruction = pushSegment(SEGMENT_NUMBER.SS);
export const PUSH_DS: Instruction = pushSegment(SEGMENT_NUMBER.DS);
export const PUSH_FS: Instruction = pushSegment(SEGMENT_NUMBER.FS);
export const PUSH_GS: Instruction = pushSegment(SEGMENT_NUMBER.GS);

const popSegment = (number: number): Instruction =>
  nullary(
    'POP',
    (x) => {
      const { value, release } = pop(x, x.width);
      x.system(loadSegment, x.constant(number, 8), resize(x, value, x.width, 16));
      release();
    },
    { sized: true, stack: true },
  );
/** POP Sreg: the low 16 bits of the top of the stack select; the pointer moves by the operand size. [SDM 2B, "POP"] */
export const POP_ES: Instruction = popSegment(SEGMENT_NUMBER.ES);
export const POP_SS: Instruction = popSegment(SEGMENT_NUMBER.SS);
export const POP_DS: Instruction = popSegment(SEGMENT_NUMBER.DS);
export const POP_FS: Instruction = popSegment(SEGMENT_NUMBER.FS);
export const POP_GS: Instruction = popSegment(SEGMENT_NUMBER.GS);

const loadFarPointer = (mnemonic: string, number: number): Instruction =>
  binary(mnemonic, (x, dest, pointer) => {
    const offset = x.bind(x.part(pointer, 0, dest.width).read());
    const selector = x.bind(x.part(pointer, dest.width / 8, 16).read());
    x.system(loadSegment, x.constant(number, 8), selector);
    dest.write(offset);
  });
/** LES, LDS, LSS, LFS, LGS: Sreg:DEST ← far pointer in memory. [SDM 2A, "LDS/LES/LFS/LGS/LSS—Load Far Pointer"] */
export const LES: Instruction = loadFarPointer('LES', SEGMENT_NUMBER.ES);
export const LDS: Instruction = loadFarPointer('LDS', SEGMENT_NUMBER.DS);
export const LSS: Instruction = loadFarPointer('LSS', SEGMENT_NUMBER.SS);
export const LFS: Instruction = loadFarPointer('LFS', SEGMENT_NUMBER.FS);
export const LGS: Instruction = loadFarPointer('LGS', SEGMENT_NUMBER.GS);

/**
 * ARPL: IF DEST[RPL] < SRC[RPL] THEN ZF ← 1, DEST[RPL] ← SRC[RPL] ELSE ZF ← 0. [SDM 2A, "ARPL—Adjust RPL Field of Segment Selector"]
 */
export const ARPL: Instruction = binary('ARPL', (x, dest, src) => {
  x.system(requireProtected);
  // Memory is written only if the RPL changes, so a piece of the operand is taken: the operand itself would be read for writing.
  const word = dest.isMemory ? x.part(dest, 0, 16) : dest;
  const selector = x.bind(word.read());
  const wanted = x.bind(x.and(src.read(), x.constant(3)));
  const adjusts = x.bind(x.ltUnsigned(x.and(selector, x.constant(3)), wanted));
  x.when(adjusts, () => {
    word.write(x.or(x.and(selector, x.constant(0xfffc)), wanted));
  });
  x.setFlags({ ZF: adjusts });
});
