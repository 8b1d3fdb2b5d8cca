import { describe, expect, it } from 'vitest';
import { SystemControlA } from './system-control-a.ts';

describe('System Control Port A', () => {
  it('gates A20 and resets', () => {
    const log: string[] = [];
    const port = new SystemControlA({ reset: () => void log.push('reset'), setA20: (on) => void log.push(`a20 ${on}`) });
    expect(port.read(0, 1)).toBe(2);
    port.write(0, 1, 0);
    port.write(0, 1, 2);
    port.write(0, 1, 2);
    port.write(0, 1, 3);
    expect([log, port.read(0, 1)]).toEqual([['a20 false', 'a20 true', 'reset'], 2]);
  });
});
