import { ConfigurationError } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CIRCUMSTANCES, failed, outcome, point } from '../testing/outcomes.ts';
import { decodeOffer, decodeOutcome, decodePoint, encodeOffer, encodeOutcome, encodePoint, namesOf, runOf } from './protocol.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const RUN = '0123456789abcdef';

describe('Messages', () => {
  it('say again what was said', () => {
    const offer = decodeOffer(encodeOffer({ run: RUN, circumstances: CIRCUMSTANCES }));
    expect(offer).toMatchObject({ run: RUN, build: CIRCUMSTANCES.build });
    expect(offer.circumstances()).toEqual(CIRCUMSTANCES);
    expect(decodePoint(encodePoint(point(1)))).toEqual(point(1));
    for (const told of [outcome(point(1)), failed(point(1)), { ...failed(point(1)), lost: true as const }])
      expect(decodeOutcome(encodeOutcome(told))).toEqual(told);
  });

  it('have the same bytes for equal outcomes, whatever the order of their keys', () => {
    const { result, host } = outcome(point(1));
    expect(encodeOutcome(decodeOutcome(bytes({ host, result })))).toEqual(encodeOutcome({ result, host }));
  });

  it('of other programs are known as such, whatever else they say', () => {
    expect(decodeOffer(bytes({ run: RUN, circumstances: { build: '9.0.0', weather: 'fair' } })).build).toBe('9.0.0');
  });

  it.each([
    ['no JSON', '{'],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['nothing', ''],
    ['no object', 'null'],
    ['a run with a name of its own kind', { run: 'a.b', circumstances: CIRCUMSTANCES }],
    ['no program', { run: RUN, circumstances: null }],
    ['too much', `"${'x'.repeat(1 << 20)}"`],
    ['a point that is none', { ...point(1), cards: 1e9 }],
    ['an outcome without a host', { result: outcome(point(1)).result }],
    ['a machine of two lines', { ...outcome(point(1)), host: { machine: 'a\nb', cpu: 1, workload: 1, wall: 1 } }],
    ['a time that is none', { ...outcome(point(1)), host: { machine: 'a', cpu: -1, workload: 1, wall: 1 } }],
  ])('are refused without harm: %s', (_, value) => {
    const message = value instanceof Uint8Array ? value : bytes(value);
    for (const decode of [decodeOffer, decodePoint, decodeOutcome]) expect(() => decode(message)).toThrow(ConfigurationError);
  });

  it('are refused without harm, whatever they are', () => {
    const value = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.jsonValue().map(bytes));
    const member = fc.record({
      run: fc.constant(RUN),
      circumstances: fc.jsonValue(),
      points: fc.jsonValue(),
      result: fc.jsonValue(),
      host: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.oneof(value, member.map(bytes)), (message) => {
        for (const decode of [(data: Uint8Array) => decodeOffer(data).circumstances(), decodePoint, decodeOutcome])
          expect(() => decode(message)).toThrow(ConfigurationError);
      }),
    );
  });
});

describe('Streams', () => {
  it('are known by their names', () => {
    for (const { stream } of Object.values(namesOf(RUN))) expect(runOf(stream)).toBe(RUN);
    for (const other of ['PARAVIRT_LAB_x_POINTS', 'ORDERS', `X_PARAVIRT_LAB_${RUN}_POINTS`, `PARAVIRT_LAB_${RUN}_POINTS_2`])
      expect(runOf(other)).toBeUndefined();
  });
});
