/**
 * A report as JSON: the same bytes for equal reports, whatever the order in which somebody put their members together. Members that a
 * report is known to have come in the order of report.ts; all others, such as those of points and measures, by their names.
 */
import type { Report } from './report.ts';

const ORDER: readonly string[] = [
  ...['title', 'scope', 'version', 'profiles', 'sections', 'results'],
  ...[
    'id',
    'name',
    'number',
    'by',
    'text',
    'counter',
    'sources',
    'claim',
    'experiment',
    'verdict',
    'findings',
    'effects',
    'tables',
    'charts',
  ],
  ...['kind', 'caption', 'columns', 'rows', 'x', 'y', 'data', 'series', 'label', 'log', 'unit', 'digits'],
  ...['choice', 'measure', 'gain', 'needs', 'of', 'point', 'measures', 'failed'],
];
const RANK: ReadonlyMap<string, number> = new Map(ORDER.map((key, rank) => [key, rank]));

/** Indented by two; ends in a newline. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(inOrder(report), undefined, 2)}\n`;
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const rank = (key: string): number => RANK.get(key) ?? ORDER.length;
  const entries = Object.entries(value).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, member]) => [key, inOrder(member)]));
}
