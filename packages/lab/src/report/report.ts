/**
 * A report is data: sections with tables, charts and sentences. Terminal, JSON and HTML are three ways to show the same; whatever is in
 * it depends on the points' measures alone.
 */
import type { PointResult } from '../measures.ts';

export type Cell = string | number | null;

export interface Column {
  readonly name: string;
  /** `µs`, `per frame`; shown once, in the head. */
  readonly unit?: string;
  /** Digits after the point for numbers; default 0. */
  readonly digits?: number;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** As many cells as columns each; `null` has no value. */
  readonly rows: readonly (readonly Cell[])[];
}

export interface Chart {
  /** `bars`: one bar for each datum, grouped by `series`. `lines`: numbers along x. */
  readonly kind: 'bars' | 'lines';
  readonly caption: string;
  readonly x: { readonly label: string; readonly log?: boolean };
  readonly y: { readonly label: string; readonly log?: boolean };
  readonly data: readonly { readonly series: string; readonly x: string | number; readonly y: number }[];
}

/** What one choice is worth, everything else being equal. */
export interface Effect {
  /** The choice and its alternative: `venet, not virtio on PCI, both in the exit`. */
  readonly choice: string;
  /** What was compared: `CPU per frame`. */
  readonly measure: string;
  /** Alternative divided by choice for what should be little, choice divided by alternative for what should be much: above 1 it pays. */
  readonly gain: number;
  /** Whether the choice can be had on PCI, too. */
  readonly needs: 'vbus' | 'either bus';
  /** What is paid for every frame, or once for a card. */
  readonly of: 'traffic' | 'set-up';
}

/** What the figures say of a claim. */
export type Verdict = 'holds' | 'holds in part' | 'does not hold' | 'for the record';

export interface Section {
  /** `doorbells`: for `--only`, and an anchor. */
  readonly id: string;
  readonly title: string;
  /** Number in the list of claims (vbus-abi, section 4), if it is one. */
  readonly claim?: { readonly number: string; readonly by: string; readonly text: string; readonly counter: string };
  readonly experiment: string;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  /** Sentences, made of the figures; the first is the answer in short. */
  readonly findings: readonly string[];
  readonly verdict: Verdict;
  /** What the summary weighs against what other sections found. */
  readonly effects: readonly Effect[];
}

export interface Report {
  readonly title: string;
  /** `quick` or `full`, and what was chosen. */
  readonly scope: string;
  /** Version of the lab: a figure may change with it. */
  readonly version: string;
  readonly profiles: readonly { readonly name: string; readonly title: string; readonly sources: readonly string[] }[];
  readonly sections: readonly Section[];
  readonly results: readonly PointResult[];
}
