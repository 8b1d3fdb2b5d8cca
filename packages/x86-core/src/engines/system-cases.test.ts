/**
 * Transitions of privilege and system instructions, in tables of which most are as a kernel makes them and some are not: the interpreter,
 * with its common cases in WebAssembly, against the routines of the reference engine. Registers, memory, exceptions, counts and the
 * derived state must be the same after every call of `run`. PARAVIRT_RUNS and PARAVIRT_SEED as in differential.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DerivedField, STATE } from '../state.ts';
import * as system from '../system/index.ts';
import {
  ABSENT_PAGE,
  ALIAS_PAGE,
  CODE,
  DATA,
  DEVICE_PAGE,
  GDT,
  HANDLERS,
  IDT,
  INNER_STACK_TOP,
  INTR_PORT,
  READ_ONLY_PAGE,
  STACK_TOP,
  TestingCpu,
  TSS,
} from '../testing-cpu.ts';
import { differences } from '../testing-differences.ts';

const environment = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {};
const RUNS = Number(environment['PARAVIRT_RUNS'] ?? 150);
const SEED = environment['PARAVIRT_SEED'] === 'random' ? Date.now() % 2 ** 31 : Number(environment['PARAVIRT_SEED'] ?? 20_261_122);
const LONGEST = 60n;

type Mode = 'protected32' | 'long';

/** Derived state that common cases keep right, which the reference engine's processor works out anew. */
const DERIVED: readonly DerivedField[] = [
  'linearMask',
  'codeBias',
  'codeRange',
  'linearBase',
  'segmentLower',
  'segmentUpper',
  'segmentAccess',
  'flatSegments',
  'commonMode',
  'attention',
  'tlb',
  'codeTlb',
];

const little = (value: number, bytes = 4): number[] => Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);

/** Mostly `usual`, now and then one of the others. */
const mostly = <T>(usual: fc.Arbitrary<T>, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(...others) });

interface DescriptorImage {
  readonly base: number;
  readonly limit: number;
  readonly attributes: number;
}

/** A code or data segment, flat and ready for use, or with something about it that a common case does not take. */
function descriptor(mode: Mode, code: boolean, dpl: number): fc.Arbitrary<DescriptorImage> {
  const attributes = (code ? (mode === 'long' ? 0xa09b : 0xc09b) : 0xc093) | (dpl << 5);
  const usual = { base: 0, limit: 0xf_ffff, attributes };
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        // Base, limit, granularity; not accessed; not readable or writable; conforming or expand-down; not present; D/B and L; DPL; type.
        { ...usual, base: 0x10 },
        { ...usual, limit: 0xeffff },
        { ...usual, attributes: attributes & ~0x8000 },
        { ...usual, attributes: attributes & ~1 },
        { ...usual, attributes: attributes & ~2 },
        { ...usual, attributes: attributes | 4 },
        { ...usual, attributes: attributes & ~0x80 },
        { ...usual, attributes: attributes ^ 0x4000 },
        { ...usual, attributes: attributes ^ 0x2000 },
        { ...usual, attributes: attributes ^ 0x60 },
        { ...usual, attributes: attributes ^ 0x20 },
        { ...usual, attributes: attributes ^ 8 },
        { ...usual, attributes: attributes & ~0x10 },
      ),
    },
  );
}

interface GateImage {
  readonly selector: number;
  readonly offset: number;
  readonly upper: number;
  readonly access: number;
  readonly stack: number;
}

const gate = (offset: number): fc.Arbitrary<GateImage> =>
  fc.record({
    selector: mostly(fc.constant(0x20), 0x20 | 3, 8, 0x28, 0x18, 0, 0x24, 0x78),
    offset: fc.constant(offset),
    upper: mostly(fc.constant(0), 0, 0x8000),
    access: mostly(fc.constantFrom(0xee, 0xef), 0x8e, 0x8f, 0x6e, 0xe5, 0xe6, 0xe7, 0xec, 0xfe),
    stack: mostly(fc.constant(0), 1, 2, 3),
  });

