/**
 * Who wants to be told: suppression of used buffer notifications (interrupts) and of available buffer notifications (kicks), by flags, by
 * event index or not at all. [virtio 1.2 §2.7.7, §2.7.10]
 *
 *   avail: flags, idx, ring[Q], used_event      used: flags, idx, ring[Q], avail_event
 *
 * `used_event` is the driver's: interrupt me when you have used the entry with this index. `avail_event` is the device's: kick me when
 * you have made the entry with this index available.
 */
import type { GuestMemory } from '@paravirt/bus';
import type { QueueLayout } from './layout.ts';

/** [virtio 1.2 §2.7.6] In `avail.flags`: the driver does not want interrupts. Only a hint, and ignored with EVENT_IDX. */
export const VIRTQ_AVAIL_F_NO_INTERRUPT = 1;
/** [virtio 1.2 §2.7.8] In `used.flags`: the device does not want kicks. */
export const VIRTQ_USED_F_NO_NOTIFY = 1;

/**
 * True if an index that moved from `before` to `now` has passed `event`, all modulo 2^16: the entry numbered `event` is among those just
 * added. [virtio 1.2 §2.7.7.2, §2.7.10.1]
 */
export const needEvent = (event: number, now: number, before: number): boolean => ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);

/**
 * How the two sides of a queue keep each other from telling what is known. `event-idx`: VIRTIO_F_EVENT_IDX was negotiated. `none`: every
 * buffer is told of; the device asks for nothing and heeds no flag, which is a hint only. [virtio 1.2 §2.7.7]
 */
export type Suppression = 'none' | 'flags' | 'event-idx';

/** The device's side of suppression for one queue. */
export class NotificationSuppression {
  readonly #memory: GuestMemory;
  readonly #suppression: Suppression;
  readonly #availableFlags: number;
  readonly #usedEvent: number;
  readonly #usedFlags: number;
  readonly #availableEvent: number;
  #signalled = 0;
  #suppressed = false;
  /** `avail_event` as last asked for. */
  #requested = 0;

  constructor(memory: GuestMemory, layout: QueueLayout, suppression: Suppression) {
    this.#memory = memory;
    this.#suppression = suppression;
    this.#availableFlags = layout.available;
    this.#usedEvent = layout.available + 4 + 2 * layout.size;
    this.#usedFlags = layout.used;
    this.#availableEvent = layout.used + 4 + 8 * layout.size;
  }

  /** Used index up to which `takeInterrupt` has answered. */
  get told(): number {
    return this.#signalled;
  }

  /** True if the driver wants an interrupt for the entries used up to `usedIndex` that no earlier call answered for. */
  takeInterrupt(usedIndex: number): boolean {
    const wanted = this.wantsInterrupt(usedIndex);
    this.#signalled = usedIndex;
    return wanted;
  }

  /** What `takeInterrupt` would say; nothing is taken. */
  wantsInterrupt(usedIndex: number): boolean {
    const before = this.#signalled;
    if (before === usedIndex) return false;
    switch (this.#suppression) {
      case 'none':
        return true;
      case 'flags':
        return (this.#memory.readU16(this.#availableFlags) & VIRTQ_AVAIL_F_NO_INTERRUPT) === 0;
      case 'event-idx':
        // [virtio 1.2 §2.7.7.2] With EVENT_IDX the device ignores the flag.
        return needEvent(this.#memory.readU16(this.#usedEvent), usedIndex, before);
    }
  }

  /**
   * Asks for no kicks. `seen` is the available index that the device knows. With EVENT_IDX an `avail_event` that the driver has passed says so
   * by itself; one that it has not passed is put behind.
   */
  suppressKicks(seen: number): void {
    if (this.#suppressed) return;
    this.#suppressed = true;
    if (this.#suppression === 'flags') this.#memory.writeU16(this.#usedFlags, VIRTQ_USED_F_NO_NOTIFY);
    else if (this.#suppression === 'event-idx' && this.#requested === seen)
      this.#memory.writeU16(this.#availableEvent, (seen - 1) & 0xffff);
  }

  /** Asks for a kick when the driver adds an entry beyond `availableIndex`. The caller then looks at the ring once more. */
  requestKicks(availableIndex: number): void {
    this.#suppressed = false;
    this.#requested = availableIndex;
    // [virtio 1.2 §2.7.10.2] With EVENT_IDX the device must set flags to 0.
    if (this.#suppression === 'event-idx') this.#memory.writeU16(this.#availableEvent, availableIndex);
    else if (this.#suppression === 'flags') this.#memory.writeU16(this.#usedFlags, 0);
  }
}
