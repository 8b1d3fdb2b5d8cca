/** A capture on disk. Every write is a whole block; what a full disk cut off is taken back, so the file can always be read. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { ConfigurationError } from '@paravirt/bus';

export interface CaptureFile {
  /** For `CaptureOptions.sink`. Throws what the file system says. */
  readonly sink: (blocks: Uint8Array) => void;
  /** Idempotent. */
  close(): void;
}

/** Creates or empties the file. @throws ConfigurationError `capture-file` if that is not possible. */
export function openCaptureFile(path: string): CaptureFile {
  let file: number | undefined;
  try {
    file = openSync(path, 'w');
  } catch (error) {
    throw new ConfigurationError('capture-file', `Cannot write the capture ${path}: ${(error as Error).message}`, path);
  }
  let length = 0;
  return {
    sink(blocks: Uint8Array): void {
      if (file === undefined) return;
      try {
        for (let done = 0; done < blocks.length; ) done += writeSync(file, blocks, done);
      } catch (error) {
        ftruncateSync(file, length);
        throw error;
      }
      length += blocks.length;
    },
    close(): void {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
