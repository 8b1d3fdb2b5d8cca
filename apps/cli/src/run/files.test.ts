import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readFile } from './files.ts';
import { suggestion } from './usage-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'paravirt-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('Files', () => {
  it('are read whole, or refused in one line', () => {
    const path = join(folder, 'kernel');
    writeFileSync(path, 'abc');
    expect(Buffer.from(readFile('--kernel', path)).toString()).toBe('abc');
    writeFileSync(path, '');
    expect(() => readFile('--kernel', path)).toThrow(`--kernel ${path}: the file is empty`);
    expect(() => readFile('--kernel', `${path}x`)).toThrow('there is no such file');
    expect(() => readFile('--initrd', folder)).toThrow('it is a directory');
    expect(() => readFile('--initrd', join(path, 'x'))).toThrow('part of its path is no directory');
  });
});

describe('Suggestions', () => {
  it('are made for a word that is near, else all words are named', () => {
    expect(suggestion('mdel', ['model', 'mac'])).toBe(' (did you mean model?)');
    expect(suggestion('MAC', ['model', 'mac'])).toBe(' (did you mean mac?)');
    expect(suggestion('zebra', ['model', 'mac'])).toBe('; known: model, mac');
  });
});
