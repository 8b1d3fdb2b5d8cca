import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteWord, splitWords } from './words.ts';

describe('A command line', () => {
  it('is cut at blanks', () => {
    expect(splitWords('  vbus  ls\t/config ')).toEqual(['vbus', 'ls', '/config']);
    expect(splitWords('')).toEqual([]);
  });

  it('has quotes and backslashes as a shell', () => {
    expect(splitWords(`a 'b c' "d \\" e" f\\ g '' x"y"z`)).toEqual(['a', 'b c', 'd " e', 'f g', '', 'xyz']);
    expect(splitWords("'a\\'")).toEqual(['a\\']);
  });

  it.each([["'a"], ['"a'], ['a\\'], ['"a\\']])('that does not end is none: %s', (line) => {
    expect(splitWords(line)).toBeUndefined();
  });

  it('of quoted words gives the words', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitWords(words.map(quoteWord).join(' '))).toEqual(words);
      }),
    );
  });
});
