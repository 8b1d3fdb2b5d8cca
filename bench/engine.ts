/**
 * How fast the engines run: a few endless loops of one flavour each, on a CPU with its own memory and nothing else. The CPU starts as
 * hardware does, at the reset vector in real mode, and switches itself to flat 32-bit protected mode.
 */
import { AddressSpace } from '@paravirt/bus';
import { Cpu, CpuMemory, type CpuOptions } from '@paravirt/x86-core';
import type { Figure } from './figure.ts';

const ENGINES = ['reference', 'interpreter'] as const satisfies readonly NonNullable<CpuOptions['engine']>[];

const WARM_UP_MS = 200;
const MEASURE_MS = 1000;
/** Instructions between two looks at the clock. */
const SLICE: Readonly<Record<(typeof ENGINES)[number], number>> = { reference: 2_000, interpreter: 1_000_000 };

const ROM = 0xffff_0000;
const ROM_SIZE = 0x1_0000;
const LOW_SIZE = 0x10_0000;
const ENTRY = 0x1000;

const word = (value: number): readonly number[] => [value & 0xff, (value >>> 8) & 0xff];
const dword = (value: number): readonly number[] => [...word(value), ...word(value >>> 16)];

/** Without prologue; each loops for ever. */
const PROGRAMS: Readonly<Record<string, readonly number[]>> = {
  // next: add eax, ecx; xor edx, eax; rol edx, 5; imul eax, eax, 0x01000193; sub ebx, edx; dec ecx; jmp next
  integer: [0x01, 0xc8, 0x31, 0xc2, 0xc1, 0xc2, 0x05, 0x69, 0xc0, ...dword(0x0100_0193), 0x29, 0xd3, 0x49, 0xeb, 0xee],
  // next: mov eax, [esi]; add eax, ecx; mov [esi+4], eax; mov [esi+0x2000], al; add esi, 8; and esi, 0x1ffff; or esi, 0x10000; dec ecx; jmp
  memory: [
    ...[0x8b, 0x06, 0x01, 0xc8, 0x89, 0x46, 0x04, 0x88, 0x86, ...dword(0x2000), 0x83, 0xc6, 0x08],
    ...[0x81, 0xe6, ...dword(0x1_ffff), 0x81, 0xce, ...dword(0x1_0000), 0x49, 0xeb, 0xe1],
  ],
  // next: push ecx; call f; pop ecx; dec ecx; jmp next; hlt; f: push ebp; mov ebp, esp; mov eax, [ebp+8]; pop ebp; ret
  calls: [0x51, 0xe8, ...dword(5), 0x59, 0x49, 0xeb, 0xf6, 0xf4, 0x55, 0x89, 0xe5, 0x8b, 0x45, 0x08, 0x5d, 0xc3],
  // fninit; fld1; next: fld1; faddp; fldpi; fmul st0, st1; fstp qword [0x8000]; dec ecx; jmp next
  x87: [...[0xdb, 0xe3, 0xd9, 0xe8], ...[0xd9, 0xe8, 0xde, 0xc1, 0xd9, 0xeb, 0xd8, 0xc9, 0xdd, 0x1d, ...dword(0x8000), 0x49, 0xeb, 0xef]],
  // next: cvtsi2sd xmm0, ecx; mulsd xmm0, xmm0; addsd xmm1, xmm0; paddd xmm2, xmm1; dec ecx; jmp next
  sse2: [...[0xf2, 0x0f, 0x2a, 0xc1, 0xf2, 0x0f, 0x59, 0xc0, 0xf2, 0x0f, 0x58, 0xc8, 0x66, 0x0f, 0xfe, 0xd1], ...[0x49, 0xeb, 0xed]],
  // next: mov edi, 0x10000; mov ecx, 0x1000; mov esi, 0x20000; rep movsd; jmp next
  strings: [0xbf, ...dword(0x1_0000), 0xb9, ...dword(0x1000), 0xbe, ...dword(0x2_0000), 0xf3, 0xa5, 0xeb, 0xed],
};

/** In real mode at the start of the ROM: loads the GDT at 0x108, sets CR0.PE, jumps to ENTRY. */
const TO_PROTECTED_MODE: readonly number[] = [
  ...[0x2e, 0x66, 0x0f, 0x01, 0x16, ...word(0x100)], // lgdt cs:[0x100]
  ...[0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0], // mov eax, cr0; or al, 1; mov cr0, eax
  ...[0x66, 0xea, ...dword(ENTRY), ...word(8)], // jmp 8:ENTRY
];
const GDT: readonly number[] = [
  ...[...dword(0), ...dword(0)],
  ...[0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0], // flat 32-bit code
  ...[0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0], // flat data
];
/** Data segments, a stack, CR4.OSFXSR. */
const PROLOGUE: readonly number[] = [
  ...[0x66, 0xb8, ...word(0x10), 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, ...dword(0x8000)],
  ...[0xb8, ...dword(0x200), 0x0f, 0x22, 0xe0],
];

function cpuWith(program: readonly number[], engine: (typeof ENGINES)[number]): Cpu {
  const memory = new CpuMemory({
    ram: [
      { address: 0, size: LOW_SIZE },
      { address: ROM, size: ROM_SIZE },
    ],
  });
  memory.ram.write(ROM, Uint8Array.from(TO_PROTECTED_MODE));
  memory.ram.write(ROM + 0x100, Uint8Array.from([...word(GDT.length - 1), ...dword(ROM + 0x108), 0, 0, ...GDT]));
  memory.ram.write(ROM + 0xfff0, Uint8Array.of(0xe9, ...word(-0xfff3))); // jmp 0
  memory.ram.write(ENTRY, Uint8Array.from([...PROLOGUE, ...program]));
  return new Cpu({ memory, ports: new AddressSpace('ports', 0x1_0000), mmio: new AddressSpace('mmio', 2 ** 40), engine });
}

/** Runs slices for `ms`; million instructions per second. NaN if the CPU does not have an instruction of the loop. */
function rate(cpu: Cpu, slice: number, ms: number): number {
  const [start, before] = [performance.now(), cpu.retired];
  let elapsed = 0;
  do {
    if (cpu.run(slice).kind !== 'budget') return Number.NaN;
    elapsed = performance.now() - start;
  } while (elapsed < ms);
  return Number(cpu.retired - before) / 1e3 / elapsed;
}

/** One figure for each engine and program. A string instruction counts as often as the CPU counts it. */
export function* engineFigures(): Iterable<readonly Figure[]> {
  for (const engine of ENGINES) {
    for (const [name, program] of Object.entries(PROGRAMS)) {
      const cpu = cpuWith(program, engine);
      rate(cpu, SLICE[engine], WARM_UP_MS);
      yield [{ name: `${engine}: ${name}`, value: rate(cpu, SLICE[engine], MEASURE_MS), unit: 'million instructions/s' }];
    }
  }
}
