/** Price lists by name or from files. */
import { existsSync } from 'node:fs';
import { ConfigurationError } from '@paravirt/bus';
import { type CostProfile, parseProfile, profiles } from '@paravirt/lab';
import { readFile } from '../run/files.ts';
import { suggestion, UsageError } from '../run/usage-error.ts';

/** Without a choice: the time of the debate first, then ours, then this program itself. */
const DEFAULT = ['2009', '2026', 'emulator'];

export interface ChosenProfiles {
  /** The first is the principal one. */
  readonly all: readonly CostProfile[];
  /** Those from files. */
  readonly custom: readonly CostProfile[];
}

/** A name that is not built in is a file. @throws UsageError for a file that is no price list, or a name that is there twice */
export function chosenProfiles(words: readonly string[] = DEFAULT): ChosenProfiles {
  const all = words.map((word) => profiles.get(word) ?? fromFile(word));
  const names = all.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--profile: "${twice}" is there twice`);
  return { all, custom: all.filter((profile) => !profiles.has(profile.name)) };
}

function fromFile(path: string): CostProfile {
  if (!existsSync(path))
    throw new UsageError(`--profile ${path}: no price list of that name, and no file${suggestion(path, [...profiles.keys()])}`);
  let profile: CostProfile;
  try {
    profile = parseProfile(JSON.parse(Buffer.from(readFile('--profile', path)).toString('utf8')));
  } catch (error) {
    if (!(error instanceof ConfigurationError) && !(error instanceof SyntaxError)) throw error;
    throw new UsageError(`--profile ${path}: ${error.message.split('\n')[0]}`);
  }
  if (profiles.has(profile.name)) throw new UsageError(`--profile ${path}: its name "${profile.name}" is that of a built-in price list`);
  return profile;
}
