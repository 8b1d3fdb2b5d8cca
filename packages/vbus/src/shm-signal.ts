/**
 * The two-way doorbell in shared memory. [vbus PCI-2, shm_signal] Sixteen bytes hold for each side three flags that say how that side wants to
 * be told: `enabled` (it listens), `pending` (it has been told and has not finished), `dirty` (something happened). From them follows when
 * the wire is rung: once until the other side has gone through its notifier, never while that side is busy or does not listen, and no
 * ring that is needed is lost.
 *
 *   inject     tells the other side             enable     listens, and catches up on what came before
 *   wakeup     the wire rang for this side      disable    does not want to be told (NAPI: polls instead)
 *
 * All flags are reached by sequentially consistent accesses. Two places need it, else a wake-up is lost when both sides run at once (both
 * store to one word and then load another): inject (dirty ← 1, then enabled? pending?) against the end of wakeup (pending ← 0, then
 * dirty?), and inject against enable (enabled ← 1, then dirty?). The flags are the other side's to scribble on: they are truth values only.
 */
import { SHM_SIGNAL_DESC, SHM_SIGNAL_MAGIC, SHM_SIGNAL_VERSION } from './abi.ts';
import type { SharedRegion } from './shared-region.ts';

/** North is the client (a guest's driver), which owns the memory; south is the bus and its devices. */
export type Side = 'north' | 'south';

export interface ShmSignalOptions {
  readonly region: SharedRegion;
  /** Where the descriptor lies in the region, in bytes; it must fit. */
  readonly offset: number;
  /** The side that this object stands for. */
  readonly side: Side;
  /** Rings the wire to the other side. */
  readonly ring: () => void;
  /** Runs something soon, after the present call (a tasklet). */
  readonly defer: (run: () => void) => void;
  /**
   * Whether `pending` keeps the wire quiet, asked at each `inject`. False: the other side is rung for every one while it listens. Default:
   * always true.
   */
  readonly coalesces?: () => boolean;
}

/** Counted since the object was made. */
export interface SignalCounters {
  /** Calls of `inject`. */
  injected: number;
  /** Those for which the wire was rung. */
  rung: number;
  /** Those for which it was not: the other side is busy or does not listen. */
  suppressed: number;
  /** Times that `inject` itself was put off, by whoever mitigates: it comes later, once for several. */
  held: number;
  /** Times that the wire rang for this side. */
  wakeups: number;
  /** Those at which there was nothing to do, or nobody to listen. */
  spurious: number;
  /** Calls of the notifier. */
  notified: number;
}

/** So often the notifier is called in a row; what is left then is deferred, so that a peer which never stops does not stop this side. */
const NOTIFICATIONS_IN_A_ROW = 16;

export const noSignals = (): SignalCounters => ({
  injected: 0,
  rung: 0,
  suppressed: 0,
  held: 0,
  wakeups: 0,
  spurious: 0,
  notified: 0,
});

/** Adds `more` to `sum`. */
export function addSignalCounters(sum: SignalCounters, more: Readonly<SignalCounters>): void {
  for (const key of Object.keys(more) as (keyof SignalCounters)[]) sum[key] += more[key];
}

/** Writes a fresh descriptor: nobody listens, nothing happened. The north side does so before it gives the memory away. */
export function initShmSignal(region: SharedRegion, offset: number): void {
  region.write(offset, new Uint8Array(SHM_SIGNAL_DESC.size));
  region.writeU32(offset + SHM_SIGNAL_DESC.offset.magic, SHM_SIGNAL_MAGIC);
  region.writeU32(offset + SHM_SIGNAL_DESC.offset.ver, SHM_SIGNAL_VERSION);
}

/** True if a descriptor of the known version lies wholly within the region at `offset`. */
export function isShmSignal(region: SharedRegion, offset: number): boolean {
  return (
    Number.isInteger(offset) &&
    offset >= 0 &&
    offset + SHM_SIGNAL_DESC.size <= region.length &&
    region.readU32(offset + SHM_SIGNAL_DESC.offset.magic) === SHM_SIGNAL_MAGIC &&
    region.readU32(offset + SHM_SIGNAL_DESC.offset.ver) === SHM_SIGNAL_VERSION
  );
}

