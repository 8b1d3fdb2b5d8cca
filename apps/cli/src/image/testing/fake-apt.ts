/** Programs that stand in for apt: an archive of packages that are made from a table. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface FakePackage {
  readonly depends?: string;
  /** Path in the package → contents. */
  readonly files: Readonly<Record<string, string>>;
}

export interface FakeApt {
  /** Directory of `apt-cache` and `apt-get`, for PATH. */
  readonly path: string;
  /** Packages downloaded so far. */
  downloads(): number;
}

/** Makes the archive in `folder`; names are without architecture, which is ignored when they are asked for. */
export function fakeApt(folder: string, packages: Readonly<Record<string, FakePackage>>): FakeApt {
  const path = join(folder, 'fake-apt');
  const log = join(path, 'downloads');
  mkdirSync(path, { recursive: true });
  for (const [name, { depends, files }] of Object.entries(packages)) {
    const fields = [`Package: ${name}`, 'Version: 1', 'Architecture: amd64', 'Maintainer: a <a@b.c>', 'Description: d'];
    if (depends !== undefined) fields.push(`Depends: ${depends}`);
    const control = `${fields.join('\n')}\n`;
    const root = join(path, `${name}-root`);
    for (const [file, text] of Object.entries({ ...files, 'DEBIAN/control': control })) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    execFileSync('dpkg-deb', ['-Znone', '-b', root, join(path, `${name}.deb`)]);
    writeFileSync(join(path, `${name}.stanza`), control);
  }
  const named = (argument: string): string => `for last; do :; done; last=\${last%%=*}; file=${path}/\${last%%:*}.${argument}`;
  program(join(path, 'apt-cache'), `${named('stanza')}; [ -e "$file" ] || exit 100; cat "$file"`);
  program(join(path, 'apt-get'), `${named('deb')}; [ -e "$file" ] || exit 100; cp "$file" . && echo >> ${log}`);
  return { path, downloads: () => (existsSync(log) ? readFileSync(log).length : 0) };
}

const program = (path: string, script: string): void => writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
