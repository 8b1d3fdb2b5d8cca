/**
 * Who wants to be told: suppression of used buffer notifications (interrupts) and of available buffer notifications (kicks), by flags or
 * by event index. [virtio 1.2 §2.7.7, §2.7.10]
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

/** The device's side of suppression for one queue. */
export class NotificationSuppression {
  readonly #memory: GuestMemory;
  readonly #eventIndex: boolean;
  readonly #availableFlags: number;
  readonly #usedEvent: number;
  readonly #usedFlags: number;
  readonly #availableEvent: number;
  #signalled = 0;
  #suppressed = false;

  constructor(memory: GuestMemory, layout: QueueLayout, eventIndex: boolean) {
    this.#memory = memory;
    this.#eventIndex = eventIndex;
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
    const before = this.#signalled;
    if (before === usedIndex) return false;
    this.#signalled = usedIndex;
    // [virtio 1.2 §2.7.7.2] With EVENT_IDX the device ignores the flag.
    if (this.#eventIndex) return needEvent(this.#memory.readU16(this.#usedEvent), usedIndex, before);
    return (this.#memory.readU16(this.#availableFlags) & VIRTQ_AVAIL_F_NO_INTERRUPT) === 0;
  }

  /** Asks for no kicks. With EVENT_IDX the stale `avail_event` says so by itself: it is behind the driver's index. */
  suppressKicks(): void {
    if (this.#suppressed) return;
    this.#suppressed = true;
    if (!this.#eventIndex) this.#memory.writeU16(this.#usedFlags, VIRTQ_USED_F_NO_NOTIFY);
  }

  /** Asks for a kick when the driver adds an entry beyond `availableIndex`. The caller then looks at the ring once more. */
  requestKicks(availableIndex: number): void {
    this.#suppressed = false;
    // [virtio 1.2 §2.7.10.2] With EVENT_IDX the device must set flags to 0.
    if (this.#eventIndex) this.#memory.writeU16(this.#availableEvent, availableIndex);
    else this.#memory.writeU16(this.#usedFlags, 0);
  }
}
