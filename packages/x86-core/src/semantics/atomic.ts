/**
 * Exchanges that compare or add: the read-modify-write instructions made for LOCK. [SDM 1 §5.1.1]
 */
import { binary, type Instruction, unary } from './instruction.ts';
import type { Language } from './language.ts';
import { forWriting, negated, resize } from './phrases.ts';

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RBX = 3;

/**
 * CMPXCHG: the flags of rAX − DEST; IF equal THEN DEST ← SRC ELSE rAX ← DEST. Memory is written either way; a register that differs keeps
 * its upper half, too (measured on an AMD EPYC, the recorded vectors leave it open). [SDM 2A, "CMPXCHG—Compare and Exchange"]
 */
export const CMPXCHG: Instruction = binary(
  'CMPXCHG',
  (x, dest, src) => {
    const accumulator = x.bind(x.gpr(RAX).read());
    const found = x.bind(dest.read());
    const equal = x.bind(x.eq(accumulator, found));
    if (dest.isMemory) dest.write(x.select(equal, src.read(), found));
    else x.when(equal, () => dest.write(src.read()));
    x.when(negated(x, equal), () => x.gpr(RAX).write(found));
    x.flags('sub', accumulator, found, x.bind(x.sub(accumulator, found)));
  },
  { lockable: true },
);

/** XADD: TEMP ← SRC + DEST; SRC ← DEST; DEST ← TEMP. The flags are those of ADD. [SDM 2C, "XADD—Exchange and Add"] */
export const XADD: Instruction = binary(
  'XADD',
  (x, dest, src) => {
    const a = x.bind(dest.read());
    const b = x.bind(src.read());
    const sum = x.bind(x.add(a, b));
    if (dest.isMemory) {
      dest.write(sum);
      src.write(a);
    } else {
      src.write(a);
      dest.write(sum);
    }
    x.flags('add', a, b, sum);
  },
  { lockable: true },
);

/** EDX:EAX or ECX:EBX as one value. */
function together<V>(x: Language<V>, high: number, low: number): V {
  const above = x.shl(resize(x, x.gpr(high, 32).read(), 32, 64), x.constant(32, 64), 64);
  return x.or(above, resize(x, x.gpr(low, 32).read(), 32, 64), 64);
}

/** CMPXCHG8B: IF EDX:EAX = DEST THEN ZF ← 1, DEST ← ECX:EBX ELSE ZF ← 0, EDX:EAX ← DEST. [SDM 2A, "CMPXCHG8B/CMPXCHG16B"] */
export const CMPXCHG8B: Instruction = unary(
  'CMPXCHG8B',
  (x, dest) => {
    const expected = x.bind(together(x, RDX, RAX));
    const found = x.bind(dest.read());
    const equal = x.bind(x.eq(expected, found, 64));
    dest.write(x.select(equal, together(x, RCX, RBX), found, 64));
    x.when(negated(x, equal), () => {
      x.gpr(RAX, 32).write(x.truncate(found, 64, 32));
      x.gpr(RDX, 32).write(x.truncate(x.shr(found, x.constant(32, 64), 64), 64, 32));
    });
    x.setFlags({ ZF: equal });
  },
  { lockable: true },
);

/** CMPXCHG16B: as CMPXCHG8B with RDX:RAX and RCX:RBX; #GP(0) unless DEST is aligned to 16 bytes. [SDM 2A, "CMPXCHG8B/CMPXCHG16B"] */
export const CMPXCHG16B: Instruction = unary(
  'CMPXCHG16B',
  (x, dest) => {
    x.probe(dest, 16, 'write', 16);
    const low = forWriting(x, x.part(dest, 0, 64));
    const high = forWriting(x, x.part(dest, 8, 64));
    const foundLow = x.bind(low.read());
    const foundHigh = x.bind(high.read());
    const sameLow = x.eq(x.gpr(RAX, 64).read(), foundLow, 64);
    const equal = x.bind(x.and(sameLow, x.eq(x.gpr(RDX, 64).read(), foundHigh, 64), 8));
    low.write(x.select(equal, x.gpr(RBX, 64).read(), foundLow, 64));
    high.write(x.select(equal, x.gpr(RCX, 64).read(), foundHigh, 64));
    x.when(negated(x, equal), () => {
      x.gpr(RAX, 64).write(foundLow);
      x.gpr(RDX, 64).write(foundHigh);
    });
    x.setFlags({ ZF: equal });
  },
  { lockable: true },
);
