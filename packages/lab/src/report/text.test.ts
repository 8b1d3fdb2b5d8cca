import { describe, expect, it } from 'vitest';
import { testReport } from './testing-report.ts';
import { renderText } from './text.ts';
import { wrap } from './text-wrap.ts';

describe('A report as text', () => {
  it('has claim, findings, verdict and tables in columns', () => {
    expect(renderText(testReport, { width: 60 })).toBe(
      [
        'A report',
        '========',
        '',
        'Scope: quick; doorbells. Lab version 1.',
        'Prices "2009": Prices for tests, 2009',
        '',
        'Doorbells & <bells> (claim 1) [holds in part]',
        '---------------------------------------------',
        'Claim (somebody): Ports are cheap.',
        'Against it: "They" are not.',
        'Ring.',
        '',
        '* Ports cost 1,234 ns.',
        '* Nothing was lost.',
        '',
        'Costs',
        '                   Price,     per',
        'Card                   ns   frame',
        '-----------------  ------  ------',
        'virtio-net on PCI   1,234    0.50',
        'venet <script>          –  −12.35',
        '',
        '0 points.',
        '',
      ].join('\n'),
    );
  });

  it('keeps to the width where words can be broken, and never cuts a figure', () => {
    const [section] = testReport.sections;
    const wide = {
      caption: 'Wide',
      columns: [{ name: 'Words' }, ...Array.from({ length: 5 }, (_, index) => ({ name: `n${index}` }))],
      rows: [['many words in one cell that want more than there is', 123456, 123456, 123456, 123456, 123456]],
    };
    const text = renderText({ ...testReport, sections: section === undefined ? [] : [{ ...section, tables: [wide] }] }, { width: 64 });
    const lines = text.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(64);
    expect(text.match(/123,456/g)).toHaveLength(5);
    const narrow = renderText({ ...testReport, sections: section === undefined ? [] : [{ ...section, tables: [wide] }] }, { width: 40 });
    expect(narrow.match(/123,456/g)).toHaveLength(5);
  });
});

describe('Wrapping', () => {
  it('breaks at spaces, and hangs what follows', () => {
    expect(wrap('one two three', 8, '  ')).toEqual(['one two', '  three']);
    expect(wrap('', 8)).toEqual(['']);
  });

  it('breaks a word that is longer than a line', () => {
    expect(wrap('ab abcdefghij k', 4)).toEqual(['ab', 'abcd', 'efgh', 'ij k']);
    expect(wrap('abcdefgh', 4, ' ')).toEqual(['abcd', ' efg', ' h']);
  });
});
