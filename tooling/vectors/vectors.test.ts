/**
 * A sample of the vectors recorded from real processors, on both engines: every 97th case of every group. `pnpm test:vectors` runs them
 * all. Where the vectors are not at hand (they are too large for the repository), the sample beside this file is run instead.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineName } from '@paravirt/x86-core';
import { describe, expect, it } from 'vitest';
import { casesOf, GROUPS, vectorFolder } from './files.ts';
import { isLeftOut, RealModeMachine, type RealVector } from './real-mode.ts';
import { runVector } from './run-vector.ts';
import type { Mode, Vector } from './vector.ts';
import { VectorMachine } from './vector-machine.ts';

const STEP = 97;
const ENGINES: readonly EngineName[] = ['reference', 'interpreter'];
const WITH_TRANSLATOR: readonly EngineName[] = [...ENGINES, 'translator'];
const MODES: readonly Mode[] = ['i386', 'x86_64'];
const here = dirname(fileURLToPath(import.meta.url));
const folder = vectorFolder(undefined, join(here, '..', '..'));
const asked = process.env['VECTORS_DIR'];

interface SampleCase extends Vector {
  readonly mode: Mode;
}

/** Group and number of every case that fails, and what is wrong. */
const failures = <Case extends { readonly id: string; readonly asm: string }>(
  cases: readonly Case[],
  run: (c: Case) => readonly string[],
): string[] =>
  cases.flatMap((c) => {
    const wrong = run(c);
    return wrong.length === 0 ? [] : [`${c.id} ${c.asm}: ${wrong.join('; ')}`];
  });

it('finds the vectors in VECTORS_DIR, if that is set', () => {
  if (asked !== undefined) expect(existsSync(join(asked, 'i386')), `VECTORS_DIR is ${asked}, which has no folder i386`).toBe(true);
});

function runFolder(vectors: string): void {
  for (const mode of MODES) {
    describe(`vectors of ${mode}`, () => {
      const machines = WITH_TRANSLATOR.map((engine) => new VectorMachine(mode, engine));
      it.each(GROUPS)('%s', (group) => {
        const cases = [...casesOf<Vector>(join(vectors, mode, `${group}.jsonl.gz`), STEP)];
        expect(cases).not.toEqual([]);
        for (const machine of machines)
          expect(
            failures(cases, (c) => runVector(machine, c)),
            machine.cpu.engine,
          ).toEqual([]);
      });
    });
  }

  describe('vectors of real-address mode', () => {
    const real = join(vectors, 'real_mode_286');
    const cases = [...casesOf<RealVector>(join(real, 'tests.jsonl.gz'), STEP)].filter((c) => !isLeftOut(c));
    it.each(ENGINES)('on the %s', (engine) => {
      const machine = new RealModeMachine(engine, real);
      expect(failures(cases, (c) => machine.run(c))).toEqual([]);
    });
  });
}

function runSample(): void {
  console.warn(
    'The vectors of real processors are not here: only tooling/vectors/sample.jsonl is run. Set VECTORS_DIR to a folder with i386/ and x86_64/ to run more.',
  );
  const sample = readFileSync(join(here, 'sample.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as SampleCase);
  describe('the sample of vectors in the repository', () => {
    it.each(MODES.flatMap((mode) => WITH_TRANSLATOR.map((engine) => [mode, engine] as const)))('%s on the %s', (mode, engine) => {
      const machine = new VectorMachine(mode, engine);
      const cases = sample.filter((c) => c.mode === mode);
      expect(new Set(cases.map((c) => c.id.slice(0, c.id.indexOf('/')))).size).toBe(GROUPS.length);
      expect(failures(cases, (c) => runVector(machine, c))).toEqual([]);
    });
  });
}

if (folder === undefined) runSample();
else runFolder(folder);