/** Tops of stacks: in a page, at its start and near it, in pages that may not or cannot be written. */
const TOPS = [
  INNER_STACK_TOP,
  0x7000,
  0x7018,
  0x7010,
  0x6fe8,
  READ_ONLY_PAGE + 0x800,
  ABSENT_PAGE + 0x800,
  DEVICE_PAGE + 0x800,
  0x13,
  0x7ffd,
];
const top: fc.Arbitrary<number> = mostly(fc.constant(INNER_STACK_TOP), ...TOPS);

/** Where the handlers lie whose vectors a program uses. */
const VECTORS = [...Array.from({ length: 20 }, (_, i) => i), 0x40, 0x41, 0x42, 0x43];
const ENTRY = 0x3f00;

interface System {
  readonly descriptors: readonly DescriptorImage[];
  readonly gates: readonly GateImage[];
  readonly tops: readonly number[];
  readonly highTop: number;
  readonly stackSelector: number;
  readonly gdtLimit: number;
  readonly idtLimit: number;
  readonly taskLimit: number;
  readonly taskType: number;
  readonly star: bigint;
  readonly mask: bigint;
  readonly entry: bigint;
  readonly sysenterCs: bigint;
}

/** Selectors that `descriptors` are at. */
const SELECTORS = [8, 0x10, 0x20, 0x28, 0x18, 0x30] as const;

const systems = (mode: Mode, cpl: 0 | 3): fc.Arbitrary<System> =>
  fc.record({
    descriptors: fc.tuple(
      descriptor(mode, true, cpl),
      descriptor(mode, false, cpl),
      descriptor(mode, true, 0),
      descriptor(mode, false, 0),
      descriptor(mode, false, 3),
      descriptor(mode, true, 3),
    ),
    gates: fc.tuple(...VECTORS.map((vector) => gate(HANDLERS + 16 * vector))),
    tops: fc.array(top, { minLength: 4, maxLength: 4 }),
    highTop: mostly(fc.constant(0), 0x8000),
    stackSelector: mostly(fc.constant(0x28), 0, 0x10, 0x2b, 0x2c, 0x20, 0x200),
    gdtLimit: mostly(fc.constant(0x7f), 0x2e, 0x1f),
    idtLimit: mostly(fc.constant(0xfff), 0x217, 0x107, 0x6f),
    taskLimit: mostly(fc.constant(0x67), 0x67, 0x2b, 7, 10),
    taskType: mostly(fc.constant(0x8b), 0x83),
    star: mostly(fc.constant((0x23n << 48n) | (0x20n << 32n)), (0x1bn << 48n) | (0x20n << 32n), 0xfff8_fff8_0000_0000n),
    mask: mostly(fc.constantFrom(0n, 0x200n, 0x4_7700n), 0xffff_ffffn),
    entry: mostly(fc.constant(BigInt(ENTRY)), BigInt(CODE), 0x7fff_ffff_ffffn),
    sysenterCs: mostly(fc.constant(0x20n), 0n, 3n, 0xfff8n),
  });

/** Image of RFLAGS: IF and IOPL vary; NT, RF, AC and TF are rare, VM does not occur. */
const flagsImages: fc.Arbitrary<number> = fc
  .tuple(fc.nat(0xfff), fc.nat(0x3f))
  .map(
    ([low, rare]) =>
      (low & ~0x100) | (rare === 1 ? 0x100 : 0) | (rare === 2 ? 0x4000 : 0) | (rare === 3 ? 0x5_0000 : 0) | (rare > 30 ? 0x3000 : 0),
  );

const selectors: fc.Arbitrary<number> = fc.constantFrom(
  8,
  11,
  0x10,
  0x13,
  0x20,
  0x23,
  0x28,
  0x2b,
  0x18,
  0x1b,
  0x30,
  0x33,
  0,
  3,
  0x38,
  0x14,
  0x78,
  0x7b,
);

