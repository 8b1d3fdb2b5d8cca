import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordingLine, SharedLine } from './interrupt-line.ts';

describe('[PCI 3.0 §2.2.6] Interrupt pins, a line shared by several sources', () => {
  it('is high while any source is', () => {
    const output = new RecordingLine();
    const shared = new SharedLine(output);
    const [a, b] = [shared.source(), shared.source()];
    a.raise();
    b.raise();
    a.lower();
    expect(output.high).toBe(true);
    b.lower();
    expect([output.high, output.edges]).toEqual([false, 1]);
  });

  it('counts each source once, however often it raises or lowers', () => {
    const output = new RecordingLine();
    const shared = new SharedLine(output);
    const [a, b] = [shared.source(), shared.source()];
    a.lower();
    a.raise();
    a.raise();
    b.lower();
    expect(output.high).toBe(true);
    a.lower();
    a.lower();
    expect(output.high).toBe(false);
    b.raise();
    expect([output.high, output.edges]).toEqual([true, 2]);
  });

  it('is the OR of its sources after any operations', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 50 }), (operations) => {
        const output = new RecordingLine();
        const shared = new SharedLine(output);
        const sources = [0, 1, 2, 3].map(() => shared.source());
        const high = [false, false, false, false];
        for (const [i, raise] of operations) {
          sources[i]?.[raise ? 'raise' : 'lower']();
          high[i] = raise;
          expect(output.high).toBe(high.includes(true));
        }
      }),
    );
  });
});
