import { expect, it } from 'vitest';
import readme from '../README.md?raw';
import { id } from './examples/alone.ts';
import example from './examples/alone.ts?raw';

it('shows in README.md the example that this test runs', () => {
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, body]) => body);
  expect(blocks).toEqual([example]);
  expect(id).toBe(0x1041_1af4);
});
