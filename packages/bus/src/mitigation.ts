/**
 * How a device trades latency for fewer notifications, in words that all cards share.
 *
 *   none             it looks at a ring when the doorbell rings, and signals when it is done
 *   timer:NS         a doorbell starts a timer; the ring is looked at when it ends, and no doorbell is wanted meanwhile
 *   packets:N:NS     a signal waits until N buffers were completed, or until NS nanoseconds have passed since the first of them
 *   poll:NS:ROUNDS   after a doorbell the ring is looked at every NS nanoseconds until ROUNDS looks in a row found nothing; no doorbell is
 *                    wanted meanwhile
 */
import { ConfigurationError } from './errors.ts';

export type Mitigation =
  | { readonly kind: 'none' }
  | { readonly kind: 'timer'; readonly ns: number }
  | { readonly kind: 'packets'; readonly count: number; readonly ns: number }
  | { readonly kind: 'poll'; readonly ns: number; readonly rounds: number };

export const NO_MITIGATION: Mitigation = { kind: 'none' };

/** A second: nobody waits longer for a packet. */
const NS_MAX = 1e9;
const COUNT_MAX = 65_536;

/** `none`, `timer:150us`, `packets:8:100us`, `poll:20us:2`; times in ns, us or ms. @throws ConfigurationError `bad-mitigation` */
export function parseMitigation(text: string): Mitigation {
  const [kind, first = '', second = '', ...rest] = text.split(':');
  if (rest.length === 0) {
    if (kind === 'none' && text === kind) return NO_MITIGATION;
    const count = /^\d{1,6}$/.test(kind === 'poll' ? second : first) ? Number(kind === 'poll' ? second : first) : 0;
    if (kind === 'timer' && second === '') {
      const ns = parseDuration(first);
      if (ns !== undefined) return { kind, ns };
    }
    if (kind === 'packets' && count >= 1 && count <= COUNT_MAX) {
      const ns = parseDuration(second);
      if (ns !== undefined) return { kind, count, ns };
    }
    if (kind === 'poll' && count >= 1 && count <= COUNT_MAX) {
      const ns = parseDuration(first);
      if (ns !== undefined) return { kind, ns, rounds: count };
    }
  }
  throw new ConfigurationError(
    'bad-mitigation',
    `mitigation "${text}" is none of none, timer:TIME, packets:N:TIME and poll:TIME:ROUNDS (150us, up to 1s)`,
    text,
  );
}

/** The shortest text that `parseMitigation` reads back. */
export function formatMitigation(mitigation: Mitigation): string {
  switch (mitigation.kind) {
    case 'none':
      return 'none';
    case 'timer':
      return `timer:${formatDuration(mitigation.ns)}`;
    case 'packets':
      return `packets:${mitigation.count}:${formatDuration(mitigation.ns)}`;
    case 'poll':
      return `poll:${formatDuration(mitigation.ns)}:${mitigation.rounds}`;
  }
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

function parseDuration(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,9})(ns|us|ms|s)$/.exec(text) ?? [];
  const ns = Number(digits) * (UNITS[unit] ?? 0);
  return ns >= 1 && ns <= NS_MAX ? ns : undefined;
}

function formatDuration(ns: number): string {
  const [unit, size] = (['s', 'ms', 'us'] as const)
    .map((name) => [name, UNITS[name] ?? 1] as const)
    .find(([, size]) => ns % size === 0) ?? ['ns', 1];
  return `${ns / size}${unit}`;
}
