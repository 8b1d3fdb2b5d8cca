import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODE_TLB_SUPERVISOR_BASE, CODE_TLB_USER_BASE } from '../system-processor.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { WASM } from '../wasm/runtime.ts';
import { CodeTlb, FLUSH_CODE_TLB, writeCodeTlbFlush } from './code-tlb.ts';

/** A code TLB, and the flush of generated code on it. */
function make(): { tlb: CodeTlb; flushInWasm: () => void } {
  const memory = new WASM.Memory({ initial: 8, maximum: 8 });
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory');
  const { builder } = module.function(FLUSH_CODE_TLB, 'flush');
  writeCodeTlbFlush(builder);
  const { exports } = new WASM.Instance(new WASM.Module(module.encode()), { env: { memory } });
  return { tlb: new CodeTlb(new Uint32Array(memory.buffer)), flushInWasm: exports['flush'] as () => void };
}

interface Place {
  readonly base: number;
  readonly low: number;
  readonly high: number;
}
/** A few pages that share entries, in large pages and beside each other. */
const places: fc.Arbitrary<Place> = fc.record({
  base: fc.constantFrom(CODE_TLB_SUPERVISOR_BASE, CODE_TLB_USER_BASE),
  low: fc.constantFrom(0x1000, 0x2000, 0x20_1000, 0x40_1000, 0x4000_1000, 0xffff_f000),
  high: fc.constantFrom(0, 1, 0xffff_ffff),
});

type Step =
  | { readonly kind: 'enter'; readonly place: Place; readonly map: number; readonly global: boolean; readonly pages: number }
  | { readonly kind: 'flush' | 'flushInWasm' | 'flushAll' }
  | { readonly kind: 'invalidate'; readonly place: Place };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('enter' as const),
      place: places,
      map: fc.integer({ min: 1, max: 0xffff_ffff }),
      global: fc.boolean(),
      pages: fc.constantFrom(1, 1, 512, 1024, 0x4_0000),
    }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ kind: 'flush' }, { kind: 'flushInWasm' }, { kind: 'flushAll' }) },
  { weight: 2, arbitrary: places.map((place): Step => ({ kind: 'invalidate', place })) },
);

interface Entered {
  readonly place: Place;
  readonly map: number;
  readonly global: boolean;
  readonly pages: number;
}

const pageOf = ({ low, high }: Place): bigint => ((BigInt(high) << 32n) | BigInt(low)) >> 12n;

describe('[SDM 3A §4.10.4] Invalidation of translations of code', () => {
  it('leaves nothing in the code TLB that was to be dropped, whoever flushes', () => {
    const property = fc.property(fc.array(steps, { maxLength: 40 }), (list) => {
      const { tlb, flushInWasm } = make();
      let entered: Entered[] = [];
      for (const step of list) {
        if (step.kind === 'enter') {
          const { place, map, global, pages } = step;
          tlb.enter(place.base, place.low, place.high, map, { global, pages });
          entered = entered.filter((e) => e.place.base !== place.base || pageOf(e.place) !== pageOf(place));
          entered.push({ place, map, global, pages });
          expect(tlb.find(place.base, place.low, place.high)).toBe(map);
        } else if (step.kind === 'invalidate') {
          const address = pageOf(step.place) << 12n;
          tlb.flush(address);
          entered = entered.filter((e) => pageOf(e.place) / BigInt(e.pages) !== pageOf(step.place) / BigInt(e.pages));
        } else {
          if (step.kind === 'flush') tlb.flush('non-global');
          else if (step.kind === 'flushAll') tlb.flush('all');
          else flushInWasm();
          entered = step.kind === 'flushAll' ? [] : entered.filter((e) => e.global);
        }
        for (const base of [CODE_TLB_SUPERVISOR_BASE, CODE_TLB_USER_BASE]) {
          for (const low of [0x1000, 0x2000, 0x20_1000, 0x40_1000, 0x4000_1000, 0xffff_f000]) {
            for (const high of [0, 1, 0xffff_ffff]) {
              const found = tlb.find(base, low, high);
              const may = entered.find((e) => e.place.base === base && e.place.low === low && e.place.high === high);
              if (found !== 0) expect(found).toBe(may?.map);
            }
          }
        }
      }
    });
    fc.assert(property, { numRuns: 200, seed: 20_261_122 });
  });

  it('keeps global pages over a load of CR3', () => {
    const { tlb, flushInWasm } = make();
    tlb.enter(CODE_TLB_SUPERVISOR_BASE, 0x1000, 0, 0x100, { global: true, pages: 1 });
    tlb.enter(CODE_TLB_USER_BASE, 0x1000, 0, 0x200, { global: false, pages: 1 });
    flushInWasm();
    expect(tlb.find(CODE_TLB_SUPERVISOR_BASE, 0x1000, 0)).toBe(0x100);
    expect(tlb.find(CODE_TLB_USER_BASE, 0x1000, 0)).toBe(0);
    tlb.flush('non-global');
    expect(tlb.find(CODE_TLB_SUPERVISOR_BASE, 0x1000, 0)).toBe(0x100);
  });
});
