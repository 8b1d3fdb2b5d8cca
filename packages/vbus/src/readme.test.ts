import { describe, expect, it } from 'vitest';
import readme from '../README.md?raw';
import { answer } from './examples/alone.ts';
import example from './examples/alone.ts?raw';

describe('README.md', () => {
  it('shows the example that this package runs', () => {
    expect([...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, body]) => body)).toEqual([example]);
  });

  it('opens a device over a plain buffer', () => {
    expect(answer).toEqual({ bytes: [3, 2, 1], type: 'reverse\n' });
  });
});
