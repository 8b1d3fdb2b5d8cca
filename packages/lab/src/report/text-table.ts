/**
 * A table in columns of a terminal: numbers at the right, words at the left, heads and words wrapped. A table that is wider than the
 * terminal first narrows its columns of words, then lets go of the width: a figure is never cut.
 */
import { formatCell, isNumeric } from './format.ts';
import type { Column, Table } from './report.ts';
import { longestWord, wrap } from './text-wrap.ts';

const GAP = 2;
/** Words are not squeezed below this, if they are that long at all. */
const NARROWEST = 12;

interface Layout {
  readonly head: string;
  readonly cells: readonly string[];
  readonly numeric: boolean;
  readonly width: number;
}

export function layoutTable(table: Table, width: number): readonly string[] {
  const layouts = fit(
    table.columns.map((column, index) => {
      const cells = table.rows.map((row) => formatCell(row[index] ?? null, column));
      const head = headOf(column);
      const numeric = isNumeric(table, index);
      return { head, cells, numeric, width: Math.max(longestWord(head), ...cells.map((cell) => cell.length)) };
    }),
    width,
  );
  const rule = layouts.map((layout) => '-'.repeat(layout.width)).join(' '.repeat(GAP));
  const row = (index: number): readonly string[] => block(layouts, (layout) => layout.cells[index] ?? '', 'top');
  return [...block(layouts, (layout) => layout.head, 'bottom'), rule, ...table.rows.flatMap((_, index) => row(index))];
}

/** Name and unit as a head shows them. */
export const headOf = ({ name, unit }: Column): string => (unit === undefined ? name : `${name}, ${unit}`);

function fit(layouts: readonly Layout[], width: number): readonly Layout[] {
  const widths = layouts.map((layout) => layout.width);
  const least = layouts.map(({ numeric, head, cells, width: natural }) =>
    numeric ? natural : Math.min(natural, Math.max(NARROWEST, longestWord(head), ...cells.map(longestWord))),
  );
  const total = (): number => widths.reduce((sum, each) => sum + each + GAP, -GAP);
  while (total() > width) {
    // The widest column that can still give way.
    let widest = -1;
    for (const [index, each] of widths.entries()) {
      if (each > (least[index] ?? each) && each > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return layouts.map((layout, index) => ({ ...layout, width: widths[index] ?? layout.width }));
}

/** The lines of one row, whose cells may have several. */
function block(layouts: readonly Layout[], textOf: (layout: Layout) => string, align: 'top' | 'bottom'): readonly string[] {
  const cells = layouts.map((layout) => wrap(textOf(layout), layout.width));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    layouts
      .map(({ numeric, width }, column) => {
        const lines = cells[column] ?? [];
        const text = lines[align === 'top' ? line : line - (height - lines.length)] ?? '';
        return numeric ? text.padStart(width) : text.padEnd(width);
      })
      .join(' '.repeat(GAP)),
  );
}
