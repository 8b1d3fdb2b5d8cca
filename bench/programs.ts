/**
 * The fixed programs of the engine figures, as bytes: endless loops of one flavour each. They are loaded at ENTRY (bare-cpu.ts); `round` is
 * how many instructions retire in one turn of the loop, for those whose turns are what is measured.
 */
import { ENTRY, FAULTING_ADDRESS, HANDLERS, type Mode } from './bare-cpu.ts';

export interface Program {
  readonly mode: Mode;
  readonly code: readonly number[];
  readonly round?: number;
  /** Further code, by address. */
  readonly more?: Readonly<Record<number, readonly number[]>>;
}

export const word = (value: number): readonly number[] => [value & 0xff, (value >>> 8) & 0xff];
export const dword = (value: number): readonly number[] => [...word(value), ...word(value >>> 16)];
const qword = (value: number): readonly number[] => [...dword(value), ...dword(Math.floor(value / 2 ** 32))];

const TABLE = 0x3000;
const RING = 0x10_0000;

/** Loops that are measured by their rate. */
export const LOOPS: Readonly<Record<string, Program>> = {
  // next: add eax, ecx; xor edx, eax; rol edx, 5; imul eax, eax, 0x01000193; sub ebx, edx; dec ecx; jmp next
  integer: {
    mode: 'protected',
    code: [0x01, 0xc8, 0x31, 0xc2, 0xc1, 0xc2, 0x05, 0x69, 0xc0, ...dword(0x0100_0193), 0x29, 0xd3, 0x49, 0xeb, 0xee],
  },
  // next: mov eax, [esi]; add eax, ecx; mov [esi+4], eax; mov [esi+0x2000], al; add esi, 8; and esi, 0x1ffff; or esi, 0x10000; dec ecx; jmp
  memory: {
    mode: 'protected',
    code: [
      ...[0x8b, 0x06, 0x01, 0xc8, 0x89, 0x46, 0x04, 0x88, 0x86, ...dword(0x2000), 0x83, 0xc6, 0x08],
      ...[0x81, 0xe6, ...dword(0x1_ffff), 0x81, 0xce, ...dword(0x1_0000), 0x49, 0xeb, 0xe1],
    ],
  },
  // next: push ecx; call f; pop ecx; dec ecx; jmp next; hlt; f: push ebp; mov ebp, esp; mov eax, [ebp+8]; pop ebp; ret
  calls: {
    mode: 'protected',
    code: [0x51, 0xe8, ...dword(5), 0x59, 0x49, 0xeb, 0xf6, 0xf4, 0x55, 0x89, 0xe5, 0x8b, 0x45, 0x08, 0x5d, 0xc3],
  },
  // next: mov eax, ecx; and eax, 3; jmp [TABLE+rax*8]; four times: add edx, 1; dec ecx; jmp next
  'indirect jumps': {
    mode: 'long',
    code: [
      ...[0x89, 0xc8, 0x83, 0xe0, 0x03, 0xff, 0x24, 0xc5, ...dword(TABLE)],
      ...[0, 1, 2, 3].flatMap((i) => [0x83, 0xc2, 0x01, 0xff, 0xc9, 0xeb, 256 - 12 - 7 * (i + 1)]),
    ],
    more: { [TABLE]: [0, 1, 2, 3].flatMap((i) => qword(ENTRY + 12 + 7 * i)) },
  },
  // fninit; fld1; next: fld1; faddp; fldpi; fmul st0, st1; fstp qword [0x8000]; dec ecx; jmp next
  x87: {
    mode: 'protected',
    code: [
      ...[0xdb, 0xe3, 0xd9, 0xe8],
      ...[0xd9, 0xe8, 0xde, 0xc1, 0xd9, 0xeb, 0xd8, 0xc9, 0xdd, 0x1d, ...dword(0x8000), 0x49, 0xeb, 0xef],
    ],
  },
  // next: cvtsi2sd xmm0, ecx; mulsd xmm0, xmm0; addsd xmm1, xmm0; paddd xmm2, xmm1; dec ecx; jmp next
  sse2: {
    mode: 'protected',
    code: [...[0xf2, 0x0f, 0x2a, 0xc1, 0xf2, 0x0f, 0x59, 0xc0, 0xf2, 0x0f, 0x58, 0xc8, 0x66, 0x0f, 0xfe, 0xd1], ...[0x49, 0xeb, 0xed]],
  },
  // next: mov edi, 0x10000; mov ecx, 0x1000; mov esi, 0x20000; rep movsd; jmp next
  strings: {
    mode: 'protected',
    code: [0xbf, ...dword(0x1_0000), 0xb9, ...dword(0x1000), 0xbe, ...dword(0x2_0000), 0xf3, 0xa5, 0xeb, 0xed],
  },
};

