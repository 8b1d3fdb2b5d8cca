/**
 * How a run of the lab looks on a NATS server. A run has a name of its own, and three streams of JetStream as long as it lasts:
 *
 *   PARAVIRT_LAB_<run>_POINTS    work queue; a message is a point to measure, acknowledged when its outcome is stored
 *   PARAVIRT_LAB_<run>_OUTCOMES  a message is an outcome; a point that was given out twice has two
 *   PARAVIRT_LAB_<run>_FILES     guest images in pieces, a subject each, named by their digests
 *
 * The command that coordinates a run offers it on `paravirt.lab.offers` every few seconds and whenever somebody asks on
 * `paravirt.lab.questions`; a run that is not offered any more is dead, and its streams may be deleted by anybody.
 * Whatever comes from the server is looked at here before anything else sees it.
 */
import { ConfigurationError } from '@paravirt/bus';
import { type Point, parsePoint } from '@paravirt/lab';
import { type Circumstances, parseCircumstances } from '../circumstances.ts';
import { LARGEST_OUTCOME, type Outcome, parseOutcome } from '../outcome.ts';

export const OFFERS = 'paravirt.lab.offers';
export const QUESTIONS = 'paravirt.lab.questions';
/** The one consumer of a run's points. */
export const WORKERS = 'workers';

/** In ms. */
export const OFFER_INTERVAL: number = 2_000;
/** A run of which nothing was heard for so long is not worked for; after the second time its streams are in the way. */
export const OFFER_LIFETIME: number = 15_000;
export const RUN_LIFETIME: number = 60_000;
/** A point whose worker says nothing for so long is given to another. */
export const ACKNOWLEDGE_WITHIN: number = 10_000;
export const WORKING_INTERVAL: number = 3_000;
/** Streams that nobody deletes lose what they hold after a week. */
export const STREAM_LIFETIME: number = 7 * 24 * 3600 * 1000;

/** Workers that may be lost over a point. */
export const MOST_DELIVERIES = 5;
const LARGEST_POINT = 16 << 10;
const LARGEST_OFFER = 256 << 10;
/** Of an image's file, in bytes. */
export const LARGEST_FILE: number = 512 << 20;
/** Below the 1 MiB that servers allow by default. */
export const PIECE: number = 512 << 10;

const STREAM = /^PARAVIRT_LAB_([0-9a-f]{16})_(?:POINTS|OUTCOMES|FILES)$/;

/** A stream, and the subject of what is in it. */
interface StreamNames {
  readonly stream: string;
  readonly subject: string;
}

export interface Names {
  readonly points: StreamNames;
  readonly outcomes: StreamNames;
  /** A digest comes after the subject. */
  readonly files: StreamNames;
}

/** Names of one run. */
export function namesOf(run: string): Names {
  const names = (what: string): StreamNames => ({
    stream: `PARAVIRT_LAB_${run}_${what.toUpperCase()}`,
    subject: `paravirt.lab.${run}.${what}`,
  });
  return { points: names('points'), outcomes: names('outcomes'), files: names('files') };
}

/** The run that a stream belongs to, if it is one of the lab's. */
export const runOf = (stream: string): string | undefined => STREAM.exec(stream)?.[1];

export interface Offer {
  /** Sixteen hexadecimal digits. */
  readonly run: string;
  readonly circumstances: Circumstances;
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** @throws ConfigurationError for what is too large or no JSON */
function decode(bytes: Uint8Array, largest: number): Readonly<Record<string, unknown>> {
  if (bytes.length > largest) throw new ConfigurationError('bad-message', `a message has ${bytes.length} bytes`, bytes.length);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ConfigurationError('bad-message', 'a message is no JSON');
  }
  if (typeof value !== 'object' || value === null) throw new ConfigurationError('bad-message', 'a message is no object', value);
  return value as Readonly<Record<string, unknown>>;
}

export const encodeOffer = (offer: Offer): Uint8Array => encode(offer);

/** The run and the program are looked at first: what else an offer of another program has, cannot be known. */
export function decodeOffer(bytes: Uint8Array): {
  readonly run: string;
  readonly build: string;
  readonly circumstances: () => Circumstances;
} {
  const { run, circumstances } = decode(bytes, LARGEST_OFFER);
  if (typeof run !== 'string' || !/^[0-9a-f]{16}$/.test(run)) throw new ConfigurationError('bad-message', 'a run has no name', run);
  const build = (circumstances as { readonly build?: unknown } | null | undefined)?.build;
  if (typeof build !== 'string' || build.length > 200 || /\p{Cc}/u.test(build))
    throw new ConfigurationError('bad-message', 'a run has no program', build);
  return { run, build, circumstances: () => parseCircumstances(circumstances) };
}

export const encodePoint = (point: Point): Uint8Array => encode(point);
export const decodePoint = (bytes: Uint8Array): Point => parsePoint(decode(bytes, LARGEST_POINT));

export const encodeOutcome = (outcome: Outcome): Uint8Array => encode(outcome);
export const decodeOutcome = (bytes: Uint8Array): Outcome => parseOutcome(decode(bytes, LARGEST_OUTCOME));
