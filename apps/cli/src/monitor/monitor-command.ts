/** What a command of the monitor is, what it works on, and how it answers. */
import type { NetworkCard, Pc } from '@paravirt/machine';
import type { Statistics } from '../run/statistics.ts';
import type { Answer, Json } from './protocol.ts';

/** What the commands work on. */
export interface MonitorTarget {
  readonly pc: Pc;
  /** Makes a card as `--net` does. @throws UsageError, ConfigurationError (rejects) */
  addCard(spec: string): Promise<NetworkCard>;
  statistics(): Statistics;
  /** Ends the run. */
  quit(): void;
}

export interface MonitorCommand {
  /** One or two words. */
  readonly name: string;
  /** Of the arguments, for people. */
  readonly usage: string;
  readonly description: string;
  /** Least and most number of arguments. */
  readonly arguments: readonly [number, number];
  /** @throws CommandError, UsageError, ConfigurationError (or rejects) */
  run(target: MonitorTarget, words: readonly string[]): Answer | Promise<Answer>;
}

/** Nothing to tell. */
export const done: Answer = { value: null, text: '' };
/** As lines. */
export const lines = (value: Json, text: readonly string[]): Answer => ({ value, text: text.map((line) => `${line}\n`).join('') });
