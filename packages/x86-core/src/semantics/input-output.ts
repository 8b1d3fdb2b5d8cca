/**
 * I/O instructions. [SDM 1 §5.1.9, ch. 19] Whether the port may be used (IOPL, I/O permission bitmap) is checked by the routine that
 * touches it. INS and OUTS are in string.ts.
 */
import { readPort, writePort } from '../system/index.ts';
import { binary, type Instruction } from './instruction.ts';
import { resize } from './phrases.ts';

/** IN: AL, AX, EAX ← port. [SDM 2A, "IN—Input From Port"] */
export const IN: Instruction = binary('IN', (x, dest, port) => {
  const value = x.system(readPort, port.read(), x.constant(dest.width / 8, 64));
  dest.write(resize(x, value, 64, dest.width));
});

/** OUT: port ← AL, AX, EAX. [SDM 2B, "OUT—Output to Port"] */
export const OUT: Instruction = binary('OUT', (x, port, src) => {
  x.system(writePort, port.read(), x.constant(src.width / 8, 64), src.read());
});
