/** One section of a page: claim and counter-claim, experiment, what the figures say, drawings, tables. */
import { type Chart, type Column, formatCell, isNumeric, type Section, type Table, type Verdict } from '@paravirt/lab';
import { drawChart } from './html-chart.ts';
import { html, type Markup } from './html-markup.ts';

const CLASSES: Readonly<Record<Verdict, string>> = {
  holds: 'holds',
  'holds in part': 'part',
  'does not hold': 'not',
  'for the record': 'record',
};
/** A cell with more than this is given room; one with less than that stays on one line. */
const LONG = 60;
const SHORT = 36;

export const badge = (verdict: Verdict): Markup => html`<span class="verdict ${CLASSES[verdict]}">${verdict}</span>`;

export function htmlSection({ id, title, claim, experiment, tables, charts, findings, verdict }: Section): Markup {
  return html`<section id="${id}">
<div class="eyebrow">${claim === undefined ? '' : html`<span>Claim ${claim.number}</span>`}${badge(verdict)}</div>
<h2>${title}</h2>
${claim === undefined ? '' : htmlClaim(claim)}
<ul class="findings">${findings.map((finding) => html`<li>${finding}</li>`)}</ul>
<p class="soft">${experiment}</p>
${charts.length === 0 ? '' : html`<div class="charts">${charts.map(htmlChart)}</div>`}
${tables.map(htmlTable)}
</section>
`;
}

const htmlClaim = ({ by, text, counter }: NonNullable<Section['claim']>): Markup => html`<dl class="debate">
<div><dt>${by}</dt><dd>${text}</dd></div>
<div><dt>Against it</dt><dd>${counter}</dd></div>
</dl>`;

const htmlChart = (chart: Chart): Markup =>
  html`<figure class="chart"><figcaption>${chart.caption}</figcaption>${drawChart(chart)}</figure>`;

/** Numbers at the right; a table that is wider than the screen scrolls by itself. */
export function htmlTable(table: Table): Markup {
  const numeric = table.columns.map((_, index) => isNumeric(table, index));
  const head = ({ name, unit }: Column, index: number): Markup =>
    html`<th scope="col"${numeric[index] === true ? html` class="n"` : ''}>${name}${unit === undefined ? '' : html` <span class="unit">${unit}</span>`}</th>`;
  const row = (cells: Table['rows'][number], index: number): Markup =>
    html`<tr${index > 0 && cells[0] === table.rows[index - 1]?.[0] ? html` class="again"` : ''}>${table.columns.map((column, at) => {
      const cell = cells[at] ?? null;
      const length = typeof cell === 'string' ? cell.length : 0;
      const kind =
        numeric[at] === true ? html` class="n"` : length > LONG ? html` class="long"` : length < SHORT ? html` class="short"` : '';
      return html`<td${kind}>${formatCell(cell, column)}</td>`;
    })}</tr>\n`;
  return html`<div class="scroll" tabindex="0"><table><caption><span>${table.caption}</span></caption>
<thead><tr>${table.columns.map(head)}</tr></thead>
<tbody>
${table.rows.map(row)}</tbody></table></div>
`;
}
