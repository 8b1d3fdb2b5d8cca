/** From results to a report: the sections of the experiments, before them their summary, behind them every result. */
import { type Experiment, labPoints, type Plan, type Results } from '../claims/experiment.ts';
import { summarize } from '../claims/summary.ts';
import { pointName } from '../point.ts';
import type { Report } from './report.ts';

/** Grows by one whenever the same points may give other figures, or other sentences. */
export const LAB_VERSION = '1';

/**
 * @param results by the names of their points; what no experiment asks for is left out, what is missing is told by the sections
 * @returns equal reports for equal arguments, in whatever order results came
 */
export function makeReport(experiments: readonly Experiment[], results: Results, plan: Plan): Report {
  const sections = experiments.map((experiment) => experiment.evaluate(results, plan));
  const driver = plan.linux ? 'model driver and Linux' : 'model driver';
  return {
    title: 'PCI against virtual-bus, measured',
    scope: `${plan.scope}; ${experiments.map(({ id }) => id).join(', ')}; ${driver}; prices of ${plan.profiles.map(({ name }) => name).join(', ')}`,
    version: LAB_VERSION,
    profiles: plan.profiles.map(({ name, title, sources }) => ({ name, title, sources })),
    sections: [summarize(sections), ...sections],
    results: labPoints(experiments, plan).flatMap((point) => results.get(pointName(point)) ?? []),
  };
}
