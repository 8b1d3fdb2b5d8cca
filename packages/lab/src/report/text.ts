/**
 * A report for a terminal: sections with their verdicts, sentences wrapped at the width, tables in columns. Charts are left out: whatever
 * they show is in the tables as well.
 */

import type { Report, Section } from './report.ts';
import { layoutTable } from './text-table.ts';
import { wrap } from './text-wrap.ts';

export interface TextOptions {
  /** In columns; default 120, at least 40. */
  readonly width?: number;
}

const INDENT = '  ';

/** Lines end in newlines; none has spaces at its end. */
export function renderText(report: Report, { width = 120 }: TextOptions = {}): string {
  const columns = Math.max(40, Math.floor(width));
  const lines = [report.title, '='.repeat(Math.min(report.title.length, columns)), ''];
  lines.push(...wrap(`Scope: ${report.scope}. Lab version ${report.version}.`, columns));
  for (const { name, title } of report.profiles) lines.push(...wrap(`Prices "${name}": ${title}`, columns, INDENT));
  for (const section of report.sections) lines.push('', ...sectionLines(section, columns));
  const failed = report.results.filter((result) => 'failed' in result).length;
  lines.push('', `${report.results.length} points${failed === 0 ? '' : `, ${failed} of them failed`}.`);
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function sectionLines({ title, claim, experiment, verdict, findings, tables }: Section, width: number): readonly string[] {
  const heading = claim === undefined ? title : `${title} (claim ${claim.number})`;
  const lines = [...wrap(`${heading} [${verdict}]`, width), '-'.repeat(Math.min(width, `${heading} [${verdict}]`.length))];
  if (claim !== undefined) {
    lines.push(...wrap(`Claim (${claim.by}): ${claim.text}`, width, INDENT), ...wrap(`Against it: ${claim.counter}`, width, INDENT));
  }
  lines.push(...wrap(experiment, width));
  if (findings.length > 0) lines.push('', ...findings.flatMap((finding) => wrap(`* ${finding}`, width, INDENT)));
  for (const table of tables) lines.push('', ...wrap(table.caption, width), ...layoutTable(table, width));
  return lines;
}
