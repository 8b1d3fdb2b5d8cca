/** The files of a TFTP server from a folder of the host. What is asked for by a guest stays inside of it, links followed. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { ConfigurationError } from '@paravirt/bus';
import type { TftpFiles } from '../user-network/tftp.ts';

/** Largest file that is given, in bytes: a guest's kernel and initial disk are smaller, and a file is in memory while it is sent. */
const MAX_FILE = 64 * 2 ** 20;

/**
 * Regular files of at most 64 MiB in a folder and below it, as they are when a transfer begins. A symbolic link counts as what it leads
 * to, which must be in the folder too. @throws ConfigurationError `tftp-directory` when there is no such folder.
 */
export function tftpDirectory(path: string): TftpFiles {
  const root = realFolder(path);
  return {
    read(name: string): Uint8Array | undefined {
      try {
        const file = realpathSync(join(root, name));
        return isInside(root, file) ? readRegularFile(file) : undefined;
      } catch {
        return undefined; // not there, or not to be read
      }
    },
  };
}

function realFolder(path: string): string {
  try {
    const root = realpathSync(path);
    if (statSync(root).isDirectory()) return root;
  } catch (error) {
    throw new ConfigurationError('tftp-directory', `Cannot read the TFTP folder ${path}: ${(error as Error).message}`, path);
  }
  throw new ConfigurationError('tftp-directory', `Not a folder: ${path}`, path);
}

function isInside(root: string, file: string): boolean {
  const way = relative(root, file);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Opened before it is looked at, so that it is the same file, and without waiting, since it may be a pipe. */
function readRegularFile(path: string): Uint8Array | undefined {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.size > MAX_FILE) return undefined;
    const bytes = new Uint8Array(found.size);
    let length = 0;
    while (length < bytes.length) {
      const got = readSync(file, bytes, length, bytes.length - length, length);
      if (got === 0) break; // it became shorter
      length += got;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}
