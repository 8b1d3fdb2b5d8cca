import { describe, expect, it } from 'vitest';
import { kernelOf, parseStanza, tool } from './apt.ts';
import { ImageError } from './image-error.ts';

describe('[deb822] Package stanzas', () => {
  it('gives the fields of the first stanza, without continuation lines', () => {
    const fields = parseStanza('Package: a\nVersion: 1:2.3-4\nDescription: short\n long\n Size: no\nSize: 42\n\nPackage: b\nVersion: 9\n');
    expect(Object.fromEntries(fields)).toEqual({ Package: 'a', Version: '1:2.3-4', Description: 'short', Size: '42' });
  });

  it('is empty for no output', () => {
    expect(parseStanza('').size).toBe(0);
  });

  it.each([
    ['linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)', 'linux-image-6.1.0-56-cloud-amd64'],
    ['linux-base, linux-image-6.12.30+deb13-686:i386 (= 6.12)', 'linux-image-6.12.30+deb13-686'],
    ['linux-image-generic', undefined],
    ['', undefined],
  ])('finds the kernel that a metapackage depends on: %s', (depends, kernel) => {
    expect(kernelOf(depends)).toBe(kernel);
  });
});

describe('Tools', () => {
  it('says which program is missing', async () => {
    await expect(tool('no-such-program-here', [])).rejects.toMatchObject({
      code: 'no-tool',
      message: expect.stringContaining('no-such-program-here'),
    });
  });

  it('gives the line that matters of what a failing program said', async () => {
    const failing = tool('sh', ['-c', 'echo "E: Unable to locate package x" >&2; echo "W: old" >&2; exit 100']);
    await expect(failing).rejects.toThrow(new ImageError('tool-failed', 'sh: E: Unable to locate package x'));
  });
});