/** IRET to just behind itself: SS, ESP, EFLAGS, CS, EIP are pushed before, the stack pointer as it is or as an immediate. */
function interruptReturn(mode: Mode): fc.Arbitrary<(at: number) => number[]> {
  return fc
    .record({
      code: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 2, arbitrary: selectors }),
      stack: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 2, arbitrary: selectors }),
      flags: flagsImages,
      wide: mostly(fc.constant(true), false),
      pointer: mostly(fc.constant(-1), ...TOPS),
    })
    .map(({ code, stack, flags, wide, pointer }) => (at) => {
      const push = (value: number): number[] => [0x68, ...little(value)];
      const body = [
        ...(stack < 0 ? (mode === 'long' ? push(0x13) : [0x16]) : push(stack)),
        ...(pointer < 0 ? [0x54] : push(pointer)),
        ...push(flags),
        ...(code < 0 ? (mode === 'long' ? push(0x0b) : [0x0e]) : push(code)),
      ];
      const end = [...(mode === 'long' && wide ? [0x48] : []), 0xcf];
      return [...body, ...push(at + body.length + 5 + end.length), ...end];
    });
}

const fixed = (bytes: readonly number[]) => (): number[] => [...bytes];
const MSRS = [0xc000_0100, 0xc000_0101, 0xc000_0102, 0xc000_0103, 0xc000_0081, 0x174, 0x123] as const;
const ADDRESSES = [DATA + 8, DATA + 0xffe, READ_ONLY_PAGE, ABSENT_PAGE, DEVICE_PAGE, ALIAS_PAGE, 0x3000] as const;

const instructions = (mode: Mode): fc.Arbitrary<(at: number) => number[]> => {
  const long = mode === 'long';
  const absolute = (address: number): number[] => (long ? [0x04, 0x25, ...little(address)] : [0x05, ...little(address)]);
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(0x40, 0x41, 0x42, 0x43, 0, 3, 4, 13, 14).map((n) => fixed([0xcd, n])) },
    { weight: 1, arbitrary: fc.constantFrom([0xcc], [0xf1], [0xce], [0x0f, 0x0b], [0xf4]).map(fixed) },
    { weight: 4, arbitrary: interruptReturn(mode) },
    { weight: 3, arbitrary: fc.constantFrom([0x0f, 0x05], [0x0f, 0x34]).map(fixed) },
    // SYSRET and SYSEXIT, with the registers that they look at, or without.
    {
      weight: 2,
      arbitrary: fc.tuple(fc.boolean(), flagsImages, fc.constantFrom(0x07, 0x35)).map(([set, flags, opcode]) => (at: number) => {
        const target = at + (set ? (long ? 16 : 10) : 0) + (long ? 3 : 2);
        const prefix = long ? [0x48] : [];
        const load = [
          ...(opcode === 7 ? [0xb9, ...little(target), 0xba, ...little(STACK_TOP)] : [0xba, ...little(target), 0xb9, ...little(STACK_TOP)]),
          ...(long ? [0x41, 0xbb, ...little(flags)] : []),
        ];
        return [...(set ? load : []), ...prefix, 0x0f, opcode];
      }),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom([0xfa], [0xfb], [0x9c], [0x9c, 0x9d], [0x66, 0x9c, 0x66, 0x9d], [0x0f, 0x01, 0xf8]).map(fixed),
    },
    { weight: 2, arbitrary: flagsImages.map((flags) => fixed([0x68, ...little(flags), 0x9d])) },
    // A segment register, then something through it.
    {
      weight: 4,
      arbitrary: fc.tuple(selectors, fc.constantFrom(0, 2, 3, 4, 5, 4, 5), fc.constantFrom(...ADDRESSES)).map(([selector, n, address]) => {
        const prefix = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65][n] as number;
        return fixed([0xb8, ...little(selector), 0x8e, 0xc0 | (n << 3), prefix, 0x8b, ...absolute(address)]);
      }),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(selectors, fc.constantFrom(0xa1, 0xa9)).map(([selector, pop]) => fixed([0x68, ...little(selector), 0x0f, pop])),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...MSRS),
          fc.constantFrom(0x30, 0x32),
          fc.constantFrom(0x20, 0xfff0),
          mostly(fc.constant(0), 0xffff_8000, 0x8000),
        )
        .map(([msr, opcode, value, high]) => fixed([0xb9, ...little(msr), 0xb8, ...little(value), 0xba, ...little(high), 0x0f, opcode])),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(0x8b, 0x89), fc.constantFrom(...ADDRESSES))
        .map(([opcode, address]) => fixed([opcode, ...absolute(address)])),
    },
    { weight: 2, arbitrary: fc.constantFrom([0x0f, 0x31], [0x0f, 0x01, 0xf9]).map(fixed) },
    { weight: 2, arbitrary: fc.nat(2).map((n) => fixed([0xe6, INTR_PORT + n])) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom([0x0f, 0x22, 0xd8], [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8], [0x0f, 0x20, 0xd0], [0x40], [0xeb, 0])
        .map(fixed),
    },
    { weight: 1, arbitrary: fc.constantFrom(...TOPS).map((pointer) => fixed([0xbc, ...little(pointer)])) },
  );
};

