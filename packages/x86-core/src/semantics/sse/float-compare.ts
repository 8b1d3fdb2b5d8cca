/** Comparisons: to masks by a predicate, and to EFLAGS. [SDM 2A, "CMPPS", "CMPSS", "COMISS"; SDM 2B, "UCOMISS"] */
import { Words } from '../float/words.ts';
import { binary, type Instruction, ternary } from '../instruction.ts';
import type { Subroutine } from '../language.ts';
import { bitAt } from '../phrases.ts';
import { requireSse } from './availability.ts';
import { raise, readMxcsr } from './float-exceptions.ts';
import { f32Order, f32Predicate, f64Order, f64Predicate } from './float-order.ts';
import { fromLanes, readVector } from './packed-operands.ts';

function comparePacked(mnemonic: string, subroutine: Subroutine): Instruction {
  const width = subroutine.results[0] === 64 ? 64 : 32;
  const lanes = Array.from({ length: 128 / width }, (_, i) => i);
  return ternary(mnemonic, (x, dest, src, immediate) => {
    requireSse(x);
    const b = readVector(x, src);
    const a = readVector(x, dest);
    const predicate = x.bind(x.zeroExtend(immediate.read(), 8, 32));
    const mxcsr = readMxcsr(x);
    const results = lanes.map((i) => x.call(subroutine, x.lane(a, i, width), x.lane(b, i, width), predicate, mxcsr));
    raise(
      x,
      results.map((result) => result[1] as typeof mxcsr),
      mxcsr,
    );
    const masks = results.map((result) => result[0] as typeof mxcsr);
    dest.write(fromLanes(x, masks, width));
  });
}

const compareScalar = (mnemonic: string, subroutine: Subroutine): Instruction =>
  ternary(mnemonic, (x, dest, src, immediate) => {
    requireSse(x);
    const b = x.bind(src.read());
    const a = x.bind(dest.read());
    const mxcsr = readMxcsr(x);
    const predicate = x.zeroExtend(immediate.read(), 8, 32);
    const [mask, exceptions] = x.call(subroutine, a, b, predicate, mxcsr) as readonly [typeof a, typeof a];
    raise(x, [exceptions], mxcsr);
    dest.write(mask);
  });

export const CMPPS: Instruction = comparePacked('CMPPS', f32Predicate);
export const CMPPD: Instruction = comparePacked('CMPPD', f64Predicate);
export const CMPSS: Instruction = compareScalar('CMPSS', f32Predicate);
export const CMPSD: Instruction = compareScalar('CMPSD', f64Predicate);

/** ZF PF CF say the relation, OF AF SF are cleared. Only COMIS takes a quiet NaN for invalid. */
const compareToFlags = (mnemonic: string, subroutine: Subroutine, signaling: 0 | 1): Instruction =>
  binary(mnemonic, (x, first, second) => {
    requireSse(x);
    const b = x.bind(second.read());
    const a = x.bind(first.read());
    const mxcsr = readMxcsr(x);
    const d = new Words(x, 32);
    const [relation, exceptions] = x.call(subroutine, a, b, d.constant(signaling), mxcsr) as readonly [typeof a, typeof a];
    raise(x, [exceptions], mxcsr);
    const clear = x.constant(0, 8);
    const [CF, PF, ZF] = [bitAt(x, relation, 0, 32), bitAt(x, relation, 2, 32), bitAt(x, relation, 6, 32)] as const;
    x.setFlags({ CF, PF, ZF, AF: clear, SF: clear, OF: clear });
  });

export const COMISS: Instruction = compareToFlags('COMISS', f32Order, 1);
export const COMISD: Instruction = compareToFlags('COMISD', f64Order, 1);
export const UCOMISS: Instruction = compareToFlags('UCOMISS', f32Order, 0);
export const UCOMISD: Instruction = compareToFlags('UCOMISD', f64Order, 0);
