/**
 * The ring of virtual-bus, version 4. [vbus PCI-2, ioq] A head, an embedded shm_signal, and `count` descriptors, each owned by one side at
 * a time (`sown`). Two indexes walk over the same descriptors: `valid` tracks those that carry resources, `inuse` those with a payload in
 * flight. All work goes through iterators (ioq-iterator.ts): push at an index's tail, pop at its head; both hand the descriptor over.
 *
 *   receive    north pushes buffers on valid; south fills at inuse.tail and pushes; north takes at inuse.head, refills and pops
 *   transmit   north pushes on both; south takes at inuse.head and pops; north reaps at valid.head while it owns the descriptor
 *
 * The ring is the north side's memory. The south side reads magic, version and count once; every index and owner it reads is checked when
 * it is read. A ring that breaks the rules is `broken` for good: nothing moves in it any more, and the owner is told once.
 */
import { IOQ_DESC, IOQ_HEAD, IOQ_MAGIC, IOQ_OWNER_NORTH, IOQ_OWNER_SOUTH, IOQ_VERSION } from './abi.ts';
import { IoqIterator, type IoqIteratorOptions } from './ioq-iterator.ts';
import type { SharedRegion } from './shared-region.ts';
import { initShmSignal, type ShmSignal, type Side } from './shm-signal.ts';

export type IoqIndexName = 'valid' | 'inuse';

/**
 * What the other side did wrong: `index`, a head or tail beyond the ring; `index-moved`, one that this side alone may write was changed;
 * `ownership`, a descriptor was taken away from this side; `out-of-step`, the two tails differ where they must agree; `descriptor`, one
 * whose contents the user of the ring cannot accept.
 */
export type IoqFault = 'index' | 'index-moved' | 'ownership' | 'out-of-step' | 'descriptor';

export interface IoqOptions {
  readonly side: Side;
  /** Rings with more descriptors are refused. Default: 2048. */
  readonly maxCount?: number;
  /** The doorbell of this ring, of the same side. */
  readonly signal?: ShmSignal | undefined;
}

const MAX_COUNT = 2048;
/** Where the doorbell lies in every ring, in bytes. */
export const IOQ_SIGNAL_OFFSET: number = IOQ_HEAD.offset.signal;

/** Bytes of a ring with `count` descriptors: 88 + 32·(count − 1). */
export const ioqLength = (count: number): number => IOQ_HEAD.size + count * IOQ_DESC.size;

/** One of the two indexes as it is at this moment. Both numbers below `count`; reading may find the ring broken, then all is 0. */
export class IoqIndex {
  readonly #ring: Ioq;
  readonly #head: number;
  readonly #tail: number;
  readonly #full: number;
  /** What this side wrote last; −1 before it wrote. A head or tail has one writer, so another value is the other side's doing. */
  #wroteHead = -1;
  #wroteTail = -1;

