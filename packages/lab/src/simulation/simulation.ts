/**
 * Discrete events in virtual time. Somebody who does something (a processor, a thread of the host) is a `Timeline`: its tasks are plain
 * synchronous code, and what they do is *charged*: the time of the task goes on by that much, and the timeline is busy until then. What a
 * task causes elsewhere happens at the time that it has reached.
 *
 *   event at t → task of a timeline: t … charge(a) … sends a frame (leaves at t + a) … charge(b) → the timeline is free at t + a + b
 *
 * Order is (time, order of scheduling), all times are whole nanoseconds: the same run gives the same figures anywhere.
 */
import { type Clock, type Timer, VirtualClock } from '@paravirt/bus';
import type { Timeline } from './timeline.ts';

/** Whose CPU time a charge is. */
export type Payer = 'guest' | 'host';

export class Simulation {
  /** Whose task runs now. */
  current: Timeline | undefined = undefined;
  readonly #clock: VirtualClock;
  #time = 0;

  constructor() {
    this.#clock = new VirtualClock(() => BigInt(this.now));
  }

  /** Virtual ns; within a task its own time, charges included. */
  get now(): number {
    return this.current?.time ?? this.#time;
  }

  /** The time of the event that is being handled: no charges. */
  get eventTime(): number {
    return this.#time;
  }

  /** Runs `run` at `at`, or as the next event of now if that is past. */
  schedule(at: number, run: () => void): Timer {
    const time = Math.max(at, this.#time);
    return this.#clock.schedule(BigInt(time), () => {
      this.#time = time;
      run();
    });
  }

  /** The present task takes `ns` longer. Nobody's outside of tasks. */
  charge(ns: number, payer: Payer): void {
    this.current?.charge(ns, payer);
  }

  /** A device's clock: its timers run as tasks of `timeline`. */
  clockOf(timeline: Timeline): Clock {
    return {
      now: () => this.#clock.now(),
      schedule: (at, run) => {
        let cancelled = false;
        const timer = this.schedule(Number(at), () =>
          timeline.post(() => {
            if (!cancelled) run();
          }),
        );
        return {
          cancel: () => {
            cancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  /** Handles the next event; false: there is none. */
  step(): boolean {
    const next = this.#clock.nextDeadline;
    if (next === undefined) return false;
    this.#clock.advanceTo(next);
    return true;
  }
}
