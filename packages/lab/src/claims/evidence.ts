/**
 * What a section has to go on: measures by point, and a note of every point that has none. Tables are made row by row of what those
 * measures give; where they give nothing a cell is empty, and the section says at its end why.
 */
import type { Measures } from '../measures.ts';
import { type Point, pointName } from '../point.ts';
import { rounded } from '../report/format.ts';
import type { Cell, Column, Section, Table } from '../report/report.ts';
import type { Experiment, Results } from './experiment.ts';
import type { FigureOf } from './figures.ts';
import type { PossibleEffect } from './verdict.ts';

export class Evidence {
  readonly #results: Results;
  readonly #asked = new Map<string, string | undefined>();

  constructor(results: Results) {
    this.#results = results;
  }

  /** What was measured at a point; that there is nothing is remembered. */
  of(point: Point): Measures | undefined {
    const name = pointName(point);
    const result = this.#results.get(name);
    const measured = result !== undefined && 'measures' in result;
    this.#asked.set(name, measured ? undefined : result === undefined ? 'was not run' : `failed: ${result.failed}`);
    return measured ? result.measures : undefined;
  }

  /** A figure of a point. */
  figure(figure: FigureOf, point: Point): number | undefined {
    return figure(this.of(point));
  }

  /** Whether nothing at all that was asked for is there. */
  get isEmpty(): boolean {
    return [...this.#asked.values()].every((problem) => problem !== undefined);
  }

  /** One sentence about what is missing, or none. */
  get gaps(): readonly string[] {
    const missing = [...this.#asked].filter(([, problem]) => problem !== undefined);
    const [first] = missing;
    if (first === undefined) return [];
    const more = missing.length === 1 ? '' : `, and ${missing.length - 1} more`;
    return [`Missing: ${first[0]} ${first[1]}${more}. Figures that need ${missing.length === 1 ? 'it' : 'them'} are left out.`];
  }
}

/** A column and where its cells come from. */
export interface Source<Row> extends Column {
  readonly of: (row: Row) => Cell | undefined;
}

/** One row for each of `rows`; numbers are rounded to the digits that their column shows. */
export function tabulate<Row>(caption: string, sources: readonly Source<Row>[], rows: readonly Row[]): Table {
  return {
    caption,
    columns: sources.map(({ of: _, ...column }) => column),
    rows: rows.map((row) => sources.map(({ of, digits }) => cellOf(of(row), digits))),
  };
}

const cellOf = (value: Cell | undefined, digits: number | undefined): Cell =>
  value === undefined ? null : typeof value === 'number' ? rounded(value, digits) : value;

/** What an experiment says beside its name. */
export type Said = Omit<Section, 'id' | 'title' | 'effects'> & {
  readonly effects?: readonly PossibleEffect[];
};

/** The section: with what is missing at the end of its findings, and without a verdict if nothing was measured. */
export function sectionOf({ id, title }: Pick<Experiment, 'id' | 'title'>, evidence: Evidence, said: Said): Section {
  const nothing = evidence.isEmpty;
  return {
    id,
    title,
    ...(said.claim === undefined ? {} : { claim: said.claim }),
    experiment: said.experiment,
    tables: nothing ? [] : said.tables,
    charts: nothing ? [] : said.charts.filter(({ data }) => data.length > 0),
    findings: [
      ...(nothing ? ['Nothing was measured.'] : said.findings.length > 0 ? said.findings : ['The figures that would tell are missing.']),
      ...evidence.gaps,
    ],
    verdict: nothing ? 'for the record' : said.verdict,
    effects: (said.effects ?? []).flatMap(({ gain, ...effect }) =>
      gain === undefined ? [] : [{ ...effect, gain: Number(gain.toFixed(4)) }],
    ),
  };
}
