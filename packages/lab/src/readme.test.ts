import { describe, expect, it } from 'vitest';
import readme from '../README.md?raw';
import { found } from './examples/two-buses.ts';
import example from './examples/two-buses.ts?raw';

describe('README.md', () => {
  it('shows the example that this package runs', () => {
    expect([...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, body]) => body)).toEqual([example]);
  });

  it('tells what the example finds', () => {
    for (const line of found) expect(readme).toContain(line);
  });
});
