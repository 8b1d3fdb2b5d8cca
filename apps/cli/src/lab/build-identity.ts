/**
 * Which program measures: its version and, where it runs from the repository, the commit. Results of different programs are never mixed, and
 * a worker measures only for a command that is the same program as itself.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };

export interface BuildIdentity {
  readonly version: string;
  /** Twelve hexadecimal digits; if files differ from it, `+` and eight of the difference's digest. Undefined for an installed package. */
  readonly commit: string | undefined;
}

function git(folder: string, ...args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined; // no git, or no repository
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** Of the commit that `folder` is part of, if that is the repository of this program and not one that happens to be around it. */
function commitOf(folder: string): string | undefined {
  const root = git(folder, 'rev-parse', '--show-toplevel');
  if (root === undefined || !existsSync(join(root, 'apps/cli/package.json')) || !folder.startsWith(join(root, 'apps/cli')))
    return undefined;
  const commit = git(folder, 'rev-parse', '--short=12', 'HEAD');
  if (commit === undefined) return undefined;
  const difference = git(root, 'diff', 'HEAD', '--', 'apps', 'packages', 'guests');
  return commit === undefined || difference === '' ? commit : `${commit}+${digest(difference ?? '')}`;
}

export function buildIdentity(): BuildIdentity {
  return { version: manifest.version, commit: commitOf(import.meta.dirname) };
}

/** `0.1.0`, `0.1.0 (533bb98a1b2c)`: one line, the same for the same program. */
export const buildName = ({ version, commit }: BuildIdentity): string => (commit === undefined ? version : `${version} (${commit})`);
