import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Apt, tool } from './apt.ts';
import { fetchHeaders, findHeaders, namedIn } from './kernel-headers.ts';
import { Progress } from './progress.ts';
import { fakeApt } from './testing/fake-apt.ts';

const DEPENDS = 'linux-headers-6.1.0-50-common (= 6.1.176-1), linux-kbuild-6.1 (>= 6.1.176-1), linux-compiler-gcc-12-x86';
const kernel = { name: 'linux-image-6.1.0-50-686:i386', version: '1', size: 0, depends: '' };

let folder: string;
const environment = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headers-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.env = { ...environment };
});

describe('The headers of a kernel', () => {
  it('are named, with the compiler, by what linux-headers depends on', () => {
    expect(namedIn(DEPENDS)).toEqual({ common: 'linux-headers-6.1.0-50-common', tools: 'linux-kbuild-6.1', compiler: 'gcc-12' });
    expect(namedIn('libc6')).toEqual({});
  });

  it('are fetched once, and their makefile leads to where they are', async () => {
    const sources = 'usr/src/linux-headers-6.1.0-50';
    const archive = fakeApt(folder, {
      'linux-headers-6.1.0-50-686': {
        depends: DEPENDS,
        files: { [`${sources}-686/.config`]: '', [`${sources}-686/Makefile`]: 'include /usr/src/linux-headers-6.1.0-50-common/Makefile\n' },
      },
      'linux-headers-6.1.0-50-common': { files: { [`${sources}-common/Makefile`]: 'modules:\n\techo made in $(CURDIR)\n' } },
      'linux-kbuild-6.1': { files: { 'usr/lib/linux-kbuild-6.1/scripts/x': '' } },
    });
    process.env['PATH'] = `${archive.path}:${environment['PATH']}`;
    const cache = join(folder, 'cache');
    mkdirSync(cache);
    const offered = await findHeaders(Apt.system(), kernel);
    expect(offered.compiler).toBe('gcc-12');
    const silent = new Progress({ write: () => true });
    const directory = await fetchHeaders(offered, cache, silent);
    expect(await tool('make', ['-s', '-C', directory, 'modules'])).toContain(`made in ${directory}`);
    const fetched = archive.downloads();
    expect(await fetchHeaders(offered, cache, silent)).toBe(directory);
    expect(archive.downloads()).toBe(fetched);
  });

  it('are missed by name', async () => {
    const archive = fakeApt(folder, { 'linux-headers-6.1.0-50-686': { depends: DEPENDS, files: {} } });
    process.env['PATH'] = `${archive.path}:${environment['PATH']}`;
    await expect(findHeaders(Apt.system(), kernel)).rejects.toThrow('apt offers no linux-headers-6.1.0-50-common');
  });
});
