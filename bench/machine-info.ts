/** Under which circumstances figures were measured: without them a figure says nothing. */
import { execFileSync } from 'node:child_process';
import { cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** The commit that is checked out, with a plus sign if files differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

/** Machine, Node, commit and date, one `name: value` a line. */
export function circumstances(): readonly string[] {
  const processors = cpus();
  return [
    `machine: ${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`,
    `node: ${process.version} (V8 ${process.versions.v8})`,
    `commit: ${commit()}`,
    `date: ${new Date().toISOString().slice(0, 10)}`,
  ];
}
