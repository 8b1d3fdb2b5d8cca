import { describe, expect, it } from 'vitest';
import { ConfigurationError } from './errors.ts';
import { formatMitigation, parseMitigation } from './mitigation.ts';

describe('a mitigation as text', () => {
  it('reads every kind, with times in their units', () => {
    expect(parseMitigation('none')).toEqual({ kind: 'none' });
    expect(parseMitigation('timer:150us')).toEqual({ kind: 'timer', ns: 150_000 });
    expect(parseMitigation('packets:8:1ms')).toEqual({ kind: 'packets', count: 8, ns: 1_000_000 });
    expect(parseMitigation('poll:500ns:3')).toEqual({ kind: 'poll', ns: 500, rounds: 3 });
  });

  it.each(['none', 'timer:150us', 'timer:1s', 'packets:8:1ms', 'poll:500ns:3'])('writes %s back as it was', (text) => {
    expect(formatMitigation(parseMitigation(text))).toBe(text);
  });

  it.each([
    '',
    'NONE',
    'none:',
    'timer',
    'timer:0us',
    'timer:2s',
    'timer:1us:2',
    'packets:0:1us',
    'packets:8',
    'poll:1us',
    'poll:1us:0',
    'poll:1us:2:3',
  ])('refuses "%s"', (text) => {
    expect(() => parseMitigation(text)).toThrow(ConfigurationError);
  });
});
