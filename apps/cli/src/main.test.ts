import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What is loaded before a command runs: the packages that `file` and what it imports need, types and `import()` left aside. */
function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const packages = new Set<string>();
  if (seen.has(file) || !file.endsWith('.ts')) return packages;
  seen.add(file);
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|export) (?!type )(?:[^;'"]* from )?['"]([^'"]+)['"]/gm,
  )) {
    if (!specifier.startsWith('.')) packages.add(specifier);
    else for (const name of loadedBy(join(dirname(file), specifier), seen)) packages.add(name);
  }
  return packages;
}

describe('Starting the command', () => {
  it('loads what only the lab needs when the lab is run', () => {
    const loaded = loadedBy(join(import.meta.dirname, 'main.ts'));
    expect(loaded).toContain('@paravirt/machine');
    for (const late of ['@paravirt/lab', '@nats-io/jetstream', '@nats-io/transport-node', '@observablehq/plot', 'linkedom'])
      expect(loaded).not.toContain(late);
  });
});