/** Loops that are measured by the time that a turn takes, all started at privilege 3. */
export const ROUND_TRIPS: Readonly<Record<string, Program>> = {
  // next: syscall; dec ebx; jmp next; handler: sysretq
  'SYSCALL and SYSRET': {
    mode: 'user',
    code: [0x0f, 0x05, 0xff, 0xcb, 0xeb, 0xfa],
    more: { [HANDLERS.systemCall]: [0x48, 0x0f, 0x07] },
    round: 4,
  },
  // next: int 80h; dec ebx; jmp next; handler: iretq
  'INT 80h and IRET': { mode: 'user', code: [0xcd, 0x80, 0xff, 0xcb, 0xeb, 0xfa], more: { [HANDLERS.interrupt]: [0x48, 0xcf] }, round: 4 },
  // mov ebx, FAULTING_ADDRESS; next: mov al, [rbx]; dec ecx; jmp next; handler: add rsp, 8; add qword [rsp], 2; iretq
  'page fault and IRET': {
    mode: 'user',
    code: [0xbb, ...dword(FAULTING_ADDRESS), 0x8a, 0x03, 0xff, 0xc9, 0xeb, 0xfa],
    more: { [HANDLERS.pageFault]: [0x48, 0x83, 0xc4, 0x08, 0x48, 0x83, 0x04, 0x24, 0x02, 0x48, 0xcf] },
    round: 5,
  },
};

/** Turns of loops whose differences are what going from code to code costs. */
export const TRANSITIONS = {
  // next: add eax, ecx; dec ecx; jmp next
  none: { mode: 'long', code: [0x01, 0xc8, 0xff, 0xc9, 0xeb, 0xfa], round: 3 },
  // next: add eax, ecx; cli; dec ecx; jmp next
  interpreted: { mode: 'long', code: [0x01, 0xc8, 0xfa, 0xff, 0xc9, 0xeb, 0xf9], round: 4 },
  near: ring(8),
  far: ring(0x1000),
} as const satisfies Readonly<Record<string, Program>>;

/** As many places, each `add eax, ecx; jmp next place`, the last one back to the first. More pages than a region holds if they are far. */
function ring(stride: number): Program {
  const places = 64;
  const at = (place: number): number => RING + (place % places) * stride;
  const more: Record<number, readonly number[]> = {};
  for (let place = 0; place < places; place++) more[at(place)] = [0x01, 0xc8, 0xe9, ...dword(at(place + 1) - at(place) - 7)];
  return { mode: 'long', code: [0xe9, ...dword(RING - ENTRY - 5)], more, round: 2 * places };
}

/** Functions of `manyFunctions`, and instructions of each. */
export const FUNCTIONS = 500;
export const FUNCTION_LENGTH = 20;
const FUNCTION_BASE = 0x20_0000;
const FUNCTION_STRIDE = 0x1000;

/**
 * Calls as many functions, each in a page of its own, one behind the other and for ever: what translating costs shows in the first turns.
 * A function is `add eax, n; xor edx, eax` nine times, `dec ecx` and `ret`.
 */
export function manyFunctions(): Program {
  const body = Array.from({ length: (FUNCTION_LENGTH - 2) / 2 }, (_, n) => [0x05, ...dword(n), 0x31, 0xc2]).flat();
  const calls: number[] = [];
  const more: Record<number, readonly number[]> = {};
  for (let f = 0; f < FUNCTIONS; f++) {
    const at = FUNCTION_BASE + f * FUNCTION_STRIDE;
    more[at] = [...body, 0xff, 0xc9, 0xc3];
    calls.push(0xe8, ...dword(at - (ENTRY + calls.length + 5)));
  }
  return {
    mode: 'long',
    code: [...calls, 0xe9, ...dword(-calls.length - 5)],
    more,
    round: FUNCTIONS * (FUNCTION_LENGTH + 1) + 1,
  };
}
