// `pnpm test`: everything that must hold before a change is done. All steps run, also after one has failed, so that one run tells all.
// The last line is `N passed, N failed`: the tests of the two vitest projects, and one for each other step.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, node, script } from './child.mjs';

const turbo = (/** @type {string} */ task) => node([script('turbo'), 'run', task, '--output-logs=errors-only']);

/** @type {readonly (readonly [name: string, run: () => Promise<number>])[]} */
const STEPS = [
  ['build', build],
  ['lint', () => node([script('@biomejs/biome'), 'check', '--error-on-warnings', '.'])],
  ['typecheck', () => turbo('typecheck')],
  ['typecheck of tooling, bench and guest tests', () => node([script('typescript', 'tsc'), '--noEmit', '-p', 'tooling'])],
  ['package checks', () => turbo('check')],
  ['public interfaces', () => node(['tooling/api-snapshot.mjs'])],
];
const PROJECTS = ['unit', 'guests'];

const reports = mkdtempSync(join(tmpdir(), 'paravirt-test-'));

/** What failed, said once more at the end, where somebody who reads only the last lines finds it. @type {string[]} */
const failures = [];

/** Runs a vitest project and counts what it reports. @param {string} project @returns {Promise<{ passed: number, failed: number }>} */
async function vitest(project) {
  const file = join(reports, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await node([script('vitest'), 'run', '--project', project, ...reporters]);
  let passed = 0;
  let failed = 0;
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    passed = report.numPassedTests;
    failed = report.numFailedTests;
    for (const { name, status, message, assertionResults } of report.testResults) {
      for (const test of assertionResults)
        if (test.status === 'failed') failures.push(`${name}: ${test.fullName}\n${test.failureMessages.join('\n')}`);
      // A file that does not load has no tests to fail.
      if (status !== 'failed' || assertionResults.length > 0) continue;
      failures.push(`${name}: ${message}`);
      failed++;
    }
  } catch (error) {
    console.error(`${project}: no report: ${/** @type {Error} */ (error).message}`);
  }
  // Errors outside of any test, or no tests at all, are failures too.
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

/** @type {{ name: string, passed: number, failed: number, seconds: number }[]} */
const results = [];

/** @param {string} name @param {() => Promise<{ passed: number, failed: number }>} run */
async function step(name, run) {
  console.log(`\n── ${name}`);
  const start = performance.now();
  const { passed, failed } = await run();
  results.push({ name, passed, failed, seconds: (performance.now() - start) / 1000 });
}

try {
  for (const [name, run] of STEPS)
    await step(name, async () => ((await run()) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }));
  for (const project of PROJECTS) await step(`${project} tests`, () => vitest(project));
} finally {
  rmSync(reports, { recursive: true, force: true });
}

for (const failure of failures) console.log(`\n${failure.slice(0, 2000)}`);
console.log('');
for (const { name, passed, failed, seconds } of results)
  console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name}: ${passed} passed, ${failed} failed (${seconds.toFixed(1)} s)`);
/** @param {'passed' | 'failed'} key */
const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
console.log(`${total('passed')} passed, ${total('failed')} failed`);
process.exitCode = total('failed') === 0 ? 0 : 1;
