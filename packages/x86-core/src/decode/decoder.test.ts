import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decoded, DecodedOperand, DecodeResult } from './decoded.ts';
import { decode, MAX_LENGTH } from './decoder.ts';

type Bits = 16 | 32 | 64;

const resultOf = (bits: Bits, ...bytes: number[]): DecodeResult | undefined =>
  decode(Uint8Array.from(bytes), bytes.length, { codeWidth: bits, stackWidth: bits });

function instruction(bits: Bits, ...bytes: number[]): Decoded {
  const result = resultOf(bits, ...bytes);
  if (result === undefined || !('instruction' in result)) throw new Error(`${JSON.stringify(result)} is no instruction`);
  return result;
}

const fault = (bits: Bits, ...bytes: number[]): string | undefined => {
  const result = resultOf(bits, ...bytes);
  return result !== undefined && 'fault' in result ? result.fault : undefined;
};

const REGISTERS = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const name = (number: number | 'rip' | undefined): string => (typeof number === 'number' ? (REGISTERS[number] as string) : `${number}`);

/** An operand in short: `cx:32`, `ah:8`, `DS:[bx+si*1+5]:16`, `#7:8`. */
function text(o: DecodedOperand): string {
  if (o.kind === 'immediate' || o.kind === 'number') return `#${BigInt.asIntN(o.width, o.value)}:${o.width}`;
  if (o.kind === 'register')
    return o.displacement === 1 ? `${'acdb'[o.index]}h:8` : `${o.field === 'gpr' ? name(o.index) : `${o.field}${o.index}`}:${o.width}`;
  const parts = [
    o.base === undefined ? '' : name(o.base),
    o.index === undefined ? '' : `${name(o.index)}*${1 << o.scale}`,
    `${o.displacement}`,
  ];
  return `${o.segment}:[${parts.filter((p) => p !== '').join('+')}]:${o.width}`;
}

const operands = (bits: Bits, ...bytes: number[]): string[] => instruction(bits, ...bytes).operands.map(text);
const asText = (bits: Bits, ...bytes: number[]): string =>
  `${instruction(bits, ...bytes).instruction.mnemonic} ${operands(bits, ...bytes).join(', ')}`;

describe('[SDM 2A §2.1.1] Instruction Prefixes', () => {
  it('come in any order, and more than once', () => {
    for (const prefixes of [
      [0x66, 0x67, 0x64],
      [0x64, 0x66, 0x67],
      [0x67, 0x67, 0x64, 0x66],
    ])
      expect(asText(32, ...prefixes, 0x8b, 0x07)).toBe('MOV ax:16, FS:[bx+0]:16');
  });

  it('of one group: the last override counts', () => {
    expect(operands(32, 0x2e, 0x65, 0x26, 0x8a, 0x00)).toEqual(['ax:8', 'ES:[ax+0]:8']);
    expect(instruction(32, 0xf2, 0xf3, 0xa4).repeatPrefix).toBe('rep');
    expect(instruction(32, 0xf3, 0xf2, 0xa4).repeatPrefix).toBe('repne');
  });

  it('switch operand and address size to the other one', () => {
    expect(operands(16, 0x8b, 0x07)).toEqual(['ax:16', 'DS:[bx+0]:16']);
    expect(operands(16, 0x66, 0x8b, 0x07)).toEqual(['ax:32', 'DS:[bx+0]:32']);
    expect(operands(16, 0x67, 0x8b, 0x07)).toEqual(['ax:16', 'DS:[di+0]:16']);
    expect(operands(32, 0x66, 0x8b, 0x07)).toEqual(['ax:16', 'DS:[di+0]:16']);
    expect(operands(64, 0x66, 0x8b, 0x07)).toEqual(['ax:16', 'DS:[di+0]:16']);
    expect(instruction(64, 0x67, 0x8b, 0x07).addressWidth).toBe(32);
  });

  it('repeat string instructions only', () => {
    expect(instruction(32, 0xf3, 0x90).instruction.mnemonic).toBe('PAUSE');
    expect(instruction(32, 0xf3, 0x01, 0xc0).repeatPrefix).toBe('none');
  });

  it('override the segment of the source of string instructions', () => {
    expect(instruction(32, 0x65, 0xa4).sourceSegment).toBe('GS');
    expect(instruction(32, 0xa4).sourceSegment).toBe('DS');
  });

  it('of ES, CS, SS and DS say nothing in 64-bit mode', () => {
    for (const prefix of [0x26, 0x2e, 0x36, 0x3e]) expect(operands(64, 0x64, prefix, 0x8b, 0x07)).toEqual(['ax:32', 'FS:[di+0]:32']);
  });

  it('LOCK stands before a read-modify-write of memory, or it is #UD', () => {
    expect(asText(32, 0xf0, 0x01, 0x07)).toBe('ADD DS:[di+0]:32, ax:32');
    expect(asText(64, 0xf0, 0x0f, 0xb1, 0x0f)).toBe('CMPXCHG DS:[di+0]:32, cx:32');
    expect(fault(32, 0xf0, 0x01, 0xc0)).toBe('ud');
    expect(fault(32, 0xf0, 0x03, 0x07)).toBe('ud');
    expect(fault(32, 0xf0, 0x39, 0x07)).toBe('ud');
    expect(fault(32, 0xf0, 0x89, 0x07)).toBe('ud');
    expect(fault(32, 0xf0, 0x90)).toBe('ud');
  });
});

