/**
 * Bits of the control registers and of IA32_EFER, and the widths that this processor has chosen. [SDM 3A §2.2.1, §2.5]
 */
export const CR0_PE = 1;
export const CR0_MP: number = 1 << 1;
export const CR0_EM: number = 1 << 2;
export const CR0_TS: number = 1 << 3;
export const CR0_ET: number = 1 << 4;
export const CR0_NE: number = 1 << 5;
export const CR0_WP: number = 1 << 16;
export const CR0_AM: number = 1 << 18;
export const CR0_NW: number = 1 << 29;
export const CR0_CD: number = 1 << 30;
/** Bit 31, as an unsigned number. */
export const CR0_PG = 0x8000_0000;

export const CR4_TSD: number = 1 << 2;
export const CR4_DE: number = 1 << 3;
export const CR4_PSE: number = 1 << 4;
export const CR4_PAE: number = 1 << 5;
export const CR4_MCE: number = 1 << 6;
export const CR4_PGE: number = 1 << 7;
export const CR4_PCE: number = 1 << 8;
export const CR4_OSFXSR: number = 1 << 9;
export const CR4_OSXMMEXCPT: number = 1 << 10;

export const EFER_SCE = 1;
export const EFER_LME: number = 1 << 8;
export const EFER_LMA: number = 1 << 10;
export const EFER_NXE: number = 1 << 11;

/** MAXPHYADDR: bits of a physical address. CPUID leaf 80000008H tells the guest. */
export const PHYSICAL_ADDRESS_BITS = 40;
/** Bits of a canonical linear address in 64-bit mode. */
export const LINEAR_ADDRESS_BITS = 48;
