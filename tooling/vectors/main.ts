/**
 * `pnpm test:vectors`: runs vectors recorded from real processors and prints pass and fail counts per group. Exit code 1 if a case fails,
 * 2 if the vectors are not there.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { EngineName } from '@paravirt/x86-core';
import { casesOf, GROUPS, groupsIn, vectorFolder } from './files.ts';
import { isLeftOut, RealModeMachine, type RealVector } from './real-mode.ts';
import { runVector } from './run-vector.ts';
import type { Mode, Vector } from './vector.ts';
import { VectorMachine } from './vector-machine.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: options, positionals } = parseArgs({
  options: {
    dir: { type: 'string' },
    group: { type: 'string', multiple: true },
    mode: { type: 'string', multiple: true },
    engine: { type: 'string', multiple: true },
    step: { type: 'string', default: '1' },
    show: { type: 'string', default: '3' },
  },
  allowPositionals: true,
});

const folder = vectorFolder(options.dir, root);
if (folder === undefined) {
  console.error('no vectors: give their folder with --dir DIR (it holds i386/ and x86_64/)');
  process.exit(2);
}
const engines = (options.engine ?? ['reference', 'interpreter']) as EngineName[];
const modes = options.mode ?? ['i386', 'x86_64', 'real'];
// `--group alu mov` gives the rest as positionals.
const wanted = [...(options.group ?? []), ...positionals];
const step = Math.max(1, Number(options.step));
const show = Number(options.show);

let passed = 0;
let failed = 0;
/** Runs cases and prints one line for the group; cases that `isLeftOut` names are neither. */
function report<Case extends { readonly id: string; readonly asm: string }>(
  label: string,
  cases: Iterable<Case>,
  run: (c: Case) => string[],
  isLeftOut: (c: Case) => boolean = () => false,
): void {
  let good = 0;
  let bad = 0;
  let left = 0;
  const started = performance.now();
  for (const c of cases) {
    if (isLeftOut(c)) {
      left++;
      continue;
    }
    let wrong: string[];
    try {
      wrong = run(c);
    } catch (error) {
      wrong = [`threw ${error instanceof Error ? error.stack : JSON.stringify(error)}`];
    }
    if (wrong.length === 0) good++;
    else if (bad++ < show) console.log(`  ${c.id} ${c.asm}: ${wrong.join('; ')}`);
  }
  passed += good;
  failed += bad;
  console.log(
    `${label.padEnd(34)} ${String(good).padStart(7)} passed ${String(bad).padStart(6)} failed  ${((performance.now() - started) / 1000).toFixed(1)} s${left > 0 ? `  (${left} left out)` : ''}`,
  );
}

for (const engine of engines) {
  for (const mode of modes) {
    if (mode === 'real') {
      const machine = new RealModeMachine(engine, join(folder, 'real_mode_286'));
      const cases = casesOf<RealVector>(join(folder, 'real_mode_286', 'tests.jsonl.gz'), step);
      report(`${engine} real_mode_286`, cases, (c) => machine.run(c), isLeftOut);
      continue;
    }
    const machine = new VectorMachine(mode as Mode, engine);
    const groups = wanted.length > 0 ? wanted : groupsIn(folder, mode).filter((g) => GROUPS.includes(g));
    for (const group of groups)
      report(`${engine} ${mode} ${group}`, casesOf<Vector>(join(folder, mode, `${group}.jsonl.gz`), step), (c) => runVector(machine, c));
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
