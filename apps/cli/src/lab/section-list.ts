/** `paravirt lab list`. */
import { EXPERIMENTS, labPoints, type Plan } from '@paravirt/lab';
import { chosenProfiles } from './profiles.ts';

/** A line for each section: its id, the points of a quick and of a full run, its title. */
export function sectionList(): string {
  const { all } = chosenProfiles();
  const count = (experiments: typeof EXPERIMENTS, scope: Plan['scope']): string =>
    String(labPoints(experiments, { scope, profiles: all, linux: true }).length);
  const rows = [
    ['section', 'quick', 'full', 'title'],
    ...EXPERIMENTS.map((experiment) => [experiment.id, count([experiment], 'quick'), count([experiment], 'full'), experiment.title]),
    ['all', count(EXPERIMENTS, 'quick'), count(EXPERIMENTS, 'full'), 'each point once'],
  ];
  const width = Math.max(...rows.map(([id = '']) => id.length));
  return rows
    .map(([id = '', quick = '', full = '', title = '']) => `${id.padEnd(width)}  ${quick.padStart(5)}  ${full.padStart(5)}  ${title}\n`)
    .join('');
}
