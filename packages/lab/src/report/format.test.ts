import { describe, expect, it } from 'vitest';
import { formatCell, formatNumber, isNumeric, rounded } from './format.ts';

describe('Cells', () => {
  it('group thousands and show the digits asked for', () => {
    expect(formatNumber(1234567)).toBe('1,234,567');
    expect(formatNumber(1234.5678, 2)).toBe('1,234.57');
    expect(formatNumber(999.999, 1)).toBe('1,000.0');
    expect(formatNumber(0.00012345, 6)).toBe('0.000123');
  });

  it('have a minus sign, but none for what is shown as zero', () => {
    expect(formatNumber(-12.5, 1)).toBe('−12.5');
    expect(formatNumber(-0.001, 1)).toBe('0.0');
  });

  it('show what is no number and what is not there as a dash', () => {
    expect(formatNumber(Number.NaN)).toBe('–');
    expect(formatNumber(Number.POSITIVE_INFINITY)).toBe('–');
    expect(formatCell(null, { name: 'x' })).toBe('–');
    expect(formatCell('text', { name: 'x', digits: 2 })).toBe('text');
  });

  it('are numeric in a column without words', () => {
    const table = {
      caption: '',
      columns: [{ name: 'a' }, { name: 'b' }],
      rows: [
        [1, 'x'],
        [null, 2],
      ],
    };
    expect([isNumeric(table, 0), isNumeric(table, 1)]).toEqual([true, false]);
  });

  it('are rounded to what is shown', () => {
    expect(rounded(1.23456, 2)).toBe(1.23);
    expect(rounded(Number.NaN)).toBeNull();
  });
});
