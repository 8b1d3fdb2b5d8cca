/**
 * Two threads that ring each other for every single item, so that a wake-up that is lost is the end: both sleep, and one finds out. Both
 * sides of the doorbell run this; memory and doorbell are one DEVSHM.
 *
 *    0  shm_signal descriptor     16 items sent by the north   20 of those seen by the south   24, 28 the other way
 *
 * What makes the two races of shm_signal happen is that each side goes to sleep (pending ← 0; or enabled ← 1, with `mask`) at about the
 * time that the other one rings, with waits of random length between. That it would find a lost wake-up was tried: with the flags reached
 * by plain loads and stores instead of sequentially consistent ones, two of six runs of 200,000 items stalled, one of either kind (two
 * virtual CPUs, November 2026).
 */
import type { SharedRegion } from '../../shared-region.ts';
import type { ShmSignal, Side } from '../../shm-signal.ts';

export const DOORBELL_SHM = 1;
export const DOORBELL_LENGTH = 64;

export interface DoorbellPlan {
  /** Items in each direction. */
  readonly items: number;
  /** Mask the doorbell while it is answered, as NAPI does. */
  readonly mask: boolean;
  readonly seed: number;
}

const NORTH = 16;
const SOUTH = 24;
/** Of `seen`, from `sent`. */
const SEEN = 4;
/** Rounds of a wait, at most. */
const LONGEST_WAIT = 256;

export class DoorbellStress {
  readonly #region: SharedRegion;
  readonly #signal: ShmSignal;
  readonly #plan: DoorbellPlan;
  readonly #mine: number;
  readonly #theirs: number;
  #random: number;
  #sent = 0;
  #seen = 0;

  constructor(side: Side, region: SharedRegion, signal: ShmSignal, plan: DoorbellPlan) {
    this.#region = region;
    this.#signal = signal;
    this.#plan = plan;
    [this.#mine, this.#theirs] = side === 'north' ? [NORTH, SOUTH] : [SOUTH, NORTH];
    this.#random = (plan.seed + (side === 'north' ? 1 : 2)) >>> 0;
    signal.onSignal = () => {
      if (plan.mask) signal.disable();
      this.#step();
      this.#wait();
      if (plan.mask) signal.enable();
    };
  }

  /** All items have arrived, in both directions. */
  get finished(): boolean {
    const { items } = this.#plan;
    return this.#seen === items && this.#region.loadU32(this.#mine + SEEN) === items;
  }

  start(): void {
    this.#signal.enable();
    this.#step();
  }

  /** Takes note of what came, sends the next item if the one before was seen, and rings if anything is new. */
  #step(): void {
    const region = this.#region;
    let changed = false;
    const theirs = region.loadU32(this.#theirs);
    if (theirs !== this.#seen) {
      this.#seen = theirs;
      region.storeU32(this.#theirs + SEEN, theirs);
      changed = true;
    }
    if (this.#sent < this.#plan.items && region.loadU32(this.#mine + SEEN) === this.#sent) {
      this.#sent++;
      region.storeU32(this.#mine, this.#sent);
      changed = true;
    }
    this.#wait();
    if (changed) this.#signal.inject();
  }

  /** A few nanoseconds to about a microsecond. */
  #wait(): void {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    for (let left = (this.#random >>> 8) % LONGEST_WAIT; left > 0; left--) this.#region.readU8(0);
  }
}
