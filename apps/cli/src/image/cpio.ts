/**
 * The archive format of an initramfs: "newc" cpio [Linux Documentation/driver-api/early-userspace/buffer-format.rst].
 *
 * An archive is a run of entries, closed by one named `TRAILER!!!`. An entry is a header of ASCII hexadecimal fields, the NUL-terminated
 * name, and the contents; name and contents are each padded so that what follows starts at a multiple of four bytes.
 */

/** [inode(7)] File types within a mode. */
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

const MAGIC = '070701';
/** The magic and thirteen fields of eight digits. */
const HEADER_LENGTH = 6 + 13 * 8;
const TRAILER = 'TRAILER!!!';

interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly links: number;
  readonly device: readonly [major: number, minor: number];
}

const EMPTY = new Uint8Array(0);
const padded = (length: number): number => (length + 3) & ~3;

/**
 * Collects entries in the order in which the kernel shall unpack them: a directory before what it contains. Paths are relative to the
 * root and have no leading slash. The same entries always give the same bytes (times and owners are zero).
 */
export class CpioArchive {
  readonly #entries: Entry[] = [];

  directory(path: string, permissions = 0o755): this {
    return this.#add(path, S_IFDIR | permissions, EMPTY, 2);
  }

  /** `data` is read when `toBytes` is called, not before. */
  file(path: string, data: Uint8Array | string, permissions = 0o644): this {
    return this.#add(path, S_IFREG | permissions, typeof data === 'string' ? new TextEncoder().encode(data) : data, 1);
  }

  symbolicLink(path: string, target: string): this {
    return this.#add(path, S_IFLNK | 0o777, new TextEncoder().encode(target), 1);
  }

  characterDevice(path: string, major: number, minor: number, permissions = 0o600): this {
    return this.#add(path, S_IFCHR | permissions, EMPTY, 1, [major, minor]);
  }

  /** The archive with its trailer. */
  toBytes(): Uint8Array {
    const entries = [...this.#entries, { path: TRAILER, mode: 0, data: EMPTY, links: 1, device: [0, 0] } satisfies Entry];
    const names = entries.map((entry) => new TextEncoder().encode(`${entry.path}\0`));
    const sizes = entries.map((entry, i) => padded(HEADER_LENGTH + (names[i]?.length ?? 0)) + padded(entry.data.length));
    const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    let at = 0;
    for (const [i, entry] of entries.entries()) {
      const name = names[i] ?? EMPTY;
      bytes.set(new TextEncoder().encode(header(entry, i + 1, name.length)), at);
      bytes.set(name, at + HEADER_LENGTH);
      bytes.set(entry.data, at + padded(HEADER_LENGTH + name.length));
      at += sizes[i] ?? 0;
    }
    return bytes;
  }

  #add(path: string, mode: number, data: Uint8Array, links: number, device: readonly [number, number] = [0, 0]): this {
    this.#entries.push({ path, mode, data, links, device });
    return this;
  }
}

/** c_ino, c_mode, c_uid, c_gid, c_nlink, c_mtime, c_filesize, c_maj, c_min, c_rmaj, c_rmin, c_namesize, c_chksum. */
function header(entry: Entry, inode: number, nameLength: number): string {
  const { mode, links, data, device } = entry;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, device[0], device[1], nameLength, 0];
  return MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join('');
}
