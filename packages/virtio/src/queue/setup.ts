/**
 * What a driver has written about one queue before it enables it, and the ring that comes of it. [virtio 1.2 §4.1.4.3, queue_size to
 * queue_device] While a queue is enabled none of it can be changed: the ring works with the copy that was checked.
 */
import type { GuestMemory } from '@paravirt/bus';
import { QueueCounters } from './counters.ts';
import { checkLayout, isQueueSize, type LayoutFault, type QueueLayout } from './layout.ts';
import { SplitQueue, type SplitQueueOptions } from './split.ts';

/** The areas of a queue: Descriptor Area, Driver Area, Device Area. */
export type QueueArea = 'descriptors' | 'available' | 'used';

export class QueueSetup {
  readonly maxSize: number;
  /** As the driver reads it. */
  enabled = false;
  /** Reset alone after DRIVER_OK: may be enabled again. */
  wasReset = false;
  /** The ring, from DRIVER_OK until reset. */
  ring: SplitQueue | undefined = undefined;
  /** Of all rings that this queue had. */
  readonly counters: QueueCounters = new QueueCounters();
  #size: number;
  /** Low and high 32 bits of each address, as written. */
  readonly #words: Record<QueueArea, [number, number]> = { descriptors: [0, 0], available: [0, 0], used: [0, 0] };

  constructor(maxSize: number) {
    this.maxSize = maxSize;
    this.#size = maxSize;
  }

  get size(): number {
    return this.#size;
  }

  /** Ignored while enabled, and unless it is a power of two within the maximum. [virtio 1.2 §4.1.4.3.2] */
  writeSize(size: number): void {
    if (!this.enabled && isQueueSize(size) && size <= this.maxSize) this.#size = size;
  }

  /** One half of an address; `half` 0 is the low 32 bits. */
  readAddress(area: QueueArea, half: 0 | 1): number {
    return this.#words[area][half];
  }

  writeAddress(area: QueueArea, half: 0 | 1, value: number): void {
    if (!this.enabled) this.#words[area][half] = value >>> 0;
  }

  /** Why the layout as written cannot be used, undefined if it can. */
  check(memory: GuestMemory): LayoutFault | undefined {
    return checkLayout(memory, this.#layout());
  }

  /** Makes the ring; leaves it undefined if memory is out of reach by now. */
  open(memory: GuestMemory, options: Omit<SplitQueueOptions, 'counters'>): void {
    const layout = this.#layout();
    this.ring =
      checkLayout(memory, layout) === undefined ? new SplitQueue(memory, layout, { ...options, counters: this.counters }) : undefined;
  }

  /** Everything as after power-on. */
  reset(): void {
    this.enabled = false;
    this.wasReset = false;
    this.ring = undefined;
    this.#size = this.maxSize;
    for (const words of Object.values(this.#words)) words.fill(0);
  }

  #layout(): QueueLayout {
    return {
      size: this.#size,
      descriptors: address(this.#words.descriptors),
      available: address(this.#words.available),
      used: address(this.#words.used),
    };
  }
}

/** Above 2^53 the sum is rounded, which is no harm: it is outside any RAM. */
const address = ([low, high]: readonly [number, number]): number => high * 2 ** 32 + low;
