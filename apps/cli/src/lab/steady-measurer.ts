/**
 * A place where points are measured whatever happens to the process that does it: a process that ends is replaced and its point measured
 * again, a bounded number of times; one that takes too long is ended. Then the point has a failed result, marked as lost.
 */
import type { Point } from '@paravirt/lab';
import { type MeasuringProcess, ProcessLost } from './measuring-process.ts';
import type { Outcome } from './outcome.ts';

/** Processes that may be lost over one point. */
export const ATTEMPTS = 3;
const MINUTE = 60_000;
/** Of real time for a point, in ms: far more than any takes, on a slow machine too. */
export const DEADLINES: Readonly<Record<Point['driver'], number>> = { model: 15 * MINUTE, linux: 45 * MINUTE };

export interface SteadyMeasurerOptions {
  readonly start: () => Pick<MeasuringProcess, 'measure' | 'end'>;
  readonly machine: string;
  readonly onNotice?: (text: string) => void;
  readonly deadlines?: Readonly<Record<Point['driver'], number>>;
}

export class SteadyMeasurer {
  readonly #options: SteadyMeasurerOptions;
  #process: ReturnType<SteadyMeasurerOptions['start']> | undefined;
  #ended = false;

  constructor(options: SteadyMeasurerOptions) {
    this.#options = options;
  }

  /** Measures a point; one at a time. @throws ProcessLost if no process starts, or after `end` */
  async measure(point: Point): Promise<Outcome> {
    const deadline = (this.#options.deadlines ?? DEADLINES)[point.driver];
    for (let attempt = 1; ; attempt++) {
      if (this.#ended) throw new ProcessLost('nothing more is measured', true);
      const process = (this.#process ??= this.#options.start());
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        process.end();
      }, deadline);
      try {
        return await process.measure(point);
      } catch (error) {
        if (!(error instanceof ProcessLost) || this.#ended) throw error;
        this.#process = undefined;
        process.end();
        if (late) return this.#lost(point, `it was not done after ${deadline / MINUTE} minutes`, deadline);
        this.#options.onNotice?.(`a process that measures was lost (${error.message})`);
        if (attempt < ATTEMPTS) continue;
        if (!error.started) throw error;
        return this.#lost(point, `the process that measured it was lost, ${ATTEMPTS} times`, 0);
      } finally {
        clearTimeout(timer);
      }
    }
  }

  /** Ends the process, also in the middle of a point. Idempotent. */
  end(): void {
    this.#ended = true;
    this.#process?.end();
    this.#process = undefined;
  }

  #lost(point: Point, failed: string, wallMs: number): Outcome {
    return { result: { point, failed }, host: { machine: this.#options.machine, cpu: 0, workload: 0, wall: wallMs * 1e6 }, lost: true };
  }
}
