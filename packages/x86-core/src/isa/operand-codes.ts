/**
 * Operand codes of the opcode maps. [SDM 2D, Appendix A.2] First letter(s): the addressing method; the rest: the operand type.
 *
 *   A direct far pointer   C control register (ModRM.reg)   D debug register (ModRM.reg)   E general register or memory (ModRM.rm)
 *   G general register (ModRM.reg)   I immediate   J relative target   M memory only   N MMX register (ModRM.rm)   O direct offset
 *   P MMX register (ModRM.reg)   Q MMX register or memory   R general register only (ModRM.rm)   S segment register (ModRM.reg)
 *   U XMM register (ModRM.rm)   V XMM register (ModRM.reg)   W XMM register or memory   Z general register (low 3 opcode bits)
 *   T ST(i) (ModRM.rm): Ti alone or with ST(0) before or behind it, which the body knows: T0i is ST(0), ST(i); Ti0 is ST(i), ST(0)
 *
 *   b 8   w 16   d 32   q 64   dq 128   v 16/32/64   z 16/32 (32 for 64)   y 32/64   p far pointer   t 80   s descriptor-table image
 *   a BOUND pair   x untyped (memory that the body takes apart with `part`)   bs: imm8 sign-extended to the operand size
 *
 * Fixed registers and constants are written as themselves: AL CL DX rAX ES 1 and so on. A body need not look at them.
 */
import type { SegmentName } from '../semantics/language.ts';

export type OperandCode =
  | 'Eb'
  | 'Ew'
  | 'Ed'
  | 'Eq'
  | 'Ev'
  | 'Ey'
  | 'Gb'
  | 'Gw'
  | 'Gd'
  | 'Gq'
  | 'Gv'
  | 'Gz'
  | 'Gy'
  | 'Ib'
  | 'Ibs'
  | 'Iw'
  | 'Iz'
  | 'Iv'
  | '1'
  | '3'
  | 'Jb'
  | 'Jz'
  | 'Ap'
  | 'M'
  | 'Mb'
  | 'Mw'
  | 'Md'
  | 'Mq'
  | 'Mdq'
  | 'Mv'
  | 'My'
  | 'Mp'
  | 'Ma'
  | 'Ms'
  | 'Mt'
  | 'Ob'
  | 'Ov'
  | 'Rv'
  | 'Ry'
  | 'Rd'
  | 'Sw'
  | 'Cy'
  | 'Dy'
  | 'Zb'
  | 'Zv'
  | 'Zd'
  | 'Pq'
  | 'Pd'
  | 'Qq'
  | 'Qd'
  | 'Nq'
  | 'Vdq'
  | 'Vq'
  | 'Vd'
  | 'Wdq'
  | 'Wq'
  | 'Wd'
  | 'Ww'
  | 'Udq'
  | 'Uq'
  | 'Ud'
  | 'Ti'
  | 'T0i'
  | 'Ti0'
  | SegmentName
  | 'AL'
  | 'AX'
  | 'CL'
  | 'DX'
  | 'rAX'
  | 'eAX';
