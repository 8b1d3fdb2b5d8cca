/**
 * Who measures: this process, processes of this machine, or workers anywhere. What is measured does not depend on who does it, in which order
 * and how often.
 */
import type { Point } from '@paravirt/lab';
import type { Outcome } from './outcome.ts';

export interface Executor {
  /**
   * Measures every point, beginning with the first, and tells each outcome once. What cannot be measured has a failed result. Ends early,
   * without an error, when the signal is aborted.
   * @throws Error if nobody can measure any more: what was told so far holds
   */
  run(points: readonly Point[], events: ExecutorEvents, signal: AbortSignal): Promise<void>;
}

export interface ExecutorEvents {
  readonly onOutcome: (outcome: Outcome) => void;
  /** A point is under way; not everybody knows that. */
  readonly onStart?: (point: Point) => void;
  /** Two machines measured a point and do not agree: nothing that the lab says holds then. */
  readonly onDisagreement?: (first: Outcome, second: Outcome) => void;
  /** Something that the user may want to know: a worker was lost, nobody is there to work. One line. */
  readonly onNotice?: (text: string) => void;
}

/** Points with Linux guests first: they take longest, and what takes long should not be left to the end. */
export function orderOfWork(points: readonly Point[]): readonly Point[] {
  const isLinux = ({ driver }: Point): boolean => driver === 'linux';
  return [...points.filter(isLinux), ...points.filter((point) => !isLinux(point))];
}
