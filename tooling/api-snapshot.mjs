// Holds the public interface of every library package in git: what the build declares (dist/*.d.ts) must be what packages/NAME/api says, so
// that a change of the interface is seen in a review. After a change that is meant: `pnpm api` (this script with --update), then commit.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './child.mjs';

const update = process.argv.includes('--update');
/** Declarations that several entries share are bundled into files with a hash in their names. */
const HASHED = /-[\w-]{8}(?=\.d\.ts$|\.js['"])/gm;

/** Declarations by file name, hashes taken off. @param {string} folder @param {string} end @returns {Map<string, string>} */
function read(folder, end) {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(end)) : [];
  return new Map(names.sort().map((name) => [name.slice(0, -end.length), readFileSync(join(folder, name), 'utf8')]));
}

/** @param {Map<string, string>} declarations @returns {Map<string, string>} */
const withoutHashes = (declarations) =>
  new Map([...declarations].map(([name, text]) => [`${name}.d.ts`.replace(HASHED, '').slice(0, -5), text.replaceAll(HASHED, '')]));

let wrong = 0;
for (const name of readdirSync(join(ROOT, 'packages')).sort()) {
  const api = join(ROOT, 'packages', name, 'api');
  const built = withoutHashes(read(join(ROOT, 'packages', name, 'dist'), '.d.ts'));
  if (built.size === 0) {
    console.error(`${name}: not built`);
    wrong++;
    continue;
  }
  if (update) {
    rmSync(api, { recursive: true, force: true });
    mkdirSync(api);
    for (const [file, text] of built) writeFileSync(join(api, `${file}.api.d.ts`), text);
    continue;
  }
  const kept = read(api, '.api.d.ts');
  for (const file of new Set([...built.keys(), ...kept.keys()])) {
    if (built.get(file) === kept.get(file)) continue;
    wrong++;
    const [was, is] = [kept, built].map((files) => (files.get(file) ?? '').split('\n'));
    const line = (is ?? []).findIndex((text, i) => text !== was?.[i]);
    console.error(
      `${relative(ROOT, join(api, file))}.api.d.ts differs from the build at line ${line + 1}: ${(is?.[line] ?? '(end)').trim()}`,
    );
  }
}
if (wrong > 0) {
  console.error('If the change of the public interface is meant, run `pnpm api` and commit the result.');
  process.exitCode = 1;
}
