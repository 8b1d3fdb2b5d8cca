import { describe, expect, it } from 'vitest';
import { orderOfWork } from './executor.ts';
import { point } from './testing/outcomes.ts';

describe('The order of work', () => {
  it('is that of the points, those with Linux guests first', () => {
    const points = [point(1), point(2, 'linux'), point(3), point(4, 'linux')];
    expect(orderOfWork(points)).toEqual([point(2, 'linux'), point(4, 'linux'), point(1), point(3)]);
  });
});
