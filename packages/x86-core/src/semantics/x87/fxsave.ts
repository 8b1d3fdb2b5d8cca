/**
 * FXSAVE, FXRSTOR, LDMXCSR, STMXCSR. [SDM 1 §10.5; SDM 2A, "FXSAVE", "FXRSTOR", "LDMXCSR"; SDM 2B, "STMXCSR"] The image has 512 bytes,
 * aligned to 16: control, status and tags of the x87, pointers, MXCSR, ST(0) to ST(7) from byte 32 and XMM registers from byte 160, each
 * 16 bytes. REX.W makes the pointers 64 bits wide; outside 64-bit mode XMM8 and following stay out of it.
 */
import { VECTOR } from '../../fault.ts';
import { Words } from '../float/words.ts';
import { type Instruction, unary } from '../instruction.ts';
import type { Language, Operand } from '../language.ts';
import { loadControlWord, loadStatusWord, statusWord } from './control.ts';
import { Fpu } from './fpu.ts';

const IMAGE_BYTES = 512;
const ALIGNMENT = 16;
const AT = { control: 0, status: 2, tags: 4, opcode: 6, ip: 8, cs: 12, dp: 16, ds: 20, mxcsr: 24, mask: 28, st: 32, xmm: 160 } as const;
/** Bits of MXCSR that exist, DAZ with them. */
const MXCSR_MASK = 0xffff;
const SLOT_BYTES = 16;
const xmmCount = <V>(x: Language<V>): number => (x.codeWidth === 64 ? 16 : 8);

/** Faults unless the image is aligned and may be read or written. Its last byte is tried first: CR2 tells. */
function probeImage<V>(x: Language<V>, image: Operand<V>, access: 'read' | 'write'): void {
  const q = new Words(x, 64);
  x.faultIf(q.ne(q.and(x.linearAddress(image), ALIGNMENT - 1), 0), VECTOR.GP);
  x.probe(x.part(image, IMAGE_BYTES - 1, 8), 1, access);
  x.probe(image, IMAGE_BYTES, access);
}

export const FXSAVE: Instruction = unary(
  'FXSAVE',
  (x, dest) => {
    const fpu = Fpu.notWaiting(x);
    probeImage(x, dest, 'write');
    const put16 = (at: number, value: typeof fpu.control): void => x.part(dest, at, 16).write(value);
    put16(AT.control, x.field('fcw').read());
    put16(AT.status, statusWord(x));
    put16(AT.tags, x.field('ftags').read());
    put16(AT.opcode, x.field('fop').read());
    const ip = x.bind(x.field('fip').read());
    const dp = x.bind(x.field('fdp').read());
    if (x.width === 64) {
      x.part(dest, AT.ip, 64).write(ip);
      x.part(dest, AT.dp, 64).write(dp);
    } else {
      x.part(dest, AT.ip, 32).write(x.truncate(ip, 64, 32));
      x.part(dest, AT.cs, 32).write(x.zeroExtend(x.field('fcs').read(), 16, 32));
      x.part(dest, AT.dp, 32).write(x.truncate(dp, 64, 32));
      x.part(dest, AT.ds, 32).write(x.zeroExtend(x.field('fds').read(), 16, 32));
    }
    x.part(dest, AT.mxcsr, 32).write(x.field('mxcsr').read());
    x.part(dest, AT.mask, 32).write(x.constant(MXCSR_MASK, 32));
    for (let i = 0; i < 8; i++) {
      const { significand, top } = fpu.read(fpu.slot(i));
      x.part(dest, AT.st + i * SLOT_BYTES, 64).write(significand);
      x.part(dest, AT.st + i * SLOT_BYTES + 8, 64).write(x.zeroExtend(top, 32, 64));
    }
    for (let i = 0; i < xmmCount(x); i++) {
      const register = x.indexedField('xmm', x.constant(i, 32), SLOT_BYTES, 0, 128).read();
      x.part(dest, AT.xmm + i * SLOT_BYTES, 128).write(register);
    }
  },
  { sized: true, code: true },
);

export const FXRSTOR: Instruction = unary(
  'FXRSTOR',
  (x, src) => {
    const fpu = Fpu.notWaiting(x);
    const { d } = fpu;
    probeImage(x, src, 'read');
    const mxcsr = x.bind(x.part(src, AT.mxcsr, 32).read());
    x.faultIf(d.ne(d.and(mxcsr, ~MXCSR_MASK), 0), VECTOR.GP);
    const get = (at: number, width: 16 | 32 | 64 | 128): typeof mxcsr => x.bind(x.part(src, at, width).read());
    const words = [get(AT.control, 16), get(AT.status, 16), get(AT.tags, 16), get(AT.opcode, 16)] as const;
    const wide = x.width === 64;
    const ip = wide ? get(AT.ip, 64) : x.zeroExtend(get(AT.ip, 32), 32, 64);
    const dp = wide ? get(AT.dp, 64) : x.zeroExtend(get(AT.dp, 32), 32, 64);
    const cs = wide ? x.constant(0, 16) : get(AT.cs, 16);
    const ds = wide ? x.constant(0, 16) : get(AT.ds, 16);

    loadControlWord(x, words[0]);
    loadStatusWord(x, words[1]);
    x.field('ftags').write(x.and(words[2], x.constant(0xff, 16), 16));
    x.field('fop').write(x.and(words[3], x.constant(0x7ff, 16), 16));
    x.field('fip').write(ip);
    x.field('fdp').write(dp);
    x.field('fcs').write(cs);
    x.field('fds').write(ds);
    x.field('mxcsr').write(mxcsr);
    // Everything can be read, as probed, so that registers may be written in turn.
    const loaded = Fpu.notWaiting(x);
    for (let i = 0; i < 8; i++) {
      const significand = get(AT.st + i * SLOT_BYTES, 64);
      const top = x.bind(x.zeroExtend(get(AT.st + i * SLOT_BYTES + 8, 16), 16, 32));
      loaded.overwrite(loaded.slot(i), { significand, top });
    }
    for (let i = 0; i < xmmCount(x); i++) {
      x.indexedField('xmm', x.constant(i, 32), SLOT_BYTES, 0, 128).write(get(AT.xmm + i * SLOT_BYTES, 128));
    }
  },
  { sized: true, code: true },
);

/** #UD or #NM as `sseBlocked` says. */
function requireSse<V>(x: Language<V>): void {
  const d = new Words(x, 32);
  const blocked = x.bind(x.field('sseBlocked').read());
  x.faultIf(d.eq(blocked, VECTOR.UD), VECTOR.UD);
  x.faultIf(d.ne(blocked, 0), VECTOR.NM);
}

/** LDMXCSR: #GP(0) if a bit is set that does not exist. */
export const LDMXCSR: Instruction = unary('LDMXCSR', (x, src) => {
  requireSse(x);
  const d = new Words(x, 32);
  const value = x.bind(src.read());
  x.faultIf(d.ne(d.and(value, ~MXCSR_MASK), 0), VECTOR.GP);
  x.field('mxcsr').write(value);
});
export const STMXCSR: Instruction = unary('STMXCSR', (x, dest) => {
  requireSse(x);
  dest.write(x.field('mxcsr').read());
});