  constructor(ring: Ioq, name: IoqIndexName) {
    const { offset } = IOQ_HEAD;
    this.#ring = ring;
    [this.#head, this.#tail, this.#full] =
      name === 'valid' ? [offset.validHead, offset.validTail, offset.validFull] : [offset.inuseHead, offset.inuseTail, offset.inuseFull];
  }

  get head(): number {
    return this.#load(this.#head, this.#wroteHead);
  }

  get tail(): number {
    return this.#load(this.#tail, this.#wroteTail);
  }

  /** Descriptors between head and tail. */
  get count(): number {
    const { head, tail } = this;
    if (head === tail) return this.#ring.broken === undefined && this.isFull ? this.#ring.count : 0;
    return tail > head ? tail - head : tail - head + this.#ring.count;
  }

  /** Descriptors that may still be pushed. */
  get room(): number {
    return this.#ring.count - this.count;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** The mark that tells a full ring from an empty one where head and tail meet; elsewhere it means nothing. */
  get isFull(): boolean {
    return this.#ring.region.loadU8(this.#full) !== 0;
  }

  /** Moves the tail from `at`, which it must equal, over one descriptor. */
  advanceTail(at: number): void {
    const next = at + 1 === this.#ring.count ? 0 : at + 1;
    // The mark comes before the tail: who sees the new tail sees the mark.
    if (next === this.head) this.#ring.region.storeU8(this.#full, 1);
    this.#wroteTail = next;
    this.#ring.region.storeU32(this.#tail, next);
  }

  /** Moves the head from `at`, which it must equal, over one descriptor. */
  advanceHead(at: number): void {
    const next = at + 1 === this.#ring.count ? 0 : at + 1;
    this.#wroteHead = next;
    this.#ring.region.storeU32(this.#head, next);
    if (this.isFull) this.#ring.region.storeU8(this.#full, 0);
  }

  #load(offset: number, wrote: number): number {
    if (this.#ring.broken !== undefined) return 0;
    const value = this.#ring.region.loadU32(offset);
    if (value >= this.#ring.count) this.#ring.fail('index');
    else if (wrote >= 0 && value !== wrote) this.#ring.fail('index-moved');
    else return value;
    return 0;
  }
}

export class Ioq {
  readonly region: SharedRegion;
  readonly side: Side;
  /** Descriptors; read once. */
  readonly count: number;
  readonly signal: ShmSignal | undefined;
  /** What `sown` says of a descriptor that this side owns. */
  readonly owner: number;
  readonly valid: IoqIndex;
  readonly inuse: IoqIndex;
  /** 1 for a descriptor that this side was seen to own and has not given away: only this side can. */
  readonly claimed: Uint8Array;
  /** Called once, when the ring breaks. */
  onBroken: ((fault: IoqFault) => void) | undefined = undefined;
  #broken: IoqFault | undefined = undefined;

  private constructor(region: SharedRegion, count: number, options: IoqOptions) {
    this.region = region;
    this.side = options.side;
    this.count = count;
    this.signal = options.signal;
    this.owner = options.side === 'north' ? IOQ_OWNER_NORTH : IOQ_OWNER_SOUTH;
    this.claimed = new Uint8Array(count);
    this.valid = new IoqIndex(this, 'valid');
    this.inuse = new IoqIndex(this, 'inuse');
  }

  /**
   * A ring that the other side (or an earlier life of this one) set up; undefined unless magic, version and count are right, all
   * descriptors lie within the region, and its address is a multiple of 8.
   */
  static attach(region: SharedRegion, options: IoqOptions): Ioq | undefined {
    const { offset } = IOQ_HEAD;
    if (region.length < ioqLength(1) || region.address % 8 !== 0) return undefined;
    if (region.readU32(offset.magic) !== IOQ_MAGIC || region.readU32(offset.ver) !== IOQ_VERSION) return undefined;
    const count = region.readU32(offset.count);
    if (count === 0 || count > (options.maxCount ?? MAX_COUNT) || region.length < ioqLength(count)) return undefined;
    return new Ioq(region, count, options);
  }

  /**
   * Sets up an empty ring whose descriptors are all the north side's; its doorbell is fresh too. North only: the memory is its own.
   * Undefined where `attach` would refuse the result.
   */
  static init(region: SharedRegion, count: number, options: IoqOptions): Ioq | undefined {
    if (!Number.isInteger(count) || count < 1 || region.length < ioqLength(count)) return undefined;
    const { offset } = IOQ_HEAD;
    region.write(0, new Uint8Array(ioqLength(count)));
    initShmSignal(region, IOQ_SIGNAL_OFFSET);
    region.writeU32(offset.magic, IOQ_MAGIC);
    region.writeU32(offset.ver, IOQ_VERSION);
    region.writeU32(offset.count, count);
    return Ioq.attach(region, options);
  }

  /** Why nothing moves any more; undefined while the ring is sound. */
  get broken(): IoqFault | undefined {
    return this.#broken;
  }

  /** The user of the ring finds it broken. */
  fail(fault: IoqFault): void {
    if (this.#broken !== undefined) return;
    this.#broken = fault;
    this.onBroken?.(fault);
  }

  /**
   * An iterator over one index, or over both in step (`both`: valid and inuse are pushed together; it cannot pop). It stands at
   * descriptor 0: seek first.
   */
  iterator(index: IoqIndexName | 'both', options: IoqIteratorOptions = {}): IoqIterator {
    return new IoqIterator(this, index, options);
  }
}
