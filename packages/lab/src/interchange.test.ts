import { ConfigurationError } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePoint, parsePointResult } from './interchange.ts';
import type { Measures, PointResult } from './measures.ts';
import type { Point, Workload } from './point.ts';

const POINT: Point = {
  driver: 'model',
  card: {
    model: 'venet',
    bus: 'vbus',
    wire: 'hypercall',
    interrupts: 'vector',
    doorbell: 'hypercall',
    suppression: 'shm-signal',
    mitigation: 'timer:150us',
    place: 'deferred',
    aggregation: true,
  },
  cards: 2,
  workload: { kind: 'bulk', direction: 'both', bytes: 1 << 20, frame: 1514 },
  profile: '2009',
  wire: 1e9,
};

const MEASURES: Measures = {
  elapsed: 12.5,
  frames: { transmitted: 1, received: 2 },
  payload: { transmitted: 3, received: 4 },
  roundTrips: { count: 1, median: 2, percentile99: 3, longest: 4 },
  exits: { port: 0, mmio: 1, hypercall: 2, msr: 3, halt: 4, endOfInterrupt: 5, interruptWindow: 6, kick: 7 },
  interrupts: 1,
  signals: { sent: 1, suppressed: 2, held: 3 },
  doorbells: { rung: 1, suppressed: 2, spurious: 3, lost: 4 },
  lostInterrupts: 0,
  copiedBytes: 1,
  guestTime: 1,
  hostTime: 1,
  other: { cycles: 3 },
};

const RESULT: PointResult = { point: POINT, measures: MEASURES };

const throughText = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The value with one field, named by its path, set to something else or taken away. */
function changed(value: unknown, path: string, to?: unknown): unknown {
  const copy = throughText(value) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() ?? '';
  const owner = names.reduce((object, name) => object[name] as Record<string, unknown>, copy);
  if (to === undefined) delete owner[last];
  else owner[last] = to;
  return copy;
}

describe('A point from outside', () => {
  it('is taken as it was sent', () => {
    const workloads: readonly Workload[] = [
      POINT.workload,
      { kind: 'packets', direction: 'up', count: 5, size: 64 },
      { kind: 'request-response', count: 5, size: 1 },
      { kind: 'ping', count: 5, interval: 1e6 },
      { kind: 'hotplug', cycles: 2 },
      { kind: 'probe' },
    ];
    for (const workload of workloads) {
      const { wire: _, ...unlimited } = { ...POINT, workload };
      for (const point of [unlimited, { ...unlimited, wire: 1e9 }]) expect(parsePoint(throughText(point))).toEqual(point);
    }
  });

  it('has its keys in one order, however they were sent', () => {
    const backwards = Object.fromEntries(Object.entries(POINT).reverse());
    expect(JSON.stringify(parsePoint(backwards))).toBe(JSON.stringify(parsePoint(POINT)));
  });

  it.each([
    ['driver', 'windows'],
    ['driver', undefined],
    ['card', []],
    ['card.model', 'ne2000'],
    ['card.aggregation', 1],
    ['card.mitigation', 'timer:soon'],
    ['card.colour', 'red'],
    ['card.wire', null],
    ['cards', 9],
    ['cards', 1.5],
    ['workload.kind', '__proto__'],
    ['workload.bytes', 0],
    ['workload.bytes', 1e300],
    ['workload.interval', 1],
    ['profile', 'x'.repeat(65)],
    ['profile', 'two\nlines'],
    ['wire', -1],
    ['surprise', 1],
  ])('is refused if %s is %s', (path, to) => {
    expect(() => parsePoint(changed(POINT, path, to))).toThrow(expect.objectContaining({ code: 'bad-point' }));
  });
});

describe('A result from outside', () => {
  it('is taken as it was sent', () => {
    expect(parsePointResult(throughText(RESULT))).toEqual(RESULT);
    const failed: PointResult = { point: POINT, failed: 'the driver gave up' };
    expect(parsePointResult(throughText(failed))).toEqual(failed);
    expect(parsePointResult(changed(RESULT, 'measures.roundTrips'))).not.toHaveProperty('measures.roundTrips');
  });

  it.each([
    ['point', undefined],
    ['measures', undefined],
    ['measures.elapsed', Number.NaN],
    ['measures.elapsed', -1],
    ['measures.exits.kick', undefined],
    ['measures.exits.other', 1],
    ['measures.frames', 7],
    ['measures.other.two words', 1],
    ['measures.other', Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`n${i}`, i]))],
    ['failed', 'failed and measured'],
  ])('is refused if %s is %s', (path, to) => {
    expect(() => parsePointResult(changed(RESULT, path, to))).toThrow(ConfigurationError);
  });

  it('is refused without harm, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const parse of [parsePoint, parsePointResult]) expect(() => parse(value)).toThrow(ConfigurationError);
      }),
    );
  });
});
