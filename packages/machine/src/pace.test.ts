import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostPace, InstructionPace, type Pace } from './pace.ts';

/** What a CPU works out from the line, in its own double precision. */
const onLine = (pace: Pace, retired: number): number => {
  const { time, from, rate } = pace.line();
  return time + Math.floor((retired - from) * rate);
};

describe('the line of virtual time', () => {
  it('is what now() says while the guest runs, whatever the rate', () => {
    const property = fc.property(
      fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
      fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(5_000_000)), { minLength: 1, maxLength: 20 }),
      (rate, slices) => {
        const cpu = { retired: 0n };
        let hostMs = 0;
        for (const pace of [new InstructionPace(cpu, rate), new HostPace(cpu, () => hostMs)]) {
          for (const [instructions, ns] of slices) {
            pace.begin();
            cpu.retired += BigInt(instructions);
            expect(onLine(pace, Number(cpu.retired))).toBe(pace.now());
            hostMs += ns / 1e6;
            pace.end();
            pace.leapTo(pace.now() + ns);
          }
        }
      },
    );
    fc.assert(property, { numRuns: 50, seed: 20_261_122 });
  });
});
