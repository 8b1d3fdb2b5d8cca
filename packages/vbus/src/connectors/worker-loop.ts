/**
 * The life of a thread at one end of a channel: it does what there is to do, and sleeps until its bell rings. The same for host and client,
 * in a thread that may block and in one that must not. Nothing rung is missed: the bell is read before the work is looked for.
 */
import type { Bell } from './worker-channel.ts';

/** Gives the other work of a thread a turn. */
export type Pause = () => Promise<void>;

export interface LoopOptions {
  readonly bell: Bell;
  /** Does what there is to do, a bounded piece of it; true: there may be more. */
  readonly turn: () => boolean;
  readonly finished: () => boolean;
}

/** Turns in a row, each of which found work, before others have theirs. */
const TURNS_IN_A_ROW = 16;

/** Blocks the thread between turns; returns when finished, or when it has slept for `milliseconds`. */
export function runLoop({ bell, turn, finished }: LoopOptions, milliseconds?: number): boolean {
  while (!finished()) {
    const seen = bell.count;
    if (!turn() && !finished() && !bell.wait(seen, milliseconds)) return false;
  }
  return true;
}

/** The same without blocking. Between bursts of turns `pause` lets timers, sockets and the like run. */
export async function serveLoop({ bell, turn, finished }: LoopOptions, pause: Pause): Promise<void> {
  let turns = 0;
  while (!finished()) {
    const seen = bell.count;
    const more = turn();
    if (finished()) return;
    const waiting = more || bell.waitAsync(seen);
    if (waiting !== true) {
      await waiting;
      turns = 0;
    } else if (++turns === TURNS_IN_A_ROW) {
      await pause();
      turns = 0;
    }
  }
}
