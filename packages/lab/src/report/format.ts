/** How a cell is shown: the same in a terminal and on a page. Independent of any locale, so that a report is the same everywhere. */
import type { Cell, Column, Table } from './report.ts';

/** What stands for a value that there is not. */
export const NO_VALUE = '–';

/** Thousands by commas, as many digits after the point as asked for. Values that are not finite have no text. */
export function formatNumber(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return NO_VALUE;
  const [whole = '', fraction] = Math.abs(value).toFixed(digits).split('.');
  const grouped = whole.length > 21 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const isZero = /^[0.]*$/.test(whole + (fraction ?? ''));
  return `${value < 0 && !isZero ? '−' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

export function formatCell(cell: Cell, column: Column): string {
  if (cell === null) return NO_VALUE;
  return typeof cell === 'number' ? formatNumber(cell, column.digits) : cell;
}

/** Whether column `index` is aligned at the right: it has nothing but numbers and gaps. */
export function isNumeric(table: Table, index: number): boolean {
  return table.rows.every((row) => typeof (row[index] ?? 0) === 'number');
}

/** Rounds as it will be shown, so that a report holds no digits that nobody sees. */
export function rounded(value: number, digits = 0): number | null {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : null;
}
