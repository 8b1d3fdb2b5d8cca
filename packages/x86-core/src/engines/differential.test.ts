/**
 * The reference engine against the interpreter: random programs in every mode, run by `cpu.run` with random budgets, must give the same
 * registers, flags, memory, exceptions, accesses to ports and devices and interrupts, each at the same count of retired instructions.
 * PARAVIRT_RUNS sets the number of programs for each mode, PARAVIRT_SEED the seed (`random`: another one each time).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../decode/decoder.ts';
import { TESTING_MODES, TestingCpu, type TestingMode } from '../testing-cpu.ts';
import { differences } from '../testing-differences.ts';
import { type Program, programs } from '../testing-programs.ts';

const environment = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {};
const RUNS = Number(environment['PARAVIRT_RUNS'] ?? 60);
const SEED = environment['PARAVIRT_SEED'] === 'random' ? Date.now() % 2 ** 31 : Number(environment['PARAVIRT_SEED'] ?? 20_261_122);
/** The package knows no host; where there is a console, it is told how much was compared. */
const tell = (line: string): void => (globalThis as { console?: { log(line: string): void } }).console?.log(line);
/** Instructions after which a program that has not ended is started again further on. */
const LONGEST = 50n;

const CODE_WIDTH = { real: 16, protected16: 16, segmented: 32, protected32: 32, long: 64 } as const;

function setRegisters(machine: TestingCpu, program: Program): void {
  const { registers } = machine.cpu;
  program.registers.forEach((value, n) => {
    if (n !== 4) registers.setField('gpr', value, n);
  });
  // Mostly all exceptions masked; all directions of rounding.
  const rounding = (program.flags >> 4) & 3;
  const masks = (program.flags & 0xf) === 0 ? 0 : 0x3f;
  machine.setUnits(program.units, 0x300 | masks | (rounding << 10), (masks << 7) | (rounding << 13));
}

/**
 * Runs a program on both and gives the first differences. Where it ends in an exception, or has gone on for long enough, it is started
 * again at its next instruction.
 */
function compare(machines: readonly [TestingCpu, TestingCpu], program: Program): string[] {
  const [reference, interpreter] = machines;
  for (const machine of machines) {
    machine.reset();
    machine.load(program.bytes, program.start);
    setRegisters(machine, program);
    machine.cpu.registers.rflags = BigInt(program.flags | 2);
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
      const wrong = differences(reference, interpreter, where);
      if (kind !== is.kind) wrong.unshift(`${where}: stops with ${is.kind}`);
      if (wrong.length > 0) return wrong;
    }
    for (const machine of machines) {
      machine.resume(program.start + offset);
      setRegisters(machine, program);
    }
  }
  return [];
}

describe('the interpreter does what the reference engine does', () => {
  const cases = TESTING_MODES.flatMap((mode): [TestingMode, 0 | 3][] =>
    mode === 'real'
      ? [[mode, 0]]
      : [
          [mode, 0],
          [mode, 3],
        ],
  );
  it.each(cases)('in mode %s at privilege level %i', (mode, cpl) => check(mode, cpl, () => new TestingCpu(mode, 'interpreter', { cpl })));
});

describe('the translator does what the reference engine does', () => {
  const modes: TestingMode[] = ['protected32', 'long'];
  const cases = modes.flatMap((mode): [TestingMode, 0 | 3][] => [
    [mode, 0],
    [mode, 3],
  ]);
  // All code is translated before it runs.
  it.each(cases)('in mode %s at privilege level %i', (mode, cpl) =>
    check(mode, cpl, () => new TestingCpu(mode, 'translator', { cpl, hotAfter: 0, codeBytes: 2 ** 21 })),
  );
});

function check(mode: TestingMode, cpl: 0 | 3, other: () => TestingCpu): void {
  const pair = (): [TestingCpu, TestingCpu] => [new TestingCpu(mode, 'reference', { cpl }), other()];
  let machines = pair();
  const decodeMode = { codeWidth: CODE_WIDTH[mode], stackWidth: CODE_WIDTH[mode] };
  const cut = (bytes: readonly number[]): readonly number[] => {
    const result = decode(Uint8Array.from(bytes), bytes.length, decodeMode);
    return result === undefined ? bytes : bytes.slice(0, Math.max(result.length, 1));
  };
  const property = fc.property(programs(mode, cut), (program) => {
    const wrong = compare(machines, program);
    if (wrong.length > 0) {
      // Counts have gone apart: later programs need a new pair.
      machines = pair();
      const bytes = program.bytes.map((b) => b.toString(16).padStart(2, '0')).join(' ');
      expect.fail(`${wrong.slice(0, 12).join('\n')}\nat ${program.start.toString(16)}: ${bytes}`);
    }
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
  if (environment['PARAVIRT_RUNS'] !== undefined) tell(`${mode}, privilege level ${cpl}: ${machines[1].cpu.retired} instructions`);
}
