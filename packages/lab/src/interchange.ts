/**
 * Points and results as they come from outside: a file of results, another process, another machine. Everything is looked at before it is
 * believed: what has a wrong shape, an unknown word or more than fits is refused; what is taken is a new object whose keys are in the order
 * of the types, so that equal results are equal as text, too.
 */
import { parseMitigation } from '@paravirt/bus';
import { Fields, LONGEST_WORD } from './fields.ts';
import { EXIT_KINDS, type Measures, type PointResult, type RoundTrips } from './measures.ts';
import type { CardSetup, Point, Workload } from './point.ts';

const MOST_CARDS = 8;
/** Of the sentence that says why a point failed. */
const LONGEST_REASON = 1000;
const MOST_OTHER = 64;

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
