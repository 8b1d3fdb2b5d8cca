/**
 * Input that is there before a deterministic run begins, so that the guest gets it at the same instructions each time: a file or a pipe
 * is read to its end, or until it has been silent for a while (somebody may hold a pipe open and never write); what comes later is given
 * to the guest as it comes.
 */
import type { InputStream } from './keyboard.ts';

/** Long enough for a program on the other side to write what it has. */
const SILENCE_MS = 300;

export async function firstInput(input: InputStream): Promise<Uint8Array> {
  if (input.isTTY === true) return new Uint8Array(0);
  const pieces: Uint8Array[] = [];
  await new Promise<void>((resolve) => {
    let timer = setTimeout(finish, SILENCE_MS);
    function finish(): void {
      clearTimeout(timer);
      input.off('data', onData);
      input.off('end', finish);
      input.off('error', finish);
      input.pause();
      resolve();
    }
    function onData(bytes: Uint8Array): void {
      pieces.push(bytes);
      clearTimeout(timer);
      timer = setTimeout(finish, SILENCE_MS);
    }
    input.on('data', onData);
    input.on('end', finish);
    input.on('error', finish);
    input.resume();
  });
  return Buffer.concat(pieces);
}
