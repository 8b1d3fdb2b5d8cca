/** Charts from measures: what has no value has no mark; values are rounded to six digits that count. */
import type { Chart } from '../report/report.ts';

export interface Datum {
  readonly series: string;
  readonly x: string | number;
  readonly y: number | undefined;
}

const data = (all: readonly Datum[]): Chart['data'] =>
  all.flatMap(({ series, x, y }) => (y === undefined || !Number.isFinite(y) ? [] : [{ series, x, y: Number(y.toPrecision(6)) }]));

/** One bar for each datum, in groups by `x`. @param label of the values, with their unit */
export const bars = (caption: string, label: string, all: readonly Datum[]): Chart => ({
  kind: 'bars',
  caption,
  x: { label: '' },
  y: { label },
  data: data(all),
});

/** One line for each series. On a logarithmic axis only what is above 0 is shown. */
export function lines(caption: string, x: Chart['x'], y: Chart['y'], all: readonly Datum[]): Chart {
  const shown = data(all).filter((datum) => (x.log !== true || Number(datum.x) > 0) && (y.log !== true || datum.y > 0));
  return { kind: 'lines', caption, x, y, data: shown };
}
