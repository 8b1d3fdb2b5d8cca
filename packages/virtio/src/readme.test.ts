import { describe, expect, it } from 'vitest';
import readme from '../README.md?raw';
import { answer } from './examples/alone.ts';
import example from './examples/alone.ts?raw';

describe('README.md', () => {
  it('shows the example that this package runs', () => {
    expect([...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, body]) => body)).toEqual([example]);
  });

  it('drives a virtqueue over a plain buffer', () => {
    expect(answer).toEqual([{ head: 0, written: 3 }]);
  });
});
