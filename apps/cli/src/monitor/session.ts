/** One client of the monitor: lines in, answers out, one after the other, whatever it sends. */
import type { Duplex } from 'node:stream';
import { CommandError } from './command-error.ts';
import { runCommand } from './commands.ts';
import { LineReader, LONGEST_LINE } from './line-reader.ts';
import type { MonitorTarget } from './monitor-command.ts';
import { formatAnswer, formatError, parseRequest, type Request, requestStyle } from './protocol.ts';

/** Lines that wait for their turn; a client that sends more is not read until they are answered. */
const MOST_WAITING = 64;

/** Serves `stream` until it ends. Nothing is thrown, and a client that does not read its answers is not read either. */
export function serveClient(stream: Duplex, target: MonitorTarget): void {
  const reader = new LineReader();
  const waiting: (string | undefined)[] = [];
  let serving = false;
  let ended = false;

  const write = async (text: string): Promise<void> => {
    if (stream.destroyed || stream.writableEnded || stream.write(text)) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        stream.off('drain', settle);
        stream.off('close', settle);
        resolve();
      };
      stream.on('drain', settle);
      stream.on('close', settle);
    });
  };
  const serve = async (): Promise<void> => {
    if (serving) return;
    serving = true;
    while (waiting.length > 0 && !stream.destroyed) {
      await write(await answerLine(waiting.shift(), target));
      if (waiting.length < MOST_WAITING) stream.resume();
    }
    serving = false;
    if (ended) stream.end();
  };
  stream.on('data', (bytes: Buffer) => {
    waiting.push(...reader.push(bytes));
    if (waiting.length >= MOST_WAITING) stream.pause();
    void serve();
  });
  stream.on('end', () => {
    ended = true;
    if (!serving) stream.end();
  });
  stream.on('error', () => stream.destroy());
}

/** The answer to a line, undefined for one that was too long; with its line feed, empty for an empty line. */
export async function answerLine(line: string | undefined, target: MonitorTarget): Promise<string> {
  if (line === undefined) return formatError({ json: false, id: undefined }, 'too-long', `a line has at most ${LONGEST_LINE} bytes`);
  if (line.trim() === '') return '';
  let request: Pick<Request, 'json' | 'id'> = requestStyle(line);
  try {
    const parsed = parseRequest(line);
    request = parsed;
    return formatAnswer(parsed, await runCommand(target, parsed.words));
  } catch (error) {
    if (error instanceof CommandError) return formatError(request, error.code, error.message);
    return formatError(request, 'internal', error instanceof Error ? error.message : String(error));
  }
}
