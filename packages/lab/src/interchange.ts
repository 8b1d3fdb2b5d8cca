/**
 * Points and results as they come from outside: a file of results, another process, another machine. Everything is looked at before it is
 * believed: what has a wrong shape, an unknown word or more than fits is refused; what is taken is a new object whose keys are in the order
 * of the types, so that equal results are equal as text, too.
 */
import { ConfigurationError, parseMitigation } from '@paravirt/bus';
import type { ExitKind, Measures, PointResult, RoundTrips } from './measures.ts';
import type { CardSetup, Point, Workload } from './point.ts';

type Unknown = Readonly<Record<string, unknown>>;

const MOST_CARDS = 8;
/** Of a word, and of the sentence that says why a point failed. */
const LONGEST_WORD = 64;
const LONGEST_REASON = 1000;
const MOST_OTHER = 64;

/** Reads an object field by field; what nobody has asked for is refused by `end`. */
class Fields {
  readonly #value: Unknown;
  readonly #what: string;
  readonly #code: 'bad-point' | 'bad-result';
  readonly #left: Set<string>;

  constructor(value: unknown, what: string, code: 'bad-point' | 'bad-result') {
    this.#what = what;
    this.#code = code;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.refuse(`${what} is no object`, value);
    this.#value = value as Unknown;
    this.#left = new Set(Object.keys(this.#value));
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  get(name: string): unknown {
    this.#left.delete(name);
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
  }

  nested(name: string): Fields {
    return new Fields(this.get(name), `${this.#what}.${name}`, this.#code);
  }

  word<T extends string>(name: string, known: readonly T[]): T {
    const value = this.get(name);
    if (!known.includes(value as T)) this.refuse(`${this.#what}.${name} is not one of ${known.join(', ')}`, value);
    return value as T;
  }

  text(name: string, longest: number): string {
    const value = this.get(name);
    if (typeof value !== 'string' || value === '' || value.length > longest || /\p{Cc}/u.test(value))
      this.refuse(`${this.#what}.${name} is no line of text of at most ${longest} characters`, value);
    return value as string;
  }

  truth(name: string): boolean {
    const value = this.get(name);
    if (typeof value !== 'boolean') this.refuse(`${this.#what}.${name} is neither true nor false`, value);
    return value as boolean;
  }

  /** A whole number from 1. */
  positive(name: string, most: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.get(name);
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > most)
      this.refuse(`${this.#what}.${name} is no whole number from 1 to ${most}`, value);
    return value as number;
  }

  /** What was counted or measured: finite, not negative. */
  amount(name: string): number {
    const value = this.get(name);
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) this.refuse(`${this.#what}.${name} is no amount`, value);
    return (value as number) + 0;
  }

  amounts<K extends string>(names: readonly K[]): Record<K, number> {
    const amounts = Object.fromEntries(names.map((name) => [name, this.amount(name)])) as Record<K, number>;
    this.end();
    return amounts;
  }

