/**
 * System instructions. [SDM 1 §5.21; SDM 3A ch. 2] What they change and who may is in system/; here is only which operands they take. One
 * whose memory operand counts only for a supervisor asks for CPL 0 before it looks there.
 */

import type { FieldName } from '../state.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import {
  accessRights,
  clearTaskSwitched,
  cpuid,
  halt,
  hypercall,
  invalidateCaches,
  invalidatePage,
  loadGdt,
  loadIdt,
  loadLdt,
  loadMachineStatus,
  loadTask,
  readControl,
  readDebug,
  readMsr,
  readPerformance,
  readTimestamp,
  readTimestampAux,
  requireProtected,
  requireSystemDescriptorRead,
  segmentLimit,
  swapGs,
  systemCall,
  systemEnter,
  systemExit,
  systemReturn,
  verifyRead,
  verifyWrite,
  writeControl,
  writeDebug,
  writeMsr,
} from '../system/index.ts';
import type { SystemRoutine } from '../system/routine.ts';
import { binary, type Instruction, nullary, unary } from './instruction.ts';
import type { Language } from './language.ts';
import { bitAt, requireSupervisor, resize, selectorOf } from './phrases.ts';

const RAX = 0;
const RCX = 1;
const RDX = 2;

/** MOV r, CRn. [SDM 2B, "MOV—Move to/from Control Registers"] */
export const MOV_FROM_CONTROL: Instruction = binary('MOV', (x, dest, register) => {
  dest.write(resize(x, x.system(readControl, register.read()), 64, dest.width));
});
/** MOV CRn, r. [SDM 2B, "MOV—Move to/from Control Registers"] */
export const MOV_TO_CONTROL: Instruction = binary('MOV', (x, register, src) => {
  x.system(writeControl, register.read(), src.read());
});
/** MOV r, DRn. [SDM 2B, "MOV—Move to/from Debug Registers"] */
export const MOV_FROM_DEBUG: Instruction = binary('MOV', (x, dest, register) => {
  dest.write(resize(x, x.system(readDebug, register.read()), 64, dest.width));
});
/** MOV DRn, r. [SDM 2B, "MOV—Move to/from Debug Registers"] */
export const MOV_TO_DEBUG: Instruction = binary('MOV', (x, register, src) => {
  x.system(writeDebug, register.read(), src.read());
});

/** CLTS: CR0.TS ← 0. [SDM 2A, "CLTS—Clear Task-Switched Flag in CR0"] */
export const CLTS: Instruction = nullary('CLTS', (x) => {
  x.system(clearTaskSwitched);
});
/** LMSW: CR0[3:0] ← SRC[3:0], PE only upward. [SDM 2A, "LMSW—Load Machine Status Word"] */
export const LMSW: Instruction = unary('LMSW', (x, src) => {
  requireSupervisor(x);
  x.system(loadMachineStatus, src.read());
});
/** SMSW: DEST ← CR0, its low 16 bits in memory. [SDM 2B, "SMSW—Store Machine Status Word"] */
export const SMSW: Instruction = unary('SMSW', (x, dest) => {
  x.system(requireSystemDescriptorRead);
  dest.write(resize(x, x.field('cr0').read(), 64, dest.width));
});

/** SGDT, SIDT: memory ← limit (16 bits), base (32 bits, 64 in 64-bit mode). */
const storeTable = (mnemonic: string, limit: FieldName, base: FieldName): Instruction =>
  unary(
    mnemonic,
    (x, dest) => {
      x.system(requireSystemDescriptorRead);
      const baseWidth = x.codeWidth === 64 ? 64 : 32;
      x.probe(dest, 2 + baseWidth / 8, 'write');
      x.part(dest, 0, 16).write(x.truncate(x.field(limit).read(), 32, 16));
      x.part(dest, 2, baseWidth).write(resize(x, x.field(base).read(), 64, baseWidth));
    },
    { code: true },
  );
/** SGDT. [SDM 2B, "SGDT—Store Global Descriptor Table Register"] */
export const SGDT: Instruction = storeTable('SGDT', 'gdtrLimit', 'gdtrBase');
/** SIDT. [SDM 2B, "SIDT—Store Interrupt Descriptor Table Register"] */
export const SIDT: Instruction = storeTable('SIDT', 'idtrLimit', 'idtrBase');

