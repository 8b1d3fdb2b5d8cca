/**
 * What a point's measures depend on beside the point itself: the program, the price lists that are not built in, and the guest images. Equal
 * circumstances and equal points give equal results, so they stand at the head of every file of results and of every offer to workers.
 */
import { ConfigurationError } from '@paravirt/bus';
import { type CostProfile, parseProfile } from '@paravirt/lab';

export const ARCHITECTURES = ['x86_64', 'i686'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** A guest's files by what is in them. */
export interface ImageIdentity {
  /** SHA-256, hexadecimal. */
  readonly kernel: string;
  readonly initrd: string;
  /** What the kernel calls itself: `6.1.0-40-cloud-amd64`. */
  readonly name: string;
}

export interface Circumstances {
  /** As `buildName` tells it. */
  readonly build: string;
  /** From files; the built-in ones belong to the program. */
  readonly profiles: readonly CostProfile[];
  readonly images: Readonly<Partial<Record<Architecture, ImageIdentity>>>;
}

const MOST_PROFILES = 16;
const LONGEST_LINE = 200;

export const sameCircumstances = (a: Circumstances, b: Circumstances): boolean => JSON.stringify(a) === JSON.stringify(b);

/** @throws ConfigurationError for a value that is none: circumstances come from files and from other machines */
export function parseCircumstances(value: unknown): Circumstances {
  const { build, profiles, images } = objectOf(value, 'circumstances');
  if (!Array.isArray(profiles) || profiles.length > MOST_PROFILES) throw bad(`at most ${MOST_PROFILES} profiles are possible`, profiles);
  const known = objectOf(images, 'images');
  return {
    build: lineOf(build, 'build'),
    profiles: profiles.map((profile) => parseProfile(profile)),
    images: Object.fromEntries(
      ARCHITECTURES.filter((arch) => known[arch] !== undefined).map((arch) => [arch, imageOf(objectOf(known[arch], arch))]),
    ),
  };
}

const imageOf = ({ kernel, initrd, name }: Readonly<Record<string, unknown>>): ImageIdentity => ({
  kernel: digestOf(kernel),
  initrd: digestOf(initrd),
  name: lineOf(name, 'name of an image'),
});

const bad = (message: string, value: unknown): ConfigurationError => new ConfigurationError('bad-circumstances', message, value);

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${what}: no object`, value);
  return value as Readonly<Record<string, unknown>>;
}

function lineOf(value: unknown, what: string): string {
  if (typeof value !== 'string' || value.length > LONGEST_LINE || /\p{Cc}/u.test(value)) throw bad(`${what}: no short line of text`, value);
  return value;
}

function digestOf(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw bad('the digest of an image is 64 hexadecimal digits', value);
  return value;
}
