/** Measuring on this machine: in this process, or in several at once. */
import type { Point } from '@paravirt/lab';
import type { Executor, ExecutorEvents } from './executor.ts';
import { hostMachine } from './host-machine.ts';
import { type Equipment, measuring } from './measure.ts';
import { MeasuringProcess } from './measuring-process.ts';
import { SteadyMeasurer } from './steady-measurer.ts';

/** One point after another, here: nothing is lost, but a point that hangs hangs the command. */
export class InProcess implements Executor {
  readonly #equipment: Equipment;

  constructor(equipment: Equipment) {
    this.#equipment = equipment;
  }

  async run(points: readonly Point[], { onOutcome, onStart }: ExecutorEvents, signal: AbortSignal): Promise<void> {
    const measure = measuring(this.#equipment);
    for (const point of points) {
      // Signals and the terminal have their turn between points.
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) return;
      onStart?.(point);
      onOutcome(await measure(point));
    }
  }
}

/** As many processes as are wanted, each taking the next point when it is done with one. */
export class LocalProcesses implements Executor {
  readonly #equipment: Equipment;
  readonly #count: number;

  constructor(equipment: Equipment, count: number) {
    this.#equipment = equipment;
    this.#count = count;
  }

  async run(points: readonly Point[], { onOutcome, onStart, onNotice }: ExecutorEvents, signal: AbortSignal): Promise<void> {
    const machine = hostMachine();
    const left = [...points];
    const start = (): MeasuringProcess => new MeasuringProcess(this.#equipment);
    const measurers = Array.from(
      { length: Math.min(this.#count, points.length) },
      () => new SteadyMeasurer({ start, machine, ...(onNotice === undefined ? {} : { onNotice }) }),
    );
    const end = (): void => {
      for (const measurer of measurers) measurer.end();
    };
    signal.addEventListener('abort', end);
    try {
      await Promise.all(
        measurers.map(async (measurer) => {
          for (let point = left.shift(); point !== undefined && !signal.aborted; point = left.shift()) {
            onStart?.(point);
            onOutcome(await measurer.measure(point));
          }
        }),
      );
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  }
}
