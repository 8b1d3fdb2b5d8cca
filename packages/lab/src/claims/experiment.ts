/**
 * An experiment is one claim of the debate made measurable: the points of the matrix that it needs, and how their measures become a
 * section of the report. It runs nothing: whoever runs the points, here or on other machines, hands back what they measured.
 */
import type { CostProfile } from '../cost/cost-profile.ts';
import type { PointResult } from '../measures.ts';
import { type Point, pointName } from '../point.ts';
import type { Section } from '../report/report.ts';

/** `quick`: every section from few small points. `full`: larger workloads, and the whole matrix where that tells more. */
export type Scope = 'quick' | 'full';

/** What was asked for. */
export interface Plan {
  readonly scope: Scope;
  /** Price lists, at least one. The first is the principal one: what does not depend on prices is measured with it alone. */
  readonly profiles: readonly CostProfile[];
  /** Whether there is a Linux guest that can be run. */
  readonly linux: boolean;
}

/** By the names of their points. */
export type Results = ReadonlyMap<string, PointResult>;

export interface Experiment {
  /** For `--only`, and an anchor of the page. */
  readonly id: string;
  readonly title: string;
  points(plan: Plan): readonly Point[];
  /** Never throws for results that are missing or failed: the section says what could not be seen. */
  evaluate(results: Results, plan: Plan): Section;
}

/** The points of several experiments, each once, in the order in which they are first asked for. */
export function labPoints(experiments: readonly Experiment[], plan: Plan): readonly Point[] {
  const points = new Map<string, Point>();
  for (const experiment of experiments) {
    for (const point of experiment.points(plan)) {
      const name = pointName(point);
      if (!points.has(name)) points.set(name, point);
    }
  }
  return [...points.values()];
}
