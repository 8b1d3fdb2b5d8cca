/**
 * A Debian guest out of Debian's packages: the stock kernel as it is, and an initramfs of busybox, the virtio modules, the modules and
 * programs of guests/linux compiled for that kernel, and our /init. Where they cannot be compiled the image is made without them, and says so.
 *
 * Results are kept in $XDG_CACHE_HOME/paravirt, one directory for each combination of package versions, module sources and recipe, made
 * under another name and renamed when complete, so that a directory which exists is whole.
 */
import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Apt, type AptPackage, kernelOf, unpackDeb } from './apt.ts';
import { compileModules, findCompiler, GuestModules, type ModuleSources, readSources } from './guest-modules.ts';
import { compilePrograms } from './guest-programs.ts';
import { ImageError } from './image-error.ts';
import { initramfs, SCRIPTS } from './initramfs.ts';
import { fetchHeaders, findHeaders, type OfferedHeaders } from './kernel-headers.ts';
import { KernelPackage } from './kernel-package.ts';
import { moduleIndex } from './module-index.ts';
import { loadOrder } from './module-order.ts';
import type { Progress } from './progress.ts';

export const ARCHITECTURES = ['x86_64', 'i686'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

interface Recipe {
  /** Debian's name of the architecture. */
  readonly debian: string;
  /** Metapackage of the kernel. */
  readonly kernel: string;
}

const RECIPES: Readonly<Record<Architecture, Recipe>> = {
  x86_64: { debian: 'amd64', kernel: 'linux-image-cloud-amd64:amd64' },
  i686: { debian: 'i386', kernel: 'linux-image-686:i386' },
};

/** Wanted in the initramfs, beside those of guests/linux; what they depend on is read from them. */
const MODULES = ['virtio_pci', 'virtio_net'];

/** What every boot of the image should have on its kernel command line. */
const APPEND = 'console=ttyS0 mitigations=off cryptomgr.notests tsc=reliable random.trust_cpu=on';

/** Lists of the private view of the archive are fetched again after a day. */
const LISTS_LIFETIME_MS = 24 * 3600 * 1000;

export interface DebianImage {
  readonly arch: Architecture;
  /** Path of the bzImage. */
  readonly kernel: string;
  /** Path of the initramfs. */
  readonly initrd: string;
  /** Kernel command line to start from. */
  readonly append: string;
  /** `name=version` of what is inside. */
  readonly packages: readonly string[];
  /** Modules that are inside, each after what it depends on. */
  readonly modules: readonly string[];
  /** Why the modules of guests/linux are not inside; absent if they are. */
  readonly omitted?: string;
  /** True if nothing had to be made. */
  readonly cached: boolean;
}

export interface DebianImageOptions {
  readonly arch: Architecture;
  /** Where to copy kernel and initramfs to; default: they stay in the cache. */
  readonly out?: string;
  readonly progress: Progress;
}

interface Packages {
  readonly apt: Apt;
  readonly kernel: AptPackage;
  readonly busybox: AptPackage;
}

/** Makes the image, or takes it from the cache. @throws ImageError with one line that says what to do. */
export async function debianImage({ arch, out, progress }: DebianImageOptions): Promise<DebianImage> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'paravirt');
  const image = await fromArchive(arch, cache, progress).catch(async (error: unknown) => {
    const newest = error instanceof ImageError ? await newestCached(arch, cache) : undefined;
    if (newest === undefined) throw explained(error, arch);
    progress.stage(`${(error as ImageError).message}; using ${newest.packages[0]}, made before`);
    return newest;
  });
  return out === undefined ? image : copyTo(image, out);
}

