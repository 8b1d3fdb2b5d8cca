import { describe, expect, it } from 'vitest';
import { EscapeKey } from './escape-key.ts';

const typed = (...pieces: readonly string[]): string => {
  const key = new EscapeKey();
  return pieces
    .map((piece) => {
      const { bytes, quit } = key.push(Buffer.from(piece, 'latin1'));
      return Buffer.from(bytes).toString('latin1') + (quit ? '<quit>' : '');
    })
    .join('|');
};

describe('The escape key', () => {
  it('is Ctrl-A X, also in two pieces', () => {
    expect(typed('ab\x01xcd')).toBe('ab<quit>');
    expect(typed('\x01', 'X')).toBe('|<quit>');
  });

  it('sends Ctrl-A when pressed twice, or followed by A', () => {
    expect(typed('a\x01\x01b', '\x01ab')).toBe('a\x01b|\x01b');
  });

  it('sends any other key', () => {
    expect(typed('\x01c', 'x\x03')).toBe('c|x\x03');
  });
});
