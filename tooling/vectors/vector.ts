/** One recorded instruction, and the machine that its file describes. [vectors/README.md] */

export type Mode = 'i386' | 'x86_64';

/** Registers, flags and memory of a case: hex strings by name, and memory as [address, bytes]. */
export interface Snapshot {
  readonly [name: string]: string | number | readonly (readonly [string, string])[] | undefined;
  readonly mem?: readonly (readonly [string, string])[];
}

export interface Vector {
  readonly id: string;
  readonly asm: string;
  readonly bytes: string;
  readonly in: Snapshot;
  readonly out?: Snapshot;
  readonly exc?: string;
  readonly err?: number;
  readonly cr2?: string;
  readonly outany?: number;
  readonly undef?: number;
  readonly undeffsw?: number;
  readonly undefreg?: readonly string[];
  readonly undefhi?: readonly string[];
  readonly undefmem?: readonly (readonly [string, number])[];
  readonly approx?: 'x87' | 'rcp' | 'fprem';
}

/** Vector numbers of the exceptions that cases name. */
export const EXCEPTION: Readonly<Record<string, number>> = {
  '#DE': 0,
  '#DB': 1,
  '#BP': 3,
  '#OF': 4,
  '#BR': 5,
  '#UD': 6,
  '#SS': 12,
  '#GP': 13,
  '#PF': 14,
  '#MF': 16,
  '#XM': 19,
};

export const CODE = 0x2000_0000;
export const CODE_RIP = 0x2000_0800;
export const WINDOW = 0x1000_0000;
export const WINDOW_SIZE = 0x2000;
export const LOW_WINDOW = 0x8000;
export const LOW_WINDOW_SIZE = 0x1000;

/** The pattern that fills a window. */
export const pattern = (offset: number): number => (offset * 0x9d + (offset >> 8) * 0x35 + 0x3b) & 0xff;

export const GENERAL: Readonly<Record<Mode, readonly string[]>> = {
  i386: ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'],
  x86_64: ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
};

export const defaultGeneral = (number: number): bigint =>
  number === 4 ? 0x1000_1800n : 0xa0b0_c0d0_e0f0_1020n + BigInt(number) * 0x0101_0101_0101_0101n;

export const fromHex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

export const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** The bits of EFLAGS that cases speak of. */
export const FLAGS_COMPARED = 0x200cd5;
