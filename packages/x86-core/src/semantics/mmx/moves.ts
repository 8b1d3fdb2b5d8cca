/**
 * Moves of MMX registers, and EMMS. [SDM 2A, "EMMS", "MOVD/MOVQ", "MOVQ", "MOVDQ2Q", "MOVNTQ", "MOVQ2DQ"]
 */
import { binary, type Instruction, nullary } from '../instruction.ts';
import { resize } from '../phrases.ts';
import { requireSse } from '../sse/availability.ts';
import { enterMmx, requireMmx, requireNoPendingException } from './state.ts';

/** All widths: a source narrower than DEST is zero-extended, a wider one cut. */
const move = (mnemonic: string): Instruction =>
  binary(mnemonic, (x, dest, src) => {
    requireMmx(x);
    dest.write(resize(x, src.read(), src.width, dest.width));
    enterMmx(x);
  });

/** Between MMX registers and memory: 64 bits. */
export const MOVQ: Instruction = move('MOVQ');
export const MOVNTQ: Instruction = move('MOVNTQ');
/** Between MMX registers and general registers or memory: 32 or 64 bits. */
export const MOVD: Instruction = move('MOVD');

/** From an XMM register, of which 64 bits are read. */
export const MOVDQ2Q: Instruction = binary('MOVDQ2Q', (x, dest, src) => {
  requireSse(x);
  requireNoPendingException(x);
  dest.write(src.read());
  enterMmx(x);
});
/** Into an XMM register, which is cleared above. */
export const MOVQ2DQ: Instruction = binary('MOVQ2DQ', (x, dest, src) => {
  requireSse(x);
  requireNoPendingException(x);
  dest.write(x.toVector(src.read(), 64));
  enterMmx(x);
});

/** All x87 registers empty: the end of MMX. [SDM 2A, "EMMS"] */
export const EMMS: Instruction = nullary('EMMS', (x) => {
  requireMmx(x);
  x.field('ftags').write(x.constant(0, 16));
  x.field('ftop').write(x.constant(0, 32));
});
