/**
 * Programs of guests/linux that run in the guest: no library is linked, so that a compiler that can make kernel modules can make them, too.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tool } from './apt.ts';
import type { Architecture } from './debian-image.ts';
import type { ModuleSources } from './guest-modules.ts';

/** Name in the guest's /bin → folder below guests/linux, all of whose C files are one program. */
export const PROGRAMS: Readonly<Record<string, string>> = { labnet: 'lab' };

const WORD_SIZE: Readonly<Record<Architecture, string>> = { x86_64: '-m64', i686: '-m32' };

const FLAGS = [
  ...['-std=gnu11', '-O2', '-ffreestanding', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'],
  ...['-nostdlib', '-static', '-fno-pie', '-no-pie', '-Wl,--build-id=none', '-Wl,-z,noexecstack', '-Wl,-s'],
];

export interface CompileProgramsOptions {
  readonly arch: Architecture;
  readonly sources: ModuleSources;
  readonly compiler: string;
  /** A directory to work in; the caller removes it. */
  readonly work: string;
}

/** Name → ELF file; nothing for a program whose sources are not there. @throws ImageError `tool-failed` with the compiler's first error. */
export async function compilePrograms({ arch, sources, compiler, work }: CompileProgramsOptions): Promise<ReadonlyMap<string, Uint8Array>> {
  const made = new Map<string, Uint8Array>();
  for (const [name, folder] of Object.entries(PROGRAMS)) {
    const files = [...sources.files].filter(([path]) => path.startsWith(`${folder}/`));
    if (files.length === 0) continue;
    for (const [path, contents] of files) {
      await mkdir(dirname(join(work, path)), { recursive: true });
      await writeFile(join(work, path), contents);
    }
    const texts = files.map(([path]) => path).filter((path) => path.endsWith('.c'));
    const program = join(work, `${name}.elf`);
    await tool(compiler, [WORD_SIZE[arch], ...FLAGS, '-o', program, ...texts.map((path) => join(work, path))]);
    made.set(name, await readFile(program));
  }
  return made;
}
