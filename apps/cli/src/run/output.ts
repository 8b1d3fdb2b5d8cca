/** Standard output and error: all that was written is out before the process ends. */
import type { Writable } from 'node:stream';

/** Resolves when everything written to the streams was handed to the system, or cannot be. */
export async function flushed(...streams: readonly Writable[]): Promise<void> {
  await Promise.all(
    streams.map(
      (stream) =>
        new Promise<void>((resolve) => {
          if (stream.destroyed || stream.writableEnded) resolve();
          else stream.write('', () => resolve());
        }),
    ),
  );
}
