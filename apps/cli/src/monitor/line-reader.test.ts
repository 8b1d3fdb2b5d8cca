import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from './line-reader.ts';

describe('Lines', () => {
  it('are the same wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[aä]{0,5}$/)), fc.array(fc.nat(60)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const reader = new LineReader();
        const places = [0, ...cuts.map((c) => Math.min(c, bytes.length)).sort((a, b) => a - b), bytes.length];
        expect(places.slice(1).flatMap((end, i) => reader.push(bytes.subarray(places[i], end)))).toEqual(lines);
      }),
    );
  });

  it('may end as on Windows', () => {
    expect(new LineReader().push(Buffer.from('a\r\n\r\nb'))).toEqual(['a', '']);
  });

  it('that are too long are told once, and what follows is read', () => {
    const reader = new LineReader(4);
    expect(reader.push(Buffer.from('abcd\nabc'))).toEqual(['abcd']);
    expect(reader.push(Buffer.from('de'))).toEqual([]);
    for (let i = 0; i < 100; i++) expect(reader.push(Buffer.from('abcdefgh'))).toEqual([]);
    expect(reader.push(Buffer.from('x\nok\n'))).toEqual([undefined, 'ok']);
  });
});
