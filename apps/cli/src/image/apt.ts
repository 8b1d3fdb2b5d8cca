/**
 * Debian packages by Debian's own tools: `apt-cache` for what exists, `apt-get download` for the file (which checks the archive's
 * signature and the file's hash), `dpkg-deb` to unpack. Nothing is installed.
 *
 * There are two views of the archive: the system's, and a private one with its own lists in a directory of ours. The private view needs
 * neither root nor `dpkg --add-architecture`; it reads the system's sources and keys [apt.conf(5), "Directories"].
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ImageError } from './image-error.ts';

const execute = promisify(execFile);

export interface AptPackage {
  /** With architecture: `busybox-static:i386`. */
  readonly name: string;
  readonly version: string;
  /** Of the .deb file, in bytes. */
  readonly size: number;
  /** The field `Depends`, as it is. */
  readonly depends: string;
}

/** Runs a program, returns what it printed. @throws ImageError `no-tool` if there is no such program, `tool-failed` with the line that tells most. */
export async function tool(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const options = { maxBuffer: 64 << 20, env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' } };
  try {
    return (await execute(program, args, cwd === undefined ? options : { ...options, cwd })).stdout;
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === 'ENOENT') throw new ImageError('no-tool', `there is no ${program} on this machine`);
    const lines = (stderr || message).trim().split('\n');
    throw new ImageError(
      'tool-failed',
      `${program}: ${lines.findLast((line) => line.startsWith('E:')) ?? lines.find((line) => /\berror: /.test(line)) ?? lines.at(-1)}`,
    );
  }
}

/** Fields of the first stanza of `apt-cache show` [deb822(5)]; continuation lines are dropped. */
export function parseStanza(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of (text.trimStart().split(/\n\s*\n/)[0] ?? '').split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !/^\s/.test(line)) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** What a kernel metapackage stands for: `linux-image-cloud-amd64` → `linux-image-6.1.0-50-cloud-amd64`. */
export function kernelOf(depends: string): string | undefined {
  return /(?:^|[\s,])(linux-image-\d[^\s,:(]*)/.exec(depends)?.[1];
}

export class Apt {
  readonly #options: readonly string[];

  private constructor(options: readonly string[]) {
    this.#options = options;
  }

  /** The archive as the system's apt knows it. */
  static system(): Apt {
    return new Apt([]);
  }

  /** A view of our own in `directory`, for `architecture` beside the machine's. */
  static private(directory: string, architecture: string): Apt {
    const settings = {
      'Dir::State': join(directory, 'state'),
      'Dir::Cache': join(directory, 'cache'),
      'Dir::State::status': '/dev/null',
      'APT::Architectures::': architecture,
      'Acquire::Languages': 'none',
      'APT::Sandbox::User': 'root',
    };
    return new Apt(Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]));
  }

  /** Makes the directories of a private view and fetches its lists. */
  async update(directory: string): Promise<void> {
    await mkdir(join(directory, 'state', 'lists', 'partial'), { recursive: true });
    await mkdir(join(directory, 'cache', 'archives', 'partial'), { recursive: true });
    await tool('apt-get', [...this.#options, '-q', 'update']);
  }

  /** The version that would be installed, undefined if there is none. `name` carries its architecture. */
  async find(name: string): Promise<AptPackage | undefined> {
    let text: string;
    try {
      text = await tool('apt-cache', [...this.#options, 'show', '--no-all-versions', name]);
    } catch (error) {
      if (error instanceof ImageError && error.code === 'tool-failed') return undefined;
      throw error;
    }
    const fields = parseStanza(text);
    const version = fields.get('Version');
    if (version === undefined) return undefined;
    return { name, version, size: Number(fields.get('Size') ?? 0), depends: fields.get('Depends') ?? '' };
  }

  /** Fetches a package into the empty directory `into`; returns the .deb file. `onBytes` is told now and then how much has come. */
  async download(wanted: AptPackage, into: string, onBytes: (done: number) => void): Promise<string> {
    const debFiles = async (): Promise<string[]> => (await readdir(into)).filter((name) => name.endsWith('.deb'));
    const watch = setInterval(() => {
      debFiles()
        .then((files) => Promise.all(files.map((file) => stat(join(into, file)))))
        .then((stats) => onBytes(stats.reduce((sum, { size }) => sum + size, 0)))
        .catch(() => undefined); // the file may be renamed between the two calls
    }, 200);
    try {
      await tool('apt-get', [...this.#options, '-q', 'download', `${wanted.name}=${wanted.version}`], into);
    } finally {
      clearInterval(watch);
    }
    const [file] = await debFiles();
    if (file === undefined) throw new ImageError('tool-failed', `apt-get downloaded no file for ${wanted.name}`);
    return join(into, file);
  }
}

/** Unpacks the contents of a .deb file into `into`, which is made. */
export async function unpackDeb(deb: string, into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  await tool('dpkg-deb', ['-x', deb, into]);
}
