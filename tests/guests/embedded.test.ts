import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { multibootKernel, PRINT_AND_POWER_OFF } from './small-programs.ts';

const EXAMPLE = join(import.meta.dirname, 'embedded.ts');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-embedded-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('README.md', () => {
  it('shows the embedding example that this test runs', async () => {
    const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
    expect(/^```ts\n(.*?)^```$/ms.exec(readme)?.[1]).toBe(readFileSync(EXAMPLE, 'utf8'));

    writeFileSync(join(folder, 'vmlinuz'), multibootKernel(PRINT_AND_POWER_OFF));
    writeFileSync(join(folder, 'initrd'), 'nothing that the kernel looks at');
    const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE], { cwd: folder });
    expect(stdout).toBe("P{ kind: 'shutdown', cause: 'power' }\n");
  });
});
