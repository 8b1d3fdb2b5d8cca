/**
 * The other end of the monitor's socket. With a command, one question and its answer; without, lines from standard input until it ends,
 * each answered in its order.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { UsageError } from '../run/usage-error.ts';
import { LineReader } from './line-reader.ts';
import { plainLine } from './protocol.ts';
import { quoteWord } from './words.ts';

export interface ClientOptions {
  readonly path: string;
  /** Empty: lines are read from `input`. */
  readonly command: readonly string[];
  /** Ask in JSON, and print the answer's line as it is. */
  readonly json: boolean;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
  readonly errors: Writable;
}

/**
 * True if every command was done. What a command printed goes to `output`, an error to `errors`.
 * @throws UsageError (rejects) if nobody listens on the socket.
 */
export async function runClient(options: ClientOptions): Promise<boolean> {
  const { path, command, json, input, output, errors } = options;
  const socket = connect({ path, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reject(new UsageError(`${path}: ${REASONS[error.code ?? ''] ?? error.message}`)),
    );
  });
  let allDone = true;
  const answers = new Answers(
    (text) => output.write(text),
    (text) => {
      allDone = false;
      errors.write(text);
    },
  );
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => answers.push(bytes));
    socket.on('error', () => {
      allDone = false;
      resolve();
    });
    socket.on('end', resolve);
    socket.on('close', resolve);
  });
  if (command.length > 0) {
    const line = json ? JSON.stringify({ command: '', arguments: command }) : command.map(quoteWord).join(' ');
    socket.end(`${line}\n`);
  } else {
    const prompt = input.isTTY === true;
    const lines = createInterface({ input, ...(prompt ? { output, prompt: 'paravirt> ' } : {}) });
    answers.onAnswered = (): void => void (prompt && lines.prompt());
    if (prompt) lines.prompt();
    lines.on('line', (line) => {
      if (line.trim() === '' && prompt) lines.prompt();
      socket.write(`${line}\n`);
    });
    lines.on('close', () => socket.end());
    void ended.then(() => lines.close());
  }
  await ended;
  socket.destroy();
  return allDone && (command.length === 0 || answers.count > 0);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket: is the machine running with --monitor?',
  ECONNREFUSED: 'nobody listens: the machine has ended',
  EACCES: 'it may not be opened',
  ENOTSOCK: 'it is no socket',
};

/** Bytes of an answer in JSON. */
const LONGEST_ANSWER = 64 * 2 ** 20;

/** Takes answers apart again: what is between is printed, `ok` is not. */
class Answers {
  onAnswered: (() => void) | undefined = undefined;
  /** Answers that are complete. */
  count = 0;
  readonly #reader = new LineReader(LONGEST_ANSWER);
  readonly #print: (text: string) => void;
  readonly #complain: (text: string) => void;

  constructor(print: (text: string) => void, complain: (text: string) => void) {
    this.#print = print;
    this.#complain = complain;
  }

  push(bytes: Buffer): void {
    for (const line of this.#reader.push(bytes)) {
      if (line === undefined) this.#complain('paravirt: a line of the answer was too long\n');
      else this.#line(line);
    }
  }

  #line(line: string): void {
    if (line.startsWith('{')) this.#answered(`${line}\n`, isFailure(line) ? 'failed' : 'done');
    else if (line === 'ok') this.#answered('', 'done');
    else if (line.startsWith('error ')) this.#answered(`paravirt: ${line.slice('error '.length)}\n`, 'failed');
    else this.#print(`${plainLine(line)}\n`);
  }

  #answered(text: string, outcome: 'done' | 'failed'): void {
    this.count++;
    if (outcome === 'failed') this.#complain(text);
    else if (text !== '') this.#print(text);
    this.onAnswered?.();
  }
}

/** An answer in JSON that tells of an error. */
function isFailure(line: string): boolean {
  try {
    return 'error' in (JSON.parse(line) as object);
  } catch {
    return true;
  }
}
