/**
 * Sentences from figures. What counts as the same and what as substantial is decided here, for every section alike, and told in the
 * summary: no section has an opinion of its own.
 */
import { formatNumber } from '../report/format.ts';

/** Figures whose ratio is closer to 1 than this are the same: a run has a first and a last packet. */
export const SAME = 0.02;
/** From here on a difference is substantial. */
export const SUBSTANTIAL = 0.1;

/** `a / b` as long as that means something. */
export function ratioOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 || !Number.isFinite(a / b) ? undefined : a / b;
}

export const isSame = (ratio: number): boolean => Math.abs(ratio - 1) < SAME;
/** Better by enough to speak of: `gain` is above 1 where the choice pays. */
export const isSubstantial = (gain: number): boolean => gain >= 1 + SUBSTANTIAL;

/** A figure that was measured, as text; `undefined` for one that was not. */
type Text = string | undefined;

/**
 * A sentence, or none if one of its figures was not measured: `finding\`One interrupt brings ${amount(signals)} signals.\``. Begins with a
 * capital letter whatever the first figure or name is.
 */
export function finding(texts: TemplateStringsArray, ...values: readonly Text[]): readonly string[] {
  if (values.includes(undefined)) return [];
  const sentence = texts.map((text, index) => text + (values[index] ?? '')).join('');
  return [sentence.charAt(0).toUpperCase() + sentence.slice(1)];
}

/** Of a ratio to what it is compared with: `the same`, `12 % less`, `8.1 % more`, `2.4 times as much`. */
export function times(ratio: number | undefined): Text {
  if (ratio === undefined) return undefined;
  if (isSame(ratio)) return 'the same';
  if (ratio >= 2) return `${formatNumber(ratio, 1)} times as much`;
  return ratio > 1 ? `${percent(ratio - 1)} more` : `${percent(1 - ratio)} less`;
}

/** The same of a gain, which is above 1 where there is less. */
export const fewer = (gain: number | undefined): Text => (gain === undefined || gain === 0 ? undefined : times(1 / gain));

/** Of 1, in percent: one digit below ten, none if it is whole. */
export function percent(share: number): string;
export function percent(share: number | undefined): Text;
export function percent(share: number | undefined): Text {
  if (share === undefined) return undefined;
  const value = Number((share * 100).toFixed(1));
  return `${formatNumber(value, Number.isInteger(value) || Math.abs(value) >= 10 ? 0 : 1)} %`;
}

/** A figure in a sentence, with three digits that count. */
export function amount(value: number, unit?: string): string;
export function amount(value: number | undefined, unit?: string): Text;
export function amount(value: number | undefined, unit = ''): Text {
  if (value === undefined) return undefined;
  const size = Math.abs(value);
  const digits = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return `${formatNumber(value, digits)}${unit === '' ? '' : ` ${unit}`}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

/** The smallest and the largest: `1.02`, `1.02 to 1.41`. */
export function range(values: readonly (number | undefined)[], digits = 2): Text {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return undefined;
  const [low, high] = [Math.min(...known), Math.max(...known)].map((value) => formatNumber(value, digits));
  return low === high ? `${low}` : `${low} to ${high}`;
}
