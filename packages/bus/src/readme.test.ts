import { describe, expect, it } from 'vitest';
import readme from '../README.md?raw';
import { seen } from './examples/alone.ts';
import example from './examples/alone.ts?raw';

describe('README.md', () => {
  it('shows the example that this test runs', () => {
    const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, body]) => body);
    expect(blocks).toEqual([example]);
    expect(seen).toEqual([0x1_1234, true, 0xff]);
  });
});
