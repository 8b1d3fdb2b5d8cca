/** Files that the user names: everything that can be wrong with them is told in one line. */
import { readFileSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a directory',
  ENOTDIR: 'part of its path is no directory',
  ERR_FS_FILE_TOO_LARGE: 'it is too large',
};

/** The whole file. @throws UsageError, naming the option; also for an empty file. */
export function readFile(option: string, path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new UsageError(`${option} ${path}: ${REASONS[code] ?? (error as Error).message}`);
  }
  if (bytes.length === 0) throw new UsageError(`${option} ${path}: the file is empty`);
  return bytes;
}
