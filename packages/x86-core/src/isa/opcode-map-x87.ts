/**
 * Escape opcodes D8–DF and FWAIT: the x87 FPU. [SDM 2D, Tables] Each opcode has a memory table, chosen by ModRM.reg, and a
 * register table, whose halves are the manual's columns. FCOM, FCOMP, FXCH, FSTP and FFREEP also have rows where the manual has none but
 * processors since the 8087 take them.
 */
import { FABS, FADD, FCHS, FDIV, FDIVR, FMUL, FRNDINT, FSQRT, FSUB, FSUBR } from '../semantics/x87/arithmetic.ts';
import {
  FCOM,
  FCOM_REGISTER,
  FCOMI,
  FCOMIP,
  FCOMP,
  FCOMP_REGISTER,
  FCOMPP,
  FICOM,
  FICOMP,
  FTST,
  FUCOM,
  FUCOMI,
  FUCOMIP,
  FUCOMP,
  FUCOMPP,
  FXAM,
} from '../semantics/x87/compare.ts';
import {
  FDECSTP,
  FFREE,
  FFREEP,
  FINCSTP,
  FLDCW,
  FNCLEX,
  FNINIT,
  FNOP,
  FNOP_8087,
  FNSTCW,
  FNSTSW,
  FWAIT,
} from '../semantics/x87/control.ts';
import { FBLD, FBSTP } from '../semantics/x87/decimal.ts';
import { FLDENV, FNSAVE, FNSTENV, FRSTOR } from '../semantics/x87/environment.ts';
import { FXRSTOR, FXSAVE, LDMXCSR, STMXCSR } from '../semantics/x87/fxsave.ts';
import {
  FCMOVB,
  FCMOVBE,
  FCMOVE,
  FCMOVNB,
  FCMOVNBE,
  FCMOVNE,
  FCMOVNU,
  FCMOVU,
  FILD,
  FIST,
  FISTP,
  FISTTP,
  FLD,
  FLD_EXTENDED,
  FLD_REGISTER,
  FLD1,
  FLDL2E,
  FLDL2T,
  FLDLG2,
  FLDLN2,
  FLDPI,
  FLDZ,
  FST,
  FST_REGISTER,
  FSTP,
  FSTP_EXTENDED,
  FSTP_REGISTER,
  FXCH,
} from '../semantics/x87/load-store.ts';
import { FPREM, FPREM1, FSCALE, FXTRACT } from '../semantics/x87/scale-remainder.ts';
import { F2XM1, FCOS, FPATAN, FPTAN, FSIN, FSINCOS, FYL2X, FYL2XP1 } from '../semantics/x87/transcendental.ts';
import type { Cell, OpcodeMap } from './row.ts';