describe('[SDM 2A §2.2.1] REX Prefixes', () => {
  it('extend ModRM.reg, ModRM.rm, SIB.index and the register in the opcode', () => {
    expect(operands(64, 0x45, 0x89, 0xc8)).toEqual(['r8:32', 'r9:32']);
    expect(operands(64, 0x42, 0x8b, 0x04, 0xa3)).toEqual(['ax:32', 'DS:[bx+r12*4+0]:32']);
    expect(operands(64, 0x49, 0x50)).toEqual(['r8:64']);
    expect(operands(64, 0x41, 0xb3, 0x07)).toEqual(['r11:8', '#7:8']);
  });

  it('W makes the operand size 64 and wins over 66', () => {
    expect(operands(64, 0x48, 0x01, 0xc8)).toEqual(['ax:64', 'cx:64']);
    expect(operands(64, 0x66, 0x48, 0x01, 0xc8)).toEqual(['ax:64', 'cx:64']);
  });

  it('any of them makes byte registers 4 to 7 SPL to DIL', () => {
    expect(operands(64, 0x88, 0xe5)).toEqual(['ch:8', 'ah:8']);
    expect(operands(64, 0x40, 0x88, 0xe5)).toEqual(['bp:8', 'sp:8']);
    expect(operands(64, 0xb4, 0x01)).toEqual(['ah:8', '#1:8']);
    expect(operands(64, 0x40, 0xb4, 0x01)).toEqual(['sp:8', '#1:8']);
  });

  it('count only directly before the opcode, the last one', () => {
    expect(operands(64, 0x48, 0x66, 0x01, 0xc8)).toEqual(['ax:16', 'cx:16']);
    expect(operands(64, 0x48, 0x41, 0x01, 0xc8)).toEqual(['r8:32', 'cx:32']);
  });

  it('make XCHG with R8 of NOP', () => {
    expect(asText(64, 0x90)).toBe('NOP ');
    expect(asText(64, 0x48, 0x90)).toBe('NOP ');
    expect(asText(64, 0x49, 0x90)).toBe('XCHG r8:64, ax:64');
  });

  it('are INC and DEC outside 64-bit mode', () => {
    expect(asText(32, 0x48)).toBe('DEC ax:32');
    expect(asText(16, 0x41)).toBe('INC cx:16');
  });
});

