/**
 * results.jsonl: what a run has measured so far, so that a run that was interrupted goes on where it was. The first line tells the
 * circumstances, each further line is an outcome, written when it is known. A line is whole or it is the last one: then it was torn when the
 * run ended, and is cut off.
 */
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { ConfigurationError } from '@paravirt/bus';
import { pointName } from '@paravirt/lab';
import { UsageError } from '../run/usage-error.ts';
import { type Circumstances, parseCircumstances, sameCircumstances } from './circumstances.ts';
import { type Outcome, parseOutcome } from './outcome.ts';

const FORMAT = 1;

export class Journal {
  readonly #path: string;
  readonly #file: number;
  /** What was known when it was opened, by the names of points. */
  readonly outcomes: ReadonlyMap<string, Outcome>;

  private constructor(path: string, flags: 'w' | 'a', outcomes: ReadonlyMap<string, Outcome>) {
    this.#path = path;
    this.#file = doing(path, () => openSync(path, flags));
    this.outcomes = outcomes;
  }

  /** A new file, in place of one that is there. @throws UsageError if it cannot be written */
  static create(path: string, circumstances: Circumstances): Journal {
    const journal = new Journal(path, 'w', new Map());
    journal.#append({ format: FORMAT, circumstances });
    return journal;
  }

  /**
   * Goes on with a file, or starts one if there is none. What failed is left out: it is tried again.
   * @throws UsageError if the file was written under other circumstances, or holds what is no result
   */
  static resume(path: string, circumstances: Circumstances): Journal {
    if (!existsSync(path)) return Journal.create(path, circumstances);
    const bytes = doing(path, () => readFileSync(path));
    const whole = bytes.lastIndexOf('\n') + 1;
    const [head, ...lines] = bytes.toString('utf8', 0, whole).split('\n').slice(0, -1);
    if (head === undefined) return Journal.create(path, circumstances);
    checkHead(path, head, circumstances);
    const outcomes = lines.map((line, i) => reading(path, i + 2, () => parseOutcome(JSON.parse(line))));
    if (whole < bytes.length) doing(path, () => truncateSync(path, whole));
    const measured = outcomes.filter(({ result }) => !('failed' in result));
    return new Journal(path, 'a', new Map(measured.map((outcome) => [pointName(outcome.result.point), outcome])));
  }

  /** Takes an outcome down; the system has it when this returns. @throws UsageError if it cannot be written */
  add(outcome: Outcome): void {
    this.#append(outcome);
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(value: unknown): void {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    doing(this.#path, () => {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
    });
  }
}

/** What the file system says of a file that the user has named. */
function doing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`);
  }
}

function checkHead(path: string, line: string, circumstances: Circumstances): void {
  const head = reading(path, 1, () => {
    const { format, circumstances } = (JSON.parse(line) ?? {}) as {
      readonly format?: unknown;
      readonly circumstances?: unknown;
    };
    if (format !== FORMAT) throw new ConfigurationError('bad-journal', `its format is not ${FORMAT}`, format);
    return parseCircumstances(circumstances);
  });
  if (sameCircumstances(head, circumstances)) return;
  const why =
    head.build === circumstances.build
      ? 'was measured with other prices or another guest'
      : `was measured by paravirt ${head.build}, and this is ${circumstances.build}`;
  throw new UsageError(`--resume: ${path} ${why}; leave --resume out to measure everything again`);
}

function reading<T>(path: string, line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigurationError) && !(error instanceof SyntaxError)) throw error;
    throw new UsageError(
      `--resume: ${path}, line ${line}: ${error.message.split('\n')[0]}; leave --resume out to measure everything again`,
    );
  }
}
