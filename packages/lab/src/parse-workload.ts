/** A workload as somebody types it: the text of `workloadName`, with what is left out at its default. */
import { ConfigurationError } from '@paravirt/bus';
import type { Workload } from './point.ts';

type Numbers = readonly [number, number];

const KINDS: Readonly<Record<string, { readonly numbers: Numbers; readonly make: (first: number, second: number) => Workload }>> = {
  'bulk-down': { numbers: [64 << 10, 1514], make: (bytes, frame) => ({ kind: 'bulk', direction: 'down', bytes, frame }) },
  'bulk-up': { numbers: [64 << 10, 1514], make: (bytes, frame) => ({ kind: 'bulk', direction: 'up', bytes, frame }) },
  'bulk-both': { numbers: [64 << 10, 1514], make: (bytes, frame) => ({ kind: 'bulk', direction: 'both', bytes, frame }) },
  'packets-down': { numbers: [100, 64], make: (count, size) => ({ kind: 'packets', direction: 'down', count, size }) },
  'packets-up': { numbers: [100, 64], make: (count, size) => ({ kind: 'packets', direction: 'up', count, size }) },
  'packets-both': { numbers: [100, 64], make: (count, size) => ({ kind: 'packets', direction: 'both', count, size }) },
  'request-response': { numbers: [10, 64], make: (count, size) => ({ kind: 'request-response', count, size }) },
  ping: { numbers: [10, 1_000_000], make: (count, interval) => ({ kind: 'ping', count, interval }) },
};

/** `bulk-down`, `packets-both:1000`, `request-response:10:64`; numbers from 1. @throws ConfigurationError `bad-workload` */
export function parseWorkload(text: string): Workload {
  const [name = '', ...parts] = text.split(':');
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  const [first, second] = parts.map((part) => (/^[1-9]\d{0,14}$/.test(part) ? Number(part) : Number.NaN));
  if (kind === undefined || parts.length > 2 || Number.isNaN(first) || Number.isNaN(second))
    throw new ConfigurationError(
      'bad-workload',
      `workload "${text}" is none of ${Object.keys(KINDS).join(', ')}, with up to two numbers after colons`,
      text,
    );
  return kind.make(first ?? kind.numbers[0], second ?? kind.numbers[1]);
}
