/**
 * Where the three areas of a split virtqueue lie. [virtio 1.2 §2.7]
 *
 * The driver chooses; the device takes the layout whole or not at all, once, before the first access. After that check no access to the
 * rings can fall outside RAM.
 */
import type { GuestMemory } from '@paravirt/bus';

/** Guest-physical addresses of the areas; `size` is the queue size in descriptors. */
export interface QueueLayout {
  readonly size: number;
  /** Descriptor area: 16 bytes a descriptor. */
  readonly descriptors: number;
  /** Driver area: the available ring. */
  readonly available: number;
  /** Device area: the used ring. */
  readonly used: number;
}

export type LayoutFault = 'size' | 'alignment' | 'outside-memory' | 'overlap';

/** [virtio 1.2 §2.7] The largest queue size. */
export const MAX_QUEUE_SIZE = 32768;

/** A power of two from 1 to 32768. [virtio 1.2 §2.7] */
export const isQueueSize = (size: number): boolean =>
  Number.isInteger(size) && size >= 1 && size <= MAX_QUEUE_SIZE && (size & (size - 1)) === 0;

/** Bytes of each area, the event index fields included. [virtio 1.2 §2.7, "Virtqueue part" table] */
export const descriptorAreaSize = (size: number): number => 16 * size;
export const driverAreaSize = (size: number): number => 6 + 2 * size;
export const deviceAreaSize = (size: number): number => 6 + 8 * size;

/** Undefined if a device can work with this layout, else what is wrong with it. */
export function checkLayout(memory: GuestMemory, layout: QueueLayout): LayoutFault | undefined {
  const { size, descriptors, available, used } = layout;
  if (!isQueueSize(size)) return 'size';
  // [virtio 1.2 §2.7, "Virtqueue part" table] 16, 2 and 4 bytes.
  if (descriptors % 16 !== 0 || available % 2 !== 0 || used % 4 !== 0) return 'alignment';
  const areas = [
    { start: descriptors, length: descriptorAreaSize(size) },
    { start: available, length: driverAreaSize(size) },
    { start: used, length: deviceAreaSize(size) },
  ];
  if (!areas.every((area) => memory.contains(area.start, area.length))) return 'outside-memory';
  // What one side owns the other may not write; it also catches addresses that were never set.
  const overlap = areas.some((a, i) => areas.some((b, k) => i < k && a.start < b.start + b.length && b.start < a.start + a.length));
  return overlap ? 'overlap' : undefined;
}
