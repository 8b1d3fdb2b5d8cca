import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextSearch } from './text-search.ts';

describe('TextSearch', () => {
  it('finds a text wherever it is cut', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab]{1,40}$/), fc.stringMatching(/^[ab]{1,5}$/), fc.array(fc.nat(40)), (text, wanted, cuts) => {
        const search = new TextSearch(wanted);
        const places = [0, ...cuts.map((c) => Math.min(c, text.length)).sort((a, b) => a - b), text.length];
        const found = places.slice(1).some((end, i) => search.push(Buffer.from(text.slice(places[i], end))));
        expect(found).toBe(text.includes(wanted));
      }),
    );
  });

  it('finds text of several bytes a character', () => {
    const search = new TextSearch('héllo');
    expect([...Buffer.from('xhéllo')].map((byte) => search.push(Uint8Array.of(byte)))).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
});
