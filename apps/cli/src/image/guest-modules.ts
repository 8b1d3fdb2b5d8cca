/**
 * The kernel modules of guests/linux, compiled for a guest's kernel. Their sources come with this program: beside it when it is installed,
 * in the repository when it runs from there.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { tool } from './apt.ts';
import type { Architecture } from './debian-image.ts';
import { ImageError } from './image-error.ts';
import { type ModuleInfo, moduleName, readModuleInfo } from './modinfo.ts';

/** dist/guest-modules is a copy that the package carries (see tsup.config.ts); src/image is four folders below the repository. */
const PLACES = ['guest-modules', '../../../../guests/linux'].map((path) => join(import.meta.dirname, path));

/** What a build reads; products of a build made there by hand are left alone. */
const SOURCE_FILE = /(?:^|\/)(?:Makefile|Kbuild|[\w-]+(?<!\.mod)\.[ch])$/;

interface Target {
  /** `ARCH=` of the kernel's makefiles. */
  readonly kernel: string;
  /** Has the compiler make code for it. */
  readonly flag: string;
  /** Debian's packages that provide make and such a compiler. */
  readonly packages: string;
}

const TARGETS: Readonly<Record<Architecture, Target>> = {
  x86_64: { kernel: 'x86_64', flag: '-m64', packages: 'gcc make' },
  i686: { kernel: 'i386', flag: '-m32', packages: 'gcc-multilib make' },
};

/** Sources as they were read: all that determines, for given headers, what is compiled. */
export interface ModuleSources {
  /** Path below guests/linux → contents. */
  readonly files: ReadonlyMap<string, string>;
  readonly digest: string;
}

/** The sources in `places`, the first that exists; undefined if there are none. */
export function readSources(places: readonly string[] = PLACES): ModuleSources | undefined {
  const root = places.find((path) => existsSync(join(path, 'Kbuild')));
  if (root === undefined) return undefined;
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => SOURCE_FILE.test(path));
  const files = new Map(paths.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  const digest = createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('hex');
  return { files, digest };
}

/**
 * A program that compiles for `arch`: `wanted`, which the kernel was compiled with, or else whatever is called gcc.
 *
 * @throws ImageError `no-tool` that says what to install
 */
export async function findCompiler(arch: Architecture, wanted: string): Promise<string> {
  const { flag, packages } = TARGETS[arch];
  const remedy = `run \`apt-get install ${packages}\` as root`;
  await tool('make', ['--version']).catch((error: ImageError) => {
    throw new ImageError(error.code, `${error.message}: ${remedy}`);
  });
  let why: unknown;
  for (const compiler of [wanted, 'gcc']) {
    try {
      // Modules use no library, so a compiler that compiles nothing can compile them.
      await tool(compiler, [flag, '-ffreestanding', '-c', '-x', 'c', '/dev/null', '-o', '/dev/null']);
      return compiler;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      why ??= error.code === 'no-tool' ? undefined : `${compiler} does not compile for ${arch}`;
    }
  }
  throw new ImageError('no-tool', `${why ?? `there is no ${wanted} and no gcc on this machine`}: ${remedy}`);
}

export interface CompileOptions {
  readonly arch: Architecture;
  readonly sources: ModuleSources;
  /** For `make -C`. */
  readonly headers: string;
  readonly compiler: string;
  /** An empty directory to work in; the caller removes it. */
  readonly work: string;
}

/** @throws ImageError `tool-failed` with the compiler's first error. */
export async function compileModules({ arch, sources, headers, compiler, work }: CompileOptions): Promise<GuestModules> {
  for (const [path, contents] of sources.files) {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), contents);
  }
  const variables = [`M=${work}`, `ARCH=${TARGETS[arch].kernel}`, `CC=${compiler}`, 'KCFLAGS=-g0'];
  await tool('make', ['-s', `-j${availableParallelism()}`, '-C', headers, ...variables, 'modules']);
  const files = readdirSync(work, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ko'));
  return new GuestModules(new Map(files.map((path) => [path, readFileSync(join(work, path))])));
}

/** Compiled modules. */
export class GuestModules {
  /** Names with underscores. */
  readonly names: readonly string[];
  readonly #contents: ReadonlyMap<string, Uint8Array>;

  /** @param files path of each .ko file → contents */
  constructor(files: ReadonlyMap<string, Uint8Array>) {
    const named = [...files].map(([path, contents]) => [moduleName(path.slice(path.lastIndexOf('/') + 1, -3)), contents] as const);
    this.#contents = new Map(named);
    this.names = [...this.#contents.keys()].sort();
  }

  /** What the module says about itself, undefined if there is no such module. */
  info(name: string): ModuleInfo | undefined {
    const contents = this.#contents.get(name);
    return contents === undefined ? undefined : readModuleInfo(contents);
  }

  /** The module as an ELF file, undefined if there is no such module. */
  module(name: string): Uint8Array | undefined {
    return this.#contents.get(name);
  }
}
