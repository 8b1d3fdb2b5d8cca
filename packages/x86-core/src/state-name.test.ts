import { describe, expect, it } from 'vitest';
import { STATE, STATE_BASE, STATE_END } from './state.ts';
import { stateName } from './state-name.ts';

describe('stateName', () => {
  it('names fields, elements of arrays and bytes within', () => {
    expect(stateName(STATE.rip.address)).toBe('rip');
    expect(stateName(STATE.gpr.address + 8 * 4)).toBe('gpr[4]');
    expect(stateName(STATE.gpr.address + 1)).toBe('gpr[0]+1');
    expect(stateName(STATE.segmentLimit.address + 4)).toBe('segmentLimit[1]');
  });

  it('knows every field by its address, and nothing beside the state', () => {
    for (const [name, { address, count }] of Object.entries(STATE)) expect(stateName(address)).toBe(count === 1 ? name : `${name}[0]`);
    expect([stateName(16), stateName(STATE_BASE - 1), stateName(STATE_END)]).toEqual([undefined, undefined, undefined]);
  });
});
