import { describe, expect, it } from 'vitest';
import { CODE, TestingCpu, type TestingMode } from '../testing-cpu.ts';
import { differences } from '../testing-differences.ts';

/** Opcode bytes and access width of loads, stores and both, of EAX or XMM0 and the address in EBX. */
const INSTRUCTIONS: readonly (readonly [name: string, code: readonly number[], width: number])[] = [
  ['MOV AX, m16', [0x66, 0x8b, 0x03], 2],
  ['MOV EAX, m32', [0x8b, 0x03], 4],
  ['MOV m16, AX', [0x66, 0x89, 0x03], 2],
  ['MOV m32, EAX', [0x89, 0x03], 4],
  ['ADD m32, EAX', [0x01, 0x03], 4],
  ['XADD m32, EAX', [0x0f, 0xc1, 0x03], 4],
  ['MOVQ XMM0, m64', [0xf3, 0x0f, 0x7e, 0x03], 8],
  ['MOVQ m64, XMM0', [0x66, 0x0f, 0xd6, 0x03], 8],
  ['MOVDQU XMM0, m128', [0xf3, 0x0f, 0x6f, 0x03], 16],
  ['MOVDQU m128, XMM0', [0xf3, 0x0f, 0x7f, 0x03], 16],
  ['FLD m80', [0xdb, 0x2b], 10],
  ['MOVSD', [0x89, 0xde, 0xbf, 0x80, 0xc0, 0, 0, 0xa5], 4],
];
/** Data, a device, a page that may only be read, none, code a second time. */
const PAGES = [0xa000, 0xb000, 0xc000, 0xd000, 0xe000, 0xf000, 0x1_0000];

describe.each<TestingMode>(['protected32', 'long'])('Accesses that lie in two pages, in mode %s', (mode) => {
  it.each(INSTRUCTIONS)('%s does on either engine what the reference engine does', (_, code, width) => {
    const machines = [new TestingCpu(mode, 'reference', { cpl: 3 }), new TestingCpu(mode, 'interpreter', { cpl: 3 })] as const;
    for (const page of PAGES) {
      for (let before = 1; before < width; before++) {
        const [want, is] = machines.map((machine) => {
          machine.reset();
          // Twice: the first time pages may not be in the TLB.
          machine.load([...code, ...code, 0x0f, 0x0b]);
          const { registers } = machine.cpu;
          machine.setUnits([0x1122_3344_5566_7788n, 0x99aa_bbcc_ddee_ff00n], 0x37f, 0x1f80);
          registers.rax = 0x8877_6655n;
          registers.rbx = BigInt(page - before);
          return machine.cpu.run(3);
        });
        expect(is).toEqual(want);
        expect(differences(machines[0], machines[1], `${(page - before).toString(16)}, code at ${CODE.toString(16)}`)).toEqual([]);
      }
    }
  });
});
