/**
 * What is in Debian's kernel package, once unpacked: the kernel in boot/, the modules below lib/modules/VERSION (usr/lib/modules since
 * Debian 13), there also the list of what is built in. Modules may be compressed [kmod(8)]; they are handed out as plain ELF files.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { ImageError } from './image-error.ts';
import { type ModuleInfo, moduleName, readModuleInfo } from './modinfo.ts';

/** A module file's name: NAME.ko, then how it is compressed. */
const MODULE_FILE = /^(.+)\.ko(\.gz|\.xz|\.zst)?$/;
const BIGGEST_MODULE = 256 << 20;

export class KernelPackage {
  /** Path of the bzImage. */
  readonly kernel: string;
  /** What `uname -r` says in the guest, and the directory of the modules is called. */
  readonly release: string;
  /** Names, with underscores, of what `insmod` need not load. */
  readonly builtIn: ReadonlySet<string>;
  readonly #files = new Map<string, string>();
  readonly #contents = new Map<string, Uint8Array>();

  /** @param root where the package was unpacked. @throws ImageError `bad-package` if kernel or modules are not where Debian puts them. */
  constructor(root: string) {
    const boot = join(root, 'boot');
    const name = existsSync(boot) ? readdirSync(boot).find((file) => file.startsWith('vmlinuz-')) : undefined;
    const trees = [join(root, 'lib', 'modules'), join(root, 'usr', 'lib', 'modules')].filter((path) => existsSync(path));
    const version = trees[0] === undefined ? undefined : readdirSync(trees[0])[0];
    if (name === undefined || trees[0] === undefined || version === undefined)
      throw new ImageError('bad-package', 'the kernel package has no boot/vmlinuz-* or no lib/modules');
    this.kernel = join(boot, name);
    this.release = version;

    const tree = join(trees[0], version);
    for (const path of readdirSync(tree, { recursive: true, encoding: 'utf8' })) {
      const match = MODULE_FILE.exec(path.slice(path.lastIndexOf('/') + 1));
      if (match?.[1] !== undefined) this.#files.set(moduleName(match[1]), join(tree, path));
    }
    const list = join(tree, 'modules.builtin');
    const lines = existsSync(list) ? readFileSync(list, 'utf8').split('\n') : [];
    this.builtIn = new Set(lines.map((line) => moduleName(line.slice(line.lastIndexOf('/') + 1).replace(/\.ko$/, ''))));
  }

  /** What the module says about itself, undefined if the package has no such module. */
  info(name: string): ModuleInfo | undefined {
    return this.#files.has(name) ? readModuleInfo(this.module(name)) : undefined;
  }

  /** The module as an ELF file. */
  module(name: string): Uint8Array {
    const known = this.#contents.get(name);
    if (known !== undefined) return known;
    const path = this.#files.get(name);
    if (path === undefined) throw new ImageError('no-module', `the kernel has no module ${name}`);
    const contents = expand(path);
    this.#contents.set(name, contents);
    return contents;
  }
}

function expand(path: string): Uint8Array {
  switch (MODULE_FILE.exec(path)?.[2]) {
    case '.gz':
      return gunzipSync(readFileSync(path), { maxOutputLength: BIGGEST_MODULE });
    case '.zst':
      return zstdDecompressSync(readFileSync(path), { maxOutputLength: BIGGEST_MODULE });
    case '.xz':
      try {
        return execFileSync('xz', ['--decompress', '--stdout', path], { maxBuffer: BIGGEST_MODULE, stdio: ['ignore', 'pipe', 'ignore'] });
      } catch {
        throw new ImageError('no-tool', `${path} needs xz to unpack: run \`apt-get install xz-utils\` as root`);
      }
    default:
      return readFileSync(path);
  }
}