interface Program {
  readonly system: System;
  readonly bytes: readonly number[];
  readonly offsets: readonly number[];
  readonly flags: number;
  readonly pointer: number;
  readonly budgets: readonly number[];
}

const programs = (mode: Mode, cpl: 0 | 3): fc.Arbitrary<Program> =>
  fc
    .record({
      system: systems(mode, cpl),
      made: fc.array(instructions(mode), { minLength: 1, maxLength: 16 }),
      flags: flagsImages,
      pointer: mostly(fc.constant(STACK_TOP), 0x5008, 0x5010, 0x5000, 0x5020, 0x5004),
      budgets: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
    })
    .map(({ system: tables, made, flags, pointer, budgets }) => {
      const bytes: number[] = [];
      const offsets = made.map((make) => {
        const offset = bytes.length;
        bytes.push(...make(CODE + offset));
        return offset;
      });
      return { system: tables, bytes, offsets, flags, pointer, budgets };
    });

function setTables(m: TestingCpu, s: System): void {
  const { ram } = m.memory;
  const long = m.mode === 'long';
  s.descriptors.forEach(({ base, limit, attributes }, i) => {
    const at = GDT + (SELECTORS[i] as number);
    ram.writeU32(at, ((limit & 0xffff) | (base << 16)) >>> 0);
    ram.writeU32(at + 4, ((limit & 0xf_0000) | (attributes << 8)) >>> 0);
  });
  s.gates.forEach((g, i) => {
    const at = IDT + (long ? 16 : 8) * (VECTORS[i] as number);
    ram.writeU32(at, ((g.selector << 16) | (g.offset & 0xffff)) >>> 0);
    ram.writeU32(at + 4, ((g.access << 8) | g.stack) >>> 0);
    if (long) ram.writeU32(at + 8, g.upper);
  });
  const [first, ...rest] = s.tops;
  ram.writeU32(TSS + 4, first as number);
  if (long) {
    ram.writeU32(TSS + 8, s.highTop);
    rest.forEach((value, i) => {
      ram.writeU64(TSS + 36 + 8 * i, BigInt(value));
    });
  } else ram.writeU32(TSS + 8, s.stackSelector);
  // SWAPGS; SWAPGS; SYSRETQ. SYSEXIT.
  ram.write(ENTRY, Uint8Array.from([0x0f, 0x01, 0xf8, 0x0f, 0x01, 0xf8, 0x48, 0x0f, 0x07]));
  ram.write(ENTRY + 0x20, Uint8Array.from([0x0f, 0x35]));
}

