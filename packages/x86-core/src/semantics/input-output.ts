/**
 * I/O instructions. [SDM 1 §5.1.9, ch. 19] Whether the port may be used (IOPL, I/O permission bitmap) is checked before it is touched. INS
 * and OUTS are in string.ts.
 */
import { checkPort, readPort, writePort } from '../system/index.ts';
import { binary, type Instruction } from './instruction.ts';
import { resize } from './phrases.ts';

/** IN: AL, AX, EAX ← port. [SDM 2A, "IN—Input From Port"] */
export const IN: Instruction = binary('IN', (x, dest, portNumber) => {
  const port = x.bind(resize(x, portNumber.read(), portNumber.width, 16));
  const bytes = x.constant(dest.width / 8, 64);
  x.system(checkPort, port, bytes);
  dest.write(resize(x, x.system(readPort, port, bytes), 64, dest.width));
});

/** OUT: port ← AL, AX, EAX. [SDM 2B, "OUT—Output to Port"] */
export const OUT: Instruction = binary('OUT', (x, portNumber, src) => {
  const port = x.bind(resize(x, portNumber.read(), portNumber.width, 16));
  const bytes = x.constant(src.width / 8, 64);
  x.system(checkPort, port, bytes);
  x.system(writePort, port, bytes, src.read());
});