describe('[SDM 2A §2.1.5] Addressing-Mode Encoding of ModR/M and SIB Bytes', () => {
  it('Table 2-1: 16-bit forms', () => {
    const forms = ['bx+si*1', 'bx+di*1', 'bp+si*1', 'bp+di*1', 'si', 'di', 'bp', 'bx'];
    forms.forEach((form, rm) => {
      const segment = form.startsWith('bp') ? 'SS' : 'DS';
      expect(operands(16, 0x8b, 0x40 | rm, 0x80)[1]).toBe(`${segment}:[${form}+-128]:16`);
      expect(operands(16, 0x8b, 0x80 | rm, 0x34, 0x12)[1]).toBe(`${segment}:[${form}+4660]:16`);
      if (rm !== 6) expect(operands(16, 0x8b, rm)[1]).toBe(`${segment}:[${form}+0]:16`);
    });
    expect(operands(16, 0x8b, 0x06, 0x34, 0x12)[1]).toBe('DS:[4660]:16');
  });

  it('Table 2-2: 32-bit forms', () => {
    for (const [rm, register] of ['ax', 'cx', 'dx', 'bx', undefined, 'bp', 'si', 'di'].entries()) {
      if (register === undefined) continue;
      const segment = register === 'bp' ? 'SS' : 'DS';
      if (register !== 'bp') expect(operands(32, 0x8b, rm)[1]).toBe(`DS:[${register}+0]:32`);
      expect(operands(32, 0x8b, 0x40 | rm, 0x7f)[1]).toBe(`${segment}:[${register}+127]:32`);
      expect(operands(32, 0x8b, 0x80 | rm, 0, 0, 0, 0x80)[1]).toBe(`${segment}:[${register}+-2147483648]:32`);
    }
    expect(operands(32, 0x8b, 0x05, 1, 0, 0, 0)[1]).toBe('DS:[1]:32');
  });

  it('Table 2-3: SIB', () => {
    expect(operands(32, 0x8b, 0x04, 0x8b)[1]).toBe('DS:[bx+cx*4+0]:32');
    expect(operands(32, 0x8b, 0x04, 0xc4)[1]).toBe('SS:[sp+ax*8+0]:32');
    // Index 4: none. Base 5 without displacement: none, disp32.
    expect(operands(32, 0x8b, 0x04, 0x24)[1]).toBe('SS:[sp+0]:32');
    expect(operands(32, 0x8b, 0x04, 0x2d, 9, 0, 0, 0)[1]).toBe('DS:[bp*1+9]:32');
    expect(operands(32, 0x8b, 0x44, 0x2d, 9)[1]).toBe('SS:[bp+bp*1+9]:32');
    expect(operands(32, 0x8b, 0x04, 0x25, 9, 0, 0, 0)[1]).toBe('DS:[9]:32');
  });

  it('Table 2-5: REX.X makes R12 an index; R12 as base needs SIB, R13 a displacement', () => {
    expect(operands(64, 0x42, 0x8b, 0x04, 0x20)[1]).toBe('DS:[ax+r12*1+0]:32');
    expect(operands(64, 0x41, 0x8b, 0x04, 0x24)[1]).toBe('DS:[r12+0]:32');
    expect(operands(64, 0x41, 0x8b, 0x45, 0)[1]).toBe('DS:[r13+0]:32');
    expect(operands(64, 0x41, 0x8b, 0x04, 0x25, 9, 0, 0, 0)[1]).toBe('DS:[9]:32');
  });

  it('§2.2.1.6: 64-bit code without base is relative to RIP, with SIB it is absolute', () => {
    expect(operands(64, 0x8b, 0x05, 0xff, 0xff, 0xff, 0xff)[1]).toBe('DS:[rip+-1]:32');
    expect(operands(64, 0x41, 0x8b, 0x05, 1, 0, 0, 0)[1]).toBe('DS:[rip+1]:32');
    expect(operands(64, 0x8b, 0x04, 0x25, 1, 0, 0, 0)[1]).toBe('DS:[1]:32');
  });

  it('LEA, LES and the like want memory; BSWAP, MOV to CR want registers', () => {
    expect(fault(32, 0x8d, 0xc0)).toBe('ud');
    expect(fault(32, 0xc4, 0xc0)).toBe('ud');
    // mod is ignored: 0F 20 00 is MOV EAX, CR0.
    expect(operands(32, 0x0f, 0x20, 0x00)).toEqual(['ax:32', '#0:8']);
  });
});