function setRegisters(m: TestingCpu, { system: s, flags, pointer }: Program): void {
  const r = m.cpu.registers;
  r.gdtr = { base: BigInt(GDT), limit: s.gdtLimit };
  r.idtr = { base: BigInt(IDT), limit: s.idtLimit };
  r.setSegment('TR', { selector: 0x38, base: BigInt(TSS), limit: s.taskLimit, attributes: s.taskType });
  r.setField('star', s.star);
  r.setField('sfmask', s.mask);
  r.setField('lstar', s.entry);
  r.setField('sysenterCs', s.sysenterCs);
  r.setField('sysenterEip', BigInt(ENTRY + 0x20));
  r.setField('sysenterEsp', BigInt(INNER_STACK_TOP));
  r.rsp = BigInt(pointer);
  r.rflags = BigInt(flags | 2);
}

/** Derived fields that are not what the reference engine's processor has. */
function derivedDifferences(machines: readonly [TestingCpu, TestingCpu], where: string): string[] {
  const [want, is] = machines.map((m) => m.cpu.registers);
  return DERIVED.flatMap((name) =>
    Array.from({ length: name.startsWith('segment') || name === 'linearBase' ? 6 : STATE[name].count }, (_, i) => {
      const [wanted, found] = [want?.field(name, i), is?.field(name, i)];
      return wanted === found ? '' : `${where}: ${name}[${i}] is ${found?.toString(16)}, not ${wanted?.toString(16)}`;
    }),
  ).filter((line) => line !== '');
}

/** First differences, none if there is none. */
function compare(machines: readonly [TestingCpu, TestingCpu], program: Program): string[] {
  const [reference, interpreter] = machines;
  for (const m of machines) {
    m.reset();
    setTables(m, program.system);
    m.load(program.bytes);
    setRegisters(m, program);
  }
  let call = 0;
  for (const offset of program.offsets) {
    const end = reference.cpu.retired + LONGEST;
    for (let kind = 'budget'; kind === 'budget' && reference.cpu.retired < end; call++) {
      const budget = program.budgets[call % program.budgets.length] as number;
      const want = reference.cpu.run(budget);
      const is = interpreter.cpu.run(budget);
      kind = want.kind;
      const where = `call ${call}, ${kind}`;
      const wrong = [...differences(reference, interpreter, where), ...derivedDifferences(machines, where)];
      if (kind !== is.kind) wrong.unshift(`${where}: stops with ${is.kind}`);
      if (wrong.length > 0) return wrong;
    }
    for (const m of machines) {
      m.resume(CODE + offset);
      setRegisters(m, program);
    }
  }
  return [];
}

