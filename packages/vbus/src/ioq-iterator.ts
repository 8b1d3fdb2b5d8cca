/**
 * A place in a ring and what can be done there: read and write the descriptor, push it or pop it. [vbus PCI-2, ioq] Push and pop refuse
 * (false, nothing changed) where they are not legal, and step to the next descriptor where they are.
 *
 *   produce   it.seek('tail'); while (it.isOwned && …) { it.length = …; if (!it.push()) break; }  ring.signal?.inject();
 *   consume   it.seek('head'); while (it.isReady && …) { … it.length …; if (!it.pop()) break; }   ring.signal?.inject();
 */
import { IOQ_DESC, IOQ_HEAD } from './abi.ts';
import type { Ioq, IoqIndex, IoqIndexName } from './ioq.ts';

export interface IoqIteratorOptions {
  /** Every push and pop tells the other side (AUTOUPDATE). Default: false, whoever pushes calls `ring.signal.inject` after a batch. */
  readonly autoUpdate?: boolean;
  /** Push and pop leave the descriptor with its owner (NOFLIPOWNER). Default: false. */
  readonly noFlipOwner?: boolean;
}

/** `set` goes to a given position. */
export type IoqSeek = 'head' | 'tail' | 'next' | 'set';

const TWO_TO_32 = 2 ** 32;

export class IoqIterator {
  readonly ring: Ioq;
  readonly #index: IoqIndex;
  /** The valid index, where both are pushed. */
  readonly #second: IoqIndex | undefined;
  readonly #autoUpdate: boolean;
  readonly #flip: boolean;
  #position = 0;
  /** Of the descriptor in the region, in bytes. */
  #at: number = IOQ_HEAD.size;

  constructor(ring: Ioq, index: IoqIndexName | 'both', options: IoqIteratorOptions = {}) {
    this.ring = ring;
    this.#index = index === 'valid' ? ring.valid : ring.inuse;
    this.#second = index === 'both' ? ring.valid : undefined;
    this.#autoUpdate = options.autoUpdate ?? false;
    this.#flip = !(options.noFlipOwner ?? false);
  }

  /** Number of the descriptor, below `ring.count`. */
  get position(): number {
    return this.#position;
  }

  /** False for a position beyond the ring, and in a broken one. */
  seek(where: IoqSeek, position = 0): boolean {
    let to = position;
    if (where === 'head') to = this.#index.head;
    else if (where === 'tail') to = this.#index.tail;
    else if (where === 'next') to = this.#position + 1 === this.ring.count ? 0 : this.#position + 1;
    if (this.ring.broken !== undefined || !Number.isInteger(to) || to < 0 || to >= this.ring.count) return false;
    this.#goto(to);
    return true;
  }

  /** True if the descriptor is this side's. What the other side wrote into it before it gave it away can be read then. */
  get isOwned(): boolean {
    if (this.ring.broken !== undefined) return false;
    const owned = (this.ring.region.loadU8(this.#at + IOQ_DESC.offset.sown) !== 0 ? 1 : 0) === this.ring.owner;
    if (owned) this.ring.claimed[this.#position] = 1;
    else if (this.ring.claimed[this.#position] !== 0) this.ring.fail('ownership');
    return owned;
  }

  /** True if the descriptor is this side's and the next that the index has for a consumer: `pop` would take it. */
  get isReady(): boolean {
    return this.isOwned && this.#index.head === this.#position && !this.#index.isEmpty && this.ring.broken === undefined;
  }

  /** The north side's own mark; the south side leaves it alone. */
  get cookie(): bigint {
    return this.ring.region.readU64(this.#at + IOQ_DESC.offset.cookie);
  }

  set cookie(value: bigint) {
    this.ring.region.writeU64(this.#at + IOQ_DESC.offset.cookie, value);
  }

  /** `ptr`: an address of the client, or what the protocol above says. At 2^53 and beyond it is inexact, and no address of anything. */
  get pointer(): number {
    return this.#readNumber(this.#at + IOQ_DESC.offset.ptr);
  }

  set pointer(value: number) {
    this.#writeNumber(this.#at + IOQ_DESC.offset.ptr, value);
  }

  /** `len` in bytes; up to 2^64 − 1, as the other side likes. */
  get length(): number {
    return this.#readNumber(this.#at + IOQ_DESC.offset.len);
  }

  set length(value: number) {
    this.#writeNumber(this.#at + IOQ_DESC.offset.len, value);
  }

  get valid(): boolean {
    return this.ring.region.readU8(this.#at + IOQ_DESC.offset.valid) !== 0;
  }

  set valid(value: boolean) {
    this.ring.region.writeU8(this.#at + IOQ_DESC.offset.valid, value ? 1 : 0);
  }

  /**
   * Offers the descriptor here. False unless the iterator stands at the tail and the descriptor is this side's; of two indexes, or where
   * ownership does not move, the index must have room as well (elsewhere ownership says it all).
   */
  push(): boolean {
    const at = this.#position;
    const ring = this.ring;
    if (!this.isOwned || this.#index.tail !== at) return false;
    if (this.#second !== undefined) {
      if (this.#second.tail !== at) ring.fail('out-of-step');
      if (this.#second.room === 0 || ring.broken !== undefined) return false;
      this.#second.advanceTail(at);
    } else if (!this.#flip && this.#index.room === 0) return false;
    if (ring.broken !== undefined) return false;
    this.#index.advanceTail(at);
    return this.#done();
  }

  /** Takes out the descriptor here. False unless it is ready. */
  pop(): boolean {
    if (this.#second !== undefined || !this.isReady) return false;
    this.#index.advanceHead(this.#position);
    return this.#done();
  }

  #done(): boolean {
    if (this.ring.broken !== undefined) return false;
    if (this.#flip) {
      this.ring.claimed[this.#position] = 0;
      this.ring.region.storeU8(this.#at + IOQ_DESC.offset.sown, 1 - this.ring.owner);
    }
    this.#goto(this.#position + 1 === this.ring.count ? 0 : this.#position + 1);
    if (this.#autoUpdate) this.ring.signal?.inject();
    return true;
  }

  #goto(position: number): void {
    this.#position = position;
    this.#at = IOQ_HEAD.size + position * IOQ_DESC.size;
  }

  #readNumber(at: number): number {
    return this.ring.region.readU32(at) + this.ring.region.readU32(at + 4) * TWO_TO_32;
  }

  #writeNumber(at: number, value: number): void {
    this.ring.region.writeU32(at, value % TWO_TO_32);
    this.ring.region.writeU32(at + 4, Math.floor(value / TWO_TO_32));
  }
}
