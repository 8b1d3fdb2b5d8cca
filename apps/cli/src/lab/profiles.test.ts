import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CostProfile, profiles } from '@paravirt/lab';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../run/usage-error.ts';
import { chosenProfiles } from './profiles.ts';

const mine = { ...(profiles.get('2026') as CostProfile), name: 'mine' };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-profiles-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(contents: unknown): string {
  const path = join(folder, 'profile.json');
  writeFileSync(path, typeof contents === 'string' ? contents : JSON.stringify(contents));
  return path;
}

describe('--profile', () => {
  it('has all built-in price lists, that of 2009 first, if nothing is said', () => {
    const { all, custom } = chosenProfiles();
    expect(all.map(({ name }) => name)).toEqual(['2009', '2026', 'emulator']);
    expect(new Set(all)).toEqual(new Set(profiles.values()));
    expect(custom).toEqual([]);
  });

  it('takes names and files, in the order in which they are said', () => {
    const { all, custom } = chosenProfiles([file(mine), '2009']);
    expect(all.map(({ name }) => name)).toEqual(['mine', '2009']);
    expect(custom).toEqual([mine]);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['no price list', {}],
    ['the name of a built-in one', { ...mine, name: '2009' }],
  ])('refuses a file with %s', (_, contents) => {
    expect(() => chosenProfiles([file(contents)])).toThrow(UsageError);
  });

  it('refuses what is neither a name nor a file, and what is there twice', () => {
    expect(() => chosenProfiles(['200'])).toThrow(/did you mean 2009/);
    expect(() => chosenProfiles([folder])).toThrow(UsageError);
    expect(() => chosenProfiles(['2009', '2009'])).toThrow(/twice/);
    expect(() => chosenProfiles([file(mine), file(mine)])).toThrow(/twice/);
  });
});
