/** A price list from a file or from another machine. */
import { Fields, LONGEST_WORD } from '../fields.ts';
import { EXIT_KINDS } from '../measures.ts';
import type { CostProfile } from './cost-profile.ts';

const LONGEST_LINE = 1000;
const MOST_SOURCES = 64;
/** In ns: a second, which nothing takes that a price list is about. */
const DEAREST = 1e9;
const FASTEST_WIRE = 1e13;

/**
 * The members of `CostProfile`, each of them. Prices are numbers of ns from 0 to a second, with fractions.
 * @throws ConfigurationError `bad-profile` for a value that is no price list
 */
export function parseProfile(value: unknown): CostProfile {
  const fields = new Fields(value, 'profile', 'bad-profile');
  const price = (name: string): number => fields.amount(name, DEAREST);
  const profile: CostProfile = {
    name: nameOf(fields),
    title: fields.text('title', LONGEST_LINE),
    sources: fields.lines('sources', MOST_SOURCES, LONGEST_LINE),
    exits: fields.nested('exits').amounts(EXIT_KINDS, DEAREST),
    userExit: price('userExit'),
    injection: price('injection'),
    interruptEntry: price('interruptEntry'),
    posted: fields.truth('posted'),
    handOver: price('handOver'),
    wake: price('wake'),
    guestWake: price('guestWake'),
    copiedByte: price('copiedByte'),
    hostFrame: price('hostFrame'),
    userFrame: price('userFrame'),
    guestFrame: price('guestFrame'),
    guestByte: price('guestByte'),
    instruction: price('instruction'),
    wire: wireOf(fields.nested('wire')),
  };
  fields.end();
  return profile;
}

/** Part of the names of points: one word. */
function nameOf(fields: Fields): string {
  const name = fields.text('name', LONGEST_WORD);
  if (!/^[\w.-]+$/.test(name)) fields.refuse('profile.name is no word of letters, digits, "-", "_" and "."', name);
  return name;
}

function wireOf(fields: Fields): CostProfile['wire'] {
  const wire = {
    bitsPerSecond: fields.positive('bitsPerSecond', FASTEST_WIRE),
    latency: fields.amount('latency', DEAREST),
    moderation: fields.amount('moderation', DEAREST),
  };
  fields.end();
  return wire;
}
