import { describe, expect, it } from 'vitest';
import { Moderation } from './moderation.ts';

const deliveries = (interval: number, arrivals: readonly number[]): number[] => {
  const moderation = new Moderation(interval);
  return arrivals.map((at) => moderation.deliveryOf(at));
};

describe('the moderation of interrupts', () => {
  it('tells of light traffic at once', () => {
    expect(deliveries(50, [0, 26, 52, 78, 104])).toEqual([0, 26, 52, 78, 104]);
  });

  it('gathers a stream, one interrupt for each interval', () => {
    expect(deliveries(50, [0, 12, 24, 36, 48, 60, 72, 84, 96, 108, 120])).toEqual([0, 12, 62, 62, 62, 62, 112, 112, 112, 112, 162]);
  });

  it('lets go of the interval after a pause, and keeps the order', () => {
    expect(deliveries(50, [0, 10, 20, 500, 510, 520])).toEqual([0, 10, 60, 500, 510, 560]);
  });

  it('of nothing is none', () => {
    expect(deliveries(0, [0, 0, 5, 7])).toEqual([0, 0, 5, 7]);
  });
});
