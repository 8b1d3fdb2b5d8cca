// How the scripts of this folder start other programs: always with the Node that the repository pins (a root devDependency), whatever
// the machine has.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** The pinned Node. pnpm's scripts run on it already; a script that was started by hand with an older one still finds it here. */
export const NODE = (() => {
  const pinned = join(ROOT, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return Number(process.versions.node.split('.')[0]) >= 24 || !existsSync(pinned) ? process.execPath : pinned;
})();

/** For children: tools of the repository first, no colours in logs, no news to anybody. */
export const ENVIRONMENT = {
  ...process.env,
  PATH: [dirname(NODE), join(ROOT, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
};

/**
 * Path of a package's command-line script, as its manifest tells.
 * @param {string} name package of the root's devDependencies
 * @param {string} [command] which of its commands
 */
export function script(name, command = name.split('/').at(-1) ?? name) {
  const folder = join(ROOT, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command]);
}

/**
 * Runs a script on the pinned Node and tells its exit code (1 if it was killed).
 * @param {readonly string[]} args script and arguments
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function node(args, options = {}) {
  return new Promise((done) => {
    const child = spawn(NODE, [...args], { cwd: ROOT, env: ENVIRONMENT, stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.on('error', (error) => {
      console.error(error.message);
      done(1);
    });
    child.on('close', (code) => done(code ?? 1));
  });
}

/** Builds every package. @returns {Promise<number>} exit code */
export const build = () => node([script('turbo'), 'run', 'build', '--output-logs=errors-only']);
