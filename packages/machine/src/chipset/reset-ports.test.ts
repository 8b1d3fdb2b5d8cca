import { describe, expect, it } from 'vitest';
import { ResetControl, SystemControlA } from './reset-ports.ts';

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

describe('[PIIX4 §4.2.6.1] RC—Reset Control Register', () => {
  it('resets when bit 2 goes from 0 to 1', () => {
    let resets = 0;
    const port = new ResetControl(() => resets++);
    port.write(0, 1, 0x02);
    expect([port.read(0, 1), resets]).toEqual([2, 0]);
    port.write(0, 1, 0x06);
    port.write(0, 1, 0x0e);
    expect([port.read(0, 1), resets]).toEqual([0, 2]);
  });
});
