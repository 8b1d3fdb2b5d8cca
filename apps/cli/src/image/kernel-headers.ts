/**
 * What modules are compiled against: the headers of a kernel flavour, those that all flavours share, and the build tools of the host's
 * architecture [Debian Linux Kernel Handbook, "Building out-of-tree kernel modules"]. The three packages are unpacked side by side and
 * kept in the cache, so that changed sources compile without a download.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Apt, type AptPackage, unpackDeb } from './apt.ts';
import { ImageError } from './image-error.ts';
import type { Progress } from './progress.ts';

/** Headers that apt offers and that need not have been fetched. */
export interface OfferedHeaders {
  /** The compiler that the kernel was compiled with: `gcc-12`. */
  readonly compiler: string;
  readonly packages: readonly { readonly apt: Apt; readonly wanted: AptPackage }[];
}

/**
 * Packages for `kernel` (a linux-image). The shared headers are for any architecture; the build tools are programs for this machine, so they
 * come from the system's view of the archive.
 *
 * @throws ImageError `no-headers` if apt offers not all of them
 */
export async function findHeaders(apt: Apt, kernel: AptPackage): Promise<OfferedHeaders> {
  const name = kernel.name.replace(/^linux-image-/, 'linux-headers-');
  const headers = await apt.find(name);
  const { common, tools, compiler } = namedIn(headers?.depends ?? '');
  const [shared, kbuild] = await Promise.all([common && apt.find(common), tools && Apt.system().find(tools)]);
  if (headers === undefined || !shared || !kbuild || compiler === undefined) {
    const missing = headers === undefined ? name : !shared ? (common ?? 'common headers') : (tools ?? 'linux-kbuild');
    throw new ImageError('no-headers', `apt offers no ${missing}`);
  }
  return {
    compiler,
    packages: [
      { apt, wanted: headers },
      { apt, wanted: shared },
      { apt: Apt.system(), wanted: kbuild },
    ],
  };
}

/** What linux-headers depends on: `linux-headers-6.1.0-50-common`, `linux-kbuild-6.1`, and `gcc-12` of `linux-compiler-gcc-12-x86`. */
export function namedIn(depends: string): { readonly common?: string; readonly tools?: string; readonly compiler?: string } {
  const common = /(?:^|[\s,])(linux-headers-[^\s,(]*-common)\b/.exec(depends)?.[1];
  const tools = /(?:^|[\s,])(linux-kbuild-[^\s,(]+)/.exec(depends)?.[1];
  const compiler = /(?:^|[\s,])linux-compiler-(gcc-\d+)-/.exec(depends)?.[1];
  return { ...(common && { common }), ...(tools && { tools }), ...(compiler && { compiler }) };
}

/** The directory for `make -C`; fetched if it is not in `cache`. @throws ImageError if that fails. */
export async function fetchHeaders({ packages }: OfferedHeaders, cache: string, progress: Progress): Promise<string> {
  const [headers] = packages;
  if (headers === undefined) throw new ImageError('no-headers', 'no packages of headers');
  const names = packages.map(({ wanted: { name, version } }) => `${name.split(':')[0]}_${version}`.replaceAll(/[^\w.+~-]/g, '-'));
  const directory = join(cache, `headers_${headers.wanted.name.replace(':', '-')}_${names.slice(1).join('_')}`);
  const made = await buildDirectory(directory);
  if (made !== undefined) return made;

  const work = join(cache, `making-${randomUUID()}`);
  try {
    const root = join(work, 'root');
    for (const [i, { apt, wanted }] of packages.entries()) {
      const folder = join(work, String(i));
      await mkdir(folder, { recursive: true });
      progress.stage(`downloading ${wanted.name} ${wanted.version}`);
      const deb = await apt.download(wanted, folder, (done) => progress.bytes(done, wanted.size));
      progress.stage(`unpacking ${wanted.name}`);
      await unpackDeb(deb, root);
    }
    const unpacked = await buildDirectory(root);
    if (unpacked === undefined) throw new ImageError('bad-package', `no headers in ${headers.wanted.name}`);
    // The one line of this file names the directory in which the package expects to be installed.
    const makefile = join(unpacked, 'Makefile');
    const text = await readFile(makefile, 'utf8');
    await writeFile(makefile, text.replace(/^include \/usr\/src\//m, `include ${directory}/usr/src/`));
    await rm(directory, { recursive: true, force: true });
    await rename(root, directory);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const fetched = await buildDirectory(directory);
  if (fetched === undefined) throw new ImageError('cache', `${directory} went away while it was being made`);
  return fetched;
}

/** usr/src/linux-headers-VERSION-FLAVOUR: the one that is configured. */
async function buildDirectory(root: string): Promise<string | undefined> {
  const sources = join(root, 'usr', 'src');
  for (const name of await readdir(sources).catch(() => [])) {
    const directory = join(sources, name);
    if (await stat(join(directory, '.config')).catch(() => undefined)) return directory;
  }
  return undefined;
}
