import { describe, expect, it } from 'vitest';
import { missingOptions, optionsOfMany } from './v8-flags.ts';

describe('Options that Node needs', () => {
  it('leave a processor to the guest where there are few', () => {
    expect(missingOptions(1, [])).toEqual(['--v8-pool-size=1']);
    expect(missingOptions(2, [])).toEqual(['--v8-pool-size=1']);
    expect(missingOptions(4, ['--conditions=x'])).toEqual(['--v8-pool-size=3']);
  });

  it('are none where Node does so by itself, or the user has said it', () => {
    expect(missingOptions(5, [])).toBeUndefined();
    expect(missingOptions(64, [])).toBeUndefined();
    expect(missingOptions(2, ['--v8-pool-size=2'])).toBeUndefined();
  });
  it('are a small pool for each of many processes', () => {
    expect(optionsOfMany(['--conditions=x'])).toEqual(['--conditions=x', '--v8-pool-size=1']);
    expect(optionsOfMany(['--v8-pool-size=2'])).toEqual(['--v8-pool-size=2']);
  });
});
