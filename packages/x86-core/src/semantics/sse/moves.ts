/**
 * Moves of XMM registers. [SDM 2A and 2B, "MOVAPS" and following; SDM 1 §10.4.1, §11.4.1.1, §11.4.2] Into a register from memory, scalars
 * clear what lies above them; from a register they leave it. What bypasses caches is an ordinary store here.
 */
import { binary, type Instruction } from '../instruction.ts';
import { resize } from '../phrases.ts';
import { requireAligned, requireSse } from './availability.ts';

const aligned = (mnemonic: string): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    requireAligned(x, src);
    requireAligned(x, dest);
    dest.write(src.read());
  });

/** Whatever has one width in register and memory, at any address: the rest of a register stays. */
const plain = (mnemonic: string): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    dest.write(src.read());
  });

/** Fewer bits than the register has, which is cleared above them. */
const clearing = (mnemonic: string): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    dest.write(x.toVector(src.read(), src.width === 32 ? 32 : 64));
  });

export const MOVAPS: Instruction = aligned('MOVAPS');
export const MOVAPD: Instruction = aligned('MOVAPD');
export const MOVDQA: Instruction = aligned('MOVDQA');
export const MOVNTPS: Instruction = aligned('MOVNTPS');
export const MOVNTPD: Instruction = aligned('MOVNTPD');
export const MOVNTDQ: Instruction = aligned('MOVNTDQ');
export const MOVUPS: Instruction = plain('MOVUPS');
export const MOVUPD: Instruction = plain('MOVUPD');
export const MOVDQU: Instruction = plain('MOVDQU');

/** Between registers, and to memory. */
export const MOVSS: Instruction = plain('MOVSS');
export const MOVSD: Instruction = plain('MOVSD');
/** From memory. */
export const MOVSS_LOAD: Instruction = clearing('MOVSS');
export const MOVSD_LOAD: Instruction = clearing('MOVSD');

/** MOVQ of XMM registers, to memory … */
export const MOVQ_STORE: Instruction = plain('MOVQ');
/** … and to a register. */
export const MOVQ: Instruction = clearing('MOVQ');
/** MOVD or MOVQ, general register or memory to XMM register. */
export const MOVD_LOAD: Instruction = clearing('MOVD');
/** XMM register to general register or memory: the source is read 64 bits wide. */
export const MOVD_STORE: Instruction = binary('MOVD', (x, dest, src) => {
  requireSse(x);
  dest.write(resize(x, src.read(), 64, dest.width));
});

export const MOVLPS: Instruction = plain('MOVLPS');
export const MOVLPD: Instruction = plain('MOVLPD');

const loadHigh = (mnemonic: string): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    const high = x.bind(src.read());
    dest.write(x.withLane(dest.read(), 1, high, 64));
  });
const storeHigh = (mnemonic: string): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireSse(x);
    dest.write(x.lane(src.read(), 1, 64));
  });

export const MOVHPS_LOAD: Instruction = loadHigh('MOVHPS');
export const MOVHPD_LOAD: Instruction = loadHigh('MOVHPD');
export const MOVHPS_STORE: Instruction = storeHigh('MOVHPS');
export const MOVHPD_STORE: Instruction = storeHigh('MOVHPD');
/** The low half of a register into the high one. */
export const MOVLHPS: Instruction = loadHigh('MOVLHPS');
/** The high half of a register into the low one. */
export const MOVHLPS: Instruction = storeHigh('MOVHLPS');