/** LGDT, LIDT: limit and base from memory; a 16-bit operand size takes 24 bits of base. */
const loadTable = (mnemonic: string, routine: SystemRoutine): Instruction =>
  unary(
    mnemonic,
    (x, src) => {
      requireSupervisor(x);
      const baseWidth = x.codeWidth === 64 ? 64 : 32;
      const limit = x.bind(x.part(src, 0, 16).read());
      const base = x.bind(x.part(src, 2, baseWidth).read());
      const narrow = x.codeWidth !== 64 && x.width === 16;
      x.system(routine, limit, narrow ? x.and(base, x.constant(0xff_ffff, 32), 32) : base);
    },
    { code: true, sized: true },
  );
/** LGDT. [SDM 2A, "LGDT/LIDT—Load Global/Interrupt Descriptor Table Register"] */
export const LGDT: Instruction = loadTable('LGDT', loadGdt);
/** LIDT. [SDM 2A, "LGDT/LIDT—Load Global/Interrupt Descriptor Table Register"] */
export const LIDT: Instruction = loadTable('LIDT', loadIdt);

/** SLDT, STR: DEST ← selector, zero-extended in a register. */
const storeSelector = (mnemonic: string, number: number): Instruction =>
  unary(mnemonic, (x, dest) => {
    x.system(requireProtected);
    x.system(requireSystemDescriptorRead);
    dest.write(resize(x, selectorOf(x, x.constant(number, 32)), 16, dest.width));
  });
/** SLDT. [SDM 2B, "SLDT—Store Local Descriptor Table Register"] */
export const SLDT: Instruction = storeSelector('SLDT', SEGMENT_NUMBER.LDTR);
/** STR. [SDM 2B, "STR—Store Task Register"] */
export const STR: Instruction = storeSelector('STR', SEGMENT_NUMBER.TR);

const loadSelector = (mnemonic: string, routine: SystemRoutine): Instruction =>
  unary(mnemonic, (x, src) => {
    x.system(requireProtected);
    requireSupervisor(x);
    x.system(routine, src.read());
  });
/** LLDT. [SDM 2A, "LLDT—Load Local Descriptor Table Register"] */
export const LLDT: Instruction = loadSelector('LLDT', loadLdt);
/** LTR. [SDM 2A, "LTR—Load Task Register"] */
export const LTR: Instruction = loadSelector('LTR', loadTask);

/** VERR, VERW: ZF ← whether the segment may be used so from here. */
const verify = (mnemonic: string, routine: SystemRoutine): Instruction =>
  unary(mnemonic, (x, selector) => {
    x.system(requireProtected);
    const allowed = x.bind(x.system(routine, selector.read()));
    x.setFlags({ ZF: x.truncate(allowed, 64, 8) });
  });
/** VERR. [SDM 2C, "VERR/VERW—Verify a Segment for Reading or Writing"] */
export const VERR: Instruction = verify('VERR', verifyRead);
/** VERW. [SDM 2C, "VERR/VERW—Verify a Segment for Reading or Writing"] */
export const VERW: Instruction = verify('VERW', verifyWrite);

/** LAR, LSL: the routine gives bit 32 = it may be known, bits 31–0 = it; ZF ← may, and only then DEST ← it. */
const inspect = (mnemonic: string, routine: SystemRoutine): Instruction =>
  binary(mnemonic, (x, dest, selector) => {
    x.system(requireProtected);
    const answer = x.bind(x.system(routine, selector.read()));
    const known = x.bind(bitAt(x, answer, 32, 64));
    x.when(known, () => {
      dest.write(resize(x, x.truncate(answer, 64, 32), 32, dest.width));
    });
    x.setFlags({ ZF: known });
  });
/** LAR: access rights, as the second doubleword of the descriptor masked with 00FxFF00h. [SDM 2A, "LAR—Load Access Rights"] */
export const LAR: Instruction = inspect('LAR', accessRights);
/** LSL: limit in bytes. [SDM 2A, "LSL—Load Segment Limit"] */
export const LSL: Instruction = inspect('LSL', segmentLimit);

/** INVLPG: drops the translation of the operand's page. [SDM 2A, "INVLPG—Invalidate TLB Entries"] */
export const INVLPG: Instruction = unary('INVLPG', (x, operand) => {
  x.system(invalidatePage, x.linearAddress(operand));
});
/** WBINVD: writes caches back and empties them; here they are invisible. [SDM 2C, "WBINVD"] */
export const WBINVD: Instruction = nullary('WBINVD', (x) => {
  x.system(invalidateCaches);
});
/** INVD: empties caches without writing them back. [SDM 2A, "INVD—Invalidate Internal Caches"] */
export const INVD: Instruction = nullary('INVD', (x) => {
  x.system(invalidateCaches);
});
/** HLT. [SDM 2A, "HLT—Halt"] */
export const HLT: Instruction = nullary('HLT', (x) => {
  x.system(halt);
});

