/**
 * V8 as a machine wants it. Two things that Node sets otherwise:
 *
 * - Branch hints put what translated code hardly ever does out of its way: loops of gbench take 5 to 20 % less time. Node 24 has them behind
 *   a flag, which can be set at any time.
 * - Node's pool has four threads for compilers and collectors, however many processors there are. Where they outnumber the processors left
 *   beside the guest's, they take its time: booting Debian to init took 2.8 s with four and 2.2 s with one thread, gbench's `pipe` 660 and
 *   550 ms. The size of the pool can only be said when Node starts, so the process replaces itself, which takes 40 ms.
 *
 * Figures: 2-core EPYC, Node 24.21, November 2026.
 */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

const POOL = '--v8-pool-size';
const NODE_POOL = 4;

/** What Node has to be started with, on so many processors and with what it was started with; undefined: it is right as it is. */
export function missingOptions(processors: number, given: readonly string[]): readonly string[] | undefined {
  const size = Math.max(1, processors - 1);
  return size >= NODE_POOL || given.some((option) => option.startsWith(POOL)) ? undefined : [`${POOL}=${size}`];
}

/** What can be set while Node runs. */
export function setV8Flags(): void {
  if (process.versions.node.startsWith('24.')) setFlagsFromString('--experimental-wasm-branch-hinting');
}

/** Options for a process that shares the processors with others of its kind: a pool of one thread, unless the user has said another size. */
export const optionsOfMany = (given: readonly string[]): readonly string[] =>
  given.some((option) => option.startsWith(POOL)) ? given : [...given, `${POOL}=1`];

/** Sets flags; starts this program anew in the same process where that is needed and possible. Nothing may have been read or printed. */
export function prepareV8(): void {
  setV8Flags();
  const given = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  const options = missingOptions(availableParallelism(), given);
  if (options === undefined || process.execve === undefined || process.platform === 'win32') return;
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...options, ...process.argv.slice(1)]);
}
