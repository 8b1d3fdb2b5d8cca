/**
 * Somebody who does one thing at a time: a thread of the host, or a processor (vcpu.ts). Tasks run in the order in which they became ready,
 * each when the one before has taken its time.
 */
import type { Payer, Simulation } from './simulation.ts';

export class Timeline {
  readonly name: string;
  /** Virtual ns that tasks were charged. */
  readonly spent: Record<Payer, number> = { guest: 0, host: 0 };
  protected readonly simulation: Simulation;
  readonly #ready: (() => void)[] = [];
  #freeAt = 0;
  #time = 0;
  /** An event is on its way that looks for the next task. */
  #armed = false;

  constructor(simulation: Simulation, name: string) {
    this.simulation = simulation;
    this.name = name;
  }

  /** Of the task that is running. */
  get time(): number {
    return this.#time;
  }

  /** True while a task runs or its time has not passed, or others wait. */
  get busy(): boolean {
    return this.simulation.current === this || this.#freeAt > this.simulation.now || this.#ready.length > 0;
  }

  /** Tasks that are ready. */
  protected get waiting(): number {
    return this.#ready.length;
  }

  /** Until when the last task takes its time. */
  protected get freeAt(): number {
    return this.#freeAt;
  }

  /** `run` is a task that is ready at `at`: from now on by default. */
  post(run: () => void, at: number = this.simulation.now): void {
    this.simulation.schedule(at, () => {
      this.#ready.push(run);
      this.look();
    });
  }

  charge(ns: number, payer: Payer): void {
    const whole = Math.round(ns);
    this.#time += whole;
    this.spent[payer] += whole;
  }

  /** The last task takes `ns` longer, for something that came from outside. */
  protected prolong(ns: number): void {
    const whole = Math.round(ns);
    this.#freeAt = Math.max(this.#freeAt, this.simulation.eventTime) + whole;
    this.spent.host += whole;
  }

  /** What is to be done next; undefined: nothing. */
  protected take(): (() => void) | undefined {
    return this.#ready.shift();
  }

  /** Runs the next task, now or when the present one has taken its time. */
  protected look(): void {
    if (this.#armed || this.simulation.current === this) return;
    const now = this.simulation.eventTime;
    if (this.#freeAt > now) {
      this.#wait(this.#freeAt);
      return;
    }
    const run = this.take();
    if (run === undefined) return;
    const { simulation } = this;
    const outer = simulation.current;
    this.#time = now;
    simulation.current = this;
    try {
      run();
    } finally {
      simulation.current = outer;
    }
    this.#freeAt = this.#time;
    this.#wait(this.#freeAt);
  }

  #wait(until: number): void {
    this.#armed = true;
    this.simulation.schedule(until, () => {
      this.#armed = false;
      this.look();
    });
  }
}
