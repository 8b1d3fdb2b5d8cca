/**
 * A process that measures points for this one, one after another: `paravirt lab measure`, started here and talked to over Node's channel.
 * The other end is measuring-child.ts. It may end at any time, for any reason, also in the middle of a point.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Point } from '@paravirt/lab';
import { optionsOfMany } from '../run/v8-flags.ts';
import type { Equipment } from './measure.ts';
import { type Outcome, parseOutcome } from './outcome.ts';

/** To the child: first what it works with, then a point whenever it has none. */
export type Order = { readonly kind: 'equipment'; readonly equipment: Equipment } | { readonly kind: 'point'; readonly point: Point };
/** From the child: `ready` once it has its equipment, then an outcome for each point. */
export type Answer = { readonly kind: 'ready' } | { readonly kind: 'outcome'; readonly outcome: Outcome };

/** It ended, or said what it should not, before it had an outcome. */
export class ProcessLost extends Error {
  /** It had got as far as waiting for points. */
  readonly started: boolean;

  constructor(message: string, started: boolean) {
    super(message);
    this.name = 'ProcessLost';
    this.started = started;
  }
}

export class MeasuringProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #started = false;
  #waiting: { readonly answer: (answer: unknown) => void; readonly lost: (why: ProcessLost) => void } | undefined;
  #gone: ProcessLost | undefined;

  constructor(equipment: Equipment) {
    this.#child = fork(process.argv[1] ?? '', ['lab', 'measure'], {
      execArgv: [...optionsOfMany(process.execArgv)],
      // What it prints is for nobody, what it complains about is for the user.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('error', (error) => this.#lose(error.message));
    this.#child.on('exit', (code, signal) => this.#lose(signal === null ? `exit code ${code}` : signal));
    this.#child.on('message', (message) => this.#waiting?.answer(message));
    this.#ready = this.#ask({ kind: 'equipment', equipment }).then(() => {
      this.#started = true;
    });
    this.#ready.catch(() => {}); // told by the first `measure`
  }

  /** Measures a point; one at a time. @throws ProcessLost */
  async measure(point: Point): Promise<Outcome> {
    await this.#ready;
    const answer = (await this.#ask({ kind: 'point', point })) as { readonly outcome?: unknown } | null;
    try {
      return parseOutcome(answer?.outcome);
    } catch (error) {
      this.end();
      throw new ProcessLost((error as Error).message, true);
    }
  }

  /** Ends it at once, whatever it does. Idempotent. */
  end(): void {
    this.#child.kill('SIGKILL');
    this.#lose('it was ended');
  }

  #ask(order: Order): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone);
      this.#waiting = { answer: resolve, lost: reject };
      this.#child.send(order, (error) => {
        if (error !== null) this.#lose(error.message);
      });
    });
  }

  #lose(why: string): void {
    this.#gone ??= new ProcessLost(why, this.#started);
    this.#waiting?.lost(this.#gone);
    this.#waiting = undefined;
  }
}
