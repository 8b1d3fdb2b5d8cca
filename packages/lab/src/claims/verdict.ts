/** From what a claim says in its parts to what the figures say of it. */
import type { Effect, Verdict } from '../report/report.ts';
import { ratioOf } from './words.ts';

/** All parts hold, some, or none; parts that could not be measured are `undefined` and do not count. */
export function verdictOf(parts: readonly (boolean | undefined)[]): Verdict {
  const known = parts.filter((part) => part !== undefined);
  if (known.length === 0) return 'for the record';
  if (known.every((part) => part)) return 'holds';
  return known.some((part) => part) ? 'holds in part' : 'does not hold';
}

/** One whose gain may not have been measured. */
export type PossibleEffect = Omit<Effect, 'gain'> & { readonly gain: number | undefined };

/** Of what should be little: how much more it is without the choice. */
export function savingOf(
  choice: string,
  measure: string,
  needs: Effect['needs'],
  { without, chosen }: { readonly without: number | undefined; readonly chosen: number | undefined },
  of: Effect['of'] = 'traffic',
): PossibleEffect {
  return { choice, measure, needs, of, gain: ratioOf(without, chosen) };
}

/** `undefined` stays so: what is not known is neither. */
export const known = <T, R>(value: T | undefined, test: (value: T) => R): R | undefined => (value === undefined ? undefined : test(value));
