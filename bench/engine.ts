/**
 * How fast the engines run: the fixed programs on a CPU with nothing else, engine against engine in turns, so that a machine that is busy
 * with something else disturbs all of them alike; what translating costs; what going from code to code costs.
 */
import { type Cpu, ENGINES, type EngineName } from '@paravirt/x86-core';
import { bareCpu } from './bare-cpu.ts';
import type { Figure } from './figure.ts';
import { FUNCTION_LENGTH, FUNCTIONS, LOOPS, manyFunctions, type Program, ROUND_TRIPS, TRANSITIONS } from './programs.ts';

const WARM_UP_MS = 200;
/** One engine's turn, and how many it has. */
const TURN_MS = 100;
const TURNS = 7;
/** Instructions between two looks at the clock. */
const SLICE: Readonly<Record<EngineName, number>> = { reference: 2_000, interpreter: 500_000, translator: 500_000 };
/** What ratios are taken of. */
const [FAST, SLOW] = ['translator', 'interpreter'] as const;

/** Million instructions per second in each of an engine's turns. */
type Rates = Readonly<Record<EngineName, readonly number[]>>;

/** Runs slices for `ms`; million instructions per second. NaN if the program does not go on for ever. */
function rate(cpu: Cpu, ms: number): number {
  const [start, before] = [performance.now(), cpu.retired];
  let elapsed = 0;
  do {
    if (cpu.run(SLICE[cpu.engine]).kind !== 'budget') return Number.NaN;
    elapsed = performance.now() - start;
  } while (elapsed < ms);
  return Number(cpu.retired - before) / 1e3 / elapsed;
}

function ratesOf(program: Program, engines: readonly EngineName[]): Rates {
  const cpus = engines.map((engine) => bareCpu({ ...program, engine }));
  const rates: Record<EngineName, number[]> = { reference: [], interpreter: [], translator: [] };
  for (const cpu of cpus) rate(cpu, WARM_UP_MS);
  for (let turn = 0; turn < TURNS; turn++) for (const cpu of cpus) rates[cpu.engine].push(rate(cpu, TURN_MS));
  return rates;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Of neighbouring turns. */
const ratio = (rates: Rates): number => median(rates[FAST].map((fast, turn) => fast / (rates[SLOW][turn] ?? Number.NaN)));

/** Nanoseconds that one turn of a program's loop takes. */
const roundNs = (program: Program, rates: readonly number[]): number => ((program.round ?? 1) * 1e3) / median(rates);

/** For each program: the figure of each engine, and how many times faster the translator is. */
export function* engineFigures(): Generator<readonly Figure[]> {
  for (const [name, program] of Object.entries(LOOPS)) {
    const rates = ratesOf(program, ENGINES);
    yield [
      ...ENGINES.map((engine) => ({ name: `${engine}: ${name}`, value: median(rates[engine]), unit: 'million instructions/s' })),
      { name: `${FAST} to ${SLOW}: ${name}`, value: ratio(rates), unit: 'times as fast' },
    ];
  }
  for (const [name, program] of Object.entries(ROUND_TRIPS)) {
    const rates = ratesOf(program, ENGINES);
    yield [
      ...ENGINES.map((engine) => ({ name: `${engine}: ${name}`, value: roundNs(program, rates[engine]), unit: 'ns' })),
      { name: `${FAST} to ${SLOW}: ${name}`, value: ratio(rates), unit: 'times as fast' },
    ];
  }
  yield transitionFigures();
  yield compileFigures();
}

/** What a turn of a loop takes longer because it leaves its region. */
function transitionFigures(): readonly Figure[] {
  const round = (program: Program, engine: EngineName): number => roundNs(program, ratesOf(program, [engine])[engine]);
  const { none, interpreted, near, far } = TRANSITIONS;
  const onInterpreter = round(interpreted, SLOW) - round(none, SLOW);
  const onTranslator = round(interpreted, FAST) - round(none, FAST);
  const regions = regionsOf(far);
  return [
    { name: 'an instruction that is left to the interpreter, on the interpreter', value: onInterpreter, unit: 'ns' },
    { name: 'region to interpreter and back, that instruction included', value: onTranslator, unit: 'ns' },
    { name: `region to region, by a jump around ${regions} of them`, value: (round(far, FAST) - round(near, FAST)) / regions, unit: 'ns' },
  ];
}

/** How many regions a program's loop is cut into. */
function regionsOf(program: Program): number {
  const cpu = bareCpu({ ...program, engine: FAST });
  rate(cpu, WARM_UP_MS);
  return cpu.statistics?.regions?.alive ?? Number.NaN;
}

/** How many turns of `manyFunctions` make everything hot and compiled. */
const TURNS_UNTIL_WARM = 50;

/** What it costs that code is translated: time from cold to warm beyond what the same turns take when warm, for each region. */
function compileFigures(): readonly Figure[] {
  const program = manyFunctions();
  const budget = TURNS_UNTIL_WARM * (program.round ?? 1);
  const cold = (): readonly Figure[] => {
    const cpu = bareCpu({ ...program, engine: FAST, hotAfter: 10 });
    const milliseconds = (): number => {
      const start = performance.now();
      cpu.run(budget);
      return performance.now() - start;
    };
    const extra = milliseconds() - milliseconds();
    const { made: regions = Number.NaN, compileMilliseconds = Number.NaN, codeBytes = Number.NaN } = cpu.statistics?.regions ?? {};
    return [
      { name: `${FUNCTIONS} functions of ${FUNCTION_LENGTH} instructions, and their caller`, value: regions, unit: 'regions' },
      { name: 'translating a region', value: (compileMilliseconds * 1e3) / regions, unit: 'µs' },
      { name: 'translating a region and compiling it, until it runs at full speed', value: (extra * 1e3) / regions, unit: 'µs' },
      { name: 'WebAssembly of a region', value: codeBytes / regions, unit: 'bytes' },
    ];
  };
  // The first time also compiles what serves every CPU of the process.
  cold();
  return cold();
}
