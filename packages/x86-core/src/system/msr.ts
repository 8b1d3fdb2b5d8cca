/**
 * Model-specific registers: RDMSR and WRMSR. [SDM 2B, "RDMSR"; SDM 2C, "WRMSR"; SDM 4 ch. 2] A table: what is not in it, and belongs to
 * nobody outside the CPU, is #GP(0); kernels probe with that in mind.
 */
import { CR0_PG, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE } from '../control-bits.ts';
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { type FieldName, SEGMENT_NUMBER } from '../state.ts';
import * as common from './common-case/msr.ts';
import { isCanonicalAddress, requireSupervisor } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

interface Register {
  readonly read: (p: Processor) => bigint;
  /** False: #GP(0), nothing written. */
  readonly write: (p: Processor, value: bigint) => boolean;
}

const field = (name: FieldName, index = 0, valid: (value: bigint) => boolean = () => true): Register => ({
  read: (p) => p.get64(name, index),
  write: (p, value) => {
    if (!valid(value)) return false;
    p.set64(name, value, index);
    return true;
  },
});

/** Reads as `value`; writes are accepted and lost. */
const ignoring = (value: bigint): Register => ({ read: () => value, write: () => true });
/** Reads as `value`; any write is #GP(0). */
const readOnly = (value: bigint): Register => ({ read: () => value, write: () => false });
/** Reads as zero, and only zero may be written. */
const ZERO: Register = { read: () => 0n, write: (_, value) => value === 0n };

/** FS and GS base: a derived field follows them. */
const base = (n: number): Register => ({
  read: (p) => p.get64('segmentBase', n),
  write: (p, value) => {
    if (!isCanonicalAddress(value)) return false;
    p.set64('segmentBase', value, n);
    p.modeChanged();
    return true;
  },
});

const TIMESTAMP: Register = {
  read: (p) => p.timestamp(),
  write: (p, value) => {
    p.set64('tscOffset', BigInt.asUintN(64, p.get64('tscOffset') + value - p.timestamp()));
    return true;
  },
};

const EFER_WRITABLE = BigInt(EFER_SCE | EFER_LME | EFER_NXE);

/** [SDM 3A §2.2.1] LMA follows CR0.PG and LME; LME may not change while paging is on. */
const EFER: Register = {
  read: (p) => p.get64('efer'),
  write: (p, value) => {
    const old = p.get64('efer');
    if ((value & ~(EFER_WRITABLE | BigInt(EFER_LMA))) !== 0n) return false;
    const efer = (value & EFER_WRITABLE) | (old & BigInt(EFER_LMA));
    if (((efer ^ old) & BigInt(EFER_LME)) !== 0n && (p.get64('cr0') & BigInt(CR0_PG)) !== 0n) return false;
    p.set64('efer', efer);
    if (((efer ^ old) & BigInt(EFER_NXE)) !== 0n) p.flushTlb('all');
    p.modeChanged();
    return true;
  },
};

/** Eight memory types of 3 bits each; 2 and 3 are reserved. [SDM 3A §12.12.2] */
function validPat(value: bigint): boolean {
  for (let i = 0n; i < 64n; i += 8n) {
    const type = (value >> i) & 0xffn;
    if (type > 7n || type === 2n || type === 3n) return false;
  }
  return true;
}

/** Fast strings may be switched; what CPUID does not tell of stays as it is. [SDM 4, IA32_MISC_ENABLE] */
const MISC_ENABLE: Register = {
  read: (p) => p.get64('miscEnable'),
  write: (p, value) => {
    p.set64('miscEnable', (p.get64('miscEnable') & ~1n) | (value & 1n));
    return true;
  },
};

const REGISTERS: ReadonlyMap<number, Register> = new Map<number, Register>([
  /** P5_MC_ADDR, P5_MC_TYPE: no machine check has happened. */
  [0x00, ZERO],
  [0x01, ZERO],
  /** IA32_TIME_STAMP_COUNTER */
  [0x10, TIMESTAMP],
  /** IA32_PLATFORM_ID */
  [0x17, readOnly(0n)],
  /** EBL_CR_POWERON */
  [0x2a, ignoring(0n)],
  /** IA32_BIOS_UPDT_TRIG: an update is not loaded, and IA32_BIOS_SIGN_ID goes on saying so. */
  [0x79, ignoring(0n)],
  [0x8b, ignoring(0n)],
  /** IA32_SYSENTER_CS, _ESP, _EIP */
  [0x174, field('sysenterCs')],
  [0x175, field('sysenterEsp', 0, isCanonicalAddress)],
  [0x176, field('sysenterEip', 0, isCanonicalAddress)],
  [0x1a0, MISC_ENABLE],
  /** IA32_DEBUGCTL: no branch is recorded. */
  [0x1d9, ZERO],
  /** IA32_PAT */
  [0x277, field('pat', 0, validPat)],
  [0xc000_0080, EFER],
  /** IA32_STAR, IA32_LSTAR, IA32_CSTAR, IA32_FMASK */
  [0xc000_0081, field('star')],
  [0xc000_0082, field('lstar', 0, isCanonicalAddress)],
  [0xc000_0083, field('cstar', 0, isCanonicalAddress)],
  [0xc000_0084, field('sfmask', 0, (value) => value >> 32n === 0n)],
  /** IA32_FS_BASE, IA32_GS_BASE, IA32_KERNEL_GS_BASE, IA32_TSC_AUX */
  [0xc000_0100, base(SEGMENT_NUMBER.FS)],
  [0xc000_0101, base(SEGMENT_NUMBER.GS)],
  [0xc000_0102, field('kernelGsBase', 0, isCanonicalAddress)],
  [0xc000_0103, field('tscAux', 0, (value) => value >> 32n === 0n)],
]);

/** The bases of FS and GS: common cases read and write them without asking whether somebody else has them. */
const isOwn = (index: number): boolean => index >= 0xc000_0100 && index <= 0xc000_0102;

const indexOf = (value: bigint): number => Number(value & 0xffff_ffffn);

/** MSR[index], all 64 bits. */
export const readMsr: SystemRoutine = systemRoutine(
  'readMsr',
  (p, value = 0n) => {
    requireSupervisor(p);
    const index = indexOf(value);
    return (isOwn(index) ? undefined : p.readExternalMsr(index)) ?? REGISTERS.get(index)?.read(p) ?? p.fault(VECTOR.GP, 0);
  },
  common.readMsr,
);

export const writeMsr: SystemRoutine = systemRoutine(
  'writeMsr',
  (p, number = 0n, value = 0n) => {
    requireSupervisor(p);
    const index = indexOf(number);
    const written = (isOwn(index) ? undefined : p.writeExternalMsr(index, value)) ?? REGISTERS.get(index)?.write(p, value) ?? false;
    if (!written) p.fault(VECTOR.GP, 0);
    p.interruptsMayHaveChanged();
    return undefined;
  },
  common.writeMsr,
);
