import { describe, expect, it } from 'vitest';
import { verdictOf } from './verdict.ts';
import { amount, fewer, finding, isSubstantial, listed, percent, range, ratioOf, times } from './words.ts';

describe('Words for figures', () => {
  it('compare', () => {
    expect([0.5, 0.88, 0.99, 1.015, 1.084, 1.5, 2.43].map((ratio) => times(ratio))).toEqual([
      '50 % less',
      '12 % less',
      'the same',
      'the same',
      '8.4 % more',
      '50 % more',
      '2.4 times as much',
    ]);
    expect(fewer(2)).toBe('50 % less');
    expect(fewer(0.5)).toBe('2.0 times as much');
  });

  it('show three digits that count', () => {
    expect([0, 0.1234, 1.234, 12.34, 123.4, 12345, 3].map((value) => amount(value))).toEqual([
      '0',
      '0.123',
      '1.23',
      '12.3',
      '123',
      '12,345',
      '3',
    ]);
    expect(amount(1.5, 'µs')).toBe('1.50 µs');
    expect([0.1066, 0.02, 0.005].map((share) => percent(share))).toEqual(['11 %', '2 %', '0.5 %']);
  });

  it('list and span', () => {
    expect([listed([]), listed(['a']), listed(['a', 'b', 'c'])]).toEqual(['', 'a', 'a, b and c']);
    expect([range([1, 2, undefined]), range([1, 1]), range([undefined])]).toEqual(['1.00 to 2.00', '1.00', undefined]);
  });

  it('have no ratio to nothing', () => {
    expect([ratioOf(1, 0), ratioOf(undefined, 1), ratioOf(1, 2)]).toEqual([undefined, undefined, 0.5]);
  });

  it('make a sentence of figures, and none if one is missing', () => {
    expect(finding`${'it'} is ${amount(2)}.`).toEqual(['It is 2.']);
    expect(finding`${'it'} is ${amount(undefined)}.`).toEqual([]);
  });
});

describe('Verdicts', () => {
  it('hold if all parts do, in part if some do', () => {
    expect([[true, true], [true, false], [false], [undefined, true], [undefined], []].map(verdictOf)).toEqual([
      'holds',
      'holds in part',
      'does not hold',
      'holds',
      'for the record',
      'for the record',
    ]);
  });

  it('call a tenth substantial', () => {
    expect([1.09, 1.1, 0.5].map(isSubstantial)).toEqual([false, true, false]);
  });
});
