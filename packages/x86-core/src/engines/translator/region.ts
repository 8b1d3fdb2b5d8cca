/** How a region is called, and what it answers. */
import type { Signature } from '../../wasm/module.ts';

/**
 * (entry, base, remaining) → one of LEFT. `entry` is the number of the block to begin with, `base` the RIP from which the region's distances
 * count. The state is stored when it answers; the flags as `flagKind` says.
 */
export const REGION: Signature = { parameters: ['i32', 'i64', 'i32'], results: ['i32'] };

export const LEFT = {
  /** Go on at RIP. */
  goOn: 0,
  /** The slice is used up. */
  usedUp: 1,
  /** The interpreter executes the instruction at RIP. */
  interpret: 2,
} as const;
