/**
 * A chart as an SVG drawing, made here by Observable Plot in a document of linkedom, so that a page needs no script. Colours are the
 * page's (`--series-1` …): the same drawing serves light and dark. Bars lie, with the name of their group above them, so that long names
 * can be read on a narrow screen.
 */

import * as Plot from '@observablehq/plot';
import { type Chart, formatNumber } from '@paravirt/lab';
import { parseHTML } from 'linkedom';
import { type Markup, trusted } from './html-markup.ts';

/** Of the drawing; a page shows it at this width or narrower. */
const WIDTH = 520;
const FONT_SIZE = 12;
/** How many colours the page has; more series begin again. */
export const SERIES_COLOURS = 8;
const BAR = 18;
const NAME = 20;
const GAP = 8;

type Datum = Chart['data'][number];

/** What is drawn of a chart: one rectangle, or one dot on a line, for each datum. */
export function drawChart(chart: Chart): Markup {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const series = [...new Set(chart.data.map((datum) => datum.series))];
  const shared: Plot.PlotOptions = {
    document,
    width: WIDTH,
    className: 'plot',
    ariaLabel: chart.caption,
    style: { fontSize: `${FONT_SIZE}px` },
    color: {
      type: 'ordinal',
      domain: series,
      range: series.map((_, index) => `var(--series-${(index % SERIES_COLOURS) + 1})`),
      legend: series.length > 1,
    },
  };
  const drawing = Plot.plot({ ...shared, ...(chart.kind === 'bars' ? barsOf(chart, series) : linesOf(chart)) });
  return trusted(drawing.outerHTML);
}

function barsOf({ data, y }: Chart, series: readonly string[]): Plot.PlotOptions {
  const groups = [...new Set(data.map((datum) => String(datum.x)))];
  const group = ({ x }: Datum): string => String(x);
  const names = groups.map((name) => ({ name }));
  // Groups of one bar each need no room for the series that they do not have.
  const alone = data.length === groups.length;
  const band = alone ? () => '' : ({ series: name }: Datum): string => name;
  const rows = alone ? 1 : series.length;
  const digits = digitsOf(data);
  const [top, bottom] = [4, 40];
  return {
    height: top + groups.length * (NAME + rows * BAR + GAP) + bottom,
    marginTop: top,
    marginBottom: bottom,
    marginLeft: 4,
    marginRight: 64,
    x: {
      label: y.label,
      labelAnchor: 'left',
      labelArrow: 'none',
      grid: true,
      domain: [0, Math.max(0, ...data.map((datum) => datum.y)) || 1],
      ticks: 5,
    },
    y: { type: 'band', axis: null, domain: alone ? [''] : [...series], padding: 0.15, insetTop: NAME, insetBottom: GAP },
    fy: { type: 'band', axis: null, domain: groups, padding: 0 },
    marks: [
      Plot.barX(data, { x: 'y', y: band, fy: group, fill: 'series' }),
      Plot.text(data, {
        x: 'y',
        y: band,
        fy: group,
        text: ({ y: value }: Datum) => formatNumber(value, digits),
        textAnchor: 'start',
        dx: 5,
      }),
      Plot.text(names, { fy: 'name', text: 'name', frameAnchor: 'top-left', dx: 2, dy: 4 }),
      Plot.ruleX([0]),
    ],
  };
}

function linesOf({ data, x, y }: Chart): Plot.PlotOptions {
  const ticks = [...new Set(data.map((datum) => Number(datum.x)))].sort((a, b) => a - b);
  const axis = ({ label, log }: Chart['x']): Plot.ScaleOptions => ({ label, labelArrow: 'none', type: log === true ? 'log' : 'linear' });
  return {
    height: 320,
    marginTop: 28,
    marginBottom: 44,
    marginLeft: 64,
    marginRight: 16,
    x: { ...axis(x), ticks, tickFormat: (value: number) => formatNumber(value, Number.isInteger(value) ? 0 : 1), inset: 8 },
    y: { ...axis(y), grid: true, ...(y.log === true ? {} : { zero: true, nice: true }) },
    marks: [
      ...(y.log === true ? [] : [Plot.ruleY([0])]),
      Plot.lineY(data, { x: 'x', y: 'y', stroke: 'series', strokeWidth: 2 }),
      Plot.dot(data, { x: 'x', y: 'y', fill: 'series', r: 3.5 }),
    ],
  };
}

/** Digits after the point for all values of a chart, so that three count of the largest; none if all are whole. */
function digitsOf(data: readonly Datum[]): number {
  if (data.every((datum) => Number.isInteger(datum.y))) return 0;
  const largest = Math.max(...data.map((datum) => Math.abs(datum.y)));
  return largest >= 100 ? 0 : largest >= 10 ? 1 : largest >= 1 ? 2 : 3;
}
