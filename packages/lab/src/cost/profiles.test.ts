import { describe, expect, it } from 'vitest';
import { profiles } from './profiles.ts';

describe('Built-in price lists', () => {
  it.each([...profiles])('are found by their name (%s)', (name, profile) => {
    expect(profile.name).toBe(name);
  });

  it.each([...profiles.values()])('say of every figure whether it was published, measured, derived or assumed ($name)', ({ sources }) => {
    expect(sources.length).toBeGreaterThan(0);
    for (const line of sources) expect(line).toMatch(/^(published|measured|derived|assumed|cross-check)/);
  });
});
