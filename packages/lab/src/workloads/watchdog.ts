/**
 * Finds lost wake-ups. When nothing has arrived anywhere for long, or nothing is under way at all, it looks at every ring: what the driver has
 * posted and the device has not seen was told by no doorbell; what the device has completed while the driver waits was told by no interrupt.
 * Each is counted, and helped along as the watchdog of a real driver does, so that the run goes on; too many of them end it.
 */
import type { Board } from '../cards/board.ts';
import type { Nic } from '../cards/nic.ts';

/** Virtual ns without anything that arrives: longer than any mitigation that a point may have. */
const PATIENCE = 1_100_000_000;
/** Lost wake-ups, and looks in a row that found none, after which a run has failed. */
const MOST_LOST = 1000;
const MOST_IDLE = 3;

export class Watchdog {
  lostDoorbells = 0;
  lostInterrupts = 0;
  failed: string | undefined = undefined;
  readonly #board: Board;
  readonly #nics: readonly Nic[];
  readonly #ends: readonly { readonly messages: number }[];
  readonly #patience: number;
  #messages = -1;
  #movedAt: number;
  #idle = 0;

  /** @param interval virtual ns for which the workload itself does nothing. */
  constructor(board: Board, nics: readonly Nic[], ends: readonly { readonly messages: number }[], interval: number) {
    this.#board = board;
    this.#nics = nics;
    this.#ends = ends;
    this.#patience = PATIENCE + interval;
    this.#movedAt = board.simulation.eventTime;
  }

  /** Nothing has arrived for long. */
  get due(): boolean {
    let messages = 0;
    for (const end of this.#ends) messages += end.messages;
    const now = this.#board.simulation.eventTime;
    if (messages !== this.#messages) {
      this.#messages = messages;
      this.#movedAt = now;
      this.#idle = 0;
    }
    return now - this.#movedAt > this.#patience;
  }

  look(): void {
    this.#movedAt = this.#board.simulation.eventTime;
    let found = 0;
    for (const nic of this.#nics) {
      const { doorbells, interrupts } = nic.stuck;
      this.lostDoorbells += doorbells;
      this.lostInterrupts += interrupts;
      found += doorbells + interrupts;
      if (doorbells + interrupts > 0) this.#board.vcpu.post(() => nic.poke());
    }
    this.#idle = found > 0 ? 0 : this.#idle + 1;
    if (this.lostDoorbells + this.lostInterrupts > MOST_LOST) this.failed = `stalled: more than ${MOST_LOST} wake-ups were lost`;
    else if (this.#idle === MOST_IDLE) this.failed = 'stalled: nothing moves, and nothing waits in any ring';
  }
}
