import { ConfigurationError } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProfile } from './parse-profile.ts';
import { profiles } from './profiles.ts';

const [PROFILE] = profiles.values();
const changed = (change: object): unknown => JSON.parse(JSON.stringify({ ...PROFILE, name: 'mine', ...change }));

describe('A price list from a file', () => {
  it('is taken as it is written: the built-in ones, too, could be', () => {
    for (const profile of profiles.values()) {
      const parsed = parseProfile(JSON.parse(JSON.stringify(profile)));
      expect(parsed).toEqual(profile);
      expect(JSON.stringify(parseProfile(Object.fromEntries(Object.entries(profile).reverse())))).toBe(JSON.stringify(parsed));
    }
  });

  it.each([
    ['a price is missing', { wake: undefined }],
    ['a price is negative', { wake: -1 }],
    ['a price is no number', { wake: '1' }],
    ['a price is more than a second', { wake: 2e9 }],
    ['an exit is missing', { exits: { port: 1 } }],
    ['there is a price of something else', { lunch: 5 }],
    ['its name is two words', { name: 'two words' }],
    ['its name is too long', { name: 'x'.repeat(65) }],
    ['a source is no line', { sources: ['one', 2] }],
    ['there are too many sources', { sources: Array(65).fill('x') }],
    ['the wire carries nothing', { wire: { bitsPerSecond: 0, latency: 1, moderation: 0 } }],
    ['posted is no truth', { posted: 'yes' }],
  ])('is refused if %s', (_, change) => {
    expect(() => parseProfile(changed(change))).toThrow(expect.objectContaining({ code: 'bad-profile' }));
  });

  it('is refused without harm, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => parseProfile(value)).toThrow(ConfigurationError);
      }),
    );
  });
});
