/**
 * Control registers: what may be written, and what follows. [SDM 2B, "MOV—Move to/from Control Registers"; SDM 3A §2.5, §4.1.2 entering
 * IA-32e mode §9.8.5, §4.4.1 PDPTE registers]
 */
import {
  CR0_AM,
  CR0_CD,
  CR0_EM,
  CR0_ET,
  CR0_MP,
  CR0_NE,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_TS,
  CR0_WP,
  CR4_DE,
  CR4_MCE,
  CR4_OSFXSR,
  CR4_OSXMMEXCPT,
  CR4_PAE,
  CR4_PCE,
  CR4_PGE,
  CR4_PSE,
  CR4_TSD,
  EFER_LMA,
  EFER_LME,
  PHYSICAL_ADDRESS_BITS,
} from '../control-bits.ts';
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import * as common from './common-case/registers.ts';
import { is64BitCode, isLongMode, TYPE } from './descriptor.ts';
import { requireSupervisor } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

const PG = BigInt(CR0_PG);
const PE = BigInt(CR0_PE);
const CD = BigInt(CR0_CD);
const NW = BigInt(CR0_NW);
const PAE = BigInt(CR4_PAE);
const LMA = BigInt(EFER_LMA);
const LME = BigInt(EFER_LME);

/** Other bits of CR0 are ignored when written and read as zero. */
const CR0_DEFINED = BigInt(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD) | PG;
/** Bits of CR4 that exist here; others are reserved. */
const CR4_DEFINED = BigInt(CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT);
/** Changes of these flush the TLB. [SDM 3A §4.10.4.1] */
const CR0_PAGING = BigInt(CR0_WP | CR0_PE) | PG;
const CR4_PAGING = BigInt(CR4_PSE | CR4_PAE | CR4_PGE);

const hasPaePaging = (cr0: bigint, cr4: bigint, efer: bigint): boolean => (cr0 & PG) !== 0n && (cr4 & PAE) !== 0n && (efer & LMA) === 0n;

export const readControl: SystemRoutine = systemRoutine(
  'readControl',
  (p, number = 0n) => {
    const n = Number(number);
    if (n !== 0 && n !== 2 && n !== 3 && n !== 4 && n !== 8) return p.fault(VECTOR.UD);
    requireSupervisor(p);
    if (n === 8) return BigInt(p.readTaskPriority() & 15);
    return p.get64(n === 0 ? 'cr0' : n === 2 ? 'cr2' : n === 3 ? 'cr3' : 'cr4');
  },
  common.readControl,
);

export const writeControl: SystemRoutine = systemRoutine(
  'writeControl',
  (p, number = 0n, value = 0n) => {
    const n = Number(number);
    if (n !== 0 && n !== 2 && n !== 3 && n !== 4 && n !== 8) p.fault(VECTOR.UD);
    requireSupervisor(p);
    if (n === 0) writeCr0(p, value);
    else if (n === 2) p.set64('cr2', value);
    else if (n === 3) writeCr3(p, value);
    else if (n === 4) writeCr4(p, value);
    else writeCr8(p, value);
    return undefined;
  },
  common.writeControl,
);

function writeCr0(p: Processor, value: bigint): void {
  const invalid = (): never => p.fault(VECTOR.GP, 0);
  if (value >> 32n !== 0n) invalid();
  const cr0 = (value & CR0_DEFINED) | BigInt(CR0_ET);
  const old = p.get64('cr0');
  const cr4 = p.get64('cr4');
  let efer = p.get64('efer');
  if ((cr0 & PG) !== 0n && (cr0 & PE) === 0n) invalid();
  if ((cr0 & NW) !== 0n && (cr0 & CD) === 0n) invalid();
  const enables = (cr0 & PG) !== 0n && (old & PG) === 0n;
  const disables = (cr0 & PG) === 0n && (old & PG) !== 0n;
  if (enables && (efer & LME) !== 0n) {
    if ((cr4 & PAE) === 0n || (p.get('segmentAttributes', SEGMENT_NUMBER.CS) & 0x2000) !== 0) invalid();
    const tr = p.get('segmentAttributes', SEGMENT_NUMBER.TR) & 15;
    if (tr === TYPE.TSS_16 || tr === TYPE.TSS_16_BUSY) invalid();
    efer |= LMA;
  }
  if (disables) {
    if (is64BitCode(p)) invalid();
    efer &= ~LMA;
  }
  if (enables && hasPaePaging(cr0, cr4, efer) && !p.loadPdptes(p.get64('cr3'))) invalid();
  p.set64('efer', efer);
  p.set64('cr0', cr0);
  if (((cr0 ^ old) & CR0_PAGING) !== 0n) p.flushTlb('all');
  p.modeChanged();
}

function writeCr3(p: Processor, value: bigint): void {
  if (value >> BigInt(PHYSICAL_ADDRESS_BITS) !== 0n) p.fault(VECTOR.GP, 0);
  if (hasPaePaging(p.get64('cr0'), p.get64('cr4'), p.get64('efer')) && !p.loadPdptes(value)) p.fault(VECTOR.GP, 0);
  p.set64('cr3', value);
  p.flushTlb('non-global');
}

function writeCr4(p: Processor, value: bigint): void {
  if ((value & ~CR4_DEFINED) !== 0n) p.fault(VECTOR.GP, 0);
  if (isLongMode(p) && (value & PAE) === 0n) p.fault(VECTOR.GP, 0);
  const changed = (value ^ p.get64('cr4')) & CR4_PAGING;
  if (changed !== 0n && hasPaePaging(p.get64('cr0'), value, p.get64('efer')) && !p.loadPdptes(p.get64('cr3'))) p.fault(VECTOR.GP, 0);
  p.set64('cr4', value);
  if (changed !== 0n) p.flushTlb('all');
  p.modeChanged();
}

function writeCr8(p: Processor, value: bigint): void {
  if (value > 15n) p.fault(VECTOR.GP, 0);
  p.writeTaskPriority(Number(value));
  p.interruptsMayHaveChanged();
}

/** CLTS. [SDM 2A, "CLTS"] */
export const clearTaskSwitched: SystemRoutine = systemRoutine('clearTaskSwitched', (p) => {
  requireSupervisor(p);
  p.set64('cr0', p.get64('cr0') & ~BigInt(CR0_TS));
  p.modeChanged();
  return undefined;
});

/** LMSW: PE MP EM TS from the low four bits; PE is never cleared. [SDM 2A, "LMSW"] */
export const loadMachineStatus: SystemRoutine = systemRoutine('loadMachineStatus', (p, value = 0n) => {
  requireSupervisor(p);
  const old = p.get64('cr0');
  writeCr0(p, (old & ~0xen) | (value & 15n));
  return undefined;
});

/** INVLPG. [SDM 2A, "INVLPG"] */
export const invalidatePage: SystemRoutine = systemRoutine('invalidatePage', (p, linear = 0n) => {
  requireSupervisor(p);
  p.flushTlb(linear);
  return undefined;
});

/** INVD, WBINVD: memory is always coherent here. [SDM 2A, "INVD"; SDM 2C, "WBINVD"] */
export const invalidateCaches: SystemRoutine = systemRoutine('invalidateCaches', (p) => {
  requireSupervisor(p);
  return undefined;
});