export const X87: OpcodeMap = {
  0x9b: [FWAIT],
  0xd8: {
    memory: {
      reg: [
        [FADD.real, 'Md'],
        [FMUL.real, 'Md'],
        [FCOM, 'Md'],
        [FCOMP, 'Md'],
        [FSUB.real, 'Md'],
        [FSUBR.real, 'Md'],
        [FDIV.real, 'Md'],
        [FDIVR.real, 'Md'],
      ],
    },
    register: {
      reg: [
        [FADD.top, 'T0i'],
        [FMUL.top, 'T0i'],
        [FCOM_REGISTER, 'Ti'],
        [FCOMP_REGISTER, 'Ti'],
        [FSUB.top, 'T0i'],
        [FSUBR.top, 'T0i'],
        [FDIV.top, 'T0i'],
        [FDIVR.top, 'T0i'],
      ],
    },
  },
  0xd9: {
    memory: {
      reg: [[FLD, 'Md'], undefined, [FST, 'Md'], [FSTP, 'Md'], [FLDENV, 'M'], [FLDCW, 'Mw'], [FNSTENV, 'M'], [FNSTCW, 'Mw']],
    },
    register: {
      reg: [
        [FLD_REGISTER, 'Ti'],
        [FXCH, 'Ti'],
        { rm: [[FNOP], undefined, undefined, undefined, undefined, undefined, undefined, undefined] },
        [FSTP_REGISTER, 'Ti'],
        { rm: [[FCHS], [FABS], undefined, undefined, [FTST], [FXAM], undefined, undefined] },
        { rm: [[FLD1], [FLDL2T], [FLDL2E], [FLDPI], [FLDLG2], [FLDLN2], [FLDZ], undefined] },
        { rm: [[F2XM1], [FYL2X], [FPTAN], [FPATAN], [FXTRACT], [FPREM1], [FDECSTP], [FINCSTP]] },
        { rm: [[FPREM], [FYL2XP1], [FSQRT], [FSINCOS], [FRNDINT], [FSCALE], [FSIN], [FCOS]] },
      ],
    },
  },
  0xda: {
    memory: {
      reg: [
        [FADD.integer, 'Md'],
        [FMUL.integer, 'Md'],
        [FICOM, 'Md'],
        [FICOMP, 'Md'],
        [FSUB.integer, 'Md'],
        [FSUBR.integer, 'Md'],
        [FDIV.integer, 'Md'],
        [FDIVR.integer, 'Md'],
      ],
    },
    register: {
      reg: [
        [FCMOVB, 'T0i'],
        [FCMOVE, 'T0i'],
        [FCMOVBE, 'T0i'],
        [FCMOVU, 'T0i'],
        undefined,
        { rm: [undefined, [FUCOMPP], undefined, undefined, undefined, undefined, undefined, undefined] },
        undefined,
        undefined,
      ],
    },
  },
  0xdb: {
    memory: {
      reg: [[FILD, 'Md'], [FISTTP, 'Md'], [FIST, 'Md'], [FISTP, 'Md'], undefined, [FLD_EXTENDED, 'Mt'], undefined, [FSTP_EXTENDED, 'Mt']],
    },
    register: {
      reg: [
        [FCMOVNB, 'T0i'],
        [FCMOVNE, 'T0i'],
        [FCMOVNBE, 'T0i'],
        [FCMOVNU, 'T0i'],
        { rm: [[FNOP_8087], [FNOP_8087], [FNCLEX], [FNINIT], [FNOP_8087], undefined, undefined, undefined] },
        [FUCOMI, 'T0i'],
        [FCOMI, 'T0i'],
        undefined,
      ],
    },
  },
  0xdc: {
    memory: {
      reg: [
        [FADD.real, 'Mq'],
        [FMUL.real, 'Mq'],
        [FCOM, 'Mq'],
        [FCOMP, 'Mq'],
        [FSUB.real, 'Mq'],
        [FSUBR.real, 'Mq'],
        [FDIV.real, 'Mq'],
        [FDIVR.real, 'Mq'],
      ],
    },
    register: {
      reg: [
        [FADD.other, 'Ti0'],
        [FMUL.other, 'Ti0'],
        [FCOM_REGISTER, 'Ti'],
        [FCOMP_REGISTER, 'Ti'],
        [FSUBR.other, 'Ti0'],
        [FSUB.other, 'Ti0'],
        [FDIVR.other, 'Ti0'],
        [FDIV.other, 'Ti0'],
      ],
    },
  },
  0xdd: {
    memory: {
      reg: [[FLD, 'Mq'], [FISTTP, 'Mq'], [FST, 'Mq'], [FSTP, 'Mq'], [FRSTOR, 'M'], undefined, [FNSAVE, 'M'], [FNSTSW, 'Mw']],
    },
    register: {
      reg: [[FFREE, 'Ti'], [FXCH, 'Ti'], [FST_REGISTER, 'Ti'], [FSTP_REGISTER, 'Ti'], [FUCOM, 'Ti'], [FUCOMP, 'Ti'], undefined, undefined],
    },
  },
  0xde: {
    memory: {
      reg: [
        [FADD.integer, 'Mw'],
        [FMUL.integer, 'Mw'],
        [FICOM, 'Mw'],
        [FICOMP, 'Mw'],
        [FSUB.integer, 'Mw'],
        [FSUBR.integer, 'Mw'],
        [FDIV.integer, 'Mw'],
        [FDIVR.integer, 'Mw'],
      ],
    },
    register: {
      reg: [
        [FADD.otherPop, 'Ti0'],
        [FMUL.otherPop, 'Ti0'],
        [FCOMP_REGISTER, 'Ti'],
        { rm: [undefined, [FCOMPP], undefined, undefined, undefined, undefined, undefined, undefined] },
        [FSUBR.otherPop, 'Ti0'],
        [FSUB.otherPop, 'Ti0'],
        [FDIVR.otherPop, 'Ti0'],
        [FDIV.otherPop, 'Ti0'],
      ],
    },
  },
  0xdf: {
    memory: {
      reg: [
        [FILD, 'Mw'],
        [FISTTP, 'Mw'],
        [FIST, 'Mw'],
        [FISTP, 'Mw'],
        [FBLD, 'Mt'],
        [FILD, 'Mq'],
        [FBSTP, 'Mt'],
        [FISTP, 'Mq'],
      ],
    },
    register: {
      reg: [
        [FFREEP, 'Ti'],
        [FXCH, 'Ti'],
        [FSTP_REGISTER, 'Ti'],
        [FSTP_REGISTER, 'Ti'],
        { rm: [[FNSTSW, 'AX'], undefined, undefined, undefined, undefined, undefined, undefined, undefined] },
        [FUCOMIP, 'T0i'],
        [FCOMIP, 'T0i'],
        undefined,
      ],
    },
  },
};

/** Group 15 (0F AE), memory forms of /0 to /3. */
export const GROUP_15_MEMORY: readonly Cell[] = [
  [FXSAVE, 'M'],
  [FXRSTOR, 'M'],
  [LDMXCSR, 'Md'],
  [STMXCSR, 'Md'],
];
