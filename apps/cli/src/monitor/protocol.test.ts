import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandError } from './command-error.ts';
import { formatAnswer, formatError, type Json, parseRequest, plainLine, requestStyle } from './protocol.ts';

const TEXT = { json: false, id: undefined };

describe('A request', () => {
  it('is words, or JSON', () => {
    expect(parseRequest('vbus ls "/a b"')).toEqual({ words: ['vbus', 'ls', '/a b'], json: false, id: undefined });
    expect(parseRequest(' {"command":"vbus ls","arguments":["/a b"],"id":7}')).toEqual({
      words: ['vbus', 'ls', '/a b'],
      json: true,
      id: 7,
    });
    expect(parseRequest('{"command":"help"}')).toEqual({ words: ['help'], json: true, id: undefined });
  });

  it.each([
    ["link 'up"],
    ['{'],
    ['{"command":1}'],
    ['{}'],
    ['{"command":"a","arguments":"b"}'],
    ['{"command":"a","arguments":[1]}'],
    ['{"command":"\'"}'],
  ])('that makes no sense is a bad one: %s', (line) => {
    expect(() => parseRequest(line)).toThrow(CommandError);
  });

  it('keeps its style and id when it makes no sense', () => {
    expect(requestStyle('{"id":"x","command":1}')).toEqual({ json: true, id: 'x' });
    expect(requestStyle('{"id":{}}')).toEqual({ json: true, id: undefined });
    expect(requestStyle('{')).toEqual({ json: true, id: undefined });
    expect(requestStyle('a')).toEqual(TEXT);
  });

  it('never makes anything but a CommandError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((s) => `{${s}`),
        ),
        (line) => {
          try {
            parseRequest(line);
          } catch (error) {
            expect(error).toBeInstanceOf(CommandError);
          }
        },
      ),
    );
  });
});

describe('An answer', () => {
  it('ends with ok or an error in text, and is one line in JSON', () => {
    expect(formatAnswer(TEXT, { value: null, text: '' })).toBe('ok\n');
    expect(formatAnswer(TEXT, { value: ['a'], text: 'a\n' })).toBe('a\nok\n');
    expect(formatError(TEXT, 'ENOENT', 'no\nsuch')).toBe('error ENOENT: no such\n');
    expect(formatAnswer({ json: true, id: 1 }, { value: ['a'], text: 'a\n' })).toBe('{"id":1,"result":["a"]}\n');
    expect(formatAnswer({ json: true, id: undefined }, { value: undefined, text: '' })).toBe('{"result":null}\n');
    expect(formatError({ json: true, id: 'x' }, 'EINVAL', 'm')).toBe('{"id":"x","error":{"code":"EINVAL","message":"m"}}\n');
  });

  it('is not ended by what it tells', () => {
    const line = fc.oneof(fc.constantFrom('ok', 'error x: y', '{"a":1}', '', 'fine'), fc.stringMatching(/^ {0,3}(ok|error |\{|x)$/));
    fc.assert(
      fc.property(fc.array(line), (told) => {
        const text = told.map((each) => `${each}\n`).join('');
        const got = formatAnswer(TEXT, { value: null satisfies Json, text })
          .split('\n')
          .slice(0, -1);
        expect(got.findIndex((each) => each === 'ok' || each.startsWith('error ') || each.startsWith('{'))).toBe(told.length);
        expect(got.slice(0, -1).map(plainLine)).toEqual(told);
      }),
    );
  });
});
