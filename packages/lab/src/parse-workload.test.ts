import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { parseWorkload } from './parse-workload.ts';
import { workloadName } from './point.ts';

describe('a workload as text', () => {
  it.each([
    'bulk-down:65536:1514',
    'bulk-up:1:60',
    'bulk-both:7:9000',
    'packets-down:5:64',
    'packets-both:5:1',
    'request-response:3:100',
    'ping:2:1000',
  ])('reads %s as it is written', (text) => expect(workloadName(parseWorkload(text))).toBe(text));

  it('takes defaults for what is left out', () => {
    expect(parseWorkload('request-response')).toEqual({ kind: 'request-response', count: 10, size: 64 });
    expect(parseWorkload('ping:3')).toEqual({ kind: 'ping', count: 3, interval: 1_000_000 });
  });

  it.each(['', 'bulk', 'toString', 'ping:0', 'ping:-1', 'ping:1:2:3', 'ping:x', 'ping:'])('refuses "%s"', (text) => {
    expect(() => parseWorkload(text)).toThrow(ConfigurationError);
  });
});
