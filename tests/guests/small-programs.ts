/**
 * Programs of a few bytes that need no Debian: ROMs that the CPU starts at the reset vector, in real mode, and a multiboot-1 kernel. Written
 * as bytes with their mnemonics beside.
 */

const ROM_SIZE = 0x1_0000;
/** [SDM 3A §10.1.4] First instruction after reset: F000:FFF0 at the top of 4 GiB. */
const RESET_VECTOR = 0xfff0;

/** A ROM of 64 KiB whose reset vector jumps to `program` at F000:0000. */
function rom(program: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(ROM_SIZE).fill(0xf4); // hlt
  bytes.set(program, 0);
  bytes.set([0xe9, ...word(-(RESET_VECTOR + 3))], RESET_VECTOR); // jmp 0000
  return bytes;
}

const word = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff];
const dword = (value: number): readonly number[] => [...word(value), ...word(value >>> 16)];

/** Writes `text` to the debug console at port 0xE9, then `status` to `exitPort`. */
export function romThatExits(text: string, exitPort: number, status: number): Uint8Array {
  const print = [...text].flatMap((character) => [0xb0, character.charCodeAt(0), 0xe6, 0xe9]); // mov al, c; out 0xe9, al
  return rom([...print, 0xb0, status, 0xe6, exitPort, 0xf4]); // mov al, status; out exitPort, al; hlt
}

/** Loads an IDTR with limit 0, then interrupts: no vector can be delivered, not even #DF. */
export function romThatTripleFaults(): Uint8Array {
  const idtr = 0x100;
  const bytes = rom([0x2e, 0x0f, 0x01, 0x1e, ...word(idtr), 0xcc]); // lidt cs:[idtr]; int3
  bytes.fill(0, idtr, idtr + 6);
  return bytes;
}

/** Halts with interrupts disabled: nothing will ever wake it. */
export function romThatHalts(): Uint8Array {
  return rom([0xfa, 0xf4, 0xeb, 0xfd]); // cli; hlt; jmp to the hlt
}

/** Jumps to itself. */
export function romThatLoops(): Uint8Array {
  return rom([0xeb, 0xfe]);
}

/**
 * [Multiboot 0.6.96 §3.1] An ELF kernel for 32-bit protected mode with one segment at 1 MiB, that runs `program` (at 0x10_0010).
 */
export function multibootKernel(program: readonly number[]): Uint8Array {
  const load = 0x10_0000;
  const fileOffset = 0x1000;
  const magic = 0x1bad_b002;
  const segment = [...dword(magic), ...dword(0), ...dword(-magic), ...dword(0), ...program];
  const elf = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]; // ELFCLASS32, little-endian
  elf.push(...word(2), ...word(3), ...dword(1), ...dword(load + 0x10)); // ET_EXEC, EM_386, e_entry
  elf.push(...dword(52), ...dword(0), ...dword(0)); // e_phoff, e_shoff, e_flags
  elf.push(...word(52), ...word(32), ...word(1), ...word(0), ...word(0), ...word(0));
  elf.push(...dword(1), ...dword(fileOffset), ...dword(load), ...dword(load)); // PT_LOAD
  elf.push(...dword(segment.length), ...dword(segment.length), ...dword(7), ...dword(0x1000));
  const bytes = new Uint8Array(fileOffset + segment.length);
  bytes.set(elf);
  bytes.set(segment, fileOffset);
  return bytes;
}

/** Jumps where nothing is: all ones is an invalid opcode, and there is no IDT. */
export const JUMP_INTO_NOWHERE: readonly number[] = [0xb8, ...dword(0xf000_0000), 0xff, 0xe0]; // mov eax, 0xf0000000; jmp eax

/** Writes 'P' to the first serial port, then S5 with SLP_EN to the ACPI PM1a control register, where our DSDT and FADT have them. */
export const PRINT_AND_POWER_OFF: readonly number[] = [
  ...[0x66, 0xba, ...word(0x3f8), 0xb0, 0x50, 0xee], // mov dx, 0x3f8; mov al, 'P'; out dx, al
  ...[0x66, 0xba, ...word(0x604), 0x66, 0xb8, ...word(0x2000), 0x66, 0xef, 0xf4], // mov dx, 0x604; mov ax, 0x2000; out dx, ax; hlt
];