describe('common cases of system routines do what the routines do', () => {
  const cases = (['interpreter', 'translator'] as const).flatMap((engine) =>
    (['protected32', 'long'] as const).flatMap((mode) => ([0, 3] as const).map((cpl): [Mode, 0 | 3, typeof engine] => [mode, cpl, engine])),
  );
  it.each(cases)('in mode %s from privilege level %i, with the %s', (mode, cpl, engine) => {
    const other = (): TestingCpu =>
      engine === 'interpreter'
        ? new TestingCpu(mode, engine, { cpl })
        : new TestingCpu(mode, engine, { cpl, hotAfter: 0, codeBytes: 2 ** 21 });
    const pair = (): [TestingCpu, TestingCpu] => [new TestingCpu(mode, 'reference', { cpl }), other()];
    let machines = pair();
    const property = fc.property(programs(mode, cpl), (program) => {
      const wrong = compare(machines, program);
      if (wrong.length === 0) return;
      machines = pair();
      const bytes = program.bytes.map((b) => b.toString(16).padStart(2, '0')).join(' ');
      expect.fail(`${wrong.slice(0, 12).join('\n')}\n${bytes}`);
    });
    fc.assert(property, { numRuns: engine === 'interpreter' ? RUNS : Math.ceil(RUNS / 3), seed: SEED });
  });

  /** Runs the code until 1000 instructions have retired; how many routines ran in TypeScript after the first 100. */
  function routinesOf(mode: Mode, cpl: 0 | 3, code: readonly number[], prepare: (m: TestingCpu) => void = () => {}): number {
    const m = new TestingCpu(mode, 'interpreter', { cpl });
    // SWAPGS; SWAPGS; SYSRETQ, and MOV EDX, CODE + 2; MOV ECX, ESP of the user; SYSEXIT.
    m.load([0x0f, 0x01, 0xf8, 0x0f, 0x01, 0xf8, 0x48, 0x0f, 0x07], ENTRY);
    m.load([0xba, ...little(CODE + 2), 0xb9, ...little(STACK_TOP), 0x0f, 0x35], ENTRY + 0x20);
    m.load([...code, 0xeb, 0xfe - code.length]);
    const r = m.cpu.registers;
    r.setField('star', (0x1bn << 48n) | (0x20n << 32n));
    r.setField('lstar', BigInt(ENTRY));
    r.setField('sysenterCs', 0x20n);
    r.setField('sysenterEip', BigInt(ENTRY + 0x20));
    r.setField('sysenterEsp', BigInt(INNER_STACK_TOP));
    prepare(m);
    m.cpu.run(100);
    const before = m.cpu.statistics?.routines ?? 0;
    expect(m.cpu.run(1000)).toEqual({ kind: 'budget' });
    return (m.cpu.statistics?.routines ?? 0) - before;
  }

  it.each<[string, Mode, 0 | 3, number[]]>([
    ['SYSCALL, SWAPGS and SYSRET', 'long', 3, [0x0f, 0x05]],
    ['SYSENTER and SYSEXIT', 'protected32', 3, [0x0f, 0x34]],
    ['INT n and IRET to the same level', 'protected32', 0, [0xcd, 0x40]],
    ['INT n and IRET from and to privilege 3', 'protected32', 3, [0xcd, 0x40]],
    ['INT n and IRETQ to the same level', 'long', 0, [0xcd, 0x40]],
    ['INT n and IRETQ from and to privilege 3', 'long', 3, [0xcd, 0x40]],
    ['CLI, STI, PUSHF, POPF in 32-bit code', 'protected32', 0, [0xfa, 0xfb, 0x9c, 0x9d]],
    ['CLI, STI, PUSHF, POPF in 64-bit code', 'long', 0, [0xfa, 0xfb, 0x9c, 0x9d]],
    ['MOV to FS and DS', 'protected32', 0, [0xb8, ...little(0x10), 0x8e, 0xe0, 0x8e, 0xd8]],
    ['MOV to GS, null', 'protected32', 0, [0x31, 0xc0, 0x8e, 0xe8]],
    ['MOV to ES, null', 'long', 0, [0x31, 0xc0, 0x8e, 0xc0]],
    ['WRMSR and RDMSR of IA32_FS_BASE', 'long', 0, [0xb9, ...little(0xc000_0100), 0x31, 0xd2, 0x0f, 0x30, 0x0f, 0x32]],
    ['RDTSC and RDTSCP', 'long', 3, [0x0f, 0x31, 0x0f, 0x01, 0xf9]],
    ['MOV from CR3 and to it', 'long', 0, [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8]],
    ['MOV from CR2', 'protected32', 0, [0x0f, 0x20, 0xd0]],
  ])('carry %s', (_, mode, cpl, code) => {
    expect(routinesOf(mode, cpl, code)).toBe(0);
  });

  it('leave to the routine what lets in an interrupt that waits', () => {
    const routines = (waits: boolean): number => {
      const m = new TestingCpu('long', 'interpreter');
      m.load([0xfa, 0xfb, 0x90]);
      m.cpu.step();
      if (waits) m.cpu.intr.raise();
      m.cpu.step();
      return m.cpu.statistics?.routines ?? 0;
    };
    expect([routines(false), routines(true)]).toEqual([0, 1]);
  });

  it('have names of their own', () => {
    const names = Object.values(system).flatMap((value) =>
      typeof value === 'object' && 'run' in value && value.common ? [value.name] : [],
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('systemCall');
  });
});
