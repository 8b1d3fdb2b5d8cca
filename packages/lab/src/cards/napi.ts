/**
 * How drivers poll (Linux's NAPI): the first interrupt turns the ring's interrupts off and schedules a poll; the poll takes what there is, in
 * rounds of 64; when nothing is left interrupts are turned on again, and the ring is looked at once more, for what came in between.
 *
 * `careless` is the mistake that loses wake-ups: whether there is more is decided before the last item is processed, and nobody looks after
 * interrupts are on. It is here so that a test can see the lab find it.
 */
import type { Vcpu } from '../simulation/vcpu.ts';

export const NAPI_BUDGET = 64;

export interface NapiOptions {
  readonly vcpu: Vcpu;
  /** Takes one item and does all that it causes; false: there is none. */
  readonly take: () => boolean;
  /** A round ends: gives back room, tells the device. */
  readonly round?: () => void;
  readonly disable: () => void;
  /** Turns interrupts on. */
  readonly enable: () => void;
  /** Something is there that no interrupt will tell. */
  readonly waiting: () => boolean;
  readonly careless: boolean;
}

export class Napi {
  readonly #options: NapiOptions;
  #scheduled = false;
  #left = NAPI_BUDGET;
  /** What a careless driver believes. */
  #empty = false;

  constructor(options: NapiOptions) {
    this.#options = options;
  }

  get scheduled(): boolean {
    return this.#scheduled;
  }

  /** From an interrupt's handler; nothing if it is scheduled already. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#left = NAPI_BUDGET;
    this.#empty = false;
    this.#options.disable();
    this.#options.vcpu.softirq(this.#poll);
  }

  /** One item is one task, so that interrupts and the host's threads come in between. */
  readonly #poll = (): void => {
    const { vcpu, take, round, enable, waiting, careless } = this.#options;
    if (!this.#empty && take()) {
      this.#empty = careless && !waiting();
      if (--this.#left === 0) {
        round?.();
        this.#left = NAPI_BUDGET;
      }
      vcpu.softirq(this.#poll);
      return;
    }
    round?.();
    this.#scheduled = false;
    enable();
    if (!careless && waiting()) this.schedule();
  };
}
