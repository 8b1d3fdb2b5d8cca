import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lease, reply } from './examples/alone.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('README', () => {
  it('shows the example that is run here', () => {
    expect(/```ts\n([\s\S]*?)```/.exec(read('../README.md'))?.[1]).toBe(read('./examples/alone.ts'));
    expect(lease).toBe('10.0.2.15');
    expect(reply).toBe('10.0.2.2');
  });
});