  /** Amounts with names of their own. */
  named(most: number): Readonly<Record<string, number>> {
    const names = [...this.#left];
    if (names.length > most) this.refuse(`${this.#what} has more than ${most} entries`, names.length);
    for (const name of names) if (!/^[A-Za-z][\w-]{0,63}$/.test(name)) this.refuse(`${this.#what} has an entry that is no name`, name);
    return this.amounts(names);
  }

  end(): void {
    const [name] = this.#left;
    if (name !== undefined) this.refuse(`${this.#what} has no ${name.slice(0, LONGEST_WORD)}`, this.#value);
  }

  refuse(message: string, value: unknown): never {
    throw new ConfigurationError(this.#code, message, value);
  }
}

/** @throws ConfigurationError `bad-point` for a value that is no point. Whether a card can be set up that way is not looked at. */
export function parsePoint(value: unknown): Point {
  const fields = new Fields(value, 'point', 'bad-point');
  const point: Point = {
    driver: fields.word('driver', ['model', 'linux']),
    card: cardOf(fields.nested('card')),
    cards: fields.positive('cards', MOST_CARDS),
    workload: workloadOf(fields.nested('workload')),
    profile: fields.text('profile', LONGEST_WORD),
    ...(fields.has('wire') ? { wire: fields.positive('wire') } : {}),
  };
  fields.end();
  return point;
}

function cardOf(fields: Fields): CardSetup {
  const card: CardSetup = {
    model: fields.word('model', ['virtio-net', 'venet']),
    bus: fields.word('bus', ['pci', 'vbus']),
    ...(fields.has('wire') ? { wire: fields.word('wire', ['pci', 'hypercall']) } : {}),
    interrupts: fields.word('interrupts', ['msix', 'msix-shared', 'msi', 'intx', 'vector']),
    doorbell: fields.word('doorbell', ['mmio', 'port', 'hypercall']),
    suppression: fields.word('suppression', ['none', 'flags', 'event-idx', 'shm-signal']),
    mitigation: mitigationOf(fields),
    place: fields.word('place', ['inline', 'deferred', 'worker']),
    aggregation: fields.truth('aggregation'),
  };
  fields.end();
  return card;
}

function mitigationOf(fields: Fields): string {
  const text = fields.text('mitigation', LONGEST_WORD);
  try {
    parseMitigation(text);
  } catch (error) {
    fields.refuse(`point.card.mitigation: ${(error as Error).message}`, text);
  }
  return text;
}

const DIRECTIONS = ['down', 'up', 'both'] as const;

function workloadOf(fields: Fields): Workload {
  const kind = fields.word('kind', ['bulk', 'packets', 'request-response', 'ping', 'hotplug', 'probe']);
  const workload = workloadOfKind(kind, fields);
  fields.end();
  return workload;
}

function workloadOfKind(kind: Workload['kind'], fields: Fields): Workload {
  switch (kind) {
    case 'bulk':
      return { kind, direction: fields.word('direction', DIRECTIONS), bytes: fields.positive('bytes'), frame: fields.positive('frame') };
    case 'packets':
      return { kind, direction: fields.word('direction', DIRECTIONS), count: fields.positive('count'), size: fields.positive('size') };
    case 'request-response':
      return { kind, count: fields.positive('count'), size: fields.positive('size') };
    case 'ping':
      return { kind, count: fields.positive('count'), interval: fields.positive('interval') };
    case 'hotplug':
      return { kind, cycles: fields.positive('cycles') };
    case 'probe':
      return { kind };
  }
}

const EXIT_KINDS: readonly ExitKind[] = ['port', 'mmio', 'hypercall', 'msr', 'halt', 'endOfInterrupt', 'interruptWindow', 'kick'];

/** @throws ConfigurationError `bad-result` or `bad-point` for a value that is no result. */
export function parsePointResult(value: unknown): PointResult {
  const fields = new Fields(value, 'result', 'bad-result');
  const point = parsePoint(fields.get('point'));
  const result: PointResult = fields.has('failed')
    ? { point, failed: fields.text('failed', LONGEST_REASON) }
    : { point, measures: measuresOf(fields.nested('measures')) };
  fields.end();
  return result;
}

function measuresOf(fields: Fields): Measures {
  const measures: Measures = {
    elapsed: fields.amount('elapsed'),
    frames: fields.nested('frames').amounts(['transmitted', 'received']),
    payload: fields.nested('payload').amounts(['transmitted', 'received']),
    ...(fields.has('roundTrips') ? { roundTrips: roundTripsOf(fields.nested('roundTrips')) } : {}),
    exits: fields.nested('exits').amounts(EXIT_KINDS),
    interrupts: fields.amount('interrupts'),
    signals: fields.nested('signals').amounts(['sent', 'suppressed', 'held']),
    doorbells: fields.nested('doorbells').amounts(['rung', 'suppressed', 'spurious', 'lost']),
    lostInterrupts: fields.amount('lostInterrupts'),
    copiedBytes: fields.amount('copiedBytes'),
    guestTime: fields.amount('guestTime'),
    hostTime: fields.amount('hostTime'),
    other: fields.nested('other').named(MOST_OTHER),
  };
  fields.end();
  return measures;
}

const roundTripsOf = (fields: Fields): RoundTrips => fields.amounts(['count', 'median', 'percentile99', 'longest']);
