/**
 * The local APIC's model-specific registers: IA32_APIC_BASE [SDM 3A §11.4.4], IA32_TSC_DEADLINE [SDM 3A §11.5.4.1] and those of x2APIC
 * mode [SDM 3A §11.12.1.2, Table 11-6]. IA32_TIME_STAMP_COUNTER is with them, because the deadline and RDTSC must see one counter.
 */
import {
  DFR,
  DIVIDE_CONFIGURATION,
  EOI,
  ESR,
  ICR_HIGH,
  ICR_LOW,
  INITIAL_COUNT,
  LVT_REGISTERS,
  SELF_IPI,
  SVR,
  TPR,
} from './apic-registers.ts';
import type { ApicMode, LocalApic } from './local-apic.ts';
import type { TimeStampCounter } from './tick-rate.ts';

/** A model-specific register that something beside the CPU owns. */
export interface MsrHandler {
  read(): bigint;
  /** False: the value is not allowed, WRMSR raises #GP(0). */
  write(value: bigint): boolean;
}

export const IA32_TIME_STAMP_COUNTER = 0x10;
export const IA32_APIC_BASE = 0x1b;
export const IA32_TSC_DEADLINE = 0x6e0;
/** First of the x2APIC registers. */
export const X2APIC_MSRS = 0x800;

const BASE_ADDRESS = 0xfee0_0000n;
const BASE_BSP = 1n << 8n;
const BASE_EXTD = 1n << 10n;
const BASE_EN = 1n << 11n;
/** Bits that are neither flags nor within 52 address bits. */
const BASE_RESERVED = ~0xf_ffff_ffff_fd00n & 0xffff_ffff_ffff_ffffn;

/** [SDM 3A Figure 11-27] Transitions that WRMSR refuses: x2APIC mode is entered from xAPIC mode and left to disabled only. */
const REFUSED: ReadonlySet<string> = new Set(['disabled→x2apic', 'x2apic→xapic']);

/** Registers that x2APIC mode lets be written; the ICR is apart. A write to any other is #GP. */
const X2APIC_WRITABLE: ReadonlySet<number> = new Set([TPR, EOI, SVR, ESR, ...LVT_REGISTERS, INITIAL_COUNT, DIVIDE_CONFIGURATION, SELF_IPI]);

/** The handlers by MSR number. */
export function apicMsrs(apic: LocalApic, x2apic: boolean, tsc: TimeStampCounter | undefined): ReadonlyMap<number, MsrHandler> {
  const msrs = new Map<number, MsrHandler>();
  if (tsc !== undefined)
    msrs.set(IA32_TIME_STAMP_COUNTER, {
      read: () => tsc.read(),
      write: (value) => {
        tsc.write(value);
        return true;
      },
    });
  msrs.set(IA32_APIC_BASE, {
    read: () => BASE_ADDRESS | BASE_BSP | (apic.mode === 'disabled' ? 0n : BASE_EN) | (apic.mode === 'x2apic' ? BASE_EXTD : 0n),
    write: (value) => {
      const enabled = (value & BASE_EN) !== 0n;
      const extended = (value & BASE_EXTD) !== 0n;
      if ((value & BASE_RESERVED) !== 0n || (extended && (!x2apic || !enabled))) return false;
      const mode: ApicMode = extended ? 'x2apic' : enabled ? 'xapic' : 'disabled';
      if (REFUSED.has(`${apic.mode}→${mode}`)) return false;
      apic.setMode(mode);
      return true;
    },
  });
  msrs.set(IA32_TSC_DEADLINE, {
    read: () => apic.deadline,
    write: (value) => {
      apic.deadline = BigInt.asUintN(64, value);
      return true;
    },
  });
  if (!x2apic) return msrs;
  for (let index = 0; index <= SELF_IPI; index++) {
    if (index === DFR || index === ICR_HIGH) continue;
    msrs.set(X2APIC_MSRS + index, index === ICR_LOW ? commandMsr(apic) : registerMsr(apic, index));
  }
  return msrs;
}

function registerMsr(apic: LocalApic, index: number): MsrHandler {
  return {
    read: () => (apic.mode === 'x2apic' ? BigInt(apic.readRegister(index)) : 0n),
    write: (value) => {
      if (apic.mode !== 'x2apic' || !X2APIC_WRITABLE.has(index) || value >> 32n !== 0n) return false;
      if ((index === EOI || index === ESR) && value !== 0n) return false;
      apic.writeRegister(index, Number(value));
      return true;
    },
  };
}

function commandMsr(apic: LocalApic): MsrHandler {
  return {
    read: () => (apic.mode === 'x2apic' ? apic.interruptCommand : 0n),
    write: (value) => {
      if (apic.mode !== 'x2apic') return false;
      apic.interruptCommand = BigInt.asUintN(64, value);
      return true;
    },
  };
}
