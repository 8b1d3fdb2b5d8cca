/**
 * TOP of the x87 at the starts of a region's blocks. With TOP known, the registers of the stack are places in the state; so a region is
 * written for what TOP was at its entries when they became hot, and where blocks may be reached in other ways than those that are written
 * already, code looks whether it is so.
 */
import type { Block, Plan } from './plan.ts';

export class KnownTops {
  /** TOP at entries, by distance; undefined: it is not the same all the time. */
  readonly #atEntries: ReadonlyMap<number, number> | undefined;
  /** By the ways to a block that are written already; undefined: they disagree, or do not know. */
  readonly #along = new Map<number, number | undefined>();
  /** Blocks with other ways to them. */
  readonly #open = new Set<number>();

  constructor({ blocks }: Plan, atEntries: ReadonlyMap<number, number> | undefined) {
    const matters = blocks.some(({ instructions }) => instructions.some(({ analysis }) => analysis.effects.usesTop));
    this.#atEntries = matters ? atEntries : undefined;
  }

  /** A block may also be reached from code that is written later, or from outside. */
  openTo(block: number): void {
    this.#open.add(block);
  }

  /** A way to a block is written. */
  reach(block: number, top: number | undefined): void {
    this.#along.set(block, this.#along.has(block) && this.#along.get(block) !== top ? undefined : top);
  }

  /** TOP where a block begins, and whether that has to be looked at; undefined: it is not known. */
  at({ index, distance }: Block): { readonly top: number; readonly mustLook: boolean } | undefined {
    if (this.#atEntries === undefined) return undefined;
    const along = this.#along.get(index);
    const top = along ?? this.#atEntries.get(distance);
    return top === undefined ? undefined : { top, mustLook: along === undefined || this.#open.has(index) };
  }
}
