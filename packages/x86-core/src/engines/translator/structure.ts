/**
 * Blocks in the order of their addresses as structured control flow. A jump forward leaves a WebAssembly `block`, a jump back repeats a
 * `loop`. Where execution enters a loop elsewhere than at its head (an entry of the region, or a jump into its middle), it goes through
 * the head, which then branches to the block whose number stands in the local `entry`.
 *
 *   range       blocks first … last; the whole region is one, and every loop within
 *   item        of a range: one of its blocks, or a range within it
 */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly parent: Range | undefined;
  readonly items: readonly (number | Range)[];
  /** Something enters it elsewhere than at its first block. */
  readonly dispatches: boolean;
}

export interface Graph {
  readonly count: number;
  /** Blocks to which each block goes directly. */
  readonly successors: readonly (readonly number[])[];
  readonly entries: ReadonlySet<number>;
}

interface Interval {
  readonly first: number;
  last: number;
}

/** Every back edge becomes an interval from its head; overlapping ones grow until they lie within each other. */
function loopsOf({ successors }: Graph): Interval[] {
  const byHead = new Map<number, Interval>();
  successors.forEach((targets, from) => {
    for (const to of targets) {
      if (to > from) continue;
      const known = byHead.get(to);
      if (known === undefined) byHead.set(to, { first: to, last: from });
      else known.last = Math.max(known.last, from);
    }
  });
  const loops = [...byHead.values()].sort((a, b) => a.first - b.first);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [i, outer] of loops.entries()) {
      for (const inner of loops.slice(i + 1)) {
        if (inner.first > outer.last || inner.last <= outer.last) continue;
        outer.last = inner.last;
        changed = true;
      }
    }
  }
  return loops;
}

/** The whole region as a range; its first block is only a place to enter. */
export function structure(graph: Graph): Range {
  const loops = loopsOf(graph);
  const entersInside = ({ first, last }: Interval): boolean => {
    for (let block = first + 1; block <= last; block++) {
      if (graph.entries.has(block)) return true;
    }
    return graph.successors.some((targets, from) => (from < first || from > last) && targets.some((to) => to > first && to <= last));
  };
  let next = 0;
  const build = (interval: Interval, parent: Range | undefined, isRoot: boolean): Range => {
    const items: (number | Range)[] = [];
    const range: Range = { first: interval.first, last: interval.last, parent, items, dispatches: isRoot || entersInside(interval) };
    for (let block = interval.first; block <= interval.last; ) {
      const loop = loops[next];
      if (loop !== undefined && loop.first === block) {
        next++;
        items.push(build(loop, range, false));
        block = loop.last + 1;
      } else items.push(block++);
    }
    return range;
  };
  return build({ first: 0, last: graph.count - 1 }, undefined, true);
}

export const firstOf = (item: number | Range): number => (typeof item === 'number' ? item : item.first);
export const lastOf = (item: number | Range): number => (typeof item === 'number' ? item : item.last);

/** The innermost range of each block. */
export function rangesByBlock(root: Range, count: number): readonly Range[] {
  const ranges = new Array<Range>(count);
  const note = (range: Range): void => {
    for (const item of range.items) {
      if (typeof item === 'number') ranges[item] = range;
      else note(item);
    }
  };
  note(root);
  return ranges;
}

export interface Route {
  /** The loop to repeat; undefined: forward to `item`. */
  readonly repeats: Range | undefined;
  readonly item: number | Range;
  /** The block is not where the item begins: its number must stand in `entry`. */
  readonly throughHead: boolean;
}

/** How to go from one block to another. */
export function route(ranges: readonly Range[], from: number, to: number): Route {
  for (let range = ranges[from]; range !== undefined; range = range.parent) {
    if (to < range.first || to > range.last) continue;
    if (to === range.first && range.parent !== undefined) return { repeats: range, item: to, throughHead: false };
    const item = range.items.find((candidate) => to <= lastOf(candidate)) as number | Range;
    return { repeats: undefined, item, throughHead: firstOf(item) !== to };
  }
  throw new Error('blocks of different regions');
}
