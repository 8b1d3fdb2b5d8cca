/**
 * The local APIC's register numbers and bit fields. [SDM 3A Table 11-1 "Local APIC Register Address Map"] A register's number is its
 * offset in the page / 16, which is its x2APIC MSR minus 800h [SDM 3A Table 11-6].
 */

export const ID = 0x02;
export const VERSION = 0x03;
export const TPR = 0x08;
export const PPR = 0x0a;
export const EOI = 0x0b;
export const LDR = 0x0d;
export const DFR = 0x0e;
export const SVR = 0x0f;
export const ISR = 0x10;
export const TMR = 0x18;
export const IRR = 0x20;
export const ESR = 0x28;
export const ICR_LOW = 0x30;
export const ICR_HIGH = 0x31;
export const LVT_TIMER = 0x32;
export const LVT_THERMAL = 0x33;
export const LVT_PERFORMANCE = 0x34;
export const LVT_LINT0 = 0x35;
export const LVT_LINT1 = 0x36;
export const LVT_ERROR = 0x37;
export const INITIAL_COUNT = 0x38;
export const CURRENT_COUNT = 0x39;
export const DIVIDE_CONFIGURATION = 0x3e;
export const SELF_IPI = 0x3f;

/** [SDM 3A §11.4.8] Version 14h, six LVT entries, EOI broadcast can be suppressed. */
export const VERSION_VALUE = 0x0105_0014;
/** [SDM 3A Figure 11-23] Spurious-interrupt vector register. */
export const SVR_ENABLED: number = 1 << 8;
export const SVR_SUPPRESS_EOI_BROADCAST: number = 1 << 12;
export const SVR_WRITABLE = 0x13ff;
/** [SDM 3A Figure 11-8] LVT fields. */
export const LVT_REMOTE_IRR: number = 1 << 14;
export const LVT_LEVEL: number = 1 << 15;
export const LVT_MASKED: number = 1 << 16;
/** The entries, and what a write stores in each. */
export const LVT_REGISTERS: readonly number[] = [LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR];
export const LVT_WRITABLE: Readonly<Record<number, number>> = {
  [LVT_TIMER]: 0x7_00ff,
  [LVT_THERMAL]: 0x1_07ff,
  [LVT_PERFORMANCE]: 0x1_07ff,
  [LVT_LINT0]: 0x1_a7ff,
  [LVT_LINT1]: 0x1_a7ff,
  [LVT_ERROR]: 0x1_00ff,
};
/** [SDM 3A Figure 11-9] Error status register. */
export const ESR_SEND_ILLEGAL_VECTOR: number = 1 << 5;
export const ESR_RECEIVE_ILLEGAL_VECTOR: number = 1 << 6;
export const ESR_ILLEGAL_REGISTER: number = 1 << 7;
/** [SDM 3A Figure 11-12] Interrupt command register. */
export const ICR_WRITABLE = 0xc_cfff;
export const ICR_LOGICAL: number = 1 << 11;
export const ICR_ASSERT: number = 1 << 14;
export const ICR_LEVEL: number = 1 << 15;