/** EDX:EAX ← a 64-bit value. */
function writePair<V>(x: Language<V>, value: V): void {
  x.gpr(RAX, 32).write(x.truncate(value, 64, 32));
  x.gpr(RDX, 32).write(x.truncate(x.shr(value, x.constant(32, 64), 64), 64, 32));
}

/** RDTSC: EDX:EAX ← time stamp counter. [SDM 2B, "RDTSC—Read Time-Stamp Counter"] */
export const RDTSC: Instruction = nullary('RDTSC', (x) => writePair(x, x.bind(x.system(readTimestamp))));
/** RDTSCP: and ECX ← IA32_TSC_AUX. [SDM 2B, "RDTSCP—Read Time-Stamp Counter and Processor ID"] */
export const RDTSCP: Instruction = nullary('RDTSCP', (x) => {
  const time = x.bind(x.system(readTimestamp));
  const processor = x.bind(x.system(readTimestampAux));
  writePair(x, time);
  x.gpr(RCX, 32).write(x.truncate(processor, 64, 32));
});
/** RDPMC: EDX:EAX ← performance counter ECX. [SDM 2B, "RDPMC—Read Performance-Monitoring Counters"] */
export const RDPMC: Instruction = nullary('RDPMC', (x) => writePair(x, x.bind(x.system(readPerformance, x.gpr(RCX, 32).read()))));
/** RDMSR: EDX:EAX ← MSR[ECX]. [SDM 2B, "RDMSR—Read From Model Specific Register"] */
export const RDMSR: Instruction = nullary('RDMSR', (x) => writePair(x, x.bind(x.system(readMsr, x.gpr(RCX, 32).read()))));
/** WRMSR: MSR[ECX] ← EDX:EAX. [SDM 2C, "WRMSR—Write to Model Specific Register"] */
export const WRMSR: Instruction = nullary('WRMSR', (x) => {
  const high = x.shl(resize(x, x.gpr(RDX, 32).read(), 32, 64), x.constant(32, 64), 64);
  x.system(writeMsr, x.gpr(RCX, 32).read(), x.or(high, resize(x, x.gpr(RAX, 32).read(), 32, 64), 64));
});
/** CPUID: EAX EBX ECX EDX ← what this processor is. [SDM 2A, "CPUID—CPU Identification"] */
export const CPUID: Instruction = nullary('CPUID', (x) => {
  x.system(cpuid, x.gpr(RAX, 32).read(), x.gpr(RCX, 32).read());
});

/** SYSCALL. [SDM 2B, "SYSCALL—Fast System Call"] */
export const SYSCALL: Instruction = nullary('SYSCALL', (x) => {
  x.system(systemCall);
});
/** SYSRET: to 64-bit code with operand size 64, else to compatibility mode. [SDM 2B, "SYSRET—Return From Fast System Call"] */
export const SYSRET: Instruction = nullary(
  'SYSRET',
  (x) => {
    x.system(systemReturn, x.constant(x.width, 64));
  },
  { sized: true, mnemonics: { 16: 'SYSRET', 32: 'SYSRET', 64: 'SYSRETQ' } },
);
/** SYSENTER. [SDM 2B, "SYSENTER—Fast System Call"] */
export const SYSENTER: Instruction = nullary('SYSENTER', (x) => {
  x.system(systemEnter);
});
/** SYSEXIT: to 64-bit code with operand size 64. [SDM 2B, "SYSEXIT—Fast Return from Fast System Call"] */
export const SYSEXIT: Instruction = nullary(
  'SYSEXIT',
  (x) => {
    x.system(systemExit, x.constant(x.width, 64));
  },
  { sized: true, mnemonics: { 16: 'SYSEXIT', 32: 'SYSEXIT', 64: 'SYSEXITQ' } },
);
/** SWAPGS: GS base and IA32_KERNEL_GS_BASE change places. [SDM 2B, "SWAPGS—Swap GS Base Register"] */
export const SWAPGS: Instruction = nullary('SWAPGS', (x) => {
  x.system(swapGs);
});

/** VMCALL: to what is beneath the processor. [SDM 3C, "VMCALL—Call to VM Monitor"] */
export const VMCALL: Instruction = nullary('VMCALL', (x) => {
  x.system(hypercall);
});
/** VMMCALL: the same in the other vendor's spelling. [APM 3, "VMMCALL"] */
export const VMMCALL: Instruction = nullary('VMMCALL', (x) => {
  x.system(hypercall);
});
