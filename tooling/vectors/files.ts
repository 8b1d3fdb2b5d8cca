/** Where vectors are and how a group is read. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Groups that the CPU implements. The others belong to extensions that CPUID says are absent. */
export const GROUPS: readonly string[] = [
  'alu',
  'mov',
  'addr',
  'shift',
  'bit',
  'muldiv',
  'bcd',
  'atomic',
  'string',
  'stack',
  'branch',
  'seg',
  'exc',
  'x87_ldst',
  'x87_arith',
  'x87_cmp',
  'x87_ctl',
  'x87_trans',
  'mmx',
  'sse',
  'sse_approx',
  'sse2',
];

/** The folder of the vectors: given, in VECTORS_DIR, or beside the repository. Undefined if there is none. */
export function vectorFolder(given: string | undefined, root: string): string | undefined {
  const candidates = [given, process.env['VECTORS_DIR'], join(root, '..', 'shared', 'vectors')];
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    const folder = resolve(candidate);
    if (existsSync(join(folder, 'i386')) || existsSync(join(folder, 'x86_64'))) return folder;
  }
  return undefined;
}

export function groupsIn(folder: string, mode: string): string[] {
  const suffix = '.jsonl.gz';
  return existsSync(join(folder, mode))
    ? readdirSync(join(folder, mode))
        .filter((f) => f.endsWith(suffix))
        .map((f) => f.slice(0, -suffix.length))
    : [];
}

/** Every `step`-th case of a gzipped file of JSON lines. */
export function* casesOf<Case>(file: string, step: number): Generator<Case> {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
  for (let i = 0; i < lines.length; i += step) {
    const line = lines[i];
    if (line !== undefined && line !== '') yield JSON.parse(line) as Case;
  }
}