/** Tries the system's view of the archive first, then a view of our own with fresh lists. */
async function fromArchive(arch: Architecture, cache: string, progress: Progress): Promise<DebianImage> {
  const { debian } = RECIPES[arch];
  progress.stage('asking apt for the kernel');
  const system = await findPackages(Apt.system(), arch);
  if (system !== undefined) {
    try {
      return await build(arch, system, cache, progress);
    } catch (error) {
      // Old lists name files that the archive no longer has; anything else fails again below.
      if (!(error instanceof ImageError) || error.code !== 'tool-failed') throw error;
    }
  }
  const directory = join(cache, `apt-${debian}`);
  const apt = Apt.private(directory, debian);
  const lists = await stat(join(directory, 'updated')).catch(() => undefined);
  let failure: unknown;
  if (system !== undefined || lists === undefined || Date.now() - lists.mtimeMs > LISTS_LIFETIME_MS) {
    progress.stage(`fetching Debian's package lists for ${debian}`);
    // One source of many may fail while the others have what is needed, so a failure only counts if nothing is found.
    await apt.update(directory).catch((error: unknown) => {
      failure = error;
    });
  }
  const found = await findPackages(apt, arch);
  if (found !== undefined) {
    await writeFile(join(directory, 'updated'), '');
    return build(arch, found, cache, progress);
  }
  throw failure instanceof ImageError
    ? new ImageError('no-package', `apt offers no ${RECIPES[arch].kernel} (${failure.message})`)
    : new ImageError('no-package', `apt offers no ${RECIPES[arch].kernel}`);
}

async function findPackages(apt: Apt, arch: Architecture): Promise<Packages | undefined> {
  const { debian, kernel: metapackage } = RECIPES[arch];
  const name = kernelOf((await apt.find(metapackage))?.depends ?? '');
  if (name === undefined) return undefined;
  const [kernel, busybox] = await Promise.all([apt.find(`${name}:${debian}`), apt.find(`busybox-static:${debian}`)]);
  return kernel === undefined || busybox === undefined ? undefined : { apt, kernel, busybox };
}

/** Names the cache directory: versions, and a digest of everything that we put in ourselves. */
function cacheKey(arch: Architecture, packages: readonly AptPackage[], sources: ModuleSources | undefined): string {
  const recipe = JSON.stringify([MODULES, SCRIPTS, APPEND, sources?.digest]);
  const digest = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  const versions = packages.map(({ name, version }) => `${name.split(':')[0]}_${version}`.replaceAll(/[^\w.+~-]/g, '-'));
  return [`debian-${arch}`, ...versions, digest].join('_');
}

async function build(arch: Architecture, packages: Packages, cache: string, progress: Progress): Promise<DebianImage> {
  const path = (sources: ModuleSources | undefined): string => join(cache, cacheKey(arch, [packages.kernel, packages.busybox], sources));
  const sources = readSources();
  if (sources === undefined) return buildAt(path(undefined), arch, packages, NOTHING, cache, progress);
  const cached = await readImage(path(sources));
  if (cached !== undefined) return cached;
  try {
    const guest = await compiled(arch, packages, sources, cache, progress);
    return await buildAt(path(sources), arch, packages, guest, cache, progress);
  } catch (error) {
    if (!(error instanceof NoModules)) throw error;
    const plain = await buildAt(path(undefined), arch, packages, NOTHING, cache, progress);
    return { ...plain, omitted: error.message };
  }
}

/** What is made of guests/linux. */
interface Compiled {
  readonly modules: GuestModules;
  /** Name in /bin → ELF file. */
  readonly programs: ReadonlyMap<string, Uint8Array>;
}

const NOTHING: Compiled = { modules: new GuestModules(new Map()), programs: new Map() };

/** What is in guests/linux cannot be compiled here; the rest of the image can be made. */
class NoModules extends Error {}

