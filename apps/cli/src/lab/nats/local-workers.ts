/**
 * `paravirt lab --nats URL --workers N`: workers of this machine for the run that this process coordinates, each a process like any that is
 * started elsewhere. One that is lost is replaced, a bounded number of times: after that the run goes on with whoever else works for it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Point } from '@paravirt/lab';
import type { Executor, ExecutorEvents } from '../executor.ts';

/** For each of the workers that are wanted. */
const MOST_REPLACEMENTS = 5;
/** In ms, until a worker that was asked to end has ended. */
const PATIENCE = 3_000;

export class WithLocalWorkers implements Executor {
  readonly #coordinator: Executor;
  readonly #address: string;
  readonly #count: number;

  constructor(coordinator: Executor, address: string, count: number) {
    this.#coordinator = coordinator;
    this.#address = address;
    this.#count = count;
  }

  async run(points: readonly Point[], events: ExecutorEvents, signal: AbortSignal): Promise<void> {
    const workers = new Set<ChildProcess>();
    let over = false;
    let replacements = this.#count * MOST_REPLACEMENTS;
    const start = (): void => {
      // Its end of the channel tells it when this process is gone.
      const worker = fork(process.argv[1] ?? '', ['lab', 'worker', '--nats', this.#address, '--workers', '1', '--quiet'], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      workers.add(worker);
      worker.on('error', () => {});
      worker.on('exit', (code, killedBy) => {
        workers.delete(worker);
        if (over) return;
        const replaced = replacements-- > 0;
        events.onNotice?.(`a worker was lost (${killedBy ?? `exit code ${code}`})${replaced ? '' : ' and not replaced'}`);
        if (replaced) start();
      });
    };
    for (let i = 0; i < Math.min(this.#count, points.length); i++) start();
    try {
      await this.#coordinator.run(points, events, signal);
    } finally {
      over = true;
      await Promise.all([...workers].map(ended));
    }
  }
}

/** Asks a worker to end, so that it ends its own process that measures; and ends it if it does not. */
function ended(worker: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => worker.kill('SIGKILL'), PATIENCE);
    worker.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    worker.kill('SIGTERM');
  });
}
