import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSources } from './guest-modules.ts';
import { compilePrograms } from './guest-programs.ts';
import { ImageError } from './image-error.ts';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'programs-'));
});
afterEach(() => rmSync(work, { recursive: true }));

const MACHINE = { x86_64: 62, i686: 3 };

describe('The programs of guests/linux', () => {
  it.each(['x86_64', 'i686'] as const)('are static ELF files for %s, the same each time', async (arch) => {
    const sources = readSources();
    if (sources === undefined) throw new Error('no sources');
    const options = { arch, sources, compiler: 'gcc', work };
    const first = (await compilePrograms(options)).get('labnet') ?? new Uint8Array();
    const view = new DataView(first.buffer, first.byteOffset, first.length);
    expect(view.getUint32(0)).toBe(0x7f45_4c46);
    // ET_EXEC: nothing has to be loaded or moved.
    expect([view.getUint16(16, true), view.getUint16(18, true)]).toEqual([2, MACHINE[arch]]);
    expect((await compilePrograms(options)).get('labnet')).toEqual(first);
  });

  it('are left out where their sources are not', async () => {
    const made = await compilePrograms({ arch: 'x86_64', sources: { files: new Map([['a/a.c', '']]), digest: '' }, compiler: 'gcc', work });
    expect(made.size).toBe(0);
  });

  it('fail with the first error of the compiler', async () => {
    const sources = { files: new Map([['lab/a.c', 'int start(void) { return nothing; }\n']]), digest: '' };
    const making = compilePrograms({ arch: 'x86_64', sources, compiler: 'gcc', work });
    await expect(making).rejects.toThrow(ImageError);
    await expect(making).rejects.toThrow('nothing');
  });
});
