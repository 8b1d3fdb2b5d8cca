/**
 * Pages that the guest lends for large frames. [vbus PCI-2, venet L4RO] A page is taken off the queue when a frame may need it and kept
 * here until one does, so a frame gets all the pages that it needs or none.
 */
import type { GuestMemory } from '@paravirt/bus';
import { MAX_FRAGMENTS } from './abi.ts';
import type { ConsumingEnd } from './ring-ends.ts';

export interface Page {
  /** Guest-physical. */
  readonly address: number;
  /** In bytes. */
  readonly size: number;
  /** The guest's name for the page. */
  readonly cookie: bigint;
}

export class PageSupply {
  readonly #ring: ConsumingEnd;
  readonly #memory: GuestMemory;
  /** Fewer than MAX_FRAGMENTS. */
  readonly #pages: Page[] = [];

  constructor(ring: ConsumingEnd, memory: GuestMemory) {
    this.#ring = ring;
    this.#memory = memory;
    // Nobody waits for pages: what finds none is cut up.
    ring.mask();
  }

  /** Pages for `bytes`, at most `most` of them; undefined (and none is used) if there are not enough. */
  take(bytes: number, most: number): readonly Page[] | undefined {
    const pages = this.#pages;
    let room = 0;
    let count = 0;
    while (room < bytes) {
      if (count >= most || (count >= pages.length && !this.#fetch())) return undefined;
      room += pages[count++]?.size ?? 0;
    }
    return pages.splice(0, count);
  }

  /** Takes one page off the queue. What is not memory is given back unused. */
  #fetch(): boolean {
    if (this.#pages.length >= MAX_FRAGMENTS) return false;
    const ring = this.#ring;
    for (let left = ring.count; left > 0 && ring.ready; left--) {
      const page = { address: ring.address, size: ring.length, cookie: ring.cookie };
      ring.pop();
      if (page.size > 0 && this.#memory.contains(page.address, page.size)) {
        this.#pages.push(page);
        return true;
      }
    }
    return false;
  }
}
