import { describe, expect, it } from 'vitest';
import { renderJson } from './json.ts';
import type { Report } from './report.ts';
import { testReport } from './testing-report.ts';

/** The same value with the members of every object in the opposite order. */
function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, backwards(member)]),
  );
}

describe('A report as JSON', () => {
  it('is the report', () => {
    expect(JSON.parse(renderJson(testReport))).toEqual(testReport);
  });

  it('does not depend on the order in which members were put in', () => {
    expect(renderJson(backwards(testReport) as Report)).toBe(renderJson(testReport));
  });

  it('begins with what it is about', () => {
    expect(Object.keys(JSON.parse(renderJson(backwards(testReport) as Report)))).toEqual([
      'title',
      'scope',
      'version',
      'profiles',
      'sections',
      'results',
    ]);
  });
});
