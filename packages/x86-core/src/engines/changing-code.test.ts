/** Code that is changed while it runs. [SDM 3A §9.1.3 "Handling Self- and Cross-Modifying Code", §12.6 "Self-Modifying Code"] */
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../cpu.ts';
import { ALIAS_PAGE, CODE, DATA, RAM_SIZE, TestingCpu, type TestingMode } from '../testing-cpu.ts';

const INC_EAX = 0x40;
const INC_EBX = 0x43;
const HLT = 0xf4;
const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
/** mov byte [address], value: 7 bytes. */
const storeByte = (address: number, value: number): number[] => [0xc6, 0x05, ...little(address), value];
const SECOND_PAGE = CODE + 0x1000;
/** The translator also gets code that has not run yet. */
const TRANSLATES_ALL = { hotAfter: 0, codeBytes: 2 ** 21 };

describe.each<EngineName>(['reference', 'interpreter', 'translator'])('the %s sees code change', (engine) => {
  const run = (code: readonly number[], at = CODE, mode: TestingMode = 'protected32'): TestingCpu => {
    const m = new TestingCpu(mode, engine, TRANSLATES_ALL).load(code, at);
    expect(m.cpu.run(10_000)).toEqual({ kind: 'halt' });
    return m;
  };

  it('in the very next instruction', () => {
    const { registers } = run([...storeByte(CODE + 7, INC_EBX), INC_EAX, HLT]).cpu;
    expect([registers.rax, registers.rbx]).toEqual([0n, 1n]);
  });

  it('in an instruction that a loop has executed already', () => {
    // inc eax → inc ebx after the first round of two.
    const code = [0xb9, ...little(2), INC_EAX, ...storeByte(CODE + 5, INC_EBX), 0xe2, 0xf6, HLT];
    const { registers } = run(code).cpu;
    expect([registers.rax, registers.rbx]).toEqual([1n, 1n]);
  });

  it('in the instruction that writes, which completes', () => {
    const m = run([...storeByte(CODE, HLT), INC_EAX, HLT]);
    expect(m.cpu.registers.rax).toBe(1n);
    expect(m.memory.ram.readU8(CODE)).toBe(HLT);
  });

  it('by a repeated string instruction over what follows it', () => {
    const code = [0xbf, ...little(CODE + 14), 0xb9, ...little(3), 0xb0, INC_EBX, 0xf3, 0xaa, INC_EAX, INC_EAX, INC_EAX, HLT];
    const { registers } = run(code).cpu;
    expect(registers.rbx).toBe(3n);
    expect(registers.rax).toBe(BigInt(INC_EBX));
  });

  it('by PUSH, with the stack in the code', () => {
    const code = [0xbc, ...little(CODE + 14), 0x68, INC_EBX, INC_EBX, INC_EBX, INC_EBX, INC_EAX, INC_EAX, INC_EAX, INC_EAX, HLT];
    const { registers } = run(code).cpu;
    expect([registers.rax, registers.rbx]).toEqual([0n, 4n]);
  });

  it('by a device, between two instructions', () => {
    const m = new TestingCpu('protected32', engine, TRANSLATES_ALL);
    m.mmio.map('dma', 0x3_0000, 4, { read: () => 0, write: (_o, _w, value) => m.memory.ram.write(CODE + 6, Uint8Array.of(value, HLT)) });
    // The device's register lies behind the data page in the page table.
    m.memory.ram.writeU32(0x1_1000 + 4 * 0xc, 0x3_0007);
    m.load([...storeByte(DATA, INC_EBX), INC_EAX, HLT]);
    m.cpu.run(100);
    const { registers } = m.cpu;
    // The handler overwrote the last byte of the store and the INC behind it.
    expect([registers.rax, registers.rbx]).toEqual([0n, 0n]);
    expect(m.cpu.halted).toBe(true);
  });

  it('through another linear address of the same physical page', () => {
    const { registers } = run([...storeByte(ALIAS_PAGE + 7, INC_EBX), INC_EAX, HLT], SECOND_PAGE).cpu;
    expect([registers.rax, registers.rbx]).toEqual([0n, 1n]);
  });

  it('where it runs at two linear addresses', () => {
    // At the alias: inc eax; ret. Called there, changed at the other address, called again at both.
    const call = (from: number, to: number): number[] => [0xe8, ...little(to - (from + 5))];
    const routine = SECOND_PAGE + 0x100;
    const alias = ALIAS_PAGE + 0x100;
    const m = new TestingCpu('protected32', engine, TRANSLATES_ALL);
    m.memory.ram.write(routine, Uint8Array.of(INC_EAX, 0xc3));
    m.load([...call(CODE, alias), ...storeByte(routine, INC_EBX), ...call(CODE + 12, alias), ...call(CODE + 17, routine), HLT]);
    m.cpu.run(100);
    expect([m.cpu.registers.rax, m.cpu.registers.rbx]).toEqual([1n, 2n]);
  });

  it('in the second page of an instruction that lies in two', () => {
    // mov edx, 11223344h at the end of the page, twice; in between the last byte becomes 55h.
    const start = SECOND_PAGE - 3;
    const code = [
      0xba,
      ...little(0x1122_3344),
      0x01,
      0xd0,
      0x43,
      0x83,
      0xfb,
      2,
      0x74,
      9,
      ...storeByte(SECOND_PAGE + 1, 0x55),
      0xeb,
      0xea,
      HLT,
    ];
    const { registers } = run(code, start).cpu;
    expect(registers.rdx).toBe(0x5522_3344n);
    expect(registers.rax).toBe(0x6644_6688n);
  });

  it('when the second page of such an instruction is mapped elsewhere', () => {
    const m = new TestingCpu('protected32', engine, TRANSLATES_ALL);
    const entry = 0x1_1000 + 4 * (SECOND_PAGE >> 12);
    m.memory.ram.write(DATA, Uint8Array.of(0x99, 0x99, HLT));
    m.load([0xba, ...little(0x1122_3344), HLT], SECOND_PAGE - 3);
    m.cpu.run(100);
    m.memory.ram.writeU32(entry, DATA | 7);
    m.resume(SECOND_PAGE - 3);
    m.cpu.run(100);
    expect(m.cpu.registers.rdx).toBe(0x9999_3344n);
    m.memory.ram.writeU32(entry, 0);
    m.resume(SECOND_PAGE - 3);
    m.cpu.run(100);
    expect(m.exception).toBe(14);
    expect(m.cpu.registers.cr2).toBe(BigInt(SECOND_PAGE));
  });

  it('when it was decoded in another mode', () => {
    // The same bytes: in 64-bit code 40 is a prefix, in 32-bit code INC EAX.
    const long = new TestingCpu('long', engine, TRANSLATES_ALL).load([INC_EAX, 0x90, HLT]);
    long.cpu.run(100);
    expect(long.cpu.registers.rax).toBe(0n);
    const { registers } = long.cpu;
    registers.setSegment('CS', { ...registers.segment('CS'), attributes: 0xc09b });
    registers.setField('halted', 0n);
    registers.rip = BigInt(CODE);
    long.cpu.run(100);
    expect(registers.rax).toBe(1n);
  });

  const flat = { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: 0xc09b };

  it('when there is more of it than room for decoded code', () => {
    const pages = 200;
    const m = new TestingCpu('segmented', engine, { upperRam: pages * 4096 });
    for (let page = 0; page < pages; page++) {
      const at = 0x10_0000 + page * 4096;
      const next = page === pages - 1 ? 0x10_0000 : at + 4096;
      // inc eax; (first page: cmp eax, 600; jae → hlt); jmp next
      const check = page === 0 ? [0x3d, ...little(600), 0x73, 5] : [];
      const from = at + 1 + check.length + 5;
      m.memory.ram.write(at, Uint8Array.of(INC_EAX, ...check, 0xe9, ...little(next - from), HLT));
    }
    m.load([HLT], 0x10_0000);
    m.memory.ram.write(0x10_0000, Uint8Array.of(INC_EAX));
    m.cpu.registers.setSegment('CS', flat);
    expect(m.cpu.run(100_000)).toEqual({ kind: 'halt' });
    expect(m.cpu.registers.rax).toBe(601n);
    expect(m.cpu.retired).toBe(601n + 600n + 2n * 4n + 1n);
    if (engine === 'interpreter') expect(m.cpu.statistics?.drops).toBeGreaterThan(0);
  });

  it('when it does not lie in RAM', () => {
    // mov edx, 11223344h, which starts in RAM; in ROM its end; again: inc eax; dec ecx; jnz again; inc ebx; hlt.
    const m = new TestingCpu('segmented', engine);
    const rom = Uint8Array.of(0x22, 0x11, INC_EAX, 0x49, 0x75, 0xfc, INC_EBX, HLT);
    m.mmio.map('rom', RAM_SIZE, 0x1000, { read: (offset) => rom[offset] ?? 0xff, write: () => {} });
    m.load([0xba, 0x44, 0x33], RAM_SIZE - 3);
    m.cpu.registers.setSegment('CS', flat);
    m.cpu.registers.rcx = 7n;
    expect(m.cpu.run(100)).toEqual({ kind: 'halt' });
    const { registers } = m.cpu;
    expect([registers.rdx, registers.rax, registers.rbx]).toEqual([0x1122_3344n, 7n, 1n]);
    expect(m.cpu.retired).toBe(1n + 3n * 7n + 2n);
    // What answers there may change without notice.
    rom[6] = INC_EAX;
    m.resume(RAM_SIZE + 6);
    registers.setSegment('CS', flat);
    m.cpu.run(100);
    expect(registers.rax).toBe(8n);
  });
});