/** @throws NoModules with one line that says why */
async function compiled(
  arch: Architecture,
  { apt, kernel }: Packages,
  sources: ModuleSources,
  cache: string,
  progress: Progress,
): Promise<Compiled> {
  const work = join(cache, `making-${randomUUID()}`);
  try {
    const offered: OfferedHeaders = await findHeaders(apt, kernel);
    const compiler = await findCompiler(arch, offered.compiler);
    const headers = await fetchHeaders(offered, cache, progress);
    progress.stage('compiling the modules of guests/linux');
    await mkdir(work, { recursive: true });
    const modules = await compileModules({ arch, sources, headers, compiler, work });
    return { modules, programs: await compilePrograms({ arch, sources, compiler, work }) };
  } catch (error) {
    if (error instanceof ImageError) throw new NoModules(error.message);
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function buildAt(
  directory: string,
  arch: Architecture,
  { apt, kernel, busybox }: Packages,
  { modules: guest, programs }: Compiled,
  cache: string,
  progress: Progress,
): Promise<DebianImage> {
  const cached = await readImage(directory);
  if (cached !== undefined) return cached;

  const packages = [kernel, busybox];
  const work = join(cache, `making-${randomUUID()}`);
  try {
    const roots: string[] = [];
    for (const [i, wanted] of packages.entries()) {
      const folder = join(work, String(i));
      await mkdir(folder, { recursive: true });
      progress.stage(`downloading ${wanted.name} ${wanted.version}`);
      const deb = await apt.download(wanted, folder, (done) => progress.bytes(done, wanted.size));
      progress.stage(`unpacking ${wanted.name}`);
      roots.push(join(folder, 'root'));
      await unpackDeb(deb, join(folder, 'root'));
    }
    progress.stage('making the initramfs');
    const source = new KernelPackage(roots[0] ?? '');
    const info = (name: string) => guest.info(name) ?? source.info(name);
    const modules = loadOrder([...MODULES, ...guest.names], info, source.builtIn);
    const result = join(work, 'image');
    await mkdir(result);
    await cp(source.kernel, join(result, 'vmlinuz'));
    const contents = {
      busybox: await readFile(join(roots[1] ?? '', 'bin', 'busybox')),
      release: source.release,
      modules: new Map(modules.map((name) => [name, guest.module(name) ?? source.module(name)])),
      index: moduleIndex(modules, info, source.builtIn),
      programs,
    };
    await writeFile(join(result, 'initrd'), initramfs(contents));
    const description = { arch, append: APPEND, modules, packages: packages.map(({ name, version }) => `${name}=${version}`) };
    await writeFile(join(result, 'image.json'), `${JSON.stringify(description, null, 2)}\n`);
    await rm(directory, { recursive: true, force: true });
    await rename(result, directory);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const made = await readImage(directory);
  if (made === undefined) throw new ImageError('cache', `${directory} went away while it was being made`);
  return { ...made, cached: false };
}

async function readImage(directory: string): Promise<DebianImage | undefined> {
  try {
    const description = JSON.parse(await readFile(join(directory, 'image.json'), 'utf8')) as DebianImage;
    return { ...description, kernel: join(directory, 'vmlinuz'), initrd: join(directory, 'initrd'), cached: true };
  } catch {
    return undefined;
  }
}

async function newestCached(arch: Architecture, cache: string): Promise<DebianImage | undefined> {
  const names = (await readdir(cache).catch(() => [])).filter((name) => name.startsWith(`debian-${arch}_`));
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(cache, name))).mtimeMs })));
  const newest = dated.sort((a, b) => b.at - a.at)[0];
  return newest === undefined ? undefined : readImage(join(cache, newest.name));
}

async function copyTo(image: DebianImage, out: string): Promise<DebianImage> {
  const kernel = join(out, `vmlinuz-${image.arch}`);
  const initrd = join(out, `initrd-${image.arch}`);
  try {
    await mkdir(out, { recursive: true });
    await cp(image.kernel, kernel);
    await cp(image.initrd, initrd);
  } catch (error) {
    throw new ImageError('bad-out', `cannot write to ${out}: ${(error as Error).message}`);
  }
  return { ...image, kernel, initrd };
}

/** Adds what to do instead. */
function explained(error: unknown, arch: Architecture): unknown {
  if (!(error instanceof ImageError)) return error;
  const instead = 'paravirt run --kernel VMLINUZ --initrd INITRD --append "console=ttyS0" --net user,model=virtio-net-pci';
  const command = arch === 'i686' ? 'dpkg --add-architecture i386 && apt-get update' : 'apt-get update';
  const remedy = error.code === 'no-package' ? `run \`${command}\` as root, or boot` : 'boot';
  return new ImageError(error.code, `${error.message}: ${remedy} a kernel (bzImage) and an initramfs of your own: ${instead}`);
}
