/**
 * Watches regions, for tools: keeps what each region in force was made of, and counts how often it is entered and how many instructions
 * retire in it. Regions are written so that they tell when they are entered; a CPU that nobody watches has neither these calls nor this.
 *
 * A chain of regions is entered by the interpreter and goes from region to region until one of them returns to it. Within a chain a region's
 * instructions are what `remaining` has gone down by; those of the last one are what the chain's total, which is known once it is over, leaves.
 */
import { disassemble } from '../../decode/disassemble.ts';
import type { ListedInstruction } from '../../decode/listing.ts';
import type { Plan } from './plan.ts';
import type { RegionInfo } from './region-info.ts';

/** What the interpreter counts: instructions retired in regions, and returns from them. */
export interface RegionTotals {
  readonly instructions: number;
  readonly returns: number;
}

/** A region as it was installed. */
export interface MadeRegion {
  readonly plan: Plan;
  readonly mode: 32 | 64;
  /** Linear address from which the plan's distances count. */
  readonly base: bigint;
  /** Bytes of the instruction at a distance. */
  readonly bytesAt: (distance: number, length: number) => Uint8Array;
  readonly wasm: Uint8Array;
  /** Where in `wasm` the code of the instruction at a distance begins. */
  readonly marks: readonly { readonly offset: number; readonly distance: number }[];
  readonly functionNames: readonly string[];
  readonly localNames: readonly string[];
}

interface Watched {
  readonly about: Omit<RegionInfo, 'entries' | 'executed'>;
  entries: number;
  executed: number;
}

interface Chain {
  /** The totals when it began, and `remaining` then. */
  readonly before: RegionTotals;
  readonly start: number;
  /** The region that runs, undefined if it is gone; `remaining` when it was entered. */
  region: Watched | undefined;
  remaining: number;
}

export class RegionObserver {
  readonly #totals: () => RegionTotals;
  readonly #regions = new Map<number, Watched>();
  #chain: Chain | undefined;

  constructor(totals: () => RegionTotals) {
    this.#totals = totals;
  }

  /** A region now stands in `slot`. */
  installed(slot: number, made: MadeRegion): void {
    const { plan, mode, base, wasm, marks, functionNames, localNames } = made;
    const about = {
      address: base + BigInt(plan.entries[0] ?? 0),
      mode,
      instructions: listed(made),
      wasm,
      origins: new Map(marks.map(({ offset, distance }) => [offset, base + BigInt(distance)])),
      functionNames,
      localNames,
    };
    this.#regions.set(slot, { about, entries: 0, executed: 0 });
  }

  removed(slot: number): void {
    this.#regions.delete(slot);
  }

  /** The region in `slot` is entered, with `remaining` instructions left in the slice. */
  entered(slot: number, remaining: number): void {
    const region = this.#regions.get(slot);
    const now = this.#totals();
    const chain = this.#chain;
    if (chain !== undefined && chain.before.returns === now.returns) {
      if (chain.region !== undefined) chain.region.executed += chain.remaining - remaining;
      chain.region = region;
      chain.remaining = remaining;
    } else {
      this.#finish(now);
      this.#chain = { before: now, start: remaining, region, remaining };
    }
    if (region !== undefined) region.entries++;
  }

  /** Counts what the last region of a chain that is over has executed. */
  #finish(now: RegionTotals): void {
    const chain = this.#chain;
    if (chain === undefined || now.returns === chain.before.returns) return;
    const total = now.instructions - chain.before.instructions;
    if (chain.region !== undefined) chain.region.executed += total - (chain.start - chain.remaining);
    this.#chain = undefined;
  }

  /** Those in force. Not while one runs. */
  *regions(): Generator<RegionInfo> {
    this.#finish(this.#totals());
    for (const { about, entries, executed } of this.#regions.values()) yield { ...about, entries, executed };
  }
}

/** Each instruction once, by its address. */
function listed({ plan, base, bytesAt }: MadeRegion): ListedInstruction[] {
  const byDistance = new Map(plan.blocks.flatMap((block) => block.instructions).map((i) => [i.distance, i.decoded]));
  return [...byDistance]
    .sort(([a], [b]) => a - b)
    .map(([distance, decoded]) => {
      const address = base + BigInt(distance);
      return { address, bytes: bytesAt(distance, decoded.length), text: disassemble(decoded, address) };
    });
}