/** One side of a doorbell. Nobody listens at first: each side calls `enable` when it is ready. */
export class ShmSignal {
  /** Called when something happened, any number of things at once; may call `disable`, `enable`, `inject` and `close`. */
  onSignal: (() => void) | undefined = undefined;
  /** Called when the wire rings for this side, before `onSignal`; for who counts or traces. `heard` is what `wakeup` will answer. */
  onWakeup: ((heard: boolean) => void) | undefined = undefined;
  readonly counters: SignalCounters = noSignals();
  readonly #region: SharedRegion;
  readonly #ring: () => void;
  readonly #defer: (run: () => void) => void;
  readonly #coalesces: () => boolean;
  /** Offsets of the flags: what this side receives by, and what the other one does. */
  readonly #enabled: number;
  readonly #pending: number;
  readonly #dirty: number;
  readonly #theirEnabled: number;
  readonly #theirPending: number;
  readonly #theirDirty: number;
  #inWakeup = false;
  #deferred = false;
  #closed = false;

  constructor(options: ShmSignalOptions) {
    const { region, offset, side } = options;
    const { northEnabled, northPending, northDirty, southEnabled, southPending, southDirty } = SHM_SIGNAL_DESC.offset;
    const north = [offset + northEnabled, offset + northPending, offset + northDirty] as const;
    const south = [offset + southEnabled, offset + southPending, offset + southDirty] as const;
    this.#region = region;
    this.#ring = options.ring;
    this.#defer = options.defer;
    this.#coalesces = options.coalesces ?? (() => true);
    [this.#enabled, this.#pending, this.#dirty] = side === 'north' ? north : south;
    [this.#theirEnabled, this.#theirPending, this.#theirDirty] = side === 'north' ? south : north;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** This side listens. What happened while it did not is told soon, not within this call. */
  enable(): void {
    if (this.#closed) return;
    this.#region.storeU8(this.#enabled, 1);
    // Within wakeup the loop there sees to it.
    if (!this.#inWakeup && this.#isWaiting()) this.#wakeupLater();
  }

  /** This side does not want to be told. What happens is remembered in `dirty`. */
  disable(): void {
    if (!this.#closed) this.#region.storeU8(this.#enabled, 0);
  }

  /** The other side listens and has not been told: an `inject` now would ring. */
  get wanted(): boolean {
    return !this.#closed && this.#theyListen() && this.#region.loadU8(this.#theirPending) === 0;
  }

  /** Tells the other side that something happened. What was written to the region before is seen by it. True: the wire was rung. */
  inject(): boolean {
    if (this.#closed) return false;
    const region = this.#region;
    this.counters.injected++;
    region.storeU8(this.#theirDirty, 1);
    if (!this.#theyListen() || (region.loadU8(this.#theirPending) !== 0 && this.#coalesces())) {
      this.counters.suppressed++;
      return false;
    }
    region.storeU8(this.#theirPending, 1);
    this.counters.rung++;
    this.#ring();
    return true;
  }

  /** The wire rang for this side. False: there was nothing to do, or nobody listens. */
  wakeup(): boolean {
    if (this.#closed) return false;
    this.counters.wakeups++;
    const heard = this.#inWakeup || (this.#listens() && this.#isWaiting());
    if (!heard) this.counters.spurious++;
    this.onWakeup?.(heard);
    this.#run();
    return heard;
  }

  /** Nothing is called or written from now on. */
  close(): void {
    this.#closed = true;
  }

  #theyListen(): boolean {
    return this.#region.loadU8(this.#theirEnabled) !== 0;
  }

  #isWaiting(): boolean {
    return this.#region.loadU8(this.#dirty) !== 0 || this.#region.loadU8(this.#pending) !== 0;
  }

  #listens(): boolean {
    return !this.#closed && this.#region.loadU8(this.#enabled) !== 0;
  }

  /**
   * Calls the notifier while there is news and this side listens, unless it is being called further down the stack. `pending` goes only
   * when all is done, so that a busy side is rung for no more than once.
   */
  #run(): void {
    if (this.#inWakeup) return;
    const region = this.#region;
    const before = this.counters.notified;
    this.#inWakeup = true;
    try {
      while (this.#listens() && this.#isWaiting()) {
        do {
          if (this.counters.notified - before === NOTIFICATIONS_IN_A_ROW) {
            // `pending` or `dirty` is still set, so what is left is found later.
            this.#wakeupLater();
            return;
          }
          region.storeU8(this.#dirty, 0);
          this.counters.notified++;
          this.onSignal?.();
        } while (this.#listens() && region.loadU8(this.#dirty) !== 0);
        if (!this.#closed) region.storeU8(this.#pending, 0);
      }
    } finally {
      this.#inWakeup = false;
    }
  }

  #wakeupLater(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#defer(() => {
      this.#deferred = false;
      this.#run();
    });
  }
}
