import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GDT, IDT, PAGE_TABLES, TestingProcessor, TSS } from '../testing-processor.ts';
import * as system from './index.ts';
import type { SystemRoutine } from './routine.ts';

const ROUTINES = Object.values(system).filter((value): value is SystemRoutine => typeof value === 'object' && 'run' in value);

const selector = fc.oneof(fc.integer({ min: 0, max: 0x8f }).map(BigInt), fc.bigInt({ min: 0n, max: 0xffffn }));
const value = fc.oneof(selector, fc.constantFrom(16n, 32n, 64n, 0n, 1n, 2n ** 47n, 2n ** 63n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

describe('System routines', () => {
  it('end in a result or in a guest fault whatever the tables, the stack and the arguments hold', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('real', 'protected', 'protected 3', 'long', 'long 3'),
        fc.uint8Array({ minLength: 0x200, maxLength: 0x200 }),
        fc.array(fc.tuple(fc.nat(ROUTINES.length - 1), value, value, value), { minLength: 1, maxLength: 12 }),
        fc.nat(3),
        (mode, noise, calls, where) => {
          const p = new TestingProcessor();
          if (mode.startsWith('protected')) p.protectedMode(mode.endsWith('3') ? 3 : 0);
          else if (mode.startsWith('long')) p.longMode(mode.endsWith('3') ? 3 : 0);
          p.ram.write([GDT + 0x60, IDT, TSS, PAGE_TABLES + 0x1008][where] ?? 0, noise);
          p.ram.write(0x8000, noise);
          for (const [n, a, b, c] of calls) {
            const before = p.rip;
            const result = p.faultOf(() => ROUTINES[n]?.run(p, a, b, c));
            if (Array.isArray(result)) {
              if (p.rip === before) p.instructionPointer = before;
              system.enterFault(p);
            }
            expect(p.rflags & 2n).toBe(2n);
            expect(p.get('cpl')).toBeLessThan(4);
            if (p.stops.length > 0) break;
          }
        },
      ),
      { numRuns: 600 },
    );
  });
});

describe('[SDM 3A §4.10] The TLB', () => {
  it('never gives what a walk would not, after any sequence of remappings with their INVLPG or CR3 load', () => {
    const step = fc.record({
      page: fc.nat(5),
      target: fc.nat(3),
      bits: fc.constantFrom(7, 5, 3, 1, 0, 0x107),
      flush: fc.constantFrom('page', 'all'),
      user: fc.boolean(),
      write: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const p = new TestingProcessor().longMode();
        p.set64('cr0', p.get64('cr0') | 0x1_0000n);
        p.set64('cr4', 0xa0n);
        p.u64(PAGE_TABLES + 0x2008, BigInt(PAGE_TABLES + 0x3007));
        for (let i = 0; i < 4; i++) p.u32(0x1_0000 + i * 4096, i + 1);
        for (const { page, target, bits, flush, user, write } of steps) {
          const linear = 0x20_0000 + page * 4096;
          const entry = PAGE_TABLES + 0x3000 + page * 8;
          const global = (p.ram.readU32(entry) & 0x100) !== 0;
          p.u64(entry, BigInt(0x1_0000 + target * 4096 + bits));
          p.flushTlb(flush === 'page' || global ? BigInt(linear) : 'non-global');
          const present = (bits & 1) !== 0;
          const allowed = present && (!user || (bits & 4) !== 0) && (!write || (bits & 2) !== 0);
          for (let round = 0; round < 2; round++) {
            const got = p.faultOf(() => {
              if (!write) return p.mmu.read(linear, 0, 4, user);
              p.mmu.write(linear, 0, 4, target + 1, user);
              return target + 1;
            });
            const code = (present ? 1 : 0) | (write ? 2 : 0) | (user ? 4 : 0);
            expect(got).toEqual(allowed ? target + 1 : [14, code]);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
