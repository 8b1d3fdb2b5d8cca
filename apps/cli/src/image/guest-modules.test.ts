import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileModules, findCompiler, GuestModules, readSources } from './guest-modules.ts';
import { ImageError } from './image-error.ts';

let folder: string;
const environment = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modules-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.env = { ...environment };
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

describe('The sources of guests/linux', () => {
  it('come with this program', () => {
    expect([...(readSources()?.files.keys() ?? [])]).toEqual(
      expect.arrayContaining(['Kbuild', 'Makefile', 'venet/main.c', 'include/vbus/venet.h']),
    );
  });

  it('are what a build reads, not what it makes', () => {
    write({
      Kbuild: '',
      Makefile: '',
      'a/Kbuild': '',
      'a/main.c': '',
      'a/a.h': '',
      'a/a.mod.c': '',
      'a/main.o': '',
      'a/a.ko': '',
      COPYING: '',
    });
    expect([...(readSources([folder])?.files.keys() ?? [])]).toEqual(['Kbuild', 'Makefile', 'a/Kbuild', 'a/a.h', 'a/main.c']);
  });

  it('have a digest that changes with any of them', () => {
    write({ Kbuild: '', 'a/main.c': 'one' });
    const first = readSources([folder])?.digest;
    expect(readSources(['/none', folder])?.digest).toBe(first);
    write({ 'a/main.c': 'two' });
    expect(readSources([folder])?.digest).not.toBe(first);
    expect(readSources(['/none'])).toBeUndefined();
  });
});

describe('A compiler for modules', () => {
  const program = (name: string, script: string): void => writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

  it('is the one that compiled the kernel, or any gcc', async () => {
    process.env['PATH'] = folder;
    program('make', 'exit 0');
    program('gcc', 'exit 0');
    expect(await findCompiler('x86_64', 'gcc-12')).toBe('gcc');
    program('gcc-12', 'exit 0');
    expect(await findCompiler('x86_64', 'gcc-12')).toBe('gcc-12');
  });

  it('is missed with what to install', async () => {
    process.env['PATH'] = folder;
    await expect(findCompiler('x86_64', 'gcc-12')).rejects.toThrow(
      'there is no make on this machine: run `apt-get install gcc make` as root',
    );
    program('make', 'exit 0');
    await expect(findCompiler('x86_64', 'gcc-12')).rejects.toThrow(
      'there is no gcc-12 and no gcc on this machine: run `apt-get install gcc',
    );
    program('gcc', 'for flag; do [ "$flag" != -m32 ] || exit 1; done');
    expect(await findCompiler('x86_64', 'gcc-12')).toBe('gcc');
    await expect(findCompiler('i686', 'gcc-12')).rejects.toThrow('gcc does not compile for i686: run `apt-get install gcc-multilib make`');
  });
});

describe('Compiling modules', () => {
  const options = { arch: 'i686', compiler: 'gcc-12' } as const;

  it('runs make in the headers, on a copy of the sources', async () => {
    write({
      'sources/Kbuild': '',
      'sources/a/a.c': 'text',
      'headers/Makefile': 'modules:\n\tcp $(M)/a/a.c $(M)/a/some-name.ko; echo $(ARCH) $(CC) > $(M)/b.ko\n',
    });
    const sources = readSources([join(folder, 'sources')]);
    if (sources === undefined) throw new Error('no sources');
    const made = await compileModules({ ...options, sources, headers: join(folder, 'headers'), work: join(folder, 'work') });
    expect(made.names).toEqual(['b', 'some_name']);
    expect(Buffer.from(made.module('some_name') ?? []).toString()).toBe('text');
    expect(Buffer.from(made.module('b') ?? []).toString()).toBe('i386 gcc-12\n');
    expect(made.module('c')).toBeUndefined();
    expect(made.info('c')).toBeUndefined();
  });

  it('fails with the first error of the compiler', async () => {
    write({ Kbuild: '', 'headers/Makefile': 'modules:\n\t@echo "a.c:3: error: no such thing" >&2; echo more >&2; exit 1\n' });
    const sources = { files: new Map([['Kbuild', '']]), digest: '' };
    const made = compileModules({ ...options, sources, headers: join(folder, 'headers'), work: join(folder, 'work') });
    await expect(made).rejects.toThrow(new ImageError('tool-failed', 'make: a.c:3: error: no such thing'));
  });

  it('refuses a file that is no module', () => {
    expect(() => new GuestModules(new Map([['x.ko', new Uint8Array(4)]])).info('x')).toThrow('not a kernel module');
  });
});