describe('[SDM 2D, A.2] Immediates, targets and far pointers', () => {
  it('sign-extends immediates to the operand size, and has 64-bit ones for MOV only', () => {
    expect(operands(64, 0x48, 0x05, 0xff, 0xff, 0xff, 0xff)).toEqual(['ax:64', '#-1:64']);
    expect(operands(32, 0x83, 0xc0, 0x80)).toEqual(['ax:32', '#-128:32']);
    expect(operands(64, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8)).toEqual(['ax:64', `#${0x0807_0605_0403_0201n}:64`]);
    expect(instruction(64, 0x48, 0xc7, 0xc0, 0, 0, 0, 0).length).toBe(7);
    expect(instruction(32, 0x66, 0xc7, 0xc0, 0, 0).length).toBe(5);
  });

  it('reads displacement before immediate', () => {
    expect(operands(32, 0xc7, 0x43, 5, 1, 0, 0, 0)).toEqual(['DS:[bx+5]:32', '#1:32']);
  });

  it('takes offsets of the address size in A0 to A3', () => {
    expect(operands(16, 0xa1, 0x34, 0x12)).toEqual(['ax:16', 'DS:[4660]:16']);
    expect(instruction(32, 0xa1, 0, 0, 0, 0).length).toBe(5);
    expect(instruction(32, 0x67, 0xa1, 0, 0).length).toBe(4);
    expect(operands(64, 0xa0, 1, 2, 3, 4, 5, 6, 7, 8)).toEqual(['ax:8', `DS:[${0x0807_0605_0403_0201n}]:8`]);
    expect(instruction(64, 0x67, 0xa0, 0, 0, 0, 0).length).toBe(6);
  });

  it('has jumps of 8 and 16 or 32 bits; 66 does not shorten them in 64-bit mode', () => {
    expect(operands(32, 0xeb, 0xfe)).toEqual(['#-2:64']);
    expect(operands(16, 0xe9, 0xfe, 0xff)).toEqual(['#-2:64']);
    expect(instruction(32, 0x66, 0xe9, 0xfe, 0xff).length).toBe(4);
    expect(instruction(64, 0x66, 0xe9, 0, 0, 0, 0).length).toBe(6);
    expect(instruction(64, 0xe9, 0, 0, 0, 0).width).toBe(64);
  });

  it('gives a far pointer as offset and selector', () => {
    expect(operands(16, 0xea, 0x34, 0x12, 0x00, 0xf0)).toEqual(['#4660:16', '#-4096:16']);
    expect(instruction(32, 0x9a, 0, 0, 0, 0, 8, 0).length).toBe(7);
    expect(fault(64, 0xea, 0, 0, 0, 0, 0, 0)).toBe('ud');
  });

  it('pushes and pops 64 bits in 64-bit mode, or 16 with 66', () => {
    expect(operands(64, 0x50)).toEqual(['ax:64']);
    expect(operands(64, 0x66, 0x50)).toEqual(['ax:16']);
    expect(operands(64, 0x6a, 0x80)).toEqual(['#-128:64']);
  });

  it('sees the stack pointer of POP behind the pop', () => {
    expect(operands(64, 0x8f, 0x44, 0x24, 8)).toEqual(['SS:[sp+16]:64']);
    expect(operands(32, 0x66, 0x8f, 0x04, 0x24)).toEqual(['SS:[sp+2]:16']);
  });

  it('has no CS as a destination, and no segment register above GS', () => {
    expect(fault(32, 0x8e, 0xc8)).toBe('ud');
    expect(fault(32, 0x8e, 0xf0)).toBe('ud');
    expect(asText(32, 0x8c, 0xc8)).toBe('MOV ax:32, #1:8');
  });

  it('leaves out in 64-bit mode what 64-bit mode has not', () => {
    for (const opcode of [0x06, 0x0e, 0x16, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x82, 0xce, 0xd4, 0xd5, 0xd6])
      expect(fault(64, opcode, 0, 0, 0, 0)).toBe('ud');
  });
});

describe('[SDM 2A §2.3.11] Instruction length', () => {
  const prefixed = (count: number): number[] => [...new Array<number>(count).fill(0x66), 0x90];

  it('is at most 15 bytes, or it is #GP', () => {
    expect(instruction(32, ...prefixed(14)).length).toBe(MAX_LENGTH);
    expect(fault(32, ...prefixed(15))).toBe('gp');
    expect(fault(32, ...new Array<number>(20).fill(0x2e))).toBe('gp');
  });

  it('asks for more bytes when the instruction goes on', () => {
    const whole = [0x66, 0x81, 0x84, 0x8b, 1, 2, 3, 4, 5, 6];
    for (let length = 0; length < whole.length; length++) expect(resultOf(32, ...whole.slice(0, length))).toBeUndefined();
    expect(instruction(32, ...whole).length).toBe(whole.length);
  });
});

describe('any bytes', () => {
  it('decode to an instruction of 1 to 15 bytes, to a fault, or need more; what lies behind does not matter', () => {
    const property = fc.property(fc.uint8Array({ minLength: 15, maxLength: 15 }), fc.constantFrom<Bits>(16, 32, 64), (bytes, bits) => {
      const result = resultOf(bits, ...bytes);
      if (result === undefined) throw new Error('15 bytes are always enough');
      expect(result.length).toBeGreaterThanOrEqual(1);
      expect(result.length).toBeLessThanOrEqual(MAX_LENGTH);
      if (!('instruction' in result)) return;
      expect(resultOf(bits, ...bytes.slice(0, result.length))).toEqual(result);
      expect(resultOf(bits, ...bytes.slice(0, result.length - 1))).toBeUndefined();
      for (const o of result.operands) if (o.kind === 'immediate') expect(BigInt.asUintN(o.width, o.value)).toBe(o.value);
    });
    fc.assert(property, { numRuns: 3000, seed: 1 });
  });
});
