/** Any graph of blocks becomes structured control flow in which every jump has a place to go. [structure.ts, head] */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstOf, lastOf, type Range, rangesByBlock, route, structure } from './structure.ts';

const graphs = fc.integer({ min: 1, max: 24 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    successors: fc.array(fc.array(fc.nat(count - 1), { maxLength: 3 }), { minLength: count, maxLength: count }),
    entries: fc.array(fc.nat(count - 1), { maxLength: 4 }).map((blocks) => new Set(blocks)),
  }),
);

/** Blocks of a range in the order in which they are written. */
const blocksOf = (range: Range): number[] => range.items.flatMap((item) => (typeof item === 'number' ? [item] : blocksOf(item)));

describe('Structured control flow', () => {
  it('holds every block once, in order', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        expect(blocksOf(structure(graph))).toEqual(Array.from({ length: graph.count }, (_, i) => i));
      }),
    );
  });

  it('goes forward to an item that is still to come, or repeats a loop that begins with the target', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const ranges = rangesByBlock(structure(graph), graph.count);
        graph.successors.forEach((targets, from) => {
          for (const to of targets) {
            const { repeats, item, throughHead } = route(ranges, from, to);
            if (repeats !== undefined) {
              expect(repeats.first).toBe(to);
              expect(from).toBeGreaterThanOrEqual(to);
              expect(from).toBeLessThanOrEqual(repeats.last);
            } else {
              expect(firstOf(item)).toBeGreaterThan(from);
              expect([firstOf(item) <= to, to <= lastOf(item)]).toEqual([true, true]);
              expect(throughHead).toBe(firstOf(item) !== to);
            }
          }
        });
      }),
    );
  });

  it('dispatches in every loop that is entered elsewhere than at its head', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const ranges = rangesByBlock(structure(graph), graph.count);
        const enters = (block: number, from?: number): void => {
          for (let range = ranges[block]; range !== undefined; range = range.parent) {
            if (block === range.first || (from !== undefined && from >= range.first && from <= range.last)) continue;
            expect(range.dispatches).toBe(true);
          }
        };
        for (const block of graph.entries) enters(block);
        graph.successors.forEach((targets, from) => {
          for (const to of targets) enters(to, from);
        });
      }),
    );
  });
});
